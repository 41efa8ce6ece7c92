"""Faults in the rules: a check that is missing, an effect that does not happen."""

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from conform.mutants.registry import mutant
from conform.mutants.tools import first, handles, last, never_checks, turns_out, without_change
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_server import changes, rooms
from tchat_server.outcome import Outcome
from tchat_server.state import Group


@mutant("G-POST-3", "G-LEAVE-3", "G-INVITE-2", "P-READ-1", "P-POST-1", "G-KICK-6")
def never_asks_for_membership(patch: pytest.MonkeyPatch) -> None:
    """Anybody posts, leaves, invites and reads."""
    never_checks(patch, "_refuse_non_member")


@mutant("G-BAN-2", "G-INVITE-6", "E-ORDER-2")
def never_enforces_bans(patch: pytest.MonkeyPatch) -> None:
    """A ban is noted and has no effect."""
    never_checks(patch, "_refuse_banned")


@mutant("P-READ-1")
def lets_outsiders_read(patch: pytest.MonkeyPatch) -> None:
    """Anybody reads a private group."""
    never_checks(patch, "_refuse_reader")


@mutant("G-MEMBERS-2", "G-MSGS-2", "G-STATES-2")
def lets_members_alone_read(patch: pytest.MonkeyPatch) -> None:
    """A public group is read by its members alone."""
    patch.setattr(rooms, "_refuse_reader", lambda ask, group: rooms._refuse_non_member(group, ask.sender))


@mutant("G-KICK-4", "G-BAN-6", "G-UNBAN-3")
def lets_anybody_moderate(patch: pytest.MonkeyPatch) -> None:
    """Anybody kicks, bans and unbans."""
    never_checks(patch, "_refuse_unless_owner")


@mutant("G-KICK-5", "G-BAN-7")
def lets_the_owner_hit_itself(patch: pytest.MonkeyPatch) -> None:
    """The owner may kick and ban itself."""
    never_checks(patch, "_refuse_self")


@mutant("G-INVITE-4", "G-KICK-6", "G-BAN-8", "G-UNBAN-4", "B-SEND-3")
def never_misses_a_user(patch: pytest.MonkeyPatch) -> None:
    """A user nobody has seen is taken for one that is offline."""
    never_checks(patch, "_refuse_unknown_user")


@mutant("G-JOIN-2", "G-POST-4", "G-MEMBERS-3", "G-MSGS-3", "G-STATES-3", "G-LEAVE-3", "G-INVITE-7", "G-KICK-7")
def names_a_missing_group_otherwise(patch: pytest.MonkeyPatch) -> None:
    """A missing group is not-member, whatever is asked of it."""
    find = rooms._group

    def found(ask: Any) -> Group:
        try:
            return find(ask)
        except Refusal as refusal:
            if refusal.code is ErrorCode.UNKNOWN_GROUP:
                raise Refusal(ErrorCode.NOT_MEMBER, "You are no member.") from refusal
            raise

    patch.setattr(rooms, "_group", found)


@mutant("G-JOIN-2", "G-POST-4", "G-MEMBERS-3", "G-MSGS-3", "G-STATES-3", "G-UNBAN-5", "G-BAN-8", "G-KICK-7")
def makes_up_missing_groups(patch: pytest.MonkeyPatch) -> None:
    """A group that does not exist is made on the spot."""
    find = rooms._group

    def found(ask: Any) -> Group:
        name = ask.fields["group"]
        if name not in ask.state.groups:
            ask.state.groups[name] = Group(name, private=False, owner=ask.sender, members={ask.sender: None})
        return find(ask)

    patch.setattr(rooms, "_group", found)


@mutant("E-ORDER-2")
def looks_for_bans_last(patch: pytest.MonkeyPatch) -> None:
    """A banned requester is told of everything else first."""
    check = rooms._refuse_banned

    def group(ask: Any) -> Group:
        found = ask.state.groups.get(ask.fields["group"])
        if found is None:
            raise Refusal(ErrorCode.UNKNOWN_GROUP, "There is no such group.")
        return found  # type: ignore[no-any-return]

    patch.setattr(rooms, "_group", group)
    for action in rooms._IN_GROUP:
        last(patch, action, lambda ask, group: check(group, ask.sender))


@mutant("G-CREATE-4")
def creates_over_an_existing_group(patch: pytest.MonkeyPatch) -> None:
    """A second cgroupe of a name is acknowledged and changes nothing."""

    def create(handler: Any) -> Any:
        def created(ask: Any) -> Outcome:
            try:
                return handler(ask)  # type: ignore[no-any-return]
            except Refusal:
                group = ask.state.groups[ask.fields["group"]]
                fields = {"sender": ask.sender, "group": group.name, "private": group.private}
                return Outcome({"action": "server-cgroupe", **fields, "ts": ask.ts, "seq": group.seq + 1})

        return created

    handles(patch, "cgroupe", create)


@mutant("G-LEAVE-5")
def gives_away_names_of_empty_groups(patch: pytest.MonkeyPatch) -> None:
    """A group without members is forgotten when somebody looks for it."""
    find = rooms._group

    def found(ask: Any) -> Group:
        group = find(ask)
        if not group.members:
            raise Refusal(ErrorCode.UNKNOWN_GROUP, "There is no such group.")
        return group

    patch.setattr(rooms, "_group", found)
    turns_out(patch, "groups", lambda outcome, _: replace(outcome, answer=_without_empty(outcome.answer)))


def _without_empty(answer: Any) -> Any:
    return answer | {"groups": [row for row in answer["groups"] if row["members"]]}


@mutant("G-CREATE-4")
def forgets_empty_groups_when_creating(patch: pytest.MonkeyPatch) -> None:
    """The name of a group without members can be taken by a new group."""

    def create(handler: Any) -> Any:
        def created(ask: Any) -> Outcome:
            group = ask.state.groups.get(ask.fields["group"])
            if group is not None and not group.members:
                return rooms._join(ask, group)
            return handler(ask)  # type: ignore[no-any-return]

        return created

    handles(patch, "cgroupe", create)


@mutant("G-CREATE-4")
def hides_private_names_when_creating(patch: pytest.MonkeyPatch) -> None:
    """The name of a private group is refused with another code."""

    def create(handler: Any) -> Any:
        def created(ask: Any) -> Outcome:
            group = ask.state.groups.get(ask.fields["group"])
            if group is not None and group.private:
                raise Refusal(ErrorCode.NOT_MEMBER, "This is not for you.")
            return handler(ask)  # type: ignore[no-any-return]

        return created

    handles(patch, "cgroupe", create)


@mutant("G-CREATE-2")
def founds_without_owner(patch: pytest.MonkeyPatch) -> None:
    """Who creates a group is a member and does not own it."""
    without_change(patch, "cgroupe", changes.OwnerChanged)


@mutant("G-CREATE-2")
def founds_without_member(patch: pytest.MonkeyPatch) -> None:
    """Who creates a group is not its member."""
    without_change(patch, "cgroupe", changes.MemberAdded)


@mutant("G-CREATE-3")
def founds_private_groups_only(patch: pytest.MonkeyPatch) -> None:
    """A group is private unless it says that it is public."""
    handles(
        patch,
        "cgroupe",
        lambda handler: lambda ask: handler(replace(ask, fields={"private": True, **ask.fields})),
    )


@mutant("P-CREATE-1", "P-JOIN-1", "P-READ-1", "P-LIST-1")
def founds_public_groups_only(patch: pytest.MonkeyPatch) -> None:
    """private is ignored."""
    handles(
        patch,
        "cgroupe",
        lambda handler: lambda ask: handler(replace(ask, fields={**ask.fields, "private": False})),
    )


@mutant("G-JOIN-1")
def joins_in_word_only(patch: pytest.MonkeyPatch) -> None:
    """A join is acknowledged, and has no effect."""
    without_change(patch, "join", changes.MemberAdded)


@mutant("G-JOIN-3")
def lets_members_join_again(patch: pytest.MonkeyPatch) -> None:
    """A member that joins again is acknowledged."""

    def join(handler: Any) -> Any:
        def joined(ask: Any, group: Group) -> Outcome:
            if ask.sender in group.members:
                return rooms._event(ask, group, tuple(group.members), ())
            return handler(ask, group)  # type: ignore[no-any-return]

        return joined

    handles(patch, "join", join)


@mutant("P-JOIN-1", "P-JOIN-3", "P-JOIN-4", "P-JOIN-5", "P-EMPTY-1")
def opens_private_groups(patch: pytest.MonkeyPatch) -> None:
    """Anybody joins a private group."""
    handles(
        patch,
        "join",
        lambda handler: lambda ask, group: handler(ask, _as_if(group, invited={ask.sender, *group.invited})),
    )


@mutant("P-JOIN-2", "P-EMPTY-1")
def closes_private_groups(patch: pytest.MonkeyPatch) -> None:
    """Nobody joins a private group, invited or not."""
    handles(patch, "join", lambda handler: lambda ask, group: handler(ask, _as_if(group, invited=set())))


def _as_if(group: Group, **other: Any) -> Group:
    return dataclasses.replace(group, **other)


@mutant("P-JOIN-3", "P-JOIN-5")
def keeps_used_invitations(patch: pytest.MonkeyPatch) -> None:
    """An invitation stays open after it was used."""
    without_change(patch, "join", changes.InvitationEnded)


@mutant("P-JOIN-4")
def keeps_invitations_of_the_banned(patch: pytest.MonkeyPatch) -> None:
    """A ban leaves an open invitation open."""
    without_change(patch, "ban", changes.InvitationEnded)


@mutant("P-JOIN-5")
def kicks_with_a_way_back(patch: pytest.MonkeyPatch) -> None:
    """Who is kicked may come back to a private group."""

    def kick(outcome: Outcome, ask: Any) -> Outcome:
        back = changes.InvitationMade(ask.fields["group"], ask.dest, outcome.answer["seq"], True)  # type: ignore[index]
        return replace(outcome, changes=(*outcome.changes, back))

    turns_out(patch, "kick", kick)


@mutant("P-EMPTY-1", "G-LEAVE-6")
def owns_no_empty_group(patch: pytest.MonkeyPatch) -> None:
    """Who joins a group without members does not own it."""
    without_change(patch, "join", changes.OwnerChanged)


@mutant("P-EMPTY-1")
def opens_empty_private_groups(patch: pytest.MonkeyPatch) -> None:
    """Anybody joins a private group without members."""
    handles(
        patch,
        "join",
        lambda handler: (
            lambda ask, group: handler(ask, group if group.members else _as_if(group, invited={ask.sender}))
        ),
    )


@mutant("G-LEAVE-1", "G-LEAVE-2")
def leaves_in_word_only(patch: pytest.MonkeyPatch) -> None:
    """Leaving is acknowledged, and has no effect."""
    without_change(patch, "leave", changes.MemberRemoved)


@mutant("G-LEAVE-4")
def leaves_groups_without_heir(patch: pytest.MonkeyPatch) -> None:
    """When the owner leaves nobody owns the group."""
    without_change(patch, "leave", changes.OwnerChanged)


@mutant("G-LEAVE-4")
def leaves_groups_to_the_youngest(patch: pytest.MonkeyPatch) -> None:
    """When the owner leaves the newest member owns the group."""

    def leave(handler: Any) -> Any:
        def left(ask: Any, group: Group) -> Outcome:
            return handler(ask, _as_if(group, members=dict(reversed(group.members.items()))))  # type: ignore[no-any-return]

        return left

    handles(patch, "leave", leave)


@mutant("G-INVITE-2")
def lets_the_owner_alone_invite(patch: pytest.MonkeyPatch) -> None:
    """Only the owner invites."""
    first(patch, "invite", rooms._refuse_unless_owner)


@mutant("G-INVITE-3", "P-READ-1")
def invites_by_adding(patch: pytest.MonkeyPatch) -> None:
    """An invited user is a member at once."""

    def invite(outcome: Outcome, ask: Any) -> Outcome:
        added = changes.MemberAdded(ask.fields["group"], ask.dest)
        return replace(outcome, changes=(*outcome.changes, added))

    turns_out(patch, "invite", invite)


@mutant("G-INVITE-5")
def invites_members(patch: pytest.MonkeyPatch) -> None:
    """A member can be invited."""

    def invite(handler: Any) -> Any:
        def invited(ask: Any, group: Group) -> Outcome:
            if ask.dest in group.members and ask.sender in group.members:
                return rooms._event(ask, group, tuple(group.members), ())
            return handler(ask, group)  # type: ignore[no-any-return]

        return invited

    handles(patch, "invite", invite)


@mutant("P-JOIN-2", "P-LIST-1", "H-AWAY-4")
def forgets_invitations(patch: pytest.MonkeyPatch) -> None:
    """An invitation is told and not noted."""
    without_change(patch, "invite", changes.InvitationMade)


@mutant("G-KICK-1", "G-KICK-2", "P-JOIN-5")
def kicks_in_word_only(patch: pytest.MonkeyPatch) -> None:
    """A kick is told and has no effect."""
    without_change(patch, "kick", changes.MemberRemoved)


@mutant("G-KICK-3")
def kicks_for_good(patch: pytest.MonkeyPatch) -> None:
    """A kick is a ban."""

    def kick(outcome: Outcome, ask: Any) -> Outcome:
        banned = changes.UserBanned(ask.fields["group"], ask.dest)
        return replace(outcome, changes=(*outcome.changes, banned))

    turns_out(patch, "kick", kick)


@mutant("G-BAN-1", "G-BAN-3")
def bans_without_removing(patch: pytest.MonkeyPatch) -> None:
    """A banned member stays a member."""
    without_change(patch, "ban", changes.MemberRemoved)


@mutant("G-BAN-2", "G-BAN-5")
def bans_like_a_kick(patch: pytest.MonkeyPatch) -> None:
    """A ban is a kick."""
    without_change(patch, "ban", changes.UserBanned)


@mutant("G-BAN-4")
def bans_members_only(patch: pytest.MonkeyPatch) -> None:
    """Who is no member cannot be banned."""
    last(patch, "ban", lambda ask, group: rooms._refuse_non_member(group, ask.dest))


@mutant("G-BAN-5")
def bans_the_banned(patch: pytest.MonkeyPatch) -> None:
    """Who is banned can be banned again."""

    def ban(handler: Any) -> Any:
        def banned(ask: Any, group: Group) -> Outcome:
            return handler(ask, _as_if(group, banned=set()))  # type: ignore[no-any-return]

        return banned

    handles(patch, "ban", ban)


@mutant("G-UNBAN-1")
def unbans_in_word_only(patch: pytest.MonkeyPatch) -> None:
    """An unban is told and has no effect."""
    without_change(patch, "unban", changes.UserUnbanned)


@mutant("G-UNBAN-2")
def unbans_into_the_group(patch: pytest.MonkeyPatch) -> None:
    """Who is unbanned is a member again."""

    def unban(outcome: Outcome, ask: Any) -> Outcome:
        added = changes.MemberAdded(ask.fields["group"], ask.dest)
        return replace(outcome, changes=(*outcome.changes, added))

    turns_out(patch, "unban", unban)


@mutant("G-UNBAN-4")
def unbans_anybody(patch: pytest.MonkeyPatch) -> None:
    """Who is not banned can be unbanned."""

    def unban(handler: Any) -> Any:
        def unbanned(ask: Any, group: Group) -> Outcome:
            known = ask.dest in ask.state.users
            return handler(ask, _as_if(group, banned={*group.banned, *([ask.dest] if known else [])}))  # type: ignore[no-any-return]

        return unbanned

    handles(patch, "unban", unban)
