"""A server that follows a script, for tests of what a client has to bear."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tchat_client.session import Session

LIMIT = 20.0

Message = dict[str, Any]


class Peer:
    """The server's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def heard(self) -> Message:
        """Return the next request of the client."""
        async with asyncio.timeout(LIMIT):
            message: Message = json.loads(await self._reader.readline())
        return message

    async def silence(self) -> bytes:
        """Return all that the client sends until it closes."""
        async with asyncio.timeout(LIMIT):
            return await self._reader.read()

    async def say(self, *pieces: Message | bytes) -> None:
        """Send each piece in a write of its own, messages without a line feed as most servers do."""
        for piece in pieces:
            self._writer.write(piece if isinstance(piece, bytes) else json.dumps(piece).encode())
            await self._writer.drain()

    def reset(self) -> None:
        self._writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[int]:
    """Serve one connection by a script, on the port given; the script has to end by itself, without errors."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def follow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(Peer(reader, writer))
            ended.set_result(None)
        except Exception as error:  # noqa: BLE001 - the test shall see whatever it is
            ended.set_exception(error)
        finally:
            writer.close()

    async with await asyncio.start_server(follow, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(LIMIT):
            await ended


@asynccontextmanager
async def session_with(script: Script, patience: float = LIMIT) -> AsyncIterator[Session]:
    """Connect alice to a scripted server, without a hello; she closes without a word."""
    async with serving(script) as port:
        session = await Session.connect("127.0.0.1", port, "alice", patience=patience, delays=None)
        try:
            yield session
        finally:
            await session.close()
