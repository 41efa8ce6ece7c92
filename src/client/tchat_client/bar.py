"""The prompt, and the line below it: who one is, where, whether connected, and what is unread."""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from tchat_client.attention import Attention
from tchat_client.language import counted, said
from tchat_client.pieces import Line
from tchat_client.text import clean

NARROW = 60


def prompt(attention: Attention, columns: int) -> Line:
    """Return what stands before the line being typed: the current group, if any, and one's name."""
    known, width = attention.known, max(columns // 4, 4)
    group = [("class:group", f"[{shortened(clean(known.current), width)}] ")] if known.current else []
    return [*group, ("class:prompt", f"{shortened(clean(known.name), width)}> ")]


def bar(attention: Attention, place: str, state: str, columns: int, hint: str = "") -> Line:
    """Return the bottom line, no longer than the terminal is wide: what does not fit is left out from the right.

    ``state`` says how the connection is, ``hint`` what may be typed; the place of the server gives way first.
    """
    known = attention.known
    who = clean(known.name) if columns < NARROW else f"{clean(known.name)} @ {clean(place)}"
    parts: list[tuple[str, str]] = [("class:bar", f" {shortened(who, columns // 2)} "), ("class:bar", f" {state} ")]
    if known.current:
        parts.append(("class:bar.group", f" [{shortened(clean(known.current), columns // 3)}] "))
    parts += [_unread(attention, group) for group in attention.news()]
    return _fitted([*parts, ("class:bar", f" {hint} ")] if hint else parts, columns)


def pasted(number: int, columns: int) -> Line:
    """Return the bottom line while several pasted lines wait to be sent."""
    text = counted(number, "{number} line", "{number} lines") + said(": Enter sends them in order, Ctrl-C drops them")
    return _fitted([("class:bar", f" {text}")], columns)


def shortened(text: str, width: int) -> str:
    """Return a text that is no wider than some columns, with an ellipsis where it was cut."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def _unread(attention: Attention, group: str) -> tuple[str, str]:
    called = group in attention.calling
    style = "class:bar.calling" if called else "class:bar"
    return style, f" {clean(group)}:{attention.known.unread(group)}{'!' if called else ''} "


def _fitted(parts: Sequence[tuple[str, str]], columns: int) -> Line:
    line: Line = []
    room = columns
    for place, (style, text) in enumerate(parts):
        left = len(parts) - place
        if cell_len(text) > room - (0 if left == 1 else len(f" +{left}")):
            more = f" +{left}" if place else shortened(text, room)
            return [*line, ("class:bar", set_cell_size(more, room))]
        line.append((style, text))
        room -= cell_len(text)
    return [*line, ("class:bar", " " * room)]
