"""docs/client.md: its tables are those of the client."""

import re

from documents.shell import ROOT
from tchat_client.cli import main
from tchat_client.commands import TERMINAL_COMMANDS, help_rows

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


def test_every_picture_it_shows_is_there() -> None:
    (shown,) = re.findall(r"!\[[^]]{20,}\]\(([^)]+)\)", PAGE)
    assert (ROOT / "docs" / shown).read_bytes().startswith(b"\x89PNG")
