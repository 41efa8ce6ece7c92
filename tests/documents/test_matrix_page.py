"""docs/matrix.md: its example is played, and its tables say what the program has."""

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from documents.shell import ROOT
from documents.transcripts import blocks
from tchat_conform.cli import main
from tchat_conform.matrix.lineup import parse_lineup
from tchat_conform.matrix.report import NEARLY, SIGNS
from tchat_conform.matrix.result import Verdict
from tchat_conform.matrix.scenarios import SCENARIOS

PAGE = (ROOT / "docs" / "matrix.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the table whose first heading is this."""
    table = re.search(rf"^\| {heading} \|.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:] if line]


def test_the_example_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = blocks(PAGE, "toml")
    file = tmp_path / "class.toml"
    file.write_text(example)
    (tmp_path / "kit").symlink_to(ROOT / "docs" / "kit")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert len(parse_lineup(tomllib.loads(example), tmp_path).servers) == 2
    done = CliRunner().invoke(main, ["matrix", str(file)])
    assert done.exit_code == 1, done.output
    assert re.search(r"^reference +✓✓✓✓✓✓ +✓✓–", done.output, re.MULTILINE), done.output


def test_the_scenarios_are_those_that_are_played() -> None:
    assert [row[:2] for row in rows("letter")] == [[each.letter, each.name] for each in SCENARIOS]


def test_every_sign_is_explained() -> None:
    explained = {row[0]: row[1] for row in rows("sign")}
    shown = {sign: verdict.value for verdict, sign in SIGNS.items() if verdict is not Verdict.UNTESTED}
    assert explained == {**shown, NEARLY: Verdict.PASSED.value}
