"""README.md: its tables and examples are those of the project."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from documents.transcripts import blocks, kind
from tchat_conform.cli import main
from tchat_conform.commands import COMMANDS
from tchat_conform.expectations import read_expectations
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


def options_named(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}


def options_known(command: str | None = None) -> set[str]:
    context = click.Context(main)
    found = main if command is None else main.get_command(context, command)
    assert found is not None
    return {name for parameter in found.params for name in parameter.opts}


def test_every_option_it_shows_of_the_suite_exists() -> None:
    commands = [
        line for line in "\n".join(blocks(README, "sh")).splitlines() if line.startswith(".venv/bin/tchat-conform")
    ]
    assert len(commands) > 5
    for _, *words in map(shlex.split, commands):
        assert options_named(words) <= options_known(words[0] if words and words[0] in COMMANDS else None), words
    assert {cell.split()[0].strip("`") for cell, _ in rows("option")} <= options_known()


def test_the_known_failure_it_shows_can_be_known(tmp_path: Path) -> None:
    lines = [line for block in blocks(README, "text") for line in block.splitlines() if re.match("[A-Z]-[A-Z]+-", line)]
    (tmp_path / "known.txt").write_text("\n".join(lines), encoding="utf-8")
    assert len(read_expectations(tmp_path / "known.txt").known) == len(lines) == 1
