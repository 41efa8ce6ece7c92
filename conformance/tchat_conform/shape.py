"""The shape of a message: what tells the kinds of a server's messages apart, in whatever words it has for them."""

from collections.abc import Mapping
from typing import Any

from tchat_protocol.framing import BadInput

Shape = tuple[str, frozenset[str]]
"""A message's action; failing that, its type and the names of its fields."""

TEXT: Shape = ("", frozenset())
"""The shape of text that is no message."""


def shape_of(message: Mapping[str, Any] | BadInput | bytes) -> Shape:
    """Return the shape of what a server sent.

    >>> shape_of({"action": "pong", "at": 1}) == shape_of({"action": "pong"})
    True
    >>> shape_of({"type": "reply", "data": []}) == shape_of({"type": "event", "data": []})
    False
    """
    if isinstance(message, BadInput | bytes):
        return TEXT
    action, kind = message.get("action"), message.get("type")
    if isinstance(action, str):
        return action, frozenset()
    return (kind if isinstance(kind, str) else ""), frozenset(message)
