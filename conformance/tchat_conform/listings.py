"""Listings: what a group looks like to a user who asks for its members, messages or events.

``has_…`` judges an answer that is there. ``sees_…`` asks for one to prove the effect of something else: what it finds
fails the case, but a server that does not give the listing at all blocks it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tchat_conform.expect import FRESH, mentions, same, words
from tchat_conform.rules import content
from tchat_conform.user import Heard, User, lacks
from tchat_conform.verdict import Blocked, Failed, Finding, Message, must

MESSAGE_FIELDS = ("sender", "msg", "ts", "seq")
_BETWEEN_NAMES = re.compile(r"[\s,;:.|/\"'()\[\]]+")
_TEXT = re.compile(rf"no{FRESH.pattern}")
EVENT_FIELDS = ("sender", "dest", "reason", "ts", "seq")


def rows(answer: Message, key: str) -> list[Any]:
    """Return the list under ``key``, or the only list of the answer if it stands under another one."""
    found = _list(answer, key)
    if found is None:
        raise Failed(Finding(f"the answer holds no list of {key}", {key: ["…"]}, answer))
    return found


def _list(answer: Message, key: str) -> list[Any] | None:
    found = answer.get(key)
    if isinstance(found, list):
        return found
    lists = [each for each in answer.values() if isinstance(each, list)]
    return lists[0] if len(lists) == 1 else None


def part(answer: Message, key: str) -> Message:
    """Return the part of an answer that lists: what stands under ``key``, or its only list, or else all of it."""
    found = answer[key] if isinstance(answer.get(key), str) else _list(answer, key)
    return answer if found is None else {key: found}


def times_listed(answer: Message, key: str, name: str) -> int:
    """Return how often a listing holds a name, be it in a list, in objects or in a sentence."""
    said = words(part(answer, key))
    return sum(1 if each == name else _BETWEEN_NAMES.split(each).count(name) for each in said)


def number(message: Any) -> int:
    """Return the seq of a message, or of an item of a history. A server that numbers in another way ends the case."""
    seq = message.get("seq") if isinstance(message, Mapping) else None
    if not isinstance(seq, int):
        finding = Finding(
            "a message has no integer seq, which the case goes on with", {"seq": "…"}, str(message), by="the field seq"
        )
        raise lacks("seq", message.world.requirement if isinstance(message, Heard) else None, finding)
    return seq


def are_numbered(*items: Any) -> bool:
    """Tell whether each of these messages, or items of a history, has a seq."""
    return all(isinstance(each, Mapping) and isinstance(each.get("seq"), int) for each in items)


def has_names(answer: Message, key: str, *users: User) -> None:
    """Fail the case unless a list holds exactly these users, each once, in any order.

    Names that stand in a sentence, or in objects, are a near miss.
    """
    wanted = sorted(each.name for each in users)
    named = _named(answer, key, wanted)
    must(
        named == wanted,
        f"{key} must be exactly {', '.join(map(repr, users)) or 'nobody'}",
        {key: wanted},
        answer,
    )
    if isinstance(answer, Heard) and sorted(map(str, _list(answer, key) or ())) != wanted:
        answer.world.near_miss(Finding(f"{key} is no list of names, though it holds them", {key: wanted}, answer))


def _named(answer: Message, key: str, wanted: list[str]) -> list[str]:
    """Return the names that a listing holds, sorted: in a list, or in whatever form where the case knows the names."""
    found = _list(answer, key)
    if (found is not None and all(isinstance(each, str) for each in found)) or not isinstance(answer, Heard):
        return sorted(map(str, rows(answer, key)))
    text = " ".join(words(part(answer, key)))
    others = (each for each in answer.world.people_in(text) if not any(each in name for name in wanted))
    return sorted({*others, *(each for each in wanted if each in text)})


def has_owner(answer: Message, owner: User | None) -> None:
    """Fail the case unless the answer names this owner, or null for none."""
    name = owner.name if owner else None
    must(
        "owner" in answer and answer["owner"] == name,
        f"the owner must be {owner!r}" if owner else "the owner must be null",
        {"owner": name},
        answer,
    )


def has_messages(answer: Message, *posts: Message) -> None:
    """Fail the case unless the history is exactly these deliveries, in this order.

    A history that is told in a sentence is a near miss.
    """
    expected = {"messages": [_only(post, MESSAGE_FIELDS) for post in posts]}
    if isinstance(answer, Heard) and _list(answer, "messages") is None and _tells_all(answer, posts):
        answer.world.near_miss(Finding("messages is no list, though it holds what was posted", expected, answer))
        return
    history = rows(answer, "messages")
    texts = [str(post.get("msg")) for post in posts]
    said = len(history) == len(posts) and all(
        mentions({"": item}, text) for item, text in zip(history, texts, strict=True)
    )
    must(said, "messages must hold exactly what was posted, oldest first", expected, answer, rule=content("msgs"))
    if isinstance(answer, Heard):
        for item, post in zip(history, posts, strict=True):
            named = answer.world.people_in(" ".join(words({"": item})))
            right = not named or any(post.get(each) in named for each in ("sender", "from"))
            must(right, "a message in the history must name who sent it", expected, answer)
    for item, post in zip(history, posts, strict=True):
        for name in MESSAGE_FIELDS:
            agree = not isinstance(item, Mapping) or name not in item or same(item[name], post.get(name, item[name]))
            must(agree, f"a message in the history must have the {name} of its delivery", expected, answer)


def _tells_all(answer: Message, posts: Sequence[Message]) -> bool:
    """Tell whether an answer holds the texts of these deliveries, in this order, and of no others."""
    told = _TEXT.findall(" ".join(words(answer)))
    return told == _TEXT.findall(" ".join(str(post.get("msg")) for post in posts)) and len(told) == len(posts)


def has_events(answer: Message, *happened: Message) -> None:
    """Fail the case unless the log is exactly what these answers acknowledged, in this order."""
    log = rows(answer, "events")
    wanted = [{"event": _kind_of(each)} | _only(each, EVENT_FIELDS) for each in happened]
    sentence = "events must hold exactly what happened, oldest first"
    told = len(log) == len(wanted) and all(map(_tells, log, wanted))
    must(told, sentence, {"events": wanted}, answer, rule=content("states"))
    found = [
        _only(item, tuple(event)) if isinstance(item, Mapping) else item
        for item, event in zip(log, wanted, strict=True)
    ]
    if found == wanted:
        return
    if not isinstance(answer, Heard):
        raise Failed(Finding(sentence, {"events": wanted}, answer))
    answer.world.near_miss(Finding("events holds what happened, but in another form", {"events": wanted}, answer))


def _kind_of(happened: Message) -> str:
    """Return the event that an answer acknowledged, though the answer may not name it itself."""
    meant = happened.expected.action if isinstance(happened, Heard) and happened.expected else happened["action"]
    return str(meant).removeprefix("server-")


def _tells(item: Any, event: Mapping[str, Any]) -> bool:
    """Tell whether an item of a log tells of this event, be it in words: of whom it is about, and with its reason.

    What it says in the protocol's own fields must be so.
    """
    if isinstance(item, Mapping) and any(name in item and not same(item[name], event[name]) for name in event):
        return False
    about = event.get("dest", event.get("sender"))
    return all(mentions({"": item}, str(each)) for each in (about, event.get("reason")) if each)


def row_of(answer: Message, group: str) -> Mapping[str, Any] | None:
    """Return the only row of a listing of groups that is about this group. Fails the case if there are more."""
    if isinstance(answer, Heard) and _list(answer, "groups") is None and answer.get("action") is not None:
        return {"group": group} if mentions(answer, group) else None  # in a sentence, say
    found = [each for each in rows(answer, "groups") if mentions({"": each}, group)]
    must(len(found) < 2, f"{group} must be listed once, not {len(found)} times", None, {"groups": found})
    if not found:
        return None
    return found[0] if isinstance(found[0], Mapping) else {"group": group}


async def sees_members(viewer: User, group: str, *members: User) -> None:
    """Prove that exactly these users are the group's members."""
    has_names(await viewer.given("members", group=group), "members", *members)


async def sees_owner(viewer: User, group: str, owner: User | None) -> None:
    """Prove who owns the group."""
    answer = await viewer.given("members", group=group)
    if "owner" not in answer:
        raise Blocked(Finding("server-members does not say who owns the group", {"owner": "…"}, answer, by="members"))
    has_owner(answer, owner)


async def sees_messages(viewer: User, group: str, *posts: Message) -> None:
    """Prove that the group's history is exactly these deliveries."""
    has_messages(await viewer.given("msgs", group=group), *posts)


async def sees_events(viewer: User, group: str, *happened: Message) -> None:
    """Prove that the group's log is exactly what these answers acknowledged."""
    has_events(await viewer.given("states", group=group), *happened)


async def finds_group(viewer: User, group: str, **fields: Any) -> None:
    """Prove that ``groups`` shows the group to this user, with these fields."""
    row = row_of(await viewer.given("groups"), group)
    must(row is not None, f"groups must show {group} to {viewer!r}", {"group": group, **fields})
    for name, value in fields.items():
        agree = row is not None and (name not in row or same(row[name], value))
        must(agree, f"the row of {group} must have {name} {value!r}", {"group": group, **fields}, row)


async def finds_no_group(viewer: User, group: str) -> None:
    """Prove that ``groups`` does not show the group to this user."""
    row = row_of(await viewer.given("groups"), group)
    must(row is None, f"groups must not show {group} to {viewer!r}", None, row)


def _only(message: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: message[name] for name in names if name in message}
