"""What was expected and what came, in columns of plain text."""

import ast
from collections.abc import Iterator, Mapping

from tchat_conform.language import said
from tchat_conform.reports.exchange import is_absence, middle_out
from tchat_conform.reports.fields import Mark, Row, compare
from tchat_conform.reports.text import message_text, value_text, visible
from tchat_conform.verdict import Finding, Message
from tchat_protocol.framing import MAX_DEPTH
from tchat_protocol.scanner import ObjectScanner, ScanError

NOTHING = "nothing"
"""What is said to have been received where the sentence says already that nothing came."""
NAMES = 9
"""Characters for the name of a field, where none is longer."""
VALUE = 2_000
BEFORE_CARET = 40
"""Bytes shown before the first bad one."""


def difference_lines(finding: Finding, width: int, most: int, first: str | None = None) -> list[str]:
    """Return at most ``most`` lines on what differs: one for each field, ``first`` before others, or for each side."""
    if isinstance(finding.expected, Mapping) and isinstance(finding.received, Mapping) and not is_absence(finding):
        rows = sorted(compare(finding.expected, finding.received, first), key=lambda row: row.name != first)
        return list(_columns(rows, width, most))
    bad = _raw(finding.received)
    if bad is not None:
        return list(_with_caret(bad, width))
    received = None if finding.received == NOTHING and finding.expected is not None else finding.received
    last = said("last got") if is_absence(finding) else said("received")
    sides = ((said("expected"), finding.expected), (last, received))
    return [f"{name:<8}  {_cell(side_text(side), width - 10)}" for name, side in sides if side is not None][:most]


def side_text(side: Message | str) -> str:
    """Return a message as the JSON it is, or words about it in the reader's language."""
    text = visible(message_text(side), VALUE)
    return said(text) if isinstance(side, str) else text


def _columns(rows: list[Row], width: int, most: int) -> Iterator[str]:
    differing = [each for each in rows if each.mark in (Mark.DIFFERENT, Mark.MISSING)]
    if not differing:
        return
    found_as = {each.note.removeprefix("the value of "): each.name for each in rows if each.mark is Mark.OTHER}
    names = max(NAMES, *(len(each.name) for each in differing))
    room = (width - names - 4) // 2
    expected_width = min(room, max(8, *(len(_expected(each)) for each in differing)))
    shown = differing[: most - 1]
    rest = [each.name for each in differing[len(shown) :]]
    more = f"  ({said(f'{len(rest)} more:')} {', '.join(rest)})" if rest else ""
    begin = f"{said('field'):<{names}}  {said('expected'):<{expected_width}}  {said('received')}"
    yield f"{begin}{middle_out(more, max(10, width - len(begin)))}"
    for each in shown:
        received = _cell(_received(each, found_as), width - names - expected_width - 4)
        yield f"{each.name:<{names}}  {_cell(_expected(each), expected_width):<{expected_width}}  {received}"


def _expected(row: Row) -> str:
    if row.expected is not None:
        return visible(row.expected, VALUE)
    if row.note and row.received is not None:
        return said(visible(row.note.removeprefix(f"{row.name} "), VALUE))
    return f"{said('such as')} {visible(value_text(row.example), VALUE)}" if row.example is not None else said("any")


def _received(row: Row, found_as: Mapping[str, str]) -> str:
    if row.received is not None:
        return visible(row.received, VALUE)
    return said(f"missing; its value stands in {found_as[row.name]}" if row.name in found_as else "missing")


def _cell(text: str, width: int) -> str:
    return middle_out(text, max(width, 12))


def _raw(received: object) -> bytes | None:
    """Return the bytes that were no message, where a finding quotes such."""
    if not isinstance(received, str) or received[:2] not in ("b'", 'b"'):
        return None
    try:
        data = ast.literal_eval(received)
    except (ValueError, SyntaxError):
        return None
    return data if isinstance(data, bytes) else None


def _with_caret(data: bytes, width: int) -> Iterator[str]:
    offset = first_bad_byte(data)
    begin = max(0, (offset or 0) - BEFORE_CARET)
    before = visible(data[begin : offset or 0], VALUE)
    after = visible(data[offset or 0 :], VALUE)
    room = width - 10 - len(before)
    yield f"{said('received'):<8}  {before}{after if len(after) <= room else after[: room - 1] + '…'}"
    if offset is not None:
        yield f"{' ' * (10 + len(before))}^ {said('byte')} {offset + 1}"


def first_bad_byte(data: bytes) -> int | None:
    r"""Return where bytes stop being JSON objects in UTF-8; None if they are such as far as they go.

    >>> first_bad_byte(b'{"a":x}'), first_bad_byte(b'SYNTAX'), first_bad_byte(b'{"a":1')
    (5, 0, None)
    >>> first_bad_byte(b'{}{"a":"\xe9"}'), first_bad_byte(b'{} {"a":x}')
    (8, 8)
    """
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    begin = 0
    while data[begin:].strip():
        begin += len(data[begin:]) - len(data[begin:].lstrip())
        scanner = ObjectScanner(MAX_DEPTH)
        if data[begin] != ord("{"):
            return begin
        try:
            length = scanner.scan(bytearray(data[begin:]), len(data) - begin)
        except ScanError:
            return begin + scanner.scanned
        if length is None:
            return None
        begin += length
    return None
