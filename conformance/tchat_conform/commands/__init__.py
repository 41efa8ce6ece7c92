"""The commands beside the judging of a server: one module each, imported when it is asked for.

A new command is a module here with a click command in it, and a line in COMMANDS.
"""

import errno
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from tchat_conform.near import did_you_mean

COMMANDS: Mapping[str, str] = {
    "check": "tchat_conform.commands.check:main",
    "client": "tchat_conform.commands.client:main",
    "diff": "tchat_conform.commands.diff:main",
    "matrix": "tchat_conform.commands.matrix:main",
    "proxy": "tchat_conform.commands.proxy:main",
    "serve": "tchat_conform.commands.serve:main",
}
"""The name of each command, and the module and attribute that hold it."""


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What is wrong where the standard output takes nothing more, such as a file on a disk that is full."""


class CannotPrint(click.ClickException):
    """The standard output takes nothing more."""

    exit_code = 2


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, so that none of them slows down another."""

    def invoke(self, ctx: click.Context) -> Any:
        """Do what is asked. Raises CannotPrint where the standard output takes nothing more."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno not in NO_ROOM or error.filename is not None:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else its rest is tried again at the end
            raise CannotPrint(f"Cannot write to the standard output: {error.strerror}.") from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a command, imported now; None for a name that no command has."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names. Raises UsageError with the nearest names."""
        if args[0] not in COMMANDS:
            hint = did_you_mean(args[0], COMMANDS) or " A server is named by --host and --port, or by --spawn."
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)
