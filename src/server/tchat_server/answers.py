"""From decisions to bytes: every message is checked against its schema before it is sent (A-FORM-1)."""

from tchat_protocol.errors import Refusal
from tchat_protocol.framing import encode
from tchat_protocol.messages import check_answer, echo
from tchat_server.connection import Received
from tchat_server.outcome import Message


def encode_answer(message: Message) -> bytes:
    """Return a message as it is sent, or raise InvalidMessage if it is none of the protocol's."""
    check_answer(message)
    return encode(message)


def encode_copies(message: Message, identifier: str | int | None) -> tuple[bytes, bytes]:
    """Return an answer as the others get it, and as its requester gets it (W-ID-1).

    One check is enough for both: an answer that is valid with an id is valid without. Raises InvalidMessage.
    """
    if identifier is None:
        copy = encode_answer(message)
        return copy, copy
    own = message | {"id": identifier}
    check_answer(own)
    return encode(message), encode(own)


def with_id(message: Message, identifier: str | int | None) -> Message:
    """Return the requester's copy of an answer (W-ID-1)."""
    return message if identifier is None else message | {"id": identifier}


def error_answer(refusal: Refusal, received: Received | None) -> bytes:
    """Return the server-error that refuses what was received, if anything was (E-ECHO-1)."""
    echoed = echo(received) if isinstance(received, dict) else {}
    field = {} if refusal.field is None else {"field": refusal.field}
    error = {"action": "server-error", "code": str(refusal.code), "msg": refusal.sentence}
    request = {key: echoed[key] for key in ("request",) if key in echoed}
    return encode_answer(with_id(error | request | field, echoed.get("id")))
