"""Level base: hello, presence, private messages, broadcast, lists, quit."""

from tchat_conform.case import case
from tchat_conform.world import World


@case("B-SEND-1")
async def both_get_a_private_message(w: World) -> None:
    """Sender and recipient each get a private message, and nobody else does."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    await carol.hears_nothing_about(text, after=alice)
