"""Framing: whatever way messages are written and cut, the same come out; whatever else comes, bad-json."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tchat_protocol import scanner
from tchat_protocol.framing import MAX_DEPTH, MAX_REQUEST_BYTES, BadInput, Decoder, encode

CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, max_size=30)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.dictionaries(TEXTS, VALUES, max_size=5)
SEPARATORS = st.sampled_from(["", "\n", "\r\n", " ", "\t", "\n\n", " \r\n "])
NEAR_JSON = st.lists(
    st.sampled_from([b'{"a":', b"{", b"}", b'"x"', b":", b",", b"[", b"]", b"1", b"-", b".5", b"e9", b"tru", b"null"])
    | st.sampled_from([b"\n", b" ", b"\\u", b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"\x00", b"NaN", b'"'])
    | st.binary(max_size=4),
    max_size=30,
).map(b"".join)


@st.composite
def written(draw: st.DrawFn, message: dict[str, Any]) -> str:
    """One message as some peer writes it: compact, spaced or pretty, in Unicode or escaped."""
    indent = draw(st.sampled_from([None, 0, 2]))
    compact = draw(st.booleans()) and indent is None
    return json.dumps(
        message,
        ensure_ascii=draw(st.booleans()),
        indent=indent,
        separators=(",", ":") if compact else None,
    )


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[dict[str, Any]], bytes]:
    messages = draw(st.lists(MESSAGES, max_size=5))
    text = "".join(draw(SEPARATORS) + draw(written(message)) for message in messages) + draw(SEPARATORS)
    return messages, text.encode()


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(edges)]


CUTS = st.lists(st.integers(0, 10_000), max_size=12)


def decode(*chunks: bytes, limit: int = MAX_REQUEST_BYTES, shortcut: bool = True) -> list[Any]:
    decoder = Decoder(limit, shortcut=shortcut)
    return [each for chunk in chunks for each in decoder.feed(chunk)]


def kinds(found: Sequence[Any]) -> list[Any]:
    """Messages as they are, bad input by its code."""
    return [each.code if isinstance(each, BadInput) else each for each in found]


@given(streams(), CUTS)
def test_messages_come_out_the_same_however_they_are_written_joined_and_cut(
    stream: tuple[list[dict[str, Any]], bytes], places: list[int]
) -> None:
    messages, data = stream
    assert decode(*cut(data, places)) == messages
    assert decode(*cut(data, places), shortcut=False) == messages


@given(streams())
def test_messages_come_out_the_same_byte_by_byte(stream: tuple[list[dict[str, Any]], bytes]) -> None:
    messages, data = stream
    assert decode(*(bytes([byte]) for byte in data)) == messages


@given(MESSAGES)
def test_what_is_encoded_is_one_line_that_decodes_to_the_same(message: dict[str, Any]) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == [message]


@given(st.binary(max_size=200) | NEAR_JSON, CUTS)
@example(b'{"a":1}\n}{"b":2}', [])
def test_any_bytes_give_messages_or_bad_json_and_never_more_is_held_than_the_limit(
    data: bytes, places: list[int]
) -> None:
    limit = 40
    decoder = Decoder(limit)
    for chunk in cut(data, places):
        found = decoder.feed(chunk)
        assert all(isinstance(each, (dict, BadInput)) for each in found)
        assert decoder.held <= limit


@given(st.binary(max_size=200) | NEAR_JSON, CUTS)
def test_the_shortcut_changes_nothing(data: bytes, places: list[int]) -> None:
    chunks = cut(data, places)
    assert kinds(decode(*chunks)) == kinds(decode(*chunks, shortcut=False))


@given(NEAR_JSON)
def test_every_accepted_object_is_one_for_the_standard_parser_too(data: bytes) -> None:
    found = [each for each in decode(data) if isinstance(each, dict)]
    if len(found) == 1 and found == decode(data.split(b"\n")[0]):
        assert json.loads(data.split(b"\n")[0]) == found[0]


@given(NEAR_JSON.map(lambda data: data.replace(b"\n", b"")), MESSAGES)
def test_a_bad_line_takes_no_later_line_with_it(line: bytes, message: dict[str, Any]) -> None:
    decoder = Decoder()
    bad = any(isinstance(each, BadInput) for each in decoder.feed(line + b"\n"))
    if bad and not decoder.pending:
        assert decoder.feed(encode(message)) == [message]


@given(st.binary(min_size=1, max_size=40).filter(lambda line: not set(line) & set(b"{\n \t\r")))
def test_a_bad_line_is_reported_once_also_byte_by_byte(line: bytes) -> None:
    assert kinds(decode(*(bytes([byte]) for byte in line + b'\n{"a":1}'))) == ["bad-json", {"a": 1}]


BAD = {
    "a word": (b"hello?", "not a JSON object: it begins with 'h'"),
    "an array": (b"[1]", "not a JSON object: an array"),
    "a number": (b"42", "not a JSON object: a number"),
    "a string": (b'"x"', "not a JSON object: a string"),
    "null": (b"null", "not a JSON object: a word"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not a JSON object: it begins with a byte order mark"),
    "UTF-16": ('{"a":1}'.encode("utf-16-le"), "expected a key in double quotes or '}' at byte 2"),
    "a closing brace": (b"}", "not a JSON object: it begins with '}'"),
    "NaN": (b'{"a":NaN}', "expected a value at byte 6"),
    "Infinity": (b'{"a":-Infinity}', "expected a value at byte 7"),
    "a trailing comma": (b'{"a":1,}', "expected a key in double quotes at byte 8"),
    "a trailing comma in an array": (b'{"a":[1,]}', "expected a value at byte 9"),
    "no comma": (b'{"a":1 "b":2}', "expected ',' or '}' at byte 8"),
    "a second colon": (b'{"a"::1}', "expected a value at byte 6"),
    "no colon": (b'{"a" 1}', "expected ':' after the key at byte 6"),
    "single quotes": (b"{'a':1}", "expected a key in double quotes or '}' at byte 2"),
    "a bare key": (b"{a:1}", "expected a key in double quotes or '}' at byte 2"),
    "a comment": (b'{"a":1/*x*/}', "expected ',' or '}' at byte 7"),
    "a leading zero": (b'{"a":01}', "expected ',' or '}' at byte 7"),
    "a plus sign": (b'{"a":+1}', "expected a value at byte 6"),
    "a bare point": (b'{"a":1.}', "expected a value at byte 8"),
    "a bad literal": (b'{"a":nul}', "expected a value at byte 9"),
    "a bad escape": (b'{"a":"\\x"}', "expected a legal escape after '\\' at byte 8"),
    "a cut escape": (b'{"a":"\\u12"}', "expected four hexadecimal digits after '\\u' at byte 11"),
    "a raw line feed in a string": (b'{"a":"x\ny"}', "expected no raw control character in a string at byte 8"),
    "a NUL": (b'{"a":"\x00"}', "expected no raw control character in a string at byte 7"),
    "invalid UTF-8": (b'{"a":"\xff"}', "invalid UTF-8 at byte 7"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "invalid UTF-8 at byte 7"),
    "a surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "invalid UTF-8 at byte 7"),
    "33 levels": (b'{"a":' * 33 + b"1" + b"}" * 33, "nesting deeper than 32 at byte 161"),
    "100,000 brackets": (b'{"a":' + b"[" * 100_000, "nesting deeper than 32 at byte 37"),
    "mismatched brackets": (b'{"a":[1}', "expected ',' or ']' at byte 8"),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_bad_text_is_named_and_the_next_line_is_read(text: bytes, reason: str) -> None:
    found = decode(text + b'\n{"next":1}\n')
    assert found[0] == BadInput("bad-json", reason, (text + b'\n{"next":1}\n')[:80])
    assert found[-1] == {"next": 1}


@pytest.mark.parametrize("value", [b'"\\ud800"', b'"\\udc00\\ud800"', b"1e400", b"-1e400", b"9" * 400])
def test_what_the_grammar_allows_but_no_peer_can_hold_is_bad_json(value: bytes) -> None:
    assert kinds(decode(b'{"a":' + value + b'}\n{"next":1}')) == ["bad-json", {"next": 1}]


def test_a_lone_surrogate_in_a_key_is_bad_json() -> None:
    assert kinds(decode(b'{"\\ud800":1}\n')) == ["bad-json"]


def test_32_levels_are_accepted() -> None:
    text = b'{"a":' * (MAX_DEPTH - 1) + b"{}" + b"}" * (MAX_DEPTH - 1)
    assert decode(text) == [json.loads(text)]


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert decode(b'{"a":"' + b"[{" * 40 + b'"}\n') == [{"a": "[{" * 40}]


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert decode(b'{"a":1,"a":2}') == [{"a": 2}]


def test_an_unfinished_line_does_not_swallow_the_next_message() -> None:
    assert kinds(decode(b'{"action":"join"\n{"action":"groups"}\n')) == ["bad-json", {"action": "groups"}]


def test_after_bad_text_without_a_line_feed_the_next_segment_is_read() -> None:
    assert kinds(decode(b"oops", b'{"a":1}')) == ["bad-json", {"a": 1}]


@pytest.mark.parametrize("split", [1, 7, 65_536])
def test_a_message_at_the_limit_is_read_and_one_past_it_closes(split: int) -> None:
    fits = b'{"a":"' + b"x" * (MAX_REQUEST_BYTES - 8) + b'"}'
    over = fits[:-2] + b'x"}'
    assert len(decode(*(fits[begin : begin + split] for begin in range(0, len(fits), split)))) == 1
    assert kinds(decode(*(over[begin : begin + split] for begin in range(0, len(over), split)))) == ["too-large"]


def test_an_unfinished_message_is_too_large_as_soon_as_it_passes_the_limit() -> None:
    decoder = Decoder(limit=20)
    assert decoder.feed(b'{"a":"' + b"x" * 14) == []
    assert kinds(decoder.feed(b"x")) == ["too-large"]
    assert decoder.closed


def test_nothing_is_decoded_after_a_message_that_was_too_large() -> None:
    decoder = Decoder(limit=10)
    assert kinds(decoder.feed(b'{"a":"12345"}{"b":1}')) == ["too-large"]
    assert decoder.closed
    assert decoder.feed(b'{"b":1}') == []


def test_separators_do_not_count_towards_the_limit() -> None:
    assert decode(b" " * 100 + b'{"a":1234}' + b"\n" * 100, limit=10) == [{"a": 1234}]


def test_each_byte_is_looked_at_once_however_the_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    step = scanner.ObjectScanner._step

    def counted(self: scanner.ObjectScanner, byte: int) -> bool:
        nonlocal steps
        steps += 1
        return step(self, byte)

    monkeypatch.setattr(scanner.ObjectScanner, "_step", counted)
    text = b'{"a":[' + b"1" * 1000 + b',"' + b"\\n\\u0041x" * 500 + b'"]'
    decoder = Decoder()
    for byte in text:
        decoder.feed(bytes([byte]))
    assert steps <= len(text) + 1


@pytest.mark.parametrize("value", ["\ud800", 2**64, {1, 2}])
def test_what_json_cannot_hold_is_not_encoded(value: Any) -> None:
    with pytest.raises(ValueError, match="not expressible as JSON"):
        encode({"a": value})
