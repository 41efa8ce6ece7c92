"""How many connections the server takes, so that the process never runs out of files, and what one peer may do."""

import ipaddress
import logging
import sys
from dataclasses import dataclass

log = logging.getLogger("tchat.server")

RESERVE = 512
"""Files beside the connections: those refused, three backlogs (asyncio takes on before it tells), the database."""


@dataclass(frozen=True, slots=True)
class PeerLimits:
    """What one peer may do: connections from its address, requests a second, seconds to identify; 0 is no limit.

    None is the default for peers elsewhere, and no limit for programs on this machine: those who test and measure
    a server come by the hundred from one address, and whoever types requests by hand takes a while.
    """

    per_address: int | None = None
    rate: int | None = None
    identify_seconds: float | None = None

    def of(self, address: str) -> "PeerLimits":
        """Return the limits of the peer at an address, none of them None."""
        here = is_loopback(address)

        def chosen(value: float | None, default: int) -> float:
            return value if value is not None else 0 if here else default

        return PeerLimits(
            int(chosen(self.per_address, PER_ADDRESS)),
            int(chosen(self.rate, RATE)),
            chosen(self.identify_seconds, IDENTIFY_SECONDS),
        )


NO_OPTIONS = PeerLimits()

PER_ADDRESS, RATE, IDENTIFY_SECONDS = 256, 50, 10

BURST = 4
"""A peer that was silent may send so many seconds' worth of requests at once."""


class Bucket:
    """A token bucket: ``rate`` requests a second, and BURST seconds' worth of them after a silence."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate * BURST)
        self._filled = now

    def take(self, now: float) -> bool:
        """Take a token if there is one; ``now`` is monotonic, in seconds."""
        self._tokens = min(self._rate * BURST, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def is_loopback(host: str) -> bool:
    """Return whether an address or host name is that of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """``connections`` served at once, ``refused`` told so at once (more are dropped), ``backlog`` taken at once.

    ``peers`` holds for each of them.
    """

    connections: int
    refused: int
    backlog: int
    peers: PeerLimits


def connection_limits(wanted: int, peers: PeerLimits = NO_OPTIONS) -> ConnectionLimits:
    """Return the limits under which the process stays below its number of open files.

    asyncio does not bear running out of them. The soft limit is raised as far as needed and the hard one allows.
    """
    files = _open_files(wanted + RESERVE)
    reserve = min(RESERVE, files // 2)
    connections = min(wanted, files - reserve)
    if connections < wanted:
        log.warning("at most %d connections: this process may open %d files", connections, files)
    return ConnectionLimits(connections, refused=reserve // 4, backlog=min(100, reserve // 8), peers=peers)


def _open_files(needed: int) -> int:
    if sys.platform == "win32":
        return needed
    import resource  # noqa: PLC0415 - POSIX alone has it

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return raised
