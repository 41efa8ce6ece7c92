"""One person's connection as the relay in the middle sees it: every message of either side, judged."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tchat_conform.address import Address
from tchat_conform.clients.player import HOST, Received
from tchat_conform.clients.pulse import Pulse
from tchat_conform.expect import mentions
from tchat_conform.form import Fault, Side
from tchat_conform.observe import Observer, Seen
from tchat_conform.recording import Event
from tchat_conform.relay import Relay
from tchat_conform.speech import unwrapped
from tchat_conform.wirelog import Direction, WireLog
from tchat_protocol.framing import BadInput, Message

ENTRIES, KEPT = 2_000, 4_096
"""Entries of a log, and bytes of each, that are kept."""
ROOM = 64 * 1024 * 1024
"""Bytes of one person's connections that are looked at; what passes beyond them passes unseen."""
ARROWS: dict[Side, Direction] = {"client": "→", "server": "←"}


class Trait(StrEnum):
    """How a message came, where that is not one line in a segment of its own: allowed, but not borne by everyone."""

    JOINED = "joined"
    """Other messages stood in the same segment."""
    CUT = "cut"
    """It came over several segments."""
    SPREAD = "spread"
    """It stands on several lines."""
    BARE = "bare"
    """No line feed came with it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message, or text that is none, of one side; its faults against the schemas, and how it came."""

    side: Side
    content: Message | BadInput
    faults: tuple[Fault, ...] = ()
    traits: frozenset[Trait] = frozenset()

    @property
    def message(self) -> dict[str, Any] | None:
        """The message; None for text that is none."""
        return None if isinstance(self.content, BadInput) else dict(self.content)

    @property
    def inner(self) -> dict[str, Any]:
        """The message without an envelope; empty for text that is none."""
        return unwrapped(self.message or {})

    @property
    def action(self) -> str:
        """Its action; empty where it has none."""
        action = self.inner.get("action")
        return action if isinstance(action, str) else ""

    def tells(self, token: str) -> bool:
        """Tell whether a text or name stands in it."""
        if isinstance(self.content, BadInput):
            return token in self.content.raw.decode("utf-8", "replace")
        return mentions(self.content, token)


class Journal:
    """Where people's connections write down what passes; it goes on to a new log with each scenario."""

    def __init__(self) -> None:
        self.log = WireLog()

    def begin(self) -> None:
        """Go on in a new log."""
        self.log = WireLog()

    def remark(self, who: str, text: str) -> None:
        """Note what the suite does, whether there is room or not."""
        self.log.add(who, "·", text.encode())

    def add(self, who: str, direction: Direction, data: bytes) -> None:
        """Note bytes or a remark, as long as there is room: who floods the wire does not fill our memory."""
        if len(self.log.entries) < ENTRIES:
            self.log.add(who, direction, data[:KEPT])


class Wire:
    """The relay between one client and the server.

    ``said`` is what the client sent, ``heard`` what it got; ``on_told`` is called before it gets something.
    """

    def __init__(self, who: str, server: Address, journal: Journal, pulse: Pulse) -> None:
        self.said: list[Told] = []
        self.heard: list[Told] = []
        self.connections = 0
        self.port = 0
        self.is_open = False
        self.closed_by: Side | None = None
        self.on_told: Callable[[], None] = lambda: None
        self._who, self._journal, self._pulse = who, journal, pulse
        self._relay = Relay(server, self._watch)
        self._observer = Observer()
        self._streams: dict[tuple[int, Side], bytearray] = {}
        self._passed = 0
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Listen on a free port, and pass on to the server."""
        self.port = await self._stack.enter_async_context(self._relay.listening(HOST, 0))

    async def close(self) -> None:
        """End all connections."""
        await self._stack.aclose()

    @property
    def received(self) -> Sequence[Received]:
        """What the client sent, as ``Arrival`` looks at it."""
        return [Received(each.content) for each in self.said]

    def _watch(self, event: Event) -> None:
        if event.what == "bytes" and not self._has_room(len(event.data)):
            return
        if event.what == "bytes":
            self._journal.add(self._who, ARROWS[event.side], event.data)
            self._streams.setdefault((event.connection, event.side), bytearray()).extend(event.data)
        elif event.what == "opened":
            self.connections, self.is_open, self.closed_by = self.connections + 1, True, None
            self._journal.add(self._who, "·", b"connected")
        else:
            self._ended(event)
        if event.what == "bytes" and event.side == "server":
            self.on_told()
        for seen in self._observer.take(event):
            (self.said if event.side == "client" else self.heard).append(self._told(seen))
        self._pulse.beat()

    def _has_room(self, size: int) -> bool:
        """Tell whether what passes is still looked at: who floods the wire does not fill our memory."""
        had_room, self._passed = self._passed <= ROOM, self._passed + size
        if had_room and self._passed > ROOM:
            self._journal.remark(self._who, f"more than {ROOM:,} bytes have passed: what follows is not looked at")
        return self._passed <= ROOM

    def _ended(self, event: Event) -> None:
        if event.connection == self.connections and self.is_open:
            self.is_open, self.closed_by = False, event.side
        words = {"ended": "closed the connection", "reset": "reset the connection", "failed": "could not be reached"}
        self._journal.add(self._who, "·", f"the {event.side} {words[event.what]}".encode())

    def _told(self, seen: Seen) -> Told:
        sighting = seen.sighting
        raw = self._streams[seen.event.connection, seen.side][sighting.start : sighting.end]
        found = {
            Trait.JOINED: sighting.company > 1,
            Trait.CUT: sighting.segments > 1,
            Trait.SPREAD: b"\n" in raw.strip(),
            Trait.BARE: not sighting.line_feed,
        }
        traits = frozenset() if isinstance(sighting.value, BadInput) else frozenset(k for k, v in found.items() if v)
        return Told(seen.side, sighting.value, seen.faults, traits)
