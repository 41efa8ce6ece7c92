"""Framing: a stream of bytes to messages and back, without I/O (PROTOCOL.md section 2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from math import isfinite
from typing import Any, Literal

import orjson

from tchat_protocol.scanner import ObjectScanner, ScanError, shown

MAX_REQUEST_BYTES = 65_536
"""The longest request, counted from ``{`` to ``}`` (W-SIZE-1)."""

MAX_DEPTH = 32
"""How deep objects and arrays may be nested, the message itself being level 1 (W-BAD-6)."""

SHOWN_BYTES = 80
"""How much of bad input is kept for a person to see."""

Message = dict[str, Any]
"""What a message is in Python."""

_SPACE = re.compile(rb"[ \t\r\n]*+")
_SPACE_IN_LINE = re.compile(rb"[ \t\r]*+")
_BRACE = ord("{")
_END_BRACE = ord("}")
_BEGINNINGS = {
    ord("["): "an array",
    ord('"'): "a string",
    ord("t"): "a word",
    ord("f"): "a word",
    ord("n"): "a word",
    **dict.fromkeys(b"-0123456789", "a number"),
}
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadInput:
    """Text that is no message: its error code, why (for a person), and the first bytes of what was dropped."""

    code: Literal["bad-json", "too-large"]
    reason: str
    raw: bytes


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as it goes over the wire: one line of UTF-8 with a line feed (W-LINE-1).

    Raises ValueError for what JSON cannot hold: a lone surrogate, an integer beyond 64 bits, NaN or infinity, other
    types.
    """
    try:
        line = orjson.dumps(message if type(message) is dict else dict(message), option=orjson.OPT_APPEND_NEWLINE)
    except TypeError as error:
        raise ValueError(f"not expressible as JSON: {error}") from error
    # orjson writes null for them without a word; few messages have a null, so that few are searched
    if line.find(b"null") >= 0 and not _all_finite(message):
        raise ValueError("not expressible as JSON: NaN or infinity")
    return line


def _all_finite(value: object) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_all_finite, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(_all_finite, value))


class Decoder:
    """Takes bytes as they arrive and gives the messages in them.

    Never raises on input and holds at most one unfinished message, beside what ``feed`` is asked to leave for later.
    The work is linear in the bytes fed, whatever they are and however they are cut. Arguments: ``limit``, the longest
    message in bytes; ``shortcut`` may be turned off to prove that it changes nothing but speed.
    """

    def __init__(self, limit: int = MAX_REQUEST_BYTES, *, shortcut: bool = True) -> None:
        self._limit = limit
        self._shortcut = shortcut
        self._buffer = bytearray()
        self._dropped = 0
        self._tried = 0
        self._scanner: ObjectScanner | None = None
        self._failed: ObjectScanner | None = None
        self._resyncing = False
        self._closed = False
        self._stopped = False

    @property
    def closed(self) -> bool:
        """True after a message that was too large: nothing more is decoded (W-SIZE-2)."""
        return self._closed

    @property
    def pending(self) -> bool:
        """True while an unfinished message is held."""
        return bool(self._buffer)

    @property
    def stopped(self) -> bool:
        """True after ``feed`` has found as much as it was asked for at most: there may be more in what it holds."""
        return self._stopped

    @property
    def held(self) -> int:
        """How many bytes are held."""
        return len(self._buffer)

    def feed(self, data: bytes, most: int | None = None) -> list[Message | BadInput]:
        """Take more bytes and return the messages they complete, and the bad input among them, in order.

        ``most`` bounds the work: once so many are found, ``stopped`` is true, and feeding nothing finds the next ones.
        Messages that fill a line each cost little and are not counted.
        """
        self._stopped = False
        if self._closed:
            return []
        found: list[Message | BadInput] = []
        if self._shortcut and not (self._buffer or self._resyncing or self._failed):
            data = self._take_lines(data, found)
        self._buffer += data
        if self._resyncing:
            self._resync()
        while not self._resyncing and not self._closed:
            if most is not None and len(found) >= most:
                self._stopped = bool(self._buffer)
                break
            each = self._next()
            if each is None:
                break
            found.append(each)
        return found

    def _take_lines(self, data: bytes, found: list[Message | BadInput]) -> bytes:
        """Take the messages that fill a line each, as most do under load; return what is left from the first other."""
        lines = data.split(b"\n")
        rest = lines.pop()
        alike = len(data) <= self._limit and _all_plain(data, len(lines), rest)
        taken = 0
        for line in lines if alike else takewhile(self._plain, lines):
            try:
                found.append(orjson.loads(line))
            except orjson.JSONDecodeError:
                break
            taken += len(line) + 1
        self._dropped += taken
        return data[taken:]

    def _plain(self, line: bytes) -> bool:
        """Tell whether a line may be parsed at once: neither too long nor too deep, and an object if anything."""
        return len(line) <= self._limit and line.startswith(b"{") and line.count(b"{") + line.count(b"[") <= MAX_DEPTH

    def _next(self) -> Message | BadInput | None:
        """Take the next message or bad input off the buffer; None while there is none that is complete."""
        if self._scanner is None:
            self._skip(_SPACE)
            if not self._buffer:
                return None
            if self._buffer[0] != _BRACE:
                return self._bad(f"not a JSON object: {_beginning(self._buffer)}")
            if self._failed is not None and self._failed.continue_as(self._dropped):
                self._scanner = self._failed
            elif (whole := self._at_once()) is not None:
                return whole
        return self._scan()

    def _at_once(self) -> Message | None:
        """Take a message that ends with its line or its segment, as most do, without scanning it."""
        if not self._shortcut or self._dropped < self._tried:
            return None
        end = self._buffer.find(b"\n", 0, self._limit + 1)
        # Of objects without line feeds between them, each would look through all the others once more.
        self._tried = self._dropped + (len(self._buffer) if end == -1 else end)
        if end == -1 and self._buffer[-1] == _END_BRACE:
            end = len(self._buffer)
        if not 0 <= end <= self._limit:
            return None
        text = self._buffer[:end]
        if text.count(b"{") + text.count(b"[") > MAX_DEPTH:
            return None
        try:
            message: Message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        self._drop(end)
        return message

    def _scan(self) -> Message | BadInput | None:
        self._scanner = self._scanner or ObjectScanner(MAX_DEPTH, self._dropped)
        try:
            end = self._scanner.scan(self._buffer, min(len(self._buffer), self._limit))
        except ScanError as error:
            self._failed = self._scanner
            return self._bad(error.reason)
        if end is None:
            return self._too_large() if len(self._buffer) > self._limit else None
        return self._parse(end)

    def _parse(self, end: int) -> Message | BadInput:
        try:
            message: Message = orjson.loads(self._buffer[:end])
        except orjson.JSONDecodeError as error:  # no text is known that the scanner accepts and the parser refuses
            return self._bad(f"refused by the JSON parser: {error.msg}")
        self._drop(end)
        self._scanner = None
        return message

    def _bad(self, reason: str) -> BadInput:
        """Report and drop the text up to and including its first line feed, or all of it (W-BAD-7)."""
        self._scanner = None
        return BadInput("bad-json", reason, self._drop_line())

    def _resync(self) -> None:
        """Drop the rest of a bad line, so that it is reported once; an object at the front ends it as well."""
        self._skip(_SPACE_IN_LINE)
        if self._buffer and self._buffer[0] != _BRACE:
            self._drop_line()
        else:
            self._resyncing = not self._buffer

    def _too_large(self) -> BadInput:
        raw = bytes(self._buffer[:SHOWN_BYTES])
        self._buffer.clear()
        self._closed = True
        return BadInput("too-large", f"a message of more than {self._limit:,} bytes", raw)

    def _drop_line(self) -> bytes:
        """Drop through the first line feed, or all if there is none, the rest of the line then being bad too."""
        end = self._buffer.find(b"\n") + 1
        self._resyncing = end == 0
        end = end or len(self._buffer)
        begin = bytes(self._buffer[: min(end, SHOWN_BYTES)])
        self._drop(end)
        return begin

    def _skip(self, space: re.Pattern[bytes]) -> None:
        found = space.match(self._buffer)
        if found:
            self._drop(found.end())

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._dropped += count


def _all_plain(data: bytes, lines: int, rest: bytes) -> bool:
    """Tell without looking at each line whether all begin with a brace and none can be too deep: each has its own."""
    begun = data.startswith(b"{") + data.count(b"\n{")
    return begun - rest.startswith(b"{") == lines and data.count(b"{") + data.count(b"[") - lines < MAX_DEPTH


def _beginning(text: bytearray) -> str:
    if text.startswith(_BOM):
        return "it begins with a byte order mark"
    return _BEGINNINGS.get(text[0]) or f"it begins with {shown(text[0])}"
