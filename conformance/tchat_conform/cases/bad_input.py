"""Level robustness: text that is no message."""

import json
import re
from collections.abc import Callable
from typing import Any

from tchat_conform.case import Script, case
from tchat_conform.expect import looks_refused
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World

Spoil = Callable[[bytes], bytes]


def _line(sender: User, request: dict[str, Any]) -> bytes:
    return sender.bytes_of(request).rstrip(b"\r\n")


async def _is_bad_json(w: World, spoil: Spoil) -> None:
    """Have eve spoil a message to alice: she is told and goes on; alice gets nothing of it, and hears bob as before."""
    eve, alice, bob = await w.users("eve", "alice", "bob")
    request = eve.request("client-send", to=alice.name, msg=w.text("spoilt"))
    await eve.connection.send_bytes(spoil(_line(eve, request)) + b"\n")
    await eve.gets_error("bad-json", None)
    await eve.still_works()
    await alice.hears_nothing_about(request["msg"], after=eve)
    await alice.hears_copy_of(await bob.asks("client-send", to=alice.name, msg=w.text()))


def _instead(text: bytes) -> Spoil:
    return lambda _: text


def _with(value: bytes) -> Spoil:
    """Return what gives a message one more field with this value."""
    return lambda line: line[:-1] + b',"extra":' + value + b"}"


def _in_text(text: bytes) -> Spoil:
    """Return what puts this into the text that eve wrote."""
    return lambda line: line.replace(b'"spoilt ', b'"spoilt ' + text)


KINDS: dict[str, dict[str, tuple[str, Spoil]]] = {
    "W-BAD-1": {
        "words_are_no_message": ("words", _instead(b"hello?")),
        "a_request_of_the_web_is_no_message": ("an HTTP request line", _instead(b"GET / HTTP/1.1")),
        "a_stray_brace_is_no_message": ("a closing brace", _instead(b"}")),
        "a_cut_object_is_no_message": (
            "an object without its end, and on the next line the beginning of another",
            lambda line: line[:-1] + b"\n{",
        ),
        "a_trailing_comma_is_no_json": ("an object with a trailing comma", lambda line: line[:-1] + b",}"),
        "single_quotes_are_no_json": ("an object in single quotes", lambda line: line.replace(b'"', b"'")),
        "bare_keys_are_no_json": (
            "an object with bare keys, as JavaScript has them",
            lambda line: re.sub(rb'"(\w+)":', rb"\1:", line),
        ),
        "a_comment_is_no_json": ("an object with a comment in it", lambda line: b"{/* hi */" + line[1:]),
        "a_leading_zero_is_no_json": ("a number with a leading zero", _with(b"01")),
        "a_plus_sign_is_no_json": ("a number with a plus sign", _with(b"+1")),
        "a_bad_escape_is_no_json": ("a text with an escape that JSON does not know", _in_text(b"\\x41")),
        "a_raw_control_character_is_no_json": ("a raw control character in a text", _in_text(b"\x01")),
        "a_raw_tab_in_a_text_is_no_json": ("a raw tab in a text", _in_text(b"\t")),
        "two_values_after_a_key_are_no_json": ("two values after one key", _with(b"1 2")),
    },
    "W-BAD-2": {
        "an_array_is_no_message": ("an array with a message in it", lambda line: b"[" + line + b"]"),
        "a_number_is_no_message": ("a number", _instead(b"42")),
        "a_string_is_no_message": ("a string", _instead(b'"hello"')),
        "a_message_in_a_string_is_no_message": (
            "a message written as a JSON string",
            lambda line: json.dumps(line.decode()).encode(),
        ),
        "true_is_no_message": ("true", _instead(b"true")),
        "null_is_no_message": ("null, which kills many servers", _instead(b"null")),
    },
    "W-BAD-3": {
        "nan_is_no_json": ("NaN in a field", _with(b"NaN")),
        "infinity_is_no_json": ("Infinity in a field", _with(b"Infinity")),
        "minus_infinity_is_no_json": ("-Infinity in a field", _with(b"-Infinity")),
    },
    "W-BAD-4": {
        "a_stray_byte_is_no_utf8": ("the byte FF in a text", _in_text(b"\xff")),
        "a_cut_character_is_no_utf8": ("the first two bytes of a character of three", _in_text(b"\xe2\x82")),
        "an_overlong_form_is_no_utf8": ("a slash in two bytes", _in_text(b"\xc0\xaf")),
        "a_surrogate_is_no_utf8": ("a surrogate written as UTF-8", _in_text(b"\xed\xa0\x80")),
        "latin_1_is_no_utf8": ("an é in Latin-1", _in_text(b"caf\xe9")),
        "a_bad_byte_in_an_unknown_field_is_no_utf8": ("the byte FF in a field nobody knows", _with(b'"\xff"')),
        "a_byte_order_mark_is_refused": ("a message behind a byte order mark", lambda line: b"\xef\xbb\xbf" + line),
        "utf_16_is_refused": ("a message in UTF-16", lambda line: line.decode().encode("utf-16")),
    },
    "W-BAD-5": {
        "a_lone_high_surrogate_is_refused": ("the escape of a lone high surrogate", _in_text(b"\\ud800")),
        "a_lone_low_surrogate_is_refused": ("the escape of a lone low surrogate", _in_text(b"\\udc00")),
        "surrogates_in_the_wrong_order_are_refused": ("surrogates in the wrong order", _in_text(b"\\udc00\\ud800")),
        "a_lone_surrogate_in_an_unknown_field_is_refused": (
            "the escape of a lone surrogate in a field nobody knows",
            _with(b'"\\ud83d!"'),
        ),
        "a_lone_surrogate_in_a_key_is_refused": ("the escape of a lone surrogate in a key", _with(b'{"\\ud800":1}')),
    },
    "W-BAD-6": {
        "33_levels_of_objects_are_refused": ("objects nested 33 deep", _with(b'{"a":' * 32 + b"1" + b"}" * 32)),
        "33_levels_of_arrays_are_refused": ("arrays nested 32 deep in a message", _with(b"[" * 32 + b"]" * 32)),
        "33_levels_of_both_are_refused": (
            "arrays and objects nested 33 deep",
            _with(b'[{"a":' * 16 + b"1" + b"}]" * 16),
        ),
        "endless_nesting_is_refused": ("50,000 brackets", lambda line: line[:-1] + b',"extra":' + b"[" * 50_000),
    },
}


def _is_refused(requirement: str, name: str, what: str, spoil: Spoil) -> None:
    """Register a case about one kind of text that is no message."""

    async def script(w: World) -> None:
        await _is_bad_json(w, spoil)

    script.__name__ = name
    script.__doc__ = f"Eve sends {what}: bad-json, and everyone goes on."
    registered: Script = script
    case(requirement)(registered)


for _requirement, _kinds in KINDS.items():
    for _name, (_what, _spoil) in _kinds.items():
        _is_refused(_requirement, _name, _what, _spoil)


@case("W-BAD-4")
async def a_byte_order_mark_at_the_very_beginning_is_refused(w: World) -> None:
    """The first bytes of alice's connection are a byte order mark before hello: bad-json; without it she comes in."""
    alice = await w.stranger("alice")
    await alice.connection.send_bytes(b"\xef\xbb\xbf" + alice.bytes_of(alice.request("client-hello")))
    await alice.gets_error("bad-json", None)
    await alice.asks("client-hello")
    must(len(alice.heard("server-hello")) == 1, "the hello behind the mark must not be heard")


@case("W-BAD-5")
async def a_pair_of_surrogates_is_a_character(w: World) -> None:
    """Alice writes 🙂 as two escapes; bob gets the character."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text("🙂"))
    await alice.connection.send_bytes(json.dumps(request, ensure_ascii=True).encode() + b"\n")
    await bob.hears_copy_of(await alice.is_answered(request))


@case("W-BAD-6")
async def levels_up_to_32_are_accepted(w: World) -> None:
    """Alice sends messages with objects and with arrays nested 32 deep; bob gets both."""
    alice, bob = await w.users("alice", "bob")
    for opening, closing in ((b'{"a":', b"}"), (b"[", b"]")):
        request = alice.request("client-send", to=bob.name, msg=w.text())
        nested = _with(opening * 31 + b"1" + closing * 31)
        await alice.connection.send_bytes(nested(_line(alice, request)) + b"\n")
        await bob.hears_copy_of(await alice.is_answered(request))


@case("W-BAD-6")
async def brackets_in_a_text_are_no_nesting(w: World) -> None:
    """Alice writes a text of a hundred brackets to bob; he gets it."""
    alice, bob = await w.users("alice", "bob")
    await bob.hears_copy_of(await alice.asks("client-send", to=bob.name, msg=w.text("[{" * 50)))


@case("W-BAD-6")
async def levels_are_counted_and_not_brackets(w: World) -> None:
    """Alice sends a message with a hundred empty objects and arrays side by side; bob gets it."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text(), extra=[{}, []] * 50)
    await alice.connection.send(request)
    await bob.hears_copy_of(await alice.is_answered(request))


async def _survives(w: World, bad: bytes, *, in_one_segment: bool = True) -> None:
    """Have alice send bad text and, on the next line, a message to bob, which arrives."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    pieces = [bad + b"\n" + alice.bytes_of(request)] if in_one_segment else [bad, b"\n", alice.bytes_of(request)]
    await alice.connection.send_pieces(pieces)
    await alice.gets_error("bad-json", None)
    await bob.hears_copy_of(await alice.is_answered(request))


@case("W-BAD-7")
async def a_message_behind_a_bad_line_is_handled(w: World) -> None:
    """Alice sends a bad line and a message behind it in one segment; the message is handled."""
    await _survives(w, b"oops")


@case("W-BAD-7")
async def a_message_after_a_bad_line_is_handled(w: World) -> None:
    """Alice sends a bad line, and then a message in another segment; the message is handled."""
    await _survives(w, b"oops", in_one_segment=False)


@case("W-BAD-7")
async def an_unfinished_line_swallows_no_message(w: World) -> None:
    """Alice sends an object that breaks off at the end of its line, and a message on the next; it is handled."""
    await _survives(w, b'{"action":"client-send"')


@case("W-BAD-7")
async def an_unfinished_string_swallows_no_message(w: World) -> None:
    """Alice sends a string that breaks off at the end of its line, and a message on the next; it is handled."""
    await _survives(w, b'{"action":"client-send","msg":"hel')


@case("W-BAD-7")
async def deep_nesting_swallows_no_message(w: World) -> None:
    """Alice sends a line of a hundred opening brackets, and a message on the next; it is handled."""
    await _survives(w, b'{"extra":' + b"[" * 100)


@case("W-BAD-7")
async def bad_bytes_swallow_no_message(w: World) -> None:
    """Alice sends a line of bytes that are no UTF-8, and a message on the next; it is handled."""
    await _survives(w, b"\xc3\xe2\x82\xf0\x9f")


@case("W-BAD-7")
async def after_bad_text_without_line_feed_a_message_is_handled(w: World) -> None:
    """Alice sends bad text without a line feed and, once she is told, a message; it is handled."""
    alice, bob = await w.users("alice", "bob")
    await alice.connection.send_bytes(b"oops")
    await alice.gets_error("bad-json", None)
    await bob.hears_copy_of(await alice.asks("client-send", to=bob.name, msg=w.text()))


@case("W-BAD-7")
async def what_stands_before_a_bad_line_is_handled(w: World) -> None:
    """Alice sends a message to bob and a bad line behind it in one segment; the message is handled."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    await alice.connection.send_bytes(alice.bytes_of(request) + b"oops\n")
    answer = await alice.is_answered(request)
    await alice.gets_error("bad-json", None)
    await bob.hears_copy_of(answer)


@case("W-BAD-7")
async def the_rest_of_a_bad_line_is_dropped(w: World) -> None:
    """Alice sends a word and a message to bob on one line, and another on the next: he gets the second alone."""
    alice, bob = await w.users("alice", "bob")
    dropped, kept = (alice.request("client-send", to=bob.name, msg=w.text()) for _ in range(2))
    await alice.connection.send_bytes(b"oops " + alice.bytes_of(dropped) + alice.bytes_of(kept))
    await alice.gets_error("bad-json", None)
    await bob.hears_copy_of(await alice.is_answered(kept))
    await bob.hears_nothing_about(dropped["msg"], after=alice)


@case("W-BAD-7")
async def every_bad_line_is_told(w: World) -> None:
    """Alice sends a bad line, a message to bob, and two bad lines in one segment: bad-json three times."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    await alice.connection.send_bytes(b"one\n" + alice.bytes_of(request) + b"two\n[3]\n")
    await bob.hears_copy_of(await alice.is_answered(request))
    for _ in range(3):
        await alice.gets_error("bad-json", None)
    await w.barrier(alice, alice)
    told = _refusals(alice)
    must(len(told) == 3, f"three bad lines are told three times, not {len(told)}", None, str(told))


def _refusals(user: User) -> list[dict[str, Any]]:
    return [each.message for each in user.connection.inbox if looks_refused(each.message)]


async def _notices_nothing(user: User, eve: User, token: str, told: int) -> None:
    """Prove that somebody got neither a text nor an error, and no more about eve than before: she is still there."""
    await user.hears_nothing_about(token, after=eve)
    must(not _refusals(user), f"{user!r} must not be told of eve's errors", "nothing", str(_refusals(user)))
    heard = [each for each in user.heard_about(eve.name) if each.get("action") == "server-presence"]
    must(len(heard) == told, f"{user!r} must not be told that eve came or went", None, str(heard))


@case("W-BAD-8")
async def the_others_hear_nothing_of_bad_input(w: World) -> None:
    """Eve sends all kinds of bad input; alice and bob get nothing of it, and their group goes on."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group, token = await w.group_of(alice, bob, eve), w.text("poison")
    told = {each: len(each.heard("server-presence", **{"from": eve.name})) for each in (alice, bob)}
    for bad in (
        token.encode(),
        b"null",
        b'["' + token.encode() + b'"]',
        b'{"msg":"\\ud800"}',
        b'{"action":NaN}',
        b"{}",
    ):
        await eve.connection.send_bytes(bad + b"\n")
    await eve.says("gbroadcast", group=[group], msg=token)
    await eve.still_works()
    await _notices_nothing(alice, eve, token, told[alice])
    await _notices_nothing(bob, eve, token, told[bob])
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


@case("W-BAD-8")
async def a_stranger_s_bad_input_harms_nobody(w: World) -> None:
    """Somebody without a name sends bad input and vanishes; alice and bob go on, and so does who comes after."""
    eve = await w.stranger("eve")
    alice, bob = await w.users("alice", "bob")
    await eve.connection.send_bytes(b'nonsense\n{"action":"join"}\n{"action":')
    await eve.gets_error("bad-json", None)
    await eve.connection.abort()
    await bob.hears_copy_of(await alice.asks("client-send", to=bob.name, msg=w.text()))
    carol = await w.stranger("carol")
    await carol.asks("client-hello")


@case("W-BAD-8")
async def a_request_that_is_too_large_harms_nobody(w: World) -> None:
    """Eve sends 200,000 bytes of a message that does not end, whatever becomes of her; alice and bob go on."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group = await w.group_of(alice, bob)
    await eve.connection.send_bytes(b'{"action":"client-broadcast","msg":"' + b"x" * 200_000)
    await w.stream(eve.connection, lambda: len(_refusals(eve)), 1)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("client-send", to=alice.name, msg=w.text()))
