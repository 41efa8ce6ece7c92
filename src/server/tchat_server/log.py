"""The server's log: to stderr, one line a record, safe to look at in a terminal."""

import logging
import sys
from typing import Any

STATUS = logging.CRITICAL + 1
"""The level of what was asked for, which is shown however little is logged."""


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text with every character that does not print escaped, but those to keep.

    >>> printable("bell\x07 \u202e é")
    'bell\\x07 \\u202e é'
    """
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )


class PrintableFormatter(logging.Formatter):
    """Escapes what peers may have put into a record, so that it cannot drive the terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name logging gives it
        """Escape the record's line."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name logging gives it
        """Escape a traceback, which may quote what a peer sent."""
        return printable(super().formatException(ei), keep="\n")


def start_logging(verbosity: int) -> None:
    """Log warnings to stderr; with ``verbosity`` 1 what happens too, with 2 everything."""
    logging.addLevelName(STATUS, "STATUS")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(message)s"))
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logging.basicConfig(level=levels[min(verbosity, 2)], handlers=[handler])
