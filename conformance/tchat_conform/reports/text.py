"""Text of strangers, made safe to look at: whatever a server sends, a report shows and never executes."""

import json
from collections.abc import Mapping
from typing import Any

WIDEST = 4
"""The most bytes that UTF-8 takes for one character."""


class _Visible(dict[int, str]):
    """A table for str.translate that writes out what cannot be seen, line feeds aside if so wished."""

    def __init__(self, *kept: str) -> None:
        super().__init__({ord(each): each for each in kept})

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = char if char.isprintable() else char.encode("unicode_escape").decode()
        return self[code]


_LINE, _LINES = _Visible(), _Visible("\n")


def visible(text: str | bytes, shown: int, *, lines: bool = False) -> str:
    r"""Return text with every control character written out, cut to ``shown`` characters.

    ``lines`` keeps line feeds, for text that is laid out in lines.

    >>> visible(b"a\x1b[2J\xff\n", 40), visible("a\nb", 40, lines=True), visible("abcdef", 3)
    ('a\\x1b[2J\\xff\\n', 'a\nb', 'abc… (6 bytes)')
    """
    data = text if isinstance(text, bytes) else text[: shown + 1].encode("utf-8", "backslashreplace")
    length = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "replace"))
    known = data[: (shown + 1) * WIDEST].decode("utf-8", "backslashreplace")
    safe = known.translate(_LINES if lines else _LINE)
    return safe if len(safe) <= shown else f"{safe[:shown]}… ({length:,} bytes)"


def message_text(value: Mapping[str, Any] | str) -> str:
    """Return a message as the JSON it is, or a description as it is."""
    return value if isinstance(value, str) else value_text(dict(value))


def value_text(value: Any) -> str:
    """Return a value of a message as JSON on one line."""
    return json.dumps(value, ensure_ascii=False)
