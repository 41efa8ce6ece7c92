"""The way in over TLS: who has not finished the handshake takes a place too, and has only so long for it."""

import asyncio
import errno
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

log = logging.getLogger("tchat.server")

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What accepting fails with that is no fault of one peer."""
BREATHER_SECONDS = 0.5
"""How long nobody is let in after such a failure."""


class Host(Protocol):
    """What the way in needs of the server."""

    def is_crowded(self, address: str, coming: int, coming_from_there: int) -> bool:
        """Tell whether there is no place even for refusing one more, besides those who are coming."""


class Entrance:
    """Accepts connections and has them shake hands.

    asyncio tells a server of a connection only when its handshake is done. Until then it would count nowhere, and
    peers that stay silent could use up all files.

    ``make`` makes the protocol of a connection, and ``seconds`` is how long its handshake may take.
    """

    def __init__(
        self, host: Host, make: Callable[[], asyncio.Protocol], context: ssl.SSLContext, seconds: float
    ) -> None:
        self._host = host
        self._make = make
        self._context = context
        self._seconds = seconds
        self._coming: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: list[socket.socket] = []

    def open(self, sockets: Sequence[socket.socket], backlog: int) -> None:
        """Begin to accept on sockets that are bound."""
        for each in sockets:
            each.setblocking(False)
            each.listen(backlog)
            self._listening.append(each)
            self._begin(self._accept(each))

    async def close(self) -> None:
        """Accept nobody any more, and cut off those who have not finished their handshake."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._listening:
            each.close()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                peer, address = await asyncio.get_running_loop().sock_accept(listening)
            except ConnectionError:
                continue  # it has gone again
            except OSError as error:
                if error.errno not in OUT_OF_FILES:
                    raise
                log.warning("nobody can come in: %s", error.strerror)
                await asyncio.sleep(BREATHER_SECONDS)
                continue
            if self._host.is_crowded(address[0], self._coming.total(), self._coming[address[0]]):
                log.debug("no place for %s:%d", *address[:2])
                peer.close()
            else:
                self._coming[address[0]] += 1
                self._begin(self._shake_hands(peer, address[0], address[1]))

    async def _shake_hands(self, peer: socket.socket, address: str, port: int) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make, peer, ssl=self._context, ssl_handshake_timeout=self._seconds
            )
        except OSError as error:  # ssl.SSLError and TimeoutError are such too
            log.info("%s:%d did not finish the TLS handshake: %s", address, port, error)
        finally:
            self._coming[address] -= 1
            if not self._coming[address]:
                del self._coming[address]
