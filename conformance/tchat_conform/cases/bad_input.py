"""Level robustness: text that is no message, objects that are no request, and the order of the checks."""

import json
from typing import Any

from tchat_conform.case import Script, case
from tchat_conform.user import User
from tchat_conform.verdict import Failed, Finding
from tchat_conform.world import World
from tchat_protocol.framing import encode


async def _is_bad_json(w: World, text: bytes) -> None:
    """Have eve send a line that is no message: she is told, goes on, and alice and bob notice nothing."""
    eve, alice, bob = await w.users("eve", "alice", "bob")
    await eve.connection.send_bytes(text + b"\n")
    await eve.gets_error("bad-json", None)
    await eve.still_works()
    said = w.text()
    await alice.asks("client-send", to=bob.name, msg=said)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=said)


def _bad_json(requirement: str, name: str, title: str, text: bytes) -> None:
    """Register a case about one kind of text that is no message."""

    async def script(w: World) -> None:
        await _is_bad_json(w, text)

    script.__name__, script.__doc__ = name, title
    registered: Script = script
    case(requirement)(registered)


_OPEN = b'{"action":"client-list-clients","from":"x","extra":'

for _requirement, _name, _title, _text in (
    ("W-BAD-1", "words_are_no_message", "Eve sends words: bad-json, and everyone goes on.", b"hello?"),
    (
        "W-BAD-1",
        "a_cut_object_is_no_message",
        "Eve sends an object without its end, then a new line begins an object: bad-json.",
        b'{"action":"groups"\n{',
    ),
    (
        "W-BAD-1",
        "a_trailing_comma_is_no_json",
        "Eve sends an object with a trailing comma: bad-json.",
        b'{"action":"groups","name":"eve",}',
    ),
    (
        "W-BAD-1",
        "single_quotes_are_no_json",
        "Eve sends an object in single quotes: bad-json.",
        b"{'action':'groups','name':'eve'}",
    ),
    (
        "W-BAD-1",
        "bare_keys_are_no_json",
        "Eve sends an object with bare keys, as JavaScript has them: bad-json.",
        b'{action:"groups",name:"eve"}',
    ),
    ("W-BAD-1", "a_leading_zero_is_no_json", "Eve sends a number with a leading zero: bad-json.", _OPEN + b"01}"),
    (
        "W-BAD-1",
        "a_bad_escape_is_no_json",
        "Eve sends a string with an escape that JSON does not know: bad-json.",
        _OPEN + b'"\\x41"}',
    ),
    (
        "W-BAD-1",
        "a_raw_control_character_is_no_json",
        "Eve sends a raw control character in a string: bad-json.",
        _OPEN + b'"a\x01b"}',
    ),
    ("W-BAD-1", "two_values_after_a_key_are_no_json", "Eve sends two values after one key: bad-json.", _OPEN + b"1 2}"),
    ("W-BAD-1", "a_request_of_the_web_is_no_message", "Eve sends an HTTP request line: bad-json.", b"GET / HTTP/1.1"),
    ("W-BAD-2", "an_array_is_no_message", "Eve sends an array: bad-json.", b'[{"action":"groups","name":"eve"}]'),
    ("W-BAD-2", "a_number_is_no_message", "Eve sends a number: bad-json.", b"42"),
    ("W-BAD-2", "a_string_is_no_message", "Eve sends a string: bad-json.", b'"hello"'),
    ("W-BAD-2", "true_is_no_message", "Eve sends true: bad-json.", b"true"),
    ("W-BAD-2", "null_is_no_message", "Eve sends null, which kills many servers: bad-json.", b"null"),
    ("W-BAD-3", "nan_is_no_json", "Eve sends NaN in a field: bad-json.", _OPEN + b"NaN}"),
    ("W-BAD-3", "infinity_is_no_json", "Eve sends Infinity in a field: bad-json.", _OPEN + b"Infinity}"),
    ("W-BAD-3", "minus_infinity_is_no_json", "Eve sends -Infinity in a field: bad-json.", _OPEN + b"-Infinity}"),
    ("W-BAD-4", "a_stray_byte_is_no_utf8", "Eve sends the byte FF in a string: bad-json.", _OPEN + b'"\xff"}'),
    (
        "W-BAD-4",
        "a_cut_character_is_no_utf8",
        "Eve sends the first two bytes of a character of three: bad-json.",
        _OPEN + b'"\xe2\x82"}',
    ),
    ("W-BAD-4", "an_overlong_form_is_no_utf8", "Eve sends a slash in two bytes: bad-json.", _OPEN + b'"\xc0\xaf"}'),
    (
        "W-BAD-4",
        "a_surrogate_is_no_utf8",
        "Eve sends a surrogate written as UTF-8: bad-json.",
        _OPEN + b'"\xed\xa0\x80"}',
    ),
    ("W-BAD-4", "latin_1_is_no_utf8", "Eve sends an é in Latin-1: bad-json.", _OPEN + b'"caf\xe9"}'),
    (
        "W-BAD-4",
        "a_byte_order_mark_is_refused",
        "Eve sends a message behind a byte order mark: bad-json.",
        b"\xef\xbb\xbf" + _OPEN + b"1}",
    ),
    (
        "W-BAD-5",
        "a_lone_high_surrogate_is_refused",
        "Eve sends the escape of a lone high surrogate: bad-json.",
        _OPEN + b'"\\ud800"}',
    ),
    (
        "W-BAD-5",
        "a_lone_low_surrogate_is_refused",
        "Eve sends the escape of a lone low surrogate: bad-json.",
        _OPEN + b'"\\udc00"}',
    ),
    (
        "W-BAD-5",
        "surrogates_in_the_wrong_order_are_refused",
        "Eve sends a pair of surrogates in the wrong order: bad-json.",
        _OPEN + b'"\\udc00\\ud800"}',
    ),
    (
        "W-BAD-5",
        "a_lone_surrogate_in_a_key_is_refused",
        "Eve sends the escape of a lone surrogate in a key: bad-json.",
        _OPEN + b'{"\\ud800":1}}',
    ),
    (
        "W-BAD-6",
        "33_levels_of_objects_are_refused",
        "Eve sends objects nested 33 deep: bad-json.",
        _OPEN + b'{"a":' * 32 + b"1" + b"}" * 33,
    ),
    (
        "W-BAD-6",
        "33_levels_of_arrays_are_refused",
        "Eve sends arrays nested 32 deep in an object: bad-json.",
        _OPEN + b"[" * 32 + b"]" * 32 + b"}",
    ),
    (
        "W-BAD-6",
        "endless_nesting_is_refused",
        "Eve sends 50,000 brackets: bad-json, and everyone goes on.",
        _OPEN + b"[" * 50_000,
    ),
):
    _bad_json(_requirement, _name, _title, _text)


@case("W-BAD-5")
async def a_pair_of_surrogates_is_a_character(w: World) -> None:
    """Alice writes 🙂 as two escapes; bob gets the character."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text("🙂"))
    await alice.connection.send_bytes(json.dumps(request, ensure_ascii=True).encode() + b"\n")
    await alice.is_answered(request)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])


@case("W-BAD-6")
async def levels_up_to_32_are_accepted(w: World) -> None:
    """Alice sends a request with objects nested 32 deep, and one with arrays; both are answered."""
    alice = await w.user("alice")
    for opening, closing in ((b'{"a":', b"}"), (b"[", b"]")):
        request = alice.request("client-list-clients")
        nested = opening * 31 + b"1" + closing * 31
        await alice.connection.send_bytes(encode(request).rstrip(b"}\n") + b',"deep":' + nested + b"}\n")
        await alice.is_answered(request)


@case("W-BAD-6")
async def brackets_in_a_text_are_no_nesting(w: World) -> None:
    """Alice writes a text of a hundred brackets to bob; he gets it."""
    alice, bob = await w.users("alice", "bob")
    text = w.text("[{" * 50)
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


async def _survives(w: World, bad: bytes, *, in_one_segment: bool) -> None:
    """Have alice send bad text and, on the next line, a message to bob, which arrives."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    pieces = [bad + b"\n" + encode(request)] if in_one_segment else [bad, b"\n", encode(request)]
    await alice.connection.send_pieces(pieces)
    await alice.gets_error("bad-json", None)
    await alice.is_answered(request)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])


@case("W-BAD-7")
async def a_message_behind_a_bad_line_is_handled(w: World) -> None:
    """Alice sends a bad line and a message behind it in one segment; the message is handled."""
    await _survives(w, b"oops", in_one_segment=True)


@case("W-BAD-7")
async def a_message_after_a_bad_line_is_handled(w: World) -> None:
    """Alice sends a bad line, and then a message in another segment; the message is handled."""
    await _survives(w, b"oops", in_one_segment=False)


@case("W-BAD-7")
async def an_unfinished_line_swallows_no_message(w: World) -> None:
    """Alice sends an object that breaks off at the end of its line, and a message on the next; it is handled."""
    await _survives(w, b'{"action":"client-send"', in_one_segment=True)


@case("W-BAD-7")
async def an_unfinished_string_swallows_no_message(w: World) -> None:
    """Alice sends a string that breaks off at the end of its line, and a message on the next; it is handled."""
    await _survives(w, b'{"action":"client-send","msg":"hel', in_one_segment=True)


@case("W-BAD-7")
async def after_bad_text_without_line_feed_a_message_is_handled(w: World) -> None:
    """Alice sends bad text without a line feed and, once she is told, a message; it is handled."""
    alice, bob = await w.users("alice", "bob")
    await alice.connection.send_bytes(b"oops")
    await alice.gets_error("bad-json", None)
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("W-BAD-7")
async def what_stands_before_a_bad_line_is_handled(w: World) -> None:
    """Alice sends a message to bob and a bad line behind it in one segment; the message is handled."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    await alice.connection.send_bytes(encode(request) + b"oops\n")
    await alice.is_answered(request)
    await alice.gets_error("bad-json", None)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])


@case("W-BAD-8")
async def the_others_hear_nothing_of_bad_input(w: World) -> None:
    """Eve sends all kinds of bad input; alice and bob get nothing of it, and their group goes on."""
    eve, alice, bob = await w.users("eve", "alice", "bob")
    group = await w.group_of(alice, bob)
    token = w.text("poison")
    for text in (b"oops", b"null", b"[]", b'{"msg":"\\ud800"}', b"{}", b'{"action":1}'):
        await eve.connection.send_bytes(text.replace(b"oops", token.encode()) + b"\n")
    await eve.still_works()
    await alice.hears_nothing_about(token, after=eve)
    said = w.text()
    await alice.asks("gbroadcast", group=group, msg=said)
    await bob.hears("server-gbroadcast", sender=alice.name, group=group, msg=said)


@case("W-BAD-8")
async def a_stranger_s_bad_input_harms_nobody(w: World) -> None:
    """Somebody without a name sends bad input and vanishes; alice and bob go on."""
    eve = await w.stranger("eve")
    alice, bob = await w.users("alice", "bob")
    await eve.connection.send_bytes(b'nonsense\n{"action":"join"}\n{"action":')
    await eve.gets_error("bad-json", None)
    await eve.connection.abort()
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("W-OPEN-1")
async def the_connection_outlives_every_refusal(w: World) -> None:
    """Alice gets one refusal after the other, of every kind; her connection goes on."""
    alice = await w.user("alice")
    missing = w.group()
    await alice.connection.send_bytes(b"oops\n")
    await alice.gets_error("bad-json", None)
    await alice.is_refused("bad-message", "join", field="/group")
    await _dances(w, alice)
    await alice.is_refused("sender-mismatch", "join", sender=w.fresh("bob"), group=missing)
    await alice.is_refused("unknown-group", "join", group=missing)
    await alice.is_refused("unknown-user", "client-send", to=w.fresh("nobody"), msg="hi")
    await alice.still_works()


async def _dances(w: World, user: User, **fields: Any) -> None:
    request = {"action": "dance", "sender": user.name, **fields, "id": w.fresh_id()}
    await user.connection.send(request)
    await user.gets_error("unknown-action", request)


async def _lacks(user: User, field: str, action: str, **fields: Any) -> None:
    request = user.request(action, **fields)
    del request[field]
    await user.connection.send(request)
    await user.gets_error("bad-message", request, field=f"/{field}")


@case("W-FORM-1")
async def a_missing_group_is_named(w: World) -> None:
    """Alice sends every group request without its group: bad-message at /group each time."""
    alice = await w.user("alice")
    for action in ("cgroupe", "join", "members", "msgs", "leave", "states"):
        await alice.is_refused("bad-message", action, field="/group")
    await alice.still_works()


@case("W-FORM-1")
async def a_missing_dest_is_named(w: World) -> None:
    """Alice invites, kicks, bans and unbans without dest: bad-message at /dest each time."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    for action in ("invite", "kick", "ban", "unban"):
        reason = {"reason": ""} if action in ("kick", "ban") else {}
        await alice.is_refused("bad-message", action, field="/dest", group=group, **reason)


@case("W-FORM-1")
async def a_missing_text_is_named(w: World) -> None:
    """Alice sends messages of all three kinds without msg: bad-message at /msg each time."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.is_refused("bad-message", "gbroadcast", field="/msg", group=group)
    await alice.is_refused("bad-message", "client-send", field="/msg", to=bob.name)
    await alice.is_refused("bad-message", "client-broadcast", field="/msg")


@case("W-FORM-1")
async def a_missing_sender_is_named(w: World) -> None:
    """Alice leaves her own name out: bad-message at /from, /sender and /name."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    await _lacks(alice, "from", "client-list-clients")
    await _lacks(alice, "sender", "members", group=group)
    await _lacks(alice, "name", "groups")
    await alice.still_works()


@case("W-FORM-1")
async def a_missing_reason_is_named(w: World) -> None:
    """Alice kicks and bans bob without reason, which the course's format has: bad-message at /reason."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    for action in ("kick", "ban"):
        await alice.is_refused("bad-message", action, field="/reason", group=group, dest=bob.name)
    await bob.asks("gbroadcast", group=group, msg=w.text())


@case("W-FORM-1")
async def wrong_types_are_named(w: World) -> None:
    """Alice sends a number, null, a list, an object and a boolean for a group name: bad-message at /group."""
    alice = await w.user("alice")
    for wrong in (7, None, ["wob"], {"name": "wob"}, True):
        await alice.is_refused("bad-message", "join", field="/group", group=wrong)
    await alice.still_works()


@case("W-FORM-1")
async def a_text_of_another_type_is_named(w: World) -> None:
    """Alice sends a number, null, a list and an object for a text: bad-message at /msg; bob gets nothing."""
    alice, bob = await w.users("alice", "bob")
    for wrong in (7, None, ["hi"], {"text": "hi"}):
        await alice.is_refused("bad-message", "client-send", field="/msg", to=bob.name, msg=wrong)
    await bob.hears_nothing_about(alice.name, after=bob)


@case("W-FORM-1")
async def a_flag_of_another_type_is_named(w: World) -> None:
    """Alice creates groups with private as a word or a number: bad-message at /private, and no group."""
    alice, group = await w.user("alice"), w.group()
    for wrong in ("true", 1, None, "private"):
        await alice.is_refused("bad-message", "cgroupe", field="/private", group=group, private=wrong)
    await alice.is_refused("unknown-group", "members", group=group)
    await alice.asks("cgroupe", group=group)


@case("W-FORM-1")
async def a_bad_id_is_named(w: World) -> None:
    """Alice sends ids that are none: bad-message at /id, without an id."""
    alice = await w.user("alice")
    for wrong in (None, True, 1.5, "", "x" * 65, 2**53, [1], {"id": 1}):
        request = {**alice.request("client-list-clients"), "id": wrong}
        await alice.connection.send(request)
        without_id = {key: value for key, value in request.items() if key != "id"}
        answer = await alice.gets_error("bad-message", without_id, field="/id")
        if "id" in answer:
            raise Failed(Finding("a bad id is not repeated", None, answer))


@case("W-FORM-1")
async def a_bad_page_is_named(w: World) -> None:
    """Alice asks for pages before 0, and before a word: bad-message at /before."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    for wrong in (0, -1, "5", 1.5, None):
        await alice.is_refused("bad-message", "msgs", field="/before", group=group, before=wrong)


@case("W-FORM-2")
async def an_object_without_action_is_refused(w: World) -> None:
    """Alice sends an empty object and one without action: bad-message at /action."""
    alice = await w.user("alice")
    for request in ({}, {"sender": alice.name, "group": "wob", "id": w.fresh_id()}):
        await alice.connection.send(request)
        await alice.gets_error("bad-message", request, field="/action")
    await alice.still_works()


@case("W-FORM-2")
async def an_action_of_another_type_is_refused(w: World) -> None:
    """Alice sends a number, null, a list and an object for an action: bad-message at /action."""
    alice = await w.user("alice")
    for wrong in (7, None, ["join"], {"join": 1}, True):
        request = {"action": wrong, "sender": alice.name, "id": w.fresh_id()}
        await alice.connection.send(request)
        await alice.gets_error("bad-message", request, field="/action")
    await alice.still_works()


@case("E-ORDER-1")
async def an_unknown_action_counts_before_its_fields(w: World) -> None:
    """Alice sends an unknown action with bad fields and under another name: unknown-action."""
    alice = await w.user("alice")
    await _dances(w, alice, sender=7, group="a b", msg="")
    await _dances(w, alice, sender=w.fresh("bob"))
    await _dances(w, alice)


@case("E-ORDER-1")
async def a_bad_field_counts_before_the_sender(w: World) -> None:
    """Alice sends a bad request under bob's name: bad-message, not sender-mismatch."""
    alice, bob = await w.users("alice", "bob")
    await alice.is_refused("bad-message", "join", field="/group", sender=bob.name, group="a b")
    await alice.is_refused("sender-mismatch", "join", sender=bob.name, group=w.group())


@case("E-ORDER-1")
async def the_sender_counts_before_the_group(w: World) -> None:
    """Alice joins a missing group under bob's name: sender-mismatch, not unknown-group."""
    alice, bob = await w.users("alice", "bob")
    missing = w.group()
    await alice.is_refused("sender-mismatch", "join", sender=bob.name, group=missing)
    await alice.is_refused("unknown-group", "join", group=missing)


@case("E-ORDER-1")
async def a_taken_name_counts_before_the_group(w: World) -> None:
    """Eve's first request joins a missing group under alice's name: name-taken, not unknown-group."""
    alice = await w.user("alice")
    eve = await w.stranger("eve", alice.name)
    missing = w.group()
    await eve.is_refused("name-taken", "join", group=missing)
    await alice.is_refused("unknown-group", "join", group=missing)


@case("E-ORDER-1")
async def a_bad_field_counts_before_a_taken_name(w: World) -> None:
    """Eve's first request, under alice's name, has a bad field: bad-message, not name-taken."""
    alice = await w.user("alice")
    eve = await w.stranger("eve", alice.name)
    await eve.is_refused("bad-message", "join", field="/group", group="")
    await eve.is_refused("name-taken", "join", group=w.group())


@case("E-ORDER-1")
async def the_action_counts_before_the_other_fields(w: World) -> None:
    """Alice sends an action of the wrong type with bad fields: bad-message at /action."""
    alice = await w.user("alice")
    request = {"action": 7, "sender": 7, "group": "", "id": w.fresh_id()}
    await alice.connection.send(request)
    await alice.gets_error("bad-message", request, field="/action")
    await alice.still_works()
