"""Level groups: refusals that change nothing, reasons, and the alias of cgroupe."""

from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import Expected, looks_refused, words
from tchat_conform.listings import number, part, sees_members, sees_owner
from tchat_conform.steps import sends, without
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World

LONGEST = 8_192
EVENTFUL = " \"'; DROP\\n\r\n\t\0 e\u0301 \u202e 👩‍👩‍👧 <b>%s{}"


async def hears_no_refusal(user: User, *, after: User) -> None:
    """Prove that no server-error, nobody's, has come to a user who was refused nothing."""
    await user.world.barrier(after, user)
    errors = [each.message for each in user.connection.inbox if looks_refused(each.message)]
    must(not errors, f"{user!r} must not hear of what {after!r} was refused", "nothing", errors[0] if errors else None)


async def picture(viewer: User, group: str) -> dict[str, Any]:
    """Return all that can be asked about a group, in a form that does not depend on the order of names."""
    members = await viewer.given("members", group=group)
    return {
        "owner": members.get("owner"),
        "members": sorted(viewer.world.people_in(" ".join(words(part(members, "members"))))),
        "messages": without(part(await viewer.given("msgs", group=group), "messages"), "id"),
        "events": without(part(await viewer.given("states", group=group), "events"), "id"),
    }


@case("A-REFUSE-1")
async def members_hear_of_no_refusal(w: World) -> None:
    """Bob asks for what only the owner may, and for a second join: he is refused, and neither alice nor carol hears."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob, carol)
    for action in ("kick", "ban"):
        await bob.is_refused("not-owner", action, group=group, dest=carol.name, reason=w.text("usurped"))
    await bob.is_refused("already-member", "join", group=group)
    await hears_no_refusal(alice, after=bob)
    await hears_no_refusal(carol, after=bob)
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("A-REFUSE-1")
async def whom_it_was_about_hears_of_no_refusal(w: World) -> None:
    """Alice kicks, unbans and invites bob, each time in vain: she is refused, and he hears nothing of it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, other = await w.group_of(alice), await w.group_of(carol)
    told = await bob.has_heard_of(group, after=alice)
    await alice.is_refused("not-member", "kick", group=group, dest=bob.name, reason=w.text("spam"))
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await alice.is_refused("not-member", "invite", group=other, dest=bob.name)
    await hears_no_refusal(bob, after=alice)
    await bob.hears_nothing_about(group, after=alice, but=told)
    await bob.hears_copy_of(await carol.asks("invite", group=other, dest=bob.name))


@case("A-REFUSE-1")
async def a_refused_outsider_changes_nothing(w: World) -> None:
    """Carol, no member, posts, leaves, invites, kicks, bans and unbans in vain: the group looks as it did before."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    await alice.given("gbroadcast", group=group, msg=w.text())
    before = await picture(bob, group)
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    await carol.is_refused("not-member", "leave", group=group)
    await carol.is_refused("not-member", "invite", group=group, dest=carol.name)
    for action in ("kick", "ban"):
        await carol.is_refused("not-owner", action, group=group, dest=bob.name, reason="")
    await carol.is_refused("not-owner", "unban", group=group, dest=bob.name)
    after = await picture(bob, group)
    must(after == before, "refused requests must change nothing", before, after)
    await carol.asks("join", group=group)


@case("A-REFUSE-1")
async def a_refused_owner_changes_nothing(w: World) -> None:
    """Alice founds her group again, joins it, kicks and bans herself, all in vain: the group looks as it did before."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await alice.given("gbroadcast", group=group, msg=w.text())
    before = await picture(bob, group)
    await alice.is_refused("group-exists", "cgroupe", group=group, private=True)
    await alice.is_refused("already-member", "join", group=group)
    await alice.is_refused("already-member", "invite", group=group, dest=bob.name)
    for action in ("kick", "ban"):
        await alice.is_refused("self-target", action, group=group, dest=alice.name, reason="")
    after = await picture(bob, group)
    must(after == before, "refused requests must change nothing", before, after)
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text("spam")))


@case("A-REFUSE-1")
async def a_malformed_request_changes_nothing(w: World) -> None:
    """Bob posts without a text, and alice kicks him without a reason: both are refused, and the group is as before."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    before = await picture(bob, group)
    await bob.is_refused("bad-message", "gbroadcast", group=group, field="/msg")
    await hears_no_refusal(alice, after=bob)
    await alice.is_refused("bad-message", "kick", group=group, dest=bob.name, field="/reason")
    after = await picture(bob, group)
    must(after == before, "refused requests must change nothing", before, after)
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))


@case("A-REFUSE-1")
async def refused_requests_use_no_seq(w: World) -> None:
    """Between two messages to a group every kind of request is refused: the messages' seqs follow each other."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice, bob)
    before = await alice.asks("gbroadcast", group=group, msg=w.text())
    await carol.is_refused("group-exists", "cgroupe", group=group)
    await bob.is_refused("already-member", "join", group=group)
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    await carol.is_refused("not-member", "leave", group=group)
    await bob.is_refused("already-member", "invite", group=group, dest=bob.name)
    for action in ("kick", "ban"):
        await bob.is_refused("not-owner", action, group=group, dest=alice.name, reason="")
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await bob.is_refused("bad-message", "gbroadcast", group=group, msg="", field="/msg")
    after = await alice.asks("gbroadcast", group=group, msg=w.text())
    must(number(after) == number(before) + 1, "the seqs must follow each other", before, after)


@case("W-TEXT-2")
async def a_kick_needs_no_reason(w: World) -> None:
    """Alice kicks bob with an empty reason, which is legal: he gets server-kick, the reason empty."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    answer = await alice.asks("kick", group=group, dest=bob.name, reason="")
    copy = await bob.hears_copy_of(answer)
    must(copy["reason"] == "", "the reason must be empty", {"reason": ""}, copy)
    await sees_members(alice, group, alice)


@case("W-TEXT-2")
async def a_ban_needs_no_reason(w: World) -> None:
    """Alice bans bob with an empty reason, which is legal: he gets server-ban, the reason empty."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    answer = await alice.asks("ban", group=group, dest=bob.name, reason="")
    copy = await bob.hears_copy_of(answer)
    must(copy["reason"] == "", "the reason must be empty", {"reason": ""}, copy)
    await bob.is_refused("banned", "join", group=group)


@case("W-TEXT-2")
async def a_kick_keeps_its_reason(w: World) -> None:
    """Alice's reason to kick bob has quotes, line feeds, emoji and a NUL: he gets it unchanged."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text(EVENTFUL)
    await alice.asks("kick", group=group, dest=bob.name, reason=reason)
    await bob.hears("server-kick", sender=alice.name, group=group, dest=bob.name, reason=reason)


@case("W-TEXT-2")
async def a_ban_keeps_its_reason(w: World) -> None:
    """Alice's reason to ban bob has quotes, line feeds, emoji and a NUL: he gets it unchanged."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text(EVENTFUL)
    await alice.asks("ban", group=group, dest=bob.name, reason=reason)
    await bob.hears("server-ban", sender=alice.name, group=group, dest=bob.name, reason=reason)


@case("W-TEXT-2")
async def the_longest_reason_to_kick(w: World) -> None:
    """Alice kicks bob with a reason of 8,192 emoji and letters, each one character: he gets all of it."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text().ljust(LONGEST, "😀")
    await alice.asks("kick", group=group, dest=bob.name, reason=reason)
    await bob.hears("server-kick", sender=alice.name, group=group, dest=bob.name, reason=reason)


@case("W-TEXT-2")
async def the_longest_reason_to_ban(w: World) -> None:
    """Alice bans bob with a reason of 8,192 emoji and letters, each one character: he gets all of it."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), w.text().ljust(LONGEST, "😀")
    await alice.asks("ban", group=group, dest=bob.name, reason=reason)
    await bob.hears("server-ban", sender=alice.name, group=group, dest=bob.name, reason=reason)


@case("W-TEXT-2")
async def a_reason_to_kick_is_too_long(w: World) -> None:
    """Alice kicks bob with a reason of 8,193 characters and is refused: he stays, and hears what she posts."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), "x" * (LONGEST + 1)
    await alice.is_refused("bad-message", "kick", field="/reason", group=group, dest=bob.name, reason=reason)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await bob.hears_copy_of(await alice.asks("kick", group=group, dest=bob.name, reason=w.text().ljust(LONGEST, "x")))


@case("W-TEXT-2")
async def a_reason_to_ban_is_too_long(w: World) -> None:
    """Alice bans bob with a reason of 8,193 characters and is refused: he stays, and hears what she posts."""
    alice, bob = await w.users("alice", "bob")
    group, reason = await w.group_of(alice, bob), "x" * (LONGEST + 1)
    await alice.is_refused("bad-message", "ban", field="/reason", group=group, dest=bob.name, reason=reason)
    await bob.hears_copy_of(await alice.given("gbroadcast", group=group, msg=w.text()))
    await bob.hears_copy_of(await alice.asks("ban", group=group, dest=bob.name, reason=w.text().ljust(LONGEST, "x")))


@case("I-ALIAS-3")
async def cgroup_founds_a_group(w: World) -> None:
    """Alice sends cgroup, as many clients do: server-cgroupe answers, and she owns the group, which bob joins."""
    alice, bob = await w.users("alice", "bob")
    group = w.group()
    request = {"action": "cgroup", "sender": alice.name, "group": group, "id": w.fresh_id()}
    await sends(alice, request, Expected("server-cgroupe", without(request, "action")))
    await bob.asks("join", group=group)
    await sees_members(bob, group, alice, bob)
    await sees_owner(bob, group, alice)


@case("I-ALIAS-3")
async def cgroup_is_refused_like_cgroupe(w: World) -> None:
    """Bob sends cgroup with the name of alice's group and is refused with group-exists; with a new name he is not."""
    alice, bob = await w.users("alice", "bob")
    group, other = await w.group_of(alice), w.group()
    taken = {"action": "cgroup", "sender": bob.name, "group": group, "id": w.fresh_id()}
    await bob.connection.send(taken)
    await bob.gets_error("group-exists", taken)
    await sees_owner(bob, group, alice)
    free = {"action": "cgroup", "sender": bob.name, "group": other, "id": w.fresh_id()}
    await sends(bob, free, Expected("server-cgroupe", without(free, "action")))
