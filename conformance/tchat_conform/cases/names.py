"""Level robustness: which names are legal, and that every legal one works."""

from contextlib import suppress

from tchat_conform.case import Script, case
from tchat_conform.expect import Expected, mentions, words
from tchat_conform.listings import finds_group, rows, sees_members, times_listed
from tchat_conform.steps import lists
from tchat_conform.user import User
from tchat_conform.verdict import Failed, Message, Stopped, must
from tchat_conform.world import World
from tchat_protocol.messages import is_valid

ILLEGAL = {
    "an_empty_name": ("", "an empty name"),
    "a_space_in_a_name": ("a b", "a name with a space"),
    "a_space_before_a_name": (" ab", "a name that begins with a space"),
    "a_space_behind_a_name": ("ab ", "a name that ends with a space"),
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
    "a_name_that_nfc_shortens": ("w" * 31 + "e\u0301", "33 characters as sent, which NFC makes 32"),
}

WHITE_SPACE = (
    *range(0x09, 0x0E),
    0x20,
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200B),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x3000,
)
CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
INVISIBLE = (0xAD, 0x180E, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)
"""Characters that many a language's test for white space or printing catches, and that are neither."""


def _is_refused(name: str, illegal: str, what: str) -> None:
    """Register a case about one kind of name that is none."""

    async def script(w: World) -> None:
        alice, eve, group = await w.user("alice"), await w.stranger("eve", illegal), w.group()
        await eve.is_refused("bad-message", "client-hello", field="/from", **{"from": illegal})
        await alice.is_refused("bad-message", "cgroupe", field="/group", group=illegal)
        await alice.is_refused("bad-message", "client-send", field="/to", to=illegal, msg=w.text())
        await alice.asks("cgroupe", group=group)
        await alice.is_refused("bad-message", "invite", field="/dest", group=group, dest=illegal)
        bob = await w.stranger("bob")
        await bob.asks("client-hello")
        await alice.asks("invite", group=group, dest=bob.name)
        must(not await lists(alice, illegal), "nobody may be online under such a name", None, illegal)

    script.__name__ = name
    script.__doc__ = f"As a user and as a group, {what} is refused with bad-message, and the field is named."
    registered: Script = script
    case("I-NAME-1")(registered)


for _name, (_illegal, _what) in ILLEGAL.items():
    _is_refused(_name, _illegal, _what)

ENOUGH_SILENCES = 3
"""After so many requests that were neither refused nor answered the next ones would teach nothing."""


async def _are_refused(w: World, characters: tuple[int, ...]) -> None:
    alice, group = await w.user("alice"), w.group()
    for code in characters:
        if len(w.near_misses) >= ENOUGH_SILENCES:
            return
        await alice.is_refused("bad-message", "cgroupe", field="/group", group=f"{group}{chr(code)}")
        await alice.is_refused("bad-message", "cgroupe", field="/group", group=f"a{chr(code)}b")
    await alice.asks("cgroupe", group=group)


@case("I-NAME-1")
async def no_white_space_is_legal(w: World) -> None:
    """Alice founds groups with each of the 25 characters of white space in their names: bad-message each time."""
    await _are_refused(w, WHITE_SPACE)


@case("I-NAME-1")
async def no_control_character_is_legal(w: World) -> None:
    """Alice founds groups with each of the 65 control characters in their names: bad-message each time."""
    await _are_refused(w, CONTROLS)


@case("I-NAME-1")
async def a_name_of_32_characters(w: World) -> None:
    """Names of 32 characters, also of 32 emoji, work for users and groups; those of 33 do not."""
    for filler in ("w", "🙂", "é"):
        name, group = w.fresh("n"), w.fresh("g")
        alice = await w.stranger("alice", name.ljust(32, filler))
        await alice.asks("client-hello")
        await alice.asks("cgroupe", group=group.ljust(32, filler))
        await alice.is_refused("bad-message", "cgroupe", field="/group", group=group.ljust(33, filler))
        await sees_members(alice, group.ljust(32, filler), alice)


@case("I-NAME-1")
async def a_name_of_one_character_is_legal(w: World) -> None:
    """Alice asks for the members of a group whose name has one character: unknown-group, and no bad-message."""
    alice = await w.user("alice")
    await alice.is_refused("unknown-group", "members", group="\U00016800")
    await alice.is_refused("bad-message", "members", field="/group", group="")


@case("I-NAME-2")
async def both_forms_of_a_group_name_are_one(w: World) -> None:
    """Alice founds a group whose name has é as one character; bob joins it with e and an accent: one group."""
    alice, bob = await w.users("alice", "bob")
    stem = w.fresh("caf")
    await alice.asks("cgroupe", group=f"{stem}\u00e9")
    await _asks(bob, "join", {"group": f"{stem}e\u0301"}, {"sender": bob.name, "group": f"{stem}\u00e9"})
    await alice.hears("server-join", sender=bob.name, group=f"{stem}\u00e9")
    await sees_members(alice, f"{stem}\u00e9", alice, bob)


async def _asks(user: User, action: str, fields: dict[str, str], answered: dict[str, str]) -> Message:
    """Send a request with names in another form than that of the answer, and return the answer."""
    request = await user.says(action, **fields)
    return await user.is_answered(request, Expected(f"server-{action.removeprefix('client-')}", answered))


@case("I-NAME-2")
async def the_other_form_of_a_group_name_is_taken(w: World) -> None:
    """Alice founds a group whose name has e and an accent; bob cannot found one with é as one character."""
    alice, bob = await w.users("alice", "bob")
    stem = w.fresh("caf")
    await alice.given("cgroupe", group=f"{stem}e\u0301")
    await bob.is_refused("group-exists", "cgroupe", group=f"{stem}\u00e9")
    await bob.asks("cgroupe", group=f"{stem}e")


@case("I-NAME-2")
async def a_decomposed_group_name_comes_back_composed(w: World) -> None:
    """Alice founds a group whose name has e and an accent; the answer and groups have é as one character."""
    alice, stem = await w.user("alice"), w.fresh("caf")
    group = f"{stem}\u00e9"
    await _asks(alice, "cgroupe", {"group": f"{stem}e\u0301"}, {"sender": alice.name, "group": group})
    await finds_group(alice, group)


@case("I-NAME-2")
async def a_decomposed_user_name_comes_back_composed(w: World) -> None:
    """Zoe with an accent says hello; she is greeted, announced and listed with é as one character."""
    alice, stem = await w.user("alice"), w.fresh("Zo")
    zoe, name = await w.stranger("zoe", f"{stem}e\u0301"), f"{stem}\u00e9"
    await _asks(zoe, "client-hello", {}, {"from": name})
    await alice.hears("server-presence", **{"from": name}, online=True)
    answer = await alice.given("client-list-clients")
    composed = times_listed(answer, "clients", name) and not times_listed(answer, "clients", zoe.name)
    must(bool(composed), "a name is listed in NFC", name, answer)


@case("I-NAME-2")
async def both_forms_of_a_user_name_are_one(w: World) -> None:
    """Zoé is online; hello as Zoe with an accent is name-taken, and what is sent to that name reaches her."""
    stem, alice = w.fresh("Zo"), await w.user("alice")
    zoe = await w.stranger("zoe", f"{stem}\u00e9")
    await zoe.asks("client-hello")
    other = await w.stranger("other", f"{stem}e\u0301")
    await other.is_refused("name-taken", "client-hello")
    text = w.text()
    sent = {"from": alice.name, "to": zoe.name, "msg": text}
    answer = await _asks(alice, "client-send", {"to": f"{stem}e\u0301", "msg": text}, sent)
    await zoe.hears_copy_of(answer)


@case("I-NAME-2")
async def both_forms_of_a_dest_are_one(w: World) -> None:
    """Alice invites Zoe with an accent to her private group, and Zoé joins it; she kicks the one, and has the other."""
    stem, alice = w.fresh("Zo"), await w.user("alice")
    zoe = await w.stranger("zoe", f"{stem}\u00e9")
    await zoe.given("client-hello")
    group, other = await w.group_of(alice, private=True), f"{stem}e\u0301"
    told = {"sender": alice.name, "group": group, "dest": zoe.name}
    await _asks(alice, "invite", {"group": group, "dest": other}, told)
    await zoe.hears("server-invite", **told)
    await zoe.asks("join", group=group)
    kicked = await _asks(alice, "kick", {"group": group, "dest": other, "reason": "loud"}, {**told, "reason": "loud"})
    await zoe.hears_copy_of(kicked)
    await sees_members(alice, group, alice)


@case("I-NAME-2")
async def who_changes_form_is_the_same(w: World) -> None:
    """Zoé said hello with é as one character, and goes on as Zoe with an accent: no sender-mismatch."""
    stem = w.fresh("Zo")
    zoe = await w.stranger("zoe", f"{stem}\u00e9")
    await zoe.given("client-hello")
    said = {"from": zoe.name, "msg": w.text()}
    await _asks(zoe, "client-broadcast", {**said, "from": f"{stem}e\u0301"}, said)


@case("I-NAME-2")
async def compatible_characters_stay_apart(w: World) -> None:
    """Names that NFC keeps apart, such as one with fi and one with a ligature, are two groups."""
    alice = await w.user("alice")
    for plain, other in (("fi", "\ufb01"), ("2", "\u00b2"), ("a", "\uff41")):
        stem = w.fresh("x")
        await alice.asks("cgroupe", group=f"{stem}{plain}")
        await alice.is_refused("unknown-group", "members", group=f"{stem}{other}")


@case("I-NAME-4")
async def names_with_invisible_characters_are_legal(w: World) -> None:
    """Alice founds groups with a joiner, a byte order mark and the like in their names, which are no white space."""
    alice, bob = await w.users("alice", "bob")
    for code in INVISIBLE:
        group = f"{w.fresh('x')}{chr(code)}x"
        await alice.asks("cgroupe", group=group)
        await bob.asks("join", group=group)
        await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


ODD = ("%s", "'--", "<b>", "../..", "\\", '"', "#", "$", "é", "名", "👩‍👩‍👧", "عر")


@case("I-NAME-4")
async def odd_group_names_work(w: World) -> None:
    """Groups with names that begin with ', <b>, ../, 名 and the like have members and messages as any other."""
    alice, bob = await w.users("alice", "bob")
    for odd in ODD:
        group = f"{odd}{w.fresh('')}"
        await alice.asks("cgroupe", group=group)
        await bob.asks("join", group=group)
        await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


@case("I-NAME-4")
async def odd_user_names_work(w: World) -> None:
    """Users with names that begin with ', <b>, ../, 名 and the like come in, and get what is sent to them."""
    alice = await w.user("alice")
    for odd in ODD:
        user = await w.stranger("odd", f"{odd}{w.fresh('')}")
        await user.asks("client-hello")
        await user.hears_copy_of(await alice.asks("client-send", to=user.name, msg=w.text()))


EXACTLY = {
    "proto": "__proto__",
    "constructor": "constructor",
    "to_string": "toString",
    "null": "null",
    "undefined": "undefined",
    "true": "true",
    "zero": "0",
    "an_emoji": "🙂",
}
"""Names that many a server takes for something of its language's. They cannot be fresh: other runs have been here."""


async def _is_in(user: User, group: str) -> None:
    """Have somebody found a group, or join it where an earlier run has founded it."""
    try:
        answer = await user.asks("cgroupe", group=group)
    except Failed:
        await user.asks("join", group=group)
    else:
        if not is_valid("answers", dict(answer)):  # its words may say that the group is there already
            with suppress(Stopped):
                await user.asks("join", group=group)


def _works_for_a_group(slug: str, group: str) -> None:
    async def script(w: World) -> None:
        alice, bob, carol = await w.users("alice", "bob", "carol")
        await _is_in(alice, group)
        await bob.asks("join", group=group)
        post = await alice.asks("gbroadcast", group=group, msg=w.text())
        await bob.hears_copy_of(post)
        await carol.hears_nothing_about(post["msg"], after=alice)
        history = rows(await bob.asks("msgs", group=group), "messages")
        must(any(mentions({"": each}, post["msg"]) for each in history), "msgs must hold what was posted", post)
        shown = [word for each in words(await carol.asks("groups")) for word in each.split()]
        must(group in shown, f"groups must show {group} to carol", group, str(shown[:9]))
        await bob.asks("leave", group=group)
        await bob.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
        await alice.asks("leave", group=group)

    script.__name__ = f"a_group_called_{slug}_works"
    script.__doc__ = f"Alice founds a group called {group}; bob joins it, gets what she posts, and leaves it again."
    registered: Script = script
    case("I-NAME-4")(registered)


def _works_for_a_user(slug: str, name: str) -> None:
    async def script(w: World) -> None:
        alice = await w.user("alice")
        odd = await w.comes_back(await w.stranger("odd", name))
        await odd.hears_copy_of(await alice.asks("client-send", to=name, msg=w.text()))
        await alice.hears_copy_of(await odd.asks("client-send", to=alice.name, msg=w.text()))
        group = await w.group_of(odd, alice)
        await alice.hears_copy_of(await odd.asks("gbroadcast", group=group, msg=w.text()))
        await sees_members(alice, group, odd, alice)
        must(await lists(alice, name), f"client-list-clients must list {name}")

    script.__name__ = f"a_user_called_{slug}_works"
    script.__doc__ = f"A user called {name} comes in, gets what alice writes, writes to her, and founds a group."
    registered: Script = script
    case("I-NAME-4")(registered)


for _slug, _exactly in EXACTLY.items():
    _works_for_a_group(_slug, _exactly)
    _works_for_a_user(_slug, _exactly)


@case("I-NAME-4")
async def names_of_the_language_are_no_groups(w: World) -> None:
    """Asked for users and groups called hasOwnProperty or valueOf, which nobody made, the server has none."""
    alice, bob = await w.users("alice", "bob")
    group = await w.group_of(alice)
    for odd in ("hasOwnProperty", "valueOf", "__defineGetter__", "__class__"):
        await bob.is_refused("unknown-group", "join", group=odd)
        await bob.is_refused("unknown-user", "client-send", to=odd, msg=w.text())
    await bob.asks("join", group=group)


@case("I-NAME-4")
async def a_group_may_be_called_like_a_user(w: World) -> None:
    """Alice founds a group that has bob's name; it and he are two."""
    alice, bob = await w.users("alice", "bob")
    await alice.asks("cgroupe", group=bob.name)
    text = w.text()
    await alice.asks("gbroadcast", group=bob.name, msg=text)
    await bob.hears_nothing_about(text, after=alice)
    await bob.hears_copy_of(await alice.asks("client-send", to=bob.name, msg=w.text()))
    await sees_members(alice, bob.name, alice)
