"""Level history: what survives a disconnection, a restart and a sudden death of the server."""

import asyncio

from tchat_conform.case import case
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World


async def _goes(w: World, user: User, witness: User) -> None:
    """Have somebody lose his connection, and wait until the server has told so."""
    await user.leaves()
    gone = witness.hears("server-presence", **{"from": user.name}, online=False)
    await w.builds_on(gone, by="server-presence")


async def _messages(user: User, group: str) -> list[object]:
    return [each["msg"] for each in (await user.asks("msgs", group=group))["messages"]]


@case("H-AWAY-1")
async def who_comes_back_is_still_a_member(w: World) -> None:
    """Bob's connection is lost and he comes back: he gets the group's messages, and posts, without joining again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await _goes(w, bob, alice)
    bob, text, reply = await w.returns(bob), w.text(), w.text()
    await alice.asks("gbroadcast", group=group, msg=text)
    await bob.hears("server-gbroadcast", sender=alice.name, group=group, msg=text)
    await bob.asks("gbroadcast", group=group, msg=reply)
    await alice.hears("server-gbroadcast", sender=bob.name, group=group, msg=reply)


@case("H-AWAY-1")
async def the_owner_who_comes_back_still_owns(w: World) -> None:
    """Alice, the owner, quits and comes back: she kicks bob as before, and carol still cannot."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await alice.given("client-quit")
    alice = await w.returns(alice)
    await carol.is_refused("not-owner", "kick", group=group, dest=bob.name, reason="")
    await alice.asks("kick", group=group, dest=bob.name, reason="")
    await bob.hears("server-kick", sender=alice.name, group=group, dest=bob.name)


@case("H-AWAY-1")
async def a_group_outlives_all_its_members_going(w: World) -> None:
    """Alice and bob both quit and come back: the group is theirs still, with the same owner."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    for user in (alice, bob):
        await user.given("client-quit")
    bob, alice = await w.returns(bob), await w.returns(alice)
    answer = await bob.asks("members", group=group)
    must(answer["owner"] == alice.name, f"the owner is still {alice.name}", None, answer)
    must(set(answer["members"]) == {alice.name, bob.name}, "the members are still alice and bob", None, answer)


@case("H-AWAY-2")
async def what_was_missed_is_in_the_history(w: World) -> None:
    """Alice posts while bob is away; when he is back msgs holds it, once, between what he heard before and after."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    before, missed, after = w.text("before"), w.text("missed"), w.text("after")
    await alice.given("gbroadcast", group=group, msg=before)
    await _goes(w, bob, alice)
    await alice.asks("gbroadcast", group=group, msg=missed)
    bob = await w.returns(bob)
    await alice.asks("gbroadcast", group=group, msg=after)
    heard = await _messages(bob, group)
    must(heard == [before, missed, after], "msgs holds all three in order", str([before, missed, after]), str(heard))


@case("H-AWAY-3")
async def going_is_no_leaving(w: World) -> None:
    """Bob's connection is lost: alice gets no server-leave, and members lists him still, not as online."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await _goes(w, bob, alice)
    answer = await alice.asks("members", group=group)
    must(set(answer["members"]) == {alice.name, bob.name}, "bob is still a member", None, answer)
    must(answer["online"] == [alice.name], "alice alone is online", None, answer)
    left = alice.heard("server-leave", sender=bob.name)
    must(not left, "a lost connection is no leave", "nothing", left[0] if left else None)


@case("H-AWAY-3")
async def quitting_is_no_leaving(w: World) -> None:
    """Bob quits: alice gets no server-leave, and members lists him still, not as online."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await bob.given("client-quit")
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="server-presence")
    answer = await alice.asks("members", group=group)
    must(set(answer["members"]) == {alice.name, bob.name}, "bob is still a member", None, answer)
    must(bob.name not in answer["online"], "bob is not online", None, answer)
    must(not alice.heard("server-leave", sender=bob.name), "client-quit is no leave")


@case("H-AWAY-3")
async def who_is_back_is_online_again(w: World) -> None:
    """Bob goes and comes back: members lists him as online again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await _goes(w, bob, alice)
    bob = await w.returns(bob)
    answer = await alice.asks("members", group=group)
    must(set(answer["online"]) == {alice.name, bob.name}, "both are online", None, answer)


@case("H-AWAY-4")
async def a_ban_outlives_everybody_going(w: World) -> None:
    """Alice bans bob, and both go and come back: he is banned still, and carol can join."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    for user in (alice, bob):
        await user.given("client-quit")
    bob, alice = await w.returns(bob), await w.returns(alice)
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)


@case("H-AWAY-4")
async def an_invitation_outlives_everybody_going(w: World) -> None:
    """Alice invites bob to a private group, and both go and come back: he can join, and carol cannot."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=bob.name)
    for user in (alice, bob):
        await user.given("client-quit")
    bob, alice = await w.returns(bob), await w.returns(alice)
    await carol.is_refused("not-invited", "join", group=group)
    await bob.asks("join", group=group)


@case("H-RESTART-1", restarts=True)
async def a_group_survives_a_restart(w: World) -> None:
    """The server is restarted: the private group has its privacy, its owner, its members and its messages."""
    alice, bob = await w.users("alice", "bob")
    group, text = await w.group_of(alice, bob, private=True), w.text()
    await alice.given("gbroadcast", group=group, msg=text)
    await w.restart()
    bob = await w.returns(bob)
    answer = await bob.asks("members", group=group)
    must(answer["private"] is True, "the group is still private", None, answer)
    must(answer["owner"] == alice.name, f"the owner is still {alice.name}", None, answer)
    must(set(answer["members"]) == {alice.name, bob.name}, "the members are still alice and bob", None, answer)
    must(await _messages(bob, group) == [text], "msgs still holds the message")


@case("H-RESTART-1", restarts=True)
async def members_hear_each_other_after_a_restart(w: World) -> None:
    """The server is restarted: bob gets what alice posts, without joining again."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await w.restart()
    alice, bob, text = await w.returns(alice), await w.returns(bob), w.text()
    await alice.asks("gbroadcast", group=group, msg=text)
    await bob.hears("server-gbroadcast", sender=alice.name, group=group, msg=text)


@case("H-RESTART-1", restarts=True)
async def standing_survives_a_restart(w: World) -> None:
    """The server is restarted, and alice leaves: bob, who joined before carol, owns the group."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    await w.restart()
    alice = await w.returns(alice)
    answer = await alice.asks("leave", group=group)
    must(answer.get("owner") == bob.name, f"{bob.name} is the heir", None, answer)


@case("H-RESTART-2", restarts=True)
async def bans_and_invitations_survive_a_restart(w: World) -> None:
    """The server is restarted: bob is banned still, and carol can use her invitation; dave has none."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob, private=True)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("invite", group=group, dest=carol.name)
    await w.restart()
    bob, carol, dave = await w.returns(bob), await w.returns(carol), await w.returns(dave)
    await bob.is_refused("banned", "join", group=group)
    await dave.is_refused("not-invited", "join", group=group)
    await carol.asks("join", group=group)


@case("H-RESTART-2", restarts=True)
async def the_log_survives_a_restart(w: World) -> None:
    """The server is restarted: states holds the same events as before."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("kick", group=group, dest=bob.name, reason="rude")
    before = await alice.given("states", group=group)
    await w.restart()
    after = await (await w.returns(alice)).asks("states", group=group)
    must(len(after["events"]) == 3, "the log has three events", None, after)
    must(after["events"] == before["events"], "the log is as before the restart", before, after)


@case("H-RESTART-3", restarts=True)
async def numbers_go_on_after_a_restart(w: World) -> None:
    """The server is restarted: the next message has the next number."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    before = await alice.given("gbroadcast", group=group, msg=w.text())
    await w.restart()
    after = await (await w.returns(alice)).asks("gbroadcast", group=group, msg=w.text())
    must(after["seq"] == before["seq"] + 1, f"seq is {before['seq'] + 1}", None, after)


@case("H-RESTART-4", restarts=True)
async def users_stay_known_after_a_restart(w: World) -> None:
    """The server is restarted while bob is away: alice's message to him waits until he comes."""
    alice, bob = await w.users("alice", "bob")
    w.needs_feature("offline")
    await w.restart()
    alice, text = await w.returns(alice), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("H-RESTART-4", restarts=True)
async def mail_survives_a_restart(w: World) -> None:
    """Alice writes to bob, who is away, and the server is restarted: he gets the message when he comes."""
    alice, bob, text = await w.user("alice"), await w.user("bob"), w.text()
    w.needs_feature("offline")
    await bob.given("client-quit")
    await alice.given("client-send", to=bob.name, msg=text)
    await w.restart()
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("H-RESTART-4", restarts=True)
async def known_users_can_be_invited_after_a_restart(w: World) -> None:
    """The server is restarted: alice invites bob, who has not come back yet, but nobody whom it never saw."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await w.restart()
    alice = await w.returns(alice)
    await alice.is_refused("unknown-user", "invite", group=group, dest=w.fresh("nobody"))
    await alice.asks("invite", group=group, dest=bob.name)


@case("H-KILL-1", restarts=True)
async def what_is_acknowledged_survives_a_kill(w: World) -> None:
    """Alice posts fifty messages, and the server is killed the moment the last is acknowledged: all are in msgs."""
    alice = await w.user("alice")
    group, texts = await w.group_of(alice), [w.text(f"n{number}") for number in range(50)]
    for text in texts:
        await alice.given("gbroadcast", group=group, msg=text)
    await w.restart(kill=True)
    found = await _messages(await w.returns(alice), group)
    missing = [text for text in texts if text not in found]
    must(not missing, f"{len(missing)} acknowledged messages are missing", str(missing[:3]))
    must(found == texts, "each is there once, in order", str(texts[:3]), str(found[:3]))


@case("H-KILL-1", restarts=True)
async def what_is_acknowledged_in_a_crowd_survives_a_kill(w: World) -> None:
    """Five users post at once, and the server is killed meanwhile: what was acknowledged is in msgs, without holes."""
    people = await w.users("ann", "ben", "cat", "dan", "eve")
    group = await w.group_of(*people)
    said: list[str] = []

    async def chatter(user: User) -> None:
        for _ in range(20):
            text = w.text(user.connection.who)
            await user.given("gbroadcast", group=group, msg=text)
            said.append(text)

    await asyncio.gather(*(chatter(user) for user in people))
    await w.restart(kill=True)
    answer = await (await w.returns(people[0])).asks("msgs", group=group, limit=1000)
    found = [each["msg"] for each in answer["messages"]]
    missing = [text for text in said if text not in found]
    must(not missing, f"{len(missing)} acknowledged messages are missing", str(missing[:3]))
    must(len(found) == len(set(found)), "no message is there twice")
    numbers = [each["seq"] for each in answer["messages"]]
    must(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "seq has no holes", None, str(numbers[:9]))


@case("H-KILL-1", restarts=True)
async def changes_survive_a_kill(w: World) -> None:
    """Alice creates a group, invites, bans and unbans, and the server is killed: all of it is so afterwards."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, private=True)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("invite", group=group, dest=carol.name)
    await w.restart(kill=True)
    bob, carol = await w.returns(bob), await w.returns(carol)
    await bob.is_refused("banned", "join", group=group)
    await carol.asks("join", group=group)
