"""Level groups: banning somebody from a group."""

from tchat_conform.case import case
from tchat_conform.listings import has_events, has_messages, has_names, sees_members, sees_messages, sees_owner
from tchat_conform.world import World


@case("G-BAN-1")
async def members_and_target_hear_of_a_ban(w: World) -> None:
    """Alice bans bob: she, carol, a member, and bob get server-ban with the reason, and dave outside does not."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, carol)
    told = await dave.has_heard_of(group, after=alice)
    answer = await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam"))
    await bob.hears_copy_of(answer)
    await carol.hears_copy_of(answer)
    await dave.hears_nothing_about(group, after=alice, but=told)


@case("G-BAN-1")
async def who_is_banned_is_no_member(w: World) -> None:
    """Alice bans bob, a member: he is listed no longer, while carol still is."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.asks("ban", group=group, dest=bob.name, reason="")
    await sees_members(carol, group, alice, carol)


@case("G-BAN-1")
async def a_member_who_is_offline_is_banned(w: World) -> None:
    """Bob, a member, has closed his connection: alice bans him, carol gets server-ban, and he cannot come back in."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await bob.leaves()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="presence")
    await carol.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("away")))
    await sees_members(carol, group, alice, carol)
    await (await w.returns(bob)).is_refused("banned", "join", group=group)


@case("G-BAN-2")
async def who_is_banned_cannot_join(w: World) -> None:
    """Bob, banned, cannot join and is not listed; carol joins, and after unban so does bob."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.asks("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)
    await sees_members(alice, group, alice, carol)
    await alice.given("unban", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-BAN-2")
async def who_is_banned_cannot_post(w: World) -> None:
    """Bob posts after his ban and is refused, and alice does not get it; carol, a member, posts and is heard."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol), w.text("still here")
    await alice.asks("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "gbroadcast", group=group, msg=text)
    await alice.hears_nothing_about(text, after=bob)
    post = await carol.asks("gbroadcast", group=group, msg=w.text())
    await alice.hears_copy_of(post)
    await sees_messages(alice, group, post)


@case("G-BAN-2")
async def who_is_banned_cannot_read_messages(w: World) -> None:
    """Bob, banned, asks for the messages of a public group and gets none; carol, no member either, gets them."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice), w.text()
    await alice.given("ban", group=group, dest=bob.name, reason="")
    post = await alice.given("gbroadcast", group=group, msg=text)
    await bob.is_refused("banned", "msgs", group=group)
    await bob.hears_nothing_about(text, after=bob)
    has_messages(await carol.given("msgs", group=group), post)


@case("G-BAN-2")
async def who_is_banned_cannot_read_members(w: World) -> None:
    """Bob, banned, asks for the members of a public group and is refused; carol, no member either, gets them."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "members", group=group)
    has_names(await carol.given("members", group=group), "members", alice)


@case("G-BAN-2")
async def who_is_banned_cannot_read_the_log(w: World) -> None:
    """Bob, banned, asks for the log of a public group and is refused; carol, no member either, gets it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = w.group()
    founded = await alice.given("cgroupe", group=group)
    ban = await alice.given("ban", group=group, dest=bob.name, reason=w.text("spam"))
    await bob.is_refused("banned", "states", group=group)
    has_events(await carol.given("states", group=group), founded, ban)


@case("G-BAN-2")
async def who_is_banned_cannot_leave(w: World) -> None:
    """Bob, banned, leaves and is told that he is banned, and alice hears nothing of it; carol, a member, leaves."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    told = await alice.has_heard_of(group, after=bob)
    await bob.is_refused("banned", "leave", group=group)
    await alice.hears_nothing_about(group, after=bob, but=told)
    await carol.asks("leave", group=group)


@case("G-BAN-2")
async def who_is_banned_cannot_invite(w: World) -> None:
    """Bob, banned, invites dave and is told that he is banned, and dave hears nothing; carol, a member, may invite."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, carol)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    told = await dave.has_heard_of(group, after=alice)
    await bob.is_refused("banned", "invite", group=group, dest=dave.name)
    await dave.hears_nothing_about(group, after=bob, but=told)
    await dave.hears_copy_of(await carol.asks("invite", group=group, dest=dave.name))


@case("G-BAN-2")
async def who_is_banned_cannot_kick(w: World) -> None:
    """Bob, banned, kicks carol and is told that he is banned, and she stays; alice, the owner, can kick her."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "kick", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice, carol)
    await alice.asks("kick", group=group, dest=carol.name, reason="")


@case("G-BAN-2")
async def who_is_banned_cannot_ban(w: World) -> None:
    """Bob, banned, bans carol and is told that he is banned, and she stays; alice, the owner, can ban her."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "ban", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice, carol)
    await alice.asks("ban", group=group, dest=carol.name, reason="")


@case("G-BAN-2")
async def who_is_banned_cannot_unban_itself(w: World) -> None:
    """Bob, banned, unbans himself and is told that he is banned, and still cannot join; alice can unban him."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "unban", group=group, dest=bob.name)
    await bob.is_refused("banned", "join", group=group)
    await alice.asks("unban", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-BAN-2")
async def a_ban_counts_for_one_group(w: World) -> None:
    """Alice bans bob from one of her two groups: in the other he stays, gets messages and may post."""
    alice, bob = await w.users("alice", "bob")
    group, other = await w.group_of(alice, bob), await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "join", group=group)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=other, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=other, msg=w.text()))


@case("G-BAN-3")
async def who_is_banned_gets_no_messages(w: World) -> None:
    """Alice bans bob; then she posts, carol gets it, and bob does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol), w.text()
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await carol.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice)


@case("G-BAN-3")
async def who_is_banned_hears_of_no_events(w: World) -> None:
    """Alice bans bob; then carol joins and leaves the group, alice hears of both, and bob of neither."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await bob.hears_copy_of(await alice.given("ban", group=group, dest=bob.name, reason=w.text("spam")))
    told = await bob.has_heard_of(group, after=alice)
    await alice.hears_copy_of(await carol.asks("join", group=group))
    await alice.hears_copy_of(await carol.asks("leave", group=group))
    await bob.hears_nothing_about(group, after=carol, but=told)


@case("G-BAN-4")
async def an_outsider_can_be_banned(w: World) -> None:
    """Alice bans dave, who never joined: he and carol, a member, get server-ban, and he cannot join; bob can."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, carol)
    answer = await alice.asks("ban", group=group, dest=dave.name, reason=w.text("known for spam"))
    await dave.hears_copy_of(answer)
    await carol.hears_copy_of(answer)
    await dave.is_refused("banned", "join", group=group)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob, carol)


@case("G-BAN-4")
async def who_was_kicked_can_be_banned(w: World) -> None:
    """Alice kicks bob and then bans him: he, no member any more, gets server-ban and cannot join again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("kick", group=group, dest=bob.name, reason="")
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam")))
    await bob.is_refused("banned", "join", group=group)


@case("G-BAN-5")
async def nobody_is_banned_twice(w: World) -> None:
    """Alice bans bob twice: the second time she is refused, and bob and carol hear of the first alone."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, reason = await w.group_of(alice, bob, carol), w.text("again")
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam")))
    await alice.is_refused("already-banned", "ban", group=group, dest=bob.name, reason=reason)
    await bob.hears_nothing_about(reason, after=alice)
    await carol.hears_nothing_about(reason, after=alice)


@case("G-BAN-5")
async def who_was_unbanned_can_be_banned_again(w: World) -> None:
    """Alice bans bob, unbans him, and bans him again, which is no error: he cannot join."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.is_refused("already-banned", "ban", group=group, dest=bob.name, reason="")
    await alice.given("unban", group=group, dest=bob.name)
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("again")))
    await bob.is_refused("banned", "join", group=group)


@case("G-BAN-6")
async def a_member_cannot_ban(w: World) -> None:
    """Bob, a member and not the owner, cannot ban carol, who hears nothing of it and stays; alice can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, reason = await w.group_of(alice, bob, carol), w.text("usurped")
    await bob.is_refused("not-owner", "ban", group=group, dest=carol.name, reason=reason)
    await carol.hears_nothing_about(reason, after=bob)
    await carol.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await carol.hears_copy_of(await alice.asks("ban", group=group, dest=carol.name, reason=w.text("spam")))


@case("G-BAN-6")
async def an_outsider_cannot_ban(w: World) -> None:
    """Carol, not a member, cannot ban bob nor dave: bob stays, and dave may join; alice can ban bob."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob)
    await carol.is_refused("not-owner", "ban", group=group, dest=bob.name, reason="")
    await carol.is_refused("not-owner", "ban", group=group, dest=dave.name, reason="")
    await dave.asks("join", group=group)
    await sees_members(alice, group, alice, bob, dave)
    await alice.asks("ban", group=group, dest=bob.name, reason="")


@case("G-BAN-6")
async def a_member_cannot_ban_the_owner(w: World) -> None:
    """Bob cannot ban alice, the owner: she owns the group as before, and can ban him."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.is_refused("not-owner", "ban", group=group, dest=alice.name, reason="")
    await sees_members(bob, group, alice, bob)
    await sees_owner(bob, group, alice)
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-BAN-7")
async def the_owner_cannot_ban_itself(w: World) -> None:
    """Alice bans herself and is refused: she is a member and the owner as before, and can ban bob."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text("oops")
    await alice.is_refused("self-target", "ban", group=group, dest=alice.name, reason=reason)
    await bob.hears_nothing_about(reason, after=alice)
    await sees_members(bob, group, alice, bob)
    await sees_owner(bob, group, alice)
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-BAN-8")
async def nobody_unknown_is_banned(w: World) -> None:
    """Alice bans a name that was never on the server and is refused, and bob hears nothing; bob she can ban."""
    alice, bob = await w.users("alice", "bob")
    group, unknown = await w.group_of(alice, bob), w.fresh("nobody")
    await alice.is_refused("unknown-user", "ban", group=group, dest=unknown, reason="")
    await bob.hears_nothing_about(unknown, after=alice)
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam")))


@case("G-BAN-8")
async def banning_from_nothing_is_refused(w: World) -> None:
    """Alice bans bob from a group that does not exist and is refused, and he hears nothing; from hers she can."""
    alice, bob = await w.users("alice", "bob")
    missing, group = w.group(), await w.group_of(alice, bob)
    await alice.is_refused("unknown-group", "ban", group=missing, dest=bob.name, reason="")
    await bob.hears_nothing_about(missing, after=alice)
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("spam")))
