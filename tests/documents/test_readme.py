"""README.md: its tables and examples are those of the project."""

import json
import re
from pathlib import Path

import pytest

from documents.transcripts import blocks, kind
from tchat_conform.requirements import levels
from tchat_conform.verdict import Verdict
from tchat_protocol import messages

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def rows(first_header: str) -> list[tuple[str, str]]:
    table = README.partition(f"| {first_header} |")[2].partition("\n\n")[0]
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
        assert (Path(__file__).parents[2] / place).exists(), place
