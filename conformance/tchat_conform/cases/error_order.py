"""Level robustness: of several things wrong with a request, the one that is checked first is reported."""

from typing import Any

from tchat_conform.case import case
from tchat_conform.cases.auth import HASHING_SECONDS, SECRET, WRONG
from tchat_conform.steps import goes
from tchat_conform.user import User
from tchat_conform.world import World


async def _dances(user: User, **fields: Any) -> None:
    """Have somebody send an action that no server knows, which is what must be reported."""
    request = {"action": "dance", "sender": user.name, **fields, "id": user.world.fresh_id()}
    await user.connection.send(request)
    await user.gets_error("unknown-action", request)


@case("E-ORDER-1")
async def bad_json_counts_before_all_else(w: World) -> None:
    """Alice sends NaN in an object without action, with an unknown one, and under bob's name: bad-json each time."""
    alice, bob = await w.users("alice", "bob")
    for begun in ("{", '{"action":"dance",', f'{{"action":"client-quit","from":"{bob.name}",'):
        await alice.connection.send_bytes(begun.encode() + b'"extra":NaN}\n')
        await alice.gets_error("bad-json", None)
    await alice.still_works()


@case("E-ORDER-1")
async def the_action_counts_before_the_other_fields(w: World) -> None:
    """Alice sends an action of the wrong type with bad fields: bad-message at /action."""
    alice = await w.user("alice")
    request = {"action": 7, "sender": 7, "group": "", "id": w.fresh_id()}
    await alice.connection.send(request)
    await alice.gets_error("bad-message", request, field="/action")
    await alice.still_works()


@case("E-ORDER-1")
async def an_unknown_action_counts_before_its_fields(w: World) -> None:
    """Alice sends an unknown action with bad fields, and under bob's name: unknown-action each time."""
    alice, bob = await w.users("alice", "bob")
    await _dances(alice, sender=7, group="a b", msg="")
    await _dances(alice, sender=bob.name)
    await alice.still_works()


@case("E-ORDER-1")
async def an_unknown_action_counts_before_a_taken_name(w: World) -> None:
    """Eve's first request is an unknown action under alice's name: unknown-action, not name-taken."""
    alice = await w.user("alice")
    eve = await w.stranger("eve", alice.name)
    await _dances(eve)
    await eve.is_refused("name-taken", "client-hello")
    await alice.still_works()


@case("E-ORDER-1")
async def a_bad_field_counts_before_the_sender(w: World) -> None:
    """Alice sends a bad request under bob's name: bad-message; a good one is a sender-mismatch."""
    alice, bob = await w.users("alice", "bob")
    await alice.is_refused("bad-message", "join", field="/group", sender=bob.name, group="a b")
    await alice.is_refused("sender-mismatch", "join", sender=bob.name, group=w.group())


@case("E-ORDER-1")
async def a_bad_field_counts_before_a_taken_name(w: World) -> None:
    """Eve's first request, under alice's name, has a bad field: bad-message; a good one is name-taken."""
    alice = await w.user("alice")
    eve = await w.stranger("eve", alice.name)
    await eve.is_refused("bad-message", "join", field="/group", group="")
    await eve.is_refused("name-taken", "join", group=w.group())


@case("E-ORDER-1")
async def the_sender_counts_before_a_taken_name(w: World) -> None:
    """Alice, who has said hello, says it under bob's name, which is taken: sender-mismatch, not name-taken."""
    alice, bob = await w.users("alice", "bob")
    await alice.is_refused("sender-mismatch", "client-hello", **{"from": bob.name})
    eve = await w.stranger("eve", bob.name)
    await eve.is_refused("name-taken", "client-hello")


@case("E-ORDER-1")
async def the_sender_counts_before_the_group(w: World) -> None:
    """Alice joins a missing group under bob's name: sender-mismatch; under her own: unknown-group."""
    alice, bob = await w.users("alice", "bob")
    missing = w.group()
    await alice.is_refused("sender-mismatch", "join", sender=bob.name, group=missing)
    await alice.is_refused("unknown-group", "join", group=missing)


@case("E-ORDER-1")
async def the_sender_counts_before_the_recipient(w: World) -> None:
    """Alice writes to nobody under bob's name: sender-mismatch; under her own: unknown-user."""
    alice, bob = await w.users("alice", "bob")
    nobody = w.fresh("nobody")
    await alice.is_refused("sender-mismatch", "client-send", **{"from": bob.name}, to=nobody, msg=w.text())
    await alice.is_refused("unknown-user", "client-send", to=nobody, msg=w.text())


@case("E-ORDER-1")
async def a_taken_name_counts_before_the_group(w: World) -> None:
    """Eve's first request joins a missing group under alice's name: name-taken; alice gets unknown-group."""
    alice = await w.user("alice")
    eve = await w.stranger("eve", alice.name)
    missing = w.group()
    await eve.is_refused("name-taken", "join", group=missing)
    await alice.is_refused("unknown-group", "join", group=missing)


async def _protected(w: World) -> User:
    """Return alice with a password; where names have none there is nothing to check in between."""
    w.needs_feature("auth")
    w.allow(HASHING_SECONDS)
    alice = await w.stranger("alice")
    await alice.given("client-hello", **SECRET)
    return alice


@case("E-ORDER-1", slow=True)
async def a_taken_name_counts_before_its_password(w: World) -> None:
    """Eve comes in the name of alice, who is there and has a password, with a wrong one: name-taken."""
    alice = await _protected(w)
    if alice is not None:
        eve = await w.stranger("eve", alice.name)
        await eve.is_refused("name-taken", "client-hello", **WRONG)
        await goes(alice)
        await eve.is_refused("auth-failed", "client-hello", **WRONG)


@case("E-ORDER-1", slow=True)
async def the_password_counts_before_the_group(w: World) -> None:
    """Eve's first request joins a missing group in the name of alice, who has a password and is away: auth-failed."""
    alice, missing = await _protected(w), w.group()
    if alice is not None:
        await goes(alice)
        eve = await w.stranger("eve", alice.name)
        await eve.is_refused("auth-failed", "join", group=missing)
        await (await w.returns(alice, **SECRET)).is_refused("unknown-group", "join", group=missing)


@case("E-ORDER-1")
async def who_may_not_kick_learns_that_first(w: World) -> None:
    """Bob, a mere member, kicks himself, carol outside and nobody: not-owner each time; alice is told of the dest."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    for dest in (bob.name, carol.name, nobody):
        await bob.is_refused("not-owner", "kick", group=group, dest=dest, reason="")
    await alice.is_refused("unknown-user", "kick", group=group, dest=nobody, reason="")
    await alice.is_refused("not-member", "kick", group=group, dest=carol.name, reason="")


@case("E-ORDER-1")
async def who_may_not_ban_learns_that_first(w: World) -> None:
    """Bob, a mere member, bans himself, carol who is banned, and nobody: not-owner each time; alice is told more."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    await alice.given("ban", group=group, dest=carol.name, reason="")
    for dest in (bob.name, carol.name, nobody):
        await bob.is_refused("not-owner", "ban", group=group, dest=dest, reason="")
    await alice.is_refused("unknown-user", "ban", group=group, dest=nobody, reason="")
    await alice.is_refused("already-banned", "ban", group=group, dest=carol.name, reason="")


@case("E-ORDER-1")
async def who_may_not_unban_learns_that_first(w: World) -> None:
    """Bob, a mere member, unbans carol who is not banned, and nobody: not-owner; alice is told of the dest."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    for dest in (carol.name, nobody):
        await bob.is_refused("not-owner", "unban", group=group, dest=dest)
    await alice.is_refused("unknown-user", "unban", group=group, dest=nobody)
    await alice.is_refused("not-banned", "unban", group=group, dest=carol.name)


@case("E-ORDER-1")
async def who_may_not_invite_learns_that_first(w: World) -> None:
    """Bob, no member, invites nobody, carol who is banned, and alice: not-member; alice is told of the dest."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, nobody = await w.group_of(alice), w.fresh("nobody")
    await alice.given("ban", group=group, dest=carol.name, reason="")
    for dest in (nobody, carol.name, alice.name):
        await bob.is_refused("not-member", "invite", group=group, dest=dest)
    await alice.is_refused("unknown-user", "invite", group=group, dest=nobody)
    await alice.is_refused("banned", "invite", group=group, dest=carol.name)


@case("E-ORDER-1")
async def a_member_needs_no_invitation_to_be_told(w: World) -> None:
    """Alice joins her private group, to which she has no invitation: already-member; bob, outside, is not-invited."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, private=True)
    await alice.is_refused("already-member", "join", group=group)
    await bob.is_refused("not-invited", "join", group=group)
