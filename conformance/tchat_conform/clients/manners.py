"""The ways in which a server may write messages, all of them right: a client bears each."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

from tchat_protocol.framing import Message, encode

Manner = Callable[[Sequence[Message]], list[bytes]]
"""Makes messages into pieces, each of which is sent in a segment of its own."""

UNKNOWN_FIELDS = {"colour": "blue", "x-tags": [1, {"a": None}], "version": 7, "priority": None}


def line_each(messages: Sequence[Message]) -> list[bytes]:
    """Write each message on a line and in a segment of its own, as most servers do."""
    return [encode(each) for each in messages]


def joined(messages: Sequence[Message]) -> list[bytes]:
    """Write all messages in one segment, each on its line."""
    return [b"".join(map(encode, messages))]


def joined_bare(messages: Sequence[Message]) -> list[bytes]:
    """Write all messages in one segment with nothing between them."""
    return [b"".join(encode(each).rstrip(b"\n") for each in messages)]


def bare(messages: Sequence[Message]) -> list[bytes]:
    """Write each message in a segment of its own with no line feed."""
    return [encode(each).rstrip(b"\n") for each in messages]


def crlf(messages: Sequence[Message]) -> list[bytes]:
    """End each message with CR and LF."""
    return [encode(each).rstrip(b"\n") + b"\r\n" for each in messages]


def blank_lines(messages: Sequence[Message]) -> list[bytes]:
    """Write blank lines and spaces around each message."""
    return [b"\n \r\n" + encode(each) + b"\n\n" for each in messages]


def pretty(messages: Sequence[Message]) -> list[bytes]:
    """Write each message over several lines."""
    return [json.dumps(each, ensure_ascii=False, indent=2).encode() + b"\n" for each in messages]


def escaped(messages: Sequence[Message]) -> list[bytes]:
    """Write every character beyond ASCII as an escape."""
    return [json.dumps(each).encode() + b"\n" for each in messages]


def halves(messages: Sequence[Message]) -> list[bytes]:
    """Cut each message in its middle."""
    pieces = []
    for each in map(encode, messages):
        middle = len(each) // 2
        pieces += [each[:middle], each[middle:]]
    return pieces


def across(messages: Sequence[Message]) -> list[bytes]:
    """Cut all messages so that each piece but the first ends one and begins the next."""
    data = b"".join(map(encode, messages))
    ends = [position + 1 for position, byte in enumerate(data) if byte == ord("\n")]
    cuts = [0, *(min(each + 10, len(data)) for each in ends[:-1]), len(data)]
    return [data[begin:end] for begin, end in pairwise(cuts)]


def bytewise(messages: Sequence[Message]) -> list[bytes]:
    """Cut the first twelve bytes of each message one by one, and the last two."""
    pieces = []
    for each in map(encode, messages):
        pieces += [each[position : position + 1] for position in range(12)]
        pieces += [each[12:-2], each[-2:-1], each[-1:]]
    return pieces


def inside_a_character(messages: Sequence[Message]) -> list[bytes]:
    """Cut each message after the first byte of its first character beyond ASCII."""
    pieces = []
    for each in map(encode, messages):
        cut = next((position + 1 for position, byte in enumerate(each) if byte >= 0x80), len(each) // 2)
        pieces += [each[:cut], each[cut:]]
    return pieces


def with_unknown_fields(messages: Sequence[Message]) -> list[bytes]:
    """Put fields into each message that the protocol does not have."""
    return line_each([{**UNKNOWN_FIELDS, **each} for each in messages])


WHOLE: frozenset[Manner] = frozenset({line_each, bare, crlf, blank_lines, pretty, escaped, with_unknown_fields})
"""Manners in which each piece is one message."""
