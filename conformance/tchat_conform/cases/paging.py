"""Level paging: history page by page."""

from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import same
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World
from tchat_protocol.framing import encode
from tchat_protocol.messages import MAX_REPLY_BYTES

MANY = 105


async def _posts(w: World, alice: User, group: str, number: int) -> list[str]:
    texts = [w.text(f"n{each}") for each in range(number)]
    for text in texts:
        await alice.given("gbroadcast", group=group, msg=text)
    return texts


async def _page(user: User, group: str, **fields: Any) -> tuple[list[str], bool]:
    answer = await user.asks("msgs", group=group, **fields)
    return [each["msg"] for each in answer["messages"]], answer["more"]


@case("H-PAGE-1")
async def a_page_holds_the_newest(w: World) -> None:
    """Of five messages alice asks for two: she gets the last two, the older one first."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, 5)
    found, _ = await _page(alice, group, limit=2)
    must(found == texts[-2:], "the newest two, oldest first", str(texts[-2:]), str(found))


@case("H-PAGE-1")
async def a_page_has_a_hundred_unless_asked(w: World) -> None:
    """Of 105 messages alice asks for no number: she gets the newest 100."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, MANY)
    found, _ = await _page(alice, group)
    must(len(found) == 100, f"100 messages, not {len(found)}")
    must(found == texts[-100:], "the newest 100, oldest first")


@case("H-PAGE-1")
async def a_page_may_hold_all(w: World) -> None:
    """Of 105 messages alice asks for 1,000: she gets all."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, MANY)
    found, more = await _page(alice, group, limit=1000)
    must(found == texts and more is False, f"all 105 and no more, not {len(found)}, more {more}")


@case("H-PAGE-1")
async def the_log_has_pages_too(w: World) -> None:
    """Of five events alice asks for two: she gets the last two, the older one first."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    for _ in range(2):
        await bob.given("leave", group=group)
        await bob.given("join", group=group)
    answer = await alice.asks("states", group=group, limit=2)
    events = [each["event"] for each in answer["events"]]
    must(events == ["leave", "join"], "the last leave and join", "['leave', 'join']", str(events))
    must(answer["more"] is True, "older events exist", None, answer)


@case("H-PAGE-2")
async def before_leaves_out_the_newer(w: World) -> None:
    """Alice asks for what came before the fourth message: she gets the three older ones."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, 5)
    whole = await alice.asks("msgs", group=group)
    found, _ = await _page(alice, group, before=whole["messages"][3]["seq"])
    must(found == texts[:3], "the first three", str(texts[:3]), str(found))


@case("H-PAGE-2")
async def before_and_limit_go_together(w: World) -> None:
    """Alice asks for one message before the fourth: she gets the third."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, 5)
    whole = await alice.asks("msgs", group=group)
    found, more = await _page(alice, group, before=whole["messages"][3]["seq"], limit=1)
    must(found == [texts[2]] and more is True, "the third, and more", texts[2], f"{found}, more {more}")


@case("H-PAGE-2")
async def before_everything_is_nothing(w: World) -> None:
    """Alice asks for messages before 1: there are none, and no more; the same for events."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    await _posts(w, alice, group, 2)
    must(await _page(alice, group, before=1) == ([], False), "no message, and no more")
    answer = await alice.asks("states", group=group, before=1)
    must(answer["events"] == [] and answer["more"] is False, "no event, and no more", None, answer)


@case("H-PAGE-2")
async def before_beyond_the_end_leaves_nothing_out(w: World) -> None:
    """Alice asks for messages before 2^53 − 1: she gets all."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, 3)
    found, more = await _page(alice, group, before=2**53 - 1)
    must(found == texts and more is False, "all three", str(texts), str(found))


@case("H-PAGE-3")
async def paging_reads_everything_once(w: World) -> None:
    """Alice reads 23 messages by pages of five, until more is false: she has each once, in order."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    texts = await _posts(w, alice, group, 12)
    await bob.given("join", group=group)
    texts += await _posts(w, alice, group, 11)
    read: list[str] = []
    fields: dict[str, int] = {}
    for _ in range(10):
        answer = await alice.asks("msgs", group=group, limit=5, **fields)
        read = [each["msg"] for each in answer["messages"]] + read
        if not answer["more"]:
            break
        fields = {"before": answer["messages"][0]["seq"]}
    must(read == texts, f"all 23 once, in order; read {len(read)}", str(texts[:3]), str(read[:3]))


@case("H-PAGE-3")
async def more_is_exact(w: World) -> None:
    """Of three messages alice asks for two, three and four: more is true, false and false."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    await _posts(w, alice, group, 3)
    found = [(await _page(alice, group, limit=limit))[1] for limit in (2, 3, 4)]
    must(same(found, [True, False, False]), "more is exact", "[True, False, False]", str(found))


@case("H-PAGE-3")
async def more_of_the_log_is_exact(w: World) -> None:
    """Of two events alice asks for one, two and three: more is true, false and false, whatever was posted between."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice, bob)
    await _posts(w, alice, group, 3)
    found = [(await alice.asks("states", group=group, limit=limit))["more"] for limit in (1, 2, 3)]
    must(same(found, [True, False, False]), "more is exact", "[True, False, False]", str(found))


@case("H-PAGE-4")
async def a_limit_outside_its_bounds_is_refused(w: World) -> None:
    """Alice asks for 0, −1 and 1,001 messages: bad-message at /limit; 1 and 1,000 are fine."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    for wrong in (0, -1, 1001):
        await alice.is_refused("bad-message", "msgs", field="/limit", group=group, limit=wrong)
        await alice.is_refused("bad-message", "states", field="/limit", group=group, limit=wrong)
    for right in (1, 1000):
        await alice.asks("msgs", group=group, limit=right)


@case("H-PAGE-4")
async def a_limit_that_is_no_integer_is_refused(w: World) -> None:
    """Alice asks for "5", 1.5, null and true messages: bad-message at /limit."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    for wrong in ("5", 1.5, None, True):
        await alice.is_refused("bad-message", "msgs", field="/limit", group=group, limit=wrong)
    await alice.asks("msgs", group=group, limit=5)


@case("W-SIZE-3")
async def a_page_stays_within_a_mebibyte(w: World) -> None:
    """Alice posts 40 texts of 32 kB and asks for all: each page has at most 1 MiB, and together they hold all."""
    alice = await w.user("alice")
    group = await w.group_of(alice)
    texts = [f"{number} {'🙂' * 8180}" for number in range(40)]
    for text in texts:
        await alice.given("gbroadcast", group=group, msg=text)
    newest = await alice.asks("msgs", group=group, limit=1000)
    size = len(encode(newest)) - 1
    must(size <= MAX_REPLY_BYTES, f"a page of {size:,} bytes is longer than 1 MiB")
    must(newest["more"] is True, "the rest is left for another page")
    rest = await alice.asks("msgs", group=group, limit=1000, before=newest["messages"][0]["seq"])
    found = [each["msg"] for each in (*rest["messages"], *newest["messages"])]
    must(found == texts, f"both pages together hold all 40, not {len(found)}")
