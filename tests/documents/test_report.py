"""The report is built from the project: the committed PDF is what its source gives today."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

from docs.report import build, runs
from tchat_conform.matrix.report import NEARLY, SIGNS

ROOT = Path(__file__).parents[2]


def test_the_committed_pdf_is_what_its_source_gives() -> None:
    assert build.PDF.read_bytes() == build.build(), "out of date: run python -m docs.report.build"


def test_the_report_shows_the_twelve_commands_and_every_answer() -> None:
    data = build.data()
    assert len(data["commands"]) == 12
    assert {"cg;wob", "kick;wob;bob;reason", "states;wob"} <= {row["typed"] for row in data["commands"]}
    assert len(data["answers"]) == len(list((ROOT / "schemas/answers").glob("*.json")))


def test_the_report_shows_every_table_of_the_database() -> None:
    created = set(re.findall(r"CREATE TABLE (\w+)", (ROOT / "src/server/tchat_server/schema.py").read_text()))
    assert {table["name"] for table in build.data()["tables"]} == created


def test_the_kept_results_are_of_all_cases_and_levels() -> None:
    kept = runs.kept("conformance")
    assert [row["level"] for row in kept] == [row["name"] for row in build.data()["levels"]]
    counted = sum(number for row in kept for number in row["counts"].values())
    assert counted == build.data()["cases"], "out of date: run python -m docs.report.build --refresh"


def test_the_author_names_the_file() -> None:
    assert build.PDF.name == "td4-{prenom}-{nom}.pdf".format(**build.SETTINGS)


def test_the_kept_matrix_is_of_those_who_take_part() -> None:
    lineup = tomllib.loads((runs.HERE / "class.toml").read_text(encoding="utf-8"))
    names = [each["name"] for each in lineup["client"]]
    kept = runs.kept("matrix")
    assert kept["servers"] == [each["name"] for each in lineup["server"]], (
        "run python -m docs.report.build --refresh matrix"
    )
    pairs = {*names, *(f"{one} + {other}" for one, other in combinations(names, 2))}
    assert {row["pair"] for row in kept["rows"]} == pairs
    length = len(kept["scenarios"])
    assert {len(signs) for row in kept["rows"] for signs in row["signs"]} == {length}
    assert {sign for row in kept["rows"] for signs in row["signs"] for sign in signs} <= {NEARLY, *SIGNS.values()}


def test_the_kept_figures_are_those_that_the_report_shows() -> None:
    lines = runs.kept("figures")["lines"]
    assert {line["benchmark"] for line in lines} == set(runs.BENCHMARKS)
    assert all(line["low"] <= line["median"] <= line["high"] for line in lines)
