"""One thing a server sent as lines for a person, with nothing in it hidden or executed."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tchat_client import dates, near_forms
from tchat_client.commands import typed
from tchat_client.incoming import Notice
from tchat_client.language import counted, phrase, said
from tchat_client.near_forms import Unreadable
from tchat_client.pieces import (
    ADVICE,
    DAY,
    GROUP,
    NAME,
    NOTE,
    REFUSAL,
    TIME,
    Line,
    Piece,
    cleaned,
    plain,
    spoken,
    table,
)
from tchat_client.reading import Reading
from tchat_client.refusals import advice
from tchat_protocol.framing import BadInput, Message
from tchat_protocol.messages import is_valid


def lines(content: Message | BadInput | Notice) -> list[str]:
    """Return what a server sent as one or a few plain lines, as ``shown`` says, with times in UTC."""
    return [plain(line) for line in shown(content)]


def shown(content: Message | BadInput | Notice, *, full: bool = False) -> list[Line]:
    """Return what a server sent as one or a few lines, safe to print on a terminal (PROTOCOL.md section 9).

    Answers in the form of the schemas, and forms near to them, become sentences and tables; whatever is left of a
    message that is not in its form, and every message without a reading, is shown as JSON. In ``full``, as somebody
    at a terminal wants it, times are local ones under the day, and a refusal comes with what to do about it.
    """
    if isinstance(content, Notice):
        return [cleaned([(NOTE, content.sentence)])]
    if isinstance(content, BadInput):
        beginning = content.raw.decode("utf-8", "backslashreplace")
        sentence = said("the server sent something that is no message ({reason}): ", reason=content.reason)
        return [cleaned([(REFUSAL, sentence), ("", beginning)])]
    reading = Reading(content)
    try:
        told = _told(reading, full)
    except Unreadable:
        reading = Reading(content)
        try:
            told = [_plainly(reading)]
        except Unreadable:
            return [cleaned([("", as_json(content))])]
    rest = {} if is_valid("answers", content) else reading.unread()
    if rest:
        told[-1] = [*told[-1], ("", f" {as_json(rest)}")]
    return [cleaned(line) for line in told]


def as_json(value: Any) -> str:
    """Return a value as JSON on one line, as people read it."""
    return json.dumps(value, ensure_ascii=False)


_SENTENCES: Mapping[str, tuple[str, ...]] = {
    "server-hello": (phrase("{msg}"),),
    "server-send": (phrase("{who} to {to}: {msg}"),),
    "server-broadcast": (phrase("{who} to all: {msg}"),),
    "server-quit": (phrase("{who} has left the chat"),),
    "server-join": (phrase("{who} joined {group}"), phrase("; {owner} owns it now")),
    "server-leave": (phrase("{who} left {group}"), phrase("; {owner} owns it now")),
    "server-invite": (phrase("{who} invited {dest} to {group}"),),
    "server-kick": (phrase("{who} kicked {dest} from {group}"), phrase(": {reason}")),
    "server-ban": (phrase("{who} banned {dest} from {group}"), phrase(": {reason}")),
    "server-unban": (phrase("{who} unbanned {dest} from {group}"),),
}
"""How an answer reads, and what is added where a message has the fields for it."""

_CREATED = {
    None: phrase("{who} created the group {group}"),
    True: phrase("{who} created the private group {group}"),
    False: phrase("{who} created the public group {group}"),
}
_KINDS = {None: phrase("group"), True: phrase("private group"), False: phrase("public group")}


def _told(reading: Reading, full: bool) -> list[Line]:
    action = near_forms.standard_action(reading.message) or said("without action")
    sentence = _sentence(reading, action)
    if sentence:
        return [sentence]
    if action == "server-error":
        return _refusal(reading, full)
    if action in _TABLES:
        return _TABLES[action](reading)
    if action in _HISTORIES:
        return _history(reading, full, *_HISTORIES[action])
    return [_plainly(reading)]


def _plainly(reading: Reading) -> Line:
    """Return a message without words of its own: its action, who it comes from and what it says."""
    action = reading.message.get("action")
    label = action if isinstance(action, str) else said("without action")
    who = reading.optional("who")
    return [("", f"{label}: "), *([(NAME, who), ("", ": ")] if who else []), ("", reading["msg"])]


def _sentence(reading: Reading, action: str) -> Line:
    """Return what an action reads like in one sentence; nothing if it does not."""
    if action == "server-cgroupe":
        return spoken(_CREATED[reading.optional("private", bool)], reading)
    if action == "server-gbroadcast":
        room = reading.optional("group") or said("some group")
        return [("", "["), (GROUP, room), ("", "] "), *spoken(phrase("{who}: {msg}"), reading)]
    if action == "server-send" and reading.optional("to") is None:
        return spoken(phrase("{who} to you: {msg}"), reading)
    main, *tails = _SENTENCES.get(action, ("",))
    line = spoken(main, reading)
    for tail in tails:
        if reading.optional(tail.partition("{")[2].partition("}")[0]):
            line += spoken(tail, reading)
    return line


def _refusal(reading: Reading, full: bool) -> list[Line]:
    code, field = reading.optional("code"), reading.optional("field")
    label = said("refused ({code}): ", code=code) if code else said("refused: ")
    place = said(" (field {field})", field=field) if field else ""
    told: list[Line] = [[(REFUSAL, label), ("", reading["msg"]), ("", place)]]
    meaning = advice(code) if full else None
    return [*told, [("", "  "), (ADVICE, f"→ {meaning}")]] if meaning else told


def _presence(reading: Reading) -> list[Line]:
    online = reading.find("online", bool)
    return [spoken(phrase("{who} is online") if online else phrase("{who} is offline"), reading)]


def _clients(reading: Reading) -> list[Line]:
    clients = _names(reading.find("clients", list))
    line: Line = [("", counted(len(clients), "{number} online: ", "{number} online: "))]
    for place, name in enumerate(clients):
        line += [("", ", ")] if place else []
        line.append((NAME, name))
    return [line]


def _members(reading: Reading) -> list[Line]:
    members = _names(reading.find("members", list))
    online = reading.optional("online", list)
    owner = reading.optional("owner")
    kind = said(_KINDS[reading.optional("private", bool)])
    room = reading.optional("group") or said("some group")
    many = counted(len(members), "{number} member", "{number} members")
    rows = [
        [(NAME, each), ("", said("owner") if each == owner else ""), ("", _whether_online(each, online))]
        for each in members
    ]
    return [[("", f"{kind} "), (GROUP, room), ("", f", {many}")], *table(rows)]


def _whether_online(name: str, online: list[Any] | None) -> str:
    if online is None:
        return ""
    return said("online") if name in online else said("offline")


def _groups(reading: Reading) -> list[Line]:
    groups = reading.find("groups", list)
    return [
        [("", counted(len(groups), "{number} group", "{number} groups"))],
        *table([_group(each) for each in groups]),
    ]


def _group(item: Any) -> list[Piece]:
    if not _is_summary(item):
        return [(GROUP, item if isinstance(item, str) else as_json(item)), ("", ""), ("", ""), ("", "")]
    owner = said("owner {owner}", owner=item["owner"]) if item["owner"] is not None else said("no owner")
    privacy = said("private") if item["private"] else said("public")
    many = counted(item["members"], "{number} member", "{number} members")
    return [(GROUP, item["group"]), ("", privacy), ("", owner), ("", many)]


def _is_summary(item: Any) -> bool:
    return is_valid("answers", {"action": "server-groups", "groups": [item]})


def _history(reading: Reading, full: bool, field: str, asked: str, numbers: tuple[str, str]) -> list[Line]:
    items = reading.find(field, list)
    group = reading.optional("group")
    heading: Line = [(GROUP, group or said("some group")), ("", f": {counted(len(items), *numbers)}")]
    if reading.optional("more", bool):
        heading.append(("", said(", older ones remain")))
        first = items[0].get("seq") if items and isinstance(items[0], dict) else None
        if isinstance(first, int) and group and "\n" not in group:
            heading.append(("", f" ({typed(asked, {'group': group, 'before': first})})"))
    told = [heading]
    today = dates.day(datetime.now().astimezone())
    for each in items:
        line, day = _item(each, group, _item_sentence(each, asked), full)
        if day not in (today, ""):
            told.append([("", "  "), (DAY, f"-- {day} --")])
            today = day
        told.append([("", "  "), *line])
    return told


def _item_sentence(item: Any, asked: str) -> Callable[[Reading], Line]:
    if asked == "msgs":
        return lambda reading: spoken(phrase("{who}: {msg}"), reading)
    event = item.get("event") if isinstance(item, dict) else None
    return lambda reading: _sentence(reading, f"server-{event}") or spoken("{msg}", reading)


def _item(item: Any, group: str | None, sentence: Callable[[Reading], Line], full: bool) -> tuple[Line, str]:
    """Return one line of a history and its day; an item that cannot be read, or not completely, is shown as JSON."""
    if not isinstance(item, dict):
        return [("", item if isinstance(item, str) else as_json(item))], ""
    reading = Reading({"group": group, **item})
    try:
        line = sentence(reading)
    except Unreadable:
        return [("", as_json(item))], ""
    ts = reading.optional("ts")
    rest = {key: value for key, value in reading.unread().items() if key not in ("group", "event", "private")}
    if rest:
        line.append(("", f" {as_json(rest)}"))
    when = dates.moment(ts) if full else None
    if when:
        return [(TIME, dates.clock(when)), ("", "  "), *line], dates.day(when)
    return [*([(TIME, dates.stamp(ts)), ("", "  ")] if ts else []), *line], ""


def _names(items: list[Any]) -> list[str]:
    return [each if isinstance(each, str) else as_json(each) for each in items]


_TABLES: Mapping[str, Callable[[Reading], list[Line]]] = {
    "server-presence": _presence,
    "server-list-clients": _clients,
    "server-members": _members,
    "server-groups": _groups,
}
_HISTORIES = {
    "server-msgs": ("messages", "msgs", (phrase("{number} message"), phrase("{number} messages"))),
    "server-states": ("events", "states", (phrase("{number} event"), phrase("{number} events"))),
}
