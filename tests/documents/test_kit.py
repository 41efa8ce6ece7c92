"""The starting points reach what they claim, the checklist is that of PROTOCOL.md, and the ten mistakes have cases."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conform.mutants.registry import recorded
from docs.pages.build import outdated
from documents.shell import ROOT, Command, commands
from tchat_conform.case import all_cases
from tchat_conform.requirements import levels, requirements

KIT = ROOT / "docs" / "kit"
STARTING_POINTS = [each for each in commands() if each.document == KIT / "README.md"]
LIMIT = 120
LINES = {"framing": 40, "hello": 60, "server": 105}
"""The most lines that a starting point may have: it is read in a minute, or it is none."""


@pytest.mark.parametrize("command", STARTING_POINTS, ids=str)
def test_a_starting_point_reaches_base(command: Command) -> None:
    needs = shlex.split(command.words[2])[0]
    if shutil.which(needs) is None:
        pytest.skip(f"{needs} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tchat_conform", *command.words[1:]],
        cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "Highest level reached: base" in done.stdout
    assert re.search(r"^base +│ +\d+ │ +· ", done.stdout, re.MULTILINE), "a SHOULD does not hold"


def test_both_languages_are_judged() -> None:
    assert {Path(shlex.split(each.words[2])[1]).parent.name for each in STARTING_POINTS} == {"node", "python"}


@pytest.mark.parametrize("path", [*KIT.glob("*/*.mjs"), *KIT.glob("*/*.py")], ids=lambda path: path.name)
def test_a_starting_point_is_short_and_named(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES[path.stem]
    assert f"({path.relative_to(KIT).as_posix()})" in (KIT / "README.md").read_text(encoding="utf-8")


def test_the_made_pages_are_current() -> None:
    assert outdated() == [], "run python -m docs.pages.build"


def test_the_checklist_holds_every_requirement_once_level_by_level() -> None:
    text = (KIT / "checklist.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \d+\. (\w+)$", text, re.MULTILINE) == list(levels())
    listed = re.findall(r"^- \[ \] \[([A-Z0-9-]+)\]", text, re.MULTILINE)
    assert sorted(listed) == sorted(requirements())


def test_each_of_the_ten_mistakes_has_cases_and_a_cure() -> None:
    sections = re.split(r"^## \d+\. ", (KIT / "mistakes.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(sections) == 10
    known = {case.id for case in all_cases()}
    noticed = {case for cases in recorded().values() for case in cases}
    for section in sections:
        named = re.findall(r"`([A-Z]+-[A-Z]+-\d+/[a-z0-9-]+)`", section)
        assert named, section
        assert set(named) <= known
        assert set(named) <= noticed, "no server that is wrong on purpose shows that the case finds the mistake"
        assert re.search(r"^- Case: .+\n- Cure: ", section, re.MULTILINE), section
