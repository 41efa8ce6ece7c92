"""What passes on connections, judged message by message: the same for a live proxy, a recording and a file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tchat_conform.form import Fault, Side, faults_of, law, user_of
from tchat_conform.recording import Event
from tchat_conform.requirements import requirements
from tchat_conform.stream import Sighting, Stream
from tchat_protocol.framing import BadInput

CLIENTS_LINK = "PROTOCOL.md#9-what-a-client-has-to-bear"
CUT_AND_JOINED = "messages cut and joined anywhere, with or without line feeds"
"""Words of that section."""
KINDS, OTHER_KINDS = 100, "other kinds"
"""So many kinds of fault are counted each by itself."""
KIND_SHOWN = 100
"""Characters of an action or a field that are told apart."""


@dataclass(frozen=True, slots=True)
class Fact:
    """How a message came: a sentence, the requirement or section that speaks of it, and what that says, with its link.

    It is no fault: PROTOCOL.md allows it, but many a reader does not bear it.
    """

    sentence: str
    place: str
    law: str

    @property
    def said(self) -> str:
        """The sentence with where the law stands."""
        return f"{self.sentence} ({self.place})"


@dataclass(frozen=True, slots=True)
class Seen:
    """One message, or text that is none, of one side of a connection.

    ``user`` is the name that the connection's client is known by so far. ``event`` brought its last byte, ``begun``
    its first. ``followed`` counts the pieces of bad input after it that only follow from it.
    """

    event: Event
    begun: Event
    user: str | None
    sighting: Sighting
    faults: tuple[Fault, ...]
    facts: tuple[Fact, ...]
    followed: int = 0

    @property
    def side(self) -> Side:
        """Who sent it."""
        return self.event.side

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults

    @property
    def action(self) -> str | None:
        """Its action, if it has one that is a string."""
        value = self.sighting.value
        action = None if isinstance(value, BadInput) else value.get("action")
        return action if isinstance(action, str) else None


@dataclass(slots=True)
class Tally:
    """What one connection came to: messages by side, faults by kind, requirements by how often they were touched."""

    user: str | None = None
    messages: Counter[Side] = field(default_factory=Counter)
    invalid: Counter[Side] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    requirements: Counter[str] = field(default_factory=Counter)

    def add(self, seen: Seen) -> None:
        """Count one message."""
        self.user = seen.user or self.user
        self.messages[seen.side] += 1
        self.invalid[seen.side] += not seen.valid
        for fault in seen.faults:
            self._count(kind_of_fault(seen.action, fault), 1)
            self.requirements[fault.requirement.id] += 1
        for fact in seen.facts:
            self.requirements[fact.place] += 1

    def include(self, other: "Tally") -> None:
        """Add what another connection came to."""
        self.messages += other.messages
        self.invalid += other.invalid
        self.requirements += other.requirements
        for kind, times in other.kinds.items():
            self._count(kind, times)

    def _count(self, kind: str, times: int) -> None:
        """Count a kind of fault, which has a peer's words in it: those for which there is no room count together."""
        self.kinds[kind if kind in self.kinds or len(self.kinds) < KINDS else OTHER_KINDS] += times


def kind_of_fault(action: str | None, fault: Fault) -> str:
    """Return what unites faults that have one cause, such as ``join /group type``."""
    return " ".join(part[:KIND_SHOWN] for part in (action, fault.field, fault.rule) if part)


@dataclass(slots=True)
class _Direction:
    stream: Stream = field(default_factory=Stream)
    begun: Event | None = None


@dataclass(slots=True)
class _Connection:
    tally: Tally = field(default_factory=Tally)
    sides: dict[Side, _Direction] = field(default_factory=lambda: {"client": _Direction(), "server": _Direction()})


class Observer:
    """Takes events in their order and gives the messages in them, judged. Never raises on what peers send.

    At most ``kept`` connections are remembered each by itself, those that have not ended aside; older ones only as
    ``earlier``, which is how many they are, and what they came to together. None remembers all.
    """

    def __init__(self, kept: int | None = None) -> None:
        self._connections: dict[int, _Connection] = {}
        self._over: dict[int, None] = {}
        self._kept = kept
        self.earlier = (0, Tally())

    @property
    def tallies(self) -> dict[int, Tally]:
        """What each connection came to, by its number."""
        return {number: each.tally for number, each in self._connections.items()}

    def take(self, event: Event) -> list[Seen]:
        """Return the messages that an event completes."""
        connection = self._connections.setdefault(event.connection, _Connection())
        if event.what == "opened":
            self._make_room()
        elif event.what != "bytes":
            self._over[event.connection] = None
        if event.what != "bytes":
            return []
        direction = connection.sides[event.side]
        begun = direction.begun or event
        found = [
            self._judged(connection, event, begun if each.segments > 1 else event, each, followed)
            for each, followed in without_followers(direction.stream.feed(event.data))
        ]
        if not direction.stream.pending:
            direction.begun = None
        elif found or direction.begun is None:
            direction.begun = event
        return found

    def _make_room(self) -> None:
        """Forget the oldest connection that has ended, if there are too many, but for its numbers."""
        if self._kept is None or len(self._over) <= self._kept:
            return
        oldest = next(iter(self._over))
        del self._over[oldest]
        count, together = self.earlier
        together.include(self._connections.pop(oldest).tally)
        self.earlier = count + 1, together

    def unfinished(self) -> Iterator[tuple[int, Side, Event, str]]:
        """Yield the directions that stop inside a message: connection, side, where it begins, and a sentence."""
        for number, connection in self._connections.items():
            for side, direction in connection.sides.items():
                wrong = direction.stream.end()
                if wrong is not None and direction.begun is not None:
                    yield number, side, direction.begun, wrong.reason

    def _judged(self, connection: _Connection, event: Event, begun: Event, sighting: Sighting, followed: int) -> Seen:
        if event.side == "client" and connection.tally.user is None:
            connection.tally.user = user_of(sighting.value)
        faults = tuple(faults_of(event.side, sighting.value, sighting.size))
        facts = () if isinstance(sighting.value, BadInput) else tuple(framing_facts(event.side, sighting))
        seen = Seen(event, begun, connection.tally.user, sighting, faults, facts, followed)
        connection.tally.add(seen)
        return seen


def framing_facts(side: Side, sighting: Sighting) -> Iterator[Fact]:
    """Yield what a reader that takes one segment for one message would trip over."""
    if sighting.company > 1:
        yield _fact(f"{sighting.company} messages in one segment", "W-JOIN-1" if side == "client" else None)
    if sighting.segments > 1:
        yield _fact(f"cut over {sighting.segments} segments", "W-SPLIT-1" if side == "client" else None)
    if not sighting.line_feed:
        yield _fact("no line feed came with it", "W-SEP-1" if side == "client" else "W-LINE-1")


def _fact(sentence: str, number: str | None) -> Fact:
    if number is None:
        return Fact(sentence, "section 9", f"{CLIENTS_LINK}: a client has to bear {CUT_AND_JOINED}")
    return Fact(sentence, number, law(requirements()[number]))


def without_followers(found: list[Sighting]) -> Iterator[tuple[Sighting, int]]:
    """Leave out bad input that is only the rest of an object that was broken in the same segment, but count it."""
    at = 0
    while at < len(found):
        first, at, followed = found[at], at + 1, 0
        if _broken_object(first.value):
            while at < len(found) and _rest(found[at].value):
                at, followed = at + 1, followed + 1
        yield first, followed


def _broken_object(value: Any) -> bool:
    return isinstance(value, BadInput) and value.raw.startswith(b"{")


def _rest(value: Any) -> bool:
    return isinstance(value, BadInput) and not value.raw.startswith(b"{")
