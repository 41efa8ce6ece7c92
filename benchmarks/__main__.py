"""``python -m benchmarks [NAME]…`` measures, prints a table and, on request, writes JSON and a plot."""

import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console

from benchmarks import fanout, history, idle, peers, suite, validators
from benchmarks.contest import Effort
from benchmarks.plot import plot
from benchmarks.results import FORMAT, Line, table

BENCHMARKS: dict[str, Callable[[Effort], list[Line]]] = {
    "fan-out": fanout.deliveries,
    "naive": peers.naive,
    "peers": peers.peers,
    "latency": fanout.latency,
    "sizes": fanout.sizes,
    "memory": idle.memory,
    "start-up": history.start_up,
    "msgs": history.page,
    "suite": suite.suite,
    "validators": validators.validators,
}

QUICK = Effort(repeats=1, seconds=0.1, quick=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(BENCHMARKS)))
@click.option("--quick", is_flag=True, help="Try each for a moment; the figures say nothing.")
@click.option("--repeats", type=click.IntRange(min=1), default=5, help="How often each is measured.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=3.0, help="How long each time.")
@click.option("--json", type=click.Path(path_type=Path), metavar="FILE", help="Write the figures here.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Write an SVG picture here.")
def main(names: Sequence[str], quick: bool, repeats: int, seconds: float, **files: Path | None) -> None:
    """Measure the reference server and its baselines by turns: all benchmarks, or those named."""
    effort = QUICK if quick else Effort(repeats, seconds)
    lines: list[Line] = []
    for name in names or BENCHMARKS:
        click.echo(f"{name}: {BENCHMARKS[name].__doc__}", err=True)
        lines += BENCHMARKS[name](effort)
    Console(width=None if sys.stdout.isatty() else 180).print(table(lines))
    if file := files["json"]:
        file.write_text(json.dumps(_document(effort, lines), indent=2, ensure_ascii=False) + "\n")
    if file := files["plot"]:
        file.write_text(plot(lines))


def _document(effort: Effort, lines: Sequence[Line]) -> dict[str, object]:
    return {
        "format": FORMAT,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": version("tchat"),
        "machine": {"python": platform.python_version(), "system": platform.system(), "processors": os.cpu_count()},
        "effort": asdict(effort),
        "lines": [line.as_json() for line in lines],
    }


if __name__ == "__main__":
    main()
