"""One TCP connection to the server under test: bytes out, messages in, everything logged."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tchat_conform.address import Address
from tchat_conform.shape import Shape, shape_of
from tchat_conform.speech import STANDARD, Speech
from tchat_conform.wirelog import WireLog
from tchat_protocol.framing import BadInput, Decoder

APART = 0.05
"""Seconds between a message that nothing came after and the next: in one segment they would kill many a server."""
CLOSER = 0.01
"""The same, once the pacer has told that the server is past the first."""
CLOSE, END, RESET = b"we close", b"we end our side", b"we reset the connection"
CLOSINGS = frozenset({CLOSE, END, RESET})
"""The remarks of a log that say that our side has ended a connection."""
LINGERS = 0.25
"""Seconds that a server is given to end its side of a connection once we have ended ours."""
CLOSES = 1.0
"""Seconds that what was sent last is given to go, once we have closed a connection."""
LEAVING = ("client-quit", "client-error")
QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
MAX_ANSWER_BYTES = 16 * 1024 * 1024
CHUNK = 65_536


Pacer = Callable[[], Awaitable[bool]]
Noise = Callable[[Mapping[str, Any]], bool]
Condition = Callable[[], bool]


@dataclass(slots=True)
class Received:
    """One message as it came: its bytes' arrival on the monotonic clock, and whether a case used it already."""

    message: dict[str, Any]
    at: float
    used: bool = False


@dataclass(slots=True, eq=False)
class Connection(asyncio.Protocol):
    """A connection that hears by itself. ``inbox`` holds all that came, ``broken`` what was no message."""

    who: str
    log: WireLog
    speech: Speech = STANDARD
    pacer: Pacer | None = None
    greetings: list[Shape] = field(default_factory=list)
    echoes: bool = False
    is_noise: Noise = lambda _: False
    inbox: list[Received] = field(default_factory=list)
    broken: list[BadInput] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    last_sent: float = 0.0
    departed: float | None = None
    cut: bool = False
    closed: bool = False
    reset: bool = False
    _decoder: Decoder = field(default_factory=lambda: Decoder(limit=MAX_ANSWER_BYTES))
    _unheard_since: float | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _deaf: bool = False
    _parting: bool = False
    _marks: list[tuple[Mapping[str, Any], int]] = field(default_factory=list)
    _said: list[Mapping[str, Any]] = field(default_factory=list)
    _transport: asyncio.Transport = field(init=False)
    _socket: socket.socket | None = None
    _waiting: list[tuple[Condition, asyncio.Future[None]]] = field(default_factory=list)
    _congested: asyncio.Future[None] | None = None
    _gone: asyncio.Future[None] | None = None
    _lost: bool = False

    @classmethod
    async def open(  # noqa: PLR0913 - whose, where, and how to speak there
        cls,
        who: str,
        address: Address,
        log: WireLog,
        limit: float,
        speech: Speech = STANDARD,
        *,
        pacer: Pacer | None = None,
        greetings: Iterable[Shape] = (),
        echoes: bool = False,
        is_noise: Noise = lambda _: False,
    ) -> "Connection":
        """Connect within ``limit`` seconds. Raises OSError or TimeoutError if nobody answers.

        ``speech`` is the form of what is sent. ``pacer`` is for a server that must get each message by itself, and
        waits until it is past the one before, if it can;
        ``greetings`` is the shapes of what this server says unasked to everybody who connects, ``echoes`` whether it
        sends back what it gets: both are left out of ``inbox``, and so is what ``is_noise`` says to be about others.
        """
        connection = cls(who, log, speech, pacer, list(greetings), echoes, is_noise)
        async with asyncio.timeout(limit):
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: connection, address.host, address.port, ssl=address.tls)
        return connection

    # -- told by the event loop ---------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be told that the connection is there."""
        self._transport = transport  # type: ignore[assignment]  # what a TCP connection has is a Transport
        self._socket = transport.get_extra_info("socket")
        self.log.add(self.who, "·", b"connected")

    def data_received(self, data: bytes) -> None:
        """Be told of bytes at the moment they come, without a task that waits for them."""
        if self._deaf:
            return
        self.log.add(self.who, "←", data)
        self.raw += data
        self._acknowledge()
        for each in self._decoder.feed(data):
            if self.greetings and shape_of(each) in self.greetings:
                self.greetings.remove(shape_of(each))
            elif isinstance(each, BadInput):
                self.broken.append(each)
            elif each not in self._said:
                message = self.speech.heard(each)
                if not self.is_noise(message):
                    self.inbox.append(Received(message, time.monotonic()))
        self._look_again()

    def eof_received(self) -> bool:
        """Be told that nothing more will come; True keeps our own side open for what is still to be sent."""
        self._end(reset=False)
        return self._can_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Be told that the connection is no more."""
        self._end(reset=exc is not None)
        self._lost = True
        for each in (self._congested, self._gone):
            if each is not None and not each.done():
                each.set_result(None)

    def pause_writing(self) -> None:
        """Be told that the server does not read as fast as we write."""
        self._congested = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Be told that there is room again."""
        if self._congested is not None and not self._congested.done():
            self._congested.set_result(None)

    def _end(self, *, reset: bool) -> None:
        if self._parting:
            self._transport.close()
        if self.closed or self._deaf:
            return
        self.reset = reset
        self.closed = True
        self.cut = not self._transport.is_closing() and not self._takes_leave()
        self.departed = self.departed or self.last_sent
        self._transport.close()  # as clients do: many a server takes the user for gone only then
        self.log.add(self.who, "·", b"the server " + (b"reset" if self.reset else b"closed") + b" it")
        self._look_again()

    def _takes_leave(self) -> bool:
        """Tell whether what was sent last asks the server to close the connection."""
        return bool(self._marks) and self._marks[-1][0].get("action") in LEAVING

    def _acknowledge(self) -> None:
        """Acknowledge what came at once: a server with Nagle's algorithm on holds back its next write until then."""
        if QUICK_ACK is not None and self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)

    def _look_again(self) -> None:
        """Wake those who wait for what has come now, or for what cannot come any more."""
        for condition, waiter in self._waiting:
            try:
                if not waiter.done() and (self.closed or condition()):
                    waiter.set_result(None)
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                waiter.set_exception(error)

    # -- saying -------------------------------------------------------------------------------------------

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message, in the form that the server understands."""
        async with self._turn:  # several who wait for one moment would send in it together
            await self._send(message)

    async def _send(self, message: Mapping[str, Any]) -> None:
        if self.pacer is not None and self._unheard_since is not None:
            await self._come_apart(self.pacer, self._unheard_since)
        self._marks.append((message, len(self.inbox)))
        said = self.speech.form(message)
        if self.echoes:
            self._said.append(said)
        await self.send_bytes(self.speech.encoded(said))
        self._unheard_since = time.monotonic()

    def mark_of(self, message: Mapping[str, Any] | None) -> int:
        """Return how much of ``inbox`` had come before a message was sent; 0 if it was sent as mere bytes."""
        return next((mark for sent, mark in reversed(self._marks) if sent is message), 0)

    def was_answered(self) -> None:
        """Be told that what was sent last has its answer: the next may follow at once."""
        self._unheard_since = None

    async def _come_apart(self, pacer: Pacer, sent: float) -> None:
        """Wait until what was sent has most likely been read."""
        apart = CLOSER if await pacer() else APART
        await asyncio.sleep(sent + apart - time.monotonic())

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are. A connection the server has closed takes them silently: the wait will tell."""
        self.log.add(self.who, "→", data)
        if self.closed or self._transport.is_closing():
            return
        self.last_sent = time.monotonic()
        self._transport.write(data)
        if self._congested is not None:
            await self._congested

    async def send_pieces(self, pieces: list[bytes]) -> None:
        """Send each piece in a segment of its own, as far as TCP lets us."""
        for piece in pieces:
            if self.closed:
                return
            await self.send_bytes(piece)
            await asyncio.sleep(0)
            if self.pacer is not None:
                await self._come_apart(self.pacer, time.monotonic())

    async def wait_until(self, condition: Callable[[], bool], limit: float) -> bool:
        """Wait until ``condition()`` holds; False once ``limit`` seconds have passed or nothing more can come.

        The condition is looked at whenever something comes over this connection.
        """
        if condition():
            return True
        if self.closed or limit <= 0:
            return False
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        waiting = (condition, waiter)
        self._waiting.append(waiting)
        alarm = loop.call_later(limit, _expire, waiter)
        try:
            await waiter
        finally:
            alarm.cancel()
            self._waiting.remove(waiting)
        return condition()

    # -- leaving ------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Close our side; nothing is heard from now on."""
        if not self._transport.is_closing():
            self.log.add(self.who, "·", CLOSE)
            self.departed = self.departed or time.monotonic()
        self._deaf = True
        self._transport.close()
        if not self._lost:
            self._gone = self._gone or asyncio.get_running_loop().create_future()
            await asyncio.wait([self._gone], timeout=CLOSES)

    def part(self, parting: set[asyncio.Transport]) -> None:
        """Leave as gently as TCP can: end our side, and close once the server has ended its own, or after a while.

        To close at once, with something unread on its way, would be a reset, which disturbs many a server.
        ``parting`` holds those who have not closed yet, and is kept up to date.
        """
        if self.closed or self._transport.is_closing() or not self._can_end():
            self._deaf = True
            self._transport.close()
            return
        self.log.add(self.who, "·", CLOSE)
        self.departed = self.departed or time.monotonic()
        self._deaf = self._parting = True
        with suppress(OSError):
            self._transport.write_eof()
        parting.add(self._transport)
        asyncio.get_running_loop().call_later(LINGERS, _close, self._transport, parting)

    async def finish(self) -> None:
        """End our side once all that was sent has gone, where closing at once could lose it; TLS can only close."""
        if not self._can_end():
            return await self.close()
        self.log.add(self.who, "·", END)
        self.departed = time.monotonic()
        self._transport.write_eof()
        return None

    async def abort(self) -> None:
        """End the connection at once with a reset, as a crashed client does."""
        self.log.add(self.who, "·", RESET)
        self.departed = time.monotonic()
        self._transport.abort()
        await self.close()

    def _can_end(self) -> bool:
        """Tell whether our side can end by itself, which TLS does not have."""
        return self._transport.can_write_eof()


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _close(transport: asyncio.Transport, parting: set[asyncio.Transport]) -> None:
    parting.discard(transport)
    transport.close()
