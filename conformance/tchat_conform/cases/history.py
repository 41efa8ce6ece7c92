"""Level history: what survives a disconnection. A restart of the server is the matter of ``restarts``."""

from tchat_conform.case import case
from tchat_conform.listings import has_events, has_messages, has_names, has_owner
from tchat_conform.steps import goes
from tchat_conform.user import User
from tchat_conform.world import World


async def _is_lost(user: User, witness: User) -> None:
    """Have somebody lose the connection without a word, and wait until the server has told so."""
    await user.connection.abort()
    gone = witness.hears("server-presence", **{"from": user.name}, online=False)
    await user.world.builds_on(gone, by="server-presence")


async def _all_go_and_return(w: World, *users: User) -> list[User]:
    """Have all of them quit, so that none is there, and come back in that order."""
    for user in users:
        await goes(user)
    return [await w.returns(user) for user in users]


@case("H-AWAY-1")
async def who_lost_the_connection_is_still_a_member(w: World) -> None:
    """Bob's connection is lost and he comes back: he gets the group's messages, and posts, without joining again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await _is_lost(bob, alice)
    bob = await w.returns(bob)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("H-AWAY-1")
async def who_has_quit_is_still_a_member(w: World) -> None:
    """Bob quits and comes back: he gets the group's messages, and posts, without joining again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await goes(bob)
    bob = await w.returns(bob)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("H-AWAY-1")
async def who_was_no_member_is_none_still(w: World) -> None:
    """Bob, a member, and carol, who left, go and come back: he gets what alice posts, and she does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await carol.given("leave", group=group)
    bob, carol = await _all_go_and_return(w, bob, carol)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await bob.hears_copy_of(post)
    await carol.hears_nothing_about(post["msg"], after=alice)


@case("H-AWAY-1")
async def the_owner_who_comes_back_still_owns(w: World) -> None:
    """Alice, the owner, quits and comes back: she kicks bob as before, and carol still cannot."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await goes(alice)
    await carol.is_refused("not-owner", "kick", group=group, dest=bob.name, reason="")
    alice = await w.returns(alice)
    await carol.is_refused("not-owner", "kick", group=group, dest=bob.name, reason="")
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=""))
    has_names(await carol.given("members", group=group), "members", alice, carol)


@case("H-AWAY-1")
async def a_group_outlives_all_its_members_going(w: World) -> None:
    """Alice and bob both quit, and bob comes back first: the group is theirs still, and alice owns it."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    bob, alice = await _all_go_and_return(w, bob, alice)
    answer = await bob.asks("members", group=group)
    has_names(answer, "members", alice, bob)
    has_owner({"owner": answer["owner"]}, alice)
    has_messages(await bob.asks("msgs", group=group), post)


@case("H-AWAY-2")
async def what_was_missed_is_in_the_history(w: World) -> None:
    """Alice posts before, while and after bob is away; when he is back msgs holds all, once and in order."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    posts = [await alice.given("gbroadcast", group=group, msg=w.text("before"))]
    await _is_lost(bob, alice)
    posts += [await alice.given("gbroadcast", group=group, msg=w.text("missed")) for _ in range(2)]
    bob = await w.returns(bob)
    posts += [await alice.given("gbroadcast", group=group, msg=w.text("after"))]
    has_messages(await bob.asks("msgs", group=group), *posts)


@case("H-AWAY-2")
async def what_all_others_missed_is_in_the_history(w: World) -> None:
    """Alice posts while bob is away, and quits; when he is back, alone, msgs of the private group holds it."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob, private=True)
    await goes(bob)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await goes(alice)
    bob = await w.returns(bob)
    has_messages(await bob.asks("msgs", group=group), post)


async def _is_still_a_member(alice: User, bob: User, group: str, told: int) -> None:
    """Prove that bob, who is away, has not left alice's group: members and the log say so, and nobody was told."""
    await alice.hears_nothing_about(group, after=alice, but=told)
    answer = await alice.asks("members", group=group)
    has_names(answer, "members", alice, bob)
    has_names({"online": answer["online"]}, "online", alice)


@case("H-AWAY-3")
async def going_is_no_leaving(w: World) -> None:
    """Bob's connection is lost: alice gets no server-leave, and members lists him still, not as online."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    told = await alice.has_heard_of(group, after=bob)
    await _is_lost(bob, alice)
    await _is_still_a_member(alice, bob, group, told)


@case("H-AWAY-3")
async def quitting_is_no_leaving(w: World) -> None:
    """Bob quits: alice gets no server-leave, and members lists him still, not as online."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    told = await alice.has_heard_of(group, after=bob)
    await goes(bob)
    await _is_still_a_member(alice, bob, group, told)


@case("H-AWAY-3")
async def coming_back_is_no_joining(w: World) -> None:
    """Bob goes and comes back: alice hears nothing of it in the group, and the log has no event of it."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    events = [await alice.given("cgroupe", group=group), await bob.given("join", group=group)]
    told = await alice.has_heard_of(group, after=bob)
    await goes(bob)
    bob = await w.returns(bob)
    await alice.hears_nothing_about(group, after=bob, but=told)
    has_events(await alice.asks("states", group=group), *events)


@case("H-AWAY-3")
async def who_is_back_is_online_again(w: World) -> None:
    """Bob goes and comes back: members lists him as online again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await _is_lost(bob, alice)
    bob = await w.returns(bob)
    answer = await alice.asks("members", group=group)
    has_names({"online": answer["online"]}, "online", alice, bob)


@case("H-AWAY-4")
async def a_ban_outlives_everybody_going(w: World) -> None:
    """Alice bans bob, and both go and come back: he is banned still, carol can join, and so can he once unbanned."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    bob, alice = await _all_go_and_return(w, bob, alice)
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)
    await alice.asks("unban", group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("H-AWAY-4")
async def an_invitation_outlives_everybody_going(w: World) -> None:
    """Alice invites bob to a private group, and both go and come back: he can join, and carol cannot."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    bob, alice = await _all_go_and_return(w, bob, alice)
    await carol.is_refused("not-invited", "join", group=group)
    await bob.asks("join", group=group)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))


@case("H-AWAY-4")
async def an_invitation_outlives_a_lost_connection(w: World) -> None:
    """Alice invites bob to a private group, and his connection is lost: when he is back he can join."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await _is_lost(bob, alice)
    bob = await w.returns(bob)
    await bob.asks("join", group=group)
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))
