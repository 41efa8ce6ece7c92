"""The command tchat-conform."""

import asyncio
import fnmatch
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tchat_conform.case import Case, all_cases
from tchat_conform.commands import LazyGroup
from tchat_conform.connection import Address, any_certificate
from tchat_conform.reports.outputs import output_options, stdout_is_taken, write_outputs
from tchat_conform.reports.report import Facts, Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.requirements import levels, requirements
from tchat_conform.runner import OnStart, run_cases
from tchat_conform.summary import exit_status
from tchat_conform.target import ReferenceServer, RunningServer, SpawnedServer, Target, TargetError
from tchat_conform.verdict import Result
from tchat_conform.world import Run

CANNOT_RUN = 2


HELP = """Judge a tchat server, over TCP, by the requirements of PROTOCOL.md.

With no target the reference server is started on a free port and judged.

\b
tchat-conform --host 127.0.0.1 --port 8080     a server that is running
tchat-conform --spawn 'node server.js {port}'  one that the suite starts
tchat-conform --level base -k SEND             some of the cases
tchat-conform --html report.html --json -      with reports to keep

Exit status: 0 when every MUST of the chosen levels holds, 1 when one does not,
2 when nothing could be run (usage, no server, no case) or a report not be written.
"""


class LevelNames(click.ParamType[tuple[str, ...]]):
    """Comma-separated names of levels."""

    name = "LEVEL[,LEVEL…]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names, all of them known."""
        names = tuple(part.strip() for part in value.split(","))
        for name in names:
            if name not in levels():
                self.fail(f"{name!r} is no level; there are {', '.join(levels())}", param, ctx)
        return names


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
@click.option("--level", "chosen", type=LevelNames(), help=f"Only these levels, of {', '.join(levels())}.")
@click.option("-k", "pattern", metavar="TEXT", help="Only cases whose id or title holds TEXT (or glob).")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Cases at a time.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.05, 60),
    default=5.0,
    show_default=True,
    help="Seconds to wait for one answer, at most; less where the server proves fast.",
)
@click.option("--list", "listing", is_flag=True, help="List the cases with their requirements, and run none.")
@click.option("-v", "--verbose", is_flag=True, help="Show the whole log of each case that did not pass.")
@output_options
@click.version_option(package_name="tchat")
@click.pass_context
def main(  # noqa: PLR0913, PLR0917 - one argument an option
    ctx: click.Context,
    host: str | None,
    port: int | None,
    spawn: str | None,
    tls: bool,
    chosen: tuple[str, ...] | None,
    pattern: str | None,
    jobs: int,
    timeout: float,
    listing: bool,
    verbose: bool,
) -> None:
    """Judge a server, unless a command follows that does something else."""
    if ctx.invoked_subcommand is not None:
        _refuse_options_before_a_command(ctx)
        return
    console = Console(highlight=False, soft_wrap=True, stderr=stdout_is_taken())
    cases = _select(chosen, pattern)
    if listing:
        _print_list(cases, console)
        return
    target = _target(host, port, spawn, tls=tls)
    began = datetime.now(UTC)
    runs: list[Run] = []
    try:
        results = asyncio.run(_run(cases, target, jobs, timeout, runs.append))
    except TargetError as error:
        click.echo(f"tchat-conform: {error}", err=True)
        sys.exit(CANNOT_RUN)
    except KeyboardInterrupt:
        click.echo("tchat-conform: interrupted", err=True)
        sys.exit(130)
    print_report(results, console, verbose=verbose)
    write_outputs(Report(_facts(host, port, spawn, tls=tls, began=began, run=runs[0]), tuple(results)))
    sys.exit(exit_status(results))


def _refuse_options_before_a_command(ctx: click.Context) -> None:
    given = [
        parameter.opts[-1]
        for parameter in ctx.command.params
        if parameter.name and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"{given[0]} goes without a command, or after {ctx.invoked_subcommand} if that takes it."
        )


def _select(chosen: Sequence[str] | None, pattern: str | None) -> list[Case]:
    found = [
        each
        for each in all_cases()
        if (not chosen or each.level.name in chosen) and (not pattern or _matches(each, pattern))
    ]
    if not found:
        raise click.UsageError("No case matches; --list shows all of them.")
    return found


def _matches(case: Case, pattern: str) -> bool:
    wanted = pattern.lower()
    return any(wanted in text.lower() or fnmatch.fnmatch(text.lower(), wanted) for text in (case.id, case.title))


def _print_list(cases: Sequence[Case], console: Console) -> None:
    for each in cases:
        requirement = each.requirement
        console.print(f"{requirement.level:<10} {requirement.keyword:<6} {each.id}  {each.title}", markup=False)
    console.print(f"{len(cases)} cases for {len({each.requirement.id for each in cases})} of "
                  f"{len(requirements())} requirements")  # fmt: skip


def _target(host: str | None, port: int | None, spawn: str | None, *, tls: bool) -> Target:
    if spawn is not None:
        if host is not None or port is not None:
            raise click.UsageError("--spawn picks the port itself; leave out --host and --port.")
        return SpawnedServer(spawn, tls=any_certificate() if tls else None)
    if host is None and port is None:
        if tls:
            raise click.UsageError("--tls needs --port or --spawn.")
        return ReferenceServer()
    if port is None:
        raise click.UsageError("--host needs --port.")
    return RunningServer(Address(host or "127.0.0.1", port, any_certificate() if tls else None))


def _facts(  # noqa: PLR0913 - what the options said, and the run
    host: str | None, port: int | None, spawn: str | None, *, tls: bool, began: datetime, run: Run
) -> Facts:
    options = {"--host": host, "--port": port, "--spawn": spawn}
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    command = shlex.join(["tchat-conform", *given, *(["--tls"] if tls else [])])
    words = f"{host or '127.0.0.1'}:{port}{' by TLS' if tls else ''}" if port else spawn or "the reference server"
    seconds = (datetime.now(UTC) - began).total_seconds()
    return Facts(words, command, version("tchat"), began, seconds, run.patience, run.token, tuple(sorted(run.features)))


async def _run(cases: Sequence[Case], target: Target, jobs: int, limit: float, on_start: OnStart) -> list[Result]:
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

        try:
            return await run_cases(cases, target, jobs=jobs, limit=limit, on_result=on_result, on_start=on_start)
        finally:
            await target.stop()
