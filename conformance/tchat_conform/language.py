"""The language in which a command speaks to a person."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tchat_conform.lang.catalogue import ENGLISH, LANGUAGES, translate

LANG = "lang"
"""The name of the option, which counts for the commands of a group too."""
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name the user's language, the first that is set counts."""

Command = TypeVar("Command", bound=Callable[..., Any])


def language_option(command: Command) -> Command:
    """Give a command the option ``--lang``; ``chosen_language()`` tells what was chosen."""
    option = click.option(
        f"--{LANG}",
        type=click.Choice(LANGUAGES),
        default=default_language,
        show_default="that of your terminal, or en",
        expose_value=False,
        callback=_remember,
        help="Language of what is shown.",
    )
    return option(command)


def default_language() -> str:
    """Return the language of the environment at a terminal, and English where a program reads."""
    locale = next((os.environ[name] for name in LOCALE if os.environ.get(name)), "")
    language = locale[:2].lower()
    return language if sys.stdout.isatty() and language in LANGUAGES else ENGLISH


def chosen_language() -> str:
    """Return the language of the running command, English where it takes no such option or none runs."""
    ctx = click.get_current_context(silent=True)
    return ENGLISH if ctx is None else str(ctx.meta.get(__name__, ENGLISH))


def said(text: str) -> str:
    """Return a sentence of the suite in the language of the running command, as far as it is translated."""
    return translate(text, chosen_language())


def _remember(ctx: click.Context, param: click.Parameter, value: str) -> None:  # noqa: ARG001 - click's signature
    ctx.meta[__name__] = value
