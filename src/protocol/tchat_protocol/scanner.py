"""Finds where a JSON object ends, byte by byte as it arrives, and notices the first byte that cannot be JSON.

A table of states and bytes (RFC 8259). Each byte is looked at once, however the text is cut; the inside of strings is
skipped by a regular expression. What a whole text must satisfy beyond that (UTF-8, surrogates) is judged by the parser.
"""

import re
from enum import Enum, auto


class State(Enum):
    """What has been read; the comments of EXPECTED say what may follow."""

    KEY_OR_END = auto()
    KEY = auto()
    COLON = auto()
    VALUE = auto()
    VALUE_OR_END = auto()
    AFTER_MEMBER = auto()
    AFTER_ITEM = auto()
    STRING = auto()
    ESCAPE = auto()
    HEX4 = auto()
    HEX3 = auto()
    HEX2 = auto()
    HEX1 = auto()
    MINUS = auto()
    ZERO = auto()
    INTEGER = auto()
    POINT = auto()
    FRACTION = auto()
    E = auto()
    E_SIGN = auto()
    EXPONENT = auto()
    T = auto()
    TR = auto()
    TRU = auto()
    F = auto()
    FA = auto()
    FAL = auto()
    FALS = auto()
    N = auto()
    NU = auto()
    NUL = auto()
    OPEN_OBJECT = auto()
    OPEN_ARRAY = auto()
    CLOSE = auto()
    KEY_STRING = auto()
    END_OF_VALUE = auto()


def _on(symbols: bytes, state: State) -> dict[int, State]:
    return dict.fromkeys(symbols, state)


_DIGITS = b"0123456789"
_HEX = b"0123456789abcdefABCDEF"
_BEGIN_VALUE = {
    **_on(b'"', State.STRING),
    **_on(b"{", State.OPEN_OBJECT),
    **_on(b"[", State.OPEN_ARRAY),
    **_on(b"-", State.MINUS),
    **_on(b"0", State.ZERO),
    **_on(b"123456789", State.INTEGER),
    **_on(b"t", State.T),
    **_on(b"f", State.F),
    **_on(b"n", State.N),
}
_EXPONENT = _on(b"eE", State.E)

TABLE: dict[State, dict[int, State]] = {
    State.KEY_OR_END: _on(b'"', State.KEY_STRING) | _on(b"}", State.CLOSE),
    State.KEY: _on(b'"', State.KEY_STRING),
    State.COLON: _on(b":", State.VALUE),
    State.VALUE: _BEGIN_VALUE,
    State.VALUE_OR_END: _BEGIN_VALUE | _on(b"]", State.CLOSE),
    State.AFTER_MEMBER: _on(b",", State.KEY) | _on(b"}", State.CLOSE),
    State.AFTER_ITEM: _on(b",", State.VALUE) | _on(b"]", State.CLOSE),
    State.STRING: _on(b"\\", State.ESCAPE) | _on(b'"', State.END_OF_VALUE),
    State.ESCAPE: _on(b'"\\/bfnrt', State.STRING) | _on(b"u", State.HEX4),
    State.HEX4: _on(_HEX, State.HEX3),
    State.HEX3: _on(_HEX, State.HEX2),
    State.HEX2: _on(_HEX, State.HEX1),
    State.HEX1: _on(_HEX, State.STRING),
    State.MINUS: _on(b"0", State.ZERO) | _on(b"123456789", State.INTEGER),
    State.ZERO: _on(b".", State.POINT) | _EXPONENT,
    State.INTEGER: _on(_DIGITS, State.INTEGER) | _on(b".", State.POINT) | _EXPONENT,
    State.POINT: _on(_DIGITS, State.FRACTION),
    State.FRACTION: _on(_DIGITS, State.FRACTION) | _EXPONENT,
    State.E: _on(b"+-", State.E_SIGN) | _on(_DIGITS, State.EXPONENT),
    State.E_SIGN: _on(_DIGITS, State.EXPONENT),
    State.EXPONENT: _on(_DIGITS, State.EXPONENT),
    State.T: _on(b"r", State.TR),
    State.TR: _on(b"u", State.TRU),
    State.TRU: _on(b"e", State.END_OF_VALUE),
    State.F: _on(b"a", State.FA),
    State.FA: _on(b"l", State.FAL),
    State.FAL: _on(b"s", State.FALS),
    State.FALS: _on(b"e", State.END_OF_VALUE),
    State.N: _on(b"u", State.NU),
    State.NU: _on(b"l", State.NUL),
    State.NUL: _on(b"l", State.END_OF_VALUE),
}
_NUMBER_MAY_END = frozenset({State.ZERO, State.INTEGER, State.FRACTION, State.EXPONENT})
_SPACE_MAY_FOLLOW = frozenset(
    {State.KEY_OR_END, State.KEY, State.COLON, State.VALUE, State.VALUE_OR_END, State.AFTER_MEMBER, State.AFTER_ITEM}
)
_EXPECTED = {
    State.KEY_OR_END: "a key in double quotes or '}'",
    State.KEY: "a key in double quotes",
    State.COLON: "':' after the key",
    State.VALUE: "a value",
    State.VALUE_OR_END: "a value or ']'",
    State.AFTER_MEMBER: "',' or '}'",
    State.AFTER_ITEM: "',' or ']'",
    State.STRING: "no raw control character in a string",
    State.ESCAPE: "a legal escape after '\\'",
    State.HEX4: "four hexadecimal digits after '\\u'",
    State.HEX3: "four hexadecimal digits after '\\u'",
    State.HEX2: "four hexadecimal digits after '\\u'",
    State.HEX1: "four hexadecimal digits after '\\u'",
}
_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING_BODY = re.compile(rb'[^"\\\x00-\x1f]*')


class ScanError(ValueError):
    """The text cannot be a JSON object; ``reason`` says why, for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ObjectScanner:
    """Follows one JSON object from its ``{`` on. Call ``scan`` again when more has arrived."""

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth
        self._open: list[State] = []
        self._state = State.VALUE
        self._in_key = False
        self._at = 0

    @property
    def scanned(self) -> int:
        """How many bytes have been looked at; none of them is looked at again."""
        return self._at

    def scan(self, text: bytearray, stop: int) -> int | None:
        """Go on from where the last call ended, up to ``stop``.

        Returns the number of bytes of the object once it is complete, None while it is not.
        Raises ScanError at the first byte that cannot be part of a JSON object nested no deeper than allowed.
        """
        while self._at < stop:
            self._skip(text, stop)
            if self._at == stop:
                return None
            if self._step(text[self._at]):
                self._at += 1
            if not self._open:
                return self._at
        return None

    def _skip(self, text: bytearray, stop: int) -> None:
        skipped = _STRING_BODY if self._state is State.STRING else _SPACE if self._state in _SPACE_MAY_FOLLOW else None
        found = skipped.match(text, self._at, stop) if skipped else None
        if found:
            self._at = found.end()

    def _step(self, byte: int) -> bool:
        """Take one byte; False where it ended a number and is still to be looked at itself."""
        following = TABLE[self._state].get(byte)
        if following is None and self._state in _NUMBER_MAY_END:
            self._state = self._after_value()
            return False
        if following is None:
            raise ScanError(f"expected {_EXPECTED.get(self._state, 'a value')} at byte {self._at + 1}")
        self._enter(following)
        return True

    def _enter(self, state: State) -> None:
        if state in (State.OPEN_OBJECT, State.OPEN_ARRAY):
            self._push(state)
        elif state is State.CLOSE:
            self._open.pop()
            self._state = self._after_value()
        elif state is State.KEY_STRING:
            self._in_key, self._state = True, State.STRING
        elif state is State.END_OF_VALUE:
            self._state = State.COLON if self._in_key else self._after_value()
            self._in_key = False
        else:
            self._state = state

    def _push(self, state: State) -> None:
        if len(self._open) == self._max_depth:
            raise ScanError(f"nesting deeper than {self._max_depth} at byte {self._at + 1}")
        self._open.append(state)
        self._state = State.KEY_OR_END if state is State.OPEN_OBJECT else State.VALUE_OR_END

    def _after_value(self) -> State:
        in_array = bool(self._open) and self._open[-1] is State.OPEN_ARRAY
        return State.AFTER_ITEM if in_array else State.AFTER_MEMBER
