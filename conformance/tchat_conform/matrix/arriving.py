"""How somebody comes in: the client is started, says hello, and the server lets it in and tells the others."""

import time
from dataclasses import replace

from tchat_conform.expect import Expected
from tchat_conform.matrix.evidence import Attempt, Hearing, Listener
from tchat_conform.matrix.person import REACTS_WITHIN, NeverCame, Person
from tchat_conform.matrix.play import Asking, Play
from tchat_conform.matrix.result import Blame, Unfinished, Verdict
from tchat_conform.matrix.rules import is_refusal
from tchat_conform.matrix.wire import Told
from tchat_protocol import schemas
from tchat_protocol.framing import BadInput

HELLO = "client-hello"
TYPED = "its name"


async def arrive(play: Play, who: str, rule: str = "I-HELLO-1", *listeners: Listener) -> None:
    """Start somebody's client, and see that it is let in. ``rule`` is what a server breaks that does not.

    Raises Unfinished, with the verdict error where the client does not even connect.
    """
    person = play.enter(who)
    marks = play.marks()
    try:
        await person.start()
    except NeverCame as error:
        raise _never_came(play, who, rule, error) from error
    hello = next((each for each in person.wire.said if each.action == HELLO), None)
    bad = next((each for each in person.wire.said if isinstance(each.content, BadInput)), None)
    if hello is None and bad is None:
        await person.begins()
        await play.ask(who, "client-list-clients", "I-BIND-1", *listeners)
        play.was_inside = len(play.people) > 1
        return
    said = time.monotonic()
    in_vain = play.is_in_vain()
    if await play.until(lambda: bool(_greeting(person) or _refusal(person)), person, settles=in_vain):
        play.note(time.monotonic() - said)
    await person.begins()
    await person.takes_in(REACTS_WITHIN * play.haste)
    await play.see_whether_it_lives(person)
    if _greeting(person) and listeners:
        people = [play.people[each.who] for each in listeners]
        await play.until(
            lambda: all(play.has_got(each, marks) for each in listeners), *people, settles=play.is_in_vain()
        )
        await play.until(lambda: all(play.is_told(each, marks) for each in listeners), *people, settles=True)
    meant = {"action": HELLO, "from": person.name}
    attempt = play.attempt(Asking(who, meant, rule, listeners, marks), TYPED, hello or bad)
    attempt = replace(attempt, answer=_greeting(person), refusal=_refusal(person))
    if attempt.answer is None and attempt.refusal is None and (attempt.closed or not attempt.ended):
        attempt = await _without_greeting(play, person, attempt)
    play.came.add(who)
    if attempt.answer is not None or attempt.hearings == ():
        play.was_inside = len(play.people) > 1 and not play.is_gone(who)
    play.keep(attempt)


def _never_came(play: Play, who: str, rule: str, error: NeverCame) -> Unfinished:
    person = play.people[who]
    blame = Blame("client", person.client, None, f"it does not come in: {error}")
    if not person.wire.connections:
        return Unfinished(Verdict.ERROR, blame, hasty=True)
    said = next(iter(person.wire.said), None)
    meant = {"action": HELLO, "from": person.name}
    attempt = play.attempt(Asking(who, meant, rule, (), play.marks()), TYPED, said)
    heard = tuple(person.wire.heard)
    try:
        play.keep(replace(attempt, wrong=str(error) if error.is_bad_text else attempt.wrong, heard=heard, earlier=()))
    except Unfinished as stopped:
        return stopped
    return Unfinished(Verdict.CLIENT, blame, hasty=True)


async def _without_greeting(play: Play, person: Person, attempt: Attempt) -> Attempt:
    """See whether the server serves somebody all the same whom it has not greeted; if so that is but a remark."""
    if not attempt.closed and await play.serves(person):
        sentence = "client-hello is not answered, and what follows it is"
        play.notes.remarks.append(Blame("server", play.known.server, attempt.rule, sentence))
        return attempt
    listener = Listener(attempt.who, "server-hello", "", attempt.rule, "C-SHOW-3", {"a welcome": ""})
    return replace(attempt, hearings=(Hearing(listener, person.client, None, ("a welcome",), ended=person.ended),))


def _greeting(person: Person) -> Told | None:
    return next((each for each in person.wire.heard if _greets(each, person.name)), None)


def _greets(told: Told, name: str) -> bool:
    if is_refusal(told) or not told.inner or told.action in schemas.actions("requests"):
        return False
    return "hello" in told.action or Expected("server-hello", {"from": name}).may_be(told.inner)


def _refusal(person: Person) -> Told | None:
    return next((each for each in person.wire.heard if is_refusal(each)), None)
