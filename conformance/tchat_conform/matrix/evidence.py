"""What happened when somebody asked for something: on the wire, on the screens, and to the programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tchat_conform.matrix.result import Blame
from tchat_conform.matrix.wire import Told, Trait
from tchat_protocol.framing import Message


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who must be told of a request.

    ``token`` tells the message on his wire from all others; ``texts`` must stand on his screen, each with what it is,
    and ``should`` may be missing there. ``action`` is that of the message in its standard form, ``rule`` the
    requirement that a server breaks who does not deliver it, ``shown_by`` that of a client who does not show it.
    """

    who: str
    action: str
    token: str
    rule: str
    shown_by: str
    texts: Mapping[str, str] = field(default_factory=dict)
    should: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hearing:
    """What became of a listener: the message that told him, None if none did, and what his screen did not show.

    ``earlier`` is what his client had got before, since it was started; ``ended`` how it ended, empty while it runs;
    ``complaint`` is an error of its own that it had shown before.
    """

    listener: Listener
    client: str
    told: Told | None
    missing: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    earlier: tuple[Told, ...] = ()
    ended: str = ""
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request: who typed what, what was meant and sent, and what came of it.

    ``rule`` is the requirement that a server breaks who does not do it; ``step`` counts the requests of a scenario.
    ``typed`` is None where the client has no such command. ``wrong`` says in what the request is another than was
    meant. ``ended`` is how the client ended, ``was_gone`` that it had before anything was typed, ``complaint`` the
    error of its own that it had shown then. ``goes_on`` says that a later command was sent. ``answer`` came to the
    person who asked, ``refusal`` too. ``heard`` is all that it got meanwhile, ``earlier`` what it had got before.
    ``server_end`` says how the server ended, empty while it runs; ``closed`` that it closed the connection.
    ``before`` is what was out of order in the answers to what the scenario asked for before. ``silence`` says how
    long nothing came.
    """

    who: str
    client: str
    action: str
    rule: str
    step: int
    meant: Message
    typed: str | None
    sent: Told | None = None
    wrong: str = ""
    ended: str = ""
    was_gone: bool = False
    complaint: str = ""
    goes_on: bool = False
    answer: Told | None = None
    refusal: Told | None = None
    heard: tuple[Told, ...] = ()
    earlier: tuple[Told, ...] = ()
    server_end: str = ""
    closed: bool = False
    hearings: tuple[Hearing, ...] = ()
    before: tuple[Blame, ...] = ()
    silence: str = ""


@dataclass(frozen=True, slots=True)
class ClientKnown:
    """What the suite has learned of a client alone: which messages it shows, and what it does not bear."""

    shows: Mapping[str, bool] = field(default_factory=dict)
    slowest: float | None = None
    bears: Mapping[Trait, bool] = field(default_factory=dict)

    def not_borne(self, told: Told | None) -> Trait | None:
        """Return the trait of a message that the client is known not to bear; None if there is none."""
        return next((each for each in Trait if told and each in told.traits and self.bears.get(each) is False), None)


@dataclass(frozen=True, slots=True)
class ServerKnown:
    """What the suite has learned of a server alone, with people that it played: how far each scenario came.

    ``reached`` holds the last step that worked, by scenario; ``whole`` the scenarios that passed.
    """

    reached: Mapping[str, int] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    looked: bool = False
    slowest: float | None = None

    def does(self, scenario: str, step: int) -> bool | None:
        """Tell whether a step works where the suite asks for it; None if that is not known."""
        if not self.looked:
            return None
        return scenario in self.whole or self.reached.get(scenario, 0) >= step


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the peers of one cell."""

    server: str
    server_known: ServerKnown = ServerKnown()
    clients: Mapping[str, ClientKnown] = field(default_factory=dict)

    @property
    def slowest(self) -> float | None:
        """The slowest reaction that was seen of them alone, in seconds; None where something was not looked at."""
        each = [self.server_known.slowest, *(known.slowest for known in self.clients.values())]
        seen = [seconds for seconds in each if seconds is not None]
        return max(seen) if len(seen) == len(each) else None

    def of(self, client: str) -> ClientKnown:
        """Return what is known of a client."""
        return self.clients.get(client, ClientKnown())
