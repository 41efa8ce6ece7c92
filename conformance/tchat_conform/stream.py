"""A stream as a debugger sees it: each message with its place, its segments, and the first byte that is wrong."""

import re
from dataclasses import dataclass, field

from tchat_protocol.framing import BadInput, Decoder, Message

LONGEST = 4 * 1024 * 1024
"""What is looked at as one message, in bytes: more than anybody may send, so that too long ones are seen whole."""

CONTEXT = 36
"""How many bytes of the text stand on either side of the first wrong byte, to be shown."""

_SPACE = re.compile(rb"[ \t\r\n]*+")
_AT = re.compile(r" at byte (\d+)$")


@dataclass(frozen=True, slots=True)
class Wrong:
    """Where text stops being a message: ``offset`` in the stream, the text before and from there on, and why."""

    offset: int
    reason: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Sighting:
    """A message or bad input: its first byte and the byte after its last, counted from the start of the stream.

    ``segments`` is over how many segments it came, ``company`` how many messages ended in its last segment,
    ``line_feed`` whether one came right after it in that segment. ``wrong`` is None for a message.
    """

    value: Message | BadInput
    start: int
    end: int
    segments: int = 1
    company: int = 1
    line_feed: bool = False
    wrong: Wrong | None = None

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.end - self.start


class _Locating(Decoder):
    """A decoder that also tells where everything stood."""

    def __init__(self) -> None:
        super().__init__(limit=LONGEST, shortcut=False)  # shortcuts do not say where each message stood
        self.spans: list[tuple[int, int, Wrong | None]] = []
        self._wrong: Wrong | None = None

    @property
    def taken(self) -> int:
        """How many bytes have been taken off the front of the stream."""
        return self._dropped

    def _next(self) -> Message | BadInput | None:
        self._wrong = None
        start = self._dropped + self._space()
        found = super()._next()
        if found is not None:
            self.spans.append((start, self._dropped, self._wrong))
        return found

    def _bad(self, reason: str) -> BadInput:
        place = _AT.search(reason)
        at = int(place[1]) - 1 if place else 0
        before, after = self._buffer[max(0, at - CONTEXT) : at], self._buffer[at : at + CONTEXT]
        self._wrong = Wrong(self._dropped + at, reason, bytes(before), bytes(after))
        return super()._bad(reason)

    def _too_large(self) -> BadInput:
        found = super()._too_large()
        self._wrong = Wrong(self._dropped, found.reason, b"", found.raw[:CONTEXT])
        return found

    def _space(self) -> int:
        found = _SPACE.match(self._buffer)
        return found.end() if found else 0


@dataclass(slots=True)
class Stream:
    """One direction of a connection, fed segment by segment. Never raises on input.

    After LONGEST bytes without an end of a message it is ``lost``: nothing more can be told apart.
    """

    _decoder: _Locating = field(default_factory=_Locating)
    _fed: int = 0
    _begun_in: int = 0
    _segment: int = 0

    @property
    def lost(self) -> bool:
        """True once a text without an end made it impossible to follow."""
        return self._decoder.closed

    @property
    def pending(self) -> bool:
        """True while an unfinished message is held."""
        return self._decoder.pending

    @property
    def begun(self) -> int:
        """Where the unfinished message begins."""
        return self._decoder.taken

    def feed(self, data: bytes) -> list[Sighting]:
        """Take one segment and return what it completes, in order."""
        base, self._fed = self._fed, self._fed + len(data)
        self._segment += 1
        held = self._decoder.pending
        values = self._decoder.feed(data)
        spans, self._decoder.spans = self._decoder.spans, []
        first = self._begun_in if held else self._segment
        if self._decoder.pending and (values or not held):
            self._begun_in = self._segment
        whole = sum(not isinstance(each, BadInput) for each in values)
        return [
            Sighting(
                value,
                start,
                end,
                segments=self._segment - first + 1 if start < base else 1,
                company=whole,
                line_feed=b"\n" in _space_after(data, end - base),
                wrong=wrong,
            )
            for value, (start, end, wrong) in zip(values, spans, strict=True)
        ]

    def end(self) -> Wrong | None:
        """Say what is wrong with a stream that ends here: None unless it ends inside a message."""
        if not self.pending:
            return None
        return Wrong(self._fed, f"the stream ends inside the message that begins at byte {self.begun + 1}", b"", b"")


def _space_after(data: bytes, at: int) -> bytes:
    found = _SPACE.match(data, max(at, 0))
    return found[0] if found else b""
