"""How many messages a second reach the members of a group, and how long one takes when there are few."""

from dataclasses import replace

from benchmarks.contest import Compared, Effort, by_turns, lines, loaded
from benchmarks.load import Task
from benchmarks.results import Line, Target
from benchmarks.servers import BARE, FULL, NORMAL

ONE = Task("flood", 0, members=50, senders=1, window=64)
TEN = replace(ONE, senders=10, window=16)
PACE = Task("pace", 0, members=50, rate=100.0)
LATENCY_CASE = "50 members, 100 messages/s"

WANTED = {
    1: {FULL.name: Target("ratio", "at least", 0.6), NORMAL.name: Target("ratio", "at least", 0.8)},
    10: {FULL.name: Target("ratio", "at least", 0.75), NORMAL.name: Target("ratio", "at least", 0.85)},
}
"""Of the bare server's deliveries a second, by the number of senders."""


def case_of(task: Task) -> str:
    """Say what a task does, in the words of the tables."""
    return f"{task.members} members, {task.senders} sender{'s' * (task.senders > 1)}"


def _flood(task: Task, effort: Effort, *, tolerance: float = 0.0) -> list[Line]:
    servers = [BARE, FULL, NORMAL]
    found = by_turns(
        servers, effort, lambda server: loaded(server, replace(task, port=server.port, seconds=effort.seconds))
    )
    wanted = {
        name: replace(target, bound=round(target.bound * (1 - tolerance), 3))
        for name, target in WANTED[task.senders].items()
    }
    figures = (
        Compared("deliveries", "deliveries", "1/s", wanted),
        Compared("processor", "server's processor time a delivery", "µs", {}),
        Compared("load", "processors the load generator used", "of 1", {}),
    )
    return lines("fan-out", case_of(task), found, figures)


def deliveries(effort: Effort) -> list[Line]:
    """Target 1: 50 members, 1 and 10 senders, durable and validated, against the bare server."""
    return [line for task in (ONE, TEN) for line in _flood(task, effort)]


def sizes(effort: Effort) -> list[Line]:
    """Target 3: with 10 and 200 members the ratios of target 1 hold within 20 %."""
    tasks = [replace(task, members=members) for members in (10, 200) for task in (ONE, TEN)][
        : 1 if effort.quick else None
    ]
    return [line for task in tasks for line in _flood(task, effort, tolerance=0.2)]


def latency(effort: Effort) -> list[Line]:
    """Target 2: at 100 messages a second the median within 1.5 of the bare server's, p99 under 5 ms."""
    task = replace(PACE, seconds=effort.seconds)
    found = by_turns([BARE, FULL, NORMAL], effort, lambda server: loaded(server, replace(task, port=server.port)))
    figures = (
        Compared("p50", "median latency", "ms", {FULL.name: Target("ratio", "at most", 1.5)}),
        Compared("p99", "99th percentile of latency", "ms", {FULL.name: Target("figure", "at most", 5.0)}),
    )
    return lines("latency", LATENCY_CASE, found, figures)
