"""Level groups: which code comes first where a request about a group has several faults."""

from tchat_conform.case import case
from tchat_conform.listings import sees_members, sees_owner
from tchat_conform.user import User
from tchat_conform.world import World


async def banned_from(w: World, *, private: bool = False) -> tuple[str, User, User, User]:
    """Return a group, its owner, somebody banned from it, and somebody who is neither banned nor a member."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=private)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    return group, alice, bob, carol


@case("E-ORDER-2")
async def inviting_nobody_to_nothing_is_about_the_group(w: World) -> None:
    """Alice invites a name nobody has to a group that does not exist: unknown-group; to her own: unknown-user."""
    alice = await w.user("alice")
    group, unknown = await w.group_of(alice), w.fresh("nobody")
    await alice.is_refused("unknown-group", "invite", group=w.group(), dest=unknown)
    await alice.is_refused("unknown-user", "invite", group=group, dest=unknown)


@case("E-ORDER-2")
async def kicking_oneself_from_nothing_is_about_the_group(w: World) -> None:
    """Alice kicks herself from a group that does not exist: unknown-group; from her own: self-target."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    await alice.is_refused("unknown-group", "kick", group=w.group(), dest=alice.name, reason="")
    await alice.is_refused("self-target", "kick", group=group, dest=alice.name, reason="")


@case("E-ORDER-2")
async def kicking_nobody_from_nothing_is_about_the_group(w: World) -> None:
    """Alice kicks a name nobody has from a group that does not exist: unknown-group; from her own: unknown-user."""
    alice = await w.user("alice")
    group, unknown = await w.group_of(alice), w.fresh("nobody")
    await alice.is_refused("unknown-group", "kick", group=w.group(), dest=unknown, reason="")
    await alice.is_refused("unknown-user", "kick", group=group, dest=unknown, reason="")


@case("E-ORDER-2")
async def banning_oneself_from_nothing_is_about_the_group(w: World) -> None:
    """Alice bans herself from a group that does not exist: unknown-group; from her own: self-target."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    await alice.is_refused("unknown-group", "ban", group=w.group(), dest=alice.name, reason="")
    await alice.is_refused("self-target", "ban", group=group, dest=alice.name, reason="")


@case("E-ORDER-2")
async def banning_nobody_from_nothing_is_about_the_group(w: World) -> None:
    """Alice bans a name nobody has from a group that does not exist: unknown-group; from her own: unknown-user."""
    alice = await w.user("alice")
    group, unknown = await w.group_of(alice), w.fresh("nobody")
    await alice.is_refused("unknown-group", "ban", group=w.group(), dest=unknown, reason="")
    await alice.is_refused("unknown-user", "ban", group=group, dest=unknown, reason="")


@case("E-ORDER-2")
async def unbanning_nobody_from_nothing_is_about_the_group(w: World) -> None:
    """Alice unbans a name nobody has from a group that does not exist: unknown-group; from her own: unknown-user."""
    alice = await w.user("alice")
    group, unknown = await w.group_of(alice), w.fresh("nobody")
    await alice.is_refused("unknown-group", "unban", group=w.group(), dest=unknown)
    await alice.is_refused("unknown-user", "unban", group=group, dest=unknown)


@case("E-ORDER-2")
async def a_ban_comes_before_membership_in_gbroadcast(w: World) -> None:
    """Bob, banned, and carol, a stranger, post, neither of them a member: bob gets banned, carol not-member."""
    group, _alice, bob, carol = await banned_from(w)
    await bob.is_refused("banned", "gbroadcast", group=group, msg=w.text())
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=w.text())


@case("E-ORDER-2")
async def a_ban_comes_before_membership_in_leave(w: World) -> None:
    """Bob, banned, and carol, a stranger, leave, neither of them a member: bob gets banned, carol not-member."""
    group, _alice, bob, carol = await banned_from(w)
    await bob.is_refused("banned", "leave", group=group)
    await carol.is_refused("not-member", "leave", group=group)


@case("E-ORDER-2")
async def a_ban_comes_before_all_else_in_invite(w: World) -> None:
    """Bob, banned, and carol, a stranger, invite a name nobody has: bob gets banned, carol not-member."""
    group, _alice, bob, carol = await banned_from(w)
    unknown = w.fresh("nobody")
    await bob.is_refused("banned", "invite", group=group, dest=unknown)
    await carol.is_refused("not-member", "invite", group=group, dest=unknown)


@case("E-ORDER-2")
async def a_ban_comes_before_all_else_in_kick(w: World) -> None:
    """Bob, banned, and carol, a stranger, kick a name nobody has: bob gets banned, carol not-owner."""
    group, _alice, bob, carol = await banned_from(w)
    unknown = w.fresh("nobody")
    await bob.is_refused("banned", "kick", group=group, dest=unknown, reason="")
    await bob.is_refused("banned", "kick", group=group, dest=bob.name, reason="")
    await carol.is_refused("not-owner", "kick", group=group, dest=unknown, reason="")


@case("E-ORDER-2")
async def a_ban_comes_before_all_else_in_ban(w: World) -> None:
    """Bob, banned, and carol, a stranger, ban a name nobody has: bob gets banned, carol not-owner."""
    group, _alice, bob, carol = await banned_from(w)
    unknown = w.fresh("nobody")
    await bob.is_refused("banned", "ban", group=group, dest=unknown, reason="")
    await bob.is_refused("banned", "ban", group=group, dest=bob.name, reason="")
    await carol.is_refused("not-owner", "ban", group=group, dest=unknown, reason="")


@case("E-ORDER-2")
async def a_ban_comes_before_all_else_in_unban(w: World) -> None:
    """Bob, banned, and carol, a stranger, unban a name nobody has: bob gets banned, carol not-owner."""
    group, _alice, bob, carol = await banned_from(w)
    unknown = w.fresh("nobody")
    await bob.is_refused("banned", "unban", group=group, dest=unknown)
    await carol.is_refused("not-owner", "unban", group=group, dest=unknown)


@case("E-ORDER-2")
async def a_ban_comes_before_the_invitation_in_join(w: World) -> None:
    """Bob, banned from a private group and not invited, joins it and gets banned; carol, invited, joins it."""
    group, alice, bob, carol = await banned_from(w, private=True)
    await bob.is_refused("banned", "join", group=group)
    await alice.given("invite", group=group, dest=carol.name)
    await carol.asks("join", group=group)
    await sees_members(alice, group, alice, carol)


@case("E-ORDER-2")
async def a_ban_comes_before_membership_in_members(w: World) -> None:
    """Bob, banned from a private group and no member, asks for its members and gets banned; alice gets an answer."""
    group, alice, bob, _carol = await banned_from(w, private=True)
    await bob.is_refused("banned", "members", group=group)
    await alice.asks("members", group=group)


@case("E-ORDER-2")
async def a_ban_comes_before_membership_in_msgs(w: World) -> None:
    """Bob, banned from a private group and no member, asks for its messages and gets banned; alice gets an answer."""
    group, alice, bob, _carol = await banned_from(w, private=True)
    await bob.is_refused("banned", "msgs", group=group)
    await alice.asks("msgs", group=group)


@case("E-ORDER-2")
async def a_ban_comes_before_membership_in_states(w: World) -> None:
    """Bob, banned from a private group and no member, asks for its log and gets banned; alice gets an answer."""
    group, alice, bob, _carol = await banned_from(w, private=True)
    await bob.is_refused("banned", "states", group=group)
    await alice.asks("states", group=group)


@case("E-ORDER-2")
async def a_ban_does_not_matter_to_cgroupe(w: World) -> None:
    """Bob, banned from alice's group, founds one under its name: group-exists, not banned; under a new name he may."""
    group, alice, bob, _carol = await banned_from(w)
    await bob.is_refused("group-exists", "cgroupe", group=group)
    await sees_owner(alice, group, alice)
    await bob.asks("cgroupe", group=w.group())
