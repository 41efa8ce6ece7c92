"""What a client sends: the course's commands, their requests, and how they stand on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

from tchat_conform.clients.case import add_case, client_case
from tchat_conform.clients.compare import sender_of
from tchat_conform.clients.stage import Stage, sender_is
from tchat_conform.verdict import must
from tchat_protocol import messages
from tchat_protocol.framing import BadInput, Message

BOM = b"\xef\xbb\xbf"
SEMICOLONS, ACCENTS, QUOTES = "one; two;; three;", "héhé ça va 🙂 ñ 漢字", 'a "b" \\n {c} [d], e\\'


async def _base_requests(stage: Stage) -> list[Message]:
    """Type the commands of the base layer, answer them, and return all that the client has sent."""
    await stage.start()
    commands: Sequence[tuple[str, dict[str, Any]]] = (
        ("client-send", {"to": stage.fresh("bob"), "msg": stage.fresh("hi")}),
        ("client-broadcast", {"msg": stage.fresh("hello")}),
        ("client-list-clients", {}),
    )
    for action, fields in commands:
        await stage.sends(action, **fields)
    return [each.content for each in stage.player.received if not isinstance(each.content, BadInput)]


@client_case("C-JSON-1")
async def base_requests_are_json(stage: Stage) -> None:
    """Alice types the commands of the base layer: every byte that comes is part of a JSON object in UTF-8."""
    await _base_requests(stage)
    data = bytes(stage.player.data)
    must(BOM not in data, "a message begins with a byte order mark", None, repr(data[:40]))


@client_case("C-LINE-1")
async def one_message_a_line(stage: Stage) -> None:
    """Alice types the commands of the base layer: a line feed stands behind each message and in none."""
    sent = await _base_requests(stage)
    lines = bytes(stage.player.data).count(b"\n")
    must(
        lines == len(sent) and stage.player.data.endswith(b"\n"),
        f"{len(sent)} messages stand on {lines} lines",
        "a line feed after each message",
        repr(bytes(stage.player.data[:200])),
    )


@client_case("C-FORM-1")
async def base_requests_are_valid(stage: Stage) -> None:
    """Alice types the commands of the base layer: all that comes, the hello too, is valid against its schema."""
    for sent in await _base_requests(stage):
        wrong = messages.problems("requests", sent)
        must(not wrong, f"{sent.get('action')} breaks its schema: {'; '.join(map(str, wrong))}", None, sent)


@client_case("C-NAME-1")
async def her_name_in_every_request(stage: Stage) -> None:
    """Alice gives her name to the client: the requests of the base layer carry it."""
    for sent in await _base_requests(stage):
        sender_is(sent, stage.me)


@client_case("C-NAME-1")
async def the_name_that_was_given(stage: Stage) -> None:
    """Alice gives her name by argument, environment or at a question: the first message carries just that."""
    given = stage.me
    await stage.start()
    if stage.hello is None:
        await stage.types("client-list-clients", means=True)
    first = next(each.content for each in stage.player.received if not isinstance(each.content, BadInput))
    must(sender_of(first) == given, f"{first.get('action')} does not carry the name that was given", given, first)


@client_case("C-HELLO-1")
async def hello_comes_first(stage: Stage) -> None:
    """Alice starts the client: before she types anything it says hello."""
    await stage.start()
    first = stage.player.received[0].content if stage.player.received else None
    received = "nothing" if first is None or isinstance(first, BadInput) else first
    meant = stage.meant("client-hello")
    must(stage.hello is not None, "the first message is no client-hello", meant, received)


@client_case("C-HELLO-1")
async def hello_has_its_form(stage: Stage) -> None:
    """Alice starts the client: its hello is valid against its schema."""
    await stage.start()
    first = stage.player.received[0].content if stage.player.received else None
    if isinstance(first, dict) and first.get("action") == "client-hello":
        wrong = messages.problems("requests", first)
        must(not wrong, f"client-hello breaks its schema: {'; '.join(map(str, wrong))}", None, first)
    else:
        must(False, "the first message is no client-hello", stage.meant("client-hello"))


# -- once and unchanged -----------------------------------------------------------------------------------


@client_case("C-ONCE-1")
async def one_line_one_request(stage: Stage) -> None:
    """Alice types a broadcast and the list: two requests come, and no more."""
    await stage.start()
    begin = len(stage.player.received)
    await stage.answers(await stage.types("client-broadcast", means=True, msg=stage.fresh("once")))
    await stage.answers(await stage.types("client-list-clients", means=True))
    await stage.is_shown()
    sent = stage.sent_since(begin)
    must(len(sent) == 2, f"two commands sent {len(sent)} messages", "2 messages", _actions(sent))


@client_case("C-ONCE-1")
async def no_command_sends_nothing(stage: Stage) -> None:
    """Alice types a line that is no command, and then the list: the list alone is sent."""
    await _sends_nothing(stage, "nonsense;wob;x")


@client_case("C-ONCE-1")
async def an_empty_line_sends_nothing(stage: Stage) -> None:
    """Alice presses enter, and then asks for the list: the list alone is sent."""
    await _sends_nothing(stage, "")


async def _sends_nothing(stage: Stage, line: str) -> None:
    await stage.start()
    begin = len(stage.player.received)
    await stage.type_raw(line)
    seen = await stage.obeys()
    await stage.must_live(f"{line!r} was typed")
    sent = stage.sent_since(begin)
    must(len(sent) < 2, f"{line!r} is no command, and {len(sent) - 1} messages were sent for it", None, _actions(sent))
    stage.missed = not seen
    must(seen, f"after {line!r} the client sends nothing more")


def _actions(sent: list[Message | BadInput]) -> str:
    return ", ".join("no message" if isinstance(each, BadInput) else str(each.get("action")) for each in sent)


def _text_case(name: str, title: str, text: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.start()
        await stage.types("client-broadcast", msg=f"{stage.fresh('text')} {text}")
        await stage.types("client-send", to=stage.fresh("bob"), msg=f"{stage.fresh('text')} {text}")

    add_case(f"C-TEXT-1/{name}", title, script)


_text_case("semicolons", "Alice writes texts with semicolons: they arrive whole.", SEMICOLONS)
_text_case("accents-and-emoji", "Alice writes accents, Chinese and an emoji: they arrive in UTF-8.", ACCENTS)
_text_case("quotes-and-braces", "Alice writes quotes, backslashes and braces: they arrive as typed.", QUOTES)


# -- the requests -----------------------------------------------------------------------------------------

COMMANDS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "C-SEND-1": ("client-send", "Alice types s;bob;hi: client-send goes to bob.", {"to": "bob", "msg": "hi"}),
    "C-BCAST-1": ("client-broadcast", "Alice types b;hi: client-broadcast comes.", {"msg": "hi"}),
    "C-LIST-1": ("client-list-clients", "Alice types ls; and client-list-clients comes.", {}),
    "C-CREATE-1": ("cgroupe", "Alice types cg;wob: cgroupe comes.", {"group": "wob"}),
    "C-JOIN-1": ("join", "Alice types j;wob: join comes.", {"group": "wob"}),
    "C-POST-1": ("gbroadcast", "Alice types bg;wob;hello: gbroadcast comes.", {"group": "wob", "msg": "hello"}),
    "C-MEMBERS-1": ("members", "Alice types members;wob: members comes.", {"group": "wob"}),
    "C-MSGS-1": ("msgs", "Alice types messages;wob: msgs comes.", {"group": "wob"}),
    "C-GROUPS-1": ("groups", "Alice types groups; and groups comes.", {}),
    "C-LEAVE-1": ("leave", "Alice types leave;wob: leave comes.", {"group": "wob"}),
    "C-INVITE-1": ("invite", "Alice types invite;wob;bob: invite comes.", {"group": "wob", "dest": "bob"}),
    "C-KICK-1": (
        "kick",
        "Alice types kick;wob;bob;reason: kick comes.",
        {"group": "wob", "dest": "bob", "reason": "noise"},
    ),
    "C-BAN-1": (
        "ban",
        "Alice types ban;wob;bob;reason: ban comes.",
        {"group": "wob", "dest": "bob", "reason": "noise"},
    ),
    "C-UNBAN-1": ("unban", "Alice types unban;wob;bob: unban comes.", {"group": "wob", "dest": "bob"}),
    "C-STATES-1": ("states", "Alice types states;wob: states comes.", {"group": "wob"}),
}
"""The course's commands: the action that each asks for, and the stems of what is typed."""


def _command_case(requirement: str, action: str, title: str, stems: Mapping[str, str]) -> None:
    async def script(stage: Stage) -> None:
        await stage.start()
        fields: dict[str, Any] = {name: stage.fresh(stem) for name, stem in stems.items()}
        await stage.answers(await stage.types(action, **fields))

    add_case(f"{requirement}/sends-its-request", title, script)


for _requirement, _command in COMMANDS.items():
    _command_case(_requirement, *_command)


@client_case("C-CREATE-1")
async def members_of_the_new_group(stage: Stage) -> None:
    """Alice founds a group and asks for its members: both requests name the same group."""
    await stage.start()
    group = stage.fresh("wob")
    await stage.answers(await stage.types("cgroupe", means=True, group=group))
    await stage.answers(await stage.types("members", group=group))


@client_case("C-POST-1")
async def text_with_semicolons(stage: Stage) -> None:
    """Alice posts a text with semicolons to a group: it arrives whole."""
    await stage.start()
    await stage.types("gbroadcast", group=stage.fresh("wob"), msg=f"{stage.fresh('text')}; {SEMICOLONS}")


@client_case("C-KICK-1")
async def reason_with_semicolons(stage: Stage) -> None:
    """Alice kicks bob for a reason with semicolons: it arrives whole."""
    await stage.start()
    group, bob = stage.fresh("wob"), stage.fresh("bob")
    await stage.types("kick", group=group, dest=bob, reason=f"{stage.fresh('reason')}; {SEMICOLONS}")


@client_case("C-QUIT-1")
async def quit_is_sent(stage: Stage) -> None:
    """Alice types q; and client-quit comes before the connection ends."""
    await stage.start()
    stage.may_end = True
    await stage.types("client-quit")


@client_case("C-QUIT-1")
async def quit_ends_the_client(stage: Stage) -> None:
    """Alice types q; and gets server-quit, then the connection is closed: the client ends."""
    await stage.start()
    stage.may_end = True
    await stage.answers(await stage.types("client-quit", means=True))
    stage.player.hang_up()
    if not await stage.ends(2 * stage.run.limit):
        stage.missed = True
        must(False, "the client still runs after q; and the end of its connection", None, stage.terminal.last_lines)


# -- private groups and pages -----------------------------------------------------------------------------


@client_case("C-PRIVATE-1")
async def a_private_group(stage: Stage) -> None:
    """Alice types cg;den;private: cgroupe comes with private true, and the group is den."""
    await stage.start()
    await stage.answers(await stage.types("cgroupe", group=stage.fresh("den"), private=True))


@client_case("C-PRIVATE-1")
async def a_public_group(stage: Stage) -> None:
    """Alice types cg;wob: cgroupe comes without private, or with false."""
    await stage.start()
    await stage.answers(await stage.types("cgroupe", group=stage.fresh("wob")))


def _page_case(action: str, word: str, fields: Mapping[str, Any], name: str, what: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.start()
        await stage.answers(await stage.types(action, group=stage.fresh("wob"), **fields))

    typed = ";".join(str(each) for each in fields.values())
    add_case(f"C-PAGE-1/{name}-of-{word}", f"Alice types {word};wob;{typed}: {action} comes with {what}.", script)


for _action, _word in (("msgs", "messages"), ("states", "states")):
    _page_case(_action, _word, {"limit": 20}, "limit", "a limit of 20")
    _page_case(_action, _word, {"limit": 20, "before": 42}, "before", "a limit of 20 and before 42")
