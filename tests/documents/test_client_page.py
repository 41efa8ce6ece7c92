"""docs/client.md: its tables are those of the client."""

import re

import tchat_client
from documents.shell import ROOT
from documents.transcripts import blocks
from tchat_client.cli import main
from tchat_client.commands import TERMINAL_COMMANDS, help_rows
from tchat_client.dialect import MEANINGS as DIALECTS
from tchat_client.session import Terms
from tchat_client.status import MEANINGS as STATUSES

PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")


def rows(first_header: str) -> list[tuple[str, str]]:
    table = PAGE.partition(f"| {first_header} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)


def test_the_table_of_commands_is_that_of_the_client() -> None:
    assert rows("typed") == [(f"`{usage}`", meaning) for usage, meaning in help_rows(TERMINAL_COMMANDS)]


def test_every_option_it_names_exists() -> None:
    named = {cell.strip("`").split()[0] for cell, _ in rows("option")}
    options = {name for parameter in main.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert named
    assert named <= options


def test_the_table_of_exit_statuses_is_that_of_the_client() -> None:
    assert rows("exit status") == [(str(status), meaning) for status, meaning in STATUSES.items()]


def test_the_table_of_dialects_is_that_of_the_client() -> None:
    assert rows("word") == [(f"`{word}`", meaning) for word, meaning in DIALECTS.items()]


def test_the_exceptions_it_names_are_those_of_the_package() -> None:
    named = [name.strip("`") for name, _ in rows("exception")]
    assert named
    assert all(issubclass(getattr(tchat_client, name), tchat_client.SessionError) for name in named)


def test_the_methods_and_terms_it_names_are_those_of_a_session() -> None:
    bots = PAGE.partition("## Bots")[2]
    methods = re.search(r"A method for each request \(([^)]*)\)", bots)
    assert methods
    assert all(hasattr(tchat_client.Session, name) for name in re.findall(r"`(\w+)`", methods[1]))
    terms = bots.partition("Options are named arguments")[2]
    assert set(Terms.__annotations__) <= set(re.findall(r"`(\w+)`", terms))


def test_its_bot_is_that_of_the_readme() -> None:
    assert blocks(PAGE, "python") == blocks((ROOT / "README.md").read_text(encoding="utf-8"), "python")


def test_every_picture_it_shows_is_there() -> None:
    (shown,) = re.findall(r"!\[[^]]{20,}\]\(([^)]+)\)", PAGE)
    assert (ROOT / "docs" / shown).read_bytes().startswith(b"\x89PNG")
