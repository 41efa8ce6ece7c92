"""The one corpus of good and bad messages that every validator is asked about.

requests.json and answers.json hold the special cases and, for every action, a ``minimal`` message (no
field may be left out) and a ``full`` one (with every field). From these two follows the systematic part:
fields left out, fields added, fields of each wrong type, and in each field the good and bad values that
values.json holds for its kind. Nothing is taken from the schemas, so that the corpus can find a fault in them.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tchat_protocol.schemas import Kind

Steps = tuple[str | int, ...]

FOLDER = Path(__file__).parent

OF_EACH_TYPE: dict[str, Any] = {
    "string": "text", "number": 7, "boolean": True, "null": None, "array": [], "object": {},
}  # fmt: skip

UNKNOWN_FIELDS: dict[str, Any] = {"x-number": 1.5, "x-null": None, "x-object": {"action": ["join"]}}

KINDS = {
    "from": "name", "to": "name", "sender": "name", "dest": "name", "group": "name", "name": "name",
    "owner": "name", "private": "flag", "online": "flag", "more": "flag", "msg": "text", "pass": "password",
    "clients": "names", "members": "names", "request": "action", "field": "pointer",
}  # fmt: skip
"""What kind of value a field holds, where the kind is not called like the field."""

KINDS_IN_ACTION = {
    "client-error": {"code": "word", "msg": "sentence"},
    "server-hello": {"msg": "sentence"},
    "server-error": {"msg": "sentence"},
    "server-members": {"online": "names", "owner": "owner"},
    "server-groups": {"members": "count", "owner": "owner"},
}

KIND_OF_ITEM = {
    "names": "name",
    "features": "feature",
    "messages": "item",
    "events": "item",
    "groups": "item",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message, the verdict it deserves and, where one field alone is at fault, that field's pointer."""

    name: str
    valid: bool
    message: Any
    field: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in a message, and the kind of the value there."""

    path: Steps
    kind: str

    @property
    def pointer(self) -> str:
        return "".join(f"/{part}" for part in self.path)


@cache
def corpus(kind: Kind) -> tuple[Entry, ...]:
    """Return every entry of one kind, the special cases first."""
    special = {row["name"]: Entry(**row) for row in _read(f"{kind}.json")}
    actions = [name.removeprefix("minimal ") for name in special if name.startswith("minimal ")]
    systematic = (
        entry
        for action in actions
        for entry in _systematic(action, special[f"minimal {action}"].message, special[f"full {action}"].message)
    )
    return (*special.values(), *systematic)


def messages(kind: Kind, *, valid: bool) -> list[Any]:
    """Return the good or the bad messages of one kind."""
    return [entry.message for entry in corpus(kind) if entry.valid is valid]


def _systematic(action: str, minimal: dict[str, Any], full: dict[str, Any]) -> Iterator[Entry]:
    yield from _with_unknown_fields(action, full)
    yield from _with_one_optional_field(action, minimal, full)
    yield from _without_a_field(action, minimal)
    yield from _with_an_action_of_each_wrong_type(action, full)
    for place in _places(action, full):
        yield from _with_each_wrong_type(action, full, place)
        yield from _with_each_value(action, full, place)


def _with_unknown_fields(action: str, full: dict[str, Any]) -> Iterator[Entry]:
    yield Entry(f"{action} with unknown fields", valid=True, message={**full, **UNKNOWN_FIELDS})
    for path, found in _objects(full):
        if path:
            changed = _changed(full, path, {**found, **UNKNOWN_FIELDS})
            yield Entry(f"{action} with unknown fields in {_Place(path, '').pointer}", valid=True, message=changed)


def _with_one_optional_field(action: str, minimal: dict[str, Any], full: dict[str, Any]) -> Iterator[Entry]:
    for field in [each for each in full if each not in minimal]:
        message = {**minimal, field: full[field]}
        yield Entry(f"{action} with {field} as its one optional field", valid=True, message=message)


def _without_a_field(action: str, minimal: dict[str, Any]) -> Iterator[Entry]:
    for path, found in _objects(minimal):
        for field in found:
            place = _Place((*path, field), "")
            rest = {name: value for name, value in found.items() if name != field}
            changed = _changed(minimal, path, rest)
            yield Entry(f"{action} without {place.pointer}", valid=False, message=changed, field=place.pointer)


def _with_an_action_of_each_wrong_type(action: str, full: dict[str, Any]) -> Iterator[Entry]:
    for json_type, value in OF_EACH_TYPE.items():
        if json_type != "string":
            message = {**full, "action": value}
            yield Entry(f"{action} whose action is {json_type}", valid=False, message=message, field="/action")


def _with_each_wrong_type(action: str, full: dict[str, Any], place: _Place) -> Iterator[Entry]:
    for json_type, value in OF_EACH_TYPE.items():
        if json_type not in _values()[place.kind]["types"]:
            name = f"{action} whose {place.pointer} is of type {json_type}"
            yield Entry(name, valid=False, message=_changed(full, place.path, value), field=place.pointer)


def _with_each_value(action: str, full: dict[str, Any], place: _Place) -> Iterator[Entry]:
    for value in _values()[place.kind]["good"]:
        name = f"{action} whose {place.pointer} is {value['name']}"
        yield Entry(name, valid=True, message=_changed(full, place.path, _written_out(value["value"])))
    for value in _values()[place.kind]["bad"]:
        name = f"{action} whose {place.pointer} is {value['name']}"
        message = _changed(full, place.path, _written_out(value["value"]))
        yield Entry(name, valid=False, message=message, field=place.pointer)


def _places(action: str, full: dict[str, Any]) -> Iterator[_Place]:
    for path, found in _objects(full):
        for field, value in found.items():
            if field != "action":
                kind = KINDS_IN_ACTION.get(action, {}).get(field) or KINDS.get(field, field)
                yield _Place((*path, field), kind)
                if isinstance(value, list):
                    yield _Place((*path, field, 0), KIND_OF_ITEM[kind])


def _objects(message: dict[str, Any], path: Steps = ()) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Yield every object in a message with its path; of a list the first item stands for all."""
    yield path, message
    for field, value in message.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from _objects(value[0], (*path, field, 0))


def _changed(message: dict[str, Any], path: Steps, value: Any) -> Any:
    if not path:
        return value
    copy = deepcopy(message)
    holder: Any = copy
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    return copy


def _written_out(value: Any) -> Any:
    """Return a value of values.json, where a long one stands as a repetition."""
    if isinstance(value, dict) and value.keys() == {"repeat", "times"}:
        return value["repeat"] * value["times"]
    return value


@cache
def _values() -> dict[str, Any]:
    values: dict[str, Any] = _read("values.json")
    return values


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
