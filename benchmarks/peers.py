"""The reference server beside servers that people use: in a group, the same messages to the same number of members."""

from collections.abc import Sequence
from dataclasses import replace

import click

from benchmarks.contest import Compared, Effort, Figures, by_turns, lines, loaded
from benchmarks.fanout import LATENCY_CASE, ONE, PACE, TEN, case_of
from benchmarks.load import Task
from benchmarks.results import Line, Target
from benchmarks.servers import FULL, INSPIRCD, NAIVE, PEERS, Running, Server, installed

WANTED = {
    NAIVE.name: Target("ratio", "at least", 10.0),
    INSPIRCD.name: Target("ratio", "at least", 1.5),
}
"""Of a peer's deliveries a second, with one sender."""


def naive(effort: Effort) -> list[Line]:
    """Target 1: ten times what a naive server in Node delivers; left out where there is no node."""
    return _deliveries("naive", _present(NAIVE), ONE, effort)


def peers(effort: Effort) -> list[Line]:
    """Target 1: 1.5 times what InspIRCd delivers; beside the naive server, ngircd and mosquitto (QoS 0)."""
    present = _present(*PEERS)
    if not present:
        return []
    tasks = (ONE,) if effort.quick else (ONE, TEN)
    return [
        *(line for task in tasks for line in _deliveries("peers", present, task, effort)),
        *_latency(present, effort),
    ]


def _present(*servers: Server) -> list[Server]:
    for server in servers:
        if not installed(server):
            click.echo(f"{server.name} is left out: there is no {server.command[0]} here", err=True)
    return [server for server in servers if installed(server)]


def _deliveries(benchmark: str, present: Sequence[Server], task: Task, effort: Effort) -> list[Line]:
    wanted = WANTED if task.senders == 1 else {}
    return [
        line
        for peer, each in _by_peer(present, replace(task, seconds=effort.seconds), effort).items()
        for line in lines(
            benchmark, case_of(task), each,
            [Compared("deliveries", "deliveries", "1/s", {FULL.name: wanted[peer]} if peer in wanted else {})], peer,
        )
    ]  # fmt: skip


def _latency(present: Sequence[Server], effort: Effort) -> list[Line]:
    figures = (Compared("p50", "median latency", "ms", {}), Compared("p99", "99th percentile of latency", "ms", {}))
    found = _by_peer(present, replace(PACE, seconds=effort.seconds), effort)
    return [line for peer, each in found.items() for line in lines("peers", LATENCY_CASE, each, figures, peer)]


def _by_peer(present: Sequence[Server], task: Task, effort: Effort) -> dict[str, dict[str, list[Figures]]]:
    """Return for each peer what was measured of it and of the reference server, all in one run by turns."""

    def measure(process: Running) -> Figures:
        return loaded(process, replace(task, port=process.port, protocol=process.server.protocol))

    found = by_turns([*present, FULL], effort, measure) if present else {}
    return {peer.name: {peer.name: found[peer.name], FULL.name: found[FULL.name]} for peer in present}
