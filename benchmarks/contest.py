"""Measures several servers by turns, so that what else the machine does meets them all alike."""

import json
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.load import Task, command
from benchmarks.results import Line, Target
from benchmarks.servers import BARE, Running, Server, running

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: ``repeats`` of each, each of so many ``seconds``; ``quick`` runs only try that it works."""

    repeats: int
    seconds: float
    quick: bool = False


def loaded(server: Running, task: Task) -> Figures:
    """Return what the load generator measured of a server, and what a delivery cost the server's processor."""
    before = server.processor_seconds
    done = subprocess.run(command(task), stdout=subprocess.PIPE, check=True, text=True)
    figures: Figures = json.loads(done.stdout)
    if figures.get("total"):
        figures["processor"] = (server.processor_seconds - before) / figures["total"] * 1e6
    return figures


def by_turns(
    servers: Sequence[Server], effort: Effort, measure: Callable[[Running], Figures]
) -> dict[str, list[Figures]]:
    """Return what was measured of each server, a new process of it for each repeat."""
    found: dict[str, list[Figures]] = {server.name: [] for server in servers}
    for _ in range(effort.repeats):
        for server in servers:
            with running(server) as process:
                found[server.name].append(measure(process))
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """Which figure becomes lines, in words, and the targets of some servers' ratios or figures."""

    key: str
    measure: str
    unit: str
    targets: dict[str, Target]


def lines(
    benchmark: str, case: str, found: dict[str, list[Figures]], figures: Iterable[Compared], baseline: str = BARE.name
) -> list[Line]:
    """Return a line for each server and figure, compared with the baseline's."""
    return [
        Line(
            benchmark, case, each.measure, each.unit, name,
            values=[values[each.key] for values in repeats],
            baseline=None if name == baseline else baseline,
            against=() if name == baseline else [values[each.key] for values in found[baseline]],
            target=each.targets.get(name),
        )
        for each in figures
        for name, repeats in found.items()
    ]  # fmt: skip
