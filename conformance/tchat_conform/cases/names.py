"""Level robustness: which names are legal, and that every legal one works."""

from tchat_conform.case import Script, case
from tchat_conform.expect import Expected
from tchat_conform.world import World

ILLEGAL = {
    "an_empty_name": ("", "an empty name"),
    "a_space_in_a_name": ("a b", "a name with a space"),
    "a_semicolon_in_a_name": ("a;b", "a name with a semicolon, which separates the client's commands"),
    "a_line_feed_in_a_name": ("a\n", "a name that ends with a line feed"),
    "a_tab_in_a_name": ("a\tb", "a name with a tab"),
    "a_nul_in_a_name": ("a\x00b", "a name with a NUL"),
    "an_escape_in_a_name": ("a\x1b[2J", "a name with a terminal escape"),
    "a_c1_control_in_a_name": ("a\x85", "a name with a control character beyond ASCII"),
    "a_no_break_space_in_a_name": ("a\u00a0b", "a name with a no-break space"),
    "a_line_separator_in_a_name": ("a\u2028b", "a name with a line separator"),
    "an_ideographic_space_in_a_name": ("a\u3000b", "a name with an ideographic space"),
    "a_name_of_33_characters": ("w" * 33, "a name of 33 characters"),
    "a_name_of_33_emoji": ("🙂" * 33, "a name of 33 emoji"),
    "a_greek_question_mark_in_a_name": ("a\u037eb", "a name with U+037E, which NFC turns into a semicolon"),
    "a_name_that_nfc_lengthens": ("\u0958" * 32, "32 times U+0958, which NFC makes 64 characters"),
}


def _is_refused(name: str, illegal: str, what: str) -> None:
    """Register a case about one kind of name that is none."""

    async def script(w: World) -> None:
        alice, eve, group = await w.user("alice"), await w.stranger("eve", illegal), w.group()
        await eve.is_refused("bad-message", "client-hello", field="/from", **{"from": illegal})
        await alice.is_refused("bad-message", "cgroupe", field="/group", group=illegal)
        await alice.is_refused("bad-message", "client-send", field="/to", to=illegal, msg=w.text())
        await alice.asks("cgroupe", group=group)
        await alice.is_refused("bad-message", "invite", field="/dest", group=group, dest=illegal)

    script.__name__ = name
    script.__doc__ = f"As a user and as a group, {what} is refused with bad-message, and the field is named."
    registered: Script = script
    case("I-NAME-1")(registered)


for _name, (_illegal, _what) in ILLEGAL.items():
    _is_refused(_name, _illegal, _what)


@case("I-NAME-1")
async def a_name_of_32_characters(w: World) -> None:
    """Names of 32 characters, also of 32 emoji, work for users and groups."""
    for filler in ("w", "🙂", "é"):
        name = w.fresh("n")
        alice = await w.stranger("alice", name + filler * (32 - len(name)))
        await alice.asks("client-hello")
        group = w.fresh("g")
        await alice.asks("cgroupe", group=group + filler * (32 - len(group)))
        await alice.is_refused("bad-message", "cgroupe", field="/group", group=group + filler * (33 - len(group)))


@case("I-NAME-1")
async def a_name_of_one_character_is_legal(w: World) -> None:
    """Asking for the members of a group with a name of one character is no bad-message."""
    alice = await w.user("alice")
    request = await alice.says("members", group="\U00016800")
    await alice.gets_error("unknown-group", request)
    await alice.is_refused("bad-message", "members", field="/group", group="")


@case("I-NAME-2")
async def both_forms_of_a_group_name_are_one(w: World) -> None:
    """Alice creates a group whose name has é as one character; bob joins it with e and an accent: one group."""
    alice, bob = await w.users("alice", "bob")
    stem = w.fresh("caf")
    await alice.asks("cgroupe", group=f"{stem}\u00e9")
    request = bob.request("join", group=f"{stem}e\u0301")
    await bob.connection.send(request)
    joined = {"sender": bob.name, "group": f"{stem}\u00e9", "id": request["id"]}
    await bob.is_answered(request, Expected("server-join", joined))
    await alice.hears("server-join", sender=bob.name, group=f"{stem}\u00e9")


@case("I-NAME-2")
async def a_decomposed_group_name_comes_back_composed(w: World) -> None:
    """Alice creates a group whose name has e and an accent; the answer has é as one character."""
    alice, stem = await w.user("alice"), w.fresh("caf")
    request = alice.request("cgroupe", group=f"{stem}e\u0301")
    await alice.connection.send(request)
    created = {"sender": alice.name, "group": f"{stem}\u00e9", "id": request["id"]}
    await alice.is_answered(request, Expected("server-cgroupe", created))


@case("I-NAME-2")
async def both_forms_of_a_user_name_are_one(w: World) -> None:
    """Zoé is online; hello as Zoe with an accent is name-taken, and what is sent to that name reaches her."""
    stem, alice = w.fresh("Zo"), await w.user("alice")
    zoe = await w.stranger("zoe", f"{stem}\u00e9")
    await zoe.asks("client-hello")
    other = await w.stranger("other", f"{stem}e\u0301")
    await other.is_refused("name-taken", "client-hello")
    text = w.text()
    request = alice.request("client-send", to=f"{stem}e\u0301", msg=text)
    await alice.connection.send(request)
    sent = {"from": alice.name, "to": zoe.name, "msg": text, "id": request["id"]}
    await alice.is_answered(request, Expected("server-send", sent))
    await zoe.hears("server-send", **{"from": alice.name}, to=zoe.name, msg=text)


@case("I-NAME-2")
async def who_changes_form_is_the_same(w: World) -> None:
    """Zoé said hello with é as one character, and goes on as Zoe with an accent: no sender-mismatch."""
    stem = w.fresh("Zo")
    zoe = await w.stranger("zoe", f"{stem}\u00e9")
    await zoe.asks("client-hello")
    request = zoe.request("client-broadcast", msg=w.text(), **{"from": f"{stem}e\u0301"})
    await zoe.connection.send(request)
    said = {"from": zoe.name, "msg": request["msg"], "id": request["id"]}
    await zoe.is_answered(request, Expected("server-broadcast", said))


ODD = (
    "__proto__",
    "constructor",
    "toString",
    "null",
    "undefined",
    "0",
    "-1",
    "true",
    "%s",
    "'--",
    "<b>",
    "../..",
    "🙂",
)


@case("I-NAME-4")
async def odd_group_names_work(w: World) -> None:
    """Groups called __proto__, constructor, null, 🙂 and the like have members and messages as any other."""
    alice, bob = await w.users("alice", "bob")
    for odd in ODD:
        group = f"{odd}{w.fresh('')}"
        await alice.asks("cgroupe", group=group)
        await bob.asks("join", group=group)
        text = w.text()
        await alice.asks("gbroadcast", group=group, msg=text)
        await bob.hears("server-gbroadcast", sender=alice.name, group=group, msg=text)


@case("I-NAME-4")
async def names_of_the_language_are_no_groups(w: World) -> None:
    """Asked for groups called __proto__ or constructor that nobody made, the server has none, and goes on."""
    alice = await w.user("alice")
    for odd in ("__proto__", "constructor", "toString", "hasOwnProperty"):
        await alice.is_refused("unknown-group", "join", group=odd)
        await alice.is_refused("unknown-user", "client-send", to=odd, msg=w.text())
    await alice.still_works()


@case("I-NAME-4")
async def odd_user_names_work(w: World) -> None:
    """Users called __proto__, constructor, null, 🙂 and the like come in, and get what is sent to them."""
    alice = await w.user("alice")
    for odd in ODD:
        user = await w.stranger("odd", f"{odd}{w.fresh('')}")
        await user.asks("client-hello")
        text = w.text()
        await alice.asks("client-send", to=user.name, msg=text)
        await user.hears("server-send", **{"from": alice.name}, to=user.name, msg=text)


@case("I-NAME-4")
async def a_group_may_be_called_like_a_user(w: World) -> None:
    """Alice makes a group that has bob's name; it and he are two."""
    alice, bob = await w.users("alice", "bob")
    await alice.asks("cgroupe", group=bob.name)
    text = w.text()
    await alice.asks("gbroadcast", group=bob.name, msg=text)
    await bob.hears_nothing_about(text, after=alice)
    await alice.asks("client-send", to=bob.name, msg=w.text())
