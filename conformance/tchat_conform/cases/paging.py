"""Level paging: history page by page."""

import json
from typing import Any

from tchat_conform.case import case
from tchat_conform.listings import has_events, has_messages, number, rows
from tchat_conform.user import User
from tchat_conform.verdict import Message, must
from tchat_conform.world import World
from tchat_protocol.messages import MAX_REPLY_BYTES

DEFAULT_LIMIT = 100
MANY = 105
BIG = 40
LISTS = {"msgs": "messages", "states": "events"}


async def _posts(user: User, group: str, count: int, text: str = "hello") -> list[Message]:
    """Have somebody post, and return the deliveries; a failure blocks the case."""
    return [await user.given("gbroadcast", group=group, msg=user.world.text(f"{each} {text}")) for each in range(count)]


async def _events(w: World, alice: User, count: int) -> tuple[str, list[Message]]:
    """Return a new group of alice in which so many things happened, and what the answers said; may block."""
    bob, group = await w.user("bob"), w.group()
    happened = [await alice.given("cgroupe", group=group)]
    while len(happened) < count:
        happened.append(await bob.given("join" if len(happened) % 2 else "leave", group=group))
    return group, happened


def _has_more(answer: Message, more: bool) -> None:
    said = {True: "older ones exist", False: "no older ones exist"}[more]
    must(answer["more"] is more, f"more must be {str(more).lower()}: {said}", {"more": more}, answer)


async def _reads_all(user: User, action: str, group: str, limit: int, at_most: int) -> tuple[dict[str, Any], int]:
    """Read page by page until there is no more, and return all as one answer, and how many pages it took."""
    found: list[Any] = []
    fields: dict[str, int] = {}
    for pages in range(1, at_most + 1):
        answer = await user.asks(action, group=group, limit=limit, **fields)
        page = rows(answer, LISTS[action])
        must(len(page) <= limit, f"a page of at most {limit}, not {len(page)}", None, answer)
        found = page + found
        if not answer["more"]:
            return {LISTS[action]: found}, pages
        must(bool(page), "a page behind which there is more is not empty", None, answer)
        fields = {"before": number(page[0])}
    must(False, f"more must be false after {at_most} pages", {"more": False}, str(found[:3]))
    raise AssertionError  # pragma: no cover


@case("H-PAGE-1")
async def a_page_holds_the_newest(w: World) -> None:
    """Of five messages alice asks for two: she gets the last two, the older one first."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 5)
    has_messages(await alice.asks("msgs", group=group, limit=2), *posts[-2:])


@case("H-PAGE-1")
async def a_page_counts_messages_only(w: World) -> None:
    """Bob joins and leaves between alice's messages, and she asks for two: she gets the last two messages."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 3)
    for action in ("join", "leave", "join"):
        await bob.given(action, group=group)
    has_messages(await alice.asks("msgs", group=group, limit=2), *posts[-2:])


@case("H-PAGE-1")
async def a_page_has_a_hundred_unless_asked(w: World) -> None:
    """Of 105 messages alice asks for no number: she gets the newest 100."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, MANY)
    has_messages(await alice.asks("msgs", group=group), *posts[-DEFAULT_LIMIT:])


@case("H-PAGE-1")
async def a_page_may_hold_all(w: World) -> None:
    """Of 105 messages alice asks for 1,000: she gets all, and there is no more."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, MANY)
    answer = await alice.asks("msgs", group=group, limit=1000)
    has_messages(answer, *posts)
    _has_more(answer, False)


@case("H-PAGE-1")
async def the_log_has_pages_too(w: World) -> None:
    """Of five events alice asks for two: she gets the last two, the older one first."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, 5)
    await _posts(alice, group, 3)
    has_events(await alice.asks("states", group=group, limit=2), *happened[-2:])


@case("H-PAGE-1")
async def a_page_of_the_log_has_a_hundred_unless_asked(w: World) -> None:
    """Of 105 events alice asks for no number: she gets the newest 100; asking for 1,000 she gets all."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, MANY)
    has_events(await alice.asks("states", group=group), *happened[-DEFAULT_LIMIT:])
    has_events(await alice.asks("states", group=group, limit=1000), *happened)


@case("H-PAGE-2")
async def before_leaves_out_the_newer(w: World) -> None:
    """Alice asks for what came before the fourth message: she gets the three older ones."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 5)
    answer = await alice.asks("msgs", group=group, before=number(posts[3]))
    has_messages(answer, *posts[:3])
    _has_more(answer, False)


@case("H-PAGE-2")
async def before_and_limit_go_together(w: World) -> None:
    """Alice asks for one message before the fourth: she gets the third, and there is more."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 5)
    answer = await alice.asks("msgs", group=group, before=number(posts[3]), limit=1)
    has_messages(answer, posts[2])
    _has_more(answer, True)


@case("H-PAGE-2")
async def before_everything_is_nothing(w: World) -> None:
    """Alice asks for messages and events before 1: there are none, and no more; without before there are some."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, 1)
    posts = await _posts(alice, group, 2)
    for action, key in LISTS.items():
        answer = await alice.asks(action, group=group, before=1)
        must(rows(answer, key) == [], f"nothing has a seq before 1: {key} must be empty", {key: []}, answer)
        _has_more(answer, False)
    has_messages(await alice.asks("msgs", group=group), *posts)
    has_events(await alice.asks("states", group=group), *happened)


@case("H-PAGE-2")
async def before_beyond_the_end_leaves_nothing_out(w: World) -> None:
    """Alice asks for messages and events before 2^53 - 1: she gets all."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, 3)
    posts = await _posts(alice, group, 3)
    has_messages(await alice.asks("msgs", group=group, before=2**53 - 1), *posts)
    has_events(await alice.asks("states", group=group, before=2**53 - 1), *happened)


@case("H-PAGE-2")
async def before_may_name_an_event(w: World) -> None:
    """Alice asks for messages before bob's join, which is no message: she gets those from before it."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 2)
    joined = await bob.given("join", group=group)
    await _posts(alice, group, 2)
    has_messages(await alice.asks("msgs", group=group, before=number(joined)), *posts)


@case("H-PAGE-2")
async def before_leaves_out_newer_events(w: World) -> None:
    """Alice asks for events before the fourth, and for one of them: she gets three, and the third."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, 5)
    has_events(await alice.asks("states", group=group, before=number(happened[3])), *happened[:3])
    has_events(await alice.asks("states", group=group, before=number(happened[3]), limit=1), happened[2])


@case("H-PAGE-3")
async def paging_reads_everything_once(w: World) -> None:
    """Alice reads 23 messages, bob's join among them, by pages of five until more is false: she has each once."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 12)
    await bob.given("join", group=group)
    posts += await _posts(bob, group, 11)
    answer, pages = await _reads_all(alice, "msgs", group, 5, at_most=6)
    has_messages(answer, *posts)
    must(pages == 5, f"23 messages fill five pages of five, not {pages}")


@case("H-PAGE-3")
async def paging_reads_the_log_once(w: World) -> None:
    """Alice reads eleven events by pages of two until more is false: she has each once."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, 11)
    await _posts(alice, group, 2)
    answer, pages = await _reads_all(alice, "states", group, 2, at_most=7)
    has_events(answer, *happened)
    must(pages == 6, f"eleven events fill six pages of two, not {pages}")


@case("H-PAGE-3")
async def more_is_exact(w: World) -> None:
    """Of three messages alice asks for two, three and four: more is true, false and false."""
    alice = await w.user("alice")
    group, _ = await _events(w, alice, 3)
    await _posts(alice, group, 3)
    for limit, more in ((2, True), (3, False), (4, False)):
        _has_more(await alice.asks("msgs", group=group, limit=limit), more)


@case("H-PAGE-3")
async def more_of_the_log_is_exact(w: World) -> None:
    """Of three events alice asks for two, three and four: more is true, false and false, whatever was posted."""
    alice = await w.user("alice")
    group, _ = await _events(w, alice, 2)
    await _posts(alice, group, 3)
    await alice.given("invite", group=group, dest=(await w.user("carol")).name)
    for limit, more in ((2, True), (3, False), (4, False)):
        _has_more(await alice.asks("states", group=group, limit=limit), more)


@case("H-PAGE-3")
async def there_is_no_more_of_nothing(w: World) -> None:
    """Nobody has posted to alice's group: msgs is empty and more is false; once she has, it holds that."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    answer = await alice.asks("msgs", group=group, limit=1)
    has_messages(answer)
    _has_more(answer, False)
    posts = await _posts(alice, group, 1)
    has_messages(await alice.asks("msgs", group=group, limit=1), *posts)


@case("H-PAGE-4")
async def a_limit_outside_its_bounds_is_refused(w: World) -> None:
    """Alice asks for 0, −1 and 1,001 messages: bad-message at /limit; 1 and 1,000 are fine."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, 2)
    for wrong in (0, -1, 1001):
        await alice.is_refused("bad-message", "msgs", field="/limit", group=group, limit=wrong)
    has_messages(await alice.asks("msgs", group=group, limit=1), posts[-1])
    has_messages(await alice.asks("msgs", group=group, limit=1000), *posts)


@case("H-PAGE-4")
async def a_limit_of_events_outside_its_bounds_is_refused(w: World) -> None:
    """Alice asks for 0, −1 and 1,001 events: bad-message at /limit; 1 and 1,000 are fine."""
    alice = await w.user("alice")
    group, happened = await _events(w, alice, 2)
    for wrong in (0, -1, 1001):
        await alice.is_refused("bad-message", "states", field="/limit", group=group, limit=wrong)
    has_events(await alice.asks("states", group=group, limit=1), happened[-1])
    has_events(await alice.asks("states", group=group, limit=1000), *happened)


@case("H-PAGE-4")
async def a_limit_that_is_no_integer_is_refused(w: World) -> None:
    """Alice asks for "5", 1.5, null and true messages and events: bad-message at /limit; 5 is fine."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    for action in LISTS:
        for wrong in ("5", 1.5, None, True):
            await alice.is_refused("bad-message", action, field="/limit", group=group, limit=wrong)
        await alice.asks(action, group=group, limit=5)


@case("W-FORM-1")
async def a_before_that_is_no_number_is_refused(w: World) -> None:
    """Alice asks for what came before 0, −1, "5", 1.5 and null: bad-message at /before; before 5 is fine."""
    w.needs_feature("paging")
    alice = await w.user("alice")
    group = await w.group_of(alice)
    for action in LISTS:
        for wrong in (0, -1, "5", 1.5, None):
            await alice.is_refused("bad-message", action, field="/before", group=group, before=wrong)
        await alice.asks(action, group=group, before=5)


async def _stays_within_bounds(user: User, action: str, group: str, count: int) -> dict[str, Any]:
    """Read page by page, prove that no page was too long, and return all as one answer."""
    already = len(user.connection.raw)
    answer, pages = await _reads_all(user, action, group, 1000, at_most=count)
    longest = _longest(bytes(user.connection.raw[already:]).decode(errors="replace"))
    must(longest <= MAX_REPLY_BYTES, f"a page of {longest:,} bytes is longer than 1 MiB")
    must(pages > 1, "so much does not go on one page", {"more": True})
    return answer


def _longest(text: str) -> int:
    """Return how many bytes the longest message in a text has, as it was sent.

    >>> _longest('{"a":"é"} {}{"a":  1}')
    10
    """
    decoder, position, longest = json.JSONDecoder(), text.find("{"), 0
    while position != -1:
        try:
            _, end = decoder.raw_decode(text, position)
        except ValueError:  # the beginning was read before
            end = position + 1
        longest = max(longest, len(text[position:end].encode()))
        position = text.find("{", end)
    return longest


@case("W-SIZE-3")
async def a_page_stays_within_a_mebibyte(w: World) -> None:
    """Alice posts 40 texts of 32 kB and asks for all: no page has more than 1 MiB, and together they hold all."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, BIG, "🙂" * 8100)
    has_messages(await _stays_within_bounds(alice, "msgs", group, BIG), *posts)


@case("W-SIZE-3")
async def a_page_of_escapes_stays_within_a_mebibyte(w: World) -> None:
    """Alice posts 40 texts of 8,100 control characters, 48 kB of JSON each: no page has more than 1 MiB."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    posts = await _posts(alice, group, BIG, "\x01" * 8100)
    has_messages(await _stays_within_bounds(alice, "msgs", group, BIG), *posts)


@case("W-SIZE-3")
async def a_page_of_the_log_stays_within_a_mebibyte(w: World) -> None:
    """Alice bans bob 40 times with reasons of 32 kB: no page of events has more than 1 MiB."""
    alice, bob = await w.users("alice", "bob")
    group, reason = w.group(), "🙂" * 8192
    happened = [await alice.given("cgroupe", group=group)]
    for _ in range(BIG):
        happened.append(await alice.given("ban", group=group, dest=bob.name, reason=reason))
        happened.append(await alice.given("unban", group=group, dest=bob.name))
    has_events(await _stays_within_bounds(alice, "states", group, 2 * BIG), *happened)
