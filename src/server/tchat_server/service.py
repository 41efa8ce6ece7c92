"""Runs the server: opens the store, listens, and ends in good order."""

import asyncio
import logging
import ssl
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial

from tchat_server.app import App
from tchat_server.connection import LINGER_SECONDS, Connection
from tchat_server.store import Store, Synchronous

log = logging.getLogger("tchat.server")

BACKLOG = 100
HASHING_THREADS = 2
FILES_BESIDE_CONNECTIONS = 64
"""Standard streams, database, listening sockets, and connections that are being refused."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``tchat-server``; port 0 takes a free one, ``max_queue`` is in bytes."""

    host: str = "127.0.0.1"
    port: int = 8080
    db: str = "tchat.sqlite"
    strict: bool = False
    synchronous: Synchronous = "full"
    max_queue: int = 1_048_576
    max_connections: int = 10_000
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A server that runs; ``port`` is the real one where 0 was asked for."""

    host: str
    port: int


@asynccontextmanager
async def serve(options: Options) -> AsyncIterator[Service]:
    """Serve tchat/1 within the ``async with`` block; at its end what was taken is committed and sent.

    Raises StoreUnusable or OSError if the database or the address cannot be used.
    """
    features = ("auth", "offline", "paging", *(("tls",) if options.tls else ()))
    with closing(Store(options.db, options.synchronous)) as store, ThreadPoolExecutor(HASHING_THREADS) as hasher:
        log.info("database %s: %s", options.db, store.summary())
        limit = connection_limit(options.max_connections)
        app = App(store, hasher, features=features, max_connections=limit, strict=options.strict)
        listener = await asyncio.get_running_loop().create_server(
            partial(Connection, app, options.max_queue), options.host, options.port, backlog=BACKLOG, ssl=options.tls
        )
        try:
            yield Service(options.host, listener.sockets[0].getsockname()[1])
        finally:
            listener.close()
            await _end(app)
            hasher.shutdown(wait=False, cancel_futures=True)


def connection_limit(wanted: int) -> int:
    """Return how many connections to take: no more than the process may open, for asyncio bears no EMFILE.

    The soft limit of open files is raised as far as the hard one allows.
    """
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415 - POSIX alone has it

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + FILES_BESIDE_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    possible = max(1, soft - FILES_BESIDE_CONNECTIONS)
    log.warning("at most %d connections, because this process may open %d files only", possible, soft)
    return possible


async def _end(app: App) -> None:
    """Close every connection once it has got what is queued for it; then close the slow ones."""
    app.flush()
    for connection in list(app.connections):
        connection.finish()
        app.depart(connection)
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            await app.empty.wait()
