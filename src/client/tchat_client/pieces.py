"""Lines as they are put together: pieces of text with the style of each, before they are plain text or coloured."""

import re
from collections.abc import Sequence
from string import Formatter
from typing import Protocol

from rich.cells import cell_len

from tchat_client.language import translated
from tchat_client.text import clean

Piece = tuple[str, str]
"""A style (the name of a class, empty for none) and a text."""
Line = list[Piece]

NAME, GROUP, TIME, DAY, ADVICE, REFUSAL, NOTE = "name", "group", "time", "day", "advice", "refusal", "note"
OWN, MENTION, PRIVATE = "own", "mention", "private"


class Values(Protocol):
    """What fills the places of a sentence."""

    def __getitem__(self, place: str) -> str:
        """Return the text for a place."""


FOLDED_ROWS = 12

_PLACES = {"who": NAME, "to": NAME, "dest": NAME, "owner": NAME, "group": GROUP}


def plain(line: Line) -> str:
    """Return the text of a line."""
    return "".join(text for _, text in line)


def spoken(sentence: str, values: Values) -> Line:
    """Return a sentence in the user's language with its places filled, each a piece in the style of what it is.

    Raises what ``values`` raises for a place that it cannot fill.
    """
    line: Line = []
    for text, place, _, _ in Formatter().parse(translated(sentence)):
        line += [("", text)] if text else []
        line += [(_PLACES.get(place, ""), clean(values[place]))] if place else []
    return line


def cleaned(line: Line) -> Line:
    """Return a line without anything that acts on a terminal."""
    return [(style, clean(text)) for style, text in line]


def folded(line: Line, columns: int, indent: int) -> list[Line]:
    """Return a line in rows no wider than a terminal, broken between words, all but the first indented.

    A word that is wider than the terminal, such as an address, is left whole, and so is a very long text: the terminal
    itself breaks them, and they can be copied.
    """
    if cell_len(plain(line)) > FOLDED_ROWS * columns:
        return [line]
    rows: list[Line] = [[]]
    room = columns
    for style, text in line:
        for word in re.findall(r" +|[^ ]+", text):
            width = cell_len(word)
            if width > room and room < columns - indent and width <= columns - indent:
                rows.append([("", " " * indent)])
                room = columns - indent
                if word.isspace():
                    continue
            rows[-1].append((style, word))
            room -= width
    return [[piece for piece in row if piece[1]] for row in rows]


def table(rows: Sequence[Sequence[Piece]]) -> list[Line]:
    """Return rows of equal length as indented lines with aligned columns, wide characters counted as two."""
    safe = [cleaned(list(row)) for row in rows]
    widths = [max(cell_len(text) for _, text in column) for column in zip(*safe, strict=True)]
    return [_row(row, widths) for row in safe]


def _row(row: Line, widths: Sequence[int]) -> Line:
    last = max((place for place, (_, text) in enumerate(row) if text), default=-1)
    line: Line = []
    for place, ((style, text), width) in enumerate(zip(row[: last + 1], widths, strict=False)):
        gap = width - cell_len(text) if place < last else 0
        line += [("", "  "), (style, text), ("", " " * gap)]
    return line
