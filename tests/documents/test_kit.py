"""The starting points reach what they claim, the checklist is that of PROTOCOL.md, and the ten mistakes have cases."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from conform.mutants.registry import recorded
from docs.pages.build import outdated
from documents.shell import ROOT, Command, commands
from documents.transcripts import blocks
from tchat_conform.case import all_cases
from tchat_conform.requirements import levels, requirements

KIT = ROOT / "docs" / "kit"
SHOWN = [each for each in commands() if each.document == KIT / "README.md"]
STARTING_POINTS = [each for each in SHOWN if "base" in each.words]
(POSTING,) = (each for each in SHOWN if "base" not in each.words)
LIMIT = 120
LINES = {"framing": 40, "hello": 65, "server": 105, "client": 70}
"""The most lines that a starting point may have: it is read in a minute, or it is none."""


@pytest.mark.parametrize("command", STARTING_POINTS, ids=str)
def test_a_starting_point_reaches_base(command: Command) -> None:
    needs = program(command)[0]
    if shutil.which(needs) is None:
        pytest.skip(f"{needs} is not installed")
    printed = conform(command.words[1:], ROOT)
    assert "Highest level reached: base" in printed
    assert re.search(r"^base +│ +\d+ │ +· ", printed, re.MULTILINE), "a SHOULD does not hold"


def conform(arguments: Sequence[str], folder: Path) -> str:
    """Run the suite in a folder, and return what it prints. It must find nothing."""
    command = [sys.executable, "-m", "tchat_conform", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("language", "file", "behind", "command"),
    [
        ("js", "node/server.mjs", "\nfunction handle", "node docs/kit/node/server.mjs {port}"),
        ("python", "python/server.py", "\nclass Connection", f"{sys.executable} docs/kit/python/server.py {{port}}"),
    ],
)
def test_what_the_page_adds_makes_groups(tmp_path: Path, language: str, file: str, behind: str, command: str) -> None:
    if shutil.which(shlex.split(command)[0]) is None:
        pytest.skip(f"{shlex.split(command)[0]} is not installed")
    shutil.copytree(KIT, tmp_path / "docs" / "kit")
    (added,) = blocks((KIT / "README.md").read_text(encoding="utf-8"), language)
    server = tmp_path / "docs" / "kit" / file
    table, found, rest = server.read_text(encoding="utf-8").partition(behind)
    assert found
    server.write_text(f"{table}\n{added}\n{found}{rest}", encoding="utf-8")
    _, _, _, *which = POSTING.words
    conform(["--spawn", command, *which], tmp_path)
    assert "Highest level reached: base" in conform(["--spawn", command, "--level", "base"], tmp_path)


def program(command: Command) -> list[str]:
    """Return the words that start the server or client that a command judges."""
    words = list(command.words)
    return words[words.index("--") + 1 :] if "--" in words else shlex.split(words[words.index("--spawn") + 1])


def test_server_and_client_are_judged_in_both_languages() -> None:
    judged = {program(each)[1] for each in STARTING_POINTS}
    assert judged == {str(path.relative_to(ROOT)) for name in ("server", "client") for path in KIT.glob(f"*/{name}.*")}
    assert len(judged) == 4


@pytest.mark.parametrize("path", [*KIT.glob("*/*.mjs"), *KIT.glob("*/*.py")], ids=lambda path: path.name)
def test_a_starting_point_is_short_and_named(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES[path.stem]
    assert f"({path.relative_to(KIT).as_posix()})" in (KIT / "README.md").read_text(encoding="utf-8")


def lines(language: str, *names: str) -> int:
    """Return how many lines some parts have, as one says it: in tens."""
    suffix = {"node": "mjs", "python": "py"}[language]
    paths = [KIT / language / f"{name}.{suffix}" for name in names]
    return round(sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths), -1)


def test_the_pages_say_how_long_the_starting_points_are() -> None:
    server = [lines(language, "framing", "hello", "server") for language in ("node", "python")]
    client = [lines(language, "framing", "client") for language in ("node", "python")]
    (said,) = re.findall(r"a server of (\d+) lines from", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert int(said) == server[0]
    page = " ".join((KIT / "README.md").read_text(encoding="utf-8").split())
    assert [lines(language, "framing") for language in ("node", "python")] == [30, 40]
    assert "Framing takes thirty lines in Node and forty in Python" in page
    assert f"takes {server[0]} lines in Node and {server[1]} in Python" in page
    assert f"a client with its framing {client[0]} and {client[1]}" in page


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
