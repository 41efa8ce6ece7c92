"""The shape of a message: what tells the kinds of a server's messages apart, in whatever words it has for them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tchat_conform.expect import FRESH
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


_NAME = re.compile(rf"\w*?{FRESH.pattern}")
"""A name, or the end of a text, that the suite has made."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+|\d\d?:\d\d(?::[\d.]+)?|\d{9,}(?:\.\d+)?")
"""A time as servers write it. Other numbers may say something, as statuses do."""
_NAMES = re.compile(r'"?·"?(?:, ?"?·"?)*|(?<=\[)(?=\])')
"""A list of names, be it empty."""


def wording_of(message: Mapping[str, Any]) -> str:
    """Return what a message says, whoever it is about: all of it but names and times.

    >>> wording_of({"ok": True, "who": "bobx0a1b2x00007"}) == wording_of({"ok": True, "who": "evex0a1b2x00011"})
    True
    >>> wording_of({"list": ["bobx0a1b2x00007", "evex0a1b2x00011"]}) == wording_of({"list": []})
    True
    >>> wording_of({"msg": "wobx0a1b2x00007 is there"}) == wording_of({"msg": "wobx0a1b2x00007 is there already"})
    False
    """
    return _NAMES.sub("·", _TIME.sub("0", _NAME.sub("·", _text(message))))


def names_in(message: Mapping[str, Any]) -> set[str]:
    """Return the names and texts of the suite's own that stand in a message.

    >>> names_in({"msg": "salut bobx0a1b2x00007 !"})
    {'bobx0a1b2x00007'}
    """
    return set(_NAME.findall(_text(message)))


def _text(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, sort_keys=True)
