"""The report for a person at a terminal or in a CI log."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tchat_conform.requirements import requirements
from tchat_conform.summary import LevelSummary, summarise
from tchat_conform.verdict import Finding, Message, Result, Verdict
from tchat_conform.wirelog import readable

STYLES = {
    Verdict.PASS: "green",
    Verdict.NON_STRICT: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.UNSTABLE: "bold yellow",
    Verdict.BLOCKED: "magenta",
    Verdict.UNSUPPORTED: "cyan",
    Verdict.UNTESTED: "dim",
    Verdict.ERROR: "bold white on red",
}
STATES = {"reached": "green", "not reached": "bold red", "not offered": "cyan", "not fully tested": "yellow"}
COLUMNS = (
    Verdict.PASS,
    Verdict.NON_STRICT,
    Verdict.FAIL,
    Verdict.UNSTABLE,
    Verdict.BLOCKED,
    Verdict.UNSUPPORTED,
    Verdict.UNTESTED,
    Verdict.ERROR,
)
ALWAYS_SHOWN = (Verdict.PASS, Verdict.FAIL)
LOG_LINES = 8
MESSAGE_CHARACTERS = 300


def print_report(results: Sequence[Result], console: Console, *, verbose: bool = False) -> None:
    """Print what did not pass, worst first, then the table by level. ``verbose`` shows whole logs."""
    for verdict in (Verdict.ERROR, Verdict.FAIL, Verdict.UNSTABLE, Verdict.NON_STRICT):
        for result in _with(verdict, results):
            _print_result(result, console, verbose=verbose)
    for verdict in (Verdict.BLOCKED, Verdict.UNSUPPORTED):
        for alike in _by_cause([each for each in _with(verdict, results) if each.log]):
            _print_alike(alike, console, verbose=verbose)
    console.print(_level_table(summarise(results)))
    _print_notes(results, console)


def _with(verdict: Verdict, results: Sequence[Result]) -> list[Result]:
    return [each for each in results if each.verdict is verdict]


def _by_cause(results: Sequence[Result]) -> list[list[Result]]:
    """Return results with the same cause together, the cause of most first."""
    causes: dict[str | None, list[Result]] = {}
    for each in results:
        causes.setdefault(each.findings[0].by or each.findings[0].sentence, []).append(each)
    return sorted(causes.values(), key=len, reverse=True)


def _print_alike(alike: Sequence[Result], console: Console, *, verbose: bool) -> None:
    """Print cases that one cause keeps from being looked at: the first in full, the others by name."""
    first = alike[0]
    cause = first.findings[0]
    word = "wait on" if first.verdict is Verdict.BLOCKED else "need"
    heading = f" {len(alike)} cases {word} {cause.by}" if cause.by else f" {len(alike)} cases"
    console.print(Text.assemble((f"{first.verdict.upper():<11}", STYLES[first.verdict]), (heading, "bold")))
    _print_finding(cause, console)
    console.print(Text(f"    cases     {', '.join(each.case for each in alike)}"))
    _print_log(first, console, verbose=verbose)


def _print_result(result: Result, console: Console, *, verbose: bool) -> None:
    requirement = requirements()[result.requirement]
    console.print(
        Text.assemble(
            (f"{result.verdict.upper():<11}", STYLES[result.verdict]),
            (f" {requirement.keyword} {result.case}", "bold"),
            f"  {result.title}",
        )
    )
    for finding in result.findings:
        _print_finding(finding, console)
    console.print(Text(f"    rule      {requirement.text} ({requirement.link})"))
    _print_log(result, console, verbose=verbose)


def _print_log(result: Result, console: Console, *, verbose: bool) -> None:
    shown = result.log if verbose else result.log[-LOG_LINES:]
    if len(shown) < len(result.log):
        console.print(Text(f"    … {len(result.log) - len(shown)} earlier lines; -v shows all", "dim"))
    for entry in shown:
        console.print(Text(f"    {entry}", "dim"))
    console.print()


def _print_finding(finding: Finding, console: Console) -> None:
    console.print(Text(f"    {finding.sentence}"))
    if finding.expected is not None:
        console.print(Text(f"    expected  {_shown(finding.expected)}"))
    if finding.received is not None:
        console.print(Text(f"    received  {_shown(finding.received)}"))


def _shown(what: Message | str) -> str:
    text = what if isinstance(what, str) else json.dumps(what, ensure_ascii=False)
    return readable(text.encode("utf-8", "backslashreplace"), MESSAGE_CHARACTERS)


def _level_table(summaries: Sequence[LevelSummary]) -> Table:
    columns = [each for each in COLUMNS if each in ALWAYS_SHOWN or any(row.counts[each] for row in summaries)]
    table = Table(title=None, show_edge=False, pad_edge=False)
    table.add_column("level")
    for verdict in columns:
        table.add_column(verdict.value, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for each in summaries:
        counts = [str(each.counts[verdict] or "·") for verdict in columns]
        table.add_row(each.level.name, *counts, Text(each.state, STATES[each.state]))
    return table


def _print_notes(results: Sequence[Result], console: Console) -> None:
    untested = [each for each in results if each.verdict is Verdict.UNTESTED]
    if untested:
        console.print(Text(f"{len(untested)} cases were not tested: {untested[0].findings[0].sentence}."))
    passed = sum(each.verdict is Verdict.PASS for each in results)
    console.print(Text(f"{passed} of {len(results)} cases passed."))
