"""The way back after a lost connection: attempts with growing delays, hello, and what was missed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from heapq import merge
from typing import Any

from tchat_client.connection import Asked, Connection
from tchat_client.delays import Delays
from tchat_client.incoming import Incoming, Notice
from tchat_client.known import Known
from tchat_client.language import said
from tchat_client.missed import Ask, Missed, fetch, heard_by, trace_of
from tchat_client.trouble import LISTINGS, Ended, Lost, Refused, SessionError, Unanswered
from tchat_protocol.framing import Message
from tchat_protocol.names import normal

FINAL = frozenset({"auth-failed", "bad-json", "bad-message", "too-large", "sender-mismatch", "unknown-action"})
"""Refusals of a hello that will not change; any other may, such as ``name-taken`` while the server takes the lost
connection for a live one."""

VERSION = "1.0"
MOST_GROUPS = 100
"""How many groups are asked, at most, whether the user is a member."""

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait, one after the other, where the server says that requests come too fast."""

STEADY_SECONDS = 10.0
"""How long a connection has to last before the delays begin anew."""

MOST_SENT = 3
"""How often a request is sent, at most: it may be what the connection is lost of."""

_ENTERING = frozenset({"cgroupe", "join"})


class GaveUp(SessionError):  # noqa: N818 - named for what happened
    """No further attempt is made; the sentence says why."""


@dataclass(slots=True)
class Way:
    """What a return needs of its session.

    ``dial`` connects and hands what comes to a function; ``compose`` makes a request of an action and fields;
    ``emit`` takes what is to be handed on; ``hello`` is the greeting's fields, None where none is said.
    """

    dial: Callable[[Callable[[Incoming], None]], Awaitable[Connection]]
    compose: Callable[[str, Mapping[str, Any]], Message]
    emit: Callable[[Incoming], None]
    known: Known
    hello: Mapping[str, Any] | None
    patience: float
    delays: Delays


@dataclass(slots=True)
class _Attempt:
    """One connection on the way back; what comes over it is held until what was missed is known."""

    connection: Connection
    held: list[Incoming]
    features: frozenset[str] = frozenset()
    is_standard: bool = False
    """What the server offers, and whether it speaks tchat/1, by its server-hello (I-HELLO-1)."""


async def come_back(way: Way, why: str, unsure: list[Asked], pauses: Iterable[float]) -> Connection:
    """Try to connect until it works, hand on what was missed, and settle the requests that were under way.

    ``why`` says how the connection was lost. Raises GaveUp.
    """
    loop = asyncio.get_running_loop()
    deadline = None if way.delays.give_up is None else loop.time() + way.delays.give_up
    for pause in pauses:
        if deadline is not None and loop.time() + pause > deadline:
            raise GaveUp(f"{why} " + said("No further attempt to connect is made."))
        way.emit(Incoming(Notice(f"{why} " + said("Trying again in {seconds} s.", seconds=f"{pause:.1f}"))))
        await asyncio.sleep(pause)
        try:
            return await _attempted(way, unsure)
        except Refused as error:
            if error.code in FINAL:
                raise GaveUp(str(error)) from error
            why = str(error)
        except SessionError as error:
            why = str(error)
    raise AssertionError(pauses)  # which have no end


async def _attempted(way: Way, unsure: list[Asked]) -> Connection:
    held: list[Incoming] = []
    connection = await way.dial(held.append)
    attempt = _Attempt(connection, held)
    try:
        await _greet(way, attempt)
        missed = await _fetch(way, attempt, unsure)
    except BaseException:
        await connection.close(0)
        for each in held:
            if _place(each) is None:  # what belongs to a group is fetched next time
                way.emit(each)
        raise
    way.emit(Incoming(Notice(said("Connected again."))))
    _hand_on(way, attempt, missed)
    connection.take = way.emit
    _settle(way, connection, missed, unsure)
    return connection


async def _greet(way: Way, attempt: _Attempt) -> None:
    if way.hello is None:
        return
    answer = await _answer(attempt, Asked(way.compose("client-hello", way.hello)), way.patience)
    attempt.is_standard = answer.get("version") == VERSION
    features = answer.get("features")
    attempt.features = frozenset(map(str, features)) if isinstance(features, list) else frozenset()


async def _answer(attempt: _Attempt, asked: Asked, patience: float) -> Message:
    connection = attempt.connection
    connection.ask(asked, patience)
    first: list[asyncio.Future[Any]] = [asked.answer, connection.over]
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if not asked.answer.done():
        raise Ended(connection.sentence)
    return asked.result()


async def _fetch(way: Way, attempt: _Attempt, unsure: list[Asked]) -> dict[str, Missed]:
    async def ask(action: str, **fields: Any) -> Message:
        for pause in (*PAUSES, None):
            try:
                return await _answer(attempt, Asked(way.compose(action, fields), quiet=True), way.patience)
            except Refused as error:
                if error.code != "rate-limited" or pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError

    known, paging = way.known, "paging" in attempt.features
    since = known.last_ts
    if attempt.is_standard:
        await _find_groups(ask, known)
    missed = {}
    for group in sorted(known.joined):
        after = known.last_seq(group)
        missed[group] = place = Missed(group, after, "" if after else since)
        if after or since:
            await fetch(ask, place, paging=paging)
        place.complete = place.complete and bool(after or since)
        if not place.complete:
            await _see_members(ask, known, group)
    for group in {str(each.message["group"]) for each in unsure if each.message["action"] in _ENTERING} - known.joined:
        missed[group] = await fetch(ask, Missed(group, known.last_seq(group)), paging=paging)
    return missed


async def _find_groups(ask: Ask, known: Known) -> None:
    """Find the groups in which the user is and of which nothing was heard: membership survives (H-AWAY-1)."""
    with suppress(Refused, Unanswered):
        listed = known.listed(await ask("groups"))
        for group in sorted(listed - known.joined)[:MOST_GROUPS]:
            await _see_members(ask, known, group)


async def _see_members(ask: Ask, known: Known, group: str) -> None:
    with suppress(Refused, Unanswered):
        known.learn(await ask("members", group=group))


def _hand_on(way: Way, attempt: _Attempt, missed: Mapping[str, Missed]) -> None:
    """Hand on what was held and what was missed, each once and each group in its order."""
    fetched = {(each.group, message["seq"]) for each in missed.values() for message in each.messages}
    first = next((at for at, each in enumerate(attempt.held) if _place(each)), len(attempt.held))
    for each in attempt.held[:first]:
        way.emit(each)
    for group in missed.values():
        if not group.complete and group.group in way.known.joined:
            way.emit(Incoming(Notice(_incomplete(group))))
    late = [each for each in attempt.held[first:] if _place(each) not in fetched]
    name = way.known.name
    streams = []
    for group in missed.values():
        heard = heard_by(name, group.messages, member=group.group in way.known.joined)
        live = [each for each in late if _is_in(each, group.group)]
        streams.append(sorted([*(Incoming(each, missed=True) for each in heard), *live], key=_seq))
    for each in merge(*streams, key=_ts):
        way.emit(each)
    for each in late:
        if not any(_is_in(each, group) for group in missed):
            way.emit(each)


def _incomplete(missed: Missed) -> str:
    return said(
        "What happened in {group} meanwhile could not be fetched completely; messages;{group} shows what there is.",
        group=missed.group,
    )


def _place(incoming: Incoming) -> tuple[str, int] | None:
    """Return the group and ``seq`` that a message has; None for one that has none."""
    content = incoming.content
    group, seq = (content.get("group"), content.get("seq")) if isinstance(content, dict) else (None, None)
    return (normal(group), seq) if isinstance(group, str) and isinstance(seq, int) else None


def _is_in(incoming: Incoming, group: str) -> bool:
    place = _place(incoming)
    return place is not None and place[0] == group


def _seq(incoming: Incoming) -> int:
    place = _place(incoming)
    return place[1] if place else 0


def _ts(incoming: Incoming) -> str:
    return str(incoming.content.get("ts", "")) if isinstance(incoming.content, dict) else ""


def _settle(way: Way, connection: Connection, missed: Mapping[str, Missed], unsure: Iterable[Asked]) -> None:
    """Settle the requests that were under way: by the history, or by asking again what surely came to nothing."""
    claimed: list[Message] = []
    for asked in unsure:
        request = asked.message
        group = missed.get(normal(str(request.get("group"))))
        if asked.sent >= MOST_SENT:
            asked.fail(Lost(request))
        elif request["action"] in LISTINGS:
            connection.ask(asked, way.patience)
        elif group is None or (not group.after and request["action"] not in _ENTERING):
            asked.fail(Lost(request))
        elif trace := trace_of(request, group.messages, claimed=claimed):
            claimed.append(trace)
            asked.succeed(trace)
        elif group.complete or (group.refusal is not None and group.refusal.code == "unknown-group"):
            sentence = said("{action} had not been carried out; it is sent once more.", action=request["action"])
            way.emit(Incoming(Notice(sentence)))
            connection.ask(asked, way.patience)
        else:
            asked.fail(Lost(request))
