"""One TCP connection to the server under test: bytes out, messages in, everything logged."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tchat_conform.wirelog import WireLog
from tchat_protocol.framing import BadInput, Decoder, encode

MAX_ANSWER_BYTES = 16 * 1024 * 1024
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server under test listens. ``tls`` is the context to use, None for plain TCP."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def any_certificate() -> ssl.SSLContext:
    """Return a TLS context that takes any certificate: students' servers have none that anybody signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(slots=True)
class Received:
    """One message as it came: its bytes' arrival on the monotonic clock, and whether a case used it already."""

    message: dict[str, Any]
    at: float
    used: bool = False


@dataclass(slots=True)
class Connection:
    """A connection with a reader of its own. ``inbox`` holds all that came, ``broken`` what was no message."""

    who: str
    log: WireLog
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    inbox: list[Received] = field(default_factory=list)
    broken: list[BadInput] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    closed: bool = False
    reset: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _decoder: Decoder = field(default_factory=lambda: Decoder(limit=MAX_ANSWER_BYTES))
    _pump: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, who: str, address: Address, log: WireLog, limit: float) -> "Connection":
        """Connect within ``limit`` seconds. Raises OSError or TimeoutError if nobody answers."""
        async with asyncio.timeout(limit):
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
        log.add(who, "·", b"connected")
        connection = cls(who, log, reader, writer)
        connection._pump = asyncio.create_task(connection._read())
        return connection

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message as the protocol says."""
        await self.send_bytes(encode(message))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are. A connection the server has closed takes them silently: the wait will tell."""
        self.log.add(self.who, "→", data)
        if self.closed:
            return
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def send_pieces(self, pieces: list[bytes]) -> None:
        """Send each piece in a segment of its own, as far as TCP lets us."""
        for piece in pieces:
            await self.send_bytes(piece)
            await asyncio.sleep(0)

    async def wait_until(self, condition: Callable[[], bool], limit: float) -> bool:
        """Wait until ``condition()`` holds; False once ``limit`` seconds have passed or nothing more can come."""
        deadline = time.monotonic() + limit
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or self.closed:
                return False
            self.news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), left)
        return True

    async def close(self) -> None:
        """Close our side and wait until the reader has ended."""
        if not self.writer.is_closing():
            self.log.add(self.who, "·", b"we close")
        self.writer.close()
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        with suppress(ConnectionError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()

    async def finish(self) -> None:
        """End our side once all that was sent has gone, where closing at once could lose it; TLS can only close."""
        if not self.writer.can_write_eof():
            return await self.close()
        self.log.add(self.who, "·", b"we end our side")
        self.writer.write_eof()
        return None

    async def abort(self) -> None:
        """End the connection at once with a reset, as a crashed client does."""
        self.log.add(self.who, "·", b"we reset the connection")
        self.writer.transport.abort()
        await self.close()

    async def _read(self) -> None:
        try:
            while data := await self.reader.read(CHUNK):
                self._take(data)
        except (ConnectionError, ssl.SSLError):
            self.reset = True
        self.closed = True
        self.log.add(self.who, "·", b"the server " + (b"reset" if self.reset else b"closed") + b" it")
        self.news.set()

    def _take(self, data: bytes) -> None:
        self.log.add(self.who, "←", data)
        self.raw += data
        for each in self._decoder.feed(data):
            if isinstance(each, BadInput):
                self.broken.append(each)
            else:
                self.inbox.append(Received(each, time.monotonic()))
        self.news.set()
