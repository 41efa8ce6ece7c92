"""Framing: whatever way messages are written and cut, the same come out; whatever else comes, bad-json."""

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType, SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tchat_protocol import framing
from tchat_protocol.framing import MAX_DEPTH, MAX_REQUEST_BYTES, BadInput, Decoder, encode


def nest(value: Any, layers: Sequence[bool]) -> Any:
    """Put the value into as many arrays (true) and objects (false)."""
    for in_array in layers:
        value = [value] if in_array else {"": value}
    return value


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
FLAT_MESSAGES = st.dictionaries(TEXTS, VALUES, max_size=5)
DEEP_MESSAGES = st.builds(
    lambda value, layers: {"deep": nest(value, layers)},
    SCALARS | TEXTS,
    st.lists(st.booleans(), min_size=10, max_size=MAX_DEPTH - 1),
)
MESSAGES = FLAT_MESSAGES | DEEP_MESSAGES
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


LIMITS = st.sampled_from([10, 40, MAX_REQUEST_BYTES])
BYTES = st.binary(max_size=200) | NEAR_JSON | streams().map(lambda stream: stream[1])


@given(BYTES, CUTS, LIMITS)
@example(b'{"a":1}\n}{"b":2}', [], 40)
def test_any_bytes_give_messages_or_bad_input_and_never_more_is_held_than_the_limit(
    data: bytes, places: list[int], limit: int
) -> None:
    decoder = Decoder(limit)
    for chunk in cut(data, places):
        found = decoder.feed(chunk)
        assert all(isinstance(each, (dict, BadInput)) for each in found)
        assert all(len(each.raw) <= 80 for each in found if isinstance(each, BadInput))
        assert decoder.held <= limit
        assert decoder.pending == (decoder.held > 0)
        assert decoder.closed == ("too-large" in kinds(found)) or not found


@given(BYTES, CUTS, LIMITS)
@example(b'{"a":1}   \n{"b":[[[]]]}', [], 10)
@example(b'{"a":123}\n', [], 9)
def test_the_shortcut_changes_nothing(data: bytes, places: list[int], limit: int) -> None:
    quick, slow = Decoder(limit), Decoder(limit, shortcut=False)
    for chunk in cut(data, places):
        assert quick.feed(chunk) == slow.feed(chunk)
        assert (quick.held, quick.closed) == (slow.held, slow.closed)


@given(BYTES, CUTS, LIMITS, st.integers(1, 3), st.booleans())
def test_a_bound_of_the_work_changes_nothing(
    data: bytes, places: list[int], limit: int, most: int, shortcut: bool
) -> None:
    bounded, free = Decoder(limit, shortcut=shortcut), Decoder(limit, shortcut=shortcut)
    for chunk in cut(data, places):
        found = bounded.feed(chunk, most)
        while bounded.stopped:
            more = bounded.feed(b"", most)
            assert len(more) <= most
            found += more
        assert found == free.feed(chunk)
        assert (bounded.held, bounded.closed) == (free.held, free.closed)


@pytest.mark.parametrize("piece", [b"x\n", b"{x\n", b"{}", b"{} \n"])
def test_the_work_is_bounded_whatever_comes(piece: bytes) -> None:
    """Thousands of short texts in a segment would keep a server from everyone else for a second."""
    decoder = Decoder()
    found = decoder.feed(50_000 * piece, 100)
    assert decoder.stopped == (len(found) == 100)
    assert len(found) in {100, 50_000}, "lines with an object each are cheap"


def as_decoded(digits: str) -> int | float:
    return int(digits) if -(2**63) <= int(digits) < 2**64 else float(digits)


@given(streams().map(lambda stream: stream[1]), st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=2))))
def test_every_accepted_object_is_one_for_the_standard_parser_too(
    data: bytes, changes: list[tuple[int, bytes]]
) -> None:
    for place, put in changes:
        data = data[:place] + put + data[place + 1 :]
    decoder = Decoder()
    found = decoder.feed(data)
    if len(found) == 1 and isinstance(found[0], dict) and not decoder.pending:
        assert json.loads(data, parse_int=as_decoded) == found[0]


@given(NEAR_JSON | st.binary(max_size=40), CUTS, MESSAGES, CUTS)
@example(b'{"action":"join"', [], {"action": "groups"}, [])
@example(b'{"a":1,', [], {"b": 2}, [])
@example(b'{"a":', [], {"b": 2}, [])
def test_a_line_takes_no_later_message_with_it_unless_it_stops_where_a_value_belongs(
    line: bytes, places: list[int], message: dict[str, Any], later_places: list[int]
) -> None:
    line = line.replace(b"\n", b"") + b"\n"
    decoder = Decoder()
    for chunk in cut(line, places):
        decoder.feed(chunk)
    unfinished = line[len(line) - decoder.held :] if decoder.pending else b""
    value_belongs = unfinished and not any(isinstance(each, BadInput) for each in decode(unfinished + b"["))
    found = [each for chunk in cut(encode(message), later_places) for each in decoder.feed(chunk)]
    if value_belongs:
        too_deep_for_one = found != []
        assert found[-1] == message if too_deep_for_one else decoder.pending
    else:
        assert found[-1] == message
        assert kinds(found[:-1]) == ["bad-json"] * bool(unfinished)


@given(st.binary(min_size=1, max_size=40).filter(lambda line: not set(line) & set(b"{\n \t\r")))
def test_a_bad_line_is_reported_once_also_byte_by_byte(line: bytes) -> None:
    assert kinds(decode(*(bytes([byte]) for byte in line + b'\n{"a":1}'))) == ["bad-json", {"a": 1}]


LONE = "a lone surrogate escape (\\ud800 to \\udfff come in pairs)"
BAD = {
    "a word": (b"hello?", "not a JSON object: it begins with 'h'"),
    "an array": (b"[1]", "not a JSON object: an array"),
    "a number": (b"42", "not a JSON object: a number"),
    "a string": (b'"x"', "not a JSON object: a string"),
    "null": (b"null", "not a JSON object: a word"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not a JSON object: it begins with a byte order mark"),
    "UTF-16": ('{"a":1}'.encode("utf-16-le"), "expected a key in double quotes or '}', not the byte 0x00, at byte 2"),
    "UTF-16 with its mark": ('{"a":1}'.encode("utf-16"), "not a JSON object: it begins with the byte 0xff"),
    "TLS": (b"\x16\x03\x01", "not a JSON object: it begins with the byte 0x16"),
    "a NUL first": (b"\x00{}", "not a JSON object: it begins with the byte 0x00"),
    "a closing brace": (b"}", "not a JSON object: it begins with '}'"),
    "NaN": (b'{"a":NaN}', "expected a value, not 'N', at byte 6"),
    "Infinity": (b'{"a":-Infinity}', "expected a digit, not 'I', at byte 7"),
    "a trailing comma": (b'{"a":1,}', "expected a key in double quotes, not '}', at byte 8"),
    "a trailing comma in an array": (b'{"a":[1,]}', "expected a value, not ']', at byte 9"),
    "a comma alone": (b'{"a":[,1]}', "expected a value or ']', not ',', at byte 7"),
    "no comma": (b'{"a":1 "b":2}', "expected ',' or '}' after a member, not a double quote, at byte 8"),
    "a second colon": (b'{"a"::1}', "expected a value, not ':', at byte 6"),
    "no colon": (b'{"a" 1}', "expected ':' after the key, not '1', at byte 6"),
    "single quotes": (b"{'a':1}", "expected a key in double quotes or '}', not a single quote, at byte 2"),
    "a bare key": (b"{a:1}", "expected a key in double quotes or '}', not 'a', at byte 2"),
    "a comment": (b'{"a":1/*x*/}', "expected ',' or '}' after a member, not '/', at byte 7"),
    "a leading zero": (b'{"a":01}', "expected ',' or '}' after a member, not '1', at byte 7"),
    "a leading zero after a minus": (b'{"a":-01}', "expected ',' or '}' after a member, not '1', at byte 8"),
    "a plus sign": (b'{"a":+1}', "expected a value, not '+', at byte 6"),
    "a bare point": (b'{"a":1.}', "expected a digit, not '}', at byte 8"),
    "a bad literal": (b'{"a":nul}', "expected null, not '}', at byte 9"),
    "Python's True": (b'{"a":True}', "expected a value, not 'T', at byte 6"),
    "an empty exponent": (b'{"a":1e}', "expected a digit, not '}', at byte 8"),
    "a minus and a space": (b'{"a":- 1}', "expected a digit, not a space, at byte 7"),
    "a bad escape": (b'{"a":"\\x"}', "expected one of \"\\/bfnrtu after '\\', not 'x', at byte 8"),
    "a cut escape": (b'{"a":"\\u12"}', "expected four hexadecimal digits after '\\u', not a double quote, at byte 11"),
    "an escape of three digits": (
        b'{"a":"\\u123"}',
        "expected four hexadecimal digits after '\\u', not a double quote, at byte 12",
    ),
    "a raw line feed in a string": (
        b'{"a":"x\ny"}',
        "a raw control character in a string (a line feed, to be written as \\u000a) at byte 8",
    ),
    "a NUL": (
        b'{"a":"\x00"}',
        "a raw control character in a string (the byte 0x00, to be written as \\u0000) at byte 7",
    ),
    "invalid UTF-8": (b'{"a":"\xff"}', "invalid UTF-8 at byte 7"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "invalid UTF-8 at byte 7"),
    "a surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "invalid UTF-8 at byte 8"),
    "UTF-8 past Unicode": (b'{"a":"\xf4\x90\x80\x80"}', "invalid UTF-8 at byte 8"),
    "UTF-8 cut short": (b'{"a":"\xe2\x82"}', "invalid UTF-8 at byte 9"),
    "a lone high surrogate": (b'{"a":"\\ud800"}', f"{LONE} at byte 13"),
    "a lone low surrogate": (b'{"a":"\\udc00"}', f"{LONE} at byte 10"),
    "two high surrogates": (b'{"a":"\\ud800\\ud800"}', f"{LONE} at byte 16"),
    "surrogates the wrong way round": (b'{"a":"\\udc00\\ud800"}', f"{LONE} at byte 10"),
    "a lone surrogate in a key": (b'{"\\ud800":1}', f"{LONE} at byte 9"),
    "a float out of range": (b'{"a":-1e400}', "a number too large for a 64-bit float at byte 6"),
    "400 digits": (b'{"a":[' + b"9" * 400 + b"]}", "a number too large for a 64-bit float at byte 7"),
    "33 levels": (b'{"a":' * 33 + b"1" + b"}" * 33, "nesting deeper than 32 at byte 161"),
    "100,000 brackets": (b'{"a":' + b"[" * 100_000, "nesting deeper than 32 at byte 37"),
    "an array closed as an object": (b'{"a":[}', "expected a value or ']', not '}', at byte 7"),
    "an object closed as an array": (b'{"a":{]', "expected a key in double quotes or '}', not ']', at byte 7"),
    "mismatched brackets": (b'{"a":[1}', "expected ',' or ']' after an item, not '}', at byte 8"),
}


@pytest.mark.parametrize(("text", "reason"), BAD.values(), ids=BAD)
def test_bad_text_is_named_and_the_next_line_is_read(text: bytes, reason: str) -> None:
    found = decode(text + b'\n{"next":1}\n')
    dropped = text.split(b"\n")[0] + b"\n"
    assert found[0] == BadInput("bad-json", reason, dropped[:80])
    assert found[-1] == {"next": 1}


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


@pytest.mark.parametrize("split", [1, 7, 65_536, 100_000])
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


@pytest.mark.parametrize(
    ("text", "pending"), [(b"", False), (b'{"a":1}\n', False), (b"oops", False), (b"\n \n", False), (b'{"a":', True)]
)
def test_an_unfinished_message_is_pending_and_nothing_else(text: bytes, pending: bool) -> None:
    decoder = Decoder()
    decoder.feed(text)
    assert decoder.pending is pending


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, -(2**63), 0])
def test_integers_of_64_bits_stay_integers(number: int) -> None:
    [message] = decode(b'{"a":%d}' % number)
    assert message == {"a": number}
    assert isinstance(message["a"], int)


def test_after_bad_text_an_object_may_begin_behind_white_space_or_the_rest_of_the_line_goes() -> None:
    assert kinds(decode(b"oops", b" \t", b'{"a":1}')) == ["bad-json", {"a": 1}]
    assert kinds(decode(b"oops", b" more", b'of it\r\n{"a":1}')) == ["bad-json", {"a": 1}]
    assert kinds(decode(b"oops", b"\n", b"oops\n")) == ["bad-json", "bad-json"]


def test_a_text_that_only_the_parser_refuses_is_bad_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: bytearray) -> None:
        raise orjson.JSONDecodeError("no", text.decode(), 0)

    parser = SimpleNamespace(loads=refuse, JSONDecodeError=orjson.JSONDecodeError)
    monkeypatch.setattr(framing, "orjson", parser)
    assert decode(b'{"a":1}') == [BadInput("bad-json", "refused by the JSON parser: no", b'{"a":1}')]


def test_any_mapping_is_encoded_and_null_is_no_nan() -> None:
    assert (
        encode(MappingProxyType({"a": None, "b": [1.5, {"null": "é"}]}))
        == '{"a":null,"b":[1.5,{"null":"é"}]}\n'.encode()
    )


@pytest.mark.parametrize("value", ["\ud800", 2**64, {1, 2}, math.nan, [1, {"b": -math.inf}], (math.inf,)])
def test_what_json_cannot_hold_is_not_encoded(value: Any) -> None:
    with pytest.raises(ValueError, match="not expressible as JSON"):
        encode({"a": value})
