"""Level history: what survives a restart of the server. Its sudden death is the matter of ``kills``."""

from tchat_conform.case import case
from tchat_conform.expect import mentions
from tchat_conform.listings import (
    finds_group,
    finds_no_group,
    has_events,
    has_messages,
    has_names,
    has_owner,
    number,
)
from tchat_conform.steps import goes
from tchat_conform.verdict import must
from tchat_conform.world import World


@case("H-RESTART-1", restarts=True)
async def the_messages_survive_a_restart(w: World) -> None:
    """The server is restarted: msgs holds what alice and bob posted before, unchanged and in order."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    posts = [await each.given("gbroadcast", group=group, msg=w.text("é🙂 ")) for each in (alice, bob, alice)]
    await w.restart()
    alice = await w.returns(alice)
    has_messages(await alice.asks("msgs", group=group), *posts)


@case("H-RESTART-1", restarts=True)
async def the_members_survive_a_restart(w: World) -> None:
    """Carol left, dave was kicked, and the server is restarted: alice and bob are members, and nobody else."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, carol, dave)
    await carol.given("leave", group=group)
    await alice.given("kick", group=group, dest=dave.name, reason="")
    await w.restart()
    alice, carol = await w.returns(alice), await w.returns(carol)
    has_names(await alice.asks("members", group=group), "members", alice, bob)
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=w.text())


@case("H-RESTART-1", restarts=True)
async def members_hear_each_other_after_a_restart(w: World) -> None:
    """The server is restarted: bob gets what alice posts, and she what he posts, without joining again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await w.restart()
    alice, bob = await w.returns(alice), await w.returns(bob)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("H-RESTART-1", restarts=True)
async def the_owner_survives_a_restart(w: World) -> None:
    """The server is restarted: alice, who founded the group, kicks bob, and carol cannot."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await w.restart()
    carol = await w.returns(carol)
    answer = await carol.asks("members", group=group)
    has_owner({"owner": answer["owner"]}, alice)
    await carol.is_refused("not-owner", "kick", group=group, dest=bob.name, reason="")
    alice = await w.returns(alice)
    await alice.asks("kick", group=group, dest=bob.name, reason="")


@case("H-RESTART-1", restarts=True)
async def an_heir_s_ownership_survives_a_restart(w: World) -> None:
    """Alice leaves her group to bob, joins it again, and the server is restarted: he owns it, and she does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.given("leave", group=group)
    await alice.given("join", group=group)
    await w.restart()
    alice, bob = await w.returns(alice), await w.returns(bob)
    await alice.is_refused("not-owner", "kick", group=group, dest=carol.name, reason="")
    await bob.asks("kick", group=group, dest=carol.name, reason="")


@case("H-RESTART-1", restarts=True)
async def standing_survives_a_restart(w: World) -> None:
    """The server is restarted, and alice leaves: bob, who joined before carol, owns the group."""
    alice, carol, bob = await w.users("alice", "carol", "bob")
    group = await w.group_of(alice, bob, carol)
    await w.restart()
    alice, bob = await w.returns(alice), await w.returns(bob)
    await alice.asks("leave", group=group)
    await bob.asks("kick", group=group, dest=carol.name, reason="")


@case("H-RESTART-1", restarts=True)
async def a_private_group_is_private_after_a_restart(w: World) -> None:
    """The server is restarted: alice's private group is private still, and carol can neither see, read nor join it."""
    alice, carol = await w.users("alice", "carol")
    group = await w.group_of(alice, private=True)
    await w.restart()
    alice, carol = await w.returns(alice), await w.returns(carol)
    answer = await alice.asks("members", group=group)
    must(answer["private"] is True, "the group must be private still", {"private": True}, answer)
    await finds_no_group(carol, group)
    await carol.is_refused("not-member", "msgs", group=group)
    await carol.is_refused("not-invited", "join", group=group)


@case("H-RESTART-1", restarts=True)
async def a_public_group_is_public_after_a_restart(w: World) -> None:
    """The server is restarted: alice's public group is public still, and carol sees, reads and joins it."""
    alice, carol = await w.users("alice", "carol")
    group = await w.group_of(alice)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await w.restart()
    carol = await w.returns(carol)
    await finds_group(carol, group)
    has_messages(await carol.asks("msgs", group=group), post)
    await carol.asks("join", group=group)
    has_names(await carol.asks("members", group=group), "members", alice, carol)


@case("H-RESTART-1", restarts=True)
async def an_emptied_group_survives_a_restart(w: World) -> None:
    """Alice leaves her group empty, and the server is restarted: it has its history, and bob, who joins it, owns it."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    post = await alice.given("gbroadcast", group=group, msg=w.text())
    await alice.given("leave", group=group)
    await w.restart()
    bob = await w.returns(bob)
    has_names(await bob.asks("members", group=group), "members")
    has_messages(await bob.asks("msgs", group=group), post)
    await bob.is_refused("group-exists", "cgroupe", group=group)
    await bob.asks("join", group=group)
    answer = await bob.asks("members", group=group)
    has_owner({"owner": answer["owner"]}, bob)


@case("H-RESTART-2", restarts=True)
async def the_log_survives_a_restart(w: World) -> None:
    """An event of each kind happens, and the server is restarted: states holds all of them, unchanged and in order."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    events = [
        await alice.given("cgroupe", group=group),
        await alice.given("invite", group=group, dest=bob.name),
        await bob.given("join", group=group),
        await bob.given("leave", group=group),
        await bob.given("join", group=group),
        await alice.given("kick", group=group, dest=bob.name, reason="rude"),
        await alice.given("ban", group=group, dest=bob.name, reason="rude again"),
        await alice.given("unban", group=group, dest=bob.name),
    ]
    await w.restart()
    alice = await w.returns(alice)
    has_events(await alice.asks("states", group=group), *events)


@case("H-RESTART-2", restarts=True)
async def bans_survive_a_restart(w: World) -> None:
    """Alice bans bob, bans and unbans carol, and the server is restarted: he is banned still, and carol can join."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    for user in (bob, carol):
        await alice.given("ban", group=group, dest=user.name, reason="")
    await alice.given("unban", group=group, dest=carol.name)
    await w.restart()
    bob, carol = await w.returns(bob), await w.returns(carol)
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)


@case("H-RESTART-2", restarts=True)
async def invitations_survive_a_restart(w: World) -> None:
    """Alice invites bob to a private group, and the server is restarted: he can join, and carol cannot."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    await w.restart()
    bob, carol = await w.returns(bob), await w.returns(carol)
    await carol.is_refused("not-invited", "join", group=group)
    await bob.asks("join", group=group)


@case("H-RESTART-2", restarts=True)
async def an_invitation_that_ended_stays_so_after_a_restart(w: World) -> None:
    """Bob used his invitation, a ban ended carol's, and the server is restarted: neither can join, and dave can."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, private=True)
    await bob.given("leave", group=group)
    for user in (carol, dave):
        await alice.given("invite", group=group, dest=user.name)
    await alice.given("ban", group=group, dest=carol.name, reason="")
    await alice.given("unban", group=group, dest=carol.name)
    await w.restart()
    bob, carol, dave = await w.returns(bob), await w.returns(carol), await w.returns(dave)
    await bob.is_refused("not-invited", "join", group=group)
    await carol.is_refused("not-invited", "join", group=group)
    await dave.asks("join", group=group)


@case("H-RESTART-3", restarts=True)
async def numbers_go_on_after_a_restart(w: World) -> None:
    """Alice posts, the server is restarted, and she posts again: the number is the next one."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    before = number(await alice.given("gbroadcast", group=group, msg=w.text()))
    await w.restart()
    after = await (await w.returns(alice)).asks("gbroadcast", group=group, msg=w.text())
    must(number(after) == before + 1, "seq must go on where it stood", {"seq": before + 1}, after)


@case("H-RESTART-3", restarts=True)
async def numbers_go_on_after_an_event_and_a_restart(w: World) -> None:
    """Alice posts, bob joins and leaves, the server is restarted, and carol joins: the number is the next one."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    await alice.given("gbroadcast", group=group, msg=w.text())
    await bob.given("join", group=group)
    before = number(await bob.given("leave", group=group))
    await w.restart()
    after = await (await w.returns(carol)).asks("join", group=group)
    must(number(after) == before + 1, "seq must go on where it stood", {"seq": before + 1}, after)


@case("H-RESTART-4", restarts=True)
async def known_users_can_be_invited_after_a_restart(w: World) -> None:
    """The server is restarted: alice invites bob, who has not come back yet, but nobody whom it never saw."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await w.restart()
    alice = await w.returns(alice)
    await alice.is_refused("unknown-user", "invite", group=group, dest=w.fresh("nobody"))
    await alice.asks("invite", group=group, dest=bob.name)


@case("H-RESTART-4", restarts=True)
async def who_is_away_is_written_to_after_a_restart(w: World) -> None:
    """The server is restarted while bob is away: alice writes to him then, and he gets it when he comes."""
    w.needs_feature("offline")
    alice, bob = await w.users("alice", "bob")
    await w.restart()
    alice, text = await w.returns(alice), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("H-RESTART-4", restarts=True)
async def what_waits_survives_a_restart(w: World) -> None:
    """Alice writes to bob, who is away, and the server is restarted: he gets both messages, in order, when he comes."""
    w.needs_feature("offline")
    alice, bob = await w.users("alice", "bob")
    await goes(bob)
    first, second = w.text(), w.text()
    for text in (first, second):
        await alice.given("client-send", to=bob.name, msg=text)
    await w.restart()
    bob = await w.returns(bob)
    for text in (first, second):
        await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    came = [each.message for each in bob.connection.inbox if mentions(each.message, alice.name)]
    must(mentions(came[0], first), "what waits comes in the order in which it was sent", first, str(came))


@case("H-RESTART-4", restarts=True)
async def an_invitation_that_waits_survives_a_restart(w: World) -> None:
    """Alice invites bob, who is away, and the server is restarted: he gets the invitation when he comes."""
    w.needs_feature("offline")
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await goes(bob)
    await alice.given("invite", group=group, dest=bob.name)
    await w.restart()
    bob = await w.returns(bob)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)


@case("B-SEND-5", restarts=True)
async def what_was_delivered_is_not_delivered_after_a_restart(w: World) -> None:
    """Bob got a message that had waited for him, and the server is restarted: he does not get it again."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await goes(bob)
    await alice.given("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await w.builds_on(bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text), by="client-send")
    await w.barrier(bob, bob)
    await goes(bob)
    await w.restart()
    alice, bob = await w.returns(alice), await w.returns(bob)
    await bob.hears_nothing_about(text, after=alice)
