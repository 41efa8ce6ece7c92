"""One connection: bytes to requests in order, and messages to writes, within stated bounds."""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Iterable
from time import monotonic
from typing import Any, Protocol

from tchat_protocol.framing import BadInput, Decoder
from tchat_server.limits import Bucket, PeerLimits

log = logging.getLogger("tchat.server")

Received = dict[str, Any] | BadInput

JOIN_WRITES_ABOVE = 16
"""Up to so many messages in a turn each get a write of their own, for peers that take a piece for a message."""

HIGH_WATER = 65_536
"""With so many bytes of answers unsent, further requests of the same connection wait."""

TURN_REQUESTS = 128
"""So many requests of one connection are handled in one turn of the event loop; then the others have theirs."""

KEEPALIVE_PROBES, KEEPALIVE_INTERVAL = 3, 10
"""So many questions to a silent peer's system, so many seconds apart, stay unanswered before it counts as gone."""

LINGER_SECONDS = 5.0
"""How long a closed connection may take to read its last messages."""


class Handler(Protocol):
    """What a connection needs from the server."""

    def arrive(self, connection: "Connection") -> None:
        """Take note of a new connection."""

    def take(self, connection: "Connection", received: Received) -> None:
        """Handle one thing received."""

    def restrain(self, connection: "Connection", received: Received) -> None:
        """Refuse one thing received, which came too fast."""

    def resume(self, connection: "Connection") -> None:
        """Go on with what waited until the peer had read."""

    def close(self, connection: "Connection") -> None:
        """Send what is queued and close."""

    def depart(self, connection: "Connection") -> None:
        """Forget the user of the connection: it has ended."""

    def forget(self, connection: "Connection") -> None:
        """Forget the connection: nothing is left of it."""


class Connection(asyncio.Protocol):
    """A peer. ``name`` is the user it is bound to, set by the server; ``owed`` how many bytes the turn has for it.

    Requests are handled one after the other (W-ORDER-1): none while a password is checked (``hold``), none while
    the peer leaves its answers unread. Reading stops meanwhile, so that memory stays bounded. Messages of others
    are queued for a peer that does not read until they pass ``max_queue`` bytes; then it is cut off.
    """

    def __init__(self, server: Handler, max_queue: int, keepalive: int = 0) -> None:
        self.name: str | None = None
        self.mail_waits = False
        self._server = server
        self._max_queue = max_queue
        self._keepalive = keepalive
        self.address = ""
        self._bucket: Bucket | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._decoder = Decoder()
        self._inbox: deque[Received] | None = None  # most connections are idle, and an empty one is large
        self._outbox: list[bytes] = []
        self.owed = 0
        self._held = False
        self._unread = False
        self._ending = False
        self._linger: asyncio.TimerHandle | None = None

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; asyncio has set TCP_NODELAY already."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        peername = self._transport.get_extra_info("peername")
        self.address = peername[0] if peername else ""
        if self._keepalive:
            _keep_alive(self._transport.get_extra_info("socket"), self._keepalive)
        self._server.arrive(self)

    def data_received(self, data: bytes) -> None:
        """Decode what came and handle it; what comes while the connection ends is dropped."""
        if not self._ending:
            self._inbox = self._inbox or deque()
            self._inbox.extend(self._decoder.feed(data, TURN_REQUESTS))
            self._work()

    def eof_received(self) -> None:
        """Take the end of input as a departure, after answering what came before it (W-VANISH-1)."""
        self._server.close(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Depart, however the connection ended."""
        self._ending = True
        self._inbox = None
        for timer in (self._linger, self._deadline):
            if timer is not None:
                timer.cancel()
        self._server.depart(self)
        self._server.forget(self)

    def pause_writing(self) -> None:
        """Handle no more requests of a peer that does not read the answers."""
        self._unread = True

    def resume_writing(self) -> None:
        """Go on, the peer has read."""
        self._unread = False
        self._server.resume(self)
        self._work()

    def _too_late(self) -> None:
        self._deadline = None
        if self._held:  # its password is being checked
            self._deadline = asyncio.get_running_loop().call_later(1, self._too_late)
        elif self.name is None and not self.ending:
            log.info("%s has not said who it is in time", self.peer)
            self._server.close(self)

    # What the server asks for

    def limit(self, limits: PeerLimits) -> None:
        """Hold the peer to its limits, which are those of its address."""
        if limits.rate:
            self._bucket = Bucket(limits.rate, monotonic())
        if limits.identify_seconds:
            self._deadline = asyncio.get_running_loop().call_later(limits.identify_seconds, self._too_late)

    @property
    def peer(self) -> str:
        """The peer's address, for the log."""
        address = self._transport.get_extra_info("peername")
        return f"{address[0]}:{address[1]}" if address else "a peer"

    @property
    def ending(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._ending or self._transport.is_closing()

    @property
    def unread(self) -> bool:
        """Whether the peer leaves more unread than the high-water mark."""
        return self._unread

    def hold(self) -> None:
        """Handle no requests until ``release``."""
        self._held = True

    def release(self) -> None:
        """Handle requests again."""
        self._held = False
        self._work()

    def queue(self, messages: Iterable[bytes]) -> None:
        """Queue messages, for ``write`` to send at the end of the turn."""
        self._outbox.extend(messages)

    def write(self) -> bool:
        """Send what is queued; return False if the peer has left too much unread and is cut off instead."""
        messages, self._outbox, self.owed = self._outbox, [], 0
        if self.ending:
            return True
        if self._transport.get_write_buffer_size() > self._max_queue:
            self.abort()
            return False
        if len(messages) > JOIN_WRITES_ABOVE:
            self._transport.write(b"".join(messages))
        else:
            for message in messages:
                if self._transport.is_closing():  # asyncio logs each further write to a peer that has gone
                    break
                self._transport.write(message)
        if self._waits:
            asyncio.get_running_loop().call_soon(self._work)
        return True

    def finish(self) -> None:
        """Close in good order: the peer gets what was written even if it is sending still.

        Closing at once would answer what it sends with a reset, which destroys what it has not read yet. So only
        our direction is closed, and its input dropped until it ends, for LINGER_SECONDS at most.
        """
        if self._ending:
            return
        self._ending = True
        self._inbox = None
        self._linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.abort)
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except OSError:  # the peer has reset the connection, asyncio just does not know yet
            self._transport.abort()

    def abort(self) -> None:
        """Close at once, dropping what is queued."""
        self._ending = True
        self._inbox = None
        self._transport.abort()

    @property
    def _waits(self) -> bool:
        return bool(self._inbox) or self._decoder.stopped

    def _work(self) -> None:
        budget = TURN_REQUESTS
        while budget and not (self._held or self._unread or self._ending) and self.owed < HIGH_WATER:
            if not self._inbox:
                self._inbox = deque(self._decoder.feed(b"", TURN_REQUESTS)) if self._decoder.stopped else None
                if not self._inbox:
                    break
            budget -= 1
            received = self._inbox.popleft()
            if self._bucket is None or self._bucket.take(monotonic()) or isinstance(received, BadInput):
                self._server.take(self, received)
            else:
                self._server.restrain(self, received)
        self._inbox = self._inbox or None
        if self._ending:
            return
        if self._waits or self._held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


def _keep_alive(peer: socket.socket, seconds: int) -> None:
    """Have the system find out when a silent peer's machine is gone; not every system lets us say how soon."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", seconds),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
    ):
        if hasattr(socket, name):
            peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
