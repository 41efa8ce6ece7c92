"""Level groups: seq, and the one order that all members see."""

import asyncio
from collections.abc import Sequence

from tchat_conform.case import case
from tchat_conform.expect import words
from tchat_conform.listings import number, rows
from tchat_conform.user import User
from tchat_conform.verdict import Message, must
from tchat_conform.world import World

CROWD = 50
CROWD_PATIENCE = 10.0
EACH_POSTS = 2


def counts(messages: Sequence[Message], start: int = 1) -> None:
    """Fail the case unless the messages are numbered upwards from ``start`` without a hole."""
    found, wanted = [number(each) for each in messages], list(range(start, start + len(messages)))
    must(found == wanted, f"seq must be {wanted}", {"seq": wanted}, {"seq": found})


async def crowd_of(w: World, owner: User) -> tuple[str, list[User]]:
    """Return a new group and its members, a crowd that came all at once."""
    w.allow(CROWD_PATIENCE)
    group = await w.group_of(owner)
    others = await asyncio.gather(*(w.user(f"m{each}") for each in range(2, CROWD + 1)))
    await asyncio.gather(*(each.given("join", group=group) for each in others))
    return group, [owner, *others]


async def order_of(user: User, texts: frozenset[str]) -> list[str]:
    """Return these texts in the order in which the user got them, once it has got as many."""

    def heard() -> list[str]:
        return [word for each in user.connection.inbox for word in words(each.message) if word in texts]

    await user.world.stream(user.connection, lambda: len(heard()), len(texts))
    return heard()


@case("A-SEQ-1")
async def a_group_begins_with_one(w: World) -> None:
    """Alice founds two groups, one after the other: server-cgroupe has seq 1 both times."""
    alice = await w.user("alice")
    counts([await alice.asks("cgroupe", group=w.group())])
    counts([await alice.asks("cgroupe", group=w.group())])


@case("A-SEQ-1")
async def events_and_messages_count_together(w: World) -> None:
    """Events of every kind and messages happen in alice's group: their seqs are 1, 2, 3 and so on."""
    alice, bob = await w.users("alice", "bob")
    group, dest = w.group(), {"dest": bob.name}
    happened = [
        await alice.asks("cgroupe", group=group),
        await alice.asks("gbroadcast", group=group, msg=w.text()),
        await alice.asks("invite", group=group, **dest),
        await bob.asks("join", group=group),
        await bob.asks("gbroadcast", group=group, msg=w.text()),
        await alice.asks("kick", group=group, **dest, reason=""),
        await alice.asks("ban", group=group, **dest, reason=""),
        await alice.asks("unban", group=group, **dest),
        await bob.asks("join", group=group),
        await bob.asks("leave", group=group),
        await alice.asks("gbroadcast", group=group, msg=w.text()),
    ]
    counts(happened)


@case("A-SEQ-1")
async def each_group_counts_for_itself(w: World) -> None:
    """Alice posts to two groups in turn: each counts on by one, whatever happens in the other."""
    alice = await w.user("alice")
    groups = [w.group("one"), w.group("two")]
    happened: dict[str, list[Message]] = {each: [await alice.given("cgroupe", group=each)] for each in groups}
    for group in (*groups, *groups, groups[0]):
        happened[group].append(await alice.asks("gbroadcast", group=group, msg=w.text()))
    for messages in happened.values():
        counts(messages)


@case("A-SEQ-1")
async def listings_use_no_seq(w: World) -> None:
    """Between two messages to a group alice asks for all its listings: the seqs of the messages follow each other."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    before = await alice.asks("gbroadcast", group=group, msg=w.text())
    for action in ("members", "msgs", "states"):
        await alice.asks(action, group=group)
    await alice.asks("groups")
    after = await alice.asks("gbroadcast", group=group, msg=w.text())
    counts([before, after], start=number(before))


@case("A-SEQ-1")
async def comings_and_goings_use_no_seq(w: World) -> None:
    """Bob, a member, closes his connection and comes back between two messages: their seqs follow each other."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    before = await alice.asks("gbroadcast", group=group, msg=w.text())
    await bob.leaves()
    await w.returns(bob)
    after = await alice.asks("gbroadcast", group=group, msg=w.text())
    counts([before, after], start=number(before))


@case("A-SEQ-1")
async def refused_requests_leave_no_hole(w: World) -> None:
    """Carol posts and bob joins a second time, both in vain, between two messages: msgs shows seqs without a hole."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    before = await alice.given("gbroadcast", group=group, msg=w.text())
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    await bob.is_refused("already-member", "join", group=group)
    await alice.given("gbroadcast", group=group, msg=w.text())
    history = rows(await bob.asks("msgs", group=group), "messages")
    counts(history, start=number(before))


@case("A-SEQ-1")
async def an_emptied_group_counts_on(w: World) -> None:
    """Alice leaves her group empty, and bob joins it and posts: seq goes on from where it stood."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [
        await alice.given("cgroupe", group=group),
        await alice.asks("leave", group=group),
        await bob.asks("join", group=group),
        await bob.asks("gbroadcast", group=group, msg=w.text()),
    ]
    counts(happened)


@case("A-SEQ-1")
async def history_and_log_have_every_seq_once(w: World) -> None:
    """Alice's messages and bob's joins alternate: the seqs in msgs and those in states make 1, 2, 3 and so on."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    for _ in range(2):
        await alice.given("gbroadcast", group=group, msg=w.text())
        await bob.given("join", group=group)
        await bob.given("leave", group=group)
    messages = rows(await alice.asks("msgs", group=group), "messages")
    events = rows(await alice.asks("states", group=group), "events")
    found = [each.get("seq") if isinstance(each, dict) else None for each in (*messages, *events)]
    once = len(found) == 7 and set(found) == set(range(1, 8))
    must(once, "msgs and states together must have seqs 1 to 7, each once", None, {"seq": found})


@case("A-SEQ-2", alone=True)
async def fifty_writers_are_heard_in_one_order(w: World) -> None:
    """Fifty members post to a group at once: each gets every message once, and all get them in the same order."""
    alice = await w.user("alice")
    group, crowd = await crowd_of(w, alice)
    texts = [w.text() for _ in range(CROWD * EACH_POSTS)]
    writers = crowd * EACH_POSTS
    posting = (each.asks("gbroadcast", group=group, msg=text) for each, text in zip(writers, texts, strict=True))
    await asyncio.gather(*posting)
    order = await order_of(alice, frozenset(texts))
    must(sorted(order) == sorted(texts), f"alice must get each of {len(texts)} messages once, not {len(order)}")
    for member in crowd:
        same = await order_of(member, frozenset(texts)) == order
        must(same, f"{member!r} must get the messages in the order in which alice gets them")


@case("A-SEQ-2", alone=True)
async def fifty_writers_are_numbered_without_holes(w: World) -> None:
    """Fifty members post to a group at once: each gets the messages numbered upwards, without a hole."""
    alice = await w.user("alice")
    group, crowd = await crowd_of(w, alice)
    texts = frozenset(w.text() for _ in range(CROWD))
    posting = (each.asks("gbroadcast", group=group, msg=text) for each, text in zip(crowd, texts, strict=True))
    posts = await asyncio.gather(*posting)
    counts(sorted(posts, key=number), start=CROWD + 1)
    for member in crowd:
        await order_of(member, texts)
        counts(member.heard("server-gbroadcast", group=group), start=CROWD + 1)


@case("A-SEQ-2", alone=True)
async def joins_and_messages_come_in_one_order(w: World) -> None:
    """While alice posts to a group, many join it and post: each gets all from its own join on, without a hole."""
    w.allow(CROWD_PATIENCE)
    alice = await w.user("alice")
    group = await w.group_of(alice)
    others = await asyncio.gather(*(w.user(f"m{each}") for each in range(2, CROWD + 1)))

    async def comes(user: User) -> Message:
        joined = await user.asks("join", group=group)
        await user.asks("gbroadcast", group=group, msg=w.text())
        return joined

    posting = (alice.asks("gbroadcast", group=group, msg=w.text()) for _ in others)
    joins, _ = await asyncio.gather(asyncio.gather(*map(comes, others)), asyncio.gather(*posting))
    farewell = w.text("farewell")
    last = await alice.asks("gbroadcast", group=group, msg=farewell)
    counts(alice.heard_about(group))
    for member, joined in zip(others, joins, strict=True):
        await member.hears("server-gbroadcast", sender=alice.name, group=group, msg=farewell)
        counts(member.heard_about(group), start=number(joined))
        whole = number(last) - number(joined) + 1
        must(len(member.heard_about(group)) == whole, f"{member!r} must get everything from its join on", None, joined)
