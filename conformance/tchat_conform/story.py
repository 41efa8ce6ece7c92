"""The probe's story: a few people say hello, talk and use a group, in one form of speech, and what came of it.

Nothing in it is known to kill servers: every message is legal, alone in its segment, and answered or given up before
the next.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tchat_conform.actions import GROUP, changes_something, news
from tchat_conform.connection import Connection
from tchat_conform.expect import looks_refused, mentions, words
from tchat_conform.run import FIRST_PATIENCE, QUICK, Run
from tchat_conform.shape import Shape, shape_of, wording_of
from tchat_conform.speech import STANDARD, Speech
from tchat_conform.target import accepts
from tchat_conform.user import User, is_echo
from tchat_conform.verdict import Blocked, Message, Stopped
from tchat_conform.witness import Witness
from tchat_conform.world import World
from tchat_protocol.errors import ErrorCode

TOLD = (
    "client-hello",
    "client-list-clients",
    "client-send",
    "client-broadcast",
    "cgroupe",
    "join",
    "gbroadcast",
    "members",
    "groups",
)
"""The actions of every story; one that is told whole has more."""
IMPATIENT = 0.5
"""How many seconds an answer is waited for, at most, where hello had none."""
HASTE = 0.3
"""How many seconds the first hello has before another one, in a wider form, is sent beside it."""
BREATH = 0.03
"""How many seconds there may be between two parts of one greeting."""
BEHIND_FACTOR = 10
"""How much longer than the answer to the wider hello the one to the first may take."""

WITNESSED = {
    "client-list-clients": lambda name: {"action": "client-list-clients", "from": name},
    "client-send": lambda name: {"action": "client-send", "from": name, "to": name, "msg": "still here?"},
    "groups": lambda name: {"action": "groups", "name": name},
}
"""The requests that a witness may ask, the most harmless first."""


@dataclass(slots=True)
class Story:
    """What one telling came to: what answered each action, None for nothing, and which actions had their effect.

    ``whole`` says that every request of a group was asked.
    ``unheard`` holds the news that did not reach those they should. ``greeting`` is what a connection got as soon as
    it was there, ``unasked`` what it got later without ever speaking; ``said`` the first things that alice got.
    ``forms`` are the shapes of the answers to each action, ``wordings`` what the first of each says, ``in_own_words``
    the actions whose answer may mean anything. ``echoes`` says that requests come back, ``relays`` that they go to
    everybody else, ``serves_one`` that nobody is served before the one before has gone, ``hangs_up`` that who is
    greeted is cut off, ``adds_invitees`` that who is invited is in the group at once, and cannot join; ``died_of`` is
    the request that the server died of.
    """

    speech: Speech
    whole: bool = False
    answers: dict[str, Message | None] = field(default_factory=dict)
    effects: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)
    greeting: list[Message | bytes] = field(default_factory=list)
    unasked: list[Message | bytes] = field(default_factory=list)
    said: list[Message | bytes] = field(default_factory=list)
    forms: dict[str, frozenset[Shape]] = field(default_factory=dict)
    wordings: dict[str, str] = field(default_factory=dict)
    in_own_words: set[str] = field(default_factory=set)
    echoes: bool = False
    relays: bool = False
    serves_one: bool = False
    hangs_up: bool = False
    adds_invitees: bool = False
    died_of: Message | None = None

    @property
    def hello(self) -> Message | None:
        """What answered the first hello."""
        return self.answers.get("client-hello")

    @property
    def is_welcome(self) -> bool:
        """Whether hello was answered, with no refusal."""
        return self.hello is not None and not looks_refused(self.hello)

    @property
    def understood(self) -> set[str]:
        """The actions that had their effect, or were answered in a known form, with no refusal."""
        answered = {action for action, each in self.answers.items() if each is not None and not looks_refused(each)}
        return (answered - self.in_own_words) | self.effects

    @property
    def acceptances(self) -> dict[str, str]:
        """What the server says, by action, where it did what it was asked: elsewhere its words may refuse."""
        return {action: said for action, said in self.wordings.items() if action in self.effects}

    @property
    def mute(self) -> set[str]:
        """The actions that were left unanswered."""
        return {action for action, each in self.answers.items() if each is None}

    @property
    def missing(self) -> set[str]:
        """What does not work: the actions that are unknown or not answered, with no effect, and news unheard.

        One that is refused for a reason that the protocol has is known: where it goes wrong, the cases tell.
        """
        refused = {action for action, each in self.answers.items() if each is not None and _is_unknown(each)}
        silent = {each for each in self.mute if each in TOLD or not changes_something(each)}
        groups = set() if "cgroupe" in self.understood else set(GROUP)
        return ((refused | silent | groups) - self.effects) | self.unheard

    def says(self, *tokens: str) -> bool:
        """Tell whether the greeting or the answer to hello holds one of these words."""
        said = [text.lower() for each in (*self.greeting, self.hello) for text in _texts(each)]
        return any(token in text for token in tokens for text in said)


def _is_unknown(answer: Message) -> bool:
    return looks_refused(answer) and answer.get("code") not in set(ErrorCode) - {ErrorCode.UNKNOWN_ACTION}


def _texts(what: Message | bytes | None) -> list[str]:
    if what is None:
        return []
    return [what.decode("utf-8", "replace")] if isinstance(what, bytes) else [*map(str, what), *words(what)]


async def told(run: Run, speech: Speech = STANDARD, *, whole: bool = False, patience: float = FIRST_PATIENCE) -> Story:
    """Tell the story in one form of speech and return what came of it.

    ``whole`` asks every request of a group; ``patience`` is how many seconds the first answer is waited for.
    """
    teller = _Teller(run, speech, patience)
    try:
        await teller.tell(whole=whole)
    except Stopped:
        pass  # nobody could connect any more, which the next lines tell
    finally:
        teller.looks_back()
        await teller.world.end()
    if not await accepts(run.target.address):
        teller.story.died_of = teller.last
    return teller.story


class _Teller:
    def __init__(self, run: Run, speech: Speech, patience: float) -> None:
        self.run = run
        self.patience = patience
        self.requests: list[tuple[User, Message]] = []
        self.world = World(run, speech)
        self.story = Story(speech)
        self.last: Message | None = None
        self.impatient = IMPATIENT

    async def tell(self, *, whole: bool) -> None:
        alice = await self.world.stranger("alice")
        await self._says_hello(alice)
        silent = await self.world.connect("silent")
        await self.world.settle(silent, lambda: bool(silent.inbox or silent.broken))
        if silent.inbox or silent.broken:
            await silent.wait_until(lambda: False, BREATH)
        self.story.greeting = self._unasked(silent)
        self._hears_hello_answered(alice)
        if alice.connection.closed:
            self.story.hangs_up = self.story.is_welcome
            return
        if self.story.hello is None and self.world.speech != STANDARD:
            return  # a form that is not even greeted is not the one
        with self.run.patient_for(self.run.limit if self.story.hello is not None else self.impatient):
            bob = await self.world.stranger("bob")
            answer = await self._asks(bob, "client-hello", remember=False)
            if answer is None and self.story.hello is not None and not bob.connection.inbox:
                await self._is_next(bob, alice.connection, silent)
            if self.story.serves_one:
                return
            await self._is_told("server-presence", alice, bob.name)
            await self._talks(alice, bob)
        self.looks_back()
        if self.story.relays and self.story.hello is None:
            return  # nothing answers
        if self.story.is_welcome or self.story.effects:
            await self._groups(alice, bob, whole=whole)
        self.story.unasked = self._unasked(silent)[len(self.story.greeting) :]
        if self.story.is_welcome:
            await self._asks(bob, "client-quit", remember=False)

    def looks_back(self) -> None:
        """See who got whose requests."""
        for user, request in self.requests:
            for each in self.world.connections:
                if any(is_echo(received.message, request) for received in each.inbox):
                    self.story.echoes |= each is user.connection
                    self.story.relays |= each is not user.connection

    def _hears_hello_answered(self, alice: User) -> None:
        """Take for the answer to hello what else alice heard, as long as nobody gets that unasked."""
        connection = alice.connection
        self.story.said = [*[each.message for each in connection.inbox], *[each.raw for each in connection.broken]]
        unasked = set(map(shape_of, self.story.greeting))
        heard = [each.message for each in connection.inbox if shape_of(each.message) not in unasked]
        heard = [each for each in heard if not self.world.is_about_others(each) and not self._is_echo(each)]
        if self.story.hello is None and heard:
            self._is_answered("client-hello", heard[0])

    def _is_echo(self, message: Message) -> bool:
        return any(is_echo(message, request) for _, request in self.requests)

    async def _is_next(self, bob: User, *others: Connection) -> None:
        """See whether bob is served as soon as the others have gone."""
        for each in others:
            await each.close()
        inbox = bob.connection.inbox
        self.story.serves_one = await bob.connection.wait_until(lambda: bool(inbox), self.run.patience)

    async def _says_hello(self, alice: User) -> None:
        """Say the first hello, and have somebody else say a wider one if it is not answered soon.

        A server that answers the wider one at once does not understand the first: no need to wait for it any longer.
        """
        with self.run.patient_for(self.patience):
            asking = asyncio.create_task(self._asks(alice, "client-hello"))
            try:
                await asyncio.wait({asking}, timeout=HASTE)
                if not asking.done() and self.world.speech == STANDARD and self.patience == FIRST_PATIENCE:
                    await self._outrun(asking)
                await asyncio.wait({asking})
            finally:
                asking.cancel()
        if not asking.cancelled():
            asking.result()

    async def _outrun(self, asking: "asyncio.Task[Message | None]") -> None:
        """Ask in a wider form, and give up the first request if that is answered well before it."""
        wider, began = World(self.run, replace(STANDARD, fields=True)), time.monotonic()
        try:
            twin = await wider.stranger("twin")
            await twin.says("client-hello")
            if await self._is_first(twin.connection, asking):
                self.impatient = min(IMPATIENT, max(QUICK, BEHIND_FACTOR * (time.monotonic() - began)))
                await asyncio.wait({asking}, timeout=self.impatient)
                if asking.cancel():
                    self.story.answers["client-hello"] = None
        except Blocked:
            pass  # nobody else can connect, which the story will tell
        finally:
            await wider.end()

    async def _is_first(self, twin: Connection, asking: "asyncio.Task[Message | None]") -> bool:
        """Tell whether a connection hears something before a request is answered or given up."""
        hearing = asyncio.create_task(twin.wait_until(lambda: bool(twin.inbox), FIRST_PATIENCE - HASTE))
        try:
            await asyncio.wait({hearing, asking}, return_when=asyncio.FIRST_COMPLETED)
            return not asking.done() and hearing.result()
        finally:
            hearing.cancel()

    async def _talks(self, alice: User, bob: User) -> None:
        online = await self._asks(alice, "client-list-clients")
        if online is not None and all(mentions(online, each.name) for each in (alice, bob)):
            self.story.effects |= {"client-hello", "client-list-clients"}
        text = self.world.text()
        await self._asks(alice, "client-send", to=bob.name, msg=text)
        await self._works("client-send", bob, text)
        text = self.world.text()
        await self._asks(alice, "client-broadcast", msg=text)
        await self._works("client-broadcast", bob, text)

    async def _groups(self, alice: User, bob: User, *, whole: bool) -> None:
        group, text = self.world.group(), self.world.text()
        await self._asks(alice, "cgroupe", group=group)
        await self._asks(bob, "join", group=group)
        await self._is_told("server-join", alice, bob.name, group)
        await self._asks(alice, "gbroadcast", group=group, msg=text)
        if await self._works("gbroadcast", bob, text):
            self.story.effects |= {"cgroupe", "join"}
        if not self.story.understood & {"cgroupe", "join", "gbroadcast"}:
            return
        members = await self._asks(alice, "members", group=group)
        if members is not None and mentions(members, alice.name):
            self.story.effects |= {"cgroupe", "members"}
        groups = await self._asks(alice, "groups")
        if groups is not None and mentions(groups, group):
            self.story.effects |= {"cgroupe", "groups"}
        if "cgroupe" not in self.story.understood:
            return
        if whole:
            self.story.whole = True
            await self._rules(alice, bob, group)
        await self._privacy(alice, bob)

    async def _rules(self, alice: User, bob: User, group: str) -> None:
        carol = await self.world.stranger("carol")
        await self._asks(carol, "client-hello", remember=False)
        await self._asks(alice, "msgs", group=group)
        await self._asks(alice, "states", group=group)
        await self._asks(alice, "invite", group=group, dest=carol.name)
        await self._is_told("server-invite", bob, carol.name, group)
        joined = await self._asks(carol, "join", group=group, remember=False)
        await self._is_told("server-join", bob, carol.name, group)
        if joined is not None and looks_refused(joined):
            self.story.adds_invitees = await self._is_in(carol, alice, group)
        await self._asks(alice, "kick", group=group, dest=carol.name, reason="to see")
        await self._is_told("server-kick", bob, carol.name, group)
        await self._asks(carol, "join", group=group, remember=False)
        await self._is_told("server-join", bob, carol.name, group)
        await self._asks(alice, "ban", group=group, dest=carol.name, reason="to see")
        await self._is_told("server-ban", bob, carol.name, group)
        await self._asks(alice, "unban", group=group, dest=carol.name)
        await self._is_told("server-unban", bob, carol.name, group)
        await self._asks(bob, "leave", group=group)
        await self._is_told("server-leave", alice, bob.name, group)

    async def _is_in(self, user: User, member: User, group: str) -> bool:
        """Tell whether somebody gets what is said in a group."""
        text = self.world.text()
        await self._asks(member, "gbroadcast", group=group, msg=text, remember=False)
        return await self._hears(user, text)

    async def _privacy(self, alice: User, bob: User) -> None:
        """See whether somebody gets into a private group who was not invited."""
        group = self.world.group("den")
        await self._asks(alice, "cgroupe", group=group, private=True, remember=False)
        await self._asks(bob, "join", group=group, remember=False)
        if not await self._is_in(bob, alice, group):
            self.story.effects.add("private")

    async def _asks(self, user: User, action: str, *, remember: bool = True, **fields: Any) -> Message | None:
        for each in (each for connection in self.world.connections for each in connection.inbox):
            each.used = True  # what came before is no news of what happens now
        self.last = request = user.request(action, **fields)
        self.requests.append((user, request))
        await user.connection.send(request)
        answer = await user.answer_to(request)
        if answer is None:
            answer = self._likely_answer(user, request)
            self.story.in_own_words |= {action} if answer is not None else set()
        if answer is not None:
            self._is_answered(action, answer)
            if remember:
                self.story.wordings.setdefault(action, wording_of(answer))
        elif remember:
            self.story.answers.setdefault(action, None)
        return answer

    def _is_answered(self, action: str, answer: Message) -> None:
        if not looks_refused(answer):
            self.story.forms[action] = self.story.forms.get(action, frozenset()) | {shape_of(answer)}
        if self.run.witness is None:
            self._find_witness(action, answer)
        self.story.answers[action] = self.story.answers.get(action) or answer

    def _likely_answer(self, user: User, request: Message) -> Message | None:
        """Return what came to the requester in the form of an answer, where nothing else could have happened."""
        if request["action"] == "client-hello":
            return None  # what is said unasked is not known yet
        unasked = set(map(shape_of, (*self.story.greeting, *self.story.unasked)))
        for each in user.connection.inbox:
            if not each.used and shape_of(each.message) not in unasked and not is_echo(each.message, request):
                each.used = True
                if not self.world.is_about_others(each.message):  # such as the coming of the witness
                    return each.message
        return None

    def _find_witness(self, action: str, answer: Message) -> None:
        request = WITNESSED.get(action)
        if request is not None and not looks_refused(answer):
            name = World(self.run).fresh("witness")  # news of it are no answer to anybody of the story
            address, speech = self.world.address, self.world.speech
            # asked with an id, as everybody asks: a server that repeats it under a name of its own gives another shape
            number = {} if speech.bare else {"id": self.world.fresh_id()}
            self.run.witness = Witness(address, speech, name, request(name) | number, shape_of(answer))

    async def _works(self, action: str, hearer: User, text: str) -> bool:
        works = await self._hears(hearer, text)
        if works:
            self.story.effects |= {action, "client-hello"}
        return works

    async def _hears(self, hearer: User, text: str) -> bool:
        inbox = hearer.connection.inbox
        return await self.world.wait(hearer.connection, lambda: any(mentions(each.message, text) for each in inbox))

    async def _is_told(self, action: str, hearer: User, *tokens: str) -> None:
        """See whether somebody hears of something now: a message that was not there before, with these names."""
        inbox = hearer.connection.inbox

        def is_it() -> bool:
            return any(not each.used and all(mentions(each.message, token) for token in tokens) for each in inbox)

        if not await self.world.wait(hearer.connection, is_it):
            self.story.unheard.add(news(action))
        hearer.uses_up(tokens[0])

    def _unasked(self, silent: Connection) -> list[Message | bytes]:
        """Return what somebody got who never spoke, the news of our own people aside."""
        token = self.run.token
        messages = [each.message for each in silent.inbox if not mentions(each.message, token)]
        return [*messages, *[each.raw for each in silent.broken]]


def listed_features(hello: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the optional features that a server-hello lists."""
    listed = hello.get("features", []) if hello is not None else []
    return frozenset(each for each in listed if isinstance(each, str)) if isinstance(listed, list) else frozenset()
