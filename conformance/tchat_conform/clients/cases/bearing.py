"""What a client has to survive: every way in which a right server may write, and some in which a wrong one does."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tchat_conform.clients import manners
from tchat_conform.clients.case import add_case, client_case
from tchat_conform.clients.forms import answer, message
from tchat_conform.clients.manners import Manner
from tchat_conform.clients.stage import Stage
from tchat_conform.verdict import must
from tchat_protocol.framing import Message, encode
from tchat_protocol.messages import MAX_REPLY_BYTES

TS = "2026-11-23T09:30:00.000Z"
MANY = 20
TEXT = 8_000
SLOW = 1.0
"""Seconds that a slow server takes."""


def _messages(stage: Stage, *stems: str) -> tuple[list[Message], Mapping[str, str]]:
    """Return a message from bob for each stem, and what of it has to be on the screen."""
    texts = {f"the {stem} text": stage.fresh(stem) for stem in stems}
    told = [message("server-send", **{"from": "bob", "to": stage.me, "msg": f"{text} é🙂"}) for text in texts.values()]
    return told, texts


def _manner_case(case: str, title: str, manner: Manner, what: str, stems: Sequence[str]) -> None:
    async def script(stage: Stage) -> None:
        await stage.start()
        told, texts = _messages(stage, *stems)
        await stage.shows(*told, texts=texts, manner=manner, what=what)
        await stage.survives(what)

    add_case(case, title, script)


TWO, ONE = ("first", "second"), ("only",)
for _case in (
    ("C-JOINED-1/two-on-lines", "Two messages come in one segment, a line each: alice sees both.",
     manners.joined, "two messages in one segment", TWO),
    ("C-JOINED-1/two-without-line-feed", "Two messages come in one segment with nothing between: alice sees both.",
     manners.joined_bare, "two messages in one segment with nothing between", TWO),
    ("C-CUT-1/in-halves", "Messages come in halves: alice sees both.",
     manners.halves, "messages in halves", TWO),
    ("C-CUT-1/across", "Each segment ends one message and begins the next: alice sees all three.",
     manners.across, "segments across messages", ("first", "second", "third")),
    ("C-CUT-1/byte-by-byte", "A message comes byte by byte: alice sees it.",
     manners.bytewise, "a message byte by byte", ONE),
    ("C-SEP-1/without-line-feed", "Messages come without line feeds, a segment each: alice sees both.",
     manners.bare, "messages without line feed", TWO),
    ("C-SEP-1/crlf", "Messages come with CR and LF: alice sees both.",
     manners.crlf, "messages with CRLF", TWO),
    ("C-SEP-1/blank-lines", "Messages come with blank lines around them: alice sees both.",
     manners.blank_lines, "blank lines", TWO),
    ("C-SEP-1/pretty", "Messages come laid out over several lines: alice sees both.",
     manners.pretty, "messages over several lines", TWO),
    ("C-FIELD-1/unknown-fields", "Messages come with fields that no one knows: alice sees both.",
     manners.with_unknown_fields, "unknown fields", TWO),
):  # fmt: skip
    _manner_case(*_case)


@client_case("C-JOINED-1")
async def many_at_once(stage: Stage) -> None:
    """Twenty messages come in one segment: alice sees the first and the last."""
    await stage.start()
    first, last = stage.fresh("first"), stage.fresh("last")
    texts = [first, *(f"message {number}" for number in range(MANY - 2)), last]
    told = [message("server-broadcast", **{"from": "bob", "msg": each}) for each in texts]
    await stage.shows(*told, texts={"the first text": first, "the last text": last}, manner=manners.joined)
    await stage.survives(f"{MANY} messages in one segment")


@client_case("C-JOINED-1")
async def answer_and_another_s_message(stage: Stage) -> None:
    """The answer to alice's list comes in one segment with bob's message: she sees both."""
    await stage.start()
    request = await stage.types("client-list-clients", means=True)
    carol = stage.fresh("carol")
    told, texts = _messages(stage, "other")
    listing = answer(request, clients=[stage.me, carol])
    await stage.shows(listing, *told, texts={"the listed name": carol, **texts}, manner=manners.joined)


@client_case("C-CUT-1")
async def inside_a_character(stage: Stage) -> None:
    """A message is cut between the two bytes of its é: alice sees it, and the é too."""
    await _shows_an_accent(stage, manners.inside_a_character, "a message cut inside a character")


@client_case("C-SEP-1")
async def escapes(stage: Stage) -> None:
    """A message comes with its é written as an escape: alice sees it, and the é too."""
    await _shows_an_accent(stage, manners.escaped, "escaped characters")


async def _shows_an_accent(stage: Stage, manner: Manner, what: str) -> None:
    await stage.start()
    text = f"{stage.fresh('accent')} é"
    told = message("server-send", **{"from": "bob", "to": stage.me, "msg": text})
    await stage.shows(told, texts={"the text": text}, manner=manner, what=what)
    await stage.survives(what)


@client_case("C-CUT-1")
async def an_answer_in_halves(stage: Stage) -> None:
    """The answer to alice's list comes in halves: she sees it."""
    await stage.start()
    request = await stage.types("client-list-clients", means=True)
    carol = stage.fresh("carol")
    listing = answer(request, clients=[stage.me, carol])
    await stage.shows(listing, texts={"the listed name": carol}, manner=manners.halves)


@client_case("C-FIELD-1")
async def unknown_fields_in_hello(stage: Stage) -> None:
    """Server-hello comes with fields and features that no one knows: the client goes on."""
    await stage.start(greet=False)
    features = ["auth", "teleport", "paging"]
    hello = answer(stage.hello or stage.meant("client-hello"), msg=stage.fresh("welcome"), features=features)
    await stage.says(hello, manner=manners.with_unknown_fields)
    await stage.survives("a server-hello with unknown fields")


@client_case("C-FIELD-1")
async def unknown_fields_in_answers(stage: Stage) -> None:
    """The answer to alice's list comes with fields that no one knows: she sees the names."""
    await stage.start()
    request = await stage.types("client-list-clients", means=True)
    carol = stage.fresh("carol")
    listing = answer(request, clients=[stage.me, carol])
    await stage.shows(listing, texts={"the listed name": carol}, manner=manners.with_unknown_fields)


@client_case("C-ACTION-1")
async def an_unknown_action(stage: Stage) -> None:
    """Messages with actions come that the protocol does not have: the client goes on."""
    await stage.start()
    told: list[Message] = [
        {"action": "server-typing", "from": "bob"},
        {"action": "server-poll", "question": "tea?", "options": ["yes", {"no": None}], "msg": "vote"},
    ]
    await stage.says(*told)
    await stage.survives("unknown actions")


@client_case("C-SIZE-1")
async def a_mebibyte(stage: Stage) -> None:
    """A history of 1,048,576 bytes comes: alice sees its first and its last text, and the client goes on."""
    await stage.start()
    request = await stage.types("msgs", means=True, group=stage.fresh("wob"))
    oldest, newest = stage.fresh("oldest"), stage.fresh("newest")
    mark = stage.terminal.mark
    await stage.says_raw([_of_size(request, oldest, newest)])
    await stage.sees(
        {"the oldest text": oldest, "the newest text": newest},
        mark,
        f"an answer of {MAX_REPLY_BYTES:,} bytes",
        longer=3,
    )
    await stage.survives(f"an answer of {MAX_REPLY_BYTES:,} bytes")


def _of_size(request: Message, oldest: str, newest: str) -> bytes:
    """Return an answer to msgs with as many bytes as a client must accept, the line feed aside."""
    rows: list[dict[str, Any]] = []
    size = MAX_REPLY_BYTES

    def made(rest: str) -> bytes:
        last = {"sender": "bob", "msg": newest, "ts": TS, "seq": 1_000}
        head = {"sender": "bob", "msg": f"{oldest} {rest}", "ts": TS, "seq": 1}
        return encode(answer(request, messages=[head, *rows, last], more=True))

    row = {"sender": "bob", "msg": "x" * TEXT, "ts": TS}
    while len(made("x")) + TEXT + 100 < size:
        rows.append({**row, "seq": len(rows) + 2})
    return made("x" * (size + 2 - len(made("x"))))


@client_case("C-BETWEEN-1")
async def others_speak_before_the_answer(stage: Stage) -> None:
    """Alice asks for the list; bob writes, carol comes, and then the answer: she sees bob's text and the list."""
    await stage.start()
    request = await stage.types("client-list-clients", means=True)
    told, texts = _messages(stage, "other")
    carol = stage.fresh("carol")
    listing = answer(request, clients=[stage.me, carol])
    presence = message("server-presence", **{"from": "carol"})
    await stage.shows(*told, presence, listing, texts={**texts, "the listed name": carol})
    await stage.survives("others' messages before the answer")


@client_case("C-BETWEEN-1")
async def another_s_copy_before_the_answer(stage: Stage) -> None:
    """Alice joins a group; bob's join comes before hers: the client goes on."""
    await stage.start()
    group = stage.fresh("wob")
    request = await stage.types("join", means=True, group=group)
    await stage.says(message("server-join", sender="bob", group=group, seq=2), answer(request, seq=3))
    await stage.survives("another's copy before the answer")


# -- refusals ---------------------------------------------------------------------------------------------

ABOUT: Mapping[str, str] = {"to": "bob", "dest": "bob", "group": "wob", "msg": "hi", "reason": "spam"}


def _error_case(action: str, fields: Sequence[str]) -> None:
    async def script(stage: Stage) -> None:
        await stage.start()
        typed: dict[str, Any] = {name: stage.fresh(ABOUT[name]) for name in fields}
        await stage.refuses(await stage.types(action, means=True, **typed), "internal-error")
        await stage.survives(f"a server-error for {action}")

    add_case(f"C-ERROR-1/for-{action}", f"Alice's {action} is refused: the client goes on.", script)


for _action, _fields in {
    "client-send": ("to", "msg"),
    "client-broadcast": ("msg",),
    "client-list-clients": (),
    "cgroupe": ("group",),
    "join": ("group",),
    "gbroadcast": ("group", "msg"),
    "members": ("group",),
    "msgs": ("group",),
    "groups": (),
    "leave": ("group",),
    "kick": ("group", "dest", "reason"),
    "states": ("group",),
}.items():
    _error_case(_action, _fields)


@client_case("C-ERROR-1")
async def an_error_for_nothing(stage: Stage) -> None:
    """A server-error comes that names no request, and one with a code that no one knows: the client goes on."""
    await stage.start()
    await stage.says(message("server-error", code="internal-error", msg="Something broke."))
    await stage.says({"action": "server-error", "code": "on-fire", "msg": "Run.", "request": "dance"})
    await stage.survives("a server-error for no request")


# -- slow and forgetful -----------------------------------------------------------------------------------


@client_case("C-ID-1")
async def answers_without_id(stage: Stage) -> None:
    """The answers to alice's list, twice, carry no id: she sees both, and the client goes on."""
    await stage.start()
    for name in ("bob", "carol"):
        listed = stage.fresh(name)
        request = await stage.types("client-list-clients", means=True)
        request.pop("id", None)
        await stage.shows(answer(request, clients=[stage.me, listed]), texts={"the listed name": listed})
    await stage.survives("answers without id")


@client_case("C-SLOW-1")
async def a_slow_answer(stage: Stage) -> None:
    """The answer to alice's list takes a second: she sees it, and the client goes on."""
    await stage.start()
    request = await stage.types("client-list-clients", means=True)
    await asyncio.sleep(SLOW)
    carol = stage.fresh("carol")
    await stage.shows(answer(request, clients=[stage.me, carol]), texts={"the listed name": carol})
    await stage.survives("a slow answer")


@client_case("C-SLOW-1")
async def commands_before_the_answer(stage: Stage) -> None:
    """Alice writes to bob and then asks for the list before anything is answered: both requests come."""
    await stage.start()
    first = await stage.types("client-send", means=True, to=stage.fresh("bob"), msg=stage.fresh("hi"))
    second = await stage.types("client-list-clients")
    carol = stage.fresh("carol")
    await stage.shows(answer(first), answer(second, clients=[stage.me, carol]), texts={"the listed name": carol})


# -- wrong servers ----------------------------------------------------------------------------------------


@client_case("C-BAD-1")
async def text_that_is_no_json(stage: Stage) -> None:
    """A line comes that is no JSON: the client goes on."""
    await stage.start()
    await stage.says_raw([b"this is no JSON\n"])
    await stage.survives("text that is no JSON")


@client_case("C-BAD-1")
async def values_that_are_no_objects(stage: Stage) -> None:
    """An array, a number and null come, a line each: the client goes on."""
    await stage.start()
    await stage.says_raw([b"[1,2]\n", b"42\n", b"null\n"])
    await stage.survives("JSON that is no object")


@client_case("C-BAD-1")
async def messages_without_their_fields(stage: Stage) -> None:
    """Messages come without their fields, or with others of odd types: the client goes on."""
    await stage.start()
    bare = ("server-send", "server-broadcast", "server-list-clients", "server-members", "server-groups", "server-msgs")
    told: list[Message] = [{}, {"msg": "no action"}, *({"action": each} for each in bare)]
    told.append({"action": "server-list-clients", "clients": [None, 1, {"name": "bob"}]})
    told.append({"action": "server-send", "from": 7, "msg": {"text": "hi"}})
    await stage.says(*told)
    await stage.survives("messages without their fields")


# -- the end ----------------------------------------------------------------------------------------------


async def _ends_or_says_so(stage: Stage) -> None:
    mark = stage.terminal.mark
    stage.player.hang_up()

    def noticed() -> bool:
        return stage.terminal.ended or any(char.isalpha() for char in stage.terminal.drawn_since(mark))

    stage.may_end = True
    stage.missed = not await stage.pulse.until(noticed, 2 * stage.run.patience)
    must(noticed(), "the connection ended, and the client neither ends nor says so", None, stage.terminal.last_lines)


@client_case("C-CLOSE-1")
async def the_server_goes_away(stage: Stage) -> None:
    """The server closes the connection: the client ends or says so."""
    await stage.start()
    await _ends_or_says_so(stage)


@client_case("C-CLOSE-1")
async def in_the_middle_of_a_message(stage: Stage) -> None:
    """The server closes the connection in the middle of a message: the client ends or says so."""
    await stage.start()
    told, _ = _messages(stage, "half")
    await stage.says_raw([encode(told[0])[:-20]])
    await _ends_or_says_so(stage)
