"""What other servers say in slightly other words: read where the meaning is plain, never sent.

A message is read under several field names because the course's own texts mix them, and so do servers in the field.
"""

import re
from collections.abc import Mapping
from typing import Any

ACTIONS = {
    "error": "server-error",
    "client-send": "server-send",
    "server-private": "server-send",
    "server-cgroup": "server-cgroupe",
    "server-jgroup": "server-join",
    "server-lgroup": "server-leave",
    "server-members-group": "server-members",
    "server-messages": "server-msgs",
    "server-invited": "server-invite",
    "server-kicked": "server-kick",
    "server-banned": "server-ban",
}
"""Other actions for an answer of the protocol."""

_REFUSING = re.compile(r"server-[a-z]+-(error|already|not-exist|banned|private|denied|refused|failed)")
_ACKNOWLEDGING = re.compile(r"(server-[a-z]+)-(ok|ack|done)")

_FIRST_REFUSAL = 400

_LISTS = ("list", "data", "users", "msg")

FIELDS: Mapping[str, tuple[str, ...]] = {
    "who": ("sender", "from", "name", "sender-name"),
    "to": ("to", "dest"),
    "dest": ("dest", "to"),
    "msg": ("msg", "content", "message", "error"),
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
    if not isinstance(action, str):
        return "server-error" if (_status(message) or 0) >= _FIRST_REFUSAL else None
    return "server-error" if _REFUSING.fullmatch(action) else ACTIONS.get(action, action)


def acknowledged_action(message: Mapping[str, Any]) -> str | None:
    """Return the action that the direct answer would have in the protocol, also where it merely says that it is done.

    >>> acknowledged_action({"action": "server-gbroadcast-ok"})
    'server-gbroadcast'
    """
    action = standard_action(message)
    found = _ACKNOWLEDGING.fullmatch(action or "")
    return ACTIONS.get(found[1], found[1]) if found else action


def is_success(message: Mapping[str, Any]) -> bool:
    """Tell whether a message without an action says by a number, as in HTTP, that what was asked is done."""
    status = _status(message)
    return status is not None and status < _FIRST_REFUSAL


def _status(message: Mapping[str, Any]) -> int | None:
    status = message.get("status")
    return status if "action" not in message and type(status) is int else None


def find(message: Mapping[str, Any], field: str, kind: type = str) -> tuple[str, Any]:
    """Return under which name a message holds a field, and its value. Raises Unreadable."""
    for name in FIELDS.get(field, (field,)):
        value = message.get(name)
        if isinstance(value, kind):
            return name, value
    raise Unreadable(field)
