"""What a client shows when the server speaks: others' messages, refusals, presence, groups and their history."""

from collections.abc import Mapping
from typing import Any

from tchat_conform.clients.case import add_case, client_case
from tchat_conform.clients.forms import message, refusal
from tchat_conform.clients.manners import joined, line_each
from tchat_conform.clients.stage import Stage, list_of_groups
from tchat_conform.verdict import Blocked, Finding, must

TS = "2026-11-23T09:30:00.000Z"

Fields = Mapping[str, str]
LABELS = {
    "msg": "the text",
    "from": "the user's name",
    "sender": "the user's name",
    "group": "the group",
    "dest": "who it is about",
    "reason": "the reason",
}
"""How findings call a field."""


def _told_case(case: str, title: str, action: str, told: Mapping[str, str | None], *shown: str) -> None:
    """Add a case in which the server says one thing unasked; ``told`` are stems of names, None for alice herself."""

    async def script(stage: Stage) -> None:
        await stage.start()
        fields = {field: stage.me if stem is None else stage.fresh(stem) for field, stem in told.items()}
        texts = {LABELS[field]: fields[field] for field in shown}
        await stage.shows(message(action, **fields), texts=texts)

    add_case(case, title, script)


_told_case(
    "C-SHOW-1/a-private-message", "Bob writes to alice: she sees the text and his name.",
    "server-send", {"from": "bob", "to": None, "msg": "hi"}, "msg", "from",
)  # fmt: skip
_told_case(
    "C-SHOW-1/a-broadcast", "Bob writes to everyone: alice sees the text and his name.",
    "server-broadcast", {"from": "bob", "msg": "morning"}, "msg", "from",
)  # fmt: skip
_told_case(
    "C-SHOW-4/somebody-comes", "Bob comes online: alice sees his name.",
    "server-presence", {"from": "bob"}, "from",
)  # fmt: skip
_told_case(
    "C-SHOW-5/a-group-message", "Bob posts to a group: alice sees the text and his name.",
    "server-gbroadcast", {"sender": "bob", "group": "wob", "msg": "hello"}, "msg", "sender",
)  # fmt: skip
_told_case(
    "C-SHOW-6/an-invitation", "Bob invites alice: she sees the group.",
    "server-invite", {"sender": "bob", "group": "wob", "dest": None}, "group",
)  # fmt: skip
_told_case(
    "C-SHOW-6/her-own-kick", "Bob kicks alice: she sees the group and the reason.",
    "server-kick", {"sender": "bob", "group": "wob", "dest": None, "reason": "spam"}, "group", "reason",
)  # fmt: skip
_told_case(
    "C-SHOW-6/another-s-kick", "Bob kicks carol: alice sees the group, the reason and her name.",
    "server-kick", {"sender": "bob", "group": "wob", "dest": "carol", "reason": "spam"}, "group", "reason", "dest",
)  # fmt: skip
_told_case(
    "C-SHOW-6/her-own-ban", "Bob bans alice: she sees the group and the reason.",
    "server-ban", {"sender": "bob", "group": "wob", "dest": None, "reason": "spam"}, "group", "reason",
)  # fmt: skip
_told_case(
    "C-SHOW-7/a-join", "Bob joins her group: alice sees his name and the group.",
    "server-join", {"sender": "bob", "group": "wob"}, "sender", "group",
)  # fmt: skip
_told_case(
    "C-SHOW-7/a-leave", "Bob leaves her group: alice sees his name and the group.",
    "server-leave", {"sender": "bob", "group": "wob"}, "sender", "group",
)  # fmt: skip
_told_case(
    "C-SHOW-7/an-unban", "Bob unbans carol: alice sees her name and the group.",
    "server-unban", {"sender": "bob", "group": "wob", "dest": "carol"}, "dest", "group",
)  # fmt: skip
_told_case(
    "C-SHOW-9/an-invitation-to-a-private-group", "Bob invites alice to his private group: she sees him and it.",
    "server-invite", {"sender": "bob", "group": "den", "dest": None}, "group", "sender",
)  # fmt: skip


@client_case("C-SHOW-4")
async def somebody_goes(stage: Stage) -> None:
    """Bob goes offline: alice sees his name."""
    await stage.start()
    bob = stage.fresh("bob")
    await stage.shows(message("server-presence", **{"from": bob}, online=False), texts={LABELS["from"]: bob})


# -- answers ----------------------------------------------------------------------------------------------


async def _listed(stage: Stage, action: str, typed: Fields, texts: Fields, **answered: Any) -> None:
    """Ask for a listing, and look for these texts on the screen."""
    await stage.start()
    request = await stage.types(action, means=True, **typed)
    mark = stage.terminal.mark
    await stage.answers(request, **answered)
    await stage.sees(texts, mark, f"the answer to {action}")


@client_case("C-SHOW-2")
async def who_is_online(stage: Stage) -> None:
    """Alice asks who is online: she sees every name of the list."""
    bob, carol = stage.fresh("bob"), stage.fresh("carol")
    await _listed(
        stage, "client-list-clients", {}, {"the first": bob, "the last": carol}, clients=[bob, stage.me, carol]
    )


@client_case("C-SHOW-8")
async def who_is_a_member(stage: Stage) -> None:
    """Alice asks for the members of a group: she sees those who are online and those who are not."""
    bob, carol = stage.fresh("bob"), stage.fresh("carol")
    texts = {"a member online": bob, "a member who is away": carol}
    answered = {"owner": stage.me, "members": [stage.me, bob, carol], "online": [stage.me, bob]}
    await _listed(stage, "members", {"group": stage.fresh("wob")}, texts, **answered)


@client_case("C-SHOW-8")
async def which_groups_there_are(stage: Stage) -> None:
    """Alice asks for the groups: she sees every group."""
    wob, web = stage.fresh("wob"), stage.fresh("web")
    await _listed(stage, "groups", {}, {"the first": wob, "the last": web}, groups=list_of_groups(wob, web))


@client_case("C-SHOW-8")
async def a_group_without_owner(stage: Stage) -> None:
    """Alice asks for the members of a group that everybody has left, whose owner is null: the client goes on."""
    await stage.start()
    request = await stage.types("members", means=True, group=stage.fresh("wob"))
    await stage.answers(request, owner=None, members=[], online=[])
    await stage.survives("the members of a group without any")


@client_case("C-SHOW-9")
async def private_groups_in_the_list(stage: Stage) -> None:
    """Alice asks for the groups: she sees the private one too."""
    den = stage.fresh("den")
    await _listed(stage, "groups", {}, {"the private group": den}, groups=list_of_groups(den, private=True))


@client_case("C-SHOW-10")
async def the_history_of_a_group(stage: Stage) -> None:
    """Alice asks for the messages of a group: she sees both texts and who wrote them."""
    bob, carol = stage.fresh("bob"), stage.fresh("carol")
    first, second = stage.fresh("first"), stage.fresh("second")
    rows = [
        {"sender": bob, "msg": first, "ts": TS, "seq": 2},
        {"sender": carol, "msg": second, "ts": TS, "seq": 4},
    ]
    texts = {"the first text": first, "the second text": second, "who wrote it": bob, "who wrote the other": carol}
    await _listed(stage, "msgs", {"group": stage.fresh("wob")}, texts, messages=rows)


@client_case("C-SHOW-10")
async def a_page_of_history(stage: Stage) -> None:
    """Alice asks for the messages of a group, of which the server sends 100, and more remain: she sees the newest."""
    newest = stage.fresh("newest")
    rows = [{"sender": "bob", "msg": f"message {seq}", "ts": TS, "seq": seq} for seq in range(8, 107)]
    rows.append({"sender": "bob", "msg": newest, "ts": TS, "seq": 107})
    await _listed(stage, "msgs", {"group": stage.fresh("wob")}, {"the newest": newest}, messages=rows, more=True)


@client_case("C-SHOW-10")
async def the_events_of_a_group(stage: Stage) -> None:
    """Alice asks for the events of a group: she sees who joined and who was kicked."""
    bob, carol = stage.fresh("bob"), stage.fresh("carol")
    rows = [
        {"event": "cgroupe", "sender": stage.me, "private": False, "ts": TS, "seq": 1},
        {"event": "join", "sender": bob, "ts": TS, "seq": 2},
        {"event": "kick", "sender": stage.me, "dest": carol, "reason": "spam", "ts": TS, "seq": 3},
    ]
    texts = {"who joined": bob, "who was kicked": carol}
    await _listed(stage, "states", {"group": stage.fresh("wob")}, texts, events=rows)


@client_case("C-SHOW-10")
async def a_history_without_messages(stage: Stage) -> None:
    """Alice asks for the messages of a new group, which has none: the client goes on."""
    await stage.start()
    await stage.answers(await stage.types("msgs", means=True, group=stage.fresh("wob")), messages=[])
    await stage.survives("a history without messages")


# -- refusals ---------------------------------------------------------------------------------------------


def _refusal_case(case: str, title: str, action: str, stems: Fields, code: str) -> None:
    async def script(stage: Stage) -> None:
        await stage.start()
        stage.may_end = True  # if it says why
        fields: dict[str, Any] = {field: stage.fresh(stem) for field, stem in stems.items()}
        request = await stage.types(action, means=True, **fields)
        mark = stage.terminal.mark
        sentence = await stage.refuses(request, code)
        await stage.sees({"why": sentence}, mark, "server-error")

    add_case(case, title, script)


_refusal_case(
    "C-SHOW-3/nobody-of-that-name", "Alice writes to a name nobody has and is refused: she sees why.",
    "client-send", {"to": "nobody", "msg": "hi"}, "unknown-user",
)  # fmt: skip
_refusal_case(
    "C-SHOW-3/too-many-requests", "Alice asks for the list and is refused for haste: she sees why.",
    "client-list-clients", {}, "rate-limited",
)  # fmt: skip
_refusal_case(
    "C-SHOW-3/a-group-that-is-not-there", "Alice joins a group that does not exist and is refused: she sees why.",
    "join", {"group": "nowhere"}, "unknown-group",
)  # fmt: skip
_refusal_case(
    "C-SHOW-9/no-invitation", "Alice joins a private group without an invitation and is refused: she sees why.",
    "join", {"group": "den"}, "not-invited",
)  # fmt: skip


@client_case("C-SHOW-3")
async def her_name_is_taken(stage: Stage) -> None:
    """Alice's hello is refused because her name is taken: the client says something of it."""
    await stage.start(greet=False)
    if stage.hello is None:
        raise Blocked(Finding("the client says no hello that could be refused", by="client-hello"))
    stage.may_end = True
    mark, sentence = stage.terminal.mark, stage.fresh("taken")
    await stage.says(refusal(stage.hello, sentence, "name-taken"))

    def said() -> bool:
        return any(char.isalpha() for char in stage.terminal.drawn_since(mark))

    stage.missed = not await stage.pulse.until(said, stage.run.patience)
    must(said(), "server-error for the hello came, and the screen says nothing of it", None, stage.terminal.last_lines)


# -- what waited ------------------------------------------------------------------------------------------


def _waited_case(name: str, title: str, *, together: bool) -> None:
    async def script(stage: Stage) -> None:
        await stage.start(greet=False)
        if stage.hello is None:
            raise Blocked(Finding("the client says no hello, behind which messages could come", by="client-hello"))
        first, second = stage.fresh("first"), stage.fresh("second")
        told = [message("server-send", **{"from": "bob", "to": stage.me, "msg": text}) for text in (first, second)]
        hello = message("server-hello", **{"from": stage.me}, **_id(stage))
        texts = {"the first that waited": first, "the second that waited": second}
        await stage.shows(hello, *told, texts=texts, manner=joined if together else line_each)
        shown = stage.terminal.drawn_since(0)
        must(shown.index(first) < shown.index(second), "the first message is shown after the second")

    add_case(f"C-AWAY-1/{name}", title, script)


def _id(stage: Stage) -> Mapping[str, Any]:
    return {"id": stage.hello["id"]} if stage.hello and "id" in stage.hello else {}


_waited_case(
    "behind-hello", "Two messages for alice waited: they come behind server-hello, and she sees both.", together=False
)
_waited_case(
    "with-hello", "Two messages for alice come in one segment with server-hello: she sees both.", together=True
)
