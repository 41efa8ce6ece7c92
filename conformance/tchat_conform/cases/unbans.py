"""Level groups: ending a ban."""

from tchat_conform.case import case
from tchat_conform.listings import sees_members
from tchat_conform.world import World


@case("G-UNBAN-1")
async def members_and_target_hear_of_an_unban(w: World) -> None:
    """Alice unbans bob: she, carol, a member, and bob get server-unban, and dave outside does not."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, carol)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    told = await dave.has_heard_of(group, after=alice)
    answer = await alice.asks("unban", group=group, dest=bob.name)
    await bob.hears_copy_of(answer)
    await carol.hears_copy_of(answer)
    await dave.hears_nothing_about(group, after=alice, but=told)


@case("G-UNBAN-1")
async def an_unban_ends_the_ban(w: World) -> None:
    """Bob, banned, can neither read nor join alice's public group; once she unbans him he can do both."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "msgs", group=group)
    await bob.is_refused("banned", "join", group=group)
    await alice.asks("unban", group=group, dest=bob.name)
    await bob.asks("msgs", group=group)
    await bob.asks("join", group=group)


@case("G-UNBAN-1")
async def an_unban_ends_one_ban(w: World) -> None:
    """Alice has banned bob and carol and unbans bob: he may join, and carol still may not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    for each in (bob, carol):
        await alice.given("ban", group=group, dest=each.name, reason="")
    await alice.asks("unban", group=group, dest=bob.name)
    await carol.is_refused("banned", "join", group=group)
    await bob.asks("join", group=group)


@case("G-UNBAN-2")
async def who_is_unbanned_is_no_member(w: World) -> None:
    """Bob, a member before his ban, is no member after unban: he is not listed and cannot post, until he joins."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.asks("unban", group=group, dest=bob.name)
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    await sees_members(alice, group, alice)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)


@case("G-UNBAN-2")
async def who_is_unbanned_gets_messages_after_joining(w: World) -> None:
    """Bob, unbanned, does not get what alice posts; once he has joined again he gets it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol), w.text()
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.asks("unban", group=group, dest=bob.name)
    await carol.hears_copy_of(await alice.given("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice)
    await bob.asks("join", group=group)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))


@case("G-UNBAN-3")
async def a_member_cannot_unban(w: World) -> None:
    """Carol, a member and not the owner, cannot unban bob: he still cannot join; alice can unban him."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, carol)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await carol.is_refused("not-owner", "unban", group=group, dest=bob.name)
    await bob.is_refused("banned", "join", group=group)
    await alice.asks("unban", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-UNBAN-3")
async def an_outsider_cannot_unban(w: World) -> None:
    """Carol, not a member, cannot unban bob, who hears nothing of it and stays banned; alice can unban him."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason=w.text("spam"))
    told = await bob.has_heard_of(group, after=alice)
    await carol.is_refused("not-owner", "unban", group=group, dest=bob.name)
    await bob.hears_nothing_about(group, after=carol, but=told)
    await bob.is_refused("banned", "join", group=group)
    await bob.hears_copy_of(await alice.asks("unban", group=group, dest=bob.name))


@case("G-UNBAN-4")
async def who_is_not_banned_is_not_unbanned(w: World) -> None:
    """Alice unbans bob, a member, and is refused, and he hears nothing and stays; carol, banned, she can unban."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=carol.name, reason=w.text("spam"))
    told = await bob.has_heard_of(group, after=alice)
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await bob.hears_nothing_about(group, after=alice, but=told)
    await bob.hears_copy_of(await alice.asks("unban", group=group, dest=carol.name))
    await sees_members(alice, group, alice, bob)


@case("G-UNBAN-4")
async def who_was_kicked_is_not_banned(w: World) -> None:
    """Alice kicks bob: he is not banned, so that unban is refused, until she bans him."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("kick", group=group, dest=bob.name, reason="")
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.asks("unban", group=group, dest=bob.name)


@case("G-UNBAN-4")
async def nobody_is_unbanned_twice(w: World) -> None:
    """Alice unbans bob twice: the second time she is refused, for he is banned no longer."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.asks("unban", group=group, dest=bob.name)
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-UNBAN-4")
async def nobody_unknown_is_unbanned(w: World) -> None:
    """Alice unbans a name that was never on the server and is refused; bob, known and banned, she can unban."""
    alice, bob = await w.users("alice", "bob")
    group, unknown = await w.group_of(alice), w.fresh("nobody")
    await alice.is_refused("unknown-user", "unban", group=group, dest=unknown)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.asks("unban", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-UNBAN-5")
async def unbanning_from_nothing_is_refused(w: World) -> None:
    """Alice unbans bob from a group that does not exist and is refused, and he hears nothing; from hers she can."""
    alice, bob = await w.users("alice", "bob")
    missing, group = w.group(), await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.is_refused("unknown-group", "unban", group=missing, dest=bob.name)
    await bob.hears_nothing_about(missing, after=alice)
    await bob.is_refused("banned", "join", group=group)
    await bob.hears_copy_of(await alice.asks("unban", group=group, dest=bob.name))
