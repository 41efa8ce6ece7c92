"""The rules once more, told plainly from PROTOCOL.md, for the server's to be compared with."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ModelGroup:
    private: bool
    owner: str | None
    members: list[str] = field(default_factory=list)
    invited: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    log: list[dict[str, Any]] = field(default_factory=list)


class Model:
    """Groups as dictionaries and lists; every request returns an error code, or None and has been done."""

    def __init__(self, users: set[str]) -> None:
        self.users = users
        self.groups: dict[str, ModelGroup] = {}

    def cgroupe(self, sender: str, group: str, private: bool) -> str | None:
        if group in self.groups:
            return "group-exists"
        self.groups[group] = ModelGroup(private, sender, [sender])
        return self._log(group, event="cgroupe", sender=sender, private=private)

    def join(self, sender: str, group: str) -> str | None:
        if refusal := self._shut_out(sender, group):
            return refusal
        g = self.groups[group]
        if sender in g.members:
            return "already-member"
        if g.private and sender not in g.invited:
            return "not-invited"
        g.invited -= {sender}
        passed = {} if g.members else {"owner": sender}
        g.owner = passed.get("owner", g.owner)
        g.members.append(sender)
        return self._log(group, event="join", sender=sender, **passed)

    def leave(self, sender: str, group: str) -> str | None:
        if refusal := self._shut_out(sender, group):
            return refusal
        g = self.groups[group]
        if sender not in g.members:
            return "not-member"
        g.members.remove(sender)
        passed = {}
        if g.owner == sender:
            g.owner = g.members[0] if g.members else None
            passed = {"owner": g.owner} if g.owner else {}
        return self._log(group, event="leave", sender=sender, **passed)

    def gbroadcast(self, sender: str, group: str, msg: str) -> str | None:
        if refusal := self._shut_out(sender, group):
            return refusal
        g = self.groups[group]
        if sender not in g.members:
            return "not-member"
        return self._log(group, sender=sender, msg=msg)

    def invite(self, sender: str, group: str, dest: str) -> str | None:
        if refusal := self._shut_out(sender, group):
            return refusal
        g = self.groups[group]
        if sender not in g.members:
            return "not-member"
        if dest not in self.users:
            return "unknown-user"
        if dest in g.banned:
            return "banned"
        if dest in g.members:
            return "already-member"
        g.invited.add(dest)
        return self._log(group, event="invite", sender=sender, dest=dest)

    def kick(self, sender: str, group: str, dest: str, reason: str) -> str | None:
        if refusal := self._owner_acts(sender, group, dest, self_allowed=False):
            return refusal
        g = self.groups[group]
        if dest not in g.members:
            return "not-member"
        g.members.remove(dest)
        return self._log(group, event="kick", sender=sender, dest=dest, reason=reason)

    def ban(self, sender: str, group: str, dest: str, reason: str) -> str | None:
        if refusal := self._owner_acts(sender, group, dest, self_allowed=False):
            return refusal
        g = self.groups[group]
        if dest in g.banned:
            return "already-banned"
        g.banned.add(dest)
        g.invited -= {dest}
        if dest in g.members:
            g.members.remove(dest)
        return self._log(group, event="ban", sender=sender, dest=dest, reason=reason)

    def unban(self, sender: str, group: str, dest: str) -> str | None:
        if refusal := self._owner_acts(sender, group, dest, self_allowed=True):
            return refusal
        g = self.groups[group]
        if dest not in g.banned:
            return "not-banned"
        g.banned.remove(dest)
        return self._log(group, event="unban", sender=sender, dest=dest)

    def may_read(self, sender: str, group: str) -> str | None:
        if refusal := self._shut_out(sender, group):
            return refusal
        g = self.groups[group]
        return "not-member" if g.private and sender not in g.members else None

    def _owner_acts(self, sender: str, group: str, dest: str, *, self_allowed: bool) -> str | None:
        if refusal := self._shut_out(sender, group):
            return refusal
        g = self.groups[group]
        if g.owner != sender:
            return "not-owner"
        if dest == sender and not self_allowed:
            return "self-target"
        return None if dest in self.users else "unknown-user"

    def _shut_out(self, sender: str, group: str) -> str | None:
        if group not in self.groups:
            return "unknown-group"
        return "banned" if sender in self.groups[group].banned else None

    def _log(self, group: str, **item: Any) -> str | None:
        log = self.groups[group].log
        log.append(item | {"seq": len(log) + 1})
        return None
