"""What is learnt of a server before the first case: how to speak to it, how fast it is, what it leaves unanswered."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tchat_conform.actions import REQUIREMENT_OF
from tchat_conform.prerequisites import HELLO_ACTION, wanted_length, wanted_login
from tchat_conform.run import FIRST_PATIENCE, SILENCES_THAT_PROVE, Run
from tchat_conform.shape import shape_of
from tchat_conform.speech import ENVELOPES, STANDARD, Adaptation, Speech
from tchat_conform.story import TOLD, Story, listed_features, told
from tchat_conform.target import TargetError, accepts
from tchat_conform.verdict import Blocked, Finding, Message
from tchat_conform.visit import is_spoilt_by_leaving, takes_in
from tchat_protocol import messages

REQUIREMENTS = {action: REQUIREMENT_OF[action] for action in TOLD}
"""The requirement that says of each action of the story that the server understands it."""
ALIASES = frozenset({"I-ALIAS-1", "I-ALIAS-2", "I-ALIAS-3"})
HELLO = "I-HELLO-1"
IDS = frozenset({"W-ID-1", "W-ID-2"})
PRIVATE = "P-CREATE-1"
JOINING = "P-JOIN-2"

HTTP = ("HTTP/", "<!DOCTYPE", "<html")
"""How an HTTP server's answer to what is no HTTP begins."""

PASSWORD_WORDS = ("password", "passwd", "mot de passe", "mdp")
KEY_WORDS = ("public key", "publickey", "public_key", "server-key", "clé publique", "ecdh", "diffie", "handshake")

FORMS: tuple[tuple[Speech, str], ...] = (
    (replace(STANDARD, bare=True), "requests without id"),
    (replace(STANDARD, fields=True), "from, sender and name at once"),
    (replace(STANDARD, end=b""), "messages without a line feed at their end"),
    (replace(STANDARD, end=b"\r\n"), "messages that end with CRLF"),
    *((replace(STANDARD, envelope=each), f"every message in an envelope, under {each}") for each in ENVELOPES),
)
"""Forms of speech for a server that leaves the standard hello unanswered, and what it needs in words."""


SPOILT = Finding(
    "once somebody has left, whoever says hello is cut off or left without an answer",
    by="a server that goes on when somebody has left",
)


NEXT_PATIENCE = 0.5
"""How many seconds a form of speech that is not the standard one is given for its first answer."""


class StopPolitely(Blocked):
    """Nothing can be looked at: nobody comes in, or the server first wants something that the protocol does not have.

    ``broken`` are the requirements of which that is the fault.
    """

    def __init__(self, finding: Finding, broken: frozenset[str] = frozenset({HELLO})) -> None:
        super().__init__(finding)
        self.broken = broken


async def probe(run: Run) -> None:
    """Find out how to speak to the server of a run, and write it down there.

    Raises StopPolitely if there is no way to be understood and the reason is known, and TargetError if the server
    died and cannot be started again.
    """
    story = await _understood(run)
    if story.serves_one:
        raise StopPolitely(_serves_one(story))
    if story.hangs_up:
        raise StopPolitely(_hangs_up(story))
    if not story.understood or (story.relays and story.hello is None):
        if story.hello is None:
            raise await _unanswered(run, story)
        _note_habits(run, story)
        run.silences.update(dict.fromkeys(story.mute, SILENCES_THAT_PROVE))
        run.mute_at_first = run.missing = frozenset(story.mute)
        return
    run.speech = story.speech
    run.features = listed_features(story.hello)
    run.relays = story.relays
    run.is_welcoming = story.is_welcome
    run.paced = story.hello is None or not messages.is_valid("answers", dict(story.hello))
    _note_habits(run, story)
    knows_groups = "cgroupe" in story.understood
    whole = await _told(run, story.speech, whole=True) if knows_groups and not story.whole else story
    for action, answer in whole.answers.items():
        if answer is not None:
            del run.silences[action]  # as long as its form was not known it seemed to be none
    for action in whole.mute:
        run.silences[action] += SILENCES_THAT_PROVE
    run.effective |= whole.effects
    if whole.adds_invitees:
        run.adds_invitees = True
        _note(run, "who is invited is in the group at once, without joining", {JOINING})
    run.forms = {**story.forms, **whole.forms}
    run.acceptances = {**story.acceptances, **whole.acceptances}
    run.mute_at_first = frozenset(whole.mute)
    run.missing = frozenset(whole.missing)
    if run.is_welcoming and not await takes_in(run) and await is_spoilt_by_leaving(run):
        run.adaptations.clear()  # what seemed to help may have been the luck of who came first
        raise StopPolitely(SPOILT)


async def _understood(run: Run) -> Story:
    """Return the story in the form of speech that was understood best, and note in the run what it departs in."""
    best = await _first(run)
    if not best.understood:
        return best
    other_action = {"cgroupe": "cgroup"}
    if not set(REQUIREMENTS) <= best.understood:
        all_at_once = await _told(run, replace(best.speech, fields=True, actions=other_action))
        if all_at_once.understood - best.understood:  # then it is worth the time to find out which of both is needed
            best = await _better(run, best, replace(best.speech, fields=True), "from, sender and name at once")
            other = replace(best.speech, actions=other_action)
            best = await _better(run, best, other, "cgroup in place of cgroupe")
    if "gbroadcast" in best.effects and "private" not in best.effects:
        best = await _better(run, best, replace(best.speech, private=True), "other words for a private group")
    return best


async def _first(run: Run) -> Story:
    """Return the first story that is understood at all, in whatever form of speech."""
    first = await _told(run, STANDARD, whole=True)
    if first.says(*KEY_WORDS) and not first.effects:
        raise StopPolitely(_demand(first))
    if any(_has_capitals(each) for each in first.said):
        return await _better(run, first, replace(STANDARD, capitals=True), "its field names read with their capitals")
    if first.understood:
        return first
    login = wanted_login(first)
    if login or first.says(*PASSWORD_WORDS):
        known = await _better(run, first, replace(STANDARD, password=run.token), "a password in client-hello")
        if login and known is first:
            raise StopPolitely(login)
        return known
    return await _in_other_forms(run, first)


async def _in_other_forms(run: Run, first: Story) -> Story:
    """Return the first story that is understood in another form than the standard one, or the first of all."""
    for speech, need in FORMS:
        if speech.bare and (first.echoes or first.relays):
            continue  # without an id what comes back looks like an answer
        # a server that died of a hello will die of the next one, unless that is another thing altogether
        if first.died_of is None or speech.envelope is not None:
            with run.patient_for(NEXT_PATIENCE):
                story = await _better(run, first, speech, need)
            if story is not first:
                return story
    if first.died_of is not None:
        raise StopPolitely(await _death(run, first))
    # the last try, for a server that is only slow
    return first if first.hello is not None else await _told(run, STANDARD, whole=True, patience=run.limit)


def _has_capitals(said: Message | bytes) -> bool:
    return not isinstance(said, bytes) and "action" not in said and any(name.lower() == "action" for name in said)


async def _told(run: Run, speech: Speech, *, whole: bool = False, patience: float = FIRST_PATIENCE) -> Story:
    """Tell the story to a server that lives: it may have died of the last one."""
    if not await accepts(run.target.address):
        if not run.target.can_restart:
            raise TargetError(f"The server at {run.target.address} has died of the first messages; start it again.")
        await run.target.restart(kill=True)
    if run.witness is not None:
        await run.witness.leave()
        run.witness = None
    return await told(run, speech, whole=whole, patience=patience)


async def _better(run: Run, best: Story, speech: Speech, need: str) -> Story:
    """Tell the story in another form; return it, and note what the form is for, if more of it is understood."""
    other = await _told(run, speech)
    gained = (other.understood | (other.effects & {"private"})) - best.understood
    if not gained or len(other.understood & set(TOLD)) < len(best.understood & set(TOLD)):
        return best
    numbers = {PRIVATE} if gained == {"private"} else {REQUIREMENTS[each] for each in gained & set(REQUIREMENTS)}
    plain = ALIASES if speech.fields or speech.actions else frozenset()
    if speech.bare:
        numbers, plain = {"W-ID-1"}, IDS
    if speech.capitals:
        numbers = {"A-FORM-1"}
    _note(run, f"the server needs {need}", numbers or {HELLO}, plain)
    return other


def _note(run: Run, sentence: str, requirements: Iterable[str], plain: frozenset[str] = frozenset()) -> None:
    run.adaptations.append(Adaptation(sentence, frozenset(requirements), plain))


def _note_habits(run: Run, story: Story) -> None:
    run.greetings = tuple(map(shape_of, story.greeting))
    if story.greeting:
        shown = _shown(story.greeting[0])
        _note(run, f"the server greets whoever connects, before any request: {shown}", _broken_by(story.greeting))
    if story.unasked:
        shown = _shown(story.unasked[0])
        _note(
            run, f"the server sends of its own accord, to somebody who never spoke: {shown}", _broken_by(story.unasked)
        )
    if story.echoes:
        run.echoes = True
        _note(run, "the server sends each request back to its sender", {"A-ONCE-1"})
    if story.relays:
        _note(run, "the server passes each request on to everybody else, as it came", {"A-ONCE-1"})


def _broken_by(said: Sequence[Message | bytes]) -> set[str]:
    return {"A-FORM-1" if all(not isinstance(each, bytes) for each in said) else "W-JSON-1"}


def _demand(story: Story) -> Finding:
    shown = _shown([*story.greeting, story.hello][0])
    sentence = f"the server wants a key exchange, which the protocol does not have: it said {shown}"
    return Finding(sentence, {"action": "server-hello"}, story.hello, by="a key exchange")


async def _unanswered(run: Run, story: Story) -> StopPolitely:
    length = None if story.said else await wanted_length(run)
    is_text = bool(story.said) and isinstance(story.said[0], bytes)
    return StopPolitely(
        length or _no_hello(run, story), frozenset({HELLO, "W-JSON-1"} if length or is_text else {HELLO})
    )


def _serves_one(story: Story) -> Finding:
    sentence = "the server serves one client at a time: the second one's hello was answered once the first had gone"
    return Finding(sentence, {"action": "server-hello"}, story.hello, by="a second client")


def _hangs_up(story: Story) -> Finding:
    sentence = "the server closes the connection once it has answered; a chat goes on over the same one"
    return Finding(sentence, {"action": "server-hello"}, story.hello, by="a connection that stays open")


def _no_hello(run: Run, story: Story) -> Finding:
    """Return what is to be said of a server that left hello unanswered in every form of speech."""
    expected = {"action": "server-hello"}
    if story.relays:
        sentence = "the server only passes on to everybody else what it gets, and answers nothing"
        return Finding(sentence, expected, "nothing", by=HELLO_ACTION)
    if not story.said:
        sentence = "no answer to client-hello came, in any form that servers in the field understand"
        return Finding(sentence, expected, "nothing", proof=f"nothing came within {run.limit:.1f} s", by=HELLO_ACTION)
    first = story.said[0]
    shown = _shown(first)
    if shown.startswith(HTTP):
        return Finding("what listens there speaks HTTP, and no JSON over TCP", expected, shown, by=HELLO_ACTION)
    if isinstance(first, bytes):
        return Finding("client-hello was answered with what is no JSON object", expected, shown, by=HELLO_ACTION)
    return Finding("client-hello was sent back, and not answered", expected, first, by=HELLO_ACTION)


async def _death(run: Run, story: Story) -> Finding:
    how = await run.target.obituary()
    sentence = "the server died of the first message of a client" + (f": {how}" if how else "")
    return Finding(sentence, {"action": "server-hello"}, story.died_of, by="client-hello")


def _shown(what: Any) -> str:
    return what.decode("utf-8", "replace").strip() if isinstance(what, bytes) else str(what)
