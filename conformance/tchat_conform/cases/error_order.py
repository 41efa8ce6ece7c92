"""Level robustness: of several things wrong with a group request, the one that its section names first is reported."""

from tchat_conform.case import case
from tchat_conform.world import World


@case("E-ORDER-1")
async def who_may_not_kick_learns_that_first(w: World) -> None:
    """Bob, a mere member, kicks himself, carol outside and nobody: not-owner each time; alice is told of the dest."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    for dest in (bob.name, carol.name, nobody):
        await bob.is_refused("not-owner", "kick", group=group, dest=dest, reason="")
    await alice.is_refused("unknown-user", "kick", group=group, dest=nobody, reason="")
    await alice.is_refused("not-member", "kick", group=group, dest=carol.name, reason="")


@case("E-ORDER-1")
async def who_may_not_ban_learns_that_first(w: World) -> None:
    """Bob, a mere member, bans himself, carol who is banned, and nobody: not-owner each time; alice is told more."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    await alice.given("ban", group=group, dest=carol.name, reason="")
    for dest in (bob.name, carol.name, nobody):
        await bob.is_refused("not-owner", "ban", group=group, dest=dest, reason="")
    await alice.is_refused("unknown-user", "ban", group=group, dest=nobody, reason="")
    await alice.is_refused("already-banned", "ban", group=group, dest=carol.name, reason="")


@case("E-ORDER-1")
async def who_may_not_unban_learns_that_first(w: World) -> None:
    """Bob, a mere member, unbans carol who is not banned, and nobody: not-owner; alice is told of the dest."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    for dest in (carol.name, nobody):
        await bob.is_refused("not-owner", "unban", group=group, dest=dest)
    await alice.is_refused("unknown-user", "unban", group=group, dest=nobody)
    await alice.is_refused("not-banned", "unban", group=group, dest=carol.name)


@case("E-ORDER-1")
async def who_may_not_invite_learns_that_first(w: World) -> None:
    """Bob, no member, invites nobody, carol who is banned, and alice: not-member; alice is told of the dest."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice), w.fresh("nobody")
    await alice.given("ban", group=group, dest=carol.name, reason="")
    for dest in (nobody, carol.name, alice.name):
        await bob.is_refused("not-member", "invite", group=group, dest=dest)
    await alice.is_refused("unknown-user", "invite", group=group, dest=nobody)
    await alice.is_refused("banned", "invite", group=group, dest=carol.name)


@case("E-ORDER-1")
async def a_member_needs_no_invitation_to_be_told(w: World) -> None:
    """Alice joins her private group, to which she has no invitation: already-member; bob, outside, is not-invited."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.is_refused("already-member", "join", group=group)
    await bob.is_refused("not-invited", "join", group=group)
