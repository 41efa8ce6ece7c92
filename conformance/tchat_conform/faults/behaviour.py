"""Faults of what the server does: it is slow, refuses, falls silent, throws users out, goes away and comes back."""

import asyncio

from tchat_conform.faults.fault import Wire, on_answer, on_request
from tchat_protocol.framing import Message

SLOW = 1.5
OURS = "tchat-conform-kick"
"""The id of the requests that a fault sends in the client's name."""

ANY_REFUSAL = "a `server-error` for any request"


@on_answer("W-ORDER-1")
async def slow(wire: Wire, answer: Message) -> None:
    """Every answer comes a second and a half late."""
    await asyncio.sleep(SLOW)
    await wire.say(answer)


@on_request(ANY_REFUSAL)
async def refuses_all(wire: Wire, request: Message) -> None:
    """Every request but client-quit is refused, hello too."""
    if request.get("action") == "client-quit":
        return await wire.ask(request)
    return await wire.refuse(request, "internal-error", "Not today.")


@on_request("E-CODE-1", breaks=True)
async def unknown_code(wire: Wire, request: Message) -> None:
    """Every request but client-hello and client-quit is refused, with a code of no list."""
    if request.get("action") in {"client-hello", "client-quit"}:
        return await wire.ask(request)
    return await wire.refuse(request, "coffee-break", "The server is having a coffee.")


@on_answer("I-HELLO-1", breaks=True)
async def mute(wire: Wire, _answer: Message) -> None:
    """Nothing is ever answered."""
    wire.nth("swallowed")


@on_answer("G-KICK-1")
async def kicked(wire: Wire, answer: Message) -> None:
    """Who enters a group is kicked at once."""
    # the client really leaves, in its own name, so that the server behind agrees with what it is shown
    if answer.get("id") == OURS:
        kick = {**answer, "action": "server-kick", "sender": "warden", "dest": wire.user, "reason": "It is late."}
        return await wire.say({key: each for key, each in kick.items() if key not in {"id", "owner"}})
    await wire.say(answer)
    if answer["action"] in {"server-cgroupe", "server-join"} and answer["sender"] == wire.user:
        await wire.ask({"action": "leave", "sender": wire.user, "group": answer["group"], "id": OURS})
    return None


@on_answer("I-FREE-1")
async def resets(wire: Wire, answer: Message) -> None:
    """The connection is reset in place of the fourth answer."""
    if wire.nth("answer") == 4:
        wire.reset()
    await wire.say(answer)


@on_request("H-KILL-1")
async def restarts(wire: Wire, request: Message) -> None:
    """The server is killed at every fifth request, and starts again."""
    if wire.nth("request") % 5:
        await wire.ask(request)
    else:
        await wire.restart()
