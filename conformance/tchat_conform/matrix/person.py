"""The people of a pair, who type in the terminals of their clients."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from tchat_conform.clients.arrival import Arrival
from tchat_conform.clients.compare import sender_of
from tchat_conform.clients.player import HOST
from tchat_conform.clients.pulse import Pulse
from tchat_conform.clients.run import ClientRun
from tchat_conform.clients.terminal import ERROR, Terminal
from tchat_conform.matrix.wire import Journal, Wire
from tchat_conform.verdict import Blocked, Failed
from tchat_protocol.messages import request_name_field

SCREEN_LINES, COMPLAINT = 40, 300
"""Lines of a screen, and characters of an error, that are kept."""
LEAST_PATIENCE, MORE_THAN_SLOWEST = 1.5, 5
REACTS_WITHIN = 0.3
"""Seconds that a client has to react to what it may not bear, before something else is typed."""
ENDS_WITHIN = 1.0
"""Seconds that a client has to end after its connection."""


class NeverCame(Exception):  # noqa: N818 - how a client's start ends
    """A client did not connect, or ended first; the message says how. ``is_bad_text``: what it sent is no message."""

    def __init__(self, sentence: str, *, is_bad_text: bool = False) -> None:
        super().__init__(sentence)
        self.is_bad_text = is_bad_text


class Person(Protocol):
    """Somebody who chats."""

    name: str
    client: str
    wire: Wire
    barrier: str | None

    async def start(self) -> None:
        """Come in, as far as that goes without an answer. Raises NeverCame or CannotStart."""

    async def asks(self, action: str, fields: Mapping[str, Any]) -> str | None:
        """Ask for a request; return what was typed, None if there is no command for it."""

    async def begins(self) -> None:
        """Wait until the first request may be asked for."""

    def is_unasked(self, action: str) -> bool:
        """Tell whether the client sends such requests by itself."""

    async def obeys(self) -> bool:
        """Tell whether what is typed later is sent."""

    @property
    def mark(self) -> int:
        """How much is shown until now."""

    def shows(self, text: str, since: int) -> bool:
        """Tell whether a text is shown since a mark."""

    @property
    def complaint(self) -> str:
        """The error of its own that the client has shown last; empty where it has shown none."""

    async def takes_in(self, limit: float) -> None:
        """Wait until the client has reacted to what it got last, be it that it ends of it, at most so many seconds."""

    @property
    def ended(self) -> str:
        """How the client ended, with its last words; empty while it runs."""

    @property
    def picture(self) -> str:
        """What is shown last."""

    async def ends(self, limit: float) -> bool:
        """Wait for its end so many seconds; tell whether it came."""

    async def close(self) -> None:
        """End the client and its connection."""


class Typist:
    """A person at a client's terminal."""

    def __init__(self, client: str, run: ClientRun, wire: Wire, journal: Journal, pulse: Pulse) -> None:
        self.name, self.client, self.run = run.name, client, run
        self.wire, self.pulse = wire, pulse
        self.barrier = run.barrier
        self._journal = journal
        self._terminal: Terminal | None = None
        self._typed_at = 0.0
        self._before_last = 0
        self._has_mourned = False
        wire.on_told = self._note_mark

    # -- what Arrival needs -------------------------------------------------------------------------------

    @property
    def player(self) -> Wire:
        """What the client connects to."""
        return self.wire

    @property
    def terminal(self) -> Terminal:
        """The client's terminal."""
        assert self._terminal is not None  # noqa: S101 - a person starts before anything else
        return self._terminal

    def press(self, line: str) -> None:
        """Type a line."""
        self._journal.add(self.name, "·", f"types {line}".encode())
        self._typed_at = time.monotonic()
        self.terminal.press(line + self.run.description.enter)

    # -- the person ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """See Person."""
        await self.wire.open()
        environment = self.run.environment(HOST, self.wire.port)
        argv = self.run.argv(HOST, self.wire.port)
        self._terminal = await Terminal.start(argv, environment, self.pulse, self.run.cwd)
        try:
            first = await Arrival(self).first_message()
        except Failed as failed:
            raise NeverCame(failed.finding.sentence, is_bad_text=True) from failed
        except Blocked as blocked:
            raise NeverCame(blocked.finding.sentence) from blocked
        if first is not None:
            self.name = sender_of(first) or self.name

    def _note_mark(self) -> None:
        self._before_last = self.mark

    async def takes_in(self, limit: float) -> None:
        """See Person. An error of its own that it shows may be its last word."""
        await self.pulse.until(lambda: self.mark != self._before_last or bool(self.ended), limit)
        if self.complaint and not self._has_mourned:
            self._has_mourned = True
            await self.ends(ENDS_WITHIN)

    async def begins(self) -> None:
        """Wait until the first line may be typed."""
        await asyncio.sleep(self.run.description.start_delay)
        mark = self.mark
        await self.pulse.until(lambda: self.mark != mark or bool(self.ended), self.run.description.line_delay)

    async def asks(self, action: str, fields: Mapping[str, Any]) -> str | None:
        """See Person."""
        name, description = request_name_field(action), self.run.description
        lines = description.lines(action, {**({name: self.name} if name else {}), **fields})
        if lines is None or any(fields[each] is True for each in description.cannot_say(action, fields)):
            return None  # a group that is to be private, and would not be
        delay = description.line_delay
        if len(lines) > 1:
            await self.terminal.is_drawn(delay)  # a question that comes late is none about what is typed
        self.press(lines[0])
        for line in lines[1:]:
            await self.pulse.until(self.terminal.has_asked, delay)
            self.press(line)
        return " ⏎ ".join(lines)

    def is_unasked(self, action: str) -> bool:
        """See Person."""
        return action in self.run.spontaneous

    async def obeys(self) -> bool:
        """See Person."""
        barrier, before = self.barrier, len(self.wire.said)
        if barrier is None or self.ended:
            return False
        await asyncio.sleep(max(0.0, self._typed_at + self.run.description.line_delay - time.monotonic()))
        await self.asks(barrier, {"msg": "?"} if barrier == "client-broadcast" else {})
        limit = patience(self.run.slowest, self.run.limit)
        return await self.pulse.until(lambda: any(each.action == barrier for each in self.wire.said[before:]), limit)

    @property
    def mark(self) -> int:
        """See Person."""
        return 0 if self._terminal is None else self._terminal.mark

    def shows(self, text: str, since: int) -> bool:
        """See Person."""
        return self._terminal is not None and self._terminal.shows(text, since)

    @property
    def complaint(self) -> str:
        """See Person."""
        drawn = "" if self._terminal is None else self._terminal.drawn_since(0)
        found = list(ERROR.finditer(drawn))
        return drawn[found[-1].start() : found[-1].start() + COMPLAINT] if found else ""

    @property
    def ended(self) -> str:
        """See Person."""
        if self._terminal is not None and self._terminal.ended:
            return self._terminal.obituary
        return "it closed the connection" if self.wire.closed_by == "client" else ""

    @property
    def picture(self) -> str:
        """See Person."""
        return "\n".join(self._terminal.lines[-SCREEN_LINES:]) if self._terminal else ""

    def screen(self) -> str:
        """Return what the screen shows last, in words."""
        last = self.terminal.last_lines
        return f"on the screen: {last}" if last else "an empty screen"

    async def ends(self, limit: float) -> bool:
        """See Person."""
        return await self.pulse.until(lambda: self.terminal.ended, limit)

    async def close(self) -> None:
        """See Person."""
        if self._terminal is not None:
            await self._terminal.close()
        await self.wire.close()


def patience(slowest: float | None, limit: float, least: float = LEAST_PATIENCE) -> float:
    """Return how many seconds a reaction is waited for, from the slowest seen so far: from ``least`` to ``limit``."""
    return limit if slowest is None else min(limit, max(least, MORE_THAN_SLOWEST * slowest))
