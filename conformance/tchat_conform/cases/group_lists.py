"""Level groups: who is in a group, what was posted, and which groups there are."""

from tchat_conform.case import case
from tchat_conform.listings import (
    finds_group,
    has_messages,
    has_names,
    has_owner,
    row_of,
    sees_members,
    sees_messages,
)
from tchat_conform.verdict import must
from tchat_conform.world import World


@case("G-MEMBERS-1")
async def members_lists_everyone_once(w: World) -> None:
    """Alice, bob and carol, who came, went and came again, are listed once each, and dave outside is not."""
    alice, bob, carol, _dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, carol)
    await carol.given("leave", group=group)
    await carol.given("join", group=group)
    answer = await alice.asks("members", group=group)
    has_names(answer, "members", alice, bob, carol)
    has_names(answer, "online", alice, bob, carol)


@case("G-MEMBERS-1")
async def members_names_the_owner(w: World) -> None:
    """Bob, not the owner, asks for the members of a group, and the answer names alice as its owner."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    has_owner(await bob.asks("members", group=group), alice)


@case("G-MEMBERS-1")
async def members_tells_who_is_online(w: World) -> None:
    """Bob closes his connection: he is a member, but not online, until he comes back."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await bob.leaves()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="presence")
    answer = await alice.asks("members", group=group)
    has_names(answer, "members", alice, bob, carol)
    has_names(answer, "online", alice, carol)
    await w.returns(bob)
    has_names(await alice.asks("members", group=group), "online", alice, bob, carol)


@case("G-MEMBERS-1")
async def an_outsider_online_is_not_among_the_online(w: World) -> None:
    """Carol is online and no member: neither members nor online names her, though she asks herself."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    answer = await carol.asks("members", group=group)
    has_names(answer, "members", alice, bob)
    has_names(answer, "online", alice, bob)


@case("G-MEMBERS-1")
async def a_group_without_members_has_a_null_owner(w: World) -> None:
    """Alice leaves her group empty: members answers with nobody, and with null for the owner."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("leave", group=group)
    answer = await bob.asks("members", group=group)
    has_names(answer, "members")
    has_names(answer, "online")
    has_owner(answer, None)


@case("G-MEMBERS-2")
async def an_outsider_sees_the_members(w: World) -> None:
    """Carol, not a member of alice's public group, asks for its members, and gets what bob gets, a member."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    has_names(await bob.asks("members", group=group), "members", alice, bob)
    has_names(await carol.asks("members", group=group), "members", alice, bob)


@case("G-MEMBERS-3")
async def nothing_has_no_members(w: World) -> None:
    """Bob asks for the members of a group that does not exist and is refused; those of his own he gets."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.is_refused("unknown-group", "members", group=w.group())
    has_names(await bob.asks("members", group=group), "members", alice, bob)


@case("G-MSGS-1")
async def the_history_is_what_was_delivered(w: World) -> None:
    """Alice and bob post in turn: msgs holds all, oldest first, with sender, msg, ts and seq as delivered."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    posts = [await each.given("gbroadcast", group=group, msg=w.text()) for each in (alice, bob, bob, alice)]
    has_messages(await bob.asks("msgs", group=group), *posts)


@case("G-MSGS-1")
async def the_history_begins_empty(w: World) -> None:
    """Nobody has posted to alice's group: msgs answers with an empty list, though bob's join is an event."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    has_messages(await bob.asks("msgs", group=group))
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    has_messages(await bob.asks("msgs", group=group), post)


@case("G-MSGS-1")
async def events_are_not_in_the_history(w: World) -> None:
    """Between two messages bob joins, leaves, and is banned: msgs holds the two messages and nothing else."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    before = await alice.given("gbroadcast", group=group, msg=w.text())
    await bob.given("join", group=group)
    await bob.given("leave", group=group)
    await alice.given("ban", group=group, dest=bob.name, reason=w.text("rude"))
    after = await alice.given("gbroadcast", group=group, msg=w.text())
    has_messages(await alice.asks("msgs", group=group), before, after)


@case("G-MSGS-1")
async def each_group_has_a_history_of_its_own(w: World) -> None:
    """Alice posts to one of her two groups and broadcasts: the history of the other stays empty."""
    alice = await w.user("alice")
    group, other = await w.group_of(alice), await w.group_of(alice)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await alice.given("client-broadcast", msg=w.text())
    has_messages(await alice.asks("msgs", group=other))
    has_messages(await alice.asks("msgs", group=group), post)


@case("G-MSGS-1")
async def the_history_keeps_any_text(w: World) -> None:
    """Alice posts quotes, line feeds, emoji and a NUL: msgs gives them back as they were."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    post = await alice.given(
        "gbroadcast", group=group, msg=w.text(" \"'; DROP\\n\r\n\t\0 e\u0301 \u202e 👩‍👩‍👧 <b>%s{}")
    )
    await bob.hears_copy_of(post)
    has_messages(await bob.asks("msgs", group=group), post)


@case("G-MSGS-2")
async def an_outsider_reads_the_history(w: World) -> None:
    """Carol, not a member of alice's public group, reads its history as bob does, a member."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    has_messages(await bob.asks("msgs", group=group), post)
    has_messages(await carol.asks("msgs", group=group), post)


@case("G-MSGS-2")
async def a_new_member_reads_what_is_older(w: World) -> None:
    """Alice posts, bob joins, alice posts again: bob reads both messages."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    before = await alice.given("gbroadcast", group=group, msg=w.text())
    await bob.given("join", group=group)
    after = await alice.given("gbroadcast", group=group, msg=w.text())
    has_messages(await bob.asks("msgs", group=group), before, after)


@case("G-MSGS-2")
async def who_has_left_still_reads(w: World) -> None:
    """Bob leaves alice's public group, and reads what she posts afterwards."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.given("leave", group=group)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    has_messages(await bob.asks("msgs", group=group), post)


@case("G-MSGS-3")
async def nothing_has_no_history(w: World) -> None:
    """Bob asks for the messages of a group that does not exist and is refused; those of his own he gets."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.is_refused("unknown-group", "msgs", group=w.group())
    has_messages(await bob.asks("msgs", group=group))


@case("G-GROUPS-1")
async def groups_lists_a_public_group_once(w: World) -> None:
    """Carol, a stranger to alice's group with bob, finds it listed once, public, owned by alice, with two members."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    row = row_of(await carol.asks("groups"), group)
    must(row is not None, f"groups must list {group}", {"group": group})
    await finds_group(carol, group, private=False, owner=alice.name, members=2)
    await finds_group(bob, group, private=False, owner=alice.name, members=2)


@case("G-GROUPS-1")
async def groups_counts_those_who_come_and_go(w: World) -> None:
    """Bob and carol join, alice leaves: groups counts one, three and two members, and names bob as the owner."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    await finds_group(carol, group, owner=alice.name, members=1)
    await bob.given("join", group=group)
    await carol.given("join", group=group)
    await finds_group(carol, group, owner=alice.name, members=3)
    await alice.given("leave", group=group)
    await finds_group(carol, group, owner=bob.name, members=2)


@case("G-GROUPS-1")
async def groups_lists_a_group_without_members(w: World) -> None:
    """Alice leaves her group empty: groups still lists it, with no owner and no members."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("leave", group=group)
    await finds_group(bob, group, private=False, owner=None, members=0)
    await finds_group(alice, group, owner=None, members=0)


@case("G-GROUPS-1")
async def groups_counts_members_who_are_offline(w: World) -> None:
    """Bob, a member, and alice, the owner, close their connections: carol finds the group with both of them."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    for member in (alice, bob):
        await member.leaves()
        await w.builds_on(carol.hears("server-presence", **{"from": member.name}, online=False), by="presence")
    await finds_group(carol, group, owner=alice.name, members=2)


@case("G-GROUPS-1")
async def groups_lists_all_groups_of_an_owner(w: World) -> None:
    """Alice founds two groups, and bob finds both."""
    alice, bob = await w.users("alice", "bob")
    first, second = await w.group_of(alice), await w.group_of(alice)
    await finds_group(bob, first, owner=alice.name, members=1)
    await finds_group(bob, second, owner=alice.name, members=1)
    await sees_members(bob, second, alice)
    await sees_messages(bob, second)
