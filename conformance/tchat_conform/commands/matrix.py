"""``tchat-conform matrix``: every client with every server, and who is to blame where they do not work together."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tchat_conform.language import language_option
from tchat_conform.matrix.document import NoMatrix, matrix_json, read_results
from tchat_conform.matrix.lineup import BadLineup, Lineup, read_lineup
from tchat_conform.matrix.page import matrix_html
from tchat_conform.matrix.plan import Cell, NoSuchCell, cells, selected
from tchat_conform.matrix.report import MatrixReport
from tchat_conform.matrix.result import CellResult
from tchat_conform.matrix.run import MatrixRun
from tchat_conform.matrix.show import print_matrix
from tchat_conform.matrix.table import matrix_csv

JOBS = 6 * (os.cpu_count() or 1)
"""Pairs at a time: they wait more than they work."""
TIMEOUT = 5.0
STOPPED = 130
CANNOT_WRITE = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)
STDOUT = "-"

HELP = """Let every client of FILE chat with every other through every server of FILE.

Each pair plays six scenarios, at pseudo-terminals, with a relay in the middle that judges every
message. A scenario that does not pass says who broke which rule, with the wire log and both screens.

\b
[[server]]
name = "anna"
command = "node server.js {port}"       {port}, {host}, and {dir}: a new directory for each pair
cwd = "students/anna"                   where it is started; counts from FILE's directory
env = {DB = "{dir}/chat.sqlite"}
port = 8080                             a server that listens nowhere else: its pairs wait in line
alone = true                            only one at a time may run
[[client]]
name = "ben"
command = "python client.py {host} {port} {name}"
cwd = "students/ben"
style = "menu"                          and all other keys of a description: see client --help

\b
tchat-conform matrix class.toml --html matrix.html --csv marks.csv --json matrix.json
tchat-conform matrix class.toml --only anna              what anna's server and client play in
tchat-conform matrix class.toml --only 'ben@*'           ben's client at every server
tchat-conform matrix class.toml --only ben+eve@anna      one pair
tchat-conform matrix class.toml --resume matrix.json --json matrix.json

Exit status: 0 when every scenario passed; 1 when one did not; 2 when nothing could be played, or a
file not be read or written; 130 when the run was stopped before its end: the reports hold what was
played until then, and --resume goes on.
"""


def _writable(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
    if path is None or path == STDOUT:
        return path
    file = Path(path)
    if file.is_dir() or not file.parent.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise click.BadParameter(f"cannot write {path}: it is a directory, or in none that can be written.", ctx, param)
    return path


def _output(name: str, about: str) -> Callable[[Any], Any]:
    return click.option(name, metavar="FILE|-", help=about, callback=_writable)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, but for the language."""

    file: Path
    only: tuple[str, ...]
    pairs: bool
    resume: Path | None
    jobs: int
    timeout: float
    listing: bool
    verbose: bool
    json: str | None
    html: str | None
    csv: str | None

    @property
    def outputs(self) -> list[tuple[str, Callable[[MatrixReport], str]]]:
        """Where each report goes, and what makes it."""
        every = ((self.json, matrix_json), (self.html, matrix_html), (self.csv, matrix_csv))
        return [(path, make) for path, make in every if path is not None]


@click.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="PAIRS", help="Only these pairs, with * and ?; may be given again.")
@click.option("--pairs/--no-pairs", default=True, show_default=True, help="Pairs of different clients too.")
@click.option(
    "--resume",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep what an earlier --json report holds, and play the rest; what --only names is played anew.",
)
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, show_default=True, help="Pairs at a time.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.05, 60),
    default=TIMEOUT,
    show_default=True,
    help="Seconds to wait for one reaction, at most; less where the pair proves fast.",
)
@click.option("--list", "listing", is_flag=True, help="List the pairs, and play none.")
@click.option("-v", "--verbose", is_flag=True, help="Show where each thing happened, and the logs of what failed.")
@_output("--json", "Write the whole run as JSON (schemas/matrix.json).")
@_output("--html", "Write one self-contained page; every cell opens its wire log and both screens.")
@_output("--csv", "Write a row for each scenario and the points of each peer, for a spreadsheet.")
@language_option
@click.pass_context
def main(ctx: click.Context, /, **given: Any) -> None:
    """Play a matrix."""
    options = Options(**given)
    if len({path for path, _ in options.outputs}) < len(options.outputs):
        raise click.UsageError("Two reports cannot go to the same place.")
    try:
        lineup = read_lineup(options.file)
        every = cells(lineup, pairs=options.pairs)
        chosen = selected(every, options.only)
        earlier = {} if options.resume is None else read_results(options.resume)
    except (BadLineup, NoSuchCell, NoMatrix) as error:
        raise click.UsageError(str(error)) from error
    if options.listing:
        for each in chosen:
            click.echo(each.id)
        return
    ctx.exit(_play(lineup, every, chosen, earlier, options))


def _play(
    lineup: Lineup, every: Sequence[Cell], chosen: Sequence[Cell], earlier: dict[str, CellResult], options: Options
) -> int:
    if options.only:
        earlier = {name: each for name, each in earlier.items() if name not in {cell.id for cell in chosen}}
    kept = [each for each in every if each in chosen or each.id in earlier]
    run = MatrixRun(lineup, kept, options.timeout, options.jobs, earlier)
    began = datetime.now(UTC)
    finished = _played(run)
    seconds = (datetime.now(UTC) - began).total_seconds()
    alone = {name: each.outcomes for name, each in run.servers.items()}
    report = MatrixReport(str(options.file), lineup, run.results, version("tchat"), began, seconds, not finished, alone)
    try:
        taken = any(path == STDOUT for path, _ in options.outputs)
        print_matrix(report, Console(highlight=False, soft_wrap=True, stderr=taken), verbose=options.verbose)
    finally:  # also where nobody reads to the end what is shown
        _write(report, options)
    if not finished:
        click.echo("tchat-conform: the run was stopped; --resume goes on from a --json report", err=True)
        return STOPPED
    return report.exit_status


def _write(report: MatrixReport, options: Options) -> None:
    for path, make in options.outputs:
        data = make(report).encode()
        try:
            if path == STDOUT:
                sys.stdout.buffer.write(data)
            else:
                _replace(Path(path), data)
        except OSError as error:
            raise click.ClickException(f"Cannot write {path}: {error.strerror}.") from error


def _replace(file: Path, data: bytes) -> None:
    """Write a file as a whole or not at all: --resume may read what it replaces."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(data)
    beside.replace(file)


def _played(run: MatrixRun) -> bool:
    """Play, with a progress bar; tell whether the run came to its end."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        bar = progress.add_task("playing", total=len(run.to_play))

        def on_cell(result: CellResult) -> None:
            progress.update(bar, advance=1, description=result.cell.title)

        run.on_cell = on_cell
        run.on_peer = lambda name: progress.update(bar, description=f"looked at {name} alone")
        return asyncio.run(_until_signal(run))


async def _until_signal(run: MatrixRun) -> bool:
    """Play to the end, or to the first signal; tell whether it came to the end."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(run.run())
    for each in SIGNALS:
        loop.add_signal_handler(each, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
    return not running.cancelled()
