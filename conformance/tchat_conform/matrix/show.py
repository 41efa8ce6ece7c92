"""A matrix for a person at a terminal: who works with whom, what to fix first, and the points of each peer."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tchat_conform.language import said
from tchat_conform.matrix.points import Cause, is_strict
from tchat_conform.matrix.report import MEANINGS, NEARLY, SIGNS, MatrixReport
from tchat_conform.matrix.result import CellResult, Outcome, Verdict, plain
from tchat_conform.matrix.scenarios import SCENARIOS
from tchat_conform.reports.exchange import middle_out
from tchat_conform.reports.text import visible

STYLES = {
    Verdict.PASSED: "green",
    Verdict.SERVER: "bold red",
    Verdict.CLIENT: "bold yellow",
    Verdict.BOTH: "bold magenta",
    Verdict.AMBIGUOUS: "bold cyan",
    Verdict.UNSUPPORTED: "cyan",
    Verdict.BLOCKED: "dim",
    Verdict.UNTESTED: "dim",
    Verdict.ERROR: "bold white on red",
}
WIDEST = 120
"""Columns beyond which lines become hard to read."""
NAME, CLIENTS = 10, 22
"""Columns that the name of a server may take, and those of two clients."""
SHOWN_CAUSES = 12
SENTENCE, LINES = 400, 3
"""Characters of a sentence, and lines that it may take."""


def print_matrix(report: MatrixReport, console: Console, *, verbose: bool = False) -> None:
    """Print a run. ``verbose`` names every pair that a cause is seen in, and the logs of what did not pass."""
    width = min(console.width, WIDEST)
    console.print(Text(said(report.headline), "bold"))
    for line in wrap(", ".join(f"{each.letter} {said(each.name)}" for each in SCENARIOS), width):
        console.print(Text(line, "dim"))
    console.print()
    for table in _tables(report, width):
        console.print(table)
        console.print()
    for sign_and_words in _legend(report):
        _print_hanging(console, sign_and_words, width)
    console.print()
    _print_causes(report, console, width, verbose=verbose)
    console.print(_points(report))
    if verbose:
        _print_logs(report, console)


# -- the matrix -------------------------------------------------------------------------------------------


def _tables(report: MatrixReport, width: int) -> Iterator[Table]:
    """Yield the matrix, in as many tables as its servers need."""
    rows = {(each.cell.first, each.cell.second): each.cell.clients for each in report.results}
    label = min(CLIENTS, max(map(cell_len, rows.values()), default=0))
    by_place = {(each.cell.first, each.cell.second, each.cell.server): each for each in report.results}
    served = {each.cell.server for each in report.results}
    servers = [each.name for each in report.lineup.servers if each.name in served]
    for some in _groups(servers, width - label):
        table = Table(show_edge=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
        table.add_column("", no_wrap=True, min_width=label)
        for name in some:
            header = Text(middle_out(name, NAME), "bold")
            header.append("\n" + "".join(each.letter for each in SCENARIOS), "dim")
            table.add_column(header, no_wrap=True)
        for clients, words in rows.items():
            found = [by_place.get((*clients, name)) for name in some]
            table.add_row(middle_out(words, CLIENTS), *(_code(each) for each in found))
        yield table


def _groups(servers: Sequence[str], width: int) -> Iterator[list[str]]:
    some: list[str] = []
    left = width
    for name in servers:
        wide = 2 + max(len(SCENARIOS), min(NAME, cell_len(name)))
        if some and wide > left:
            yield some
            some, left = [], width
        some.append(name)
        left -= wide
    if some:
        yield some


def _code(result: CellResult | None) -> Text:
    text = Text()
    for each in result.outcomes if result is not None else ():
        text.append(sign(each), STYLES[each.verdict])
    return text


def sign(outcome: Outcome) -> str:
    """Return the character that stands for an outcome."""
    if outcome.verdict is Verdict.PASSED and not is_strict(outcome):
        return NEARLY
    return SIGNS[outcome.verdict]


def _print_hanging(console: Console, text: Text, width: int) -> None:
    """Print words with a sign before them over as many lines as they need, all under the first word."""
    first, *more = wrap(text.plain, width, subsequent_indent="  ")
    console.print(text[: len(first)])
    for line in more:
        console.print(Text(line))


def _legend(report: MatrixReport) -> Iterator[Text]:
    for verdict in Verdict:
        number = report.counts[verdict] - (report.nearly if verdict is Verdict.PASSED else 0)
        if number:
            words = f" {number} {said(verdict.value)}: {said(MEANINGS[verdict])}"
            yield Text.assemble((SIGNS[verdict], STYLES[verdict]), words)
        if verdict is Verdict.PASSED and report.nearly:
            words = said("the same, though somebody broke a MUST on the way")
            yield Text.assemble((NEARLY, STYLES[verdict]), f" {report.nearly} {said(verdict.value)}: {words}")


# -- what to fix ------------------------------------------------------------------------------------------


def _print_causes(report: MatrixReport, console: Console, width: int, *, verbose: bool) -> None:
    if not report.causes:
        return
    console.print(Text(said("What to fix, what most pairs fail of first:"), "bold"))
    shown = report.causes if verbose else report.causes[:SHOWN_CAUSES]
    for each in shown:
        for line in _cause_lines(each, width, verbose=verbose):
            console.print(line)
    rest = len(report.causes) - len(shown)
    if rest:
        console.print(Text(said(f"  … and {rest} more: --html FILE shows all, and so does -v"), "dim"))
    console.print()


def _cause_lines(cause: Cause, width: int, *, verbose: bool) -> Iterator[Text]:
    blame = cause.blame
    number = len(cause.where)
    head = Text.assemble(
        f"{number:>4} × ",
        (blame.peer or "tchat-conform", "bold"),
        f" ({said(blame.side)}), ",
        (said(cause.verdict.value), STYLES[cause.verdict]),
        f", {blame.requirement}" if blame.requirement else "",
    )
    yield head
    sentence = said(plain(visible(blame.sentence, SENTENCE, lines=True))).partition("\n")[0]
    for line in wrap(sentence, width - 7, max_lines=LINES, placeholder=" …"):
        yield Text(f"       {line}")
    places = [f"{result.cell.title}, {said(outcome.scenario)}" for result, outcome in cause.where]
    for place in places if verbose else places[:1]:
        yield Text(f"       {middle_out(place, width - 7)}", "dim")


def _points(report: MatrixReport) -> Table:
    table = Table(show_edge=False, pad_edge=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(said("points"), no_wrap=True)
    for name in ("passed", "own fault", "others' fault"):
        table.add_column(said(name), justify="right")
    table.add_column(said("passed of what others did not spoil"))
    for each in report.points:
        others = each.played - each.of
        share = f"{each.passed} / {each.of}" + (f"  {100 * each.passed // each.of} %" if each.of else "")
        who = Text.assemble((each.peer, "bold"), f" ({said(each.side)})")
        table.add_row(who, str(each.passed), str(each.at_fault), str(others), share)
    return table


# -- everything -------------------------------------------------------------------------------------------


def _print_logs(report: MatrixReport, console: Console) -> None:
    for result in report.results:
        for each in result.outcomes:
            if each.verdict in (Verdict.PASSED, Verdict.UNTESTED):
                continue
            console.print()
            console.print(
                Text.assemble(
                    (said(each.verdict.value).upper(), STYLES[each.verdict]),
                    (f" {result.cell.title}, {said(each.scenario)}", "bold"),
                )
            )
            for blame in each.blames:
                words = said(visible(blame.sentence, SENTENCE, lines=True))
                console.print(Text(f"    {blame.peer} {blame.requirement or ''} {words}"))
            for entry in each.log:
                console.print(Text(f"    {entry}", "dim"))
