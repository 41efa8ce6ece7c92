"""The language of a command: as asked for, else that of a terminal's user, else English."""

import sys

import click
import pytest
from click.testing import CliRunner

from tchat_conform.language import LOCALE, chosen_language, default_language, language_option


@click.group(invoke_without_command=True)
@language_option
@click.pass_context
def group(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(chosen_language())


@group.command()
def inner() -> None:
    click.echo(chosen_language())


@pytest.mark.parametrize("arguments", [["--lang", "fr"], ["--lang", "fr", "inner"]])
def test_what_is_asked_for_counts_in_commands_of_a_group_too(arguments: list[str]) -> None:
    assert CliRunner().invoke(group, arguments).output == "fr\n"


def test_a_language_that_nobody_speaks_is_refused() -> None:
    assert CliRunner().invoke(group, ["--lang", "de"]).exit_code == 2


def test_english_without_a_command_or_an_option() -> None:
    assert chosen_language() == "en"


@pytest.mark.parametrize(
    ("terminal", "environment", "language"),
    [
        (True, {"LANG": "fr_FR.UTF-8"}, "fr"),
        (True, {"LC_ALL": "en_GB.UTF-8", "LANG": "fr_FR.UTF-8"}, "en"),
        (True, {"LC_ALL": "", "LC_MESSAGES": "fr_CH.UTF-8", "LANG": "C"}, "fr"),
        (True, {"LANG": "de_DE.UTF-8"}, "en"),
        (True, {}, "en"),
        (False, {"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_a_terminal_speaks_its_users_language_and_a_pipe_english(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], language: str
) -> None:
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert default_language() == language
