"""Every kind of text that JSON parsers are known to disagree about: taken or refused as RFC 8259 and PROTOCOL.md say.

The kinds are those of the usual test collections: what must be taken, what must be refused, and what the RFC leaves
open and PROTOCOL.md decides (W-BAD-4 to W-BAD-6, W-DUP-1).
"""

import json

import pytest

from tchat_protocol.framing import BadInput, Decoder

PROBE = b'{"action":"probe"}\n'

NUMBERS = {
    "zero": "0",
    "minus zero": "-0",
    "minus one": "-1",
    "an integer": "123",
    "a fraction": "123.456789",
    "tiny": "1e-10",
    "e": "1e22",
    "E": "1E22",
    "e plus": "1e+2",
    "E minus": "1E-2",
    "zero e": "0e1",
    "zero e plus": "0e+1",
    "fraction and exponent": "123.456e78",
    "many digits": "100000000000000000000",
    "negative integer": "-123",
}
STRINGS = {
    "empty": '""',
    "a space": '" "',
    "all short escapes": r'"\"\\\/\b\f\n\r\t"',
    "escaped zero": r'"\u0000"',
    "escaped letter": r'"\u0061\u30af"',
    "escaped pair": r'"\ud834\udd1e"',
    "two escaped pairs": r'"\ud83d\ude39\ud83d\udc8d"',
    "escaped noncharacter": r'"\uffff"',
    "last code point": '"\U0010ffff"',
    "delete": '"\x7f"',
    "line separator": '"\u2028"',
    "three bytes": '"\u20ac"',
    "two bytes": '"é"',
    "private use": '"\ue000"',
    "a comment in a string": '"a/*b*/c"',
    "an escaped backslash and n": r'"\\n"',
    "an escaped backslash and u": r'"\\u0061"',
    "a slash": '"/"',
    "a byte order mark": '"\ufeffx"',
}
STRUCTURES = {
    "null": "null",
    "true": "true",
    "false": "false",
    "empty array": "[]",
    "array of empty": '[""]',
    "empty object": "{}",
    "spaces in an array": "[ 1 , 2 ]",
    "line breaks": "[\n1\r\n,\t2]",
    "array of nulls": "[1,null,null,2]",
    "empty key": '{"":0}',
    "a key with zero": '{"a\\u0000b":0}',
    "long keys": '{"x":[{"id":"' + "x" * 40 + '"}]}',
    "a key twice": '{"a":"b","a":"c"}',
    "32 levels": "[" * 31 + "]" * 31,
}

BAD_NUMBERS = (
    "-01",
    "-1.0.",
    "-2.",
    "-NaN",
    ".-1",
    ".2e-3",
    "0.1.2",
    "0.3e",
    "0.3e+",
    "0.e1",
    "0E",
    "0E+",
    "0e",
    "0e+",
    "1.0e",
    "1.0e+",
    "1.0e-",
    "1 000.0",
    "1eE2",
    "2.e+3",
    "2.e-3",
    "2.e3",
    "9.e+",
    "Inf",
    "NaN",
    "\uff11",
    "1+2",
    "0x1",
    "0x42",
    "Infinity",
    "0e+-1",
    "-123.123foo",
    "-Infinity",
    "-foo",
    "- 1",
    "-012",
    "-.123",
    "-1x",
    "1ea",
    "1.",
    ".123",
    "1.2a-3",
    "1.8011670033376514H-308",
    "012",
    "++1234",
    "+1",
    "+Inf",
    "-",
    "1_000",
    "1e1.5",
)
BAD_STRINGS = (
    r'"\ud800\u"',
    r'"\ud800\u1"',
    r'"\ud800\u1x"',
    "[é]",
    r'"\x00"',
    r'"\\\"',
    '"\\\t"',
    '"\\🌀"',
    r'"\"',
    r'"\u00A"',
    r'"\ud834\udd"',
    r'"\ud800\ud800\x"',
    r'"\a"',
    r'"\uqqqq"',
    '"\\',
    '"a\x00a"',
    '"new\nline"',
    '"\t"',
    '"\x1f"',
    '"\\U0001F600"',
    "'single quote'",
    "abc",
    '"\\u{61}"',
    '\\u0020"asd"',
    '"',
)
BAD_STRUCTURES = (
    "[1 true]",
    '["": 1]',
    '[""],',
    "[,1]",
    "[1,,2]",
    '["x",,]',
    '["x"]]',
    '["",]',
    "[x",
    '["x"',
    "[3[4]]",
    "[1:2]",
    "[,]",
    "[-]",
    '[   , ""]',
    "[1,]",
    "[1,,]",
    "[*]",
    "[1,\n1\n,1",
    "[",
    '{"x", null}',
    '{"x"::"b"}',
    "{🇨🇭}",
    '{"a":"a" 123}',
    "{key: 'value'}",
    '{"a" b}',
    '{:"b"}',
    '{"a" "b"}',
    '{"a":',
    '{"a"',
    "{1:1}",
    "{9999E9999:1}",
    "{null:null,null:null}",
    '{"id":0,,,,,}',
    "{'a':0}",
    '{"id":0,}',
    '{"a":"b"}/**/',
    '{"a":"b"}//',
    '{"a":/*comment*/"b"}',
    '{"a":"b",,"c":"d"}',
    '{a: "b"}',
    '{"a":"a',
    '{ "foo" : "bar", "a" }',
    '{"a":"b"}#',
    "nul",
    "tru",
    "fals",
    "True",
    "TRUE",
    "nULL",
    "undefined",
    "<null>",
    "[<null>]",
    "\u2060",
    "\u00a0",
    "\u0085",
    "\x0c",
    "a\u00e5",
    "[\x0c]",
    "]",
    "}",
    ",",
    ":",
    "*",
    "&",
    "$",
)
DECIDED = {
    "a lone high surrogate": r'"\ud800"',
    "a lone low surrogate": r'"\udfff"',
    "a pair the wrong way": r'"\udd1e\ud834"',
    "a high one and a letter": r'"\ud834a"',
    "33 levels": "[" * 32 + "]" * 32,
}
NO_UTF8 = {
    "latin 1": b'"\xe9"',
    "overlong": b'"\xc0\xaf"',
    "overlong zero": b'"\xe0\x80\x80"',
    "a raw surrogate": b'"\xed\xa0\x80"',
    "beyond Unicode": b'"\xf4\xbf\xbf\xbf"',
    "a lone continuation": b'"\x81"',
    "a cut character": b'"\xe0\xff"',
    "FF": b'"\xff"',
}


def told(text: bytes) -> list[object]:
    """Return what a decoder makes of a text and of a sound message on the next line."""
    decoder = Decoder()
    return [*decoder.feed(text + b"\n"), *decoder.feed(PROBE)]


@pytest.mark.parametrize("value", [*NUMBERS.values(), *STRINGS.values(), *STRUCTURES.values()], ids=repr)
def test_what_is_json_is_taken_for_what_it_says(value: str) -> None:
    text = f'{{"a":{value}}}'
    assert told(text.encode()) == [json.loads(text), {"action": "probe"}]


@pytest.mark.parametrize("value", [*BAD_NUMBERS, *BAD_STRINGS, *BAD_STRUCTURES, *DECIDED.values()], ids=repr)
def test_what_is_not_json_is_refused_and_the_next_line_is_heard(value: str) -> None:
    found = told(f'{{"a":{value}}}'.encode())
    assert isinstance(found[0], BadInput)
    assert found[0].code == "bad-json"
    assert found[-1] == {"action": "probe"}


@pytest.mark.parametrize("value", NO_UTF8.values(), ids=NO_UTF8)
def test_what_is_not_utf8_is_refused_and_the_next_line_is_heard(value: bytes) -> None:
    found = told(b'{"a":' + value + b"}")
    assert isinstance(found[0], BadInput)
    assert found[0].code == "bad-json"
    assert found[-1] == {"action": "probe"}
