"""Level private: who reads a private group, who hears of it, and who finds it."""

from tchat_conform.case import case
from tchat_conform.listings import finds_group, finds_no_group, has_events, has_messages, has_names, sees_messages
from tchat_conform.world import World


@case("P-READ-1")
async def members_are_told_to_members(w: World) -> None:
    """Bob, a member of alice's private group, gets its members; carol, an outsider, gets not-member and no name."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, private=True)
    await carol.is_refused("not-member", "members", group=group)
    has_names(await bob.asks("members", group=group), "members", alice, bob)


@case("P-READ-1")
async def messages_are_told_to_members(w: World) -> None:
    """Bob, a member of alice's private group, gets its messages; carol, an outsider, gets not-member and no text."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, private=True), w.text("secret")
    post = await alice.given("gbroadcast", group=group, msg=text)
    await carol.is_refused("not-member", "msgs", group=group)
    await carol.hears_nothing_about(text, after=carol)
    has_messages(await bob.asks("msgs", group=group), post)


@case("P-READ-1")
async def the_log_is_told_to_members(w: World) -> None:
    """Alice, the member of her private group, gets its log; carol, an outsider, gets not-member."""
    alice, carol = await w.users("alice", "carol")
    group = w.group("den")
    founded = await alice.given("cgroupe", group=group, private=True)
    await carol.is_refused("not-member", "states", group=group)
    has_events(await alice.asks("states", group=group), founded)


@case("P-READ-1")
async def an_invitee_does_not_read_members(w: World) -> None:
    """Bob is invited to alice's private group: he gets its members after he has joined, and not-member before."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.is_refused("not-member", "members", group=group)
    await bob.given("join", group=group)
    has_names(await bob.asks("members", group=group), "members", alice, bob)


@case("P-READ-1")
async def an_invitee_does_not_read_messages(w: World) -> None:
    """Bob is invited to alice's private group: he gets its messages after he has joined, and not-member before."""
    alice, bob = await w.users("alice", "bob")
    group, text = await w.group_of(alice, private=True), w.text("secret")
    post = await alice.given("gbroadcast", group=group, msg=text)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.is_refused("not-member", "msgs", group=group)
    await bob.hears_nothing_about(text, after=bob)
    await bob.given("join", group=group)
    has_messages(await bob.asks("msgs", group=group), post)


@case("P-READ-1")
async def an_invitee_does_not_read_the_log(w: World) -> None:
    """Bob is invited to alice's private group: he gets its log after he has joined, and not-member before."""
    alice, bob = await w.users("alice", "bob")
    group = w.group("den")
    happened = [
        await alice.given("cgroupe", group=group, private=True),
        await alice.given("invite", group=group, dest=bob.name),
    ]
    await bob.is_refused("not-member", "states", group=group)
    happened.append(await bob.given("join", group=group))
    has_events(await bob.asks("states", group=group), *happened)


@case("P-READ-1")
async def who_has_left_reads_no_more(w: World) -> None:
    """Bob leaves alice's private group: its members, messages and log are told to him no longer, but to carol."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol, private=True)
    await bob.given("leave", group=group)
    for action in ("members", "msgs", "states"):
        await bob.is_refused("not-member", action, group=group)
        await carol.asks(action, group=group)


@case("P-READ-1")
async def who_was_kicked_reads_no_more(w: World) -> None:
    """Alice kicks bob from her private group: its members, messages and log are told to him no longer, but to her."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await alice.given("kick", group=group, dest=bob.name, reason="")
    for action in ("members", "msgs", "states"):
        await bob.is_refused("not-member", action, group=group)
        await alice.asks(action, group=group)


@case("P-POST-1")
async def an_outsider_does_not_post_to_a_private_group(w: World) -> None:
    """Carol, an outsider, posts to a private group and is refused, and alice hears nothing; bob, a member, is heard."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, private=True), w.text("intruding")
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=text)
    await alice.hears_nothing_about(text, after=carol)
    post = await bob.asks("gbroadcast", group=group, msg=w.text())
    await alice.hears_copy_of(post)
    await sees_messages(alice, group, post)


@case("P-POST-1")
async def an_invitee_does_not_post_to_a_private_group(w: World) -> None:
    """Bob, invited, posts to alice's private group before he has joined: not-member; after it he is heard."""
    alice, bob = await w.users("alice", "bob")
    group, text = await w.group_of(alice, private=True), w.text("too early")
    await alice.given("invite", group=group, dest=bob.name)
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=text)
    await alice.hears_nothing_about(text, after=bob)
    await bob.given("join", group=group)
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("P-POST-1")
async def outsiders_hear_nothing_of_a_private_group(w: World) -> None:
    """Bob is invited to alice's private group, joins, posts and leaves: she hears all of it, and dave nothing."""
    alice, bob, dave = await w.users("alice", "bob", "dave")
    group = w.group("den")
    await alice.asks("cgroupe", group=group, private=True)
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=bob.name))
    await alice.hears_copy_of(await bob.asks("join", group=group))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("leave", group=group))
    await dave.hears_nothing_about(group, after=alice)
    await dave.hears_nothing_about(group, after=bob)


@case("P-POST-1")
async def outsiders_hear_nothing_of_moderation(w: World) -> None:
    """Alice kicks bob from her private group, bans and unbans him: he hears of all three, and dave of nothing."""
    alice, bob, dave = await w.users("alice", "bob", "dave")
    group = await w.group_of(alice, bob, private=True)
    told = await dave.has_heard_of(group, after=alice)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text("again")))
    await bob.hears_copy_of(await alice.asks("unban", group=group, dest=bob.name))
    await dave.hears_nothing_about(group, after=alice, but=told)


@case("P-POST-1")
async def an_invitee_hears_of_its_invitation_alone(w: World) -> None:
    """Dave is invited to alice's private group: he hears of that, and nothing of what she and bob do in it."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, private=True)
    await dave.hears_copy_of(await alice.asks("invite", group=group, dest=dave.name))
    told = await dave.has_heard_of(group, after=alice)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))
    await bob.hears_copy_of(await alice.asks("invite", group=group, dest=carol.name))
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))
    await dave.hears_nothing_about(group, after=alice, but=told)


@case("P-POST-1")
async def who_has_left_hears_nothing_of_a_private_group(w: World) -> None:
    """Bob leaves alice's private group: carol gets what she posts then, and he does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol, private=True), w.text("secret")
    await bob.given("leave", group=group)
    await carol.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice)


@case("P-LIST-1")
async def groups_hides_a_private_group(w: World) -> None:
    """Alice and bob are in her private group: groups shows it to both, and not to carol, whom it shows a public one."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    private, public = await w.group_of(alice, bob, private=True), await w.group_of(alice)
    await finds_no_group(carol, private)
    await finds_group(carol, public, private=False)
    await finds_group(alice, private, private=True, owner=alice.name, members=2)
    await finds_group(bob, private, private=True, owner=alice.name, members=2)


@case("P-LIST-1")
async def groups_shows_a_private_group_to_an_invitee(w: World) -> None:
    """Bob finds alice's private group once she has invited him, and still after he has joined; carol does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await finds_no_group(bob, group)
    await alice.given("invite", group=group, dest=bob.name)
    await finds_group(bob, group, private=True, members=1)
    await bob.given("join", group=group)
    await finds_group(bob, group, private=True, members=2)
    await finds_no_group(carol, group)


@case("P-LIST-1")
async def groups_hides_a_private_group_from_who_has_left(w: World) -> None:
    """Bob leaves alice's private group, and groups shows it to him no longer; a new invitation shows it again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await finds_group(bob, group)
    await bob.given("leave", group=group)
    await finds_no_group(bob, group)
    await alice.given("invite", group=group, dest=bob.name)
    await finds_group(bob, group)


@case("P-LIST-1")
async def groups_hides_a_private_group_from_who_was_kicked(w: World) -> None:
    """Alice kicks bob from her private group, and groups shows it to him no longer, but to her."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await finds_group(bob, group)
    await alice.given("kick", group=group, dest=bob.name, reason="")
    await finds_no_group(bob, group)
    await finds_group(alice, group, members=1)


@case("P-LIST-1")
async def groups_hides_a_private_group_from_a_banned_invitee(w: World) -> None:
    """Alice invites bob to her private group and bans him: groups shows it to him no longer, also after unban."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await finds_group(bob, group)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await finds_no_group(bob, group)
    await alice.given("unban", group=group, dest=bob.name)
    await finds_no_group(bob, group)


@case("P-LIST-1")
async def groups_hides_an_emptied_private_group(w: World) -> None:
    """Alice leaves her private group empty: groups shows it to bob, who is invited, and to her no longer."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await alice.given("leave", group=group)
    await finds_no_group(alice, group)
    await finds_group(bob, group, private=True, owner=None, members=0)
