"""A person at a terminal: a client in a pty, and the screen it draws."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pexpect
import pyte

ROWS, COLUMNS = 24, 80
LIMIT = 30.0
PIECE = 0.05
STAMP = re.compile(r"^\d\d:\d\d:\d\d ")


class _Glass(pyte.Screen):
    """A screen that counts how often its bell rings."""

    bells = 0

    def bell(self, *_: object) -> None:
        self.bells += 1

    def set_margins(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("private", None)  # pyte has no such argument, and passes it
        super().set_margins(*args, **kwargs)


class Screen:
    """What a client shows in a terminal, and the keys pressed in it."""

    def __init__(self, child: "pexpect.spawn[Any]", columns: int = COLUMNS, rows: int = ROWS) -> None:
        self.child = child
        self._screen = _Glass(columns, rows)
        self._screen.write_process_input = self.press  # type: ignore[method-assign, assignment]  # where the cursor is, if asked
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty, from the top, without the times that some begin with and the bottom line."""
        above = self._screen.display[: -1 if self.bar else None]
        return [STAMP.sub("", line.rstrip()) for line in above if line.strip()]

    @property
    def drawn(self) -> list[str]:
        """Every line as it is drawn, the empty ones at the top and the end aside."""
        return "\n".join(line.rstrip() for line in self._screen.display).strip("\n").split("\n")

    @property
    def bar(self) -> str:
        """The line at the bottom, drawn light on dark or the other way round; nothing if there is none."""
        row = self._screen.lines - 1
        return self._screen.display[row].rstrip() if self._screen.buffer[row][1].reverse else ""

    @property
    def cursor(self) -> int:
        """The column of the cursor."""
        return self._screen.cursor.x

    @property
    def bells(self) -> int:
        """How often the bell has rung."""
        return self._screen.bells

    def style(self, text: str) -> pyte.screens.Char:
        """Return how the first letter of a text that the screen shows is drawn."""
        row, line = next((row, line) for row, line in enumerate(self._screen.display) if text in line)
        return self._screen.buffer[row][line.index(text)]

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def resize(self, columns: int) -> None:
        """Make the terminal narrower or wider, and clear it: what a terminal makes of old lines is its own business."""
        self._screen.resize(columns=columns)
        self._screen.reset()
        self.child.setwinsize(self._screen.lines, columns)

    def until(self, state: Callable[[list[str]], bool]) -> list[str]:
        """Read what the client draws until the screen is in a state, and return its lines."""
        deadline = time.monotonic() + LIMIT
        while not state(self.lines):
            assert time.monotonic() < deadline, "\n".join([*self.lines, self.bar])
            try:
                self.look()
            except pexpect.EOF:
                assert state(self.lines), "ended with:\n" + "\n".join(self.lines)
        return self.lines

    def look(self) -> None:
        """Read what the client draws next, if it does so soon. Raises pexpect.EOF if it has ended."""
        with suppress(pexpect.TIMEOUT):
            self._stream.feed(self.child.read_nonblocking(65_536, PIECE))

    def until_last(self, *lines: str) -> list[str]:
        """Read until the screen ends with these lines, the bottom line aside."""
        return self.until(lambda shown: shown[-len(lines) :] == list(lines))

    def until_bar(self, bar: str) -> None:
        """Read until the bottom line says something."""
        self.until(lambda _: self.bar == bar)

    def end(self) -> int:
        """Wait for the client to end and return its exit status."""
        self.child.expect(pexpect.EOF, LIMIT)
        self._stream.feed(self.child.before or b"")
        self.child.wait()
        assert self.child.exitstatus is not None
        return int(self.child.exitstatus)


@contextmanager
def terminal(
    *options: str, columns: int = COLUMNS, rows: int = ROWS, state: Path | None = None, **environment: str
) -> Iterator[Screen]:
    """Start a client in a terminal; it is ended with the block if it has not ended before.

    What it remembers for the next time is in the folder ``state``, which is a new one if none is given.
    """
    with TemporaryDirectory() as folder:
        own = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_STATE_HOME": str(state or folder)}
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TCHAT_PASSWORD")}
        child: pexpect.spawn[Any] = pexpect.spawn(
            sys.executable,
            ["-m", "tchat_client", *options],
            dimensions=(rows, columns),
            timeout=LIMIT,
            env={**inherited, **own, **environment},
        )
        child.delaybeforesend = None  # keys are pressed, and where the cursor is answered, at once
        try:
            yield Screen(child, columns, rows)
        finally:
            child.close(force=True)
