"""How many connections the server takes, so that the process never runs out of files."""

import logging
import sys
from dataclasses import dataclass

log = logging.getLogger("tchat.server")

RESERVE = 512
"""Files beside the connections: those refused, three backlogs (asyncio takes on before it tells), the database."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """``connections`` served at once, ``refused`` told so at once (more are dropped), ``backlog`` taken at once."""

    connections: int
    refused: int
    backlog: int


def connection_limits(wanted: int) -> ConnectionLimits:
    """Return the limits under which the process stays below its number of open files.

    asyncio does not bear running out of them. The soft limit is raised as far as needed and the hard one allows.
    """
    files = _open_files(wanted + RESERVE)
    reserve = min(RESERVE, files // 2)
    connections = min(wanted, files - reserve)
    if connections < wanted:
        log.warning("at most %d connections: this process may open %d files", connections, files)
    return ConnectionLimits(connections, refused=reserve // 4, backlog=min(100, reserve // 8))


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
