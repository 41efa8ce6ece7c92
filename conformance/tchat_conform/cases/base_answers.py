"""Level base: the form of answers, their time stamps, and errors."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import looks_refused
from tchat_conform.steps import group_where_known, without
from tchat_conform.user import User
from tchat_conform.verdict import Finding, Message, must
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


@case("A-FORM-1", last=True)
async def all_that_was_said_has_its_form(w: World) -> None:
    """Alice writes to bob, and whatever the server said, asked or not, in this run is valid against its schema."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.given("client-send", to=bob.name, msg=text)
    await bob.has_heard_of(text, after=alice)
    w.run.notes_form(each.message for user in (alice, bob) for each in user.connection.inbox)
    kinds = {action: messages.problems("answers", each)[0] for action, each in w.run.malformed.items()}
    if kinds:
        told = "; ".join(f"{action}: {problem}" for action, problem in kinds.items())
        received = next(iter(w.run.malformed.values()))
        w.near_miss(Finding(f"some messages are not valid against their schemas ({told})", None, received))


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

    await w.stream(user.connection, lambda: len(refusals()), 4)
    must(len(refusals()) == 4, f"four requests must be refused, not {len(refusals())}")
    return refusals()


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
