"""The command line in the user's language: the option ``--lang``, and ``--help`` in the language it chooses."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from tchat_client.language import ENGLISH, LANGUAGES, language_of, phrase, said, speaking

Function = TypeVar("Function", bound=Callable[..., Any])


def language_option(function: Function) -> Function:
    """Give a command the option ``--lang``; what the command says from then on is in that language."""
    option = click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        default=default_language,
        show_default=phrase("that of your terminal, or en"),
        expose_value=False,
        is_eager=True,  # before --help
        callback=_speak,
        help="Language of what is shown.",
    )
    return option(function)


def default_language() -> str:
    """Return the language of the environment at a terminal, and English where a program reads."""
    return language_of(os.environ) if sys.stdout.isatty() else ENGLISH


class SpokenCommand(click.Command):
    """A command whose help is put into the user's language when it is asked for."""

    def __init__(self, *args: Any, closing: Callable[[], Sequence[str]], **kwargs: Any) -> None:
        """Take what click does; ``closing`` makes what stands below the options, line by line."""
        super().__init__(*args, **kwargs)
        self._closing = closing

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help in the language that was chosen."""
        self.help = said(self.help or "")
        self.epilog = "\n".join(self._closing())
        for each in self.params:
            if isinstance(each, click.Option):
                each.help = said(each.help or "")
                if isinstance(each.show_default, str):
                    each.show_default = said(each.show_default)
        super().format_help(ctx, formatter)


def _speak(ctx: click.Context, param: click.Parameter, value: str) -> None:  # noqa: ARG001 - click's signature
    ctx.with_resource(speaking(value))
