"""Level base: texts arrive unchanged, and those that are empty or too long are refused."""

from tchat_conform.case import case
from tchat_conform.expect import words
from tchat_conform.steps import group_where_known
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World

LONGEST_TEXT = 8_192


async def _arrives_unchanged(w: World, text: str) -> None:
    alice, bob = await w.users("alice", "bob")
    answer = await alice.asks("client-send", to=bob.name, msg=text)
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    for copy in (answer, heard):
        must(text in words(copy), "the text must arrive unchanged", text, copy)


@case("W-TEXT-1")
async def a_text_of_one_character_arrives(w: World) -> None:
    """Alice writes one character to bob, and both get it unchanged."""
    await _arrives_unchanged(w, "x")


@case("W-TEXT-1")
async def the_longest_text_arrives(w: World) -> None:
    """Alice writes 8,192 characters to bob, and both get all of them."""
    await _arrives_unchanged(w, "0123456789abcdef" * (LONGEST_TEXT // 16))


@case("W-TEXT-1")
async def length_counts_characters_not_bytes(w: World) -> None:
    """Alice writes 8,192 emoji to bob, which are 32,768 bytes and 16,384 units of UTF-16, and they arrive."""
    await _arrives_unchanged(w, "🙂" * LONGEST_TEXT)


@case("W-TEXT-1")
async def white_space_arrives_unchanged(w: World) -> None:
    """Alice writes a text with spaces at its ends, tabs and line breaks inside, and it arrives unchanged."""
    await _arrives_unchanged(w, f"  \tone\n\n two\r\n  three {w.text()} \n")


@case("W-TEXT-1")
async def a_text_of_white_space_alone_arrives(w: World) -> None:
    """Alice writes two spaces and a line break, which is not an empty text, and they arrive unchanged."""
    await _arrives_unchanged(w, "  \n")


@case("W-TEXT-1")
async def control_characters_arrive_unchanged(w: World) -> None:
    """Alice writes NUL, escape and other control characters, and they arrive unchanged."""
    await _arrives_unchanged(w, f"\x00\x01\x07\x08\x1b[31m\x1f\x7f\x85\u2028\u2029 {w.text()}")


@case("W-TEXT-1")
async def json_and_markup_arrive_unchanged(w: World) -> None:
    """Alice writes quotes, backslashes, braces, semicolons and markup, and they arrive unchanged."""
    await _arrives_unchanged(w, f'"}}{{"action":"client-quit"}}\\n\\u0041 a;b;c <b>&amp;</b> %s $1 {w.text()}')


@case("W-TEXT-1")
async def every_plane_of_unicode_arrives_unchanged(w: World) -> None:
    """Alice writes letters of many scripts, joined emoji and rare characters, and they arrive unchanged."""
    await _arrives_unchanged(w, f"Ça Ω ж שלום 日本 👩‍👩‍👧 𝒳 \ufeff \ufffd \uffff \U0010ffff {w.text()}")


@case("W-TEXT-1")
async def texts_are_not_normalised(w: World) -> None:
    """Alice writes an e with a combining accent, and it arrives as she wrote it, not as é."""
    await _arrives_unchanged(w, f"e\u0301 \u212b {w.text()}")


@case("W-TEXT-1")
async def a_broadcast_arrives_unchanged(w: World) -> None:
    """Alice broadcasts accents, line breaks and emoji, and bob gets them unchanged."""
    alice, bob = await w.users("alice", "bob")
    text = f"  e\u0301\n\x00🙂 {w.text()} "
    answer = await alice.asks("client-broadcast", msg=text)
    heard = await bob.hears("server-broadcast", **{"from": alice.name}, msg=text)
    for copy in (answer, heard):
        must(text in words(copy), "the text must arrive unchanged", text, copy)


@case("W-TEXT-1")
async def a_group_message_arrives_unchanged(w: World) -> None:
    """Alice posts accents, line breaks and emoji to a group, and bob gets them unchanged."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        text = f"  e\u0301\n\x00🙂 {w.text()} "
        answer = await alice.asks("gbroadcast", group=group, msg=text)
        heard = await bob.hears("server-gbroadcast", sender=alice.name, group=group, msg=text)
        for copy in (answer, heard):
            must(text in words(copy), "the text must arrive unchanged", text, copy)


async def _hears_no_empty_text(hearer: User, sender: User) -> None:
    """Prove that no message without a text came from somebody."""
    await hearer.world.barrier(sender, hearer)
    empty = [each for each in hearer.heard_about(sender.name) if each.get("msg") == ""]
    must(not empty, f"{hearer!r} must not get this, but did", "nothing", empty[0] if empty else None)


@case("W-TEXT-1")
async def an_empty_text_is_refused(w: World) -> None:
    """Alice writes nothing to bob and gets bad-message; one character is enough."""
    alice, bob = await w.users("alice", "bob")
    await alice.is_refused("bad-message", "client-send", field="/msg", to=bob.name, msg="")
    await _hears_no_empty_text(bob, alice)
    await alice.asks("client-send", to=bob.name, msg=".")
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=".")


@case("W-TEXT-1")
async def a_text_too_long_is_refused(w: World) -> None:
    """Alice writes 8,193 characters to bob, who gets nothing of them; 8,192 are accepted."""
    alice, bob = await w.users("alice", "bob")
    text = w.text().ljust(LONGEST_TEXT, "-")
    await alice.is_refused("bad-message", "client-send", field="/msg", to=bob.name, msg="X" + text)
    await bob.hears_nothing_about(text, after=alice)
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("W-TEXT-1")
async def an_empty_broadcast_is_refused(w: World) -> None:
    """Alice broadcasts nothing and gets bad-message; one character is enough."""
    alice, bob = await w.users("alice", "bob")
    await alice.is_refused("bad-message", "client-broadcast", field="/msg", msg="")
    await _hears_no_empty_text(bob, alice)
    await alice.asks("client-broadcast", msg=".")
    await bob.hears("server-broadcast", **{"from": alice.name}, msg=".")


@case("W-TEXT-1")
async def a_broadcast_too_long_is_refused(w: World) -> None:
    """Alice broadcasts 8,193 characters, and bob gets nothing of them; 8,192 are accepted."""
    alice, bob = await w.users("alice", "bob")
    text = w.text().ljust(LONGEST_TEXT, "-")
    await alice.is_refused("bad-message", "client-broadcast", field="/msg", msg="X" + text)
    await bob.hears_nothing_about(text, after=alice)
    await alice.asks("client-broadcast", msg=text)
    await bob.hears("server-broadcast", **{"from": alice.name}, msg=text)


@case("W-TEXT-1")
async def an_empty_group_message_is_refused(w: World) -> None:
    """Alice posts nothing to a group and gets bad-message; one character is enough."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        await alice.is_refused("bad-message", "gbroadcast", field="/msg", group=group, msg="")
        await _hears_no_empty_text(bob, alice)
        await alice.asks("gbroadcast", group=group, msg=".")


@case("W-TEXT-1")
async def a_group_message_too_long_is_refused(w: World) -> None:
    """Alice posts 8,193 characters to a group and gets bad-message; 8,192 are accepted."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        text = w.text().ljust(LONGEST_TEXT, "-")
        await alice.is_refused("bad-message", "gbroadcast", field="/msg", group=group, msg="X" + text)
        await bob.hears_nothing_about(text, after=alice)
        await alice.asks("gbroadcast", group=group, msg=text)
