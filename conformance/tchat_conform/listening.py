"""What the commands that listen have in common: addresses as users type them, and how Ctrl-C ends a program."""

import asyncio
import signal
from contextlib import suppress
from typing import Any

import click


class AddressType(click.ParamType[tuple[str, int]]):
    """``[HOST:]PORT``, from the port ``least`` on; an IPv6 address stands in brackets."""

    name = "[HOST:]PORT"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Return host and port. Fails with what is wrong."""
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not (port.isascii() and port.isdigit() and self._least <= int(port) <= 65_535):
            self.fail(f"{value!r}: the port must be a number from {self._least} to 65535.", param, ctx)
        return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def stop_at_signals(stopped: asyncio.Event) -> None:
    """Set an event at SIGINT and SIGTERM, so that a program ends in good order."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows Ctrl-C ends asyncio.run itself
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
