"""Level private: founding a private group, being invited to it, joining it."""

from tchat_conform.case import case
from tchat_conform.listings import finds_group, sees_members, sees_owner
from tchat_conform.verdict import must
from tchat_conform.world import World


@case("P-CREATE-1")
async def the_answer_calls_the_group_private(w: World) -> None:
    """Alice founds a group with private true: server-cgroupe says that it is private, and bob cannot just join it."""
    alice, bob = await w.users("alice", "bob")
    group = w.group("den")
    answer = await alice.asks("cgroupe", group=group, private=True)
    await bob.is_refused("not-invited", "join", group=group)
    await sees_members(alice, group, alice)
    must(answer["private"] is True, "server-cgroupe must say that the group is private", {"private": True}, answer)


@case("P-CREATE-1")
async def members_calls_the_group_private(w: World) -> None:
    """Alice has a private group and a public one: server-members says which is which."""
    alice = await w.user("alice")
    private, public = await w.group_of(alice, private=True), await w.group_of(alice)
    answer = await alice.asks("members", group=private)
    must(answer["private"] is True, "server-members must say that the group is private", {"private": True}, answer)
    answer = await alice.asks("members", group=public)
    must(answer["private"] is False, "server-members must say that the group is public", {"private": False}, answer)


@case("P-CREATE-1")
async def groups_calls_the_group_private(w: World) -> None:
    """Alice has a private group and a public one: server-groups, which shows her both, says which is which."""
    alice = await w.user("alice")
    private, public = await w.group_of(alice, private=True), await w.group_of(alice)
    await alice.asks("groups")
    await finds_group(alice, private, private=True, owner=alice.name, members=1)
    await finds_group(alice, public, private=False, owner=alice.name, members=1)


@case("P-CREATE-1")
async def the_creator_of_a_private_group_owns_it(w: World) -> None:
    """Alice founds a private group: she is its owner and only member, without an invitation."""
    alice = await w.user("alice")
    group = w.group("den")
    await alice.asks("cgroupe", group=group, private=True)
    await sees_members(alice, group, alice)
    await sees_owner(alice, group, alice)
    await alice.asks("gbroadcast", group=group, msg=w.text())


@case("P-JOIN-1")
async def nobody_joins_without_an_invitation(w: World) -> None:
    """Bob has no invitation to alice's private group and cannot join it, and she hears nothing; carol, invited, can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    told = await alice.has_heard_of(group, after=bob)
    await bob.is_refused("not-invited", "join", group=group)
    await alice.hears_nothing_about(group, after=bob, but=told)
    await alice.given("invite", group=group, dest=carol.name)
    await carol.given("join", group=group)
    await sees_members(alice, group, alice, carol)


@case("P-JOIN-1")
async def an_invitation_is_for_one_group(w: World) -> None:
    """Bob is invited to one of alice's private groups: he cannot join the other, and the one he can."""
    alice, bob = await w.users("alice", "bob")
    group, other = await w.group_of(alice, private=True), await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.is_refused("not-invited", "join", group=other)
    await sees_members(alice, other, alice)
    await bob.given("join", group=group)


@case("P-JOIN-1")
async def a_refused_invitation_lets_nobody_in(w: World) -> None:
    """Bob, no member, invites himself and carol in vain: neither can join, until alice has invited them."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    for dest in (bob, carol):
        await bob.is_refused("not-member", "invite", group=group, dest=dest.name)
        await dest.is_refused("not-invited", "join", group=group)
    for dest in (bob, carol):
        await alice.given("invite", group=group, dest=dest.name)
        await dest.given("join", group=group)
    await sees_members(alice, group, alice, bob, carol)


@case("P-JOIN-2")
async def who_is_invited_joins(w: World) -> None:
    """Alice invites bob to her private group: he joins, both get server-join, and he is a member."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await alice.hears_copy_of(await bob.asks("join", group=group))
    await sees_members(bob, group, alice, bob)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))


@case("P-JOIN-2")
async def any_member_may_let_somebody_in(w: World) -> None:
    """Bob, a member and not the owner, invites carol to alice's private group: she joins, and posts."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, private=True)
    await bob.given("invite", group=group, dest=carol.name)
    await carol.asks("join", group=group)
    await sees_members(alice, group, alice, bob, carol)
    await bob.hears_copy_of(await carol.asks("gbroadcast", group=group, msg=w.text()))


@case("P-JOIN-2")
async def an_attempt_without_an_invitation_does_not_count(w: World) -> None:
    """Bob tries to join alice's private group too early and is refused; then she invites him, and he joins."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await bob.is_refused("not-invited", "join", group=group)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)


@case("P-JOIN-2")
async def one_who_joins_leaves_the_others_their_invitations(w: World) -> None:
    """Alice invites bob and carol; bob joins, and carol's invitation is still open: she joins too."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    for dest in (bob, carol):
        await alice.given("invite", group=group, dest=dest.name)
    await bob.asks("join", group=group)
    await carol.asks("join", group=group)
    await sees_members(alice, group, alice, bob, carol)


@case("P-JOIN-3")
async def an_invitation_is_used_up_by_joining(w: World) -> None:
    """Bob, invited, joins alice's private group and leaves it: he cannot join again, until she invites him again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await bob.given("leave", group=group)
    await bob.is_refused("not-invited", "join", group=group)
    await sees_members(alice, group, alice)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)


@case("P-JOIN-3")
async def two_invitations_let_in_once(w: World) -> None:
    """Bob, invited twice, joins alice's private group and leaves it: he needs a new invitation all the same."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    for _ in range(2):
        await alice.given("invite", group=group, dest=bob.name)
    await bob.given("join", group=group)
    await bob.given("leave", group=group)
    await bob.is_refused("not-invited", "join", group=group)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("P-JOIN-3")
async def the_owner_that_left_needs_an_invitation(w: World) -> None:
    """Alice leaves her private group to bob: she, who founded it, cannot join it again, until he invites her."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await alice.given("leave", group=group)
    await alice.is_refused("not-invited", "join", group=group)
    await sees_members(bob, group, bob)
    await bob.given("invite", group=group, dest=alice.name)
    await alice.asks("join", group=group)


@case("P-JOIN-4")
async def a_ban_ends_an_open_invitation(w: World) -> None:
    """Bob, invited, is banned and unbanned before he joins: he cannot join, until alice invites him again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("unban", group=group, dest=bob.name)
    await bob.is_refused("not-invited", "join", group=group)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)


@case("P-JOIN-4")
async def a_member_that_was_banned_needs_an_invitation(w: World) -> None:
    """Bob, a member of alice's private group, is banned and unbanned: he cannot join, until she invites him again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("unban", group=group, dest=bob.name)
    await bob.is_refused("not-invited", "join", group=group)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("P-JOIN-4")
async def a_ban_ends_the_invitation_of_one(w: World) -> None:
    """Bob and carol are invited, and bob is banned: carol's invitation is still open, and she joins."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    for dest in (bob, carol):
        await alice.given("invite", group=group, dest=dest.name)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)
    await sees_members(alice, group, alice, carol)


@case("P-JOIN-5")
async def who_was_kicked_needs_an_invitation(w: World) -> None:
    """Alice kicks bob from her private group: he cannot join again, until she invites him again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await alice.given("kick", group=group, dest=bob.name, reason="")
    await bob.is_refused("not-invited", "join", group=group)
    await sees_members(alice, group, alice)
    await alice.given("invite", group=group, dest=bob.name)
    await bob.asks("join", group=group)
    await sees_members(alice, group, alice, bob)


@case("P-EMPTY-1")
async def an_emptied_private_group_stays_closed(w: World) -> None:
    """Alice leaves her private group empty: neither bob nor she can join it; carol, invited before, can."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=carol.name)
    await alice.given("leave", group=group)
    await bob.is_refused("not-invited", "join", group=group)
    await alice.is_refused("not-invited", "join", group=group)
    await carol.asks("join", group=group)
    await sees_members(carol, group, carol)


@case("P-EMPTY-1")
async def an_open_invitation_to_an_emptied_group_makes_an_owner(w: World) -> None:
    """Bob, invited, joins the private group that alice left empty: server-join names him the owner, and he may kick."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await alice.given("leave", group=group)
    answer = await bob.asks("join", group=group)
    await sees_owner(bob, group, bob)
    await bob.given("invite", group=group, dest=carol.name)
    await carol.given("join", group=group)
    await bob.asks("kick", group=group, dest=carol.name, reason="")
    must(answer["owner"] == bob.name, "server-join must name bob", {"owner": bob.name}, answer)
