"""Rules that cases about other things build on, and whose they are.

A server that does not enforce bans fails at G-BAN-2. A case that looks at who may unban, and comes to a banned user
who can join, has learnt nothing about its own requirement: it is blocked by that rule (see ``runner``), provided that
the cases of G-BAN-2 find the rule broken too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tchat_conform.actions import news, requirement_of_news

OF_GROUP = {
    "join": "G-JOIN-2",
    "gbroadcast": "G-POST-4",
    "members": "G-MEMBERS-3",
    "msgs": "G-MSGS-3",
    "states": "G-STATES-3",
    "leave": "G-LEAVE-3",
    "invite": "G-INVITE-7",
    "kick": "G-KICK-7",
    "ban": "G-BAN-8",
    "unban": "G-UNBAN-5",
}
"""The requirement that says of each request that the group must exist."""

OWNERS = {
    **{(action, "unknown-group"): number for action, number in OF_GROUP.items()},
    **{(action, "banned"): "G-BAN-2" for action in OF_GROUP if action != "invite"},  # which may be about dest
    **{(action, "not-member"): "P-READ-1" for action in ("members", "msgs", "states")},
    ("another action", "unknown-action"): "W-ACTION-1",
    ("client-send", "unknown-user"): "B-SEND-3",
    ("cgroupe", "group-exists"): "G-CREATE-4",
    ("join", "already-member"): "G-JOIN-3",
    ("join", "not-invited"): "P-JOIN-1",
    ("gbroadcast", "not-member"): "G-POST-3",
    ("leave", "not-member"): "G-LEAVE-3",
    ("invite", "not-member"): "G-INVITE-2",
    ("invite", "unknown-user"): "G-INVITE-4",
    ("invite", "already-member"): "G-INVITE-5",
    ("kick", "not-owner"): "G-KICK-4",
    ("kick", "self-target"): "G-KICK-5",
    ("kick", "not-member"): "G-KICK-6",
    ("kick", "unknown-user"): "G-KICK-6",
    ("ban", "already-banned"): "G-BAN-5",
    ("ban", "not-owner"): "G-BAN-6",
    ("ban", "self-target"): "G-BAN-7",
    ("ban", "unknown-user"): "G-BAN-8",
    ("unban", "not-owner"): "G-UNBAN-3",
    ("unban", "not-banned"): "G-UNBAN-4",
    ("unban", "unknown-user"): "G-UNBAN-4",
}
"""The requirement that says that an action is refused with a code."""

SAYS_IT_TOO = {
    "B-PRES-2": frozenset({"W-VANISH-1"}),
    "B-SEND-1": frozenset({"B-SEND-4"}),
    "G-KICK-4": frozenset({"G-CREATE-2", "G-LEAVE-4", "G-LEAVE-6"}),
    "G-MSGS-1": frozenset({"G-MSGS-2", "H-AWAY-2", "H-RESTART-1"}),
    "G-POST-1": frozenset({"G-JOIN-1"}),
    "G-STATES-1": frozenset({"H-RESTART-2"}),
    "G-POST-2": frozenset({"G-LEAVE-2", "G-KICK-2", "G-BAN-3", "P-POST-1"}),
    "G-POST-3": frozenset({"P-POST-1"}),
    "P-JOIN-1": frozenset({"P-CREATE-1", "P-JOIN-3", "P-JOIN-4", "P-JOIN-5", "P-EMPTY-1"}),
    "P-READ-1": frozenset({"P-CREATE-1"}),
}
"""Requirements that are broken along with another one: they demand the same in a situation of their own."""

SECRETS = {"gbroadcast": "G-POST-2", "client-send": "B-SEND-1"}
ABOUT_ALL = "I-TLS-"
"""How the numbers of the requirements begin that say that everything else holds, in a situation of their own."""
LOGS = {"msgs": "G-MSGS-1", "states": "G-STATES-1"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that servers must do, in words, and the requirement that says so.

    ``always`` says that it counts as broken only if no case of its requirement passes.
    """

    words: str
    owner: str
    always: bool = False

    def excuses(self, requirement: str) -> bool:
        """Tell whether a case about this requirement has learnt nothing where the rule is broken."""
        if requirement.startswith(ABOUT_ALL):
            return False
        return requirement != self.owner and requirement not in SAYS_IT_TOO.get(self.owner, ())


def refusal(action: str, code: str) -> Rule | None:
    """Return the rule that an action is refused with a code; None where that is not one requirement's alone."""
    owner = OWNERS.get((action, code))
    return None if owner is None else Rule(f"a refusal of {action} with {code}", owner)


def hearing(action: str, fields: Mapping[str, object], hearer: str, *, outsider: bool) -> Rule | None:
    """Return the rule that somebody hears of something: the one it is about, be it an ``outsider``, or the others."""
    owner = requirement_of_news(action, fields)
    if owner is None:
        return None
    if fields.get("dest") != hearer:
        return Rule(news(action), owner)
    if action == "server-ban" and outsider:
        return Rule(f"{action} to an outsider whom it is about", "G-BAN-4")
    return Rule(f"{action} to whom it is about", owner)


def acceptance(action: str, *, outsider: bool) -> Rule | None:
    """Return the rule that a request about an ``outsider`` is accepted, where that is a requirement of its own."""
    return Rule("a ban of an outsider", "G-BAN-4") if action == "ban" and outsider else None


def secrecy(action: str | None) -> Rule | None:
    """Return the rule that what is said by an action reaches nobody but those whom it is for, where there is one."""
    owner = SECRETS.get(action or "")
    return None if owner is None else Rule(f"{action} to nobody else", owner)


def content(action: str) -> Rule:
    """Return the rule that a history or a log holds what happened."""
    return Rule(f"what {action} holds", LOGS[action], always=True)
