"""Faults that show with odd input only: names that a language takes for its own, other encodings, great length."""

import json
from typing import Any
from unicodedata import normalize

import pytest

from conform.mutants.registry import mutant
from conform.mutants.wire import accepts, decodes, reads
from tchat_protocol import messages, names
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.framing import MAX_REQUEST_BYTES, BadInput, Decoder
from tchat_server import connection
from tchat_server.app import App

NAMES = ("from", "to", "sender", "dest", "name", "group")


def trips_over(patch: pytest.MonkeyPatch, *odd: str) -> None:
    """Have requests with one of these names fail, as code does that takes them for something else."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        if any(message.get(field) in odd for field in NAMES):
            raise Refusal(ErrorCode.INTERNAL_ERROR, "TypeError")
        return message

    reads(patch, change)


@mutant("I-NAME-4")
def inherits_names(patch: pytest.MonkeyPatch) -> None:
    """Names are looked up in an object that has some of its own: toString, valueOf."""
    trips_over(patch, "toString", "valueOf", "hasOwnProperty", "__class__", "__defineGetter__")


@mutant("I-NAME-4")
def takes_names_for_values(patch: pytest.MonkeyPatch) -> None:
    """A name that reads like a value is taken for it: true, null, undefined, 0."""
    trips_over(patch, "true", "null", "undefined", "0")


@mutant("I-NAME-1")
def trims_names(patch: pytest.MonkeyPatch) -> None:
    """White space around a name is lost before anything is checked."""
    reads(
        patch,
        lambda message: {
            field: value.strip() if field in NAMES and isinstance(value, str) else value
            for field, value in message.items()
        },
    )


@mutant("I-NAME-4")
def takes_invisible_characters_for_white_space(patch: pytest.MonkeyPatch) -> None:
    """A name with a joiner, or a byte order mark in it, is refused."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        for field in NAMES:
            if any(each in str(message.get(field)) for each in "\u200b\ufeff"):
                raise Refusal(ErrorCode.BAD_MESSAGE, "No.", f"/{field}")
        return message

    reads(patch, change)


@mutant("I-NAME-2")
def normalises_names_too_far(patch: pytest.MonkeyPatch) -> None:
    """Names are compared in NFKC, in which a ligature is its letters."""
    patch.setattr(names, "normal", lambda name: normalize("NFKC", name))


@mutant("W-BAD-4")
def guesses_encodings(patch: pytest.MonkeyPatch) -> None:
    """A message in UTF-16 is read, and one behind a byte order mark."""
    accepts(patch, lambda data: json.loads(data.rstrip(b"\n")))


@mutant("W-BAD-8")
def falls_over_great_length(patch: pytest.MonkeyPatch) -> None:
    """A message that is too large takes everybody's connection with it."""
    take = App._take_bad_input

    def taken(self: App, peer: Any, bad: BadInput) -> None:
        if bad.code == "too-large":
            for each in list(self.connections):
                each.abort()
        else:
            take(self, peer, bad)

    patch.setattr(App, "_take_bad_input", taken)


@mutant("E-ORDER-1")
def looks_for_nan_last(patch: pytest.MonkeyPatch) -> None:
    """NaN is found only when the action has been looked at."""

    def feed(_: Any, own: Any, data: bytes) -> Any:
        found = own(data)
        if any(isinstance(each, BadInput) for each in found) and b"NaN" in data:
            message = json.loads(data)
            try:
                messages.parse_request(message)
            except Refusal:
                return [{key: value for key, value in message.items() if key != "extra"}]
        return found

    decodes(patch, feed)


@mutant("W-BAD-7")
def takes_up_a_bad_line_again(patch: pytest.MonkeyPatch) -> None:
    """A message on the same line behind bad text is obeyed."""

    def feed(_: Any, own: Any, data: bytes) -> Any:
        begin = data.find(b"{")
        if begin > 0 and not data[:begin].strip().endswith(b"\n") and b"\n" not in data[:begin].strip():
            return [*own(data[:begin]), *own(b"\n"), *own(data[begin:])]
        return own(data)

    decodes(patch, feed)


@mutant("W-BAD-7")
def tells_of_bad_text_once(patch: pytest.MonkeyPatch) -> None:
    """Of several bad lines in one segment the first is told."""

    def feed(_: Any, own: Any, data: bytes) -> Any:
        found, bad = [], False
        for each in own(data):
            if not (bad and isinstance(each, BadInput)):
                found.append(each)
            bad = bad or isinstance(each, BadInput)
        return found

    decodes(patch, feed)


@mutant("W-SIZE-1")
def counts_white_space(patch: pytest.MonkeyPatch) -> None:
    """White space between messages counts as part of one."""
    seen: dict[int, int] = {}

    def feed(decoder: Any, own: Any, data: bytes) -> Any:
        blank = len(data) if not data.strip() else 0
        seen[id(decoder)] = seen.get(id(decoder), 0) + blank if blank else 0
        return [BadInput("too-large", "No.", b"")] if seen[id(decoder)] > 65_536 else own(data)

    decodes(patch, feed)


@mutant("W-SIZE-2")
def counts_characters(patch: pytest.MonkeyPatch) -> None:
    """The length of a request is counted in characters."""

    class Generous(Decoder):
        def __init__(self) -> None:
            super().__init__(limit=4 * MAX_REQUEST_BYTES)

        def feed(self, data: bytes, most: int | None = None) -> Any:
            own = super().feed(data, most)
            held = self._buffer.decode(errors="ignore")
            return [*map(_counted, own), *([_TOO_LARGE] if len(held) > MAX_REQUEST_BYTES else [])]

    patch.setattr(connection, "Decoder", Generous)


_TOO_LARGE = BadInput("too-large", "No.", b"")


def _counted(each: Any) -> Any:
    text = json.dumps(each, ensure_ascii=False, separators=(",", ":")) if isinstance(each, dict) else ""
    return _TOO_LARGE if len(text) > MAX_REQUEST_BYTES else each
