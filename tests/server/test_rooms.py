"""Single rules, by example: what a request answers, to whom, and what it changes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tchat_protocol import schemas
from tchat_protocol.errors import Refusal
from tchat_protocol.messages import parse_request
from tchat_server import rooms
from tchat_server.changes import Change, PrivateMessageSent, UserSeen
from tchat_server.outcome import Outcome, Page
from tchat_server.state import State
from tchat_server.store import WRITES

NOW = datetime(2026, 11, 23, 9, 30, 0, 999, tzinfo=UTC)
TS = "2026-11-23T09:30:00.000Z"


class Hall:
    """A state in which ann, bob and cyd are known and ann and bob online."""

    def __init__(self) -> None:
        self.state = State(features=("auth", "offline", "paging"))
        for name in ("ann", "bob", "cyd"):
            UserSeen(name).apply(self.state)
        self.state.online.update({"ann": None, "bob": None})

    def does(self, action: str, sender: str, **fields: Any) -> Outcome:
        outcome = rooms.decide(self.state, parse_request({"action": action, "sender": sender, **fields}), NOW)
        for change in outcome.changes:
            change.apply(self.state)
        return outcome

    def refuses(self, action: str, sender: str, **fields: Any) -> str:
        with pytest.raises(Refusal) as caught:
            self.does(action, sender, **fields)
        return str(caught.value.code)


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
def wob(hall: Hall) -> Hall:
    """A hall with a public group of ann and bob, owned by ann."""
    hall.does("cgroupe", "ann", group="wob")
    hall.does("join", "bob", group="wob")
    return hall


@pytest.fixture
def den(hall: Hall) -> Hall:
    """A hall with a private group of ann alone."""
    hall.does("cgroupe", "ann", group="den", private=True)
    return hall


def test_every_request_has_a_rule() -> None:
    assert {*rooms._OUTSIDE_GROUPS, *rooms._IN_GROUP} == set(schemas.actions("requests"))


def test_every_change_has_a_statement() -> None:
    assert set(WRITES) == set(Change.__subclasses__())


def test_hello_names_version_and_features(hall: Hall) -> None:
    answer = hall.does("client-hello", "ann").answer
    assert isinstance(answer, dict)
    assert (answer["version"], answer["features"]) == ("1.0", ["auth", "offline", "paging"])


def test_times_are_utc_with_milliseconds(hall: Hall) -> None:
    answer = hall.does("client-broadcast", "ann", msg="hi").answer
    assert answer == {"action": "server-broadcast", "from": "ann", "msg": "hi", "ts": TS}


@pytest.mark.parametrize(("dest", "delivered"), [("bob", True), ("cyd", False)])
def test_private_message_waits_for_who_is_offline(hall: Hall, dest: str, delivered: bool) -> None:
    outcome = hall.does("client-send", "ann", to=dest, msg="hi")
    assert outcome.audience == (dest,)
    assert [change.delivered for change in outcome.changes if isinstance(change, PrivateMessageSent)] == [delivered]


def test_private_message_to_a_stranger_is_refused(hall: Hall) -> None:
    assert hall.refuses("client-send", "ann", to="eve", msg="hi") == "unknown-user"


def test_broadcast_reaches_everyone_online(hall: Hall) -> None:
    assert hall.does("client-broadcast", "ann", msg="hi").audience == ("ann", "bob")


def test_list_holds_who_is_online(hall: Hall) -> None:
    answer = hall.does("client-list-clients", "ann").answer
    assert answer == {"action": "server-list-clients", "clients": ["ann", "bob"]}


@pytest.mark.parametrize(
    "fields", [{"action": "client-quit", "from": "ann"}, {"action": "client-error", "code": "x", "msg": ""}]
)
def test_quit_and_error_close(hall: Hall, fields: dict[str, Any]) -> None:
    assert rooms.decide(hall.state, parse_request(fields), NOW).closes


def test_creator_is_owner_and_first_member(den: Hall) -> None:
    answer = den.does("members", "ann", group="den").answer
    expected = {"group": "den", "private": True, "owner": "ann", "members": ["ann"], "online": ["ann"]}
    assert answer == {"action": "server-members"} | expected


def test_nobody_owns_more_groups_than_the_server_keeps_for_a_user(hall: Hall) -> None:
    hall.state.max_groups = 2
    hall.does("cgroupe", "ann", group="one")
    hall.does("cgroupe", "ann", group="two")
    assert hall.refuses("cgroupe", "ann", group="one") == "group-exists", "what is wrong with the request comes first"
    assert hall.refuses("cgroupe", "ann", group="three") == "storage-full"
    hall.does("cgroupe", "bob", group="three")
    hall.does("join", "bob", group="one")
    hall.does("leave", "ann", group="one")
    hall.does("cgroupe", "ann", group="four")
    assert hall.refuses("cgroupe", "bob", group="five") == "storage-full", "he has inherited one"


def test_members_tell_who_is_online(wob: Hall) -> None:
    wob.does("join", "cyd", group="wob")
    answer = wob.does("members", "bob", group="wob").answer
    assert isinstance(answer, dict)
    assert (answer["members"], answer["online"]) == (["ann", "bob", "cyd"], ["ann", "bob"])


def test_leaving_owner_passes_the_group_to_the_longest_standing_member(wob: Hall) -> None:
    wob.does("join", "cyd", group="wob")
    outcome = wob.does("leave", "ann", group="wob")
    assert isinstance(outcome.answer, dict)
    assert outcome.answer["owner"] == "bob" == wob.state.groups["wob"].owner
    assert set(outcome.audience) == {"ann", "bob", "cyd"}


def test_leaving_member_changes_no_owner(wob: Hall) -> None:
    answer = wob.does("leave", "bob", group="wob").answer
    assert isinstance(answer, dict)
    assert "owner" not in answer


def test_empty_group_has_no_owner_until_somebody_joins(wob: Hall) -> None:
    wob.does("leave", "bob", group="wob")
    assert "owner" not in (wob.does("leave", "ann", group="wob").answer or {})  # type: ignore[operator]
    assert wob.state.groups["wob"].owner is None
    answer = wob.does("join", "cyd", group="wob").answer
    assert isinstance(answer, dict)
    assert answer["owner"] == "cyd" == wob.state.groups["wob"].owner


def test_who_rejoins_is_the_newest_member(wob: Hall) -> None:
    wob.does("join", "cyd", group="wob")
    wob.does("leave", "bob", group="wob")
    wob.does("join", "bob", group="wob")
    assert list(wob.state.groups["wob"].members) == ["ann", "cyd", "bob"]


def test_private_group_needs_a_new_invitation_after_each_stay(den: Hall) -> None:
    assert den.refuses("join", "bob", group="den") == "not-invited"
    den.does("invite", "ann", group="den", dest="bob")
    den.does("join", "bob", group="den")
    den.does("leave", "bob", group="den")
    assert den.refuses("join", "bob", group="den") == "not-invited"


def test_ban_ends_an_invitation(den: Hall) -> None:
    den.does("invite", "ann", group="den", dest="bob")
    den.does("ban", "ann", group="den", dest="bob", reason="")
    assert den.refuses("join", "bob", group="den") == "banned"
    den.does("unban", "ann", group="den", dest="bob")
    assert den.refuses("join", "bob", group="den") == "not-invited"


@pytest.mark.parametrize("action", ["members", "msgs", "states"])
def test_invitee_cannot_read_a_private_group(den: Hall, action: str) -> None:
    den.does("invite", "ann", group="den", dest="bob")
    assert den.refuses(action, "bob", group="den") == "not-member"


def test_page_holds_a_hundred_items_unless_asked_otherwise(wob: Hall) -> None:
    assert wob.does("msgs", "cyd", group="wob").answer == Page("server-msgs", "wob", before=3, limit=100)


GROUP_REQUESTS = [*rooms._IN_GROUP]
FIELDS: dict[str, Any] = {"group": "wob", "dest": "ann", "reason": "", "msg": "hi"}


@pytest.mark.parametrize("action", GROUP_REQUESTS)
def test_unknown_group_comes_first(hall: Hall, action: str) -> None:
    assert hall.refuses(action, "ann", **FIELDS | {"dest": "eve"}) == "unknown-group"


@pytest.mark.parametrize("action", GROUP_REQUESTS)
def test_banned_comes_second(wob: Hall, action: str) -> None:
    wob.does("ban", "ann", group="wob", dest="bob", reason="")
    assert wob.refuses(action, "bob", **FIELDS) == "banned"


ORDER = [
    ("join", "bob", {}, "already-member"),
    ("gbroadcast", "cyd", {}, "not-member"),
    ("leave", "cyd", {}, "not-member"),
    ("invite", "cyd", {"dest": "eve"}, "not-member"),
    ("invite", "bob", {"dest": "eve"}, "unknown-user"),
    ("invite", "bob", {"dest": "bob"}, "already-member"),
    ("kick", "bob", {"dest": "bob"}, "not-owner"),
    ("kick", "ann", {"dest": "ann"}, "self-target"),
    ("kick", "ann", {"dest": "eve"}, "unknown-user"),
    ("kick", "ann", {"dest": "cyd"}, "not-member"),
    ("ban", "bob", {"dest": "eve"}, "not-owner"),
    ("ban", "ann", {"dest": "ann"}, "self-target"),
    ("ban", "ann", {"dest": "eve"}, "unknown-user"),
    ("unban", "bob", {"dest": "eve"}, "not-owner"),
    ("unban", "ann", {"dest": "eve"}, "unknown-user"),
    ("unban", "ann", {"dest": "ann"}, "not-banned"),
    ("cgroupe", "cyd", {}, "group-exists"),
]


@pytest.mark.parametrize(("action", "sender", "fields", "code"), ORDER)
def test_refusals_come_in_the_order_of_the_specification(
    wob: Hall, action: str, sender: str, fields: dict[str, str], code: str
) -> None:
    assert wob.refuses(action, sender, **FIELDS | fields) == code


def test_banned_user_is_neither_invited_nor_banned_again(wob: Hall) -> None:
    wob.does("ban", "ann", group="wob", dest="cyd", reason="")
    assert wob.refuses("invite", "bob", group="wob", dest="cyd") == "banned"
    assert wob.refuses("ban", "ann", group="wob", dest="cyd", reason="") == "already-banned"
