"""The report is built from the project: the committed PDF is what its source gives today."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_report", ROOT / "docs/report/build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_committed_pdf_is_what_its_source_gives(build: ModuleType) -> None:
    assert build.PDF.read_bytes() == build.build(), "out of date: run python docs/report/build.py"


def test_the_report_shows_the_twelve_commands_and_every_answer(build: ModuleType) -> None:
    data = build.data()
    assert len(data["commands"]) == 12
    assert {"cg;wob", "kick;wob;bob;reason", "states;wob"} <= {row["typed"] for row in data["commands"]}
    assert len(data["answers"]) == len(list((ROOT / "schemas/answers").glob("*.json")))


def test_the_report_shows_every_table_of_the_database(build: ModuleType) -> None:
    created = set(re.findall(r"CREATE TABLE (\w+)", (ROOT / "src/server/tchat_server/schema.py").read_text()))
    assert {table["name"] for table in build.data()["tables"]} == created


def test_the_kept_results_are_of_all_cases_and_levels(build: ModuleType) -> None:
    kept = json.loads(build.RESULTS.read_text())
    assert [row["level"] for row in kept] == [row["name"] for row in build.data()["levels"]]
    counted = sum(number for row in kept for number in row["counts"].values())
    assert counted == build.data()["cases"], "out of date: run python docs/report/build.py --refresh"


def test_the_author_names_the_file(build: ModuleType) -> None:
    assert build.PDF.name == "td4-{prenom}-{nom}.pdf".format(**build.SETTINGS)
