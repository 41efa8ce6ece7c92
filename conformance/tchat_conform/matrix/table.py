"""A matrix for a spreadsheet: a row for each scenario of each pair, and one for the points of each peer."""

import csv
import io
from collections.abc import Iterator

from tchat_conform.language import said
from tchat_conform.matrix.points import is_strict
from tchat_conform.matrix.report import MatrixReport
from tchat_conform.matrix.result import plain

COLUMNS = (
    "kind", "server", "client", "other_client", "scenario", "verdict", "strict", "blamed", "peer", "requirement",
    "sentence", "passed", "at_fault", "of", "played",
)  # fmt: skip
SHOWN = 300
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def matrix_csv(report: MatrixReport) -> str:
    """Return a run as CSV: rows of the kind ``points`` first, and then rows of the kind ``scenario``."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in (*_points(report), *_scenarios(report)):
        writer.writerow({name: _safe(value) for name, value in row.items()})
    return out.getvalue()


def _points(report: MatrixReport) -> Iterator[dict[str, object]]:
    for each in report.points:
        numbers = {"passed": each.passed, "at_fault": each.at_fault, "of": each.of, "played": each.played}
        yield {"kind": "points", each.side: each.peer, **numbers}


def _scenarios(report: MatrixReport) -> Iterator[dict[str, object]]:
    for result in report.results:
        cell = result.cell
        for each in result.outcomes:
            first = each.blames[0] if each.blames else None
            row = {"kind": "scenario", "server": cell.server, "client": cell.first, "other_client": cell.second}
            row |= {
                "scenario": each.scenario,
                "verdict": each.verdict.value,
                "strict": "yes" if is_strict(each) else "",
            }
            if first is not None:
                row |= {"blamed": first.side, "peer": first.peer, "requirement": first.requirement or ""}
                row["sentence"] = said(plain(first.sentence))[:SHOWN]
            yield {**row}


def _safe(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        line = " ".join(value.split())
        return f"'{line}" if line.startswith(_FORMULA) else line
    return value
