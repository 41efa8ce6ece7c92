"""The report for a person at a terminal or in a CI log: what to do first, then the failures, then the levels."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tchat_conform.language import said
from tchat_conform.reports.causes import Cause
from tchat_conform.reports.conclusion import conclusion, first_step, opening
from tchat_conform.reports.difference import side_text
from tchat_conform.reports.entry import Kind, Line, entry, labelled
from tchat_conform.reports.exchange import log_line, middle_out
from tchat_conform.reports.replay import script
from tchat_conform.reports.report import Report, requirement_of
from tchat_conform.reports.sequence import diagram
from tchat_conform.reports.text import visible
from tchat_conform.summary import LevelSummary
from tchat_conform.verdict import Finding, Result, Verdict

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
KINDS = {Kind.SENTENCE: "bold", Kind.STEP: "dim", Kind.WRONG: "red", Kind.COMMAND: "cyan"}
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
IN_FULL = {Verdict.FAIL: 4, Verdict.NON_STRICT: 2}
IN_SHORT = {Verdict.FAIL: 8, Verdict.NON_STRICT: 6}
FULL_OTHERWISE, SHORT_OTHERWISE = 1, 4
"""How many causes of one verdict are told in twelve lines, and how many more in one line."""
FEW = 6
"""So many causes in all are told in full whatever their verdicts."""
WIDEST = 120
"""Columns beyond which lines become hard to read."""
VALUE = 4_000


def print_report(report: Report, console: Console, *, verbose: bool = False, expected: bool = False) -> None:
    """Print a run: how the suite spoke, what to fix first, the failures worst first, the levels, and a summary.

    ``verbose`` shows every failure with its whole log and lines to replay it; ``expected`` says that known failures
    decide about the exit status.
    """
    width = min(console.width, WIDEST)
    for text in opening(report):
        _print(console, text)
    _print(console, first_step(report), "bold")
    console.print()
    for verdict in Verdict:
        alike = [each for each in report.causes if each.verdict is verdict]
        _print_causes(alike, report, console, width, verbose=verbose)
    if verbose:
        _print_details(report, console)
    if report.trace:
        _print_traces(report, console, width, raw=verbose)
    _print_legend(report, console)
    console.print(_level_table(report.summaries))
    for text in conclusion(report, expected=expected):
        _print(console, text)


def _print(console: Console, text: str, style: str = "") -> None:
    if text:
        console.print(Text(text, style))


# -- causes -----------------------------------------------------------------------------------------------


def _print_causes(alike: Sequence[Cause], report: Report, console: Console, width: int, *, verbose: bool) -> None:
    if not alike:
        return
    verdict = alike[0].verdict
    few = verbose or len(report.causes) <= FEW
    full = len(alike) if few else IN_FULL.get(verdict, FULL_OTHERWISE)
    short = IN_SHORT.get(verdict, SHORT_OTHERWISE)
    for each in alike[:full]:
        for line in entry(each, report, width):
            console.print(_styled(line, verdict))
        console.print()
    rest = alike[full:]
    if rest:
        console.print(Text.assemble((verdict.upper(), STYLES[verdict]), said(", in one line each:")))
        for each in rest[:short]:
            console.print(Text(_short(each, width)))
        if rest[short:]:
            console.print(Text(_more(rest[short:]), "dim"))
        console.print()


def _styled(line: Line, verdict: Verdict) -> Text:
    if line.kind is Kind.HEAD and line.text.startswith(verdict.upper()):
        return Text.assemble((verdict.upper(), STYLES[verdict]), (line.text[len(verdict) :], "bold"))
    return Text(line.text, KINDS.get(line.kind, ""))


def _short(cause: Cause, width: int) -> str:
    number = len(cause.results)
    begin = f"  {number:>4} {said('case' if number == 1 else 'cases'):<5}  "
    where = f"  {cause.results[0].requirement}"
    return f"{begin}{middle_out(said(visible(cause.sentence, VALUE)), width - len(begin) - len(where))}{where}"


def _more(rest: Sequence[Cause]) -> str:
    found = {result.case for each in rest for result in each.results}
    number = "1 case" if len(found) == 1 else f"{len(found)} cases"
    return said(f"  … and {len(rest)} more, in {number}: --html FILE shows all, and so does -v")


# -- everything -------------------------------------------------------------------------------------------


def _print_details(report: Report, console: Console) -> None:
    shown = {result.case: result for cause in report.causes for result in cause.results}
    for result in shown.values():
        _print_result(result, console)
        if result.other is not None:
            console.print(Text(said(f"  the first run, which came to {result.other.verdict}:")))
            _print_result(result.other, console)
        for line in script(result, report.facts):
            console.print(Text(f"    {line}", "dim"))
        console.print()


def _print_result(result: Result, console: Console) -> None:
    keyword = requirement_of(result).keyword
    console.print(
        Text.assemble(
            (result.verdict.upper(), STYLES[result.verdict]),
            (f" {keyword} {result.case}", "bold"),
            f"  {said(result.title)}",
        )
    )
    for finding in result.findings:
        for text in _finding_lines(finding):
            console.print(Text(text))
    for each in result.log:
        console.print(Text(f"    {log_line(each)}", "dim"))


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"    {said(visible(finding.sentence, VALUE, lines=True))}"
    sides = (("expected", finding.expected), ("received", finding.received), ("sure", finding.proof or None))
    for label, side in sides:
        if side is not None:
            yield labelled(label, f"  {side_text(side)}")


def _print_traces(report: Report, console: Console, width: int, *, raw: bool) -> None:
    for result in report.results:
        if result.log:
            console.print(Text.assemble((result.verdict.upper(), STYLES[result.verdict]), (f" {result.case}", "bold")))
            for line in diagram(result, width, raw=raw):
                console.print(Text(line.text, "red" if line.is_wrong else ""))
            console.print()


# -- the end ----------------------------------------------------------------------------------------------


def _print_legend(report: Report, console: Console) -> None:
    plain = (Verdict.PASS, Verdict.FAIL)
    for verdict in Verdict:
        if report.counts[verdict] and verdict not in plain:
            console.print(Text.assemble((verdict.upper(), STYLES[verdict]), f": {said(report.meanings[verdict])}."))
    if set(report.counts) - set(plain):
        console.print()


def _level_table(summaries: Sequence[LevelSummary]) -> Table:
    columns = [each for each in COLUMNS if each in ALWAYS_SHOWN or any(row.counts[each] for row in summaries)]
    table = Table(title=None, show_edge=False, pad_edge=False)
    table.add_column(said("level"))
    for verdict in columns:
        table.add_column(verdict.value, justify="right", no_wrap=True)
    table.add_column(said("state"), no_wrap=True)
    for each in summaries:
        counts = [str(each.counts[verdict] or "·") for verdict in columns]
        table.add_row(each.level.name, *counts, Text(said(each.state), STATES[each.state]))
    return table
