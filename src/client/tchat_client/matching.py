"""Which request a message answers: by ``id``, or by action and order where the server repeats no ``id``."""

from collections.abc import Collection, Mapping
from typing import Any
from unicodedata import normalize

from tchat_client import near_forms
from tchat_protocol.messages import request_name_field
from tchat_protocol.schemas import answer_to, schema

ID_PREFIX = "tchat-"
"""Begins every ``id`` of ours, so that numbers a server may use for its own purposes are not taken for it."""

_BARE = ("groups", "members", "msgs", "states")
_REPEATED = ("group", "to", "dest", "msg", "reason")
_OWN_NAME = ("client-hello", "client-quit")  # some servers answer these in a name of their own


def answered(message: Mapping[str, Any], pending: Collection[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the request that a message answers, of those pending, oldest first; None if it answers none.

    A message with an ``id`` of ours answers that request alone (W-ID-1). One without answers the oldest request
    (W-ORDER-1) that its action fits and whose fields it repeats: others' messages have the same actions. A request that
    comes back as it is answers nothing.
    """
    if any(_is_echo(message, request) for request in pending):
        return None
    identifier = message.get("id")
    if isinstance(identifier, str) and identifier.startswith(ID_PREFIX):
        return next((request for request in pending if request["id"] == identifier), None)
    return next((request for request in pending if _fits(message, request)), None)


def _fits(message: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    action = near_forms.acknowledged_action(message)
    if action == "server-error":
        return message.get("request") in (None, request["action"])
    if near_forms.is_success(message) or _names(message, request["action"]):
        return True
    return action == answer_to(request["action"]) and _same_sender(message, request) and _repeats(message, request)


def _is_echo(message: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    return all(message.get(name) == value for name, value in request.items() if name != "id")


def _names(message: Mapping[str, Any], action: str) -> bool:
    """Tell whether a message says itself that it is about a request, or calls a listing as the request is called."""
    return message.get("request") == action or (action in _BARE and message.get("action") == action)


def _same_sender(message: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    action = request["action"]
    if action in _OWN_NAME or not _names_sender(action):
        return True
    try:
        _, sender = near_forms.find(message, "who")
    except near_forms.Unreadable:
        return True
    return _same(sender, request[f"{request_name_field(action)}"])


def _names_sender(action: str) -> bool:
    return not {"from", "sender"}.isdisjoint(schema("answers", f"{answer_to(action)}")["properties"])


def _repeats(message: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    both = [field for field in _REPEATED if field in message and field in request]
    return all(_same(message[field], request[field]) for field in both)


def _same(one: Any, other: Any) -> bool:
    """Compare as servers do: they send names in NFC (I-NAME-2), however they were typed."""
    if isinstance(one, str) and isinstance(other, str):
        return normalize("NFC", one) == normalize("NFC", other)
    return bool(one == other)
