"""Level groups: the log of a group's events."""

from collections.abc import Mapping

from tchat_conform.case import case
from tchat_conform.listings import has_events, rows, sees_events
from tchat_conform.verdict import must
from tchat_conform.world import World


@case("G-STATES-1")
async def the_log_tells_a_whole_story(w: World) -> None:
    """Everything that can happen to bob in alice's group happens: states tells all of it, oldest first."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [
        await alice.given("cgroupe", group=group),
        await alice.given("invite", group=group, dest=bob.name),
        await bob.given("join", group=group),
        await alice.given("kick", group=group, dest=bob.name, reason=w.text("spam")),
        await alice.given("ban", group=group, dest=bob.name, reason=w.text("spam again")),
        await alice.given("unban", group=group, dest=bob.name),
        await bob.given("join", group=group),
        await bob.given("leave", group=group),
    ]
    has_events(await alice.asks("states", group=group), *happened)


@case("G-STATES-1")
async def the_log_holds_the_founding(w: World) -> None:
    """Alice founds a group: its log holds that as its first event, with her as the sender."""
    alice = await w.user("alice")
    group = w.group()
    founded = await alice.given("cgroupe", group=group)
    has_events(await alice.asks("states", group=group), founded)


@case("G-STATES-1")
async def the_log_holds_a_join(w: World) -> None:
    """Bob joins alice's group: its log holds the join, with the ts and seq that its members were told."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [await alice.given("cgroupe", group=group), await bob.given("join", group=group)]
    has_events(await alice.asks("states", group=group), *happened)


@case("G-STATES-1")
async def the_log_holds_leaves(w: World) -> None:
    """Alice, the owner, leaves her group to bob: its log holds her leave."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [
        await alice.given("cgroupe", group=group),
        await bob.given("join", group=group),
        await alice.given("leave", group=group),
    ]
    has_events(await bob.asks("states", group=group), *happened)


@case("G-STATES-1")
async def the_log_names_each_new_owner(w: World) -> None:
    """Alice leaves her group to bob, he leaves it empty, and carol joins: the log names bob and carol as new owners."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = w.group()
    await alice.given("cgroupe", group=group)
    await bob.given("join", group=group)
    await alice.given("leave", group=group)
    await bob.given("leave", group=group)
    await carol.given("join", group=group)
    answer = await carol.asks("states", group=group)
    owners = [each.get("owner") if isinstance(each, Mapping) else None for each in rows(answer, "events")]
    wanted = [None, None, bob.name, None, carol.name]
    right = all(owner in (None, new) for owner, new in zip(owners, wanted, strict=False))
    must(right, "owner must be who owns the group since", {"owner": wanted}, answer)
    sentence = "owner must stand in the events that gave the group a new one"
    w.should_be(owners == wanted, sentence, {"owner": wanted}, answer)


@case("G-STATES-1")
async def the_log_holds_an_invitation(w: World) -> None:
    """Alice invites bob: the log holds the invitation, with him as dest, though he never joins."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [await alice.given("cgroupe", group=group), await alice.given("invite", group=group, dest=bob.name)]
    has_events(await alice.asks("states", group=group), *happened)


@case("G-STATES-1")
async def the_log_holds_a_kick_with_its_reason(w: World) -> None:
    """Alice kicks bob: the log holds the kick, with him as dest and with her reason."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [
        await alice.given("cgroupe", group=group),
        await bob.given("join", group=group),
        await alice.given("kick", group=group, dest=bob.name, reason=w.text("spam")),
    ]
    has_events(await alice.asks("states", group=group), *happened)


@case("G-STATES-1")
async def the_log_holds_a_ban_with_its_reason_and_its_end(w: World) -> None:
    """Alice bans bob and unbans him: the log holds both, with him as dest, and the ban with her reason."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [
        await alice.given("cgroupe", group=group),
        await alice.given("ban", group=group, dest=bob.name, reason=w.text("spam")),
        await alice.given("unban", group=group, dest=bob.name),
    ]
    has_events(await alice.asks("states", group=group), *happened)


@case("G-STATES-1")
async def messages_are_not_in_the_log(w: World) -> None:
    """Alice posts to her group before and after bob joins: the log holds no message."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    founded = await alice.given("cgroupe", group=group)
    await alice.given("gbroadcast", group=group, msg=w.text())
    joined = await bob.given("join", group=group)
    await bob.given("gbroadcast", group=group, msg=w.text())
    has_events(await alice.asks("states", group=group), founded, joined)


@case("G-STATES-1")
async def each_group_has_a_log_of_its_own(w: World) -> None:
    """Alice founds two groups, and bob joins one: the log of the other holds its founding alone."""
    alice, bob = await w.users("alice", "bob")
    quiet, busy = w.group("quiet"), w.group("busy")
    founded = await alice.given("cgroupe", group=quiet)
    happened = [await alice.given("cgroupe", group=busy), await bob.given("join", group=busy)]
    has_events(await alice.asks("states", group=quiet), founded)
    has_events(await alice.asks("states", group=busy), *happened)


@case("G-STATES-2")
async def an_outsider_reads_the_log(w: World) -> None:
    """Carol, not a member of alice's public group, reads its log as alice does."""
    alice, carol = await w.users("alice", "carol")
    group = w.group()
    founded = await alice.given("cgroupe", group=group)
    has_events(await alice.asks("states", group=group), founded)
    has_events(await carol.asks("states", group=group), founded)


@case("G-STATES-3")
async def nothing_has_no_log(w: World) -> None:
    """Bob asks for the log of a group that does not exist and is refused; that of alice's he gets."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    await alice.given("cgroupe", group=group)
    await bob.is_refused("unknown-group", "states", group=w.group())
    await bob.given("states", group=group)


@case("G-STATES-4")
async def refused_requests_leave_no_event(w: World) -> None:
    """Bob, carol and alice ask for things that are refused, of every kind: the log holds the founding and a join."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, unknown = w.group(), w.fresh("nobody")
    happened = [await alice.given("cgroupe", group=group), await bob.given("join", group=group)]
    await carol.is_refused("group-exists", "cgroupe", group=group)
    await bob.is_refused("already-member", "join", group=group)
    await carol.is_refused("not-member", "leave", group=group)
    await alice.is_refused("unknown-user", "invite", group=group, dest=unknown)
    await bob.is_refused("not-owner", "kick", group=group, dest=alice.name, reason="")
    await alice.is_refused("self-target", "ban", group=group, dest=alice.name, reason="")
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await sees_events(alice, group, *happened)


@case("G-STATES-4")
async def a_refused_ban_of_a_banned_user_leaves_no_event(w: World) -> None:
    """Alice bans bob twice, and he tries to join: the log holds her founding and one ban."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [
        await alice.given("cgroupe", group=group),
        await alice.given("ban", group=group, dest=bob.name, reason=w.text("spam")),
    ]
    await alice.is_refused("already-banned", "ban", group=group, dest=bob.name, reason=w.text("still"))
    await bob.is_refused("banned", "join", group=group)
    await sees_events(alice, group, *happened)


@case("G-STATES-4")
async def connections_that_come_and_go_leave_no_event(w: World) -> None:
    """Bob, a member, closes his connection and comes back, and then quits: the log holds his join and nothing more."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    happened = [await alice.given("cgroupe", group=group), await bob.given("join", group=group)]
    await bob.leaves()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="presence")
    again = await w.returns(bob)
    await sees_events(again, group, *happened)
    await again.given("client-quit")
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="presence")
    await sees_events(alice, group, *happened)
