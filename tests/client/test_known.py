"""What a client knows after the messages that came."""

from typing import Any

import pytest

from tchat_client.known import Known
from tchat_protocol.framing import BadInput, Message

TS = "2026-11-23T09:30:00.000Z"


def after(*messages: Message | BadInput) -> Known:
    known = Known("alice")
    for message in messages:
        known.learn(message)
    return known


def place(known: Known) -> tuple[set[str], str | None]:
    return known.joined, known.current


def event(action: str, sender: str, group: str = "wob", seq: int = 1, **more: Any) -> Message:
    return {"action": f"server-{action}", "sender": sender, "group": group, "ts": TS, "seq": seq, **more}


def said(sender: str, group: str, seq: int) -> Message:
    return event("gbroadcast", sender, group, seq, msg="hi")


def test_group_created_or_joined_last_is_current_until_it_is_left() -> None:
    known = after(event("cgroupe", "alice"), event("join", "alice", "den"), event("join", "bob", "wob", 2))
    assert place(known) == ({"wob", "den"}, "den")
    known.learn(event("leave", "bob", "den"))
    assert place(known) == ({"wob", "den"}, "den")
    known.learn(event("leave", "alice", "den"))
    assert place(known) == ({"wob"}, None)
    known.current = "wob"
    assert known.current == "wob"


@pytest.mark.parametrize("action", ["kick", "ban"])
def test_who_is_put_out_is_in_the_group_no_more(action: str) -> None:
    known = after(event("join", "alice"), event("join", "bob"), event(action, "carol", dest="bob"))
    assert known.members("wob") == {"alice"}
    known.learn(event(action, "carol", dest="alice"))
    assert place(known) == (set(), None)
    assert known.members("wob") == set()


def test_posts_of_others_outside_the_current_group_are_unread_once() -> None:
    known = after(event("join", "alice", "wob"), event("join", "alice", "den"))
    for message in (said("bob", "wob", 2), said("bob", "wob", 3), said("bob", "wob", 3), said("alice", "wob", 4)):
        known.learn(message)
    known.learn(said("bob", "den", 2))
    assert (known.unread("wob"), known.unread("den"), known.unread("other")) == (2, 0, 0)
    known.read("wob")
    assert known.unread("wob") == 0
    known.learn(said("bob", "wob", 5))
    known.current = "wob"
    assert known.unread("wob") == 0


def test_last_seq_is_the_highest_seen_in_deliveries_and_histories() -> None:
    history = {"action": "server-msgs", "group": "wob", "messages": [{"seq": 8, "sender": "eve"}, {"seq": True}, 7]}
    known = after(said("bob", "wob", 4), said("bob", "wob", 3))
    assert (known.last_seq("wob"), known.last_seq("den")) == (4, 0)
    known.learn(history)
    assert known.last_seq("wob") == 8
    assert "eve" in known.users
    known.learn({"action": "server-states", "group": "wob", "events": [{"event": "kick", "dest": "mallory", "seq": 9}]})
    assert known.last_seq("wob") == 9
    assert "mallory" in known.users


def test_members_say_who_is_in_and_who_is_online() -> None:
    members = {"action": "server-members", "group": "wob", "owner": "bob", "members": ["alice", "bob", "eve"]}
    known = after({"action": "server-list-clients", "clients": ["eve", "alice", "dan"]}, {**members, "online": ["bob"]})
    assert known.members("wob") == {"alice", "bob", "eve"}
    assert (known.joined, known.owner("wob")) == ({"wob"}, "bob")
    assert known.online == {"bob", "dan"}
    known.learn({**members, "members": ["bob"]})
    assert known.joined == set()


def test_ownership_follows_who_leaves_and_who_comes() -> None:
    known = after(event("cgroupe", "bob"))
    assert known.owner("wob") == "bob"
    known.learn(event("leave", "bob", owner="eve"))
    assert known.owner("wob") == "eve"
    known.learn(event("join", "dan", owner="dan"))
    assert known.owner("wob") == "dan"


def test_presence_and_private_messages() -> None:
    known = after({"action": "server-presence", "from": "bob", "online": True})
    assert known.online == {"bob"}
    known.learn({"action": "server-send", "from": "alice", "to": "bob", "msg": "hi"})
    known.learn({"action": "server-send", "from": "bob", "to": "alice", "msg": "hi"})
    known.learn({"action": "server-send", "from": "alice", "to": "eve", "msg": "hi"})
    known.learn({"action": "server-presence", "from": "bob", "online": False})
    assert (known.correspondent, known.online, known.users) == ("bob", set(), {"alice", "bob", "eve"})


def test_who_gets_a_post_is_a_member() -> None:
    assert after(said("bob", "wob", 7)).joined == {"wob"}


def test_names_are_one_in_every_form_of_unicode() -> None:
    known = after(event("join", "alice", "cafe\u0301"))
    assert known.joined == {"caf\u00e9"}
    assert known.last_seq("cafe\u0301") == 1


def test_near_forms_are_understood() -> None:
    known = after(
        {"action": "server-members-group", "group": "wob", "list": ["alice", "bob"]},
        {"action": "server-cgroup", "from": "alice", "group": "den"},
        {"action": "server-groups", "data": ["wob :public", "attic"]},
    )
    assert known.joined == {"wob", "den"}
    assert known.groups == {"wob", "den", "attic"}


SHAPES: list[Any] = [
    {},
    {"action": None, "group": 1, "seq": "x"},
    {"action": "server-join", "sender": {}, "group": ["wob"]},
    {"action": "server-join", "sender": "alice joined the group", "group": "wob"},
    {"action": "server-members", "group": "wob", "members": [None, 1, {}], "online": 3, "owner": []},
    {"action": "server-groups", "groups": [None, {}, {"group": None}, [1]]},
    {"action": "server-states", "group": "wob", "events": [None, {"seq": None}]},
    {"action": "server-msgs", "messages": "none"},
    {"action": "server-presence", "from": None, "online": "yes"},
    {"action": "server-gbroadcast", "group": "wob", "seq": 1.5},
    BadInput("bad-json", "it begins with 'h'", b"hello"),
]


@pytest.mark.parametrize("content", SHAPES)
def test_messages_of_any_shape_do_no_harm(content: Any) -> None:
    known = after(content)
    assert known.users == known.joined == set()
