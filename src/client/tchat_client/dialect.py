"""How requests are put for one server: in the standard form, or as that server needs them."""

from dataclasses import dataclass
from typing import Any

from tchat_protocol.framing import Message, encode


@dataclass(frozen=True, slots=True)
class Dialect:
    """The form of what is sent; the defaults are those of PROTOCOL.md."""

    def encoded(self, message: Message) -> bytes:
        """Return the bytes of a request."""
        return encode(message)


STANDARD = Dialect()


def unwrapped(message: Message) -> dict[str, Any]:
    """Return the protocol's message out of an envelope, with what stood beside it, or the message itself without one.

    >>> unwrapped({"type": "reply", "messageFormat": {"action": "server-hello"}})
    {'type': 'reply', 'action': 'server-hello'}
    """
    if "action" in message:
        return message
    inner = [each for each in message.values() if isinstance(each, dict) and isinstance(each.get("action"), str)]
    if len(inner) != 1:
        return message
    return {name: value for name, value in message.items() if value is not inner[0]} | inner[0]
