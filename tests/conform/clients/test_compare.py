"""What was typed against what was sent: right, right in another form, or wrong."""

from typing import Any

import pytest

from tchat_conform.clients.compare import departures, in_standard_form, sender_of, wrong_with

JOIN = {"action": "join", "sender": "alice", "group": "wob-1"}
DEN = {"action": "cgroupe", "sender": "alice", "group": "den-1", "private": True}
PAGE = {"action": "msgs", "sender": "alice", "group": "wob-1", "limit": 20}


@pytest.mark.parametrize("extra", [{}, {"id": 7}, {"colour": "blue"}])
def test_a_request_in_its_form_is_right_whatever_it_holds_beside(extra: dict[str, Any]) -> None:
    request = {**JOIN, **extra}
    assert wrong_with(JOIN, request) == ""
    assert departures(JOIN, request) == []


@pytest.mark.parametrize(
    ("request_", "departure"),
    [
        ({"action": "join", "from": "alice", "group": "wob-1"}, "sender is missing; its value stands in from"),
        ({"action": "joingroup", "sender": "alice", "group": "wob-1"}, "action is 'joingroup', expected 'join'"),
        ({"action": "join", "sender": "alice", "room": {"name": "wob-1"}}, "group is missing, expected 'wob-1'"),
        ({**JOIN, "id": [1]}, "id must be"),
        ({"messageFormat": JOIN, "type": "Client request"}, "it stands inside messageFormat"),
    ],
)
def test_what_was_typed_stands_in_it_under_other_names(request_: dict[str, Any], departure: str) -> None:
    assert wrong_with(JOIN, request_) == ""
    assert any(each.startswith(departure) for each in departures(JOIN, request_))


@pytest.mark.parametrize(
    ("meant", "request_", "why"),
    [
        (JOIN, {**JOIN, "action": "members"}, "it sent members instead of join"),
        (JOIN, {**JOIN, "group": "wob"}, "group got lost on the way"),
        (JOIN, {"action": "join", "group": "wob-1"}, "sender got lost on the way"),
        (DEN, {**DEN, "private": "no"}, ""),
        (DEN, {"action": "cgroupe", "sender": "alice", "group": "den-1"}, "private got lost on the way"),
        (DEN, {"action": "cgroupe", "sender": "alice", "group": "den-1", "type": "private"}, ""),
        (PAGE, {**PAGE, "limit": "20"}, ""),
        (PAGE, {**PAGE, "limit": 2}, "limit got lost on the way"),
        (JOIN, {"body": {**JOIN, "action": "members"}}, "it sent members instead of join"),
        (PAGE, {**PAGE, "before": 3}, "before was sent, which was not typed"),
    ],
)
def test_a_request_is_wrong_if_something_got_lost_or_was_added(
    meant: dict[str, Any], request_: dict[str, Any], why: str
) -> None:
    assert wrong_with(meant, request_) == why
    assert why or departures(meant, request_)


def test_the_sender_is_known_by_any_of_its_names() -> None:
    assert [sender_of({name: "alice"}) for name in ("from", "sender", "name")] == ["alice"] * 3
    assert sender_of({"user": "alice"}) is None
    assert sender_of({"body": JOIN}) == "alice"


def test_the_played_server_answers_what_was_meant_with_the_id_that_came() -> None:
    assert in_standard_form({"id": 3, "action": "x"}, JOIN) == {**JOIN, "id": 3}
    assert in_standard_form({"action": "x"}, JOIN) == JOIN
