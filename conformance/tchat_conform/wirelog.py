"""What went over a case's connections, on one clock, for people to read."""

import time
from dataclasses import dataclass
from typing import Literal

Direction = Literal["→", "←", "·"]
SHOWN = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: milliseconds since the case began, whose connection, direction, bytes or a remark.

    ``→`` went to the server, ``←`` came from it, ``·`` is the suite's own remark.
    """

    ms: float
    who: str
    direction: Direction
    data: bytes

    def __str__(self) -> str:
        return f"{self.ms:7.1f} ms  {self.who:>8} {self.direction} {readable(self.data)}"


def readable(data: bytes, shown: int = SHOWN) -> str:
    """Return bytes as text without control characters, cut to ``shown`` characters."""
    text = data.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return safe if len(safe) <= shown else f"{safe[:shown]}… ({len(data):,} bytes)"


class WireLog:
    """The log of one case."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.entries: list[Entry] = []

    def add(self, who: str, direction: Direction, data: bytes) -> None:
        """Note bytes sent or received on somebody's connection, or a remark."""
        self.entries.append(Entry((time.monotonic() - self._began) * 1000, who, direction, data))

    def remark(self, text: str) -> None:
        """Note what the suite did beside sending, such as waiting in vain or restarting the server."""
        self.add("suite", "·", text.encode())
