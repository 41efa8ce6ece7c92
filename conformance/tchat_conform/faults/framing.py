"""Faults of the wire: answers that are right, but cut, joined and laid out as few readers expect."""

import json

from tchat_conform.faults.fault import Wire, on_answer
from tchat_conform.observe import CUT_AND_JOINED
from tchat_protocol.framing import Message, encode

FOX = {"action": "server-presence", "from": "Zoë🦊", "online": True}


@on_answer(CUT_AND_JOINED)
async def split(wire: Wire, answer: Message) -> None:
    """Every answer comes one byte a segment."""
    await wire.say_apart(*(bytes([byte]) for byte in encode(answer)))


@on_answer(CUT_AND_JOINED)
async def split_character(wire: Wire, answer: Message) -> None:
    """A character of several bytes is cut in its middle."""
    text = encode(FOX)
    cut = text.index("🦊".encode()) + wire.chance.randint(1, 3)
    await wire.say_apart(text[:cut], text[cut:] + encode(answer))


@on_answer(CUT_AND_JOINED)
async def coalesced(wire: Wire, answer: Message) -> None:
    """Every answer shares its segment with another message."""
    await wire.say(FOX, answer)


@on_answer(CUT_AND_JOINED)
async def joined(wire: Wire, answer: Message) -> None:
    """The same, with nothing at all between the two."""
    await wire.say(encode(FOX).rstrip(), encode(answer).rstrip())


@on_answer(CUT_AND_JOINED)
async def no_newline(wire: Wire, answer: Message) -> None:
    """No answer ends with a line feed."""
    await wire.say(encode(answer).rstrip())


@on_answer(CUT_AND_JOINED)
async def crlf(wire: Wire, answer: Message) -> None:
    """Every answer ends with CR and LF, and an empty line follows."""
    await wire.say(encode(answer).rstrip() + b"\r\n\r\n")


@on_answer("W-LINE-1", breaks=True)
async def pretty(wire: Wire, answer: Message) -> None:
    """Every answer is laid out over several lines."""
    await wire.say(json.dumps(answer, ensure_ascii=False, indent=2).encode() + b"\n")


@on_answer("W-JSON-1", breaks=True)
async def cut_off(wire: Wire, answer: Message) -> None:
    """The third answer breaks off in its middle, and the connection is closed."""
    if wire.nth("answer") < 3:
        return await wire.say(answer)
    text = encode(answer)
    await wire.say(text[: wire.chance.randrange(1, len(text) - 2)])
    return await wire.close()


@on_answer("W-JSON-1", breaks=True)
async def broken_json(wire: Wire, answer: Message) -> None:
    """Every second answer lacks its last bracket."""
    text = encode(answer)
    await wire.say(text if wire.nth("answer") % 2 else text.rstrip(b"}\n") + b"\n")


@on_answer("W-JSON-1", breaks=True)
async def not_json(wire: Wire, answer: Message) -> None:
    """Before every answer comes a line that is no JSON, such as a server's log."""
    await wire.say(b"[server] message sent\n", answer)
