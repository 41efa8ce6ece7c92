"""What other servers say in slightly other words: read where the meaning is plain, never sent.

A message is read under several field names because the course's own texts mix them, and so do servers in the field.
"""

from collections.abc import Mapping
from typing import Any

ACTIONS = {
    "error": "server-error",
    "server-send-error": "server-error",
    "server-gbroadcast-error": "server-error",
    "server-cgroup": "server-cgroupe",
    "server-members-group": "server-members",
}
"""Other actions for an answer of the protocol."""

_LISTS = ("list", "data", "users", "msg")

FIELDS: Mapping[str, tuple[str, ...]] = {
    "who": ("sender", "from", "name", "sender-name"),
    "to": ("to", "dest"),
    "dest": ("dest", "to"),
    "msg": ("msg", "content", "message"),
    "clients": ("clients", *_LISTS),
    "members": ("members", "clients", *_LISTS),
    "groups": ("groups", *_LISTS),
    "messages": ("messages", *_LISTS),
    "events": ("events", *_LISTS),
}
"""Other names of a field, the standard one first; ``who`` is the person who acts, whatever its field is called."""


class Unreadable(LookupError):  # noqa: N818 - said of a message, not of the program
    """A message has no field of this meaning and type."""


def standard_action(message: Mapping[str, Any]) -> str | None:
    """Return the action of an answer as PROTOCOL.md calls it, or None where there is none at all."""
    action = message.get("action")
    return ACTIONS.get(action, action) if isinstance(action, str) else None


def find(message: Mapping[str, Any], field: str, kind: type = str) -> tuple[str, Any]:
    """Return under which name a message holds a field, and its value. Raises Unreadable."""
    for name in FIELDS.get(field, (field,)):
        value = message.get(name)
        if isinstance(value, kind):
            return name, value
    raise Unreadable(field)
