"""The people of one pair at their server: who is there, and waiting for what they bring about."""

import hashlib
from collections.abc import Callable, Mapping

from tchat_conform.clients.pulse import Pulse
from tchat_conform.matrix.evidence import Known
from tchat_conform.matrix.notes import Forbidden, Notes
from tchat_conform.matrix.person import ENDS_WITHIN, LEAST_PATIENCE, Person, patience
from tchat_conform.matrix.server import PeerServer
from tchat_conform.matrix.wire import Journal, Wire

ALICE, BOB = "alice", "bob"
SETTLES = 0.4
"""Seconds that an acknowledgement may take at least that nothing depends on: what it is about is looked at later."""

Make = Callable[[str, Wire, Journal, Pulse], Person]
"""Makes the person of a name at a wire."""
Marks = Mapping[str, tuple[int, int, str]]
"""How much everybody had heard, how much his screen had shown, and the error that was on it, by name."""


class Company:
    """One pair at its server.

    ``limit`` is how many seconds a reaction is waited for at most, ``salt`` makes the words of a run its own, and
    ``haste`` is by how much longer things are waited for than usual. ``was_inside`` says that both have come in.
    """

    def __init__(self, server: PeerServer, make: Make, known: Known, limit: float, salt: str) -> None:
        self.server, self.known, self.limit = server, known, limit
        self.haste, self.least = 1.0, LEAST_PATIENCE
        self.pulse, self.journal, self.notes = Pulse(), Journal(), Notes()
        self.people: dict[str, Person] = {}
        self.came: set[str] = set()
        self.was_inside = False
        self.slowest = known.slowest
        self._make, self._salt, self._serial = make, salt, 0

    def fresh(self, stem: str) -> str:
        """Return a name or text that nothing else holds."""
        self._serial += 1
        token = hashlib.sha256(self._salt.encode()).hexdigest()[:6]
        return f"{stem}-{token}-{self._serial:05d}"

    def name(self, who: str) -> str:
        """Return under which name somebody goes, as his client has it."""
        return self.people[who].name

    def begin(self, scenario: str) -> None:
        """Begin a scenario, with a log and notes of its own."""
        self.notes = Notes(scenario)
        self.journal.begin()
        for person in self.people.values():
            self.notes.joins(person)

    def enter(self, who: str) -> Person:
        """Return a new person, whose client is to be started."""
        wire = Wire(who, self.server.address, self.journal, self.pulse)
        self.people[who] = person = self._make(who, wire, self.journal, self.pulse)
        self.notes.joins(person)
        return person

    async def leave(self, who: str) -> None:
        """End somebody's client, however it is."""
        await self.people.pop(who).close()

    async def leave_all(self) -> None:
        """End everybody's client."""
        for who in list(self.people):
            await self.leave(who)

    def is_gone(self, who: str) -> bool:
        """Tell whether somebody's client has ended or has no connection."""
        person = self.people[who]
        return bool(person.ended) or not person.wire.is_open

    def forbid(self, who: str, token: str, rule: str, sentence: str) -> None:
        """Note that somebody must not get a text, by a requirement; the sentence is about a server that sends it."""
        self.notes.forbidden.append(Forbidden(who, token, rule, sentence))

    def remark(self, sentence: str) -> None:
        """Write into the log what the suite does."""
        self.journal.log.remark(sentence)

    # -- waiting ------------------------------------------------------------------------------------------

    def marks(self) -> dict[str, tuple[int, int, str]]:
        """Return how much everybody has heard and seen until now."""
        return {who: (len(each.wire.heard), each.mark, each.complaint) for who, each in self.people.items()}

    async def until(self, state: Callable[[], bool], *people: Person, settles: bool = False) -> bool:
        """Wait for a state as long as these people have shown that it may take, or until one of them is gone.

        ``settles`` says that nothing depends on it. Returns whether the state is there.
        """
        limit = self.patience
        limit = min(limit, max(SETTLES, limit / 3)) if settles else limit

        def is_over() -> bool:
            lost = any(each.ended or each.wire.closed_by == "server" for each in people)
            return state() or lost or not self.server.runs

        await self.pulse.until(is_over, limit)
        for each in people:
            if each.wire.closed_by == "client":
                await each.ends(ENDS_WITHIN)
        return state()

    def note(self, seconds: float) -> None:
        """Keep in mind how long something took."""
        self.slowest = max(self.slowest or 0.0, seconds)

    @property
    def patience(self) -> float:
        """How many seconds a reaction is waited for, from the slowest that this pair has shown."""
        return self.haste * patience(self.slowest, self.limit, self.least)
