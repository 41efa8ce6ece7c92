"""What the two people of a pair do: six scenarios, each with groups and texts of its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tchat_conform.matrix.arriving import arrive
from tchat_conform.matrix.company import ALICE, BOB
from tchat_conform.matrix.evidence import Listener
from tchat_conform.matrix.notes import Asked
from tchat_conform.matrix.play import Play
from tchat_conform.matrix.result import Unfinished, Verdict

Script = Callable[[Play], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: its name, one letter for narrow tables, what happens in it, and how it is played."""

    name: str
    letter: str
    about: str
    script: Script


async def hello(play: Play) -> None:
    """Alice comes, then bob; she is told; each sees the other in the list; bob leaves, and she is told."""
    await arrive(play, ALICE)
    await arrive(play, BOB, "I-HELLO-1", _presence("B-PRES-1", "coming"))
    for one, other in ((BOB, ALICE), (ALICE, BOB)):
        name = play.name(other)
        texts = {"online": name}
        await play.ask(
            one,
            "client-list-clients",
            "B-LIST-1",
            Listener(one, "server-list-clients", name, "B-LIST-1", "C-SHOW-2", texts),
        )
    marks = play.marks()
    await _bob_leaves(play)
    gone = _presence("B-PRES-2", "leaving")
    await play.until(lambda: play.has_got(gone, marks), play.people[ALICE], settles=play.is_in_vain())
    await play.until(lambda: play.is_told(gone, marks), play.people[ALICE], settles=True)
    play.judge_listener(ALICE, gone, marks, "bob leaves")


def _presence(rule: str, what: str) -> Listener:
    return Listener(ALICE, "server-presence", BOB, rule, "C-SHOW-4", should={what: BOB})


async def private_message(play: Play) -> None:
    """Alice writes to bob, and bob to alice."""
    for one, other in ((ALICE, BOB), (BOB, ALICE)):
        text = play.fresh("hi")
        listener = Listener(
            other, "server-send", text, "B-SEND-1", "C-SHOW-1", {"text": text, "author": play.name(one)}
        )
        await play.ask(one, "client-send", "B-SEND-1", listener, to=play.name(other), msg=text)


async def group_chat(play: Play) -> None:
    """Alice founds a group and posts, bob joins, both post: he gets what came after he joined, and nothing before."""
    group = play.fresh("wob")
    await play.ask(ALICE, "cgroupe", "G-CREATE-1", group=group)
    sentence = "bob gets a message of a group that he is no member of"
    await _posts_in_vain(play, group, "G-POST-2", sentence)
    await _joins(play, group, "G-JOIN-1")
    await _posts(play, ALICE, BOB, group)
    await _posts(play, BOB, ALICE, group)


async def private_group(play: Play) -> None:
    """Alice founds a private group, which bob cannot join before she invites him; then he joins, and both post."""
    den = play.fresh("den")
    await play.ask(ALICE, "cgroupe", "P-CREATE-1", group=den, private=True)
    await play.ask(BOB, "join", "P-JOIN-1", group=den, may_fail=True)
    await _posts_in_vain(
        play, den, "P-JOIN-1", "bob is in a private group without an invitation, and gets its messages"
    )
    texts = {"group": den}
    listener = Listener(BOB, "server-invite", den, "G-INVITE-1", "C-SHOW-6", texts)
    await play.ask(ALICE, "invite", "G-INVITE-1", listener, group=den, dest=play.name(BOB))
    await _posts_in_vain(play, den, "G-INVITE-3", "bob is invited and has not joined, and gets the group's messages")
    await _joins(play, den, "P-JOIN-2")
    await _posts(play, ALICE, BOB, den, "P-JOIN-2")
    await _posts(play, BOB, ALICE, den, "P-JOIN-2")


async def kick_and_ban(play: Play) -> None:
    """Alice kicks bob, who comes back, and bans him, who cannot: he sees why, and gets nothing while he is out."""
    group = play.fresh("web")
    await _founded(play, group)
    await _removes(play, "kick", group, "G-KICK-1")
    await _posts_in_vain(play, group, "G-KICK-2", "bob was kicked, and gets the group's messages")
    await _joins(play, group, "G-KICK-3")
    await _posts(play, ALICE, BOB, group, "G-KICK-3")
    await _removes(play, "ban", group, "G-BAN-1")
    await play.ask(BOB, "join", "G-BAN-2", group=group, may_fail=True)
    await _posts_in_vain(play, group, "G-BAN-2", "bob was banned, joins again, and gets the group's messages")
    text = play.fresh("bye")
    told = Listener(BOB, "server-send", text, "B-SEND-1", "C-SHOW-1")
    await _barrier(play, told, text)


async def _barrier(play: Play, told: Listener, text: str) -> None:
    """Send bob something behind what he must not get; where that does not come, his patience has to do."""
    try:
        await play.ask(ALICE, "client-send", "B-SEND-1", told, to=play.name(BOB), msg=text)
    except Unfinished as stopped:
        play.look_for_leaks()
        if stopped.verdict is not Verdict.UNSUPPORTED and not stopped.hasty:
            raise


async def history(play: Play) -> None:
    """Bob leaves a group chat, alice posts, bob comes back: he reads what he missed, and is still a member."""
    group, missed = play.fresh("log"), play.fresh("missed")
    first = await _founded(play, group)
    await _bob_leaves(play)
    await play.ask(ALICE, "gbroadcast", "G-POST-1", group=group, msg=missed)
    await arrive(play, BOB, "I-FREE-1")
    texts = {"read": first, "missed": missed}
    await play.ask(
        BOB, "msgs", "H-AWAY-2", Listener(BOB, "server-msgs", missed, "H-AWAY-2", "C-SHOW-10", texts), group=group
    )
    await _posts(play, ALICE, BOB, group, "H-AWAY-1")


async def _bob_leaves(play: Play) -> None:
    """Let bob quit, or end his client where it cannot."""
    bob = play.people[BOB]
    try:
        await play.ask(BOB, "client-quit", "B-QUIT-1")
    except Unfinished as stopped:
        if not any(each.side == "client" for each in stopped.blames):
            raise
        play.notes.remarks += stopped.blames
    await play.until(lambda: not bob.wire.is_open, bob)
    await play.leave(BOB)


# -- what several scenarios do ----------------------------------------------------------------------------


async def _founded(play: Play, group: str) -> str:
    """Found a group with both in it, and return a text that bob has got in it."""
    await play.ask(ALICE, "cgroupe", "G-CREATE-1", group=group)
    await _joins(play, group, "G-JOIN-1")
    return await _posts(play, ALICE, BOB, group)


async def _joins(play: Play, group: str, rule: str) -> None:
    alice, start = play.people[ALICE], len(play.people[ALICE].wire.heard)
    attempt = await play.ask(BOB, "join", rule, group=group)
    play.notes.told.append(Asked(alice, attempt.meant, start, "G-JOIN-1"))


async def _posts(play: Play, one: str, other: str, group: str, rule: str = "G-POST-1") -> str:
    text = play.fresh("hello")
    texts: Mapping[str, str] = {"text": text, "author": play.name(one)}
    listener = Listener(other, "server-gbroadcast", text, rule, "C-SHOW-5", texts)
    await play.ask(one, "gbroadcast", rule, listener, group=group, msg=text)
    return text


async def _posts_in_vain(play: Play, group: str, rule: str, sentence: str) -> None:
    """Let alice post what bob must not get; that he does not is proved by what he gets later."""
    text = play.fresh("unheard")
    play.forbid(BOB, text, rule, sentence)
    await play.ask(ALICE, "gbroadcast", "G-POST-1", group=group, msg=text)


async def _removes(play: Play, action: str, group: str, rule: str) -> None:
    reason = play.fresh("noise")
    texts = {"reason": reason, "group": group}
    listener = Listener(BOB, f"server-{action}", reason, rule, "C-SHOW-6", texts)
    await play.ask(ALICE, action, rule, listener, group=group, dest=play.name(BOB), reason=reason)


SCENARIOS = (
    Scenario("hello and presence", "H", "both come in, are told of each other, and see each other in the list", hello),
    Scenario("private message", "P", "each writes to the other", private_message),
    Scenario("group chat", "G", "one founds a group, the other joins it, both post", group_chat),
    Scenario(
        "private group", "I", "one founds a private group and invites the other, who joins; both post", private_group
    ),
    Scenario("kick and ban", "K", "one kicks the other, who comes back, and bans him, who cannot", kick_and_ban),
    Scenario("history after reconnect", "R", "one leaves and comes back, and reads what he missed", history),
)
"""In the order in which they are played."""
