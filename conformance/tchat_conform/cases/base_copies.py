"""Level base: who gets an answer, how many copies of it, and that all copies are equal."""

from collections.abc import Iterable
from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import looks_refused, same
from tchat_conform.steps import group_where_known, without
from tchat_conform.user import User
from tchat_conform.verdict import Message, must
from tchat_conform.world import World


@case("A-ONCE-1")
async def hello_is_answered_once(w: World) -> None:
    """Alice says hello and gets one server-hello."""
    alice = await w.stranger("alice")
    await alice.asks("client-hello")
    await w.barrier(alice, alice)
    _is_one(alice, alice.heard("server-hello"))


@case("A-ONCE-1")
async def a_coming_is_told_once(w: World) -> None:
    """Carol comes, and alice and bob each get one server-presence of it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    for each in (alice, bob):
        await each.hears("server-presence", **{"from": carol.name}, online=True)
        await w.barrier(carol, each)
        _is_one(each, each.heard("server-presence", **{"from": carol.name}))


@case("A-ONCE-1")
async def a_going_is_told_once(w: World) -> None:
    """Carol quits and her connection is closed, and alice gets one server-presence of it."""
    carol, alice, bob = await w.users("carol", "alice", "bob")
    await carol.given("client-quit")
    await carol.is_closed()
    await alice.hears("server-presence", **{"from": carol.name}, online=False)
    await w.barrier(bob, alice)
    _is_one(alice, alice.heard("server-presence", **{"from": carol.name}))


def _is_one(user: User, copies: list[Message]) -> None:
    last = copies[-1] if copies else None
    must(len(copies) <= 1, f"{user!r} must get one copy, not {len(copies)}", "one copy", last)


@case("A-ONCE-1")
async def a_private_message_comes_once(w: World) -> None:
    """Alice writes to bob, and each of them gets one copy."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await _each_gets_one(text, alice, bob, action="server-send", sender_field="from")


@case("A-ONCE-1")
async def a_broadcast_comes_once(w: World) -> None:
    """Alice broadcasts, and alice, bob and carol each get one copy."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    text = w.text()
    await alice.asks("client-broadcast", msg=text)
    await _each_gets_one(text, alice, bob, carol, action="server-broadcast", sender_field="from")


async def _each_gets_one(text: str, asker: User, *others: User, action: str, sender_field: str) -> None:
    for other in others:
        await other.hears(action, **{sender_field: asker.name}, msg=text)
        await other.hears_nothing_about(text, after=asker, but=1)
    await asker.hears_nothing_about(text, after=asker, but=1)


@case("A-ONCE-1")
async def a_listing_comes_once(w: World) -> None:
    """Alice asks for the list and gets one server-list-clients."""
    alice = await w.user("alice")
    await alice.asks("client-list-clients")
    await w.barrier(alice, alice)
    _is_one(alice, alice.heard("server-list-clients"))


@case("A-ONCE-1")
async def a_refusal_comes_once(w: World) -> None:
    """Alice writes to nobody and gets one server-error."""
    alice = await w.user("alice")
    await alice.is_refused("unknown-user", "client-send", to=w.fresh("nobody"), msg=w.text())
    await w.barrier(alice, alice)
    _is_one(alice, [each.message for each in alice.connection.inbox if looks_refused(each.message)])


@case("A-ONCE-1")
async def a_group_message_comes_once(w: World) -> None:
    """Alice posts to a group, and alice and bob each get one copy."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        text = w.text()
        await alice.asks("gbroadcast", group=group, msg=text)
        await _each_gets_one(text, alice, bob, action="server-gbroadcast", sender_field="sender")


async def _comes_once_to_each(w: World, action: str, users: Iterable[User], **fields: Any) -> None:
    """Prove that each of these users, of whom the first asked for it, got one answer with these fields."""
    asker, *others = users
    for other in others:
        await other.hears(action, **fields)
    for each in (asker, *others):
        await w.barrier(asker, each)
        _is_one(each, each.heard(action, **fields))


@case("A-ONCE-1")
async def a_join_comes_once(w: World) -> None:
    """Bob joins alice's group, and bob and alice each get one server-join."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice)
    if group is not None:
        await bob.asks("join", group=group)
        await _comes_once_to_each(w, "server-join", (bob, alice), group=group)


@case("A-ONCE-1")
async def a_leave_comes_once(w: World) -> None:
    """Bob leaves alice's group, and bob and alice each get one server-leave."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        await bob.asks("leave", group=group)
        await _comes_once_to_each(w, "server-leave", (bob, alice), group=group)


@case("A-ONCE-1")
async def an_invitation_comes_once(w: World) -> None:
    """Alice invites carol to her group with bob, and all three each get one server-invite."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        await alice.asks("invite", group=group, dest=carol.name)
        await _comes_once_to_each(w, "server-invite", (alice, bob, carol), group=group)


@case("A-ONCE-1")
async def a_kick_comes_once(w: World) -> None:
    """Alice kicks bob, who is a member and dest at once, and alice, bob and carol each get one server-kick."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await group_where_known(w, alice, bob, carol)
    if group is not None:
        await alice.asks("kick", group=group, dest=bob.name, reason="spam")
        await _comes_once_to_each(w, "server-kick", (alice, bob, carol), group=group)


@case("A-ONCE-1")
async def a_ban_and_an_unban_come_once(w: World) -> None:
    """Alice bans and unbans bob, who is a member first and then not; she and he each get one copy of both."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        await alice.asks("ban", group=group, dest=bob.name, reason="spam")
        await alice.asks("unban", group=group, dest=bob.name)
        await _comes_once_to_each(w, "server-ban", (alice, bob), group=group)
        await _comes_once_to_each(w, "server-unban", (alice, bob), group=group)


def _are_equal(one: Message, *others: Message) -> None:
    for other in others:
        equal = same(sorted(without(one, "id").items()), sorted(without(other, "id").items()))
        must(equal, "the copies must be equal but for id", without(one, "id"), other)


@case("A-COPY-1")
async def copies_of_a_private_message_are_equal(w: World) -> None:
    """Alice writes to bob, and both copies have the same fields with the same values, but for id."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    own = await alice.asks("client-send", to=bob.name, msg=text)
    _are_equal(own, await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text))


@case("A-COPY-1")
async def copies_of_a_broadcast_are_equal(w: World) -> None:
    """Alice broadcasts, and all copies have the same fields with the same values, but for id."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    text = w.text()
    own = await alice.asks("client-broadcast", msg=text)
    for other in (bob, carol):
        _are_equal(own, await other.hears("server-broadcast", **{"from": alice.name}, msg=text))


@case("A-COPY-1")
async def copies_of_what_happens_in_a_group_are_equal(w: World) -> None:
    """Alice posts, invites carol, kicks bob and bans him, and bob's copies equal hers, but for id."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        for action, fields in (
            ("gbroadcast", {"msg": w.text()}),
            ("invite", {"dest": carol.name}),
            ("kick", {"dest": bob.name, "reason": w.text("why")}),
            ("ban", {"dest": bob.name, "reason": w.text("why")}),
            ("unban", {"dest": bob.name}),
        ):
            own = await alice.asks(action, group=group, **fields)
            _are_equal(own, await bob.hears(f"server-{action}", sender=alice.name, group=group))


@case("A-COPY-1")
async def copies_of_coming_and_going_in_a_group_are_equal(w: World) -> None:
    """Bob joins and leaves alice's group, and alice's copies equal his, but for id."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice)
    if group is not None:
        for action in ("join", "leave"):
            own = await bob.asks(action, group=group)
            _are_equal(own, await alice.hears(f"server-{action}", sender=bob.name, group=group))


@case("A-LIST-1")
async def the_list_of_users_goes_to_who_asked(w: World) -> None:
    """Alice asks who is online; she gets server-list-clients, and bob does not."""
    alice, bob = await w.users("alice", "bob")
    await alice.asks("client-list-clients")
    await w.barrier(alice, bob)
    got = [each.message for each in bob.connection.inbox if "list" in str(each.message.get("action"))]
    must(not got, "a listing goes to the requester alone", "nothing", got[0] if got else None)


@case("A-LIST-1")
async def a_listing_of_a_group_goes_to_who_asked(w: World) -> None:
    """Alice asks for members, messages, events and groups; bob, a member too, gets none of the answers."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        known = len(bob.heard_about(group))
        for listing in ("members", "msgs", "states"):
            await alice.asks(listing, group=group)
        await alice.asks("groups")
        await bob.hears_nothing_about(group, after=alice, but=known)
