"""What a client knows of the chat, learnt from the messages that came: groups, people, what is unread."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tchat_client import near_forms
from tchat_client.incoming import Notice
from tchat_protocol.framing import BadInput, Message
from tchat_protocol.messages import is_valid
from tchat_protocol.names import normal

_USER_FIELDS = ("from", "sender", "name", "sender-name", "to", "dest", "owner")

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(slots=True)
class _Group:
    members: set[str] = field(default_factory=set)
    owner: str | None = None
    last_seq: int = 0
    unread: int = 0


class Known:
    """What one user knows: it learns from every message, in the protocol's form or near it, and never fails.

    Names are kept in normal form (I-NAME-2) and may hold characters that act on a terminal: whoever shows them
    cleans them first.
    """

    def __init__(self, name: str) -> None:
        self.name = normal(name)
        self.users: set[str] = set()
        """Everyone heard of, the user too once the server has named it."""
        self.online: set[str] = set()
        """Those who are online as far as is known."""
        self.joined: set[str] = set()
        """The groups in which the user is, as far as is known."""
        self.correspondent: str | None = None
        """Who wrote to the user alone last."""
        self.last_ts = ""
        """The time of the newest message, by the server's clock (A-TS-1); empty if none had one."""
        self._groups: dict[str, _Group] = {}
        self._current: str | None = None

    @property
    def groups(self) -> set[str]:
        """Every group heard of, joined or not."""
        return set(self._groups)

    @property
    def current(self) -> str | None:
        """The group to which plain text goes; the one created or joined last, unless it was chosen or left."""
        return self._current

    @current.setter
    def current(self, group: str | None) -> None:
        self._current = None if group is None else normal(group)
        if group is not None:
            self.read(group)

    def members(self, group: str) -> set[str]:
        """Return the members of a group as far as they are known."""
        return set(self._of(group).members)

    def owner(self, group: str) -> str | None:
        """Return who owns a group, as far as it is known."""
        return self._of(group).owner

    def last_seq(self, group: str) -> int:
        """Return the highest ``seq`` seen of a group (A-SEQ-1); 0 if none was."""
        return self._of(group).last_seq

    def unread(self, group: str) -> int:
        """Return how many posts of others came in a group since it was read; those of the current one are read."""
        return self._of(group).unread

    def read(self, group: str) -> None:
        """Take everything in a group as read."""
        self._group(group).unread = 0

    def listed(self, message: Message) -> set[str]:
        """Learn from a server-groups, and return the groups that it lists."""
        self.learn(message)
        return _names(each.get("group") if isinstance(each, dict) else each for each in _listed(message, "groups"))

    def learn(self, content: Message | BadInput | Notice) -> None:
        """Take from a message what it says; what is no message says nothing."""
        if not isinstance(content, dict):
            return
        self.users |= _names(content.get(each) for each in _USER_FIELDS)
        self.last_ts = max(self.last_ts, _time(content.get("ts")))
        group = _name(content.get("group"))
        if group:
            self._group(group)
        lesson = _LESSONS.get(near_forms.standard_action(content) or "")
        if lesson:
            lesson(self, content, group)
        if group:
            self._seen(group, content.get("seq"))

    def _of(self, group: str) -> _Group:
        return self._groups.get(normal(group)) or _Group()

    def _group(self, group: str) -> _Group:
        return self._groups.setdefault(normal(group), _Group())

    def _seen(self, group: str, seq: Any) -> None:
        known = self._group(group)
        known.last_seq = max(known.last_seq, _number(seq))

    def _comes_in(self, message: Message, group: str | None) -> None:
        who = _who(message)
        if group is None or who is None:
            return
        known = self._group(group)
        known.members.add(who)
        if near_forms.standard_action(message) == "server-cgroupe":
            known.owner = who
        known.owner = _name(message.get("owner")) or known.owner
        if who == self.name:
            self.joined.add(group)
            self.current = group

    def _leaves(self, message: Message, group: str | None) -> None:
        self._goes(_who(message), group)
        if group is not None:
            self._group(group).owner = _name(message.get("owner")) or self._group(group).owner

    def _is_put_out(self, message: Message, group: str | None) -> None:
        self._goes(_name(message.get("dest", self.name)), group)  # some tell only whom it is about

    def _goes(self, who: str | None, group: str | None) -> None:
        if group is None or who is None:
            return
        self._group(group).members.discard(who)
        if who == self.name:
            self.joined.discard(group)
            self.read(group)
            if self._current == group:
                self._current = None

    def _posts(self, message: Message, group: str | None) -> None:
        who = _who(message)
        if group is None or who is None or 0 < _number(message.get("seq")) <= self.last_seq(group):
            return
        self.joined.add(group)  # only members get it (G-POST-2)
        if group != self._current and who != self.name:
            self._group(group).unread += 1

    def _has_members(self, message: Message, group: str | None) -> None:
        members = _names(_listed(message, "members"))
        self.users |= members
        if group is None:
            return
        self._group(group).members = members
        self._group(group).owner = _name(message.get("owner"))
        (self.joined.add if self.name in members else self.joined.discard)(group)
        online = message.get("online")
        if isinstance(online, list):
            self.online = (self.online - members) | _names(online)

    def _has_groups(self, message: Message, _: str | None) -> None:
        for each in _listed(message, "groups"):
            item = each if isinstance(each, dict) else {"group": each}
            group = _name(item.get("group"))
            if group:
                self._group(group).owner = _name(item.get("owner")) or self._group(group).owner
                self.users |= _names([item.get("owner")])

    def _has_clients(self, message: Message, _: str | None) -> None:
        self.online = _names(_listed(message, "clients"))
        self.users |= self.online

    def _has_posts(self, message: Message, group: str | None) -> None:
        self._has_items(_listed(message, "messages"), group)

    def _has_events(self, message: Message, group: str | None) -> None:
        self._has_items(_listed(message, "events"), group)

    def _has_items(self, items: list[Any], group: str | None) -> None:
        for each in items:
            if isinstance(each, dict):
                self.users |= _names(each.get(field) for field in _USER_FIELDS)
                if group:
                    self._seen(group, each.get("seq"))

    def _comes_or_goes(self, message: Message, _: str | None) -> None:
        who = _who(message)
        if who is not None:
            (self.online.add if message.get("online") else self.online.discard)(who)

    def _writes(self, message: Message, _: str | None) -> None:
        who = _who(message)
        if who is not None and who != self.name:
            self.correspondent = who


def _who(message: Mapping[str, Any]) -> str | None:
    try:
        return _name(near_forms.find(message, "who")[1])
    except near_forms.Unreadable:
        return None


def _listed(message: Mapping[str, Any], of: str) -> list[Any]:
    try:
        return list(near_forms.find(message, of, list)[1])
    except near_forms.Unreadable:
        return []


def _number(value: Any) -> int:
    return value if type(value) is int else 0  # true and false are no numbers


def _time(value: Any) -> str:
    return value if isinstance(value, str) and _TIME.fullmatch(value) else ""


def _name(value: Any) -> str | None:
    """Return a legal name in normal form (I-NAME-1); None for anything else, such as a sentence in its place."""
    legal = isinstance(value, str) and is_valid("requests", {"action": "join", "sender": value, "group": value})
    return normal(value) if legal else None


def _names(values: Iterable[Any]) -> set[str]:
    return {name for value in values if (name := _name(value)) is not None}


_LESSONS: Mapping[str, Callable[[Known, Message, str | None], None]] = {
    "server-cgroupe": Known._comes_in,  # noqa: SLF001 - the table of this class
    "server-join": Known._comes_in,  # noqa: SLF001
    "server-leave": Known._leaves,  # noqa: SLF001
    "server-kick": Known._is_put_out,  # noqa: SLF001
    "server-ban": Known._is_put_out,  # noqa: SLF001
    "server-gbroadcast": Known._posts,  # noqa: SLF001
    "server-members": Known._has_members,  # noqa: SLF001
    "server-groups": Known._has_groups,  # noqa: SLF001
    "server-list-clients": Known._has_clients,  # noqa: SLF001
    "server-msgs": Known._has_posts,  # noqa: SLF001
    "server-states": Known._has_events,  # noqa: SLF001
    "server-presence": Known._comes_or_goes,  # noqa: SLF001
    "server-send": Known._writes,  # noqa: SLF001
}
