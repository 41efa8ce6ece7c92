"""Finds where a JSON object ends, as its bytes arrive, and notices the first byte that cannot be JSON.

A table of states and bytes (RFC 8259, with UTF-8 and surrogate pairs spelt out). Each byte is looked at once, however
the text is cut. ``RUNS`` only makes it faster: a run stays in its state, and the table alone would come to the same.
"""

import re
from enum import IntEnum, auto
from math import isinf


class State(IntEnum):
    """What has been read; EXPECTED says what may follow. The last five stand for what a byte does beyond that."""

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
    D_HEX3 = auto()
    HIGH_HEX2 = auto()
    HIGH_HEX1 = auto()
    PAIR = auto()
    PAIR_U = auto()
    LOW_HEX4 = auto()
    LOW_HEX3 = auto()

    TAIL1 = auto()
    TAIL2 = auto()
    TAIL3 = auto()
    TAIL2_NOT_OVERLONG = auto()
    TAIL2_NO_SURROGATE = auto()
    TAIL3_NOT_OVERLONG = auto()
    TAIL3_IN_UNICODE = auto()

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


def _between(first: int, last: int, state: State) -> dict[int, State]:
    return dict.fromkeys(range(first, last + 1), state)


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
_BEGIN_CHARACTER = {
    **_between(0x20, 0x7F, State.STRING),
    **_between(0xC2, 0xDF, State.TAIL1),
    **_between(0xE0, 0xE0, State.TAIL2_NOT_OVERLONG),
    **_between(0xE1, 0xEF, State.TAIL2),
    **_between(0xED, 0xED, State.TAIL2_NO_SURROGATE),
    **_between(0xF0, 0xF0, State.TAIL3_NOT_OVERLONG),
    **_between(0xF1, 0xF3, State.TAIL3),
    **_between(0xF4, 0xF4, State.TAIL3_IN_UNICODE),
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
    State.STRING: _BEGIN_CHARACTER | _on(b"\\", State.ESCAPE) | _on(b'"', State.END_OF_VALUE),
    State.ESCAPE: _on(b'"\\/bfnrt', State.STRING) | _on(b"u", State.HEX4),
    State.HEX4: _on(_HEX, State.HEX3) | _on(b"dD", State.D_HEX3),
    State.HEX3: _on(_HEX, State.HEX2),
    State.HEX2: _on(_HEX, State.HEX1),
    State.HEX1: _on(_HEX, State.STRING),
    State.D_HEX3: _on(b"01234567", State.HEX2) | _on(b"89abAB", State.HIGH_HEX2),
    State.HIGH_HEX2: _on(_HEX, State.HIGH_HEX1),
    State.HIGH_HEX1: _on(_HEX, State.PAIR),
    State.PAIR: _on(b"\\", State.PAIR_U),
    State.PAIR_U: _on(b"u", State.LOW_HEX4),
    State.LOW_HEX4: _on(b"dD", State.LOW_HEX3),
    State.LOW_HEX3: _on(b"cdefCDEF", State.HEX2),
    State.TAIL1: _between(0x80, 0xBF, State.STRING),
    State.TAIL2: _between(0x80, 0xBF, State.TAIL1),
    State.TAIL3: _between(0x80, 0xBF, State.TAIL2),
    State.TAIL2_NOT_OVERLONG: _between(0xA0, 0xBF, State.TAIL1),
    State.TAIL2_NO_SURROGATE: _between(0x80, 0x9F, State.TAIL1),
    State.TAIL3_NOT_OVERLONG: _between(0x90, 0xBF, State.TAIL2),
    State.TAIL3_IN_UNICODE: _between(0x80, 0x8F, State.TAIL2),
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

_SPACE = re.compile(rb"[ \t\n\r]*+")
_DIGIT_RUN = re.compile(rb"[0-9]*+")
_CHARACTER = rb"""(?: [\x20\x21\x23-\x5b\x5d-\x7f]++
           | [\xc2-\xdf] [\x80-\xbf]
           | (?: \xe0 [\xa0-\xbf] | \xed [\x80-\x9f] | [\xe1-\xec\xee\xef] [\x80-\xbf] ) [\x80-\xbf]
           | (?: \xf0 [\x90-\xbf] | \xf4 [\x80-\x8f] | [\xf1-\xf3] [\x80-\xbf] ) [\x80-\xbf]{2}
           | \\ ["\\/bfnrt]
           | \\u (?: [0-9abcefABCEF] [0-9a-fA-F] | [dD] [0-7] ) [0-9a-fA-F]{2}
           | \\u [dD] [89abAB] [0-9a-fA-F]{2} \\u [dD] [c-fC-F] [0-9a-fA-F]{2}
         )"""
_BLANK = rb"[ \t\n\r]*+"
_STRING = rb'(?: " ' + _CHARACTER + rb'*+ " )'
_NUMBER = rb"(?: -?+ (?: 0 | [1-9] [0-9]{0,17}+ ) (?: \. [0-9]{1,20}+ )?+ (?= [,}\] \t\n\r]) )"
_SCALAR = rb"(?: true | false | null | " + _NUMBER + rb" | " + _STRING + rb" )"
_ITEM = _BLANK + _SCALAR + _BLANK
_MEMBER = _BLANK + _STRING + _BLANK + rb":" + _ITEM
_CHARACTERS = re.compile(_CHARACTER + rb"*+", re.VERBOSE)
_ITEMS = re.compile(_BLANK + rb"(?: ," + _ITEM + rb")*+", re.VERBOSE)
_FLAT_OBJECT = rb"(?: \{ " + _MEMBER + rb" (?: ," + _MEMBER + rb")*+ \} )"
_FLAT_ITEMS = re.compile(
    _BLANK + rb"(?: ," + _BLANK + rb"(?: " + _SCALAR + rb" | " + _FLAT_OBJECT + rb" )" + _BLANK + rb")*+", re.VERBOSE
)
_MEMBERS = re.compile(_BLANK + rb"(?: ," + _MEMBER + rb")*+", re.VERBOSE)
_SPACE_MAY_FOLLOW = (
    State.KEY_OR_END,
    State.KEY,
    State.COLON,
    State.VALUE,
    State.VALUE_OR_END,
)
RUNS: dict[State, re.Pattern[bytes]] = {
    **dict.fromkeys(_SPACE_MAY_FOLLOW, _SPACE),
    State.AFTER_MEMBER: _MEMBERS,
    State.AFTER_ITEM: _ITEMS,
    **dict.fromkeys((State.INTEGER, State.FRACTION, State.EXPONENT), _DIGIT_RUN),
    State.STRING: _CHARACTERS,
}
RUNS_IN_ROOM = RUNS | {State.AFTER_ITEM: _FLAT_ITEMS}
"""The same where one more level may be opened."""

_NUMBER_MAY_END = frozenset({State.ZERO, State.INTEGER, State.FRACTION, State.EXPONENT})
_BEFORE_VALUE = frozenset({State.VALUE, State.VALUE_OR_END})
_LOW_SURROGATE = b"cdefCDEF"
_IN_SURROGATES = frozenset({State.PAIR, State.PAIR_U, State.LOW_HEX4, State.LOW_HEX3})
_IN_CHARACTER = frozenset(
    {
        State.TAIL1,
        State.TAIL2,
        State.TAIL3,
        State.TAIL2_NOT_OVERLONG,
        State.TAIL2_NO_SURROGATE,
        State.TAIL3_NOT_OVERLONG,
        State.TAIL3_IN_UNICODE,
    }
)
EXPECTED = {
    State.KEY_OR_END: "a key in double quotes or '}'",
    State.KEY: "a key in double quotes",
    State.COLON: "':' after the key",
    State.VALUE: "a value",
    State.VALUE_OR_END: "a value or ']'",
    State.AFTER_MEMBER: "',' or '}' after a member",
    State.AFTER_ITEM: "',' or ']' after an item",
    State.ESCAPE: "one of \"\\/bfnrtu after '\\'",
    **dict.fromkeys(
        (State.HEX4, State.HEX3, State.HEX2, State.HEX1, State.D_HEX3, State.HIGH_HEX2, State.HIGH_HEX1),
        "four hexadecimal digits after '\\u'",
    ),
    **dict.fromkeys((State.MINUS, State.POINT, State.E, State.E_SIGN), "a digit"),
    **dict.fromkeys((State.T, State.TR, State.TRU), "true"),
    **dict.fromkeys((State.F, State.FA, State.FAL, State.FALS), "false"),
    **dict.fromkeys((State.N, State.NU, State.NUL), "null"),
}
_NAMES = {
    0x09: "a tab",
    0x0A: "a line feed",
    0x0D: "a carriage return",
    0x20: "a space",
    0x22: "a double quote",
    0x27: "a single quote",
}


class ScanError(ValueError):
    """The text cannot be a JSON object; ``reason`` says why, for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ObjectScanner:
    """Follows one JSON object from its ``{`` on. Call ``scan`` again when more has arrived.

    Arguments: ``max_depth``, how deep objects and arrays may be nested; ``start``, where in the stream it begins.
    """

    def __init__(self, max_depth: int, start: int = 0) -> None:
        self._max_depth = max_depth
        self._start = start
        self._open: list[State] = []
        self._opened_at: list[int] = []
        self._state = State.VALUE
        self._in_key = False
        self._value_at = 0
        self._at = 0

    @property
    def scanned(self) -> int:
        """How many bytes of the object have been looked at; ``scan`` looks at none of them again."""
        return self._at

    def scan(self, text: bytearray, stop: int) -> int | None:
        """Go on from where the last call ended, up to ``stop``.

        Returns the number of bytes of the object once it is complete, None while it is not.
        Raises ScanError at the first byte that cannot be part of a JSON object nested no deeper than allowed.
        """
        while self._at < stop:
            run = (RUNS_IN_ROOM if len(self._open) < self._max_depth else RUNS).get(self._state)
            found = run.match(text, self._at, stop) if run else None
            if found:
                self._at = found.end()
                if self._at == stop:
                    return None
            self._step(text)
            if not self._open:
                return self._at
        return None

    def continue_as(self, start: int) -> bool:
        """After a ScanError, become the scanner of the inner object that begins at ``start`` in the stream.

        Returns False if none that was still open begins there. Without this, text that goes wrong deep inside would be
        scanned once for each level around, because the levels may begin on lines of their own.
        """
        moved = start - self._start
        if moved not in self._opened_at:
            return False
        level = self._opened_at.index(moved)
        del self._open[:level]
        self._opened_at = [each - moved for each in self._opened_at[level:]]
        self._start = start
        self._at -= moved
        self._value_at -= moved
        return True

    def _step(self, text: bytearray) -> None:
        """Take one byte, unless it only ends a number; a ScanError leaves everything as it was."""
        byte = text[self._at]
        following = TABLE[self._state].get(byte)
        if following is not None:
            self._enter(following)
            self._at += 1
        elif self._state in _NUMBER_MAY_END:
            self._end_number(text)
        else:
            raise ScanError(f"{_problem(self._state, byte)} at byte {self._at + 1}")

    def _enter(self, state: State) -> None:
        if self._state in _BEFORE_VALUE:
            self._value_at = self._at
        if state < State.OPEN_OBJECT:
            self._state = state
        elif state is State.CLOSE:
            self._open.pop()
            self._opened_at.pop()
            self._state = self._after_value()
        elif state is State.KEY_STRING:
            self._in_key, self._state = True, State.STRING
        elif state is State.END_OF_VALUE:
            self._state = State.COLON if self._in_key else self._after_value()
            self._in_key = False
        else:
            self._push(state)

    def _push(self, state: State) -> None:
        if len(self._open) == self._max_depth:
            raise ScanError(f"nesting deeper than {self._max_depth} at byte {self._at + 1}")
        self._open.append(state)
        self._opened_at.append(self._at)
        self._state = State.KEY_OR_END if state is State.OPEN_OBJECT else State.VALUE_OR_END

    def _end_number(self, text: bytearray) -> None:
        if isinf(float(text[self._value_at : self._at])):
            raise ScanError(f"a number too large for a 64-bit float at byte {self._value_at + 1}")
        self._state = self._after_value()

    def _after_value(self) -> State:
        in_array = bool(self._open) and self._open[-1] is State.OPEN_ARRAY
        return State.AFTER_ITEM if in_array else State.AFTER_MEMBER


def _problem(state: State, byte: int) -> str:
    """Say what is wrong with a byte that the state has no place for."""
    if state in _IN_SURROGATES or (state is State.D_HEX3 and byte in _LOW_SURROGATE):
        return "a lone surrogate escape (\\ud800 to \\udfff come in pairs)"
    if state in _IN_CHARACTER or (state is State.STRING and byte >= 0x80):
        return "invalid UTF-8"
    if state is State.STRING:
        return f"a raw control character in a string ({shown(byte)}, to be written as \\u{byte:04x})"
    return f"expected {EXPECTED[state]}, not {shown(byte)},"


def shown(byte: int) -> str:
    """Return a byte as a person reads it: in quotes, by name or in hexadecimal."""
    return _NAMES.get(byte) or (f"'{byte:c}'" if 0x20 < byte < 0x7F else f"the byte 0x{byte:02x}")
