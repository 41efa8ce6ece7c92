"""What the played server says: messages made from the schemas' own examples, each checked before it is sent."""

from collections.abc import Mapping
from typing import Any

from tchat_protocol import messages, schemas
from tchat_protocol.framing import Message

CODES = {"client-send": "unknown-user", "cgroupe": "group-exists", "join": "unknown-group"}
"""A code that each request may be refused with; others are refused for a limit of the server."""


def message(action: str, **fields: Any) -> Message:
    """Return a message of the server: what its schema requires, as in its example, with some fields of one's own.

    Raises InvalidMessage for a message that is not valid, which would be the suite's own fault.
    """
    schema = schemas.schema("answers", action)
    example = schema["examples"][0]
    made = {**{name: example[name] for name in schema["required"]}, **fields}
    messages.check_answer(made)
    return made


def answer(request: Mapping[str, Any], **fields: Any) -> Message:
    """Return the answer to a request, which repeats what both have in common, its id too."""
    action = str(schemas.answer_to(str(request["action"])))
    schema = schemas.schema("answers", action)
    common = {name: request[name] for name in schema["properties"] if name in request and name != "action"}
    return message(action, **{**common, **fields})


def refusal(request: Mapping[str, Any], sentence: str, code: str | None = None) -> Message:
    """Return a refusal of a request with a sentence of its own."""
    action = str(request["action"])
    made = {"code": code or CODES.get(action, "rate-limited"), "msg": sentence, "request": action}
    return message("server-error", **made, **({"id": request["id"]} if "id" in request else {}))
