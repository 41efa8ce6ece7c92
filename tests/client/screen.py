"""A person at a terminal: a client in a pty, and the screen it draws."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pexpect
import pyte

ROWS, COLUMNS = 24, 80
LIMIT = 30.0
PIECE = 0.05


class Screen:
    """What a client shows in a terminal of 80 by 24, and the keys pressed in it."""

    def __init__(self, child: "pexpect.spawn[Any]") -> None:
        self.child = child
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._screen.write_process_input = self.press  # type: ignore[method-assign, assignment]  # where the cursor is, if asked
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty, from the top."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def cursor(self) -> int:
        """The column of the cursor."""
        return self._screen.cursor.x

    def press(self, keys: str) -> None:
        self.child.send(keys)

    def until(self, state: Callable[[list[str]], bool]) -> list[str]:
        """Read what the client draws until the screen is in a state, and return its lines."""
        deadline = time.monotonic() + LIMIT
        while not state(self.lines):
            assert time.monotonic() < deadline, "\n".join(self.lines)
            try:
                self._stream.feed(self.child.read_nonblocking(65_536, PIECE))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert state(self.lines), "ended with:\n" + "\n".join(self.lines)
        return self.lines

    def until_last(self, *lines: str) -> list[str]:
        """Read until the screen ends with these lines."""
        return self.until(lambda shown: shown[-len(lines) :] == list(lines))

    def end(self) -> int:
        """Wait for the client to end and return its exit status."""
        self.child.expect(pexpect.EOF, LIMIT)
        self._stream.feed(self.child.before or b"")
        self.child.wait()
        assert self.child.exitstatus is not None
        return int(self.child.exitstatus)


@contextmanager
def terminal(*options: str) -> Iterator[Screen]:
    """Start a client in a terminal; it is ended with the block if it has not ended before."""
    child: pexpect.spawn[Any] = pexpect.spawn(
        sys.executable, ["-m", "tchat_client", *options], dimensions=(ROWS, COLUMNS), timeout=LIMIT
    )
    try:
        yield Screen(child)
    finally:
        child.close(force=True)
