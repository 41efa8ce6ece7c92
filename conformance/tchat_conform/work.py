"""What the command tchat-conform does once it is known what it is asked: it lists, explains or judges."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from tchat_conform.case import Case
from tchat_conform.catalogue import catalogue_json, print_catalogue
from tchat_conform.expectations import BadExpectations, Expectations, holds, news_lines, read_expectations
from tchat_conform.explain import explained
from tchat_conform.judging import Outcome, judge
from tchat_conform.options import STOPPED, Options, given_names
from tchat_conform.reports.outputs import FORMS, stdout_is_taken, trace_is_asked_for, write_outputs
from tchat_conform.reports.report import Facts, Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.selection import NoSuchCase, Selection
from tchat_conform.summary import exit_status
from tchat_conform.target import Target, TargetError
from tchat_conform.verdict import Result

FAILED = 1
CANNOT_RUN = 2


def obey(ctx: click.Context, options: Options, target: Target | None) -> int:
    """Do what the options say and return the exit status; ``target`` is the server to judge, None where nothing runs.

    Raises UsageError for what does not exist or cannot be read.
    """
    try:
        return _obey(ctx, options, target)
    except (NoSuchCase, BadExpectations) as error:
        raise click.UsageError(str(error)) from error


def _obey(ctx: click.Context, options: Options, target: Target | None) -> int:
    console = Console(highlight=False, soft_wrap=True, stderr=stdout_is_taken())
    if options.explain is not None:
        _print_explanation(options.explain, console)
        return 0
    cases = _selected(options)
    if target is None:
        _refuse_reports_of_a_list(ctx)
        _print_list(cases, str(options.listing), console)
        return 0
    return _judge(cases, target, options, console)


def _selected(options: Options) -> list[Case]:
    return Selection(options.chosen or (), options.only or (), options.tags, options.pattern).cases()


def _refuse_reports_of_a_list(ctx: click.Context) -> None:
    for name in given_names(ctx, [form.name for form in FORMS]):
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


def _judge(cases: Sequence[Case], target: Target, options: Options, console: Console) -> int:
    known = None if options.expect is None else read_expectations(options.expect)
    kept = _kept(options, known)
    began = datetime.now(UTC)
    try:
        outcome = asyncio.run(_run(cases, target, options))
    except TargetError as error:
        click.echo(f"tchat-conform: {error}", err=True)
        return CANNOT_RUN
    report = Report(_facts(options, began, outcome), outcome.results, trace=trace_is_asked_for())
    try:
        status = _show(report, known, options, console)
    finally:  # also where nobody reads to the end what is shown
        write_outputs(report)
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


def _show(report: Report, known: Expectations | None, options: Options, console: Console) -> int:
    """Print what the run came to, and return the exit status that it gives."""
    print_report(report, console, verbose=options.verbose, expected=known is not None)
    if known is None:
        return exit_status(report.results)
    news = known.compare(report.results)
    for line in news_lines(news):
        console.print(Text(line))
    return 0 if holds(news) else FAILED


def _write(path: Path, known: Expectations) -> None:
    try:
        path.write_text(known.text(), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"Cannot write {path}: {error.strerror}.") from error


def _facts(options: Options, began: datetime, outcome: Outcome) -> Facts:
    seconds = (datetime.now(UTC) - began).total_seconds()
    facts = (options.target_in_words, options.command, version("tchat"), began, seconds)
    run = outcome.run
    if run is None:
        return Facts(*facts)
    spoken = tuple(each.sentence for each in run.adaptations)
    return Facts(*facts, run.patience, run.token, tuple(sorted(run.features)), spoken)


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
