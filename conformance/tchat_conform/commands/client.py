"""``tchat-conform client``: judge anybody's client, at a terminal of ours and before a server that is played."""

import asyncio
import shlex
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from tchat_conform.clients.case import ClientCase, all_client_cases, client_ids_of, client_levels, select
from tchat_conform.clients.description import BadDescription, Description, read_description
from tchat_conform.clients.run import ClientRun, command_of
from tchat_conform.clients.runner import ClientRunner
from tchat_conform.expectations import BadExpectations, Expectations, holds, news_lines, read_expectations
from tchat_conform.language import language_option, said
from tchat_conform.options import Names
from tchat_conform.reports.outputs import output_options, stdout_is_taken, trace_is_asked_for, write_outputs
from tchat_conform.reports.report import Facts, Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.sections import section_of
from tchat_conform.selection import NoSuchCase
from tchat_conform.verdict import Result

JOBS = 6
TIMEOUT = 5.0
FAILED, STOPPED = 1, 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)

HELP = """Judge a tchat client by what it sends when commands are typed and by what its screen shows.

CMD starts the client. {host}, {port} and {name} in it are filled in, and HOST, PORT and NAME
stand in its environment; what it asks for at its terminal is answered.

\b
tchat-conform client -- node client.js --name {name} --host {host} --port {port}
tchat-conform client --level base -k SHOW -- python client.py
tchat-conform client --describe client.toml --html report.html

A description says in TOML how a client differs from others, all of it optional:

\b
command = "node client.js {port}"       in place of CMD
style = "menu"                          words, then a question for each field; else "course"
start_delay = 0.5                       seconds before the first line
line_delay = 0.3                        seconds between lines
enter = "\\r"                            what ends a line
env = {LOGIN = "{name}"}
[[prompts]]                             a question before the chat, as a regular expression
expect = "Votre pseudo"
answer = "{name}"
[commands]                              by the action of the request, with its fields
client-send = ["msg {to}", "{msg}"]     lines, one after the other
client-quit = "/exit"
states = false                          a command that the client does not have

Exit status: 0 when every MUST of the chosen levels holds, or with --expect when nothing is new;
1 when not; 2 when nothing could be run; 130 when the run was stopped before its end.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, but for the reports and the language."""

    command: tuple[str, ...]
    describe: Path | None
    wanted: tuple[str, ...] | None
    only: tuple[str, ...] | None
    pattern: str
    jobs: int
    timeout: float
    listing: bool
    explain: str | None
    expect: Path | None
    write_expect: Path | None
    verbose: bool

    def again(self, argv: Sequence[str]) -> str:
        """Return the command that judges the same client in the same way again."""
        options = {
            "--describe": None if self.describe is None else str(self.describe),
            "--jobs": None if self.jobs == JOBS else str(self.jobs),
            "--timeout": None if self.timeout == TIMEOUT else f"{self.timeout:g}",
        }
        given = [part for name, value in options.items() if value is not None for part in (name, value)]
        return shlex.join(["tchat-conform", "client", *given, "--", *argv])


class _Command(click.Command):
    """A command whose last option ends where the client's own command begins."""

    allow_interspersed_args = False


@click.command(cls=_Command, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("command", metavar="-- CMD …", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--describe",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take from this TOML file how the client is driven.",
)
@click.option("--level", "wanted", type=Names("LEVEL"), help=f"Only these levels, of {', '.join(client_levels())}.")
@click.option("--only", type=Names("ID"), help="Only these cases, or all cases of these requirements.")
@click.option("-k", "pattern", metavar="TEXT", default="", help="Only cases whose id or title holds TEXT (or glob).")
@click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, show_default=True, help="Cases at a time.")
@click.option(
    "--timeout",
    type=click.FloatRange(0.05, 60),
    default=TIMEOUT,
    show_default=True,
    help="Seconds to wait for one reaction, at most; less where the client proves fast.",
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
    help="Write what failed as known failures, keeping reasons.",
)
@click.option("--list", "listing", is_flag=True, help="List the cases with their requirements, and run none.")
@click.option("-v", "--verbose", is_flag=True, help="Show the whole log of each case that did not pass.")
@language_option
@output_options
@click.pass_context
def main(ctx: click.Context, /, **given: Any) -> None:
    """Judge a client."""
    options = Options(**given)
    try:
        cases = select(options.wanted or (), options.only or (), options.pattern)
        description = Description() if options.describe is None else read_description(options.describe)
    except (NoSuchCase, BadDescription) as error:
        raise click.UsageError(str(error)) from error
    if options.explain is not None:
        _explain(options.explain)
    elif options.listing:
        _print_list(cases)
    else:
        ctx.exit(_judge(cases, description, options))


def _judge(cases: Sequence[ClientCase], description: Description, options: Options) -> int:
    argv = _whole(command_of(options.command, description))
    if not argv:
        raise click.UsageError("The client's command is missing: tchat-conform client -- CMD …")
    if shutil.which(argv[0]) is None:
        raise click.UsageError(f"There is no program {argv[0]!r} to start the client with.")
    known = None if options.expect is None else _known(options.expect)
    kept = known
    if known is None and options.write_expect is not None:
        kept = _known(options.write_expect) if options.write_expect.exists() else Expectations()
    run = ClientRun(argv, description, options.timeout)
    began = datetime.now(UTC)
    results, stopped = _judged(cases, run, options.jobs)
    report = Report(_facts(run, options, began), results, trace=trace_is_asked_for())
    try:
        status = _show(report, known, verbose=options.verbose)
    finally:  # also where nobody reads to the end what is shown
        write_outputs(report)
    if stopped:
        click.echo("tchat-conform: the run was stopped", err=True)
        return STOPPED
    if kept is not None and options.write_expect is not None:
        _write(options.write_expect, kept.after(results))
    return status


def _show(report: Report, known: Expectations | None, *, verbose: bool) -> int:
    """Print what the run came to, and return the exit status that it gives."""
    console = Console(highlight=False, soft_wrap=True, stderr=stdout_is_taken())
    print_report(report, console, verbose=verbose, expected=known is not None)
    if known is None:
        return report.exit_status
    news = known.compare(report.results)
    for line in news_lines(news):
        console.print(Text(line))
    return 0 if holds(news) else FAILED


def _known(path: Path) -> Expectations:
    try:
        return read_expectations(path, client_ids_of)
    except BadExpectations as error:
        raise click.UsageError(str(error)) from error


def _write(path: Path, known: Expectations) -> None:
    try:
        path.write_text(known.text(each.id for each in all_client_cases()), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"Cannot write {path}: {error.strerror}.") from error


def _explain(name: str) -> None:
    """Print the sentence of a requirement, what stands around it, and its cases."""
    try:
        ids = client_ids_of(name)
    except NoSuchCase as error:
        raise click.UsageError(str(error)) from error
    cases = [each for each in all_client_cases() if each.id in ids]
    requirement = cases[0].requirement
    section = section_of(requirement)
    prose = [*section.prose, *(section.parent.prose if section.parent else ())]
    click.echo(f"{requirement.id} ({requirement.keyword}, {requirement.level}) {requirement.text}")
    for text in prose:
        click.echo(f"\n{text}")
    click.echo()
    for each in cases:
        click.echo(f"{each.id}  {said(each.title)}")
    click.echo(f"\nSee {requirement.link}.")


def _facts(run: ClientRun, options: Options, began: datetime) -> Facts:
    seconds = (datetime.now(UTC) - began).total_seconds()
    target, again = shlex.join(run.command), options.again(run.command)
    patience = run.patience
    return Facts(target, again, version("tchat"), began, seconds, patience, spoken=run.spoken, of_client=True)


def _whole(command: Sequence[str]) -> list[str]:
    """Return a command that was given as one word, in quotes, in its parts."""
    if len(command) == 1 and shutil.which(command[0]) is None:
        return shlex.split(command[0])
    return list(command)


def _print_list(cases: Sequence[ClientCase]) -> None:
    for each in cases:
        click.echo(f"{each.id}  ({each.requirement.keyword}, {each.requirement.level})  {said(each.title)}")


def _judged(cases: Sequence[ClientCase], run: ClientRun, jobs: int) -> tuple[tuple[Result, ...], bool]:
    """Run the cases, and return their results and whether a signal ended the run."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        bar = progress.add_task("judging", total=len(cases))

        def on_result(result: Result) -> None:
            progress.update(bar, advance=1, description=f"{result.verdict:<11} {result.case}")

        runner = ClientRunner(cases, run, jobs, on_result)
        finished = asyncio.run(_until_signal(runner))
    return runner.results, not finished


async def _until_signal(runner: ClientRunner) -> bool:
    """Run to the end, or to the first signal; tell whether it came to the end."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(runner.run())
    for each in SIGNALS:
        loop.add_signal_handler(each, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
    return not running.cancelled()
