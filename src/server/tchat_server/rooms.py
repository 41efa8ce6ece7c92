"""The rules of the chat: what each request does to users and groups. Pure: no I/O, no clock.

``decide`` reads the state and returns an Outcome or raises Refusal; it changes nothing itself. Each handler
checks in the order of its section of PROTOCOL.md (E-ORDER-1).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.messages import Request
from tchat_protocol.values import Value
from tchat_server.changes import (
    BroadcastSent,
    Change,
    EventLogged,
    GroupCreated,
    InvitationEnded,
    InvitationMade,
    MemberAdded,
    MemberRemoved,
    MessagePosted,
    OwnerChanged,
    PrivateMessageSent,
    UserBanned,
    UserUnbanned,
)
from tchat_server.outcome import Message, Outcome, Page
from tchat_server.state import Group, State

VERSION = "1.0"
DEFAULT_LIMIT = 100


class Ask(Value, frozen=True):
    """A request in front of the state it meets."""

    state: State
    action: str
    sender: str
    fields: Mapping[str, Any]
    ts: str

    @property
    def dest(self) -> str:
        """Whom the request is about."""
        dest: str = self.fields["dest"]
        return dest


def decide(state: State, request: Request, now: datetime) -> Outcome:
    """Return what an admitted request does, or raise Refusal; ``now`` is an aware time in UTC (A-TS-1)."""
    ask = Ask(state, request.action, request.sender or "", request.fields, _stamp(now))
    in_group = _IN_GROUP.get(request.action)
    return _OUTSIDE_GROUPS[request.action](ask) if in_group is None else in_group(ask, _group(ask))


@lru_cache(maxsize=1)
def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def presence(name: str, *, online: bool) -> Message:
    """Return the message that tells everyone else that a user came or went (B-PRES-1, B-PRES-2)."""
    return {"action": "server-presence", "from": name, "online": online}


# The base layer


def _hello(ask: Ask) -> Outcome:
    welcome = f"Welcome, {ask.sender}."
    features = list(ask.state.features)
    return Outcome(
        {"action": "server-hello", "from": ask.sender, "msg": welcome, "version": VERSION, "features": features}
    )


def _send(ask: Ask) -> Outcome:
    dest, msg = ask.fields["to"], ask.fields["msg"]
    _refuse_unknown_user(ask, dest)
    answer = {"action": "server-send", "from": ask.sender, "to": dest, "msg": msg, "ts": ask.ts}
    sent = PrivateMessageSent(ask.sender, dest, msg, ask.ts, delivered=dest in ask.state.online)
    return Outcome(answer, (dest,), (sent,))


def _broadcast(ask: Ask) -> Outcome:
    msg = ask.fields["msg"]
    answer = {"action": "server-broadcast", "from": ask.sender, "msg": msg, "ts": ask.ts}
    return Outcome(answer, tuple(ask.state.online), (BroadcastSent(ask.sender, msg, ask.ts),))


def _list_clients(ask: Ask) -> Outcome:
    return Outcome({"action": "server-list-clients", "clients": list(ask.state.online)})


def _quit(ask: Ask) -> Outcome:
    return Outcome({"action": "server-quit", "from": ask.sender}, closes=True)


def _client_error(_ask: Ask) -> Outcome:
    return Outcome(None, closes=True)


# Groups


def _create(ask: Ask) -> Outcome:
    name, private = ask.fields["group"], ask.fields.get("private", False)
    if name in ask.state.groups:
        raise Refusal(ErrorCode.GROUP_EXISTS, f"There is a group {name} already.")
    if _owns_too_much(ask):
        most = f"{ask.state.max_groups} groups"
        raise Refusal(ErrorCode.STORAGE_FULL, f"{ask.sender} owns {most}, the most that this server keeps for a user.")
    founding = GroupCreated(name, private), OwnerChanged(name, ask.sender), MemberAdded(name, ask.sender)
    stated = Ask(ask.state, ask.action, ask.sender, {"private": private}, ask.ts)
    return _event(stated, Group(name, private), (), founding)


def _owns_too_much(ask: Ask) -> bool:
    most, groups = ask.state.max_groups, ask.state.groups
    if not most or len(groups) < most:
        return False
    return sum(each.owner == ask.sender for each in groups.values()) >= most


def _groups(ask: Ask) -> Outcome:
    rows = [
        {"group": each.name, "private": each.private, "owner": each.owner, "members": len(each.members)}
        for each in ask.state.groups.values()
        if not each.private or ask.sender in each.members or ask.sender in each.invited
    ]
    return Outcome({"action": "server-groups", "groups": rows})


def _join(ask: Ask, group: Group) -> Outcome:
    if ask.sender in group.members:
        raise Refusal(ErrorCode.ALREADY_MEMBER, f"{ask.sender} is a member of {group.name} already.")
    if group.private and ask.sender not in group.invited:
        raise Refusal(ErrorCode.NOT_INVITED, f"{ask.sender} has no invitation to {group.name}.")
    changes: list[Change] = [MemberAdded(group.name, ask.sender)]
    if ask.sender in group.invited:
        changes.append(InvitationEnded(group.name, ask.sender))
    owner = None if group.members else ask.sender
    if owner is not None:
        changes.append(OwnerChanged(group.name, owner))
    return _event(ask, group, tuple(group.members), changes, owner=owner)


def _post(ask: Ask, group: Group) -> Outcome:
    _refuse_non_member(group, ask.sender)
    name, seq, sender, msg, ts = group.name, group.seq + 1, ask.sender, ask.fields["msg"], ask.ts
    answer = {"action": "server-gbroadcast", "sender": sender, "group": name, "msg": msg, "ts": ts, "seq": seq}
    return Outcome(answer, group.everyone(), (MessagePosted(name, seq, sender, msg, ts),))


def _members(ask: Ask, group: Group) -> Outcome:
    _refuse_reader(ask, group)
    answer = {"action": "server-members", "group": group.name, "private": group.private, "owner": group.owner}
    online = [name for name in group.members if name in ask.state.online]
    return Outcome(answer | {"members": list(group.members), "online": online})


def _msgs(ask: Ask, group: Group) -> Outcome:
    return _page("server-msgs", ask, group)


def _states(ask: Ask, group: Group) -> Outcome:
    return _page("server-states", ask, group)


def _leave(ask: Ask, group: Group) -> Outcome:
    _refuse_non_member(group, ask.sender)
    changes: list[Change] = [MemberRemoved(group.name, ask.sender)]
    heir = None
    if ask.sender == group.owner:
        heir = next((name for name in group.members if name != ask.sender), None)
        changes.append(OwnerChanged(group.name, heir))
    return _event(ask, group, tuple(group.members), changes, owner=heir)


def _invite(ask: Ask, group: Group) -> Outcome:
    _refuse_non_member(group, ask.sender)
    _refuse_unknown_user(ask, ask.dest)
    _refuse_banned(group, ask.dest)
    if ask.dest in group.members:
        raise Refusal(ErrorCode.ALREADY_MEMBER, f"{ask.dest} is a member of {group.name} already.")
    made = InvitationMade(group.name, ask.dest, group.seq + 1, told=ask.dest in ask.state.online)
    return _event(ask, group, (*group.members, ask.dest), (made,))


def _kick(ask: Ask, group: Group) -> Outcome:
    _refuse_unless_owner(ask, group)
    _refuse_self(ask)
    _refuse_unknown_user(ask, ask.dest)
    _refuse_non_member(group, ask.dest)
    return _event(ask, group, tuple(group.members), (MemberRemoved(group.name, ask.dest),))


def _ban(ask: Ask, group: Group) -> Outcome:
    _refuse_unless_owner(ask, group)
    _refuse_self(ask)
    _refuse_unknown_user(ask, ask.dest)
    if ask.dest in group.banned:
        raise Refusal(ErrorCode.ALREADY_BANNED, f"{ask.dest} is banned from {group.name} already.")
    changes: list[Change] = [UserBanned(group.name, ask.dest)]
    if ask.dest in group.members:
        changes.append(MemberRemoved(group.name, ask.dest))
    if ask.dest in group.invited:
        changes.append(InvitationEnded(group.name, ask.dest))
    return _event(ask, group, tuple({**group.members, ask.dest: None}), changes)


def _unban(ask: Ask, group: Group) -> Outcome:
    _refuse_unless_owner(ask, group)
    _refuse_unknown_user(ask, ask.dest)
    if ask.dest not in group.banned:
        raise Refusal(ErrorCode.NOT_BANNED, f"{ask.dest} is not banned from {group.name}.")
    return _event(ask, group, (*group.members, ask.dest), (UserUnbanned(group.name, ask.dest),))


# What the handlers share


def _group(ask: Ask) -> Group:
    """Return the group a request is about, with the two checks that come first everywhere (E-ORDER-2)."""
    group = ask.state.groups.get(ask.fields["group"])
    if group is None:
        raise Refusal(ErrorCode.UNKNOWN_GROUP, f"There is no group {ask.fields['group']}.")
    _refuse_banned(group, ask.sender)
    return group


def _event(
    ask: Ask,
    group: Group,
    audience: tuple[str, ...],
    changes: Iterable[Change],
    owner: str | None = None,
) -> Outcome:
    """Return the outcome of a request that is an event of the group: told to its audience, and logged.

    ``owner`` is the user that the event makes the owner, where it does.
    """
    seq = group.seq + 1
    about = {field: ask.fields[field] for field in _EVENT_FIELDS.get(ask.action, ())}
    log = EventLogged(group.name, seq, ask.action, ask.sender, ask.ts, **about, owner=owner)
    answer: Message = {"action": f"server-{ask.action}", "sender": ask.sender, "group": group.name, **about}
    passed_on = {} if owner is None else {"owner": owner}
    return Outcome(answer | {"ts": ask.ts, "seq": seq} | passed_on, audience, (*changes, log))


def _page(action: Literal["server-msgs", "server-states"], ask: Ask, group: Group) -> Outcome:
    _refuse_reader(ask, group)
    before, limit = ask.fields.get("before", group.seq + 1), ask.fields.get("limit", DEFAULT_LIMIT)
    return Outcome(Page(action, group.name, before, limit))


def _refuse_banned(group: Group, name: str) -> None:
    if name in group.banned:
        raise Refusal(ErrorCode.BANNED, f"{name} is banned from {group.name}.")


def _refuse_non_member(group: Group, name: str) -> None:
    if name not in group.members:
        raise Refusal(ErrorCode.NOT_MEMBER, f"{name} is not a member of {group.name}.")


def _refuse_reader(ask: Ask, group: Group) -> None:
    if group.private:
        _refuse_non_member(group, ask.sender)


def _refuse_unless_owner(ask: Ask, group: Group) -> None:
    if ask.sender != group.owner:
        raise Refusal(ErrorCode.NOT_OWNER, f"Only the owner of {group.name} may {ask.action} somebody.")


def _refuse_self(ask: Ask) -> None:
    if ask.dest == ask.sender:
        raise Refusal(ErrorCode.SELF_TARGET, f"The owner cannot {ask.action} itself; it can leave.")


def _refuse_unknown_user(ask: Ask, name: str) -> None:
    if name not in ask.state.users:
        raise Refusal(ErrorCode.UNKNOWN_USER, f"There is no user {name}.")


_EVENT_FIELDS = {
    "cgroupe": ("private",),
    "invite": ("dest",),
    "kick": ("dest", "reason"),
    "ban": ("dest", "reason"),
    "unban": ("dest",),
}

_OUTSIDE_GROUPS: dict[str, Callable[[Ask], Outcome]] = {
    "client-hello": _hello,
    "client-send": _send,
    "client-broadcast": _broadcast,
    "client-list-clients": _list_clients,
    "client-quit": _quit,
    "client-error": _client_error,
    "cgroupe": _create,
    "groups": _groups,
}

_IN_GROUP: dict[str, Callable[[Ask, Group], Outcome]] = {
    "join": _join,
    "gbroadcast": _post,
    "members": _members,
    "msgs": _msgs,
    "leave": _leave,
    "invite": _invite,
    "kick": _kick,
    "ban": _ban,
    "unban": _unban,
    "states": _states,
}
