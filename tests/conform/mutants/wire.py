"""Faults in framing and in reading requests, as peers that take a chunk for a message have them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from conform.mutants.registry import mutant
from tchat_protocol import framing, messages, names, schemas
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.framing import BadInput, Decoder
from tchat_server import app, connection
from tchat_server.app import App

Found = list[Any]


def decodes(patch: pytest.MonkeyPatch, feed: Any) -> None:
    """Replace how the server takes bytes apart; ``feed`` gets the decoder, its own feed, and the bytes."""
    own = Decoder.feed

    class Faulty(Decoder):
        def feed(self, data: bytes, most: int | None = None) -> Found:
            return list(feed(self, lambda more: own(self, more), data))

    patch.setattr(connection, "Decoder", Faulty)


def reads(patch: pytest.MonkeyPatch, change: Any) -> None:
    """Change each request before it is read."""
    parse = messages.parse_request
    patch.setattr(app, "parse_request", lambda message, *, strict: parse(change(dict(message)), strict=strict))


@mutant("W-SEP-1", "W-PRETTY-1")
def reads_line_by_line(patch: pytest.MonkeyPatch) -> None:
    """A message is what stands on a line, and needs its line feed."""
    buffers: dict[int, bytes] = {}

    def feed(decoder: Any, _: Any, data: bytes) -> Found:
        *lines, rest = (buffers.get(id(decoder), b"") + data).split(b"\n")
        buffers[id(decoder)] = rest
        return [_parsed(line) for line in lines]

    decodes(patch, feed)


@mutant("W-JOIN-1", "W-SEP-1", "W-SPLIT-1", "W-SIZE-1")
def reads_chunk_by_chunk(patch: pytest.MonkeyPatch) -> None:
    """A message is what comes in a piece."""
    decodes(patch, lambda _, __, data: [_parsed(data)])


def _parsed(text: bytes) -> Any:
    try:
        message = json.loads(text)
    except ValueError:
        return BadInput("bad-json", "not JSON", text[:80])
    return message if isinstance(message, dict) else BadInput("bad-json", "not an object", text[:80])


@mutant("W-BAD-1", "W-BAD-2", "W-BAD-3")
def ignores_bad_text(patch: pytest.MonkeyPatch) -> None:
    """Text that is no message is passed over in silence."""
    decodes(patch, lambda _, feed, data: [each for each in feed(data) if not _is_bad(each)])


def _is_bad(each: Any) -> bool:
    return isinstance(each, BadInput) and each.code == "bad-json"


@mutant("W-BAD-7", "W-OPEN-1")
def closes_after_bad_text(patch: pytest.MonkeyPatch) -> None:
    """Text that is no message ends the connection."""
    take = App._take_bad_input

    def taken(self: App, peer: Any, bad: BadInput) -> None:
        take(self, peer, bad)
        self.close(peer)

    patch.setattr(App, "_take_bad_input", taken)


@mutant("W-BAD-7")
def drops_everything_after_bad_text(patch: pytest.MonkeyPatch) -> None:
    """What stands behind bad text in the same piece is lost."""

    def feed(_: Any, own: Any, data: bytes) -> Found:
        found = []
        for each in own(data):
            found.append(each)
            if _is_bad(each):
                break
        return found

    decodes(patch, feed)


@mutant("W-BAD-8")
def answers_bad_text_in_public(patch: pytest.MonkeyPatch) -> None:
    """Bad text takes everybody's connection with it, as an uncaught exception does."""

    def taken(self: App, *_: Any) -> None:
        for each in list(self.connections):
            each.abort()

    patch.setattr(App, "_take_bad_input", taken)


def accepts(patch: pytest.MonkeyPatch, loads: Any) -> None:
    """Try another parser on what the strict one refuses."""

    def feed(_: Any, own: Any, data: bytes) -> Found:
        found = own(data)
        if any(_is_bad(each) for each in found):
            try:
                message = loads(data)
            except (ValueError, RecursionError):
                return list(found)
            return [message] if isinstance(message, dict) else list(found)
        return list(found)

    decodes(patch, feed)


@mutant("W-BAD-3")
def takes_nan(patch: pytest.MonkeyPatch) -> None:
    """NaN and Infinity are numbers."""
    accepts(patch, lambda data: _finite(json.loads(data)))


def _finite(message: Any) -> Any:
    return {key: value for key, value in message.items() if not isinstance(value, float)}


@mutant("W-BAD-4")
def repairs_utf8(patch: pytest.MonkeyPatch) -> None:
    """Invalid UTF-8 is replaced, and a byte order mark skipped."""
    accepts(patch, lambda data: json.loads(data.decode("utf-8-sig", "replace")))


@mutant("W-BAD-5")
def repairs_surrogates(patch: pytest.MonkeyPatch) -> None:
    """A lone surrogate is replaced."""
    accepts(patch, lambda data: json.loads(json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")))


@mutant("W-BAD-6")
def nests_without_end(patch: pytest.MonkeyPatch) -> None:
    """Nesting has no limit."""
    patch.setattr(framing, "MAX_DEPTH", 10_000)


@mutant("W-BAD-6")
def nests_less_deep(patch: pytest.MonkeyPatch) -> None:
    """Nesting is limited to 16 levels."""
    patch.setattr(framing, "MAX_DEPTH", 16)


@mutant("W-SIZE-2")
def reads_messages_of_any_size(patch: pytest.MonkeyPatch) -> None:
    """A request may be of any size."""

    class Boundless(Decoder):
        def __init__(self) -> None:
            super().__init__(limit=2**30)

    patch.setattr(connection, "Decoder", Boundless)


@mutant("W-SIZE-1")
def reads_short_messages_only(patch: pytest.MonkeyPatch) -> None:
    """A request has at most 16,384 bytes."""

    class Narrow(Decoder):
        def __init__(self) -> None:
            super().__init__(limit=16_384)

    patch.setattr(connection, "Decoder", Narrow)


@mutant("W-SIZE-2")
def keeps_the_connection_after_too_large(patch: pytest.MonkeyPatch) -> None:
    """A request that is too large is refused, and the connection kept."""

    def taken(self: App, peer: Any, bad: BadInput) -> None:
        self._refuse(peer, Refusal(ErrorCode(bad.code), "No."), None)

    patch.setattr(App, "_take_bad_input", taken)


@mutant("W-SIZE-2")
def closes_too_large_without_a_word(patch: pytest.MonkeyPatch) -> None:
    """A request that is too large closes the connection, and nothing is said."""
    take = App._take_bad_input

    def taken(self: App, peer: Any, bad: BadInput) -> None:
        if bad.code == "too-large":
            peer.abort()
        else:
            take(self, peer, bad)

    patch.setattr(App, "_take_bad_input", taken)


@mutant("W-DUP-1")
def takes_the_first_of_two_keys(patch: pytest.MonkeyPatch) -> None:
    """Of a key that stands twice the first counts."""

    def feed(_: Any, own: Any, data: bytes) -> Found:
        own(data)
        try:
            return [json.loads(data, object_pairs_hook=lambda pairs: dict(reversed(pairs)))]
        except ValueError:
            return [BadInput("bad-json", "no", b"")]

    decodes(patch, feed)


@mutant("W-VANISH-1")
def completes_unfinished_messages(patch: pytest.MonkeyPatch) -> None:
    """What a client had sent of a message when it went is completed and obeyed."""
    heard: dict[int, bytes] = {}
    receive = connection.Connection.data_received
    end = connection.Connection.eof_received
    lost = connection.Connection.connection_lost

    def received(self: Any, data: bytes) -> None:
        heard[id(self)] = data
        receive(self, data)

    def complete(self: Any) -> None:
        text = heard.pop(id(self), b"")
        for ending in (b"}", b'"}', b'x"}'):
            if self.name is not None and isinstance(_parsed(text + ending), dict):
                self._server.take(self, _parsed(text + ending))
                break

    def ended(self: Any) -> None:
        complete(self)
        end(self)

    def gone(self: Any, error: Any) -> None:
        complete(self)
        lost(self, error)

    patch.setattr(connection.Connection, "data_received", received)
    patch.setattr(connection.Connection, "eof_received", ended)
    patch.setattr(connection.Connection, "connection_lost", gone)


@mutant("W-VANISH-1", "I-FREE-1", "B-PRES-2")
def keeps_the_names_of_the_vanished(patch: pytest.MonkeyPatch) -> None:
    """Who goes without client-quit stays online for good."""
    patch.setattr(connection.Connection, "eof_received", lambda _: True)
    patch.setattr(connection.Connection, "connection_lost", lambda *_: None)


@mutant("W-ACTION-1")
def ignores_unknown_actions(patch: pytest.MonkeyPatch) -> None:
    """An unknown action meets silence."""
    refuse = App._refuse

    def refused(self: App, peer: Any, refusal: Refusal, received: Any) -> None:
        if refusal.code is not ErrorCode.UNKNOWN_ACTION:
            refuse(self, peer, refusal, received)

    patch.setattr(App, "_refuse", refused)


@mutant("W-ACTION-1")
def takes_actions_in_any_case(patch: pytest.MonkeyPatch) -> None:
    """Actions are compared without regard to case."""
    reads(
        patch,
        lambda message: (
            message | {"action": message["action"].lower()} if isinstance(message.get("action"), str) else message
        ),
    )


@mutant("W-ACTION-1")
def takes_beginnings_of_actions(patch: pytest.MonkeyPatch) -> None:
    """The beginning of an action is enough."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        action = message.get("action")
        known = schemas.actions("requests")
        if not isinstance(action, str) or action in known:
            return message
        return message | {"action": next((each for each in known if each.startswith(action)), action)}

    reads(patch, change)


@mutant("W-ACTION-1")
def calls_unknown_actions_bad(patch: pytest.MonkeyPatch) -> None:
    """An unknown action is a bad message."""

    def parse(message: Mapping[str, Any], *, strict: bool) -> messages.Request:
        try:
            return messages.parse_request(message, strict=strict)
        except Refusal as refusal:
            if refusal.code is ErrorCode.UNKNOWN_ACTION:
                raise Refusal(ErrorCode.BAD_MESSAGE, "No.", "/action") from refusal
            raise

    patch.setattr(app, "parse_request", parse)


@mutant("W-FIELD-1")
def refuses_unknown_fields(patch: pytest.MonkeyPatch) -> None:
    """A field that the server does not know is a bad message."""
    known = {
        field for action in schemas.actions("requests") for field in schemas.schema("requests", action)["properties"]
    }

    def change(message: dict[str, Any]) -> dict[str, Any]:
        odd = next((field for field in message if field not in known), None)
        if odd is not None:
            raise Refusal(ErrorCode.BAD_MESSAGE, "No such field.", f"/{odd}")
        return message

    reads(patch, change)


@mutant("W-FIELD-1")
def refuses_fields_of_other_requests(patch: pytest.MonkeyPatch) -> None:
    """A field that belongs to another request is a bad message."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        if message.get("action") in schemas.actions("requests"):
            known = schemas.schema("requests", message["action"])["properties"]
            odd = next((field for field in message if field not in known), None)
            if odd is not None:
                raise Refusal(ErrorCode.BAD_MESSAGE, "No such field.", f"/{odd}")
        return message

    reads(patch, change)


@mutant("W-FIELD-1")
def passes_unknown_fields_on(patch: pytest.MonkeyPatch) -> None:
    """Fields of a request that nobody knows stand in its answer."""
    entry = App._entry

    def made(self: App, asked: Any, outcome: Any) -> Any:
        if isinstance(outcome.answer, dict):
            for field, value in asked.received.items():
                outcome.answer.setdefault(field, value) if field not in ("id", "pass") else None
        return entry(self, asked, outcome)

    patch.setattr(App, "_entry", made)


@mutant("W-FORM-1", "W-TEXT-1", "I-NAME-1", "H-PAGE-4")
def checks_no_forms(patch: pytest.MonkeyPatch) -> None:
    """A request is taken as it is, whatever its fields hold."""
    check = messages._check

    def lenient(rules: Any, message: dict[str, Any]) -> None:
        try:
            check(rules, message)
        except Refusal:
            for field in schemas.schema("requests", message["action"])["required"]:
                message.setdefault(field, "x")
                message[field] = str(message[field])
            message.pop("limit", None)

    patch.setattr(messages, "_check", lenient)
    patch.setattr("tchat_server.answers.check_answer", lambda _: None)


@mutant("W-FORM-1", "W-TEXT-1", "W-FORM-2", "I-NAME-1", "H-PAGE-4")
def calls_bad_messages_bad_json(patch: pytest.MonkeyPatch) -> None:
    """A request of the wrong form is bad-json."""

    def parse(message: Mapping[str, Any], *, strict: bool) -> messages.Request:
        try:
            return messages.parse_request(message, strict=strict)
        except Refusal as refusal:
            if refusal.code is ErrorCode.BAD_MESSAGE:
                raise Refusal(ErrorCode.BAD_JSON, "No.") from refusal
            raise

    patch.setattr(app, "parse_request", parse)


@mutant("W-OPEN-1")
def closes_after_every_refusal(patch: pytest.MonkeyPatch) -> None:
    """Every refusal closes the connection."""
    add = App._add

    def added(self: App, entry: Any) -> None:
        add(self, entry)
        if b'"server-error"' in entry.own and entry.connection is not None:
            self.flush()
            entry.connection.finish()
            self.depart(entry.connection)

    patch.setattr(App, "_add", added)


@mutant("I-NAME-2")
def compares_names_byte_by_byte(patch: pytest.MonkeyPatch) -> None:
    """Names are not normalised."""
    patch.setattr(names, "normal", lambda name: name)


@mutant("I-NAME-3")
def compares_names_in_any_case(patch: pytest.MonkeyPatch) -> None:
    """Names are compared without regard to case."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        fields = ("from", "to", "sender", "dest", "name", "group")
        return {
            field: value.lower() if field in fields and isinstance(value, str) else value
            for field, value in message.items()
        }

    reads(patch, change)


@mutant("I-NAME-4")
def stumbles_over_odd_names(patch: pytest.MonkeyPatch) -> None:
    """Names that mean something to the language, and names beyond ASCII, are refused."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        for field in ("from", "to", "sender", "dest", "name", "group"):
            value = message.get(field)
            if isinstance(value, str) and (value.startswith(("__", "constructor", "null")) or not value.isascii()):
                raise Refusal(ErrorCode.INTERNAL_ERROR, "TypeError")
        return message

    reads(patch, change)


@mutant("W-TEXT-1", "W-TEXT-2")
def counts_bytes(patch: pytest.MonkeyPatch) -> None:
    """The length of a text is counted in bytes."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        for field in ("msg", "reason"):
            value = message.get(field)
            if isinstance(value, str) and len(value.encode()) > 8192:
                raise Refusal(ErrorCode.BAD_MESSAGE, "Too long.", f"/{field}")
        return message

    reads(patch, change)


@mutant("W-TEXT-2")
def wants_reasons(patch: pytest.MonkeyPatch) -> None:
    """A reason must not be empty."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        if message.get("reason") == "":
            raise Refusal(ErrorCode.BAD_MESSAGE, "No reason.", "/reason")
        return message

    reads(patch, change)


@mutant("W-TEXT-2")
def takes_reasons_of_any_length(patch: pytest.MonkeyPatch) -> None:
    """A reason may be of any length."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        reason = message.get("reason")
        return message | {"reason": reason[:8192]} if isinstance(reason, str) else message

    reads(patch, change)


@mutant("I-ALIAS-1", "I-ALIAS-2", "I-ALIAS-3")
def takes_no_aliases(patch: pytest.MonkeyPatch) -> None:
    """Aliases are refused."""
    parse = messages.parse_request
    patch.setattr(app, "parse_request", lambda message, **_: parse(message, strict=True))


@mutant("I-ALIAS-1")
def takes_the_last_alias(patch: pytest.MonkeyPatch) -> None:
    """Of two aliases the one that stands last in the list counts."""
    resolve = messages._resolve_field_aliases

    def resolved(rules: Any, message: dict[str, Any]) -> None:
        resolve(replace(rules, aliases=tuple((field, alike[::-1]) for field, alike in rules.aliases)), message)

    patch.setattr(messages, "_resolve_field_aliases", resolved)


@mutant("I-ALIAS-1", "I-ALIAS-2")
def prefers_aliases(patch: pytest.MonkeyPatch) -> None:
    """An alias counts more than the standard field beside it."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        for alike in schemas.load("aliases.json")["fields"]:
            present = [field for field in message if field in alike]
            if len(present) > 1:
                message = {**message, **dict.fromkeys(present, message[present[-1]])}
        return message

    reads(patch, change)


@mutant("I-ALIAS-3")
def answers_in_the_alias(patch: pytest.MonkeyPatch) -> None:
    """cgroup is answered with server-cgroup."""
    entry = App._entry

    def made(self: App, asked: Any, outcome: Any) -> Any:
        if asked.received.get("action") == "cgroup":
            outcome.answer["action"] = "server-cgroup"
        return entry(self, asked, outcome)

    patch.setattr(App, "_entry", made)
    patch.setattr("tchat_server.answers.check_answer", lambda _: None)


@mutant("E-ORDER-1")
def looks_at_senders_first(patch: pytest.MonkeyPatch) -> None:
    """A request without a sender is refused before its action is looked at."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        if not any(isinstance(message.get(field), str) for field in ("from", "sender", "name")):
            raise Refusal(ErrorCode.BAD_MESSAGE, "Who are you?", "/sender")
        return message

    reads(patch, change)
