"""The scanner against other judges of JSON, and the work it takes: every byte a bounded number of times."""

import json
import math
import re
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tchat_protocol import framing, scanner
from tchat_protocol.framing import MAX_DEPTH, BadInput, Decoder
from tchat_protocol.scanner import ObjectScanner, ScanError

PIECES = [
    rb"\ud83d\ude00",
    rb"\ud83d",
    rb"\ude00",
    rb"\u0041",
    rb"\u004",
    rb"\uD7ff",
    rb"\n",
    b"\xf0\x9f\x98\x80",
    b"\xed\x9f\xbf",
]
STRAY = [
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf0\x8f\xbf\xbf",
    b"\xc1\xbf",
    b"\xe2\x82",
    b"\x7f",
    b"\x1f",
]
NUMBERS = [b"0", b"-0", b"10", b"1.5e+3", b"1e400", b"0e999", b"01", b"-", b"1.", b".5", b"1e", b"9" * 309]
WORDS = [
    b"true",
    b"false",
    b"null",
    b"nul",
    b"NaN",
    b"[]",
    b"{}",
    b'{"":[]}',
    b'"x"',
    b"[1,2]",
    b"[1,]",
    b"[,]",
    b"[}",
    b"{]",
]
STRINGS = st.lists(st.sampled_from([*PIECES, *STRAY]) | st.binary(max_size=2), max_size=4).map(
    lambda pieces: b'"' + b"".join(pieces) + b'"'
)
VALUES = STRINGS | st.sampled_from([*NUMBERS, *WORDS])
MEMBERS = st.builds(
    lambda key, gap, value: gap + key + gap + b":" + value, STRINGS, st.sampled_from([b"", b" \r\n"]), VALUES
)
OBJECTS = st.lists(MEMBERS, max_size=3).map(lambda members: b"{" + b",".join(members) + b"}")
CHANGES = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(b'{}[]",:\\ 0-.eEud\n\xff')), max_size=2)


OVERWRITTEN = re.compile(rb"[^-0-9+.eE]")
"""All but what numbers are made of: a number is read once more when it ends."""


def changed(text: bytes, changes: list[tuple[int, int]]) -> bytearray:
    result = bytearray(text)
    for place, byte in changes:
        if 0 < place < len(result):
            result[place] = byte
    return result


TEXTS = st.builds(changed, OBJECTS, CHANGES)


def outcome(text: bytearray, *stops: int) -> int | str | None:
    """The length of the object, why it is none, or None if it is unfinished."""
    followed = ObjectScanner(MAX_DEPTH)
    try:
        return next((end for stop in (*stops, len(text)) if (end := followed.scan(text, stop)) is not None), None)
    except ScanError as error:
        return error.reason


def finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(digits)
    return value


def refuse(word: str) -> None:
    raise ValueError(word)


def standard_accepts(text: bytes) -> bool:
    """The standard library's judgement, made strict where it is lenient."""
    try:
        parsed = json.loads(
            text.decode(), parse_constant=refuse, parse_float=finite, parse_int=finite, object_pairs_hook=list
        )
        json.dumps(parsed, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def parser_accepts(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


@given(TEXTS)
def test_what_is_accepted_whole_is_what_the_standard_library_and_the_parser_accept(text: bytearray) -> None:
    accepted = outcome(text) == len(text)
    assert accepted == standard_accepts(bytes(text)) == parser_accepts(bytes(text))


@given(TEXTS)
def test_an_object_ends_where_the_standard_library_sees_its_end(text: bytearray) -> None:
    end = outcome(text)
    if isinstance(end, int):
        read = text.decode(errors="replace")
        assert len(read[: json.JSONDecoder().raw_decode(read)[1]].encode()) == end


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_cuts_change_nothing(text: bytearray, stops: list[int]) -> None:
    assert outcome(text, *sorted(min(stop, len(text)) for stop in stops)) == outcome(text)
    assert outcome(text, *range(len(text))) == outcome(text)


@given(TEXTS)
def test_the_runs_change_nothing(text: bytearray) -> None:
    expected = outcome(text)
    spaces = {state: run for state, run in scanner.RUNS.items() if state < scanner.State.STRING}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "RUNS", spaces)
        assert outcome(text) == expected


@given(TEXTS)
def test_what_was_looked_at_is_not_looked_at_again(text: bytearray) -> None:
    followed = ObjectScanner(MAX_DEPTH)
    read = bytearray(text)
    found: int | str | None = None
    try:
        for stop in range(len(text) + 1):
            found = followed.scan(read, stop)
            if found is not None:
                break
            read[: followed.scanned] = OVERWRITTEN.sub(b"\x00", read[: followed.scanned])
    except ScanError as error:
        found = error.reason
    assert found == outcome(text)


class Work:
    """Counts the bytes scanned and parsed."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.scanned = self.parsed = 0
        patch.setattr(ObjectScanner, "scan", self._scan_counting())
        parser = SimpleNamespace(loads=self._counted_loads, JSONDecodeError=orjson.JSONDecodeError)
        patch.setattr(framing, "orjson", parser)

    def _scan_counting(self) -> Callable[[ObjectScanner, bytearray, int], int | None]:
        scan = ObjectScanner.scan

        def counted(followed: ObjectScanner, text: bytearray, stop: int) -> int | None:
            before = followed.scanned
            try:
                return scan(followed, text, stop)
            finally:
                self.scanned += followed.scanned - before

        return counted

    def _counted_loads(self, text: bytearray) -> Any:
        self.parsed += len(text)
        return orjson.loads(text)


def decode(chunks: list[bytes]) -> list[dict[str, Any] | BadInput]:
    decoder = Decoder()
    return [each for chunk in chunks for each in decoder.feed(chunk)]


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[begin:end] for begin, end in pairwise(edges)]


LINES = [
    b'{"a":',
    b'{"a":[',
    b"{",
    b"[",
    b"{},",
    b"{}{}",
    b"0,",
    b"0",
    b'{"b":{}},',
    b'"k":',
    b"}",
    b"]",
    b"},",
    b"x",
    b'"\\ud800"',
]
NESTED = st.lists(st.sampled_from(LINES) | st.sampled_from([b'{"a":', b'{"a":[']), max_size=90).flatmap(
    lambda lines: st.sampled_from([b"\n".join(lines), b"".join(lines)])
)
AROUND = b'{"a":\n' * (MAX_DEPTH - 2) + b"[" + b"0," * 2_000
HEAVY = {
    "too deep, a level a line": b'{"a":\n' * 5_000,
    "a lone surrogate deep inside": AROUND + rb'"\ud800"' + b"]" + b"}" * (MAX_DEPTH - 2),
    "invalid UTF-8 deep inside": AROUND + b'"\xff"' + b"]" + b"}" * (MAX_DEPTH - 2),
    "a number out of range deep inside": AROUND + b"1e400]" + b"}" * (MAX_DEPTH - 2),
    "objects inside a bad one": b'{"a":[\n' + b"{},\n" * 5_000 + b"x",
    "objects without separators": b"{}" * 5_000,
    "objects without separators, then a line": b"{}" * 5_000 + b"\n{}\n",
    "a long string": b'{"a":"' + b"x" * 60_000 + b'"}',
    "a long number": b'{"a":0.' + b"1" * 60_000 + b"}",
    "many escapes": b'{"a":"' + rb"\n\u0041" * 5_000 + b'"}',
    "bad lines": b"x\n" * 5_000,
    "bad lines that begin well": b"{x\n" * 5_000,
}


@pytest.mark.parametrize("size", [1, 1_000, 100_000])
@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY)
def test_no_byte_is_scanned_or_parsed_more_than_twice(text: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    decode([text[begin : begin + size] for begin in range(0, len(text), size)])
    assert work.scanned <= 2 * len(text)
    assert work.parsed <= 2 * len(text)


@given(NESTED, st.lists(st.integers(0, 1_000), max_size=5))
@example(b'{"a":[\n{},\n{"a":[\n{},\n{"a":[\n{},\n{"a":x', [])
def test_bad_text_deep_inside_is_taken_apart_as_if_scanned_anew_but_is_not(text: bytes, places: list[int]) -> None:
    chunks = cut(text, places)
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        found = decode(chunks)
        assert work.scanned <= 2 * len(text)
        assert work.parsed <= 2 * len(text)
        patch.setattr(ObjectScanner, "continue_as", lambda *_: False)
        assert decode(chunks) == found
