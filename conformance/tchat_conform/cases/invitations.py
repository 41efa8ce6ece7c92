"""Level groups: inviting to a public group."""

from tchat_conform.case import case
from tchat_conform.listings import sees_members
from tchat_conform.world import World


@case("G-INVITE-1")
async def members_and_invitee_hear_of_an_invitation(w: World) -> None:
    """Alice invites bob: she, carol, a member, and bob get server-invite, and dave outside does not."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, carol)
    told = await dave.has_heard_of(group, after=alice)
    answer = await alice.asks("invite", group=group, dest=bob.name)
    await bob.hears_copy_of(answer)
    await carol.hears_copy_of(answer)
    await dave.hears_nothing_about(group, after=alice, but=told)


@case("G-INVITE-1")
async def an_invitation_can_be_repeated(w: World) -> None:
    """Alice invites bob twice, which is no error: he gets server-invite both times, and may join."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))
    await bob.asks("join", group=group)


@case("G-INVITE-2")
async def any_member_invites(w: World) -> None:
    """Bob, a member and not the owner, invites carol: alice and carol get server-invite from him."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    answer = await bob.asks("invite", group=group, dest=carol.name)
    await alice.hears_copy_of(answer)
    await carol.hears_copy_of(answer)


@case("G-INVITE-2")
async def an_outsider_cannot_invite(w: World) -> None:
    """Bob, not a member, invites carol and is refused, and she hears nothing of it; alice, a member, may invite her."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    told = await carol.has_heard_of(group, after=alice)
    await bob.is_refused("not-member", "invite", group=group, dest=carol.name)
    await carol.hears_nothing_about(group, after=bob, but=told)
    await carol.hears_copy_of(await alice.asks("invite", group=group, dest=carol.name))


@case("G-INVITE-2")
async def an_invitee_cannot_invite(w: World) -> None:
    """Bob is invited and has not joined: he cannot invite carol, until he joins."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    await alice.given("invite", group=group, dest=bob.name)
    told = await carol.has_heard_of(group, after=alice)
    await bob.is_refused("not-member", "invite", group=group, dest=carol.name)
    await carol.hears_nothing_about(group, after=bob, but=told)
    await bob.given("join", group=group)
    await carol.hears_copy_of(await bob.asks("invite", group=group, dest=carol.name))


@case("G-INVITE-3")
async def an_invitation_makes_no_member(w: World) -> None:
    """Bob is invited: he is no member and cannot post, until he joins."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.asks("invite", group=group, dest=bob.name)
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    await sees_members(alice, group, alice)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)
    post = await bob.asks("gbroadcast", group=group, msg=w.text())
    await alice.hears_copy_of(post)


@case("G-INVITE-3")
async def an_invitee_gets_no_messages(w: World) -> None:
    """Bob is invited, and does not get what alice posts before he joins; what she posts after it he gets."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, carol), w.text()
    await alice.given("invite", group=group, dest=bob.name)
    await carol.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice)
    await bob.asks("join", group=group)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


@case("G-INVITE-4")
async def nobody_unknown_is_invited(w: World) -> None:
    """Alice invites a name that was never on the server and is refused, and carol hears nothing; bob she may invite."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, unknown = await w.group_of(alice, carol), w.fresh("nobody")
    await alice.is_refused("unknown-user", "invite", group=group, dest=unknown)
    await carol.hears_nothing_about(unknown, after=alice)
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))


@case("G-INVITE-4")
async def who_is_offline_is_not_unknown(w: World) -> None:
    """Bob has been online and has gone: alice may invite him, and carol, a member, gets server-invite."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, carol)
    await bob.leaves()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="presence")
    await carol.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))


@case("G-INVITE-5")
async def a_member_is_not_invited(w: World) -> None:
    """Alice invites bob, a member already, and is refused, and he hears nothing of it; carol she may invite."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    told = await bob.has_heard_of(group, after=alice)
    await alice.is_refused("already-member", "invite", group=group, dest=bob.name)
    await bob.hears_nothing_about(group, after=alice, but=told)
    await carol.hears_copy_of(await alice.asks("invite", group=group, dest=carol.name))


@case("G-INVITE-5")
async def nobody_invites_itself(w: World) -> None:
    """Bob, a member, invites himself, and alice, the owner, herself: both are members already."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    told = await alice.has_heard_of(group, after=bob)
    await bob.is_refused("already-member", "invite", group=group, dest=bob.name)
    await alice.hears_nothing_about(group, after=bob, but=told)
    await alice.is_refused("already-member", "invite", group=group, dest=alice.name)
    await carol.hears_copy_of(await bob.asks("invite", group=group, dest=carol.name))


@case("G-INVITE-6")
async def who_is_banned_is_not_invited(w: World) -> None:
    """Alice has banned bob and invites him: she is refused, and he hears nothing of it, until she unbans him."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    told = await bob.has_heard_of(group, after=alice)
    await alice.is_refused("banned", "invite", group=group, dest=bob.name)
    await bob.hears_nothing_about(group, after=alice, but=told)
    await alice.given("unban", group=group, dest=bob.name)
    await bob.hears("server-unban", group=group, dest=bob.name)
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))


@case("G-INVITE-7")
async def inviting_to_nothing_is_refused(w: World) -> None:
    """Alice invites bob to a group that does not exist and is refused, and he hears nothing; to hers she may."""
    alice, bob = await w.users("alice", "bob")
    missing, group = w.group(), await w.group_of(alice)
    await alice.is_refused("unknown-group", "invite", group=missing, dest=bob.name)
    await bob.hears_nothing_about(missing, after=alice)
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))
