"""Level groups: leaving a group, and who owns it then."""

from tchat_conform.case import case
from tchat_conform.listings import finds_group, sees_events, sees_members, sees_messages, sees_owner
from tchat_conform.verdict import must
from tchat_conform.world import World


@case("G-LEAVE-1")
async def every_member_hears_of_a_leave(w: World) -> None:
    """When bob leaves the group of alice and carol, all three get server-leave, and dave outside does not."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, carol)
    told = await dave.has_heard_of(group, after=alice)
    answer = await bob.asks("leave", group=group)
    await alice.hears_copy_of(answer)
    await carol.hears_copy_of(answer)
    await dave.hears_nothing_about(group, after=bob, but=told)


@case("G-LEAVE-1")
async def who_leaves_is_listed_no_longer(w: World) -> None:
    """Bob is among the members until he leaves, carol remains, and bob may join again later."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await bob.asks("leave", group=group)
    await sees_members(bob, group, alice, carol)
    await bob.asks("join", group=group)
    await sees_members(bob, group, alice, bob, carol)


@case("G-LEAVE-2")
async def who_has_left_gets_no_messages(w: World) -> None:
    """Bob leaves a group; then alice posts, carol gets it, and bob does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, text = await w.group_of(alice, bob, carol), w.text()
    await bob.given("leave", group=group)
    await carol.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=text))
    await bob.hears_nothing_about(text, after=alice)


@case("G-LEAVE-2")
async def who_has_left_hears_of_no_events(w: World) -> None:
    """Bob leaves a group; then carol joins and leaves it, alice hears of both, and bob of neither."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await bob.given("leave", group=group)
    told = await bob.has_heard_of(group, after=alice)
    await alice.hears_copy_of(await carol.asks("join", group=group))
    await alice.hears_copy_of(await carol.asks("leave", group=group))
    await bob.hears_nothing_about(group, after=carol, but=told)


@case("G-LEAVE-3")
async def an_outsider_cannot_leave(w: World) -> None:
    """Carol, never a member, cannot leave, and nobody hears of her trying; bob, a member, can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    told = await alice.has_heard_of(group, after=bob)
    await carol.is_refused("not-member", "leave", group=group)
    await alice.hears_nothing_about(group, after=carol, but=told)
    await bob.asks("leave", group=group)
    await sees_members(alice, group, alice)


@case("G-LEAVE-3")
async def nobody_leaves_twice(w: World) -> None:
    """Bob leaves a group, and leaving once more is refused; alice hears of one leave only."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.hears_copy_of(await bob.asks("leave", group=group))
    told = await alice.has_heard_of(group, after=bob)
    await bob.is_refused("not-member", "leave", group=group)
    await alice.hears_nothing_about(group, after=bob, but=told)


@case("G-LEAVE-3")
async def leaving_nothing_is_refused(w: World) -> None:
    """Bob cannot leave a group that does not exist; the one he is in he can."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.is_refused("unknown-group", "leave", group=w.group())
    await bob.asks("leave", group=group)
    await sees_members(alice, group, alice)


@case("G-LEAVE-4")
async def the_longest_standing_member_inherits(w: World) -> None:
    """Alice leaves her group, which carol joined before bob: server-leave names carol as the owner, and members too."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, carol, bob)
    answer = await alice.asks("leave", group=group)
    await carol.hears("server-leave", sender=alice.name, group=group, owner=carol.name)
    await bob.hears("server-leave", sender=alice.name, group=group, owner=carol.name)
    must(answer["owner"] == carol.name, "server-leave must name carol", {"owner": carol.name}, answer)
    await sees_owner(bob, group, carol)


@case("G-LEAVE-4")
async def standing_counts_from_the_last_join(w: World) -> None:
    """Bob joins before carol, leaves and joins again: when alice leaves, carol owns the group."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await bob.given("leave", group=group)
    await bob.given("join", group=group)
    await alice.asks("leave", group=group)
    await carol.hears("server-leave", sender=alice.name, group=group, owner=carol.name)
    await sees_owner(bob, group, carol)


@case("G-LEAVE-4")
async def the_heir_has_the_rights_of_an_owner(w: World) -> None:
    """Alice leaves her group to bob and joins again: now bob may kick, and she may not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.asks("leave", group=group)
    await alice.given("join", group=group)
    await alice.is_refused("not-owner", "kick", group=group, dest=carol.name, reason="")
    await bob.asks("kick", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice, bob)


@case("G-LEAVE-4")
async def a_member_that_leaves_changes_no_owner(w: World) -> None:
    """Bob, not the owner, leaves: alice still owns the group and may kick carol, who stands longest after her."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, carol, bob)
    await bob.asks("leave", group=group)
    await sees_owner(carol, group, alice)
    await alice.asks("kick", group=group, dest=carol.name, reason="")
    await sees_members(alice, group, alice)


@case("G-LEAVE-5")
async def an_emptied_group_has_no_owner(w: World) -> None:
    """Alice, the last member, leaves her group: it is there still, without members and without an owner."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.asks("leave", group=group)
    await sees_members(bob, group)
    await sees_owner(bob, group, None)


@case("G-LEAVE-5")
async def an_emptied_group_keeps_its_history(w: World) -> None:
    """Alice posts to her group and leaves it empty: bob, who comes later, still reads what she posted."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await alice.asks("leave", group=group)
    await sees_messages(bob, group, post)


@case("G-LEAVE-5")
async def an_emptied_group_keeps_its_log(w: World) -> None:
    """Alice founds a group and leaves it empty: its log still tells both, and goes on with bob's join."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    events = [await alice.given("cgroupe", group=group), await alice.asks("leave", group=group)]
    await sees_events(bob, group, *events)
    events.append(await bob.given("join", group=group))
    await sees_events(bob, group, *events)


@case("G-LEAVE-5")
async def an_emptied_group_keeps_its_name(w: World) -> None:
    """Alice leaves her group empty: groups still lists it, and nobody can found another under its name."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.asks("leave", group=group)
    await bob.is_refused("group-exists", "cgroupe", group=group)
    await bob.asks("cgroupe", group=w.group())
    await finds_group(bob, group, owner=None, members=0)


@case("G-LEAVE-6")
async def who_joins_an_emptied_group_owns_it(w: World) -> None:
    """Alice leaves her group empty, and bob joins it: server-join and members name him as the owner."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("leave", group=group)
    answer = await bob.asks("join", group=group)
    await sees_members(alice, group, bob)
    await sees_owner(alice, group, bob)
    must(answer["owner"] == bob.name, "server-join must name bob", {"owner": bob.name}, answer)


@case("G-LEAVE-6")
async def the_founder_has_no_claim_to_an_emptied_group(w: World) -> None:
    """Alice leaves her group empty, bob joins it, and she joins again: he may kick, and she may not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    await alice.given("leave", group=group)
    for member in (bob, alice, carol):
        await member.asks("join", group=group)
    await alice.is_refused("not-owner", "kick", group=group, dest=carol.name, reason="")
    await bob.asks("kick", group=group, dest=carol.name, reason="")
    await sees_members(bob, group, alice, bob)


@case("G-LEAVE-6")
async def a_ban_holds_in_an_emptied_group(w: World) -> None:
    """Alice bans bob and leaves her group empty: he cannot join it and so own it, and carol can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("leave", group=group)
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)
    await sees_members(carol, group, carol)
    await sees_owner(carol, group, carol)


@case("G-LEAVE-6")
async def joining_others_makes_no_owner(w: World) -> None:
    """Bob joins a group in which alice, its owner, is still a member: she owns it as before, and he does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, carol)
    await bob.asks("join", group=group)
    await bob.is_refused("not-owner", "kick", group=group, dest=carol.name, reason="")
    await sees_owner(bob, group, alice)
    await alice.asks("kick", group=group, dest=carol.name, reason="")
