"""Random users and requests, and what the plain model says that must come of each: for whatever runs the rules."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from server.model import Model

USERS = ["ann", "bob", "cyd", "dan"]

users = st.sampled_from(USERS)
somebody = st.sampled_from([*USERS, "nobody"])
groups = st.sampled_from(["wob", "den"])
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)


class RoomRules(RuleBasedStateMachine):
    """A subclass performs what is asked and compares it with what is expected."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(set(USERS))

    def check(self, expected: str | None, action: str, sender: str, **fields: Any) -> None:
        """Have a request carried out; ``expected`` is the code of its refusal, and the model has done it already."""
        raise NotImplementedError

    def check_page(self, expected: str | None, action: str, sender: str, **fields: Any) -> None:
        """Have a page read and compared with ``expected_page``."""
        raise NotImplementedError

    def check_groups(self, sender: str, visible: set[str]) -> None:
        """Have the groups listed for somebody."""
        raise NotImplementedError

    def expected_page(self, action: str, group: str, limit: int, before: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the items of a page, without times, and whether there are older ones."""
        kept = [item for item in self.model.groups[group].log if ("msg" in item) == (action == "msgs")]
        older = [item for item in kept if item["seq"] < before]
        return older[-limit:], len(older) > limit

    @rule(sender=users, group=groups, private=st.booleans())
    def cgroupe(self, sender: str, group: str, private: bool) -> None:
        expected = self.model.cgroupe(sender, group, private)
        self.check(expected, "cgroupe", sender, group=group, private=private)

    @rule(sender=users, group=groups, action=st.sampled_from(["join", "leave"]))
    def come_or_go(self, sender: str, group: str, action: str) -> None:
        self.check(getattr(self.model, action)(sender, group), action, sender, group=group)

    @rule(sender=users, group=groups, msg=texts)
    def post(self, sender: str, group: str, msg: str) -> None:
        self.check(self.model.gbroadcast(sender, group, msg), "gbroadcast", sender, group=group, msg=msg)

    @rule(sender=users, group=groups, dest=somebody, action=st.sampled_from(["invite", "unban"]))
    def welcome(self, sender: str, group: str, dest: str, action: str) -> None:
        expected = getattr(self.model, action)(sender, group, dest)
        self.check(expected, action, sender, group=group, dest=dest)

    @rule(sender=users, group=groups, dest=somebody, reason=texts, action=st.sampled_from(["kick", "ban"]))
    def exclude(self, sender: str, group: str, dest: str, reason: str, action: str) -> None:
        expected = getattr(self.model, action)(sender, group, dest, reason)
        self.check(expected, action, sender, group=group, dest=dest, reason=reason)

    @rule(
        sender=users,
        group=groups,
        limit=st.integers(1, 4),
        before=st.integers(1, 9),
        action=st.sampled_from(["msgs", "states"]),
    )
    def read(self, sender: str, group: str, limit: int, before: int, action: str) -> None:
        self.check_page(self.model.may_read(sender, group), action, sender, group=group, limit=limit, before=before)

    @rule(sender=users)
    def list_groups(self, sender: str) -> None:
        known = self.model.groups.items()
        self.check_groups(sender, {name for name, g in known if not g.private or sender in {*g.members, *g.invited}})
