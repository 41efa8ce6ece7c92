"""How a client comes in: what it asks at its terminal is answered, until it has connected and said its hello."""

import time
from collections.abc import Sequence
from typing import NoReturn, Protocol

from tchat_conform.clients.player import HOST, Received
from tchat_conform.clients.pulse import Pulse
from tchat_conform.clients.run import ClientRun
from tchat_conform.clients.terminal import Terminal
from tchat_conform.verdict import Blocked, Failed, Finding
from tchat_protocol.framing import BadInput, Message

STARTS_IN = 3
"""So many times as long as a reaction may take may a client take to connect, and as long again to say hello."""
HELLO_LIMIT = 2.0
"""Seconds of quiet after which a client that is connected will say no hello."""
QUIET = 0.3
"""Seconds of quiet after which a client that is known to say no hello has begun."""

Seen = tuple[int, int, int, bool, bool]


class Line(Protocol):
    """The server's end of what a client connects to."""

    @property
    def received(self) -> Sequence[Received]:
        """What the client has sent."""

    @property
    def connections(self) -> int:
        """How often it has connected."""

    @property
    def is_open(self) -> bool:
        """Whether its newest connection is open."""

    @property
    def port(self) -> int:
        """Where it has to connect."""


class Newcomer(Protocol):
    """A client at its terminal that is to come in."""

    run: ClientRun
    pulse: Pulse

    @property
    def player(self) -> Line:
        """What it connects to."""

    @property
    def terminal(self) -> Terminal:
        """Its terminal."""

    def press(self, line: str) -> None:
        """Type a line."""

    def screen(self) -> str:
        """Return what the screen shows last."""


class Arrival:
    """One client that comes in."""

    def __init__(self, stage: Newcomer) -> None:
        self._stage = stage
        self._answered = (-1, "")
        self._limit = STARTS_IN * stage.run.limit

    async def first_message(self) -> Message | None:
        """Return the first message of the client, None if it says nothing by itself.

        Raises Blocked if it does not connect, and Failed if what it sends is no message.
        """
        stage = self._stage
        began = time.monotonic()
        while not stage.player.received and time.monotonic() - began < 2 * self._limit:
            self._answer_question()
            if not await self._something_happens():
                break
            if stage.terminal.ended:
                self._never_came(f"the client ended before it had said anything: {stage.terminal.obituary}")
        if not stage.player.connections:
            self._never_came(f"the client did not connect to {{host}}:{{port}} within {self._limit:.0f} s")
        first = stage.player.received[0].content if stage.player.received else None
        if isinstance(first, BadInput):
            sentence = f"the first thing that the client sends is no message: {first.reason}"
            raise Failed(Finding(sentence, None, repr(first.raw)))
        return first

    async def settle(self) -> None:
        """Wait until nothing has happened for a while, or until it is clear that something always does."""
        began, before = time.monotonic(), None
        while before != self._seen() and time.monotonic() - began < HELLO_LIMIT:
            before = self._seen()
            await self._something_happens(QUIET)

    async def _something_happens(self, limit: float | None = None) -> bool:
        """Wait for anything to change, and tell whether it has."""
        stage, before = self._stage, self._seen()
        if limit is None:
            quiet = HELLO_LIMIT if stage.run.says_hello else QUIET
            limit = quiet if stage.player.connections else self._limit
        return await stage.pulse.until(lambda: self._seen() != before, limit)

    def _seen(self) -> Seen:
        terminal, player = self._stage.terminal, self._stage.player
        return terminal.mark, player.connections, len(player.received), player.is_open, terminal.ended

    def _answer_question(self) -> None:
        """Answer the question that the cursor stands behind, unless it is the one answered last."""
        terminal = self._stage.terminal
        row, prompt = terminal.row, terminal.prompt
        if not prompt.strip() or (row == self._answered[0] and prompt.startswith(self._answered[1])):
            return
        template = self._stage.run.description.answer_to(prompt)
        if template is not None:
            self._stage.press(self._stage.run.filled(template, HOST, self._stage.player.port))
            self._answered = row, prompt

    def _never_came(self, sentence: str) -> NoReturn:
        raise Blocked(Finding(sentence, None, self._stage.screen(), by="a client that connects"))
