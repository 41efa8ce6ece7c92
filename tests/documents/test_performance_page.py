"""docs/performance.md tells the figures of the run that is kept for the report, and no other."""

import re
from typing import Any

import pytest

from docs.report import runs
from documents.shell import ROOT

PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
LINES: list[dict[str, Any]] = runs.kept("figures")["lines"]
DELIVERIES = [each for each in LINES if (each["benchmark"], each["measure"]) == ("fan-out", "deliveries")]
CHECKS = [each for each in LINES if each["benchmark"] == "validators"]
AGAIN = "docs/performance.md and docs/report/figures.json are of two runs"


@pytest.mark.parametrize("line", DELIVERIES, ids=lambda line: f"{line['case']}, {line['server']}")
def test_deliveries_are_those_that_are_kept(line: dict[str, Any]) -> None:
    row = re.search(rf"^\| {line['case']} \| (.+) \|$", PAGE, re.MULTILINE)
    assert row is not None
    cell = row[1].split(" | ")[("bare", "tchat full", "tchat normal").index(line["server"])]
    median, low, high = (f"{line[name] / 1e6:.2f}" for name in ("median", "low", "high"))
    assert cell.startswith(f"{median} M ({low} … {high})"), AGAIN
    assert line["ratio"] is None or f", ratio {line['ratio']:.2f}, " in cell, AGAIN
    assert ("holds" in cell, "missed" in cell) == (line["holds"] is True, line["holds"] is False)


@pytest.mark.parametrize("validator", sorted({line["server"] for line in CHECKS}))
def test_validators_take_what_is_kept(validator: str) -> None:
    row = re.search(rf"^\| {validator} [\d.]+ \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)
    assert row is not None
    medians = [line["median"] for line in CHECKS if line["server"] == validator]
    assert [float(each) for each in row.groups()] == [
        float(f"{each:.2g}" if each < 100 else round(each)) for each in medians
    ]
