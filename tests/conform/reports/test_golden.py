"""Golden transcripts: what a person reads of a dozen broken servers is what was reviewed."""

from pathlib import Path

import pytest

from conform.mutants.registry import Mutant
from conform.reports.golden import FOLDER, WIDTH, chosen, path_of, transcript

WRITE = "python -m conform.reports.golden, in tests/, writes it anew"


def said_of(mutant: Mutant, database: Path) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        return transcript(mutant, database, patch).splitlines()


@pytest.mark.parametrize("mutant", chosen(), ids=lambda mutant: mutant.name)
def test_a_broken_server_is_told_what_was_reviewed(mutant: Mutant, tmp_path: Path) -> None:
    reviewed = path_of(mutant.name).read_text(encoding="utf-8").splitlines()
    said = said_of(mutant, tmp_path / "golden.sqlite")
    if said != reviewed:  # on a busy machine something may have come late, which a fault of the suite does always
        said = said_of(mutant, tmp_path / "again.sqlite")
    assert said == reviewed, WRITE


def test_every_file_is_that_of_a_broken_server() -> None:
    assert sorted(FOLDER.iterdir()) == sorted(path_of(each.name) for each in chosen())


def test_no_line_but_a_command_or_a_summary_is_wider_than_a_terminal() -> None:
    free = ("    again", "Fix this first", "Exit status", "Highest level", "None of", "1 of 6 levels")
    for file in FOLDER.iterdir():
        for line in file.read_text(encoding="utf-8").splitlines():
            assert len(line) <= WIDTH or line.startswith(free) or " passed" in line, file
