"""A wire between clients and a server that can be cut, and can lose what is under way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

Judge = Callable[[bytes], bool]


class Wire:
    """Forwards connections to a server, until they are cut."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._server_port = port
        self._lines: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._swallow: Judge | None = None
        self._fatal: Judge | None = None
        self._is_always = False
        self.keeps_servers_end = False
        """Whether the server goes on believing that cut connections live."""

    def cut(self) -> None:
        """End every connection, and accept no other until ``mend``."""
        self._is_open.clear()
        for line in list(self._lines):
            self._end(line)

    def mend(self) -> None:
        self._is_open.set()

    def cut_after_request(self, word: str, *, always: bool = False) -> None:
        """Let the next request with this word (or every one) reach the server, and cut before its answer comes back."""
        self._is_always = always
        self._fatal = lambda data: word.encode() in data

    def cut_before_request(self, word: str) -> None:
        """Cut when the next request with this word is sent; it reaches nobody."""
        self._swallow = lambda data: word.encode() in data

    def end_servers_side(self) -> None:
        """Let the server know at last that the cut connections are over."""
        for _, server in list(self._lines):
            server.transport.abort()

    def _end(self, line: tuple[asyncio.StreamWriter, asyncio.StreamWriter]) -> None:
        client, server = line
        client.transport.abort()
        if not self.keeps_servers_end:
            server.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open.is_set():
            writer.transport.abort()
            return
        back, forth = await asyncio.open_connection("127.0.0.1", self._server_port)
        line = writer, forth
        self._lines.add(line)
        fatal = asyncio.Event()
        with suppress(ConnectionError):
            await asyncio.gather(self._requests(reader, line, fatal), self._answers(back, line, fatal))
        if not self.keeps_servers_end:
            self._end(line)
            self._lines.discard(line)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        line: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        fatal: asyncio.Event,
    ) -> None:
        while data := await reader.read(65_536):
            if self._swallow is not None and self._swallow(data):
                self._swallow = None
                self._end(line)
                return
            if self._fatal is not None and self._fatal(data):
                self._fatal = self._fatal if self._is_always else None
                fatal.set()
            line[1].write(data)
        if not self.keeps_servers_end:
            line[1].close()

    async def _answers(
        self,
        reader: asyncio.StreamReader,
        line: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        fatal: asyncio.Event,
    ) -> None:
        while data := await reader.read(65_536):
            if fatal.is_set():
                self._end(line)
                return
            line[0].write(data)
        line[0].close()


@asynccontextmanager
async def wire(port: int) -> AsyncIterator[Wire]:
    """Lay a wire to the server on a port; its own port is ``port``."""
    laid = Wire(port)
    async with await asyncio.start_server(laid.accept, "127.0.0.1", 0) as server:
        laid.port = server.sockets[0].getsockname()[1]
        yield laid
        laid.keeps_servers_end = False
        laid.cut()
