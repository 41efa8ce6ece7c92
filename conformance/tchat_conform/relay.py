"""A TCP relay between clients and a server: what one side does, the other side sees, ends and resets included."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from tchat_conform.address import Address
from tchat_conform.form import Side
from tchat_conform.recording import Event, What

CHUNK = 65_536
CONNECT_LIMIT = 10.0
_NO_LINGER = struct.pack("ii", 1, 0)

Watcher = Callable[[Event], None]
"""Told of everything that happens, before it is passed on."""


class Outlet(Protocol):
    """Where one side's bytes go."""

    async def send(self, data: bytes) -> None:
        """Pass on what one read gave; returns once there is room for more. Raises OSError."""

    async def end(self) -> None:
        """Pass on that no more will come."""


@dataclass(slots=True)
class Peer:
    """One of the two sockets of a relayed connection; as an outlet it passes everything on as it is."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """See Outlet."""
        self.writer.write(data)
        await self.writer.drain()

    async def end(self) -> None:
        """See Outlet. TLS cannot end one direction alone, so that the whole connection is closed there."""
        with suppress(OSError):
            if self.writer.can_write_eof():
                self.writer.write_eof()
            else:
                self.writer.close()

    def reset(self) -> None:
        """End the connection at once, by a reset on the wire."""
        plain = self.writer.get_extra_info("socket")
        with suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close it, in good order if that is still possible."""
        self.writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()


Outlets = Callable[[int, Peer, Peer], Awaitable[tuple[Outlet, Outlet]]]
"""Makes, of a connection's number, its client and its server, where each one's bytes go: the client's first."""


async def unchanged(_number: int, client: Peer, server: Peer) -> tuple[Outlet, Outlet]:
    """Let everything pass as it is."""
    return server, client


@dataclass(slots=True)
class Relay:
    """Connects every client that comes to ``target``. ``watch`` is told of all; ``outlets`` may change what passes."""

    target: Address
    watch: Watcher
    outlets: Outlets = unchanged
    _count: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """Listen, and yield the port; at the end all connections are closed. Raises OSError."""
        server = await asyncio.start_server(self._accept, host, port, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        task = asyncio.create_task(self._relay(self._count, Peer(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, number: int, client: Peer) -> None:
        host, port = client.writer.get_extra_info("peername")[:2]
        self._tell(number, "client", "opened", note=f"{host}:{port}")
        try:
            server = await self._connect()
        except (OSError, TimeoutError) as error:
            self._tell(number, "server", "failed", note=f"{self.target}: {error or 'no answer'}")
            client.reset()
            return
        try:
            to_server, to_client = await self.outlets(number, client, server)
            await asyncio.gather(
                self._pump(number, "client", client, server, to_server),
                self._pump(number, "server", server, client, to_client),
            )
        finally:
            await asyncio.gather(client.close(), server.close())

    async def _connect(self) -> Peer:
        async with asyncio.timeout(CONNECT_LIMIT):
            streams = await asyncio.open_connection(self.target.host, self.target.port, ssl=self.target.tls)
        writer = streams[1]
        if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
            # on a port that nobody listens on TCP may connect a socket to itself, which then keeps a server from it
            writer.transport.abort()
            raise ConnectionRefusedError("nobody listens there")
        return Peer(*streams)

    async def _pump(self, number: int, side: Side, source: Peer, sink: Peer, outlet: Outlet) -> None:
        """Pass on what one side sends until it ends; a reset of either side ends both."""
        try:
            while data := await source.reader.read(CHUNK):
                self._tell(number, side, "bytes", data)
                try:
                    await outlet.send(data)
                except OSError:
                    source.reset()  # who went away is told of by the pump that reads from it
                    return
        except OSError:
            self._tell(number, side, "reset")
            sink.reset()
            return
        self._tell(number, side, "ended")
        await outlet.end()

    def _tell(self, number: int, side: Side, what: What, data: bytes = b"", *, note: str = "") -> None:
        self.watch(Event(datetime.now(UTC), number, side, what, data, note))
