"""How much memory a connection takes that does nothing."""

import subprocess

from benchmarks.contest import Compared, Effort, Figures, by_turns, lines
from benchmarks.load import Task, command
from benchmarks.results import Line, Target
from benchmarks.servers import BARE, FULL, Running

CONNECTIONS = 5_000
QUICK_CONNECTIONS = 40


def memory(effort: Effort) -> list[Line]:
    """Target 4: at most 1.5 times the memory a connection of the bare server; everyone has said hello."""
    number = QUICK_CONNECTIONS if effort.quick else CONNECTIONS
    found = by_turns([BARE, FULL], effort, lambda server: _of_each(server, number))
    figures = (Compared("bytes", "memory a connection", "bytes", {FULL.name: Target("ratio", "at most", 1.5)}),)
    return lines("memory", f"{number:,} idle connections", found, figures)


def _of_each(server: Running, number: int) -> Figures:
    before = server.memory
    load = subprocess.Popen(
        command(Task("idle", server.port, number)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ready = load.stdout.readline() if load.stdout else ""
    used = server.memory - before
    load.communicate()
    if not ready:
        raise RuntimeError("the connections could not all be made")
    return {"bytes": used / number}
