"""Level groups: kicking somebody out of a public group."""

from tchat_conform.case import case
from tchat_conform.listings import sees_members, sees_owner
from tchat_conform.world import World


@case("G-KICK-1")
async def members_and_target_hear_of_a_kick(w: World) -> None:
    """Alice kicks bob: she, carol, a member, and bob get server-kick with the reason, and dave outside does not."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, carol)
    told = await dave.has_heard_of(group, after=alice)
    answer = await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam"))
    await bob.hears_copy_of(answer)
    await carol.hears_copy_of(answer)
    await dave.hears_nothing_about(group, after=alice, but=told)


@case("G-KICK-1")
async def who_is_kicked_is_no_member(w: World) -> None:
    """Alice kicks bob: he is listed no longer and cannot post, while carol still is and can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol), w.text("too late")
    await alice.asks("kick", group=group, dest=bob.name, reason="")
    await sees_members(carol, group, alice, carol)
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=text)
    await carol.hears_nothing_about(text, after=bob)
    await alice.hears_copy_of(await carol.asks("gbroadcast", group=group, msg=w.text()))


@case("G-KICK-1")
async def a_member_who_is_offline_is_kicked(w: World) -> None:
    """Bob, a member, has closed his connection: alice kicks him, carol gets server-kick, and he is listed no longer."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await bob.leaves()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="presence")
    await carol.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("away")))
    await sees_members(carol, group, alice, carol)


@case("G-KICK-2")
async def who_is_kicked_gets_no_messages(w: World) -> None:
    """Alice kicks bob; then she posts, carol gets it, and bob does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol), w.text()
    await alice.given("kick", group=group, dest=bob.name, reason="")
    await carol.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice)


@case("G-KICK-2")
async def who_is_kicked_hears_of_no_events(w: World) -> None:
    """Alice kicks bob; then carol joins and leaves the group, alice hears of both, and bob of neither."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await bob.hears_copy_of(await alice.given("kick", group=group, dest=bob.name, reason=w.text("spam")))
    told = await bob.has_heard_of(group, after=alice)
    await alice.hears_copy_of(await carol.asks("join", group=group))
    await alice.hears_copy_of(await carol.asks("leave", group=group))
    await bob.hears_nothing_about(group, after=carol, but=told)


@case("G-KICK-3")
async def who_is_kicked_may_join_again(w: World) -> None:
    """Alice kicks bob from her public group, and he joins it again: he is listed, and gets what she posts."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("kick", group=group, dest=bob.name, reason="")
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))


@case("G-KICK-4")
async def a_member_cannot_kick(w: World) -> None:
    """Bob, a member and not the owner, cannot kick carol, who hears nothing of it and stays; alice can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, reason = await w.group_of(alice, bob, carol), w.text("usurped")
    await bob.is_refused("not-owner", "kick", group=group, dest=carol.name, reason=reason)
    await carol.hears_nothing_about(reason, after=bob)
    await carol.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await carol.hears_copy_of(await alice.asks("kick", group=group, dest=carol.name, reason=w.text("spam")))


@case("G-KICK-4")
async def an_outsider_cannot_kick(w: World) -> None:
    """Carol, not a member, cannot kick bob, for she is not the owner: he stays; alice can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, reason = await w.group_of(alice, bob), w.text("usurped")
    await carol.is_refused("not-owner", "kick", group=group, dest=bob.name, reason=reason)
    await bob.hears_nothing_about(reason, after=carol)
    await sees_members(alice, group, alice, bob)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-KICK-4")
async def a_member_cannot_kick_the_owner(w: World) -> None:
    """Bob cannot kick alice, the owner, nor himself: both stay; she can kick him."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.is_refused("not-owner", "kick", group=group, dest=alice.name, reason="")
    await bob.is_refused("not-owner", "kick", group=group, dest=bob.name, reason="")
    await sees_members(bob, group, alice, bob)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-KICK-4")
async def who_owned_the_group_once_cannot_kick(w: World) -> None:
    """Alice founded the group, left it to bob and joined again: she cannot kick carol, and bob can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.given("leave", group=group)
    await alice.given("join", group=group)
    await w.builds_on(sees_owner(bob, group, bob), by="an heir to the group")
    await alice.is_refused("not-owner", "kick", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice, bob, carol)
    await bob.asks("kick", group=group, dest=carol.name, reason="")


@case("G-KICK-5")
async def the_owner_cannot_kick_itself(w: World) -> None:
    """Alice kicks herself and is refused: she is a member and the owner as before, and can kick bob."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text("oops")
    await alice.is_refused("self-target", "kick", group=group, dest=alice.name, reason=reason)
    await bob.hears_nothing_about(reason, after=alice)
    await sees_members(bob, group, alice, bob)
    await sees_owner(bob, group, alice)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-KICK-6")
async def nobody_unknown_is_kicked(w: World) -> None:
    """Alice kicks a name that was never on the server and is refused, and bob hears nothing; bob she can kick."""
    alice, bob = await w.users("alice", "bob")
    group, unknown = await w.group_of(alice, bob), w.fresh("nobody")
    await alice.is_refused("unknown-user", "kick", group=group, dest=unknown, reason="")
    await bob.hears_nothing_about(unknown, after=alice)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-KICK-6")
async def an_outsider_is_not_kicked(w: World) -> None:
    """Alice kicks carol, who is no member, and is refused, and neither bob nor carol hears of it; bob she can kick."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, reason = await w.group_of(alice, bob), w.text("spam")
    await alice.is_refused("not-member", "kick", group=group, dest=carol.name, reason=reason)
    await carol.hears_nothing_about(reason, after=alice)
    await bob.hears_nothing_about(reason, after=alice)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-KICK-6")
async def nobody_is_kicked_twice(w: World) -> None:
    """Alice kicks bob twice: the second time she is refused, and he hears of the first alone."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text("again")
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))
    await alice.is_refused("not-member", "kick", group=group, dest=bob.name, reason=reason)
    await bob.hears_nothing_about(reason, after=alice)


@case("G-KICK-7")
async def kicking_from_nothing_is_refused(w: World) -> None:
    """Alice kicks bob from a group that does not exist and is refused, and he hears nothing; from hers she can."""
    alice, bob = await w.users("alice", "bob")
    missing, group = w.group(), await w.group_of(alice, bob)
    await alice.is_refused("unknown-group", "kick", group=missing, dest=bob.name, reason="")
    await bob.hears_nothing_about(missing, after=alice)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))
