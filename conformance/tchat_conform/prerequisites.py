"""What a server may want before it understands anything, which the protocol does not have: a length, or a login."""

from collections.abc import Callable, Mapping
from functools import partial

from tchat_conform.run import Run
from tchat_conform.speech import STANDARD
from tchat_conform.story import Story
from tchat_conform.verdict import Finding
from tchat_conform.world import World

HELLO_ACTION = "client-hello"
PATIENCE = 0.5
"""How many seconds each way to tell a length is given for its first answer."""

LOGIN_WORDS = (
    "login",
    "log in",
    "logged in",
    "unauthori",
    "not authenticated",
    "authentifi",
    "register",
    "connectez-vous",
)
LENGTHS: Mapping[str, Callable[[int], bytes]] = {
    "uint32 (big-endian)": lambda size: size.to_bytes(4, "big"),
    "uint32 (little-endian)": lambda size: size.to_bytes(4, "little"),
    "uint16 (big-endian)": lambda size: size.to_bytes(2, "big"),
    "Content-Length": lambda size: f"Content-Length: {size}\r\n\r\n".encode(),
}
"""How servers in other protocols are told the length of a message before it."""


def wanted_login(story: Story) -> Finding | None:
    """Return what is to be said of a server that refuses hello, and all else, to who has not logged in."""
    if story.hello is None or story.is_welcome or story.understood or not story.says(*LOGIN_WORDS):
        return None
    sentence = f"the server wants a login before all else, which the protocol does not have: it said {story.hello}"
    return Finding(sentence, {"action": "server-hello"}, story.hello, by=HELLO_ACTION)


async def wanted_length(run: Run) -> Finding | None:
    """Say hello behind its length, in every way; return what is to be said of a server that answers one of them."""
    for form, length in LENGTHS.items():
        world = World(run, STANDARD)
        try:
            eve = await world.stranger("eve")
            data = eve.bytes_of(eve.request(HELLO_ACTION)).removesuffix(b"\n")
            await eve.connection.send_bytes(length(len(data)) + data)
            if await eve.connection.wait_until(partial(bool, eve.connection.raw), PATIENCE):
                sentence = f"the server wants the length of each message before it, as {form}"
                said = eve.connection.raw.decode("utf-8", "backslashreplace")
                return Finding(sentence, {"action": "server-hello"}, said, by=HELLO_ACTION)
        finally:
            await world.end()
    return None
