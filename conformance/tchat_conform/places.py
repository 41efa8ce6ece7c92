"""Where in a text a field of a JSON message stands, for a person and an editor."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from json import JSONDecoder

_SPACE = re.compile(r"[ \t\r\n]*")
_READER = JSONDecoder(parse_int=str, parse_float=str)  # the values do not matter, and a long integer must not raise


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both from 1, columns in characters; ``text`` is the whole line."""

    line: int
    column: int
    text: str


class Lines:
    r"""The lines of a file; only line feeds end one.

    >>> Lines("ab\nçd".encode()).place(5)
    Place(line=2, column=2, text='çd')
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *(each.end() for each in re.finditer(rb"\n", data))]

    def place(self, offset: int) -> Place:
        """Return line and column of a byte."""
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else len(self._data)
        return Place(line, len(_text(self._data[start:offset])) + 1, _text(self._data[start:end]))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def value_at(text: str, at: int, pointer: str) -> int:
    """Return where the value begins that a JSON pointer names in the valid JSON that begins at ``at``.

    Of a field that is missing it is where the object begins that should have it.

    >>> value_at('{"a": [1, {"b": 2}]}', 0, "/a/1/b"), value_at('{"a": 1}', 0, "/b")
    (16, 0)
    """
    at = _skip(text, at)
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        inner = _items(text, at) if text[at] == "[" else _members(text, at) if text[at] == "{" else {}
        if name not in inner:
            return at
        at = inner[name]
    return at


def _members(text: str, at: int) -> dict[str, int]:
    found: dict[str, int] = {}
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, end = _READER.raw_decode(text, at)
        at = _skip(text, _skip(text, end) + 1)
        found[key] = at
        at = _next(text, at)
    return found


def _items(text: str, at: int) -> dict[str, int]:
    found: dict[str, int] = {}
    at = _skip(text, at + 1)
    while text[at] != "]":
        found[str(len(found))] = at
        at = _next(text, at)
    return found


def _next(text: str, at: int) -> int:
    """Return where the next member or item begins after the value at ``at``, or the bracket that closes them."""
    _, end = _READER.raw_decode(text, at)
    end = _skip(text, end)
    return _skip(text, end + 1) if text[end] == "," else end


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
