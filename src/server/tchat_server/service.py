"""Runs the server: listens, opens the store, and ends in good order."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass

from tchat_protocol.messages import prepare
from tchat_server.app import App
from tchat_server.connection import Connection
from tchat_server.entrance import Entrance
from tchat_server.identity import HASH_MEMORY, Hashing
from tchat_server.limits import IDENTIFY_SECONDS, PeerLimits, connection_limits
from tchat_server.state import State
from tchat_server.store import Store, Synchronous

log = logging.getLogger("tchat.server")

HASHING_THREADS = 2

PENDING_CONNECTIONS = 1024
"""So many may wait in the system, where they cost no file, until accepted; further ones try again after 1 s."""

FAREWELL_SECONDS = 0.5
"""How long the clients have at the end to read their last messages."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``tchat-server``; port 0 takes a free one, ``max_queue`` is in bytes.

    ``max_per_address``, ``max_rate`` and ``identify_within`` are those of PeerLimits; ``keepalive`` is in seconds and
    ``hash_memory`` in KiB; ``max_groups`` is how many groups one user may own, 0 for any number.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    db: str = "tchat.sqlite"
    strict: bool = False
    synchronous: Synchronous = "full"
    max_queue: int = 1_048_576
    max_groups: int = 1_000
    max_connections: int = 10_000
    max_per_address: int | None = None
    max_rate: int | None = None
    identify_within: float | None = None
    keepalive: int = 60
    hash_memory: int = HASH_MEMORY
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A server that runs; ``port`` is the real one where 0 was asked for, ``status`` says in a line what it does."""

    host: str
    port: int
    status: Callable[[], str]


@asynccontextmanager
async def serve(options: Options) -> AsyncIterator[Service]:
    """Serve tchat/1 within the ``async with`` block; at its end what was taken is committed and sent.

    Raises OSError or StoreUnusable if the address or the database cannot be used.
    """
    app: App
    prepare()
    peers = PeerLimits(options.max_per_address, options.max_rate, options.identify_within)
    limits = connection_limits(options.max_connections, peers)

    def connection() -> Connection:
        return Connection(app, options.max_queue, options.keepalive)

    listener = await asyncio.get_running_loop().create_server(
        connection, options.host, options.port, backlog=limits.backlog, start_serving=False
    )
    try:
        with closing(Store(options.db, options.synchronous)) as store, ThreadPoolExecutor(HASHING_THREADS) as hasher:
            log.info("database %s: %s", options.db, store.summary())
            features = ("auth", "offline", "paging", *(("tls",) if options.tls else ()))
            hashing = Hashing(hasher, HASHING_THREADS, options.hash_memory)
            state = State(*store.load(), features=features, max_groups=options.max_groups)
            app = App(store, hashing, state=state, limits=limits, strict=options.strict)
            port = listener.sockets[0].getsockname()[1]
            entrance = None
            if options.tls is None:
                await listener.start_serving()
                for each in listener.sockets:
                    with each.dup() as same:  # asyncio has asked for as many as it accepts at once
                        same.listen(PENDING_CONNECTIONS)
            else:
                entrance = Entrance(app, connection, options.tls, options.identify_within or IDENTIFY_SECONDS)
                entrance.open([each.dup() for each in listener.sockets], PENDING_CONNECTIONS)
            try:
                yield Service(options.host, port, app.status)
            finally:
                listener.close()
                if entrance is not None:
                    await entrance.close()
                await _end(app)
                hasher.shutdown(wait=False, cancel_futures=True)
    finally:
        listener.close()


async def _end(app: App) -> None:
    app.end()
    with suppress(TimeoutError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await app.empty.wait()
    for connection in app.connections:
        connection.abort()
    await app.empty.wait()
