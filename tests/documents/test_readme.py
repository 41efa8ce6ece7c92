"""README.md and docs/suite.md: their tables and examples are those of the project."""

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from documents.transcripts import blocks, kind
from tchat_conform.cli import main
from tchat_conform.expectations import read_expectations
from tchat_conform.options import STOPPED
from tchat_conform.requirements import levels
from tchat_conform.verdict import Verdict
from tchat_protocol import messages

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SUITE = (ROOT / "docs" / "suite.md").read_text(encoding="utf-8")


def rows(first_header: str, document: str = README) -> list[tuple[str, str]]:
    table = document.partition(f"| {first_header} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)


def test_the_table_of_levels_is_that_of_the_specification() -> None:
    assert rows("level") == [(level.name, level.about) for level in levels().values()]


def test_the_table_of_verdicts_is_complete() -> None:
    assert {name for name, _ in rows("verdict")} == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize("text", [line for block in blocks(README, "json") for line in block.splitlines()])
def test_every_json_example_is_a_valid_message(text: str) -> None:
    message = json.loads(text)
    assert messages.problems(kind(message["action"]), message) == []


def test_every_place_it_names_exists() -> None:
    places = [part for cell, _ in rows("place") for part in re.findall(r"[`(]([\w./-]+)[`)]", cell)]
    assert places
    for place in places:
        assert (ROOT / place).exists(), place


def test_every_option_in_the_table_of_options_exists() -> None:
    named = {cell.split()[0].strip("`") for cell, _ in rows("option", SUITE)}
    assert named
    assert named <= {name for parameter in main.params for name in parameter.opts}


def test_the_verdict_it_shows_is_one_that_the_suite_printed() -> None:
    (shown,) = (block for block in blocks(README, "text") if block.startswith("FAIL"))
    printed = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "conform" / "golden").glob("*.txt")]
    assert any(shown in each for each in printed)


def test_every_picture_it_shows_is_there() -> None:
    pictures = re.findall(r"!\[([^]]+)\]\(([^)]+)\)", README)
    assert pictures
    for description, path in pictures:
        assert len(description) > 20, "a reader who sees no picture is told nothing"
        assert (ROOT / path).read_bytes().startswith((b"\x89PNG", b"<svg"))


def test_the_known_failure_it_shows_can_be_known(tmp_path: Path) -> None:
    lines = [line for block in blocks(SUITE, "text") for line in block.splitlines() if re.match("[A-Z]-[A-Z]+-", line)]
    (tmp_path / "known.txt").write_text("\n".join(lines), encoding="utf-8")
    assert len(read_expectations(tmp_path / "known.txt").known) == len(lines) == 1


def test_the_code_that_contributing_shows_is_that_of_the_project() -> None:
    sources = [
        path.read_text(encoding="utf-8") for top in ("conformance", "tests") for path in (ROOT / top).rglob("*.py")
    ]
    shown = blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
    assert len(shown) == 2
    assert [each for each in shown if not any(each in source for source in sources)] == []


def test_the_variables_that_contributing_names_are_looked_at() -> None:
    named = set(re.findall(r"`(TCHAT_[A-Z_]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert named == set(re.findall(r"\bTCHAT_ALL_[A-Z]+\b", sources))


def test_every_document_asks_for_the_python_that_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    floor = project["requires-python"].removeprefix(">=")
    assert floor == min(re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"])))
    for name in ("README.md", "CONTRIBUTING.md", "docs/ci.md", "docs/kit/README.md"):
        asked = re.findall(r"(?:Python|`python3`) (3\.\d+) or\s+later", (ROOT / name).read_text(encoding="utf-8"))
        assert set(asked) == {floor}, name


def test_the_exit_statuses_are_told_alike() -> None:
    sentence = README.partition("The exit status is ")[2].partition("\n\n")[0]
    told = [int(each) for each in re.findall(r"(?:^|, |and )(\d+) when", sentence)]
    table = rows("exit status", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
    assert told == [int(status) for status, _ in table] == [0, 1, click.UsageError.exit_code, STOPPED]


def test_the_changelog_knows_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"\n## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
