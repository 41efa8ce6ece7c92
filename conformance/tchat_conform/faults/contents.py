"""Faults of what answers hold: fields, actions, texts and copies that a client does not expect."""

from tchat_conform.faults.fault import Wire, on_answer
from tchat_protocol.framing import Message, encode
from tchat_protocol.messages import MAX_REPLY_BYTES

LISTINGS = {"server-msgs", "server-states", "server-groups", "server-members", "server-list-clients"}
UNKNOWN_FIELDS = "fields it does not know"
UNKNOWN_ACTIONS = "actions it does not know, which it shows plainly or ignores"
OF_OTHERS = "messages of others between its request and the answer"
STORM = 100


@on_answer(UNKNOWN_FIELDS)
async def unknown_fields(wire: Wire, answer: Message) -> None:
    """Every answer has fields that nobody knows, before and after the known ones."""
    await wire.say({"x-version": 7, **answer, "x-mood": {"action": ["join"], "msg": None}})


@on_answer("A-FORM-1")
async def action_last(wire: Wire, answer: Message) -> None:
    """The action is the last field of every answer."""
    await wire.say({**{key: each for key, each in answer.items() if key != "action"}, "action": answer["action"]})


@on_answer("A-FORM-1", breaks=True)
async def null_fields(wire: Wire, answer: Message) -> None:
    """One field of every answer is null."""
    field = wire.chance.choice([key for key in answer if key not in {"action", "id"}])
    await wire.say({**answer, field: None})


@on_answer(UNKNOWN_ACTIONS)
async def unknown_actions(wire: Wire, answer: Message) -> None:
    """Before every answer comes a message whose action nobody knows."""
    await wire.say({"action": "server-weather", "msg": "It rains.", "from": wire.user})
    await wire.say(answer)


@on_answer("W-ID-1", breaks=True)
async def wrong_ids(wire: Wire, answer: Message) -> None:
    """The id of an answer is not that of its request."""
    await wire.say(
        {**answer, "id": wire.chance.choice([f"{answer['id']}", -1, "nobody's"])} if "id" in answer else answer
    )


@on_answer("where the server does not repeat it, by action, by order")
async def no_ids(wire: Wire, answer: Message) -> None:
    """No answer repeats the id of its request."""
    await wire.say({key: each for key, each in answer.items() if key != "id"})


@on_answer("W-SIZE-3")
async def huge(wire: Wire, answer: Message) -> None:
    """Every list is 1,048,576 bytes long."""
    missing = MAX_REPLY_BYTES - len(encode({**answer, "x-padding": ""}).rstrip())
    await wire.say({**answer, "x-padding": "x" * missing} if answer["action"] in LISTINGS else answer)


@on_answer(OF_OTHERS)
async def presence_storm(wire: Wire, answer: Message) -> None:
    """Before every answer a hundred users come or go."""
    for number in range(STORM):
        await wire.say({"action": "server-presence", "from": f"ghost{number}", "online": wire.chance.random() < 0.5})
    await wire.say(answer)


@on_answer(OF_OTHERS)
async def look_alikes(wire: Wire, answer: Message) -> None:
    """Before every answer comes the copy of another's request with the same action."""
    if "id" in answer:
        others = {key: "stranger" if key in {"from", "sender"} else each for key, each in answer.items() if key != "id"}
        await wire.say(others)
    await wire.say(answer)


@on_answer("A-ONCE-1", breaks=True)
async def duplicates(wire: Wire, answer: Message) -> None:
    """Every message comes twice."""
    await wire.say(answer)
    await wire.say(answer)


@on_answer("It shows names and texts without executing control characters in them.")
async def control_characters(wire: Wire, answer: Message) -> None:
    """Before every answer somebody says something that would clear a terminal and rename its window."""
    text = "\x1b[2J\x1b]0;renamed\x07\x9b31m\r\x08hidden\u202e"
    stamp = "2026-11-23T09:30:00.000Z"
    await wire.say({"action": "server-broadcast", "from": "mallory", "msg": text, "ts": stamp})
    await wire.say(answer)
