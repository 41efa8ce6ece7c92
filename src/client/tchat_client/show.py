"""One thing a server sent as plain lines for a person, with nothing in it hidden or executed."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tchat_client import near_forms
from tchat_client.near_forms import Unreadable
from tchat_client.reading import Reading
from tchat_client.text import clean, columns
from tchat_protocol.framing import BadInput, Message
from tchat_protocol.messages import is_valid


def lines(content: Message | BadInput) -> list[str]:
    """Return what a server sent as one or a few lines, safe to print on a terminal (PROTOCOL.md section 9).

    Answers in the form of the schemas, and forms near to them, become sentences and tables; whatever is left of a
    message that is not in its form, and every message without a reading, is shown as JSON.
    """
    if isinstance(content, BadInput):
        beginning = content.raw.decode("utf-8", "backslashreplace")
        return [clean(f"the server sent something that is no message ({content.reason}): {beginning}")]
    reading = Reading(content)
    try:
        shown = _shown(reading)
    except Unreadable:
        return [clean(as_json(content))]
    rest = {} if is_valid("answers", content) else reading.unread()
    if rest:
        shown[-1] += f" {as_json(rest)}"
    return [clean(line) for line in shown]


def as_json(value: Any) -> str:
    """Return a value as JSON on one line, as people read it."""
    return json.dumps(value, ensure_ascii=False)


_SENTENCES = {
    "server-hello": "{msg}",
    "server-send": "{who} to {to}: {msg}",
    "server-broadcast": "{who} to all: {msg}",
    "server-quit": "{who} has left the chat",
    "server-error": "refused{label}: {msg}{place}",
    "server-gbroadcast": "[{room}] {who}: {msg}",
    "server-cgroupe": "{who} created the {privacy}group {group}",
    "server-join": "{who} joined {group}{heir}",
    "server-leave": "{who} left {group}{heir}",
    "server-invite": "{who} invited {dest} to {group}",
    "server-kick": "{who} kicked {dest} from {group}{why}",
    "server-ban": "{who} banned {dest} from {group}{why}",
    "server-unban": "{who} unbanned {dest} from {group}",
}


def _shown(reading: Reading) -> list[str]:
    action = near_forms.standard_action(reading.message) or "without action"
    if action in _SENTENCES:
        return [_SENTENCES[action].format_map(reading)]
    if action in _FORMS:
        return _FORMS[action](reading)
    who = reading.optional("who")
    return [f"{action}: {f'{who}: ' if who else ''}{reading['msg']}"]


def _presence(reading: Reading) -> list[str]:
    return [f"{reading['who']} is {'online' if reading.find('online', bool) else 'offline'}"]


def _clients(reading: Reading) -> list[str]:
    clients = _names(reading.find("clients", list))
    return [f"{len(clients)} online: {', '.join(clients)}"]


def _members(reading: Reading) -> list[str]:
    members = _names(reading.find("members", list))
    online = reading.optional("online", list)
    owner = reading.optional("owner")
    rows = [[each, "owner" if each == owner else "", _whether_online(each, online)] for each in members]
    return [f"{reading['privacy']}group {reading['room']}, {_count(len(members), 'member')}", *columns(rows)]


def _whether_online(name: str, online: list[Any] | None) -> str:
    if online is None:
        return ""
    return "online" if name in online else "offline"


def _groups(reading: Reading) -> list[str]:
    groups = reading.find("groups", list)
    return [f"{_count(len(groups), 'group')}", *columns([_group(each) for each in groups])]


def _group(item: Any) -> list[str]:
    if not _is_summary(item):
        return [item if isinstance(item, str) else as_json(item), "", "", ""]
    owner = f"owner {item['owner']}" if item["owner"] is not None else "no owner"
    privacy = "private" if item["private"] else "public"
    return [item["group"], privacy, owner, _count(item["members"], "member")]


def _is_summary(item: Any) -> bool:
    return is_valid("answers", {"action": "server-groups", "groups": [item]})


def _messages(reading: Reading) -> list[str]:
    items = reading.find("messages", list)
    return [_page(reading, "message", items), *(_item(each, "{who}: {msg}", "") for each in items)]


def _states(reading: Reading) -> list[str]:
    items = reading.find("events", list)
    group = reading.optional("group")
    return [_page(reading, "event", items), *(_item(each, _event_sentence(each), group) for each in items)]


def _event_sentence(item: Any) -> str:
    event = item.get("event") if isinstance(item, dict) else None
    return _SENTENCES.get(f"server-{event}", "{msg}")


def _item(item: Any, sentence: str, group: str | None) -> str:
    """Return one line of a history; an item that cannot be read, or not completely, is shown as JSON."""
    if isinstance(item, str):
        return f"  {item}"
    if not isinstance(item, dict):
        return f"  {as_json(item)}"
    reading = Reading({"group": group, **item})
    try:
        text = sentence.format_map(reading)
    except Unreadable:
        return f"  {as_json(item)}"
    rest = {key: value for key, value in reading.unread().items() if key not in ("group", "event", "private")}
    return f"  {_time(reading.optional('ts'))}{text}{f' {as_json(rest)}' if rest else ''}"


def _time(ts: str | None) -> str:
    """Return a time stamp as ``2026-11-23 09:30:00 `` in UTC, or as it is if it is none of ours (A-TS-1)."""
    if ts is None:
        return ""
    return f"{ts[:10]} {ts[11:19]}  " if len(ts) == 24 and ts[10] == "T" else f"{ts}  "


def _page(reading: Reading, noun: str, items: list[Any]) -> str:
    older = ", older ones remain" if reading.optional("more", bool) else ""
    first = items[0].get("seq") if items and isinstance(items[0], dict) else None
    before = f" (before {first})" if older and isinstance(first, int) else ""
    return f"{reading['room']}: {_count(len(items), noun)}{older}{before}"


def _names(items: list[Any]) -> list[str]:
    return [each if isinstance(each, str) else as_json(each) for each in items]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_FORMS: Mapping[str, Callable[[Reading], list[str]]] = {
    "server-presence": _presence,
    "server-list-clients": _clients,
    "server-members": _members,
    "server-groups": _groups,
    "server-msgs": _messages,
    "server-states": _states,
}
