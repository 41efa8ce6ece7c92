"""What a server sent, as a person reads it."""

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tchat_client.matching import answered
from tchat_client.pieces import plain, table
from tchat_client.show import lines
from tchat_client.text import clean
from tchat_protocol import schemas
from tchat_protocol.framing import BadInput
from tchat_protocol.messages import is_valid

TS = "2026-11-23T09:30:00.000Z"
STAMP = "2026-11-23 09:30:00"
GROUP = {"sender": "alice", "group": "wob", "ts": TS, "seq": 3}
TO_BOB = {**GROUP, "dest": "bob"}

STANDARD: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"action": "server-hello", "from": "alice", "msg": "Welcome, alice.", "version": "1.0", "features": ["auth"]},
        ["Welcome, alice."],
    ),
    ({"action": "server-presence", "from": "bob", "online": True}, ["bob is online"]),
    ({"action": "server-presence", "from": "bob", "online": False}, ["bob is offline"]),
    ({"action": "server-send", "from": "alice", "to": "bob", "msg": "hi", "ts": TS}, ["alice to bob: hi"]),
    ({"action": "server-broadcast", "from": "alice", "msg": "hi", "ts": TS}, ["alice to all: hi"]),
    ({"action": "server-list-clients", "clients": ["alice", "bob"]}, ["2 online: alice, bob"]),
    ({"action": "server-quit", "from": "alice"}, ["alice has left the chat"]),
    ({"action": "server-cgroupe", **GROUP, "private": False}, ["alice created the public group wob"]),
    ({"action": "server-cgroupe", **GROUP, "private": True}, ["alice created the private group wob"]),
    ({"action": "server-join", **GROUP}, ["alice joined wob"]),
    ({"action": "server-join", **GROUP, "owner": "alice"}, ["alice joined wob; alice owns it now"]),
    ({"action": "server-leave", **GROUP, "owner": "bob"}, ["alice left wob; bob owns it now"]),
    ({"action": "server-gbroadcast", **GROUP, "msg": "hello"}, ["[wob] alice: hello"]),
    ({"action": "server-invite", **TO_BOB}, ["alice invited bob to wob"]),
    ({"action": "server-kick", **TO_BOB, "reason": "spam"}, ["alice kicked bob from wob: spam"]),
    ({"action": "server-ban", **TO_BOB, "reason": ""}, ["alice banned bob from wob"]),
    ({"action": "server-unban", **TO_BOB}, ["alice unbanned bob from wob"]),
    (
        {"action": "server-members", "group": "wob", "private": False, "owner": "alice", "members": ["alice", "乙"],
         "online": ["乙"]},
        ["public group wob, 2 members", "  alice  owner  offline", "  乙            online"],
    ),
    (
        {"action": "server-members", "group": "den", "private": True, "owner": None, "members": [], "online": []},
        ["private group den, 0 members"],
    ),
    (
        {"action": "server-groups", "groups": [
            {"group": "wob", "private": False, "owner": "alice", "members": 12},
            {"group": "empty", "private": True, "owner": None, "members": 0}]},
        ["2 groups", "  wob    public   owner alice  12 members", "  empty  private  no owner     0 members"],
    ),
    (
        {"action": "server-msgs", "group": "wob", "more": True, "messages": [
            {"sender": "alice", "msg": "hello", "ts": TS, "seq": 7}]},
        ["wob: 1 message, older ones remain (messages;wob;;7)", f"  {STAMP}  alice: hello"],
    ),
    (
        {"action": "server-states", "group": "wob", "more": False, "events": [
            {"event": "cgroupe", "sender": "alice", "private": True, "ts": TS, "seq": 1},
            {"event": "cgroupe", "sender": "bob", "ts": TS, "seq": 1},
            {"event": "kick", "sender": "alice", "dest": "bob", "reason": "spam", "ts": TS, "seq": 2}]},
        ["wob: 3 events", f"  {STAMP}  alice created the private group wob", f"  {STAMP}  bob created the group wob",
         f"  {STAMP}  alice kicked bob from wob: spam"],
    ),
    (
        {"action": "server-error", "code": "unknown-group", "msg": "There is no group x.", "request": "join"},
        ["refused (unknown-group): There is no group x."],
    ),
    (
        {"action": "server-error", "code": "bad-message", "msg": "Too long.", "request": "join", "field": "/group"},
        ["refused (bad-message): Too long. (field /group)"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "shown"), STANDARD, ids=lambda each: str(each)[:50])
def test_answer_is_shown_as_people_read_it(message: dict[str, Any], shown: list[str]) -> None:
    assert lines(message) == shown
    assert lines({**message, "id": 7, "unknown": {"field": 1}}) == shown, "unknown fields are ignored"


def test_every_answer_of_the_protocol_has_its_words() -> None:
    assert {message["action"] for message, _ in STANDARD} == set(schemas.actions("answers"))


NEAR: list[tuple[dict[str, Any], list[str]]] = [
    ({"action": "server-broadcast", "from": "bob", "msg": "bob has joined."}, ["bob to all: bob has joined."]),
    ({"action": "server-gbroadcast", "from": "bob", "msg": "hi"}, ["[some group] bob: hi"]),
    (
        {"action": "server-hello", "sender-ip": "127.0.0.1:1", "msg": "Hello alice"},
        ['Hello alice {"sender-ip": "127.0.0.1:1"}'],
    ),
    ({"action": "server-send", "from": "bob", "msg": "psst"}, ["bob to you: psst"]),
    ({"action": "error", "msg": "User bob is not connected"}, ["refused: User bob is not connected"]),
    ({"action": "server-kicked", "msg": "You were kicked"}, ["server-kicked: You were kicked"]),
    ({"action": "client-hello-client", "from": "bob", "msg": "hi"}, ["client-hello-client: bob: hi"]),
    ({"action": "server-list-clients", "msg": ["alice", "bob"]}, ["2 online: alice, bob"]),
    ({"action": "server-list-clients", "clients": [None]}, ["1 online: null"]),
    ({"action": "server-groups", "groups": ["wob :public"]}, ["1 group", "  wob :public"]),
    ({"action": "server-groups", "list": [{"name": "wob"}]}, ["1 group", '  {"name": "wob"}']),
    (
        {"action": "server-msgs", "group": "wob", "messages": [{"from": "bob", "content": "hi"}, "hello", 7]},
        ["wob: 3 messages", "  bob: hi", "  hello", "  7"],
    ),
    (
        {"action": "server-states", "group": "wob", "events": [{"event": "wedding", "sender": "bob"}, "x"]},
        ["wob: 2 events", '  {"event": "wedding", "sender": "bob"}', "  x"],
    ),
    ({"action": "server-members", "group": "wob", "members": ["bob"]}, ["group wob, 1 member", "  bob"]),
    (
        {"action": "server-join", "sender": "bob", "group": "wob", "comment": "at last"},
        ['bob joined wob {"comment": "at last"}'],
    ),
    (
        {"action": "server-join", "sender": 5, "group": "wob"},
        ['{"action": "server-join", "sender": 5, "group": "wob"}'],
    ),
    ({"messageFormat": {"action": "x"}, "comment": "é"}, ['{"messageFormat": {"action": "x"}, "comment": "é"}']),
    ({"msg": "hi"}, ["without action: hi"]),
    ({}, ["{}"]),
]


@pytest.mark.parametrize(("message", "shown"), NEAR, ids=lambda each: str(each)[:50])
def test_near_forms_hide_nothing(message: dict[str, Any], shown: list[str]) -> None:
    assert lines(message) == shown


def test_what_is_no_message_is_shown_with_its_fault() -> None:
    reason = "not a JSON object: it begins with 'W'"
    shown = lines(BadInput("bad-json", reason, b"Welcome\x1b[2J \xff\n"))
    assert shown == [rf"the server sent something that is no message ({reason}): Welcome\x1b[2J \xff\n"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 🙂 العربية", "plain é 🙂 العربية"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("one\ntwo\r\x08\t\x7f", r"one\ntwo\r\x08\t\x7f"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
    ],
)
def test_characters_that_act_on_a_terminal_are_shown(text: str, shown: str) -> None:
    assert clean(text) == shown
    for message in ({"action": "server-gbroadcast", **GROUP, "msg": text}, {"action": "?", "x": text}):
        assert "".join(lines(message)) == "".join(lines(message)).translate(dict.fromkeys(range(32)))
    assert lines({"action": "server-gbroadcast", **GROUP, "sender": text, "msg": text}) == [f"[wob] {shown}: {shown}"]


def test_columns_are_as_wide_as_what_is_shown() -> None:
    rows = [[("", "\n"), ("", "x")], [("", "abc"), ("", "y")], [("", "é"), ("", "")]]
    assert [plain(line) for line in table(rows)] == [r"  \n   x", "  abc  y", "  é"]


WORDS = st.sampled_from(
    [*schemas.actions("answers"), *schemas.actions("requests"), "error", "alice", "wob", "kick", TS]
)
FIELDS = st.sampled_from(
    ["action", "from", "sender", "to", "dest", "group", "msg", "reason", "owner", "private", "online", "more", "id",
     "clients", "members", "groups", "messages", "events", "event", "ts", "seq", "code", "field", "request", "x"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=10,
)
MESSAGES = st.dictionaries(FIELDS, VALUES, max_size=8) | st.builds(
    lambda action, rest: {**rest, "action": action}, WORDS, st.dictionaries(FIELDS, VALUES, max_size=8)
)
REQUEST = {"action": "kick", "sender": "alice", "group": "wob", "dest": "bob", "reason": "", "id": "tchat-1"}


@given(MESSAGES)
def test_no_message_is_too_strange_to_show_or_to_match(message: dict[str, Any]) -> None:
    shown = lines(message)
    assert shown
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", "".join(shown))
    answered(message, [REQUEST])


@given(MESSAGES, st.sampled_from(["msg", "reason", "comment", "from", "group"]))
def test_no_text_of_a_message_out_of_form_is_hidden(message: dict[str, Any], field: str) -> None:
    strange = {**message, field: "needle"}
    assume(not is_valid("answers", strange))
    assert "needle" in "".join(lines(strange)), json.dumps(strange)
