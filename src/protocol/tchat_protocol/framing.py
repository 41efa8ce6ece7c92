"""Framing: a stream of bytes to messages and back, without I/O (PROTOCOL.md section 2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from tchat_protocol.scanner import ObjectScanner, ScanError

MAX_REQUEST_BYTES = 65_536
"""The longest request, counted from ``{`` to ``}`` (W-SIZE-1)."""

MAX_DEPTH = 32
"""How deep objects and arrays may be nested, the message itself being level 1 (W-BAD-6)."""

SHOWN_BYTES = 80

Message = dict[str, Any]

_SPACE = re.compile(rb"[ \t\r\n]+")
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
    """Text that is no message: its error code, why (for a person), and the first bytes of it."""

    code: Literal["bad-json", "too-large"]
    reason: str
    raw: bytes


def encode(message: Mapping[str, Any]) -> bytes:
    """Return a message as it goes over the wire: one line of UTF-8 with a line feed (W-LINE-1).

    Raises ValueError for what JSON cannot hold: a lone surrogate, an integer beyond 64 bits, other types.
    """
    try:
        return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError as error:
        raise ValueError(f"not expressible as JSON: {error}") from error


class Decoder:
    """Takes bytes as they arrive and gives the messages in them.

    Never raises on input and holds at most one unfinished message. Arguments: ``limit``, the longest message in bytes;
    ``shortcut`` may be turned off to prove that it changes nothing but speed.
    """

    def __init__(self, limit: int = MAX_REQUEST_BYTES, *, shortcut: bool = True) -> None:
        self._limit = limit
        self._shortcut = self._try_at_once = shortcut
        self._buffer = bytearray()
        self._scanner: ObjectScanner | None = None
        self._resyncing = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """True after a message that was too large: nothing more is decoded (W-SIZE-2)."""
        return self._closed

    @property
    def pending(self) -> bool:
        """True while an unfinished message is held."""
        return bool(self._buffer)

    @property
    def held(self) -> int:
        """How many bytes are held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Message | BadInput]:
        """Take more bytes and return the messages they complete, and the bad input among them, in order."""
        if self._closed:
            return []
        self._buffer += data
        if self._resyncing:
            self._resync()
        found: list[Message | BadInput] = []
        self._try_at_once = self._shortcut
        while not self._resyncing and not self._closed and (each := self._next()) is not None:
            found.append(each)
        return found

    def _next(self) -> Message | BadInput | None:
        """Take the next message or bad input off the buffer; None while there is none that is complete."""
        if self._scanner is None:
            self._skip_space()
            if not self._buffer:
                return None
            if self._buffer[0] != _BRACE:
                return self._bad(f"not a JSON object: {_beginning(self._buffer)}")
            whole = self._at_once() if self._try_at_once else None
            if whole is not None:
                return whole
        return self._scan()

    def _skip_space(self) -> None:
        space = _SPACE.match(self._buffer)
        if space:
            del self._buffer[: space.end()]

    def _at_once(self) -> Message | None:
        """Take a message that ends with its line or its segment, as most do, without scanning it."""
        end = self._buffer.find(b"\n", 0, self._limit + 1)
        if end == -1 and self._buffer[-1] == _END_BRACE:
            end = len(self._buffer)
        if not 0 <= end <= self._limit:
            return None
        text = self._buffer[:end]
        if text.count(b"{") + text.count(b"[") > MAX_DEPTH:
            return None
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        del self._buffer[: end + 1]
        return dict(message)

    def _scan(self) -> Message | BadInput | None:
        self._try_at_once = False  # again in this call, on what is left of the bytes, it would be quadratic
        self._scanner = self._scanner or ObjectScanner(MAX_DEPTH)
        try:
            end = self._scanner.scan(self._buffer, min(len(self._buffer), self._limit))
        except ScanError as error:
            return self._bad(error.reason)
        if end is None:
            return self._too_large() if len(self._buffer) > self._limit else None
        return self._parse(end)

    def _parse(self, end: int) -> Message | BadInput:
        text = bytes(self._buffer[:end])
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return self._bad(_why_refused(text, error))
        del self._buffer[:end]
        self._scanner = None
        return dict(message)

    def _bad(self, reason: str) -> BadInput:
        """Drop the text up to and including its first line feed, or all of it (W-BAD-7)."""
        raw = bytes(self._buffer[:SHOWN_BYTES])
        line_feed = self._buffer.find(b"\n")
        self._resyncing = line_feed == -1
        del self._buffer[: len(self._buffer) if self._resyncing else line_feed + 1]
        self._scanner = None
        return BadInput("bad-json", reason, raw)

    def _resync(self) -> None:
        """Drop the rest of a bad line, so that it is reported once; an object at the front ends it as well."""
        self._buffer = self._buffer.lstrip(b" \t\r")
        line_feed = self._buffer.find(b"\n")
        if self._buffer and self._buffer[0] != _BRACE:
            del self._buffer[: len(self._buffer) if line_feed == -1 else line_feed + 1]
            self._resyncing = line_feed == -1
        else:
            self._resyncing = not self._buffer

    def _too_large(self) -> BadInput:
        raw = bytes(self._buffer[:SHOWN_BYTES])
        self._buffer.clear()
        self._closed = True
        return BadInput("too-large", f"a message of more than {self._limit:,} bytes", raw)


def _beginning(text: bytearray) -> str:
    if text.startswith(_BOM):
        return "it begins with a byte order mark"
    first = text[0]
    return _BEGINNINGS.get(first) or f"it begins with {ascii(chr(first)) if first < 0x80 else f'the byte {first:#04x}'}"


def _why_refused(text: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as invalid:
        return f"invalid UTF-8 at byte {invalid.start + 1}"
    return str(error.msg)
