"""What each peer does alone: a client before a server that is played, a server with people who are played.

A pair that fails is judged by this: what a client does not bear from anybody is its fault, and what a server does for
people who write in the standard form it has, though not for everybody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tchat_conform.clients.forms import answer, message
from tchat_conform.clients.manners import Manner, halves, joined, line_each, pretty
from tchat_conform.clients.manners import bare as without_line_feed
from tchat_conform.clients.probe import SILENCE, StopPolitely, probe
from tchat_conform.clients.run import ClientRun, command_of
from tchat_conform.clients.stage import Stage
from tchat_conform.matrix.evidence import ClientKnown
from tchat_conform.matrix.lineup import ClientPeer
from tchat_conform.matrix.wire import Trait
from tchat_conform.verdict import Stopped

MANNERS: Mapping[Trait, Manner] = {
    Trait.BARE: without_line_feed,
    Trait.CUT: halves,
    Trait.SPREAD: pretty,
    Trait.JOINED: joined,
}
"""How the played server writes to see whether a client bears it; what kills most comes last."""

_REMOVED: Mapping[str, str | None] = {"sender": "bob", "group": "wob", "dest": None, "reason": "spam"}
_BOB: Mapping[str, tuple[Mapping[str, str | None], tuple[str, ...]]] = {
    "server-send": ({"from": "bob", "to": None, "msg": "hi"}, ("msg", "from")),
    "server-gbroadcast": ({"sender": "bob", "group": "wob", "msg": "hello"}, ("msg", "sender")),
    "server-invite": ({"sender": "bob", "group": "wob", "dest": None}, ("group",)),
    "server-kick": (_REMOVED, ("reason", "group")),
    "server-ban": (_REMOVED, ("reason", "group")),
}
"""What the played server says unasked: stems of names and texts, None for the client's own user, and what of that the
screen must show."""
_ASKED = {"server-list-clients": "client-list-clients", "server-msgs": "msgs"}
"""Answers, and the requests that are typed for them."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A client as the suite has found it: how it is driven, what is known of it, and why it cannot play, if so."""

    run: ClientRun
    known: ClientKnown = field(default_factory=ClientKnown)
    failure: str = ""


async def learn(peer: ClientPeer, limit: float) -> Learned:
    """Start a client before a played server, and see how it is driven, what it shows and what it bears."""
    run = ClientRun(command_of((), peer.description), peer.description, limit, cwd=peer.cwd)
    try:
        await probe(run)
    except StopPolitely as stopped:
        return Learned(run, failure=stopped.finding.sentence if stopped.blamed == SILENCE else "")
    shows = await _shows(run)
    bears = await asyncio.gather(*(_bears_at_last(run, each) for each in MANNERS.values() if run.shows))
    return Learned(run, ClientKnown(shows, run.slowest or 0.0, dict(zip(MANNERS, bears, strict=False))))


async def _on_stage(run: ClientRun, case: str, look: Callable[[Stage], Awaitable[Any]]) -> Any:
    """Return what is seen of a client on a stage of its own; None where it does not come so far."""
    stage = Stage(run, case)
    try:
        await stage.start()
        return await look(stage)
    except Stopped:
        return None
    finally:
        await stage.close()


async def _bears_at_last(run: ClientRun, manner: Manner) -> bool:
    """Tell whether a client bears a manner, once of two times: that it does not must be no haste of ours."""
    return await _bears(run, manner) or await _bears(run, manner)


async def _bears(run: ClientRun, manner: Manner) -> bool:
    async def look(stage: Stage) -> bool:
        texts = [stage.fresh("first"), stage.fresh("second")]
        mark = stage.terminal.mark
        told = [message("server-send", **{"from": "bob", "to": stage.me, "msg": text}) for text in texts]
        await stage.says(*told, manner=manner)
        return (
            await stage.pulse.until(
                lambda: all(stage.terminal.shows(text, mark) for text in texts) or stage.terminal.ended, run.patience
            )
            and stage.is_alive()
        )

    return bool(await _on_stage(run, f"bears {manner.__name__}", look))


async def _shows(run: ClientRun) -> dict[str, bool]:
    """Tell of which messages a client shows what it must; what it does not is looked at again on its own."""
    found = await _on_stage(run, "shows", _shown) or {}
    doubtful = [action for action in (*_BOB, *_ASKED) if found.get(action) is not True]
    again = await asyncio.gather(*(_on_stage(run, action, partial(_shown, only=action)) for action in doubtful))
    for each in again:
        found |= each or {}
    return {action: shown for action, shown in found.items() if shown is not None}


async def _shown(stage: Stage, only: str = "") -> dict[str, bool | None]:
    """Return of which messages the screen shows what it must, None for an answer that cannot be asked for."""
    mark = stage.terminal.mark
    wanted = {action: await _says(stage, action, *told) for action, told in _BOB.items() if only in ("", action)}
    await _sees(stage, [text for texts in wanted.values() for text in texts], mark)
    found: dict[str, bool | None] = {
        action: all(stage.terminal.shows(text, mark) for text in texts) for action, texts in wanted.items()
    }
    for action, asked in _ASKED.items():
        if only in ("", action):
            found[action] = await _shows_answer(stage, asked)
    return found


async def _shows_answer(stage: Stage, asked: str) -> bool | None:
    text = stage.fresh("bob")
    row = {"sender": "bob", "msg": text, "ts": "2026-11-23T09:30:00.000Z", "seq": 2}
    typed = {"group": stage.fresh("wob")} if asked == "msgs" else {}
    try:
        request = await stage.types(asked, means=True, **typed)
    except Stopped:
        return None
    mark = stage.terminal.mark
    told: dict[str, Any] = {"messages": [row]} if asked == "msgs" else {"clients": [stage.me, text]}
    await stage.says(answer(request, **told))
    return await _sees(stage, [text], mark)


async def _says(stage: Stage, action: str, stems: Mapping[str, str | None], shown: Sequence[str]) -> list[str]:
    fields = {name: stage.me if stem is None else stage.fresh(stem) for name, stem in stems.items()}
    await stage.says(message(action, **fields), manner=line_each)
    return [fields[name] for name in shown]


async def _sees(stage: Stage, texts: list[str], mark: int) -> bool:
    return (
        await stage.pulse.until(
            lambda: all(stage.terminal.shows(text, mark) for text in texts) or stage.terminal.ended, stage.run.patience
        )
        and stage.is_alive()
    )
