"""Level security: nobody speaks in another's name, and nobody takes a name that is in use."""

import asyncio
from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import words
from tchat_conform.steps import forges, lists
from tchat_conform.user import User
from tchat_conform.verdict import Failed, Message, must
from tchat_conform.world import World

MISMATCH = "sender-mismatch"
TAKEN = "name-taken"


async def _reaches(w: World, sender: User, recipient: User) -> None:
    """Prove that a name is still held by this connection: a private message to the name arrives there."""
    text = w.text()
    await sender.asks("client-send", to=recipient.name, msg=text)
    await recipient.hears("server-send", **{"from": sender.name}, to=recipient.name, msg=text)


# -- on a bound connection


@case("I-MISMATCH-1")
async def nobody_writes_in_anothers_name(w: World) -> None:
    """Eve writes to alice in bob's name and is refused; alice gets nothing of it, only what bob writes himself."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    text = w.text()
    await forges(eve, bob, MISMATCH, "client-send", to=alice.name, msg=text)
    await alice.hears_nothing_about(text, after=eve)
    await bob.asks("client-send", to=alice.name, msg=text)
    await alice.hears("server-send", **{"from": bob.name}, to=alice.name, msg=text)


@case("I-MISMATCH-1")
async def nobody_writes_in_an_absent_name(w: World) -> None:
    """Eve writes to alice in a name that nobody holds, and is refused; alice gets nothing of it."""
    alice, eve = await w.users("alice", "eve")
    text, absent = w.text(), User(w, w.fresh("bob"), eve.connection)
    await forges(eve, absent, MISMATCH, "client-send", to=alice.name, msg=text)
    await alice.hears_nothing_about(text, after=eve)
    await eve.asks("client-send", to=alice.name, msg=w.text())


@case("I-MISMATCH-1")
async def another_case_is_another_name(w: World) -> None:
    """Eve writes to alice with her own name in capitals, which is another name, and is refused."""
    alice, eve = await w.users("alice", "eve")
    text, shouting = w.text(), User(w, eve.name.upper(), eve.connection)
    await forges(eve, shouting, MISMATCH, "client-send", to=alice.name, msg=text)
    await alice.hears_nothing_about(text, after=eve)
    await eve.asks("client-send", to=alice.name, msg=w.text())


@case("I-MISMATCH-1")
async def nobody_broadcasts_in_anothers_name(w: World) -> None:
    """Eve broadcasts in bob's name and is refused; alice gets nothing of it, only what bob broadcasts himself."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    text = w.text()
    await forges(eve, bob, MISMATCH, "client-broadcast", msg=text)
    await alice.hears_nothing_about(text, after=eve)
    await bob.asks("client-broadcast", msg=text)
    await alice.hears("server-broadcast", **{"from": bob.name}, msg=text)


@case("I-MISMATCH-1")
async def a_bound_connection_takes_no_second_name(w: World) -> None:
    """Eve says hello again in a name that nobody holds, and is refused; she keeps her name, and that one is free."""
    alice, eve = await w.users("alice", "eve")
    other = User(w, w.fresh("mallory"), eve.connection)
    await forges(eve, other, MISMATCH, "client-hello")
    await alice.hears_nothing_about(other.name, after=eve)
    await _reaches(w, alice, eve)
    holder = await w.stranger("mallory", other.name)
    await holder.asks("client-hello")


@case("I-MISMATCH-1")
async def a_bound_connection_takes_nobodys_name(w: World) -> None:
    """Eve says hello again in bob's name and gets sender-mismatch; what alice writes to bob still reaches him alone."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    await forges(eve, bob, MISMATCH, "client-hello")
    await _reaches(w, alice, bob)
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await eve.hears_nothing_about(text, after=alice)


@case("I-MISMATCH-1")
async def nobody_quits_in_anothers_name(w: World) -> None:
    """Eve quits in bob's name and is refused; both stay connected, and eve can quit in her own."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    await forges(eve, bob, MISMATCH, "client-quit")
    await _reaches(w, alice, bob)
    await _reaches(w, alice, eve)
    await eve.asks("client-quit")


@case("I-MISMATCH-1")
async def nobody_lists_users_in_anothers_name(w: World) -> None:
    """Eve asks for the list in bob's name and is refused; in her own name she gets it."""
    bob, eve = await w.users("bob", "eve")
    await forges(eve, bob, MISMATCH, "client-list-clients")
    must(eve.name in words(await eve.asks("client-list-clients")), "eve must get the list in her own name")


@case("I-MISMATCH-1")
async def the_first_request_binds_as_hello_does(w: World) -> None:
    """Eve's first request is no hello; after it she cannot write in bob's name any more than after hello."""
    alice, bob, eve = await w.user("alice"), await w.user("bob"), await w.stranger("eve")
    await eve.given("client-list-clients")
    text = w.text()
    await forges(eve, bob, MISMATCH, "client-send", to=alice.name, msg=text)
    await alice.hears_nothing_about(text, after=eve)


@case("I-MISMATCH-1")
async def a_second_name_field_forges_nothing(w: World) -> None:
    """Eve writes to alice with her own name in from and bob's in sender and name; alice gets nothing in bob's name."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    text = w.text()
    await eve.says("client-send", to=alice.name, msg=text, sender=bob.name, name=bob.name)
    await w.barrier(eve, alice)
    forged = [each for each in alice.heard_about(text) if bob.name in words(each)]
    must(not forged, "alice must get nothing in bob's name", "nothing", forged[0] if forged else None)
    await _reaches(w, eve, alice)


@case("I-MISMATCH-1")
async def nobody_creates_a_group_in_anothers_name(w: World) -> None:
    """Eve creates a group in bob's name and is refused; the group does not exist, and bob can create it."""
    bob, eve = await w.users("bob", "eve")
    group = w.group()
    await forges(eve, bob, MISMATCH, "cgroupe", group=group)
    await bob.is_refused("unknown-group", "members", group=group)
    await bob.asks("cgroupe", group=group)


@case("I-MISMATCH-1")
async def nobody_posts_in_anothers_name(w: World) -> None:
    """Eve, a member, posts in bob's name and is refused; alice gets nothing of it, only what bob posts himself."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group, text = await w.group_of(alice, bob, eve), w.text()
    await forges(eve, bob, MISMATCH, "gbroadcast", group=group, msg=text)
    await alice.hears_nothing_about(text, after=eve)
    await bob.asks("gbroadcast", group=group, msg=text)
    await alice.hears("server-gbroadcast", sender=bob.name, group=group, msg=text)


@case("I-MISMATCH-1")
async def nobody_joins_in_anothers_name(w: World) -> None:
    """Eve joins alice's group in bob's name and is refused; bob is no member, and can join himself."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group = await w.group_of(alice)
    await forges(eve, bob, MISMATCH, "join", group=group)
    await _members_are(group, alice, alice)
    await bob.asks("join", group=group)


@case("I-MISMATCH-1")
async def nobody_leaves_in_anothers_name(w: World) -> None:
    """Eve leaves alice's group in bob's name and is refused; bob is a member still."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group = await w.group_of(alice, bob)
    await forges(eve, bob, MISMATCH, "leave", group=group)
    await _members_are(group, alice, alice, bob)
    await bob.asks("leave", group=group)


async def _members_are(group: str, asker: User, *members: User) -> None:
    answer = await asker.asks("members", group=group)
    got, wanted = sorted(answer["members"]), sorted(each.name for each in members)
    must(got == wanted, "nothing must have changed", str(wanted), answer)


async def _cannot_as_owner(w: World, action: str, *, needs_member: bool = True, **fields: Any) -> None:
    """Let eve, a member, do in the owner's name what the owner alone may: refused, no effect; the owner can."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group = await w.group_of(alice, *((bob, eve) if needs_member else (eve,)))
    request, known = {"group": group, "dest": bob.name, **fields}, len(bob.heard_about(group))
    await forges(eve, alice, MISMATCH, action, **request)
    await _members_are(group, eve, alice, eve, *((bob,) if needs_member else ()))
    await bob.hears_nothing_about(group, after=eve, but=known)
    await alice.asks(action, **request)


@case("I-MISMATCH-1")
async def nobody_kicks_in_the_owners_name(w: World) -> None:
    """Eve kicks bob in the owner's name and is refused; bob stays a member until alice herself kicks him."""
    await _cannot_as_owner(w, "kick", reason="spam")


@case("I-MISMATCH-1")
async def nobody_bans_in_the_owners_name(w: World) -> None:
    """Eve bans bob in the owner's name and is refused; bob stays a member until alice herself bans him."""
    await _cannot_as_owner(w, "ban", reason="spam")


@case("I-MISMATCH-1")
async def nobody_invites_in_anothers_name(w: World) -> None:
    """Eve invites bob in alice's name and is refused; bob gets no invitation until alice herself invites him."""
    await _cannot_as_owner(w, "invite", needs_member=False)


@case("I-MISMATCH-1")
async def nobody_unbans_in_the_owners_name(w: World) -> None:
    """Eve unbans bob in the owner's name and is refused; bob stays banned until alice herself unbans him."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group = await w.group_of(alice, bob, eve)
    await alice.given("ban", group=group, dest=bob.name, reason="spam")
    await forges(eve, alice, MISMATCH, "unban", group=group, dest=bob.name)
    await bob.is_refused("banned", "join", group=group)
    await alice.asks("unban", group=group, dest=bob.name)


@case("I-MISMATCH-1")
async def nobody_reads_in_a_members_name(w: World) -> None:
    """Eve reads a private group in its member bob's name and is refused each time; bob himself can read."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group, text = await w.group_of(alice, bob, private=True), w.text()
    await alice.given("gbroadcast", group=group, msg=text)
    for listing in ("members", "msgs", "states"):
        await forges(eve, bob, MISMATCH, listing, group=group)
        await bob.asks(listing, group=group)
    await eve.hears_nothing_about(text, after=eve)


@case("I-MISMATCH-1")
async def nobody_lists_groups_in_anothers_name(w: World) -> None:
    """Eve asks for the groups in bob's name, who is in a private one, and is refused; she does not see it."""
    alice, bob, eve = await w.users("alice", "bob", "eve")
    group = await w.group_of(alice, bob, private=True)
    await forges(eve, bob, MISMATCH, "groups")
    await eve.hears_nothing_about(group, after=eve)
    must(group in words(await bob.asks("groups")), "bob is a member and must see the group himself", group)


# -- on a new connection


async def _is_taken(w: World, action: str, **fields: Any) -> tuple[User, User, User]:
    """Let eve begin with a request in alice's name: refused; alice keeps the name, and neither she nor bob notices.

    Returns alice, bob and eve, whose connection is unbound.
    """
    bob, alice, eve = await w.user("bob"), await w.user("alice"), await w.stranger("eve")
    known = len(alice.heard_about(alice.name))
    await forges(eve, alice, TAKEN, action, **fields)
    must(not alice.connection.closed, "the holder's connection must stay open", "open", "closed")
    await alice.hears_nothing_about(alice.name, after=bob, but=known + 1)
    await _reaches(w, bob, alice)
    more = bob.heard("server-presence", **{"from": alice.name})[1:]
    must(not more, "bob must hear of alice's one coming and nothing more", "nothing", more[0] if more else None)
    return alice, bob, eve


@case("I-TAKEN-1")
async def nobody_says_hello_in_a_taken_name(w: World) -> None:
    """Eve says hello as alice, who is online, and gets name-taken; alice notices nothing and keeps her name."""
    _, _, eve = await _is_taken(w, "client-hello")
    await eve.asks("client-hello")


@case("I-TAKEN-1")
async def nobody_begins_with_a_message_in_a_taken_name(w: World) -> None:
    """Eve's first request is a message to carol in alice's name: name-taken, and carol gets nothing."""
    carol, text = await w.user("carol"), w.text()
    _, _, eve = await _is_taken(w, "client-send", to=carol.name, msg=text)
    await eve.asks("client-send", to=carol.name, msg=w.text())
    await carol.hears_nothing_about(text, after=eve)


@case("I-TAKEN-1")
async def nobody_begins_with_a_broadcast_in_a_taken_name(w: World) -> None:
    """Eve's first request is a broadcast in alice's name: name-taken, and carol gets nothing."""
    carol, text = await w.user("carol"), w.text()
    _, _, eve = await _is_taken(w, "client-broadcast", msg=text)
    await eve.asks("client-broadcast", msg=w.text())
    await carol.hears_nothing_about(text, after=eve)


@case("I-TAKEN-1")
async def nobody_begins_with_a_listing_in_a_taken_name(w: World) -> None:
    """Eve's first request is client-list-clients in alice's name: name-taken; in her own name she gets the list."""
    _, _, eve = await _is_taken(w, "client-list-clients")
    await eve.asks("client-list-clients")


@case("I-TAKEN-1")
async def nobody_quits_in_a_taken_name(w: World) -> None:
    """Eve's first request is client-quit in alice's name: name-taken, and alice stays online."""
    _, _, eve = await _is_taken(w, "client-quit")
    await eve.asks("client-quit")


@case("I-TAKEN-1")
async def nobody_begins_with_a_group_in_a_taken_name(w: World) -> None:
    """Eve's first request creates a group in alice's name: name-taken, and the group does not exist."""
    await w.group_of(await w.user("carol"))
    group = w.group()
    alice, _, eve = await _is_taken(w, "cgroupe", group=group)
    await alice.is_refused("unknown-group", "members", group=group)
    await eve.asks("cgroupe", group=group)


@case("I-TAKEN-1")
async def a_name_bound_without_hello_is_taken(w: World) -> None:
    """Alice's first request was no hello; eve, who says hello as alice, gets name-taken all the same."""
    bob, alice, eve = await w.user("bob"), await w.stranger("alice"), await w.stranger("eve")
    await alice.given("client-list-clients")
    await forges(eve, alice, TAKEN, "client-hello")
    await _reaches(w, bob, alice)
    await eve.asks("client-hello")


@case("I-TAKEN-1")
async def the_refused_one_gets_nothing_of_the_holder(w: World) -> None:
    """Eve said hello as alice and was refused; what bob writes to alice then reaches alice and not eve."""
    alice, bob, eve = await _is_taken(w, "client-hello")
    text = w.text()
    await bob.asks("client-send", to=alice.name, msg=text)
    await alice.hears("server-send", **{"from": bob.name}, to=alice.name, msg=text)
    await eve.given("client-hello")
    await eve.hears_nothing_about(text, after=bob)


@case("I-TAKEN-1")
async def the_refused_one_takes_nothing_along(w: World) -> None:
    """Eve said hello as alice, was refused, and goes; alice is online still, and nobody hears of a departure."""
    alice, bob, eve = await _is_taken(w, "client-hello")
    await eve.says("client-error", code="confused", msg="the name is taken")
    await eve.is_closed()
    await _reaches(w, bob, alice)
    gone = bob.heard("server-presence", **{"from": alice.name}, online=False)
    must(not gone, "alice has not gone", "nothing", gone[0] if gone else None)
    must(await lists(bob, alice.name), "alice is online and must be listed", alice.name)
    mallory = await w.stranger("mallory")
    await forges(mallory, alice, TAKEN, "client-hello")


@case("I-TAKEN-1")
async def of_many_at_once_one_gets_the_name(w: World) -> None:
    """Ten connections say hello at once in one name: one gets server-hello, and the others are refused."""
    name = w.fresh("alice")
    rivals = [await w.stranger(f"rival{number}", name) for number in range(10)]
    requests = await asyncio.gather(*(each.says("client-hello") for each in rivals))
    holders = [rival for rival, request in zip(rivals, requests, strict=True) if await _gets_in(rival, request)]
    must(len(holders) == 1, f"one of ten must get the name, not {len(holders)}")
    await _reaches(w, await w.user("bob"), holders[0])


async def _gets_in(rival: User, request: Message) -> bool:
    try:
        await rival.is_answered(request)
    except Failed:
        return False
    return True
