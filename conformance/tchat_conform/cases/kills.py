"""Level history: what survives the sudden death of the server."""

import asyncio
from contextlib import suppress
from itertools import pairwise

from tchat_conform.case import case
from tchat_conform.expect import mentions
from tchat_conform.listings import are_numbered, has_messages, has_names, number, rows
from tchat_conform.steps import goes
from tchat_conform.user import User
from tchat_conform.verdict import Message, Stopped, must
from tchat_conform.world import World

ENOUGH = 60
AT_MOST = 30


@case("H-KILL-1", restarts=True, alone=True)
async def what_is_acknowledged_survives_a_kill(w: World) -> None:
    """Alice posts fifty messages, and the server is killed the moment the last is acknowledged: all are in msgs."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = [await alice.given("gbroadcast", group=group, msg=w.text()) for _ in range(50)]
    await w.restart(kill=True)
    alice = await w.returns(alice)
    has_messages(await alice.asks("msgs", group=group), *posts)


@case("H-KILL-1", restarts=True, alone=True)
async def what_is_acknowledged_in_a_crowd_survives_a_kill(w: World) -> None:
    """The server is killed while five users post at once: each message that was acknowledged is in msgs, once."""
    people = await w.users("ann", "ben", "cat", "dan", "eve")
    group = await w.group_of(*people)
    acknowledged: list[Message] = []
    enough = asyncio.Event()

    async def chatter(user: User) -> None:
        for _ in range(AT_MOST):
            acknowledged.append(await user.given("gbroadcast", group=group, msg=w.text()))
            if len(acknowledged) >= ENOUGH:
                enough.set()

    talk = [asyncio.create_task(chatter(user)) for user in people]
    signal = asyncio.create_task(enough.wait())
    await asyncio.wait([*talk, signal], return_when=asyncio.FIRST_COMPLETED)
    if not enough.is_set():
        signal.cancel()
        await asyncio.gather(*talk)
    await w.restart(kill=True)
    for each in talk:
        with suppress(Stopped):
            await each
    await _all_are_there_once(await w.returns(people[0]), group, acknowledged)


async def _all_are_there_once(user: User, group: str, posts: list[Message]) -> None:
    """Prove that the history holds these messages, each once and under its number, and no number twice."""
    history = rows(await user.asks("msgs", group=group, limit=1000), "messages")
    for post in posts:
        found = [each for each in history if mentions({"": each}, post["msg"])]
        once = len(found) == 1 and (not are_numbered(*found, post) or number(found[0]) == number(post))
        must(once, "what was acknowledged must be in msgs, once", post, f"found {len(found)} times")
    if _counts(user, *history, *posts):
        numbers = [number(each) for each in history]
        must(all(b == a + 1 for a, b in pairwise(numbers)), "seq must have no holes", None, str(numbers))


def _counts(user: User, *items: Message) -> bool:
    """Tell whether a server numbers what it keeps. One that does not can keep it all the same: a near miss."""
    counts = are_numbered(*items)
    user.world.should_be(counts, "what is kept has no integer seq", {"seq": "…"}, str(items[-1]) if items else "")
    return counts


@case("H-KILL-1", restarts=True, alone=True)
async def changes_survive_a_kill(w: World) -> None:
    """Alice founds a private group, bans bob, invites carol, and the server is killed: all of it is so afterwards."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, private=True)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("invite", group=group, dest=carol.name)
    await w.restart(kill=True)
    bob, carol, dave = await w.returns(bob), await w.returns(carol), await w.returns(dave)
    await bob.is_refused("banned", "join", group=group)
    await dave.is_refused("not-invited", "join", group=group)
    await carol.asks("join", group=group)


async def _survives_a_kill(w: World, action: str, *, by_owner: bool = True, **fields: str) -> tuple[User, User, str]:
    """Have alice, or bob, do one thing to a group of both, and the server killed at its answer; returns all three."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    told = {"dest": bob.name, **fields} if by_owner else fields
    event = await (alice if by_owner else bob).given(action, group=group, **told)
    await w.restart(kill=True)
    alice, bob = await w.returns(alice), await w.returns(bob)
    log = rows(await alice.asks("states", group=group), "events")
    must(bool(log), f"{action} must be the last in the log", event, "an empty log")
    last = not _counts(alice, log[-1], event) or number(log[-1]) == number(event)
    must(last, f"{action} must be the last in the log", event, str(log[-1:]))
    return alice, bob, group


@case("H-KILL-1", restarts=True, alone=True)
async def a_kick_survives_a_kill(w: World) -> None:
    """Alice kicks bob, and the server is killed at its answer: he is no member afterwards."""
    alice, bob, group = await _survives_a_kill(w, "kick", reason="")
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    has_names(await alice.asks("members", group=group), "members", alice)


@case("H-KILL-1", restarts=True, alone=True)
async def a_leave_survives_a_kill(w: World) -> None:
    """Bob leaves, and the server is killed at its answer: he is no member afterwards."""
    alice, bob, group = await _survives_a_kill(w, "leave", by_owner=False)
    await bob.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    has_names(await alice.asks("members", group=group), "members", alice)


@case("H-KILL-1", restarts=True, alone=True)
async def a_ban_survives_a_kill(w: World) -> None:
    """Alice bans bob, and the server is killed at its answer: he is banned afterwards."""
    alice, bob, group = await _survives_a_kill(w, "ban", reason="")
    await bob.is_refused("banned", "join", group=group)
    has_names(await alice.asks("members", group=group), "members", alice)


@case("H-KILL-1", restarts=True, alone=True)
async def an_unban_survives_a_kill(w: World) -> None:
    """Alice bans and unbans bob, and the server is killed at its answer: he can join afterwards."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    await alice.given("ban", group=group, dest=bob.name, reason="")
    await alice.given("unban", group=group, dest=bob.name)
    await w.restart(kill=True)
    alice, bob = await w.returns(alice), await w.returns(bob)
    await bob.asks("join", group=group)
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("H-KILL-1", restarts=True, alone=True)
async def a_join_survives_a_kill(w: World) -> None:
    """Alice founds a group and bob joins it, and the server is killed at the answer: he is a member afterwards."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await w.restart(kill=True)
    alice, bob = await w.returns(alice), await w.returns(bob)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


@case("H-KILL-1", restarts=True, alone=True)
async def what_waits_survives_a_kill(w: World) -> None:
    """Alice writes to bob, who is away, and the server is killed at its answer: he gets it when he comes."""
    w.needs_feature("offline")
    alice, bob, text = await w.user("alice"), await w.user("bob"), w.text()
    await goes(bob)
    await alice.given("client-send", to=bob.name, msg=text)
    await w.restart(kill=True)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
