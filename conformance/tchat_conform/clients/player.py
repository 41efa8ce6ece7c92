"""The server's side of one case, played: a listener on a free port that says what the case wants it to say."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from tchat_conform.clients.pulse import Pulse
from tchat_conform.wirelog import WireLog
from tchat_protocol.framing import BadInput, Decoder, Message

HOST = "127.0.0.1"
CHUNK = 65_536
ROOM = 16 * 1024 * 1024
"""Bytes of a client that are looked at; what it sends beyond them is read and forgotten."""
GAP = 0.05
"""Seconds between pieces that must not arrive in one: long for a client that waits, short for a person."""


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that the client sent; ``data`` are all its bytes, as far as they can be told apart, and what follows.

    ``is_first`` marks the first of a connection.
    """

    content: Message | BadInput
    is_first: bool = False


class Player:
    """Listens, keeps what the client sends, and writes to its newest connection; ``pulse`` beats at all that comes."""

    def __init__(self, who: str, log: WireLog, pulse: Pulse) -> None:
        self.received: list[Received] = []
        self.data = bytearray()
        self.connections = 0
        self.is_open = False
        self.port = 0
        self._who, self._log, self._pulse = who, log, pulse
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._reading: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def listen(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writer, self.is_open = writer, True
        self._log.add(self._who, "·", b"connected")
        self._pulse.beat()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the server runs this in a task
        self._reading.add(task)
        decoder, first = Decoder(), True
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(CHUNK):
                if len(self.data) > ROOM:
                    continue
                self._log.add(self._who, "→", data)
                self.data += data
                found = decoder.feed(data)
                self.received += [Received(each, first and number == 0) for number, each in enumerate(found)]
                first = first and not found
                self._pulse.beat()
        if self._writer is writer:
            self.is_open = False
        if not self._is_closing:
            self._log.add(self._who, "·", b"connection closed")
        writer.close()
        self._pulse.beat()

    async def write(self, pieces: Iterable[bytes]) -> None:
        """Write each piece in a segment of its own."""
        if self._writer is None:
            return
        for number, each in enumerate(pieces):
            if number:
                await asyncio.sleep(GAP)
            if not self.is_open:
                return
            self._log.add(self._who, "←", each)
            self._writer.write(each)
            with suppress(OSError):
                await self._writer.drain()

    def hang_up(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._log.add(self._who, "·", b"we close")
            self._writer.close()

    async def close(self) -> None:
        """Leave nothing behind."""
        self._is_closing = True
        if self._server is not None:
            self._server.close()
        for each in self._reading:
            each.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
