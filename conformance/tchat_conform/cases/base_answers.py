"""Level base: the form of answers, who gets how many copies of them, time stamps and errors."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import looks_refused, same
from tchat_conform.steps import group_where_known, without
from tchat_conform.user import User
from tchat_conform.verdict import Message, must
from tchat_conform.world import World
from tchat_protocol import messages, schemas

TIME_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
CLOCK_SKEW = timedelta(minutes=10)
"""How far two sound clocks may differ; time zones differ by more."""

LONGEST_ECHO = 64


def _is_in_form(user: User, action: str) -> None:
    """Judge every message of an action that somebody got."""
    got = [each.message for each in user.connection.inbox if each.message.get("action") == action]
    must(bool(got), f"{user!r} got no {action}")
    for message in got:
        problems = "; ".join(map(str, messages.problems("answers", message)))
        must(not problems, f"{action} is not valid against its schema: {problems}", None, message)


@case("A-FORM-1")
async def server_hello_has_its_form(w: World) -> None:
    """Alice says hello, and server-hello is valid against its schema."""
    alice = await w.stranger("alice")
    await alice.asks("client-hello")
    _is_in_form(alice, "server-hello")


@case("A-FORM-1")
async def server_presence_has_its_form(w: World) -> None:
    """Bob comes and goes, and what alice gets is valid against the schema of server-presence."""
    alice, bob = await w.users("alice", "bob")
    await alice.hears("server-presence", **{"from": bob.name}, online=True)
    await bob.given("client-quit")
    await alice.hears("server-presence", **{"from": bob.name}, online=False)
    _is_in_form(alice, "server-presence")


@case("A-FORM-1")
async def server_send_has_its_form(w: World) -> None:
    """Alice writes to bob, and both copies are valid against the schema of server-send."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    for each in (alice, bob):
        _is_in_form(each, "server-send")


@case("A-FORM-1")
async def server_broadcast_has_its_form(w: World) -> None:
    """Alice broadcasts, and both copies are valid against the schema of server-broadcast."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.asks("client-broadcast", msg=text)
    await bob.hears("server-broadcast", **{"from": alice.name}, msg=text)
    for each in (alice, bob):
        _is_in_form(each, "server-broadcast")


@case("A-FORM-1")
async def server_list_clients_has_its_form(w: World) -> None:
    """Alice asks for the list, and server-list-clients is valid against its schema."""
    alice = await w.user("alice")
    await alice.asks("client-list-clients")
    _is_in_form(alice, "server-list-clients")


@case("A-FORM-1")
async def server_quit_has_its_form(w: World) -> None:
    """Alice quits, and server-quit is valid against its schema."""
    alice = await w.user("alice")
    await alice.asks("client-quit")
    _is_in_form(alice, "server-quit")


@case("A-FORM-1")
async def server_error_has_its_form(w: World) -> None:
    """Alice's requests are refused for four reasons, and each server-error is valid against its schema."""
    alice = await w.user("alice")
    await _errs(w, alice)
    _is_in_form(alice, "server-error")


@case("A-FORM-1")
async def every_answer_about_a_group_has_its_form(w: World) -> None:
    """Alice and bob try all twelve group commands, and what both get is valid against the schemas."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice)
    if group is not None:
        about_bob = {"group": group, "dest": bob.name}
        await alice.asks("invite", **about_bob)
        await bob.asks("join", group=group)
        await alice.asks("gbroadcast", group=group, msg=w.text())
        await alice.asks("kick", **about_bob, reason="")
        await alice.asks("ban", **about_bob, reason="spam")
        await alice.asks("unban", **about_bob)
        for listing in ("members", "msgs", "states", "groups"):
            await alice.asks(listing, **({} if listing == "groups" else {"group": group}))
        await alice.asks("leave", group=group)
        for action in ("cgroupe", "invite", "join", "gbroadcast", "kick", "ban", "unban", "leave"):
            _is_in_form(alice, f"server-{action}")
        for action in ("members", "msgs", "states", "groups"):
            _is_in_form(alice, f"server-{action}")
        for action in ("invite", "join", "gbroadcast", "kick", "ban", "unban"):
            _is_in_form(bob, f"server-{action}")


async def _errs(w: World, user: User) -> list[Message]:
    """Send four requests that must be refused, and return the refusals."""
    first = len(user.connection.inbox)
    await user.connection.send_bytes(b"hello?\n")
    await user.connection.send({"action": "dance", "id": w.fresh_id()})
    await user.says("client-send", msg=w.text())
    await user.says("client-send", to=w.fresh("nobody"), msg=w.text())

    def refusals() -> list[Message]:
        return [each.message for each in user.connection.inbox[first:] if looks_refused(each.message)]

    await user.connection.wait_until(lambda: len(refusals()) >= 4, w.patience)
    must(len(refusals()) == 4, f"four requests must be refused, not {len(refusals())}")
    return refusals()


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


def _stamp(message: Message) -> datetime:
    ts = message.get("ts")
    form = isinstance(ts, str) and TIME_STAMP.fullmatch(ts) is not None
    must(form, "ts must be RFC 3339 in UTC with milliseconds, such as 2026-11-23T09:30:00.000Z", None, message)
    try:
        return datetime.fromisoformat(str(ts))
    except ValueError:
        must(holds=False, sentence="ts is no date and time that exists", received=message)
        raise


def _is_now(message: Message) -> None:
    apart = abs(_stamp(message) - datetime.now(UTC))
    must(apart < CLOCK_SKEW, f"ts must be the time in UTC; it is {apart} away from this machine's clock", None, message)


@case("A-TS-1")
async def a_private_message_has_the_time(w: World) -> None:
    """Alice writes to bob, and ts in both copies is the time of it, in UTC with milliseconds."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    _is_now(await alice.asks("client-send", to=bob.name, msg=text))
    _is_now(await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text))


@case("A-TS-1")
async def a_broadcast_has_the_time(w: World) -> None:
    """Alice broadcasts, and ts in both copies is the time of it, in UTC with milliseconds."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    _is_now(await alice.asks("client-broadcast", msg=text))
    _is_now(await bob.hears("server-broadcast", **{"from": alice.name}, msg=text))


@case("A-TS-1")
async def what_happens_in_a_group_has_the_time(w: World) -> None:
    """Alice creates a group, posts, invites, kicks and bans; ts is always the time of it."""
    alice, bob = await w.users("alice", "bob")
    if await group_where_known(w, alice) is not None:
        group = w.group()
        _is_now(await alice.asks("cgroupe", group=group))
        _is_now(await bob.asks("join", group=group))
        _is_now(await alice.asks("gbroadcast", group=group, msg=w.text()))
        about_bob = {"group": group, "dest": bob.name}
        _is_now(await alice.asks("kick", **about_bob, reason=""))
        _is_now(await alice.asks("invite", **about_bob))
        _is_now(await alice.asks("ban", **about_bob, reason=""))
        _is_now(await alice.asks("unban", **about_bob))
        _is_now(await alice.asks("leave", group=group))


@case("A-TS-1")
async def time_goes_on(w: World) -> None:
    """Alice writes to bob twice, and ts of the second message is not before that of the first."""
    alice, bob = await w.users("alice", "bob")
    first = await alice.asks("client-send", to=bob.name, msg=w.text())
    second = await alice.asks("client-send", to=bob.name, msg=w.text())
    must(_stamp(first) <= _stamp(second), "what was accepted later has no earlier ts", first, second)


@case("A-TS-1")
async def the_server_tells_the_time(w: World) -> None:
    """Alice writes with a ts of her own, from long ago; bob gets the time at which the server took it."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text, ts="2001-01-01T00:00:00.000Z")
    _is_now(await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text))


def _has_listed_code(error: Message) -> None:
    listed = [each["code"] for each in schemas.load("error-codes.json")]
    must(error.get("code") in listed, f"code must be one of {', '.join(listed)}", None, error)


@case("E-CODE-1")
async def bad_requests_have_a_listed_code(w: World) -> None:
    """Alice's requests are refused for four reasons, and code is one of the closed list each time."""
    for error in await _errs(w, await w.user("alice")):
        _has_listed_code(error)


@case("E-CODE-1")
async def wrong_names_have_a_listed_code(w: World) -> None:
    """Eve asks for alice's name, then in bob's name; both are refused with a code of the closed list."""
    alice, bob, eve = await w.user("alice"), await w.user("bob"), await w.stranger("eve")
    for code, forged in (("name-taken", alice), ("sender-mismatch", bob)):
        request = forged.request("client-hello")
        await eve.connection.send(request)
        _has_listed_code(await eve.gets_error(code, request))
        await eve.given("client-hello")


@case("E-CODE-1")
async def refusals_about_groups_have_a_listed_code(w: World) -> None:
    """Bob's and alice's requests about groups are refused for eight reasons, always with a listed code."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        about_bob = {"group": group, "dest": bob.name, "reason": ""}
        about_carol = about_bob | {"dest": carol.name}
        _has_listed_code(await bob.is_refused("unknown-group", "join", group=w.group()))
        _has_listed_code(await bob.is_refused("group-exists", "cgroupe", group=group))
        _has_listed_code(await bob.is_refused("already-member", "join", group=group))
        _has_listed_code(await carol.is_refused("not-member", "gbroadcast", group=group, msg="x"))
        _has_listed_code(await bob.is_refused("not-owner", "kick", **about_carol))
        _has_listed_code(await alice.is_refused("self-target", "kick", **about_bob | {"dest": alice.name}))
        _has_listed_code(await alice.is_refused("not-banned", "unban", group=group, dest=carol.name))
        await alice.given("ban", **about_bob)
        _has_listed_code(await alice.is_refused("already-banned", "ban", **about_bob))
        _has_listed_code(await bob.is_refused("banned", "join", group=group))


async def _is_echoed(w: World, code: str, request: dict[str, Any]) -> None:
    alice = await w.user("alice")
    request = {**request, "from": alice.name, "sender": alice.name, "id": w.fresh_id()}
    await alice.connection.send(request)
    error = await alice.gets_error(code, request)
    wanted = request["action"]
    must(error.get("request") == wanted, "request must be the action as it was received", {"request": wanted}, error)


@case("E-ECHO-1")
async def a_refusal_names_the_action(w: World) -> None:
    """Alice writes to nobody, and request in the server-error is client-send."""
    await _is_echoed(w, "unknown-user", {"action": "client-send", "to": w.fresh("nobody"), "msg": w.text()})


@case("E-ECHO-1")
async def a_bad_message_names_the_action(w: World) -> None:
    """Alice sends client-send without a text, and request in the server-error is client-send."""
    await _is_echoed(w, "bad-message", {"action": "client-send", "to": w.fresh("nobody")})


@case("E-ECHO-1")
async def an_unknown_action_is_named(w: World) -> None:
    """Alice sends an unknown action, and request in the server-error is that action."""
    await _is_echoed(w, "unknown-action", {"action": w.fresh("dance")})


@case("E-ECHO-1")
async def an_action_is_named_as_it_was_received(w: World) -> None:
    """Alice sends an action with capitals, spaces and an emoji, and request repeats it unchanged."""
    await _is_echoed(w, "unknown-action", {"action": f" Tänze\t{w.fresh('X')} 💃 "})


@case("E-ECHO-1")
async def an_alias_of_an_action_is_named_as_it_was_received(w: World) -> None:
    """Alice sends cgroup, a usual name of cgroupe, and is refused; request is cgroup, not cgroupe."""
    alice = await w.user("alice")
    await alice.connection.send({"action": "cgroup", "sender": alice.name})
    error = await alice.hears("server-error")
    must(error.get("request") == "cgroup", "request must be the action as it was received", '"cgroup"', error)


@case("E-ECHO-1")
async def an_action_of_64_characters_is_named(w: World) -> None:
    """Alice sends an unknown action of 64 characters, all of them emoji, and request repeats it."""
    await _is_echoed(w, "unknown-action", {"action": "💃" * LONGEST_ECHO})


@case("E-ECHO-1")
async def a_longer_action_is_not_named(w: World) -> None:
    """Alice sends an unknown action of 65 characters; the server-error has no request, not a cut one either."""
    alice = await w.user("alice")
    await alice.connection.send({"action": "d" * (LONGEST_ECHO + 1)})
    error = await alice.hears("server-error", code="unknown-action")
    must(
        "request" not in error, "an action of more than 64 characters is not repeated", without(error, "request"), error
    )


@case("E-ECHO-1")
async def an_action_that_is_no_string_is_not_named(w: World) -> None:
    """Alice sends the action 7; the server-error has no request."""
    alice = await w.user("alice")
    await alice.connection.send({"action": 7})
    error = await alice.hears("server-error", code="bad-message")
    must("request" not in error, "an action that is no string is not repeated", without(error, "request"), error)
