"""Level groups: founding a group, joining it, posting to it."""

from tchat_conform.case import case
from tchat_conform.expect import Expected
from tchat_conform.listings import sees_members, sees_messages, sees_owner
from tchat_conform.steps import sends, tells_from_whom
from tchat_conform.world import World


@case("G-CREATE-1")
async def a_new_group_can_be_joined(w: World) -> None:
    """Alice founds a group and gets server-cgroupe; from then on the group is there, and bob can join it."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    await bob.is_refused("unknown-group", "join", group=group)
    await alice.asks("cgroupe", group=group)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)


@case("G-CREATE-1")
async def nobody_else_hears_of_a_new_group(w: World) -> None:
    """Alice founds a group, and bob, who is online but has no part in it, gets nothing about it until he joins."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    await alice.asks("cgroupe", group=group)
    await bob.hears_nothing_about(group, after=alice)
    await bob.asks("join", group=group)


@case("G-CREATE-2")
async def the_creator_is_owner_and_first_member(w: World) -> None:
    """Alice founds a group, and members says that she owns it and is its only member."""
    alice = await w.user("alice")
    group = w.group()
    await alice.given("cgroupe", group=group)
    await sees_members(alice, group, alice)
    await sees_owner(alice, group, alice)


@case("G-CREATE-2")
async def the_creator_takes_part_without_joining(w: World) -> None:
    """Alice founds a group and does not join it: she posts to it, and gets what bob posts."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("G-CREATE-2")
async def the_creator_has_the_rights_of_an_owner(w: World) -> None:
    """Alice founds a group that bob and carol join: bob may not kick carol, and alice may."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await bob.is_refused("not-owner", "kick", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice, bob, carol)
    await alice.asks("kick", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice, bob)


@case("G-CREATE-3")
async def a_group_as_in_the_course_is_public(w: World) -> None:
    """Alice founds a group as the course's table has it; the answer calls it public, and anyone may read and join."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    request = {"action": "cgroupe", "sender": alice.name, "group": group}
    await sends(alice, request, Expected("server-cgroupe", {"sender": alice.name, "group": group, "private": False}))
    await bob.asks("members", group=group)
    await bob.asks("join", group=group)
    await sees_members(bob, group, alice, bob)


@case("G-CREATE-3")
async def a_group_with_private_false_is_public(w: World) -> None:
    """Alice founds a group with private false, and bob reads and joins it without an invitation."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    await alice.asks("cgroupe", group=group, private=False)
    await bob.asks("msgs", group=group)
    await bob.asks("join", group=group)
    await sees_members(bob, group, alice, bob)


@case("G-CREATE-4")
async def a_name_is_given_once(w: World) -> None:
    """Bob cannot found a group under the name of alice's, which stays as it was; under a new name he can."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await bob.is_refused("group-exists", "cgroupe", group=group)
    await sees_members(bob, group, alice)
    await sees_owner(bob, group, alice)
    await sees_messages(bob, group, post)
    await bob.asks("cgroupe", group=w.group())


@case("G-CREATE-4")
async def the_owner_cannot_found_its_group_again(w: World) -> None:
    """Alice founds her group a second time and is refused; bob, who joined in between, is still a member."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.is_refused("group-exists", "cgroupe", group=group)
    await sees_members(alice, group, alice, bob)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))


@case("G-CREATE-4")
async def the_name_of_a_private_group_is_taken_too(w: World) -> None:
    """Bob, who cannot see alice's private group, cannot found another under its name either."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await bob.is_refused("group-exists", "cgroupe", group=group)
    await sees_members(alice, group, alice)
    await sees_owner(alice, group, alice)
    await bob.asks("cgroupe", group=w.group())


@case("G-CREATE-4")
async def the_name_of_an_emptied_group_stays_taken(w: World) -> None:
    """Alice, its last member, leaves a group: neither bob nor she can found another under its name."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("leave", group=group)
    await bob.is_refused("group-exists", "cgroupe", group=group)
    await alice.is_refused("group-exists", "cgroupe", group=group)
    await sees_members(bob, group)
    await bob.asks("cgroupe", group=w.group())


@case("G-JOIN-1")
async def every_member_hears_of_a_join(w: World) -> None:
    """When carol joins the group of alice and bob, all three get server-join, and dave outside does not."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob)
    told = await dave.has_heard_of(group, after=alice)
    answer = await carol.asks("join", group=group)
    await alice.hears_copy_of(answer)
    await bob.hears_copy_of(answer)
    await dave.hears_nothing_about(group, after=carol, but=told)


@case("G-JOIN-1")
async def who_joins_gets_and_posts_messages(w: World) -> None:
    """Bob joins alice's group: he gets what she posts, and she gets what he posts."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await bob.asks("join", group=group)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("G-JOIN-1")
async def who_joins_is_listed(w: World) -> None:
    """Bob is among the members after his join and not before, and alice still owns the group."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await sees_members(bob, group, alice)
    await bob.asks("join", group=group)
    await sees_members(bob, group, alice, bob)
    await sees_owner(bob, group, alice)


@case("G-JOIN-2")
async def joining_nothing_is_refused(w: World) -> None:
    """Bob cannot join a group that does not exist, and his trying does not create it; one that exists he joins."""
    alice, bob = await w.users("alice", "bob")
    missing, real = w.group(), await w.group_of(alice)
    await bob.is_refused("unknown-group", "join", group=missing)
    await bob.asks("join", group=real)
    await alice.asks("cgroupe", group=missing)
    await sees_members(alice, missing, alice)


@case("G-JOIN-3")
async def a_member_cannot_join_again(w: World) -> None:
    """Bob joins a group twice: the second time he is refused, and alice hears of the first alone; carol may join."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    told = await alice.has_heard_of(group, after=bob)
    await bob.is_refused("already-member", "join", group=group)
    await alice.hears_nothing_about(group, after=bob, but=told)
    await carol.asks("join", group=group)
    await sees_members(alice, group, alice, bob, carol)


@case("G-JOIN-3")
async def the_creator_cannot_join(w: World) -> None:
    """Alice joins the group that she founded and is refused, being its member; bob may join, and she still owns it."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.is_refused("already-member", "join", group=group)
    await bob.asks("join", group=group)
    await sees_members(bob, group, alice, bob)
    await sees_owner(bob, group, alice)


@case("G-POST-1")
async def every_member_gets_a_group_message(w: World) -> None:
    """Bob, not the owner, posts to a group, and alice, carol and he himself get server-gbroadcast."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    answer = await bob.asks("gbroadcast", group=group, msg=w.text())
    tells_from_whom(await alice.hears_copy_of(answer), alice, bob)
    await carol.hears_copy_of(answer)


@case("G-POST-1")
async def nobody_gets_a_group_message_twice(w: World) -> None:
    """Alice posts to a group, and each member, she too, gets one copy and no more."""
    alice, bob = await w.users("alice", "bob")
    group, text = await w.group_of(alice, bob), w.text()
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice, but=1)
    await alice.hears_nothing_about(text, after=alice, but=1)


@case("G-POST-1")
async def a_member_of_two_groups_knows_them_apart(w: World) -> None:
    """Bob is in two groups of alice; she posts to each, and he gets each message under the name of its group."""
    alice, bob = await w.users("alice", "bob")
    first, second = await w.group_of(alice, bob), await w.group_of(alice, bob)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=second, msg=w.text()))
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=first, msg=w.text()))


@case("G-POST-2")
async def an_outsider_gets_no_group_message(w: World) -> None:
    """Alice posts to a group, bob in it gets the message, and carol, who never joined, does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob), w.text()
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await carol.hears_nothing_about(text, after=alice)


@case("G-POST-2")
async def a_member_of_another_group_gets_no_message(w: World) -> None:
    """Alice owns two groups and posts to bob's; carol, a member of the other alone, does not get it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, other, text = await w.group_of(alice, bob), await w.group_of(alice, carol), w.text()
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await carol.hears_nothing_about(text, after=alice)
    await carol.hears_copy_of(await alice.asks("gbroadcast", group=other, msg=w.text()))


@case("G-POST-3")
async def an_outsider_cannot_post(w: World) -> None:
    """Carol, not a member, posts and is refused, and nobody gets her message; bob, a member, posts and is heard."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob), w.text("intruding")
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=text)
    await alice.hears_nothing_about(text, after=carol)
    post = await bob.asks("gbroadcast", group=group, msg=w.text())
    await alice.hears_copy_of(post)
    await sees_messages(alice, group, post)


@case("G-POST-3")
async def who_has_left_cannot_post(w: World) -> None:
    """Bob posts as a member, leaves, and posts again: he is refused, and alice does not get the second message."""
    alice, bob = await w.users("alice", "bob")
    group, text = await w.group_of(alice, bob), w.text("too late")
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))
    await bob.given("leave", group=group)
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=text)
    await alice.hears_nothing_about(text, after=bob)


@case("G-POST-4")
async def posting_to_nothing_is_refused(w: World) -> None:
    """Alice posts to a group that does not exist and is refused; her own group hears her, and the other is free."""
    alice, bob = await w.users("alice", "bob")
    missing, group, text = w.group(), await w.group_of(alice, bob), w.text("lost")
    await alice.is_refused("unknown-group", "gbroadcast", group=missing, msg=text)
    await bob.hears_nothing_about(text, after=alice)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))
    await bob.asks("cgroupe", group=missing)
