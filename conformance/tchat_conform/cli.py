"""The command tchat-conform."""

import asyncio
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from tchat_conform.case import Case
from tchat_conform.catalogue import catalogue_json, print_catalogue
from tchat_conform.commands import LazyGroup
from tchat_conform.connection import Address, any_certificate
from tchat_conform.expectations import (
    BadExpectations,
    Expectations,
    holds,
    news_lines,
    read_expectations,
)
from tchat_conform.explain import explained
from tchat_conform.judging import Outcome, judge
from tchat_conform.language import language_option
from tchat_conform.reports.outputs import FORMS, output_options, stdout_is_taken, write_outputs
from tchat_conform.reports.report import Facts, Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.requirements import levels
from tchat_conform.selection import NoSuchCase, Selection
from tchat_conform.summary import exit_status
from tchat_conform.target import ReferenceServer, RunningServer, SpawnedServer, Target, TargetError
from tchat_conform.verdict import Result

FAILED = 1
CANNOT_RUN = 2
STOPPED = 130
JOBS = 8
TIMEOUT = 5.0

HELP = """Judge a tchat server, over TCP, by the requirements of PROTOCOL.md.

With no target the reference server is started on a free port and judged.

\b
tchat-conform --host 127.0.0.1 --port 8080     a server that is running
tchat-conform --spawn 'node server.js {port}'  one that the suite starts
tchat-conform --level base -k SEND             some of the cases
tchat-conform --html report.html --json -      with reports to keep
tchat-conform --explain G-JOIN-1               what a requirement means

Exit status: 0 when every MUST of the chosen levels holds, or with --expect when nothing is new;
1 when not; 2 when nothing could be run (usage, no server, no case) or a file not be read or
written; 130 when the run was stopped before its end.
"""


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    def __init__(self, name: str) -> None:
        self.name = f"{name}[,{name}…]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names, at least one."""
        names = tuple(name for part in value.split(",") if (name := part.strip()))
        if not names:
            self.fail("a name is missing", param, ctx)
        return names


def _in_a_directory(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"cannot write {path}: there is no directory {path.parent}.", ctx, param)
    return path


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, but for the reports and the language."""

    host: str | None
    port: int | None
    spawn: str | None
    tls: bool
    chosen: tuple[str, ...] | None
    only: tuple[str, ...] | None
    tags: tuple[tuple[str, ...], ...]
    pattern: str
    jobs: int
    timeout: float
    listing: str | None
    explain: str | None
    expect: Path | None
    write_expect: Path | None
    verbose: bool

    @property
    def command(self) -> str:
        """The command that judges the same server in the same way again."""
        options = {
            "--host": self.host,
            "--port": self.port,
            "--spawn": self.spawn,
            "--jobs": None if self.jobs == JOBS else self.jobs,
            "--timeout": None if self.timeout == TIMEOUT else f"{self.timeout:g}",
        }
        given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
        return shlex.join(["tchat-conform", *given, *(["--tls"] if self.tls else [])])

    @property
    def target_in_words(self) -> str:
        """The server that is judged, for a person."""
        if self.port:
            return f"{self.host or '127.0.0.1'}:{self.port}{' by TLS' if self.tls else ''}"
        return self.spawn or "the reference server"


@click.group(
    cls=LazyGroup,
    help=HELP,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND …]",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--host", help="Host of a running server. [default: 127.0.0.1 where --port is given]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of a running server.")
@click.option("--spawn", metavar="CMD", help="Start a server with this command; {port} stands for its port.")
@click.option("--tls", is_flag=True, help="Connect by TLS; any certificate is taken.")
@click.option("--level", "chosen", type=Names("LEVEL"), help=f"Only these levels, of {', '.join(levels())}.")
@click.option("--only", type=Names("ID"), help="Only these cases, or all cases of these requirements.")
@click.option(
    "--tag", "tags", type=Names("TAG"), multiple=True, help="Only cases with one of these tags; may be given again."
)
@click.option(
    "-k", "pattern", metavar="TEXT", default="", help="Only cases whose id, title or tag holds TEXT (or glob)."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, show_default=True, help="Cases at a time.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.05, 60),
    default=TIMEOUT,
    show_default=True,
    help="Seconds to wait for one answer, at most; less where the server proves fast.",
)
@click.option(
    "--list",
    "listing",
    is_flag=False,
    flag_value="text",
    type=click.Choice(["text", "json"]),
    metavar="[json]",
    help="List the cases with their requirements and tags, and run none.",
)
@click.option("--explain", metavar="ID", help="Say what a requirement means, or that of a case, and run none.")
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Known failures: only news fails, and a known failure that passes now.",
)
@click.option(
    "--write-expect",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    callback=_in_a_directory,
    help="Write what failed as known failures, keeping reasons.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the whole log of each case that did not pass.")
@language_option
@output_options
@click.version_option(package_name="tchat")
@click.pass_context
def main(ctx: click.Context, /, **given: Any) -> None:
    """Judge a server, unless a command follows that does something else."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIO hides it
    if ctx.invoked_subcommand is not None:
        _refuse_options_before_a_command(ctx)
        return
    options = Options(**given)
    try:
        sys.exit(_obey(ctx, options))
    except (NoSuchCase, BadExpectations) as error:
        raise click.UsageError(str(error)) from error


def _refuse_options_before_a_command(ctx: click.Context) -> None:
    names = [parameter.name for parameter in ctx.command.params if parameter.name]
    for name in _given(ctx, names):
        raise click.UsageError(f"{name} goes without a command, or after {ctx.invoked_subcommand} if that takes it.")


def _given(ctx: click.Context, names: Sequence[str]) -> list[str]:
    """Return which of these options stand on the command line, as they are written there."""
    return [
        max(parameter.opts, key=len)
        for parameter in ctx.command.params
        if parameter.name in names and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]


def _obey(ctx: click.Context, options: Options) -> int:
    console = Console(highlight=False, soft_wrap=True, stderr=stdout_is_taken())
    if options.explain is not None:
        _print_explanation(options.explain, console)
        return 0
    cases = _selected(options)
    if options.listing is not None:
        _refuse_reports_of_a_list(ctx)
        _print_list(cases, options.listing, console)
        return 0
    return _judge(cases, options, console)


def _selected(options: Options) -> list[Case]:
    return Selection(options.chosen or (), options.only or (), options.tags, options.pattern).cases()


def _refuse_reports_of_a_list(ctx: click.Context) -> None:
    for name in _given(ctx, [form.name for form in FORMS]):
        raise click.UsageError(f"--list runs nothing that {name} could report; --list json is for programs.")


def _print_list(cases: Sequence[Case], form: str, console: Console) -> None:
    if form == "json":
        click.echo(catalogue_json(cases), nl=False)
    else:
        print_catalogue(cases, console)


def _print_explanation(name: str, console: Console) -> None:
    for heading, text in explained(name):
        console.print(Text(f"\n{heading}" if heading else text, "bold"))
        if heading:
            console.print(Text(text))


def _judge(cases: Sequence[Case], options: Options, console: Console) -> int:
    target = _target(options)
    known = None if options.expect is None else read_expectations(options.expect)
    kept = _kept(options, known)
    began = datetime.now(UTC)
    try:
        outcome = asyncio.run(_run(cases, target, options))
    except TargetError as error:
        click.echo(f"tchat-conform: {error}", err=True)
        return CANNOT_RUN
    try:
        status = _show(outcome, known, options, console)
    finally:  # also where nobody reads to the end what is shown
        write_outputs(Report(_facts(options, began, outcome), outcome.results))
    if outcome.stopped is not None:
        click.echo(f"tchat-conform: the run was stopped: {outcome.stopped}", err=True)
        return STOPPED
    if kept is not None and options.write_expect is not None:
        _write(options.write_expect, kept.after(outcome.results))
    return status


def _kept(options: Options, known: Expectations | None) -> Expectations | None:
    """Return whose reasons and lines the written file keeps: those of --expect, or those it has already."""
    if options.write_expect is None or known is not None:
        return known
    return read_expectations(options.write_expect) if options.write_expect.exists() else Expectations()


def _show(outcome: Outcome, known: Expectations | None, options: Options, console: Console) -> int:
    """Print what the run came to, and return the exit status that it gives."""
    print_report(outcome.results, console, verbose=options.verbose)
    if known is None:
        return exit_status(outcome.results)
    news = known.compare(outcome.results)
    for line in news_lines(news):
        console.print(Text(line))
    return 0 if holds(news) else FAILED


def _write(path: Path, known: Expectations) -> None:
    try:
        path.write_text(known.text(), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"Cannot write {path}: {error.strerror}.") from error


def _target(options: Options) -> Target:
    certificate = any_certificate() if options.tls else None
    if options.spawn is not None:
        if options.host is not None or options.port is not None:
            raise click.UsageError("--spawn picks the port itself; leave out --host and --port.")
        return SpawnedServer(options.spawn, tls=certificate)
    if options.host is None and options.port is None:
        if options.tls:
            raise click.UsageError("--tls needs --port or --spawn.")
        return ReferenceServer()
    if options.port is None:
        raise click.UsageError("--host needs --port.")
    return RunningServer(Address(options.host or "127.0.0.1", options.port, certificate))


def _facts(options: Options, began: datetime, outcome: Outcome) -> Facts:
    seconds = (datetime.now(UTC) - began).total_seconds()
    facts = (options.target_in_words, options.command, version("tchat"), began, seconds)
    run = outcome.run
    return Facts(*facts) if run is None else Facts(*facts, run.patience, run.token, tuple(sorted(run.features)))


async def _run(cases: Sequence[Case], target: Target, options: Options) -> Outcome:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with progress:
        bar = progress.add_task("judging", total=len(cases))

        def on_result(result: Result) -> None:
            progress.update(bar, advance=1, description=f"{result.verdict:<11} {result.case}")

        return await judge(cases, target, jobs=options.jobs, limit=options.timeout, on_result=on_result)
