"""Random users and requests: the rules, the state and the store against the plain model."""

import copy
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis.stateful import initialize, invariant

from server.room_rules import USERS, RoomRules
from tchat_protocol.errors import Refusal
from tchat_protocol.messages import check_answer, parse_request
from tchat_server import rooms
from tchat_server.changes import UserSeen
from tchat_server.outcome import Outcome, Page
from tchat_server.pages import fill
from tchat_server.state import State
from tchat_server.store import Store

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TS = "2026-11-23T09:30:00.000Z"


class Rooms(RoomRules):
    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.store = Store(":memory:")

    @initialize()
    def know_the_users(self) -> None:
        self.perform(tuple(UserSeen(name) for name in USERS))

    def perform(self, changes: Any) -> None:
        for change in changes:
            change.apply(self.state)
        self.store.commit(changes)

    def check(self, expected: str | None, action: str, sender: str, **fields: Any) -> None:
        before = copy.deepcopy(self.state)
        outcome = self.decide(action, sender, **fields)
        assert self.state == before, "deciding changes nothing"
        if isinstance(outcome, Refusal):
            assert outcome.code == expected
            return
        assert expected is None
        self.perform(outcome.changes)
        assert isinstance(outcome.answer, dict)
        self.check_answer(outcome, fields, before)

    def decide(self, action: str, sender: str, **fields: Any) -> Outcome | Refusal:
        try:
            return rooms.decide(self.state, parse_request({"action": action, "sender": sender, **fields}), NOW)
        except Refusal as refusal:
            return refusal

    def check_answer(self, outcome: Outcome, fields: dict[str, Any], before: State) -> None:
        answer = outcome.answer
        assert isinstance(answer, dict)
        check_answer(answer)
        group = self.state.groups[answer["group"]]
        old = before.groups.get(group.name)
        assert answer["seq"] == len(self.model.groups[group.name].log)
        expected = {*group.members, *(old.members if old else ())}
        expected |= {fields["dest"]} & set(USERS) if "dest" in fields else set()
        assert {*outcome.audience, answer["sender"]} == expected

    def check_page(self, expected: str | None, action: str, sender: str, **fields: Any) -> None:
        outcome = self.decide(action, sender, **fields)
        if isinstance(outcome, Refusal):
            assert outcome.code == expected
            return
        assert expected is None
        assert isinstance(outcome.answer, Page)
        answer = fill(outcome.answer, self.store.history(outcome.answer), None)
        check_answer(answer)
        items, more = self.expected_page(action, **fields)
        assert answer["messages" if action == "msgs" else "events"] == [item | {"ts": TS} for item in items]
        assert answer["more"] == more

    def check_groups(self, sender: str, visible: set[str]) -> None:
        outcome = rooms.decide(self.state, parse_request({"action": "groups", "name": sender}), NOW)
        assert isinstance(outcome.answer, dict)
        assert {row["group"] for row in outcome.answer["groups"]} == visible

    @invariant()
    def groups_are_as_in_the_model(self) -> None:
        assert set(self.state.groups) == set(self.model.groups)
        for name, group in self.state.groups.items():
            expected = self.model.groups[name]
            assert (group.private, group.owner) == (expected.private, expected.owner)
            assert list(group.members) == expected.members
            assert (group.invited, group.banned) == (expected.invited, expected.banned)
            assert group.seq == len(expected.log)
            assert group.owner in group.members if group.members else group.owner is None
            assert not group.banned & {*group.members, *group.invited}
            assert not group.invited & {*group.members}

    @invariant()
    def what_is_stored_is_what_is_known(self) -> None:
        loaded_users, loaded_groups = self.store.load()
        assert (loaded_users, loaded_groups) == (self.state.users, self.state.groups)
        for name, group in loaded_groups.items():
            assert list(group.members) == list(self.state.groups[name].members)

    def teardown(self) -> None:
        assert self.store._db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert self.store._value("PRAGMA integrity_check") == "ok"
        self.store.close()


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
