"""The relay behind ``proxy`` and ``serve``: whatever one side does, the other side sees."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tchat_conform.address import Address
from tchat_conform.recording import Event
from tchat_conform.relay import Relay

LOCAL = "127.0.0.1"
LIMIT = 20
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def relayed(server: Talk) -> AsyncIterator[tuple[int, list[Event]]]:
    """Yield the port of a relay to a server that talks like this, and what the relay has seen."""
    seen: list[Event] = []
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.create_task(talk(reader, writer)))

    listener = await asyncio.start_server(accept, LOCAL, 0)
    address = Address(LOCAL, listener.sockets[0].getsockname()[1])
    async with asyncio.timeout(LIMIT), Relay(address, seen.append).listening(LOCAL, 0) as port:
        yield port, seen
        await asyncio.gather(*talks)
    listener.close()


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def sent(seen: list[Event], side: str) -> bytes:
    return b"".join(event.data for event in seen if event.side == side)


def happened(seen: list[Event]) -> list[tuple[str, str]]:
    return [(event.side, event.what) for event in seen if event.what != "bytes"]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.binary(min_size=1, max_size=5000)), st.lists(st.binary(min_size=1, max_size=5000)))
def test_any_bytes_in_any_pieces_pass_unchanged_both_ways(out: list[bytes], back: list[bytes]) -> None:
    got = bytearray()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.gather(write_all(writer, back), collect(reader, got))

    async def scenario() -> None:
        async with relayed(server) as (port, seen):
            reader, writer = await asyncio.open_connection(LOCAL, port)
            _, received = await asyncio.gather(write_all(writer, out), reader.read())
            await closed(writer)
        assert (bytes(got), received) == (b"".join(out), b"".join(back))
        assert (sent(seen, "client"), sent(seen, "server")) == (b"".join(out), b"".join(back))

    asyncio.run(scenario())


async def write_all(writer: asyncio.StreamWriter, pieces: list[bytes]) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    writer.write_eof()


async def collect(reader: asyncio.StreamReader, into: bytearray) -> None:
    while data := await reader.read(1000):
        into += data


async def test_one_side_may_end_while_the_other_goes_on() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read()
        writer.write(b"you said " + asked)

    async with relayed(server) as (port, seen):
        reader, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(b"hello")
        writer.write_eof()
        assert await reader.read() == b"you said hello"
        await closed(writer)
    assert happened(seen) == [("client", "opened"), ("client", "ended"), ("server", "ended")]


def reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_a_reset_of_the_client_resets_the_server() -> None:
    outcome: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(2)
            await reader.read()
            outcome.set_result(None)
        except ConnectionResetError as error:
            outcome.set_result(error)

    async with relayed(server) as (port, seen):
        _, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(b"hi")
        await writer.drain()
        await until(lambda: sent(seen, "client") == b"hi")
        reset(writer)
        assert isinstance(await outcome, ConnectionResetError)
        await until(lambda: ("client", "reset") in happened(seen))


async def test_a_reset_of_the_server_resets_the_client() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        reset(writer)

    async with relayed(server) as (port, seen):
        reader, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(b"hi")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await until(lambda: ("server", "reset") in happened(seen))
        await closed(writer)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the relay
            await asyncio.sleep(0.005)


async def test_a_reader_that_does_not_read_holds_back_the_writer() -> None:
    may_read = asyncio.Event()
    got = bytearray()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        await collect(reader, got)

    size = 64 * 1024 * 1024
    async with relayed(server) as (port, seen):
        reader, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(b"x" * size)
        writer.write_eof()
        passed = -1
        while passed != (passed := len(sent(seen, "client"))):  # noqa: ASYNC110 - until nothing moves
            await asyncio.sleep(0.2)
        assert passed < size / 2
        may_read.set()
        assert await reader.read() == b""
        await closed(writer)
    assert len(got) == size


async def test_a_server_that_is_not_there_is_told_and_the_client_let_go() -> None:
    seen: list[Event] = []
    with socket.socket() as nobody:
        nobody.bind((LOCAL, 0))
        address = Address(LOCAL, nobody.getsockname()[1])
        async with asyncio.timeout(LIMIT), Relay(address, seen.append).listening(LOCAL, 0) as port:
            reader, writer = await asyncio.open_connection(LOCAL, port)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            await closed(writer)
    assert happened(seen) == [("client", "opened"), ("server", "failed")]
