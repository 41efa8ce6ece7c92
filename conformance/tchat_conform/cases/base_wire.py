"""Level base: what goes over the wire. JSON, lines, unknown actions and fields, request ids, order."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tchat_conform.actions import GROUP
from tchat_conform.case import case
from tchat_conform.connection import Connection
from tchat_conform.expect import same, words
from tchat_conform.listings import times_listed
from tchat_conform.steps import group_where_known, sends, without
from tchat_conform.user import User
from tchat_conform.verdict import Blocked, Failed, Finding, Message, Unsupported, must
from tchat_conform.world import World

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MARKED = re.compile(rb"(?:\A|\}\s*)" + BYTE_ORDER_MARK)
"""A byte order mark before a message; inside of a text it is a character."""
LARGEST_ID = 2**53 - 1


async def _tour(w: World) -> list[Connection]:
    """Return two connections over which one of each base message has come, well formed or not."""
    alice, bob = await w.stranger("alice"), await w.stranger("bob")
    await _step(alice, "client-hello")
    await _step(bob, "client-hello")
    await _step(alice, "client-send", to=bob.name, msg=f"Ça va ?\n日本 🙂 {w.text()}")
    await _step(alice, "client-broadcast", msg=f"Ça va ?\n日本 🙂 {w.text()}")
    await _step(alice, "client-list-clients")
    await _step(alice, "client-send", to=w.fresh("nobody"), msg=w.text())
    for user in (bob, alice):
        await _step(user, "client-quit")
        await user.connection.wait_until(lambda: False, w.patience)
        must(bool(user.connection.inbox or user.connection.broken), f"{user!r} got nothing at all")
    return [alice.connection, bob.connection]


async def _step(user: User, action: str, **fields: Any) -> None:
    had = len(user.connection.raw)
    await user.says(action, **fields)
    await user.connection.wait_until(lambda: len(user.connection.raw) > had, user.world.patience)


def _as_sent(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield each message as it was written, and what stands between it and the next one."""
    text, position = connection.raw.decode("utf-8", "replace"), 0
    while position < len(text):
        try:
            _, end = json.JSONDecoder().raw_decode(text, position)
        except ValueError as error:
            raise Failed(Finding(f"the server sent what is no JSON: {error}", None, text[position:])) from error
        rest = text[end:].lstrip()
        yield text[position:end], text[end : len(text) - len(rest)]
        position = len(text) - len(rest)


@case("W-JSON-1")
async def no_byte_order_mark_is_sent(w: World) -> None:
    """Alice and bob try every base request; nothing that they get holds a byte order mark."""
    for connection in await _tour(w):
        must(not MARKED.search(connection.raw), "the server sent a byte order mark", None, connection.who)


@case("W-JSON-1")
async def all_that_is_sent_is_utf8(w: World) -> None:
    """Alice writes accents, Japanese and an emoji to bob; all that both of them get is UTF-8."""
    for connection in await _tour(w):
        try:
            connection.raw.decode()
        except UnicodeDecodeError as error:
            sentence = f"this is not UTF-8: it has the byte 0x{connection.raw[error.start]:02x}"
            raise Failed(Finding(sentence, None, repr(bytes(connection.raw)))) from error


@case("W-JSON-1")
async def all_that_is_sent_are_json_objects(w: World) -> None:
    """Alice and bob try every base request; all that they get are JSON objects."""
    for connection in await _tour(w):
        for text, _ in _as_sent(connection):
            must(isinstance(json.loads(text), dict), "a message is a JSON object", None, text)
        for broken in connection.broken:
            raise Failed(Finding(f"the server sent what is no message: {broken.reason}", None, repr(broken.raw)))


@case("W-LINE-1")
async def each_message_ends_with_a_line_feed(w: World) -> None:
    """Alice and bob try every base request; a line feed stands behind each message that they get."""
    for connection in await _tour(w):
        for text, behind in _as_sent(connection):
            must("\n" in behind, "a line feed must follow the message", None, text)


@case("W-LINE-1")
async def each_message_is_written_on_one_line(w: World) -> None:
    """Alice and bob try every base request; no message that they get is spread over lines."""
    for connection in await _tour(w):
        for text, _ in _as_sent(connection):
            must("\n" not in text and "\r" not in text, "a message stands on one line", None, text)


async def _is_unknown(w: World, action: str) -> None:
    alice, bob = await w.users("alice", "bob")
    request = {"action": action, "from": alice.name, "sender": alice.name, "to": bob.name, "id": w.fresh_id()}
    await alice.connection.send(request)
    await alice.gets_error("unknown-action", request)
    await alice.asks("client-send", to=bob.name, msg=w.text())


@case("W-ACTION-1")
async def an_unknown_action_is_refused(w: World) -> None:
    """Alice sends the action dance and gets unknown-action; then she can go on."""
    await _is_unknown(w, "dance")


@case("W-ACTION-1")
async def an_empty_action_is_unknown(w: World) -> None:
    """Alice sends an action that is an empty string and gets unknown-action; then she can go on."""
    await _is_unknown(w, "")


@case("W-ACTION-1")
async def an_answer_is_no_request(w: World) -> None:
    """Alice sends server-send, which only servers send, and gets unknown-action; then she can go on."""
    await _is_unknown(w, "server-send")


@case("W-ACTION-1")
async def actions_are_compared_exactly(w: World) -> None:
    """Alice sends the action Client-Send and gets unknown-action; then she can go on."""
    await _is_unknown(w, "Client-Send")


@case("W-ACTION-1")
async def the_start_of_an_action_is_unknown(w: World) -> None:
    """Alice sends the action send, without client-, and gets unknown-action; then she can go on."""
    await _is_unknown(w, "send")


@case("W-ACTION-1")
async def a_name_of_the_language_is_no_action(w: World) -> None:
    """Alice sends the action constructor, which every JavaScript object has, and gets unknown-action."""
    await _is_unknown(w, "constructor")


@case("W-FIELD-1")
async def unknown_fields_are_ignored(w: World) -> None:
    """Alice sends a hello and a message with fields nobody defined; both are handled as without them."""
    bob, alice = await w.user("bob"), await w.stranger("alice")
    odd: dict[str, Any] = {
        "color": "red",
        "x": None,
        "": [],
        "nested": {"action": "client-quit"},
        "__proto__": {"a": 1},
    }
    await alice.asks("client-hello", **odd)
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text, **odd)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("W-FIELD-1")
async def fields_of_other_requests_are_ignored(w: World) -> None:
    """Alice asks for the list with fields that other requests have, in odd types, and gets the list."""
    alice = await w.user("alice")
    answer = await alice.asks("client-list-clients", msg="", group=7, private="yes", limit=-1, reason=None, code=[])
    must(times_listed(answer, "clients", alice.name) > 0, "the list must hold alice", alice.name, answer)


@case("W-FIELD-1")
async def unknown_fields_are_not_passed_on(w: World) -> None:
    """Alice sends bob a message with a field nobody defined, and bob gets the message without it."""
    alice, bob = await w.users("alice", "bob")
    text, extra = w.text(), w.fresh("extra")
    await alice.asks("client-send", to=bob.name, msg=text, color=extra)
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    if extra in words(heard):
        w.near_miss(Finding("an unknown field was passed on; it should be ignored", without(heard, "color"), heard))


async def _id_is_repeated(w: World, identifier: str | int) -> None:
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text()) | {"id": identifier}
    _has_id(await sends(alice, request), request)


def _has_id(answer: Message, request: Message) -> None:
    repeated = answer.get("id")
    kept = same(repeated, request["id"]) and isinstance(repeated, str) is isinstance(request["id"], str)
    must(kept, "the answer must repeat the id, same type and value", {"id": request["id"]}, answer)


@case("W-ID-1")
async def a_number_is_repeated(w: World) -> None:
    """Alice sends a request with the id 7, and its answer has the id 7."""
    await _id_is_repeated(w, 7)


@case("W-ID-1")
async def a_string_is_repeated(w: World) -> None:
    """Alice sends a request with the id "a-7", and its answer has the id "a-7"."""
    await _id_is_repeated(w, "a-7")


@case("W-ID-1")
async def a_string_of_digits_stays_a_string(w: World) -> None:
    """Alice sends a request with the id "07", and its answer has the string "07", not the number 7."""
    await _id_is_repeated(w, "07")


@case("W-ID-1")
async def zero_is_an_id(w: World) -> None:
    """Alice sends a request with the id 0, and its answer has the id 0."""
    await _id_is_repeated(w, 0)


@case("W-ID-1")
async def the_largest_number_is_repeated(w: World) -> None:
    """Alice sends a request with the id 2^53 - 1, and its answer has that id to the last digit."""
    await _id_is_repeated(w, LARGEST_ID)


@case("W-ID-1")
async def the_smallest_number_is_repeated(w: World) -> None:
    """Alice sends a request with the id -(2^53 - 1), and its answer has that id to the last digit."""
    await _id_is_repeated(w, -LARGEST_ID)


@case("W-ID-1")
async def the_longest_string_is_repeated(w: World) -> None:
    """Alice sends a request with an id of 64 characters, all of them emoji, and its answer has that id."""
    await _id_is_repeated(w, "🙂" * 64)


@case("W-ID-1")
async def every_answer_repeats_the_id(w: World) -> None:
    """Alice says hello, writes, broadcasts, asks for the list and quits; each answer has its request's id."""
    alice = await w.stranger("alice")
    for action, fields in (
        ("client-hello", {}),
        ("client-send", {"to": alice.name, "msg": w.text()}),
        ("client-broadcast", {"msg": w.text()}),
        ("client-list-clients", {}),
        ("client-quit", {}),
    ):
        request = alice.request(action, **fields) | {"id": w.fresh("id")}
        _has_id(await sends(alice, request), request)


@case("W-ID-1")
async def a_refusal_repeats_the_id(w: World) -> None:
    """Alice's requests are refused for three reasons, and each server-error has its request's id."""
    alice = await w.user("alice")
    for code, request in (
        ("unknown-action", {"action": "dance", "id": w.fresh("id")}),
        ("bad-message", {"action": "client-send", "from": alice.name, "id": w.fresh("id")}),
        ("unknown-user", alice.request("client-send", to=w.fresh("nobody"), msg=w.text())),
    ):
        await alice.connection.send(request)
        _has_id(await alice.gets_error(code, request), request)


@case("W-ID-1")
async def every_answer_about_a_group_repeats_the_id(w: World) -> None:
    """Alice creates a group and asks for all that can be asked about it; each answer has its request's id."""
    alice = await w.user("alice")
    if await group_where_known(w, alice) is not None:
        group = {"group": w.group()}
        for action, fields in (
            ("cgroupe", group),
            ("gbroadcast", group | {"msg": w.text()}),
            ("members", group),
            ("msgs", group),
            ("states", group),
            ("groups", {}),
            ("leave", group),
            ("join", group),
        ):
            request = alice.request(action, **fields) | {"id": w.fresh("id")}
            _has_id(await sends(alice, request), request)


@case("W-ID-2")
async def the_recipient_gets_no_id(w: World) -> None:
    """Alice writes to bob with an id, and bob's copy has none."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    must("id" not in heard, "only the requester's copy carries the id", without(heard, "id"), heard)


@case("W-ID-2")
async def the_others_get_a_broadcast_without_id(w: World) -> None:
    """Alice broadcasts with an id, and bob's copy has none."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.asks("client-broadcast", msg=text)
    heard = await bob.hears("server-broadcast", **{"from": alice.name}, msg=text)
    must("id" not in heard, "only the requester's copy carries the id", without(heard, "id"), heard)


@case("W-ID-2")
async def presence_carries_no_id(w: World) -> None:
    """Bob says hello and quits, both with an id, and alice hears of his coming and going without one."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    for action, online in (("client-hello", True), ("client-quit", False)):
        await bob.asks(action)
        heard = await alice.hears("server-presence", **{"from": bob.name}, online=online)
        must("id" not in heard, "presence answers no request of alice's", without(heard, "id"), heard)


@case("W-ID-2")
async def the_members_get_no_id(w: World) -> None:
    """Alice posts to a group and kicks bob, both with an id, and bob's copies have none."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        await alice.asks("gbroadcast", group=group, msg=w.text())
        await alice.asks("kick", group=group, dest=bob.name, reason="")
        for action in ("server-gbroadcast", "server-kick"):
            heard = await bob.hears(action, sender=alice.name, group=group)
            must("id" not in heard, "only the requester's copy carries the id", without(heard, "id"), heard)


@case("W-ID-2")
async def an_answer_to_a_request_without_id_has_none(w: World) -> None:
    """Alice says hello, writes and asks for the list without an id, and no answer has one, not even null."""
    alice = await w.stranger("alice")
    for action, fields in (
        ("client-hello", {}),
        ("client-send", {"to": alice.name, "msg": w.text()}),
        ("client-list-clients", {}),
    ):
        answer = await sends(alice, without(alice.request(action, **fields), "id"))
        must("id" not in answer, "the request had no id", without(answer, "id"), answer)


@case("W-ID-2")
async def a_refusal_of_a_request_without_id_has_none(w: World) -> None:
    """Alice's request without an id is refused, after one with an id, and the server-error has no id."""
    alice, ghost = await w.user("alice"), w.fresh("nobody")
    await alice.is_refused("unknown-user", "client-send", to=ghost, msg=w.text())
    await alice.connection.send(without(alice.request("client-send", to=ghost, msg=w.text()), "id"))
    error = await alice.hears("server-error", code="unknown-user", request="client-send")
    must("id" not in error, "the request had no id", without(error, "id"), error)


async def _comes_in_order(user: User, expected: list[str], token: str) -> None:
    """Wait for as many answers as are expected, each told by its text or else its action, and compare."""
    known = set(expected)

    def came() -> list[str]:
        inbox = [each.message for each in user.connection.inbox]
        marks = [next((word for word in words(each) if token in word), str(each.get("action"))) for each in inbox]
        return [mark for mark in marks if mark in known]

    await user.connection.wait_until(lambda: len(came()) >= len(expected), user.world.patience)
    if missing := known - set(came()):
        refused = {str(each.get("request")) for each in user.heard("server-error", code="unknown-action")} & GROUP
        for action in sorted(refused):
            raise Unsupported(Finding(f"the server does not know {action}", by=action))
        sentence = "the answers cannot be told apart, or not all of them came: the order cannot be seen"
        raise Blocked(Finding(sentence, str(sorted(missing)), str(came()), by="answers in their standard form"))
    must(came() == expected, "the answers must come in the order of the requests", str(expected), str(came()))


@case("W-ORDER-1")
async def messages_are_answered_in_order(w: World) -> None:
    """Alice sends bob thirty messages without waiting; her answers and his copies come in that order."""
    alice, bob = await w.users("alice", "bob")
    token = w.fresh("line")
    texts = [f"{token} {number}" for number in range(30)]
    for text in texts:
        await alice.says("client-send", to=bob.name, msg=text)
    await _comes_in_order(alice, texts, token)
    await _comes_in_order(bob, texts, token)


@case("W-ORDER-1")
async def answers_of_all_kinds_come_in_order(w: World) -> None:
    """Alice writes, asks for the list and errs by turns without waiting; the answers come in that order."""
    alice, token = await w.user("alice"), w.fresh("line")
    expected = []
    for number in range(8):
        text = f"{token} {number}"
        await alice.says("client-send", to=alice.name, msg=text)
        await alice.says("client-list-clients")
        await alice.connection.send({"action": "dance"})
        expected += [text, "server-list-clients", "server-error"]
    await _comes_in_order(alice, expected, token)


@case("W-ORDER-1", slow=True)
async def a_slow_hello_is_answered_first(w: World) -> None:
    """Alice says hello with a password, which takes long to hash, and writes at once; hello is answered first."""
    w.allow(5)
    alice, token = await w.stranger("alice"), w.fresh("line")
    await alice.says("client-hello", **{"pass": "correct horse"})
    await alice.says("client-send", to=alice.name, msg=token)
    await alice.says("client-list-clients")
    await _comes_in_order(alice, ["server-hello", token, "server-list-clients"], token)


@case("W-ORDER-1")
async def answers_about_a_group_come_in_order(w: World) -> None:
    """Alice posts, reads and errs by turns without waiting; the answers come in that order."""
    alice, token = await w.user("alice"), w.fresh("line")
    group = await group_where_known(w, alice)
    if group is not None:
        expected = []
        for number in range(6):
            text = f"{token} {number}"
            await alice.says("gbroadcast", group=group, msg=text)
            await alice.says("members", group=group)
            await alice.says("join", group=group)
            await alice.says("client-list-clients")
            expected += [text, "server-members", "server-error", "server-list-clients"]
        await _comes_in_order(alice, expected, token)
