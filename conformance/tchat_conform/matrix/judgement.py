"""Who broke which rule: the verdict on one request, from nothing but what happened.

The way of a message is followed from the person who asks to the screen of the one who is told: the first who breaks a
MUST on it, so that it goes no further, is to blame. Whether somebody else would have stopped it as well is known from
what the suite has seen of each peer alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tchat_conform.form import Fault
from tchat_conform.matrix.evidence import Attempt, Hearing, Known
from tchat_conform.matrix.result import Blame, Unfinished, Verdict
from tchat_conform.matrix.rules import (
    AT_ONCE,
    COMMANDS,
    LIMITS,
    OF_CLIENTS,
    OF_SERVERS,
    PRIVATE,
    SHOWN,
    WAYS,
    is_unknown,
)
from tchat_conform.matrix.wire import Told, Trait
from tchat_conform.requirements import Keyword, requirement
from tchat_protocol.framing import BadInput


def judge(attempt: Attempt, scenario: str, known: Known) -> None:
    """Raise Unfinished with who is to blame, unless what was asked for has come about as far as anybody must."""
    _judge_request(attempt, known)
    _judge_refusal(attempt, scenario, known)
    if attempt.action == "client-hello" and attempt.ended and attempt.closed and not _told_anything(attempt):
        raise _server_failed(attempt, scenario, known, f"the server closes the connection when {_asked(attempt)}")
    if attempt.action == "client-hello" and attempt.ended and not attempt.server_end and not attempt.closed:
        raise _died(attempt.client, attempt.ended, (*attempt.earlier, *attempt.heard), known, "C-SHOW-3")
    for each in attempt.hearings:
        if each.told is None and each.missing:
            _judge_silence(attempt, each, scenario, known)
        if each.missing or each.ended:
            _judge_screen(each, known)
    if attempt.server_end:
        raise _server_failed(attempt, scenario, known, f"the server ended when {_asked(attempt)}: {attempt.server_end}")
    if attempt.ended and attempt.action != "client-quit":
        raise _died(attempt.client, attempt.ended, (*attempt.earlier, *attempt.heard), known, COMMANDS[attempt.action])


def lacking(attempt: Attempt) -> Iterator[Blame]:
    """Yield what screens should show, and do not, where no MUST demands it."""
    for each in attempt.hearings:
        yield from lacking_at(each)


def lacking_at(hearing: Hearing) -> Iterator[Blame]:
    """Yield what one screen should show, and does not."""
    for what in hearing.lacking if hearing.told is not None else ():
        sentence = f"of {_name(hearing.told)} the screen does not show {SHOWN[what]}"
        yield Blame("client", hearing.client, hearing.listener.shown_by, sentence)


def out_of_form(peer: str, messages: Iterable[Told]) -> Iterator[Blame]:
    """Yield in what the messages of a peer depart from their form, once for each action."""
    seen: set[str] = set()
    for told in messages:
        if told.faults and told.action not in seen:
            seen.add(told.action)
            yield _form(told.side, peer, told, told.faults[0])


# -- the request ------------------------------------------------------------------------------------------


def _judge_request(attempt: Attempt, known: Known) -> None:
    rule = PRIVATE if attempt.meant.get("private") else COMMANDS[attempt.action]
    if attempt.typed is None:
        sentence = f"its description has no command for {attempt.action}"
        if rule == PRIVATE:
            sentence = "its description has no command for a private group"
        raise Unfinished(Verdict.UNSUPPORTED, Blame("client", attempt.client, rule, sentence))
    if attempt.sent is None:
        raise _unsent(attempt, rule, known)
    if attempt.wrong:
        content = attempt.sent.message or _raw(attempt.sent)
        sentence = f"{attempt.typed} was typed, and {attempt.wrong}"
        raise Unfinished(Verdict.CLIENT, Blame("client", attempt.client, rule, sentence, content))


def _unsent(attempt: Attempt, rule: str, known: Known) -> Unfinished:
    """Return whose fault it is that nothing was sent for a command."""
    typed = attempt.typed
    if attempt.goes_on:
        blame = Blame("client", attempt.client, rule, f"{typed} sends nothing, and the client goes on")
        return Unfinished(Verdict.UNSUPPORTED, blame, proof="a command typed later was sent")
    if attempt.server_end:
        sentence = f"the server ended before {typed} was sent: {attempt.server_end}"
        return Unfinished(Verdict.SERVER, Blame("server", known.server, attempt.rule, sentence))
    if attempt.ended and (attempt.was_gone or attempt.complaint or attempt.heard):
        return _died(attempt.client, attempt.ended, (*attempt.earlier, *attempt.heard), known, rule)
    if attempt.ended:
        sentence = f"the client ended after {typed} was typed: {attempt.ended}"
        return Unfinished(Verdict.CLIENT, Blame("client", attempt.client, rule, sentence))
    if attempt.closed:
        sentence = f"the server closed the connection before {typed} could be sent"
        blame = Blame("server", known.server, attempt.rule, sentence)
        return _after_bad(attempt.client, sentence, attempt.earlier, known) or Unfinished(Verdict.SERVER, blame)
    spoiled = _after_bad(attempt.client, f"{typed} sends nothing", attempt.earlier, known)
    sentence = f"{typed} sends nothing, and neither does what is typed later"
    blame = Blame("client", attempt.client, rule, sentence)
    return spoiled or Unfinished(Verdict.CLIENT, blame, proof=attempt.silence, hasty=True)


def _after_bad(client: str, sentence: str, earlier: tuple[Told, ...], known: Known) -> Unfinished | None:
    """Return whose fault it is that a client no longer works after what it got; None if that was all right."""
    cause = _cause(client, earlier, known)
    return None if cause is None else _with(cause, sentence)


def _with(cause: tuple[Verdict, Blame], sentence: str) -> Unfinished:
    verdict, blame = cause
    told = Blame(blame.side, blame.peer, blame.requirement, f"{sentence}, after {blame.sentence}", blame.message)
    return Unfinished(verdict, told, hasty=verdict is Verdict.SERVER)


# -- the server -------------------------------------------------------------------------------------------


def _judge_refusal(attempt: Attempt, scenario: str, known: Known) -> None:
    refusal = attempt.refusal
    if refusal is None or any(not each.missing for each in attempt.hearings):
        return
    content = refusal.message or {}
    if is_unknown(refusal) and not _faults(attempt):
        sentence = f"the server says that it does not know {attempt.action}"
        raise Unfinished(Verdict.UNSUPPORTED, Blame("server", known.server, attempt.rule, sentence, content))
    if content.get("code") in LIMITS:
        sentence = f"the server refuses {attempt.action} for a limit of its own, which it may"
        raise Unfinished(Verdict.AMBIGUOUS, Blame("server", known.server, None, sentence, content))
    raise _server_failed(attempt, scenario, known, f"the server refuses {attempt.action}", refusal)


def _judge_silence(attempt: Attempt, hearing: Hearing, scenario: str, known: Known) -> None:
    listener = hearing.listener
    if attempt.server_end:
        raise _server_failed(attempt, scenario, known, f"the server ended when {_asked(attempt)}: {attempt.server_end}")
    if hearing.ended:
        raise _died(hearing.client, hearing.ended, hearing.earlier, known, listener.shown_by)
    whom = "the person who asked" if listener.who == attempt.who else f"{listener.who}"
    what = "closes the connection" if attempt.closed else f"does not send {listener.action} to {whom}"
    sentence = f"{_asked(attempt)}, and the server {what}"
    failed = _server_failed(replace(attempt, rule=listener.rule), scenario, known, sentence)
    failed.hasty, failed.proof = not attempt.closed, attempt.silence
    failed.blames += attempt.before
    raise failed


def _server_failed(
    attempt: Attempt, scenario: str, known: Known, sentence: str, told: Told | None = None
) -> Unfinished:
    """Return who is to blame where a request was sent, and the server does not do what it must."""
    content = None if told is None else told.message
    server = Blame("server", known.server, attempt.rule, sentence, content)
    does = known.server_known.does(scenario, attempt.step)
    faults = _faults(attempt)
    if faults and attempt.sent is not None:
        client = _form("client", attempt.client, attempt.sent, faults[0])
        return Unfinished(Verdict.BOTH if does is False else Verdict.CLIENT, client, server)
    trait = next((each for each in Trait if attempt.sent and each in attempt.sent.traits), None)
    if does and trait is not None:
        words = f"{sentence}; from people who write in lines it takes the same, so that {WAYS[trait]} is too much"
        return Unfinished(Verdict.SERVER, Blame("server", known.server, OF_SERVERS[trait], words, content))
    return Unfinished(Verdict.SERVER, server)


def _faults(attempt: Attempt) -> tuple[Fault, ...]:
    return attempt.sent.faults if attempt.sent is not None else ()


# -- the client of who is told ----------------------------------------------------------------------------


def _judge_screen(hearing: Hearing, known: Known) -> None:
    listener, told = hearing.listener, hearing.told
    if hearing.ended:
        got = hearing.earlier if told is None else (*hearing.earlier, told)
        raise _died(hearing.client, hearing.ended, got, known, listener.shown_by)
    shows = known.of(hearing.client).shows.get(listener.action)
    lost = hearing.missing[0]
    client = Blame(
        "client",
        hearing.client,
        listener.shown_by,
        f"{_name(told)} came, and {listener.who}'s screen does not show {SHOWN[lost]} ({listener.texts[lost]})",
        told.message if told else None,
    )
    cause = _cause(hearing.client, (told,) if told else (), known)
    if hearing.complaint and (cause is None or cause[0] is Verdict.SERVER):
        cause = _read_as_one(hearing.client, hearing.complaint, hearing.earlier, known) or cause
    if cause is None and shows:
        cause = _cause(hearing.client, hearing.earlier, known)
    if cause is None:
        raise Unfinished(Verdict.CLIENT, client, hasty=shows is not False)
    verdict, blame = cause
    if verdict is Verdict.SERVER and shows is False:
        raise Unfinished(Verdict.BOTH, blame, client)
    raise Unfinished(verdict, blame, client, hasty=True) if blame.side == "server" else _with(cause, client.sentence)


def _died(client: str, how: str, got: tuple[Told, ...], known: Known, rule: str) -> Unfinished:
    """Return whose fault it is that a client ended."""
    ended = f"the client ended: {how}"
    cause = _read_as_one(client, how, got[-3:], known)
    if cause is None:
        last = f" after {_name(got[-1])}" if got else ""
        return Unfinished(Verdict.CLIENT, Blame("client", client, rule, f"the client ended{last}: {how}"))
    verdict, blame = cause
    if blame.side == "client":
        words = f"{ended}, after {blame.sentence}"
        told = Blame("client", client, blame.requirement, words, blame.message)
        return Unfinished(verdict, told, hasty=blame.message is None)
    return Unfinished(verdict, blame, Blame("client", client, "C-BAD-1", ended))


def _read_as_one(client: str, words: str, got: tuple[Told, ...], known: Known) -> tuple[Verdict, Blame] | None:
    """Return what explains an error of a client; ``words`` are what it said of it, which tell of messages read as one.

    Messages that came apart may be read at once by a client that is slower than they are; where what came explains it
    already, that counts.
    """
    is_plain = any(isinstance(each.content, BadInput) or known.of(client).not_borne(each) for each in got)
    if not is_plain and known.of(client).bears.get(Trait.JOINED) is False and AT_ONCE.search(words):
        sentence = "messages that came one after the other and were read at once, which it does not bear"
        return Verdict.CLIENT, Blame("client", client, OF_CLIENTS[Trait.JOINED], sentence)
    return _cause(client, got[::-1], known)


def _cause(client: str, order: tuple[Told, ...], known: Known) -> tuple[Verdict, Blame] | None:
    """Return what in the messages that a client got is enough to explain that it shows no more; None if nothing is.

    What it is known not to bear comes first: that would have stopped it in the standard form too.
    """
    for told in order:
        if isinstance(told.content, BadInput):
            return Verdict.SERVER, _form("server", known.server, told, told.faults[0])
    for told in order:
        trait = known.of(client).not_borne(told)
        if trait is not None:
            sentence = f"{WAYS[trait]}, which it does not bear from anybody"
            return Verdict.CLIENT, Blame("client", client, OF_CLIENTS[trait], sentence, _shown(told))
    for told in order:
        if told.faults:
            return Verdict.SERVER, _form("server", known.server, told, told.faults[0])
    return None


# -- words ------------------------------------------------------------------------------------------------


def _form(side: str, peer: str, told: Told, fault: Fault) -> Blame:
    number = fault.requirement.id
    if side == "client":
        number = "C-JSON-1" if isinstance(told.content, BadInput) else "C-FORM-1"
        return Blame("client", peer, number, f"{_name(told)} is out of form: {fault.sentence}", _shown(told))
    return Blame("server", peer, number, f"{_name(told)} is out of form: {fault.sentence}", _shown(told))


def _shown(told: Told) -> dict[str, object] | str:
    return told.message if told.message is not None else _raw(told)


def _raw(told: Told) -> str:
    return repr(told.content.raw) if isinstance(told.content, BadInput) else ""


def _name(told: Told | None) -> str:
    if told is None:
        return "the message"
    return told.action or "text that is no message"


def _told_anything(attempt: Attempt) -> bool:
    return attempt.answer is not None or any(not isinstance(each.content, BadInput) for each in attempt.heard)


def _asked(attempt: Attempt) -> str:
    return f"{attempt.who} sent {attempt.action}"


def weighs(blame: Blame) -> bool:
    """Tell whether a remark is about a MUST."""
    return blame.requirement is not None and requirement(blame.requirement).keyword is Keyword.MUST
