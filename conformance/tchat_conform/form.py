"""Is a message in the form of PROTOCOL.md? Each fault with its field, its requirement and the form that is expected."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from tchat_conform.near import did_you_mean
from tchat_conform.requirements import Requirement, requirements
from tchat_protocol import messages, names, schemas
from tchat_protocol.framing import MAX_REQUEST_BYTES, BadInput, Message
from tchat_protocol.messages import MAX_REPLY_BYTES
from tchat_protocol.schemas import Kind, Schema

Side = Literal["client", "server"]

KINDS: Mapping[Side, Kind] = {"client": "requests", "server": "answers"}

OF_DEFINITIONS: Mapping[str, str] = {
    "name": "I-NAME-1",
    "text": "W-TEXT-1",
    "reason": "W-TEXT-2",
    "id": "W-ID-1",
    "ts": "A-TS-1",
    "seq": "A-SEQ-1",
    "limit": "H-PAGE-4",
    "errorCode": "E-CODE-1",
}
"""The requirement that says what a value of schemas/common.json looks like."""

OF_BAD_TEXT: Mapping[str, str] = {
    "begins with a byte order mark": "W-BAD-4",
    "invalid UTF-8": "W-BAD-4",
    "surrogate": "W-BAD-5",
    "nesting": "W-BAD-6",
    "not a JSON object: a": "W-BAD-2",
}
"""The requirement that a client's text breaks, by what the decoder says of it; else it is not JSON, W-BAD-1."""

_HERE = "common.json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a message.

    ``field`` is a JSON pointer, ``rule`` the schema's keyword or the error code that answers it, ``expected`` the
    form that would be right, ``hint`` what else helps; the last two may be empty.
    """

    field: str
    rule: str
    sentence: str
    requirement: Requirement
    expected: str = ""
    hint: str = ""

    @property
    def said(self) -> str:
        """The sentence with the number of its requirement."""
        return f"{self.sentence} ({self.requirement.id})"


def law(requirement: Requirement) -> str:
    """Return a requirement's link and text."""
    return f"{requirement.link}: {requirement.text}"


def side_of(message: Mapping[str, Any]) -> Side:
    """Guess from the action who sends such a message.

    >>> side_of({"action": "join"}), side_of({"action": "server-jgroup"}), side_of({"action": "dance"})
    ('client', 'server', 'client')
    """
    action = message.get("action")
    if not isinstance(action, str) or action in schemas.actions("requests"):
        return "client"
    return "server" if action.startswith("server-") or action == "error" else "client"


def faults_of(side: Side, value: Message | BadInput, size: int) -> list[Fault]:
    """Return all that is wrong with what one side sent; ``size`` is its length in bytes."""
    if isinstance(value, BadInput):
        return [_bad_text(side, value)]
    return [*_size_faults(side, size), *_schema_faults(side, value)]


def shape(kind: Kind, action: str) -> str:
    """Return the fields of a message in the way of PROTOCOL.md, those that may be absent with a question mark.

    >>> shape("requests", "join")
    'join {sender, group, id?}'
    """
    schema = schemas.schema(kind, action)
    fields = (name if name in schema["required"] else f"{name}?" for name in schema["properties"] if name != "action")
    return f"{action} {{{', '.join(fields)}}}"


def _bad_text(side: Side, value: BadInput) -> Fault:
    if value.code == "too-large":
        return Fault("", value.code, value.reason, requirements()["W-SIZE-2" if side == "client" else "W-JSON-1"])
    number = next((number for words, number in OF_BAD_TEXT.items() if words in value.reason), "W-BAD-1")
    requirement = requirements()[number if side == "client" else "W-JSON-1"]
    return Fault("", value.code, value.reason, requirement, "one JSON object, such as " + _example(side))


def _example(side: Side) -> str:
    action = {"client": "client-hello", "server": "server-quit"}[side]
    return _compact(schemas.schema(KINDS[side], action)["examples"][0])


def _size_faults(side: Side, size: int) -> Iterator[Fault]:
    limit, number = (MAX_REQUEST_BYTES, "W-SIZE-2") if side == "client" else (MAX_REPLY_BYTES, "W-SIZE-3")
    if size > limit:
        yield Fault("", "too-large", f"{size:,} bytes, at most {limit:,} are accepted", requirements()[number])


def _schema_faults(side: Side, message: Message) -> Iterator[Fault]:
    kind = KINDS[side]
    if messages.is_valid(kind, message):
        return
    action = message.get("action")
    known = action in schemas.actions(kind)
    for each in messages.problems(kind, message):
        number = _requirement(side, action if known else None, each.field, each.rule)
        expected = _expected(kind, str(action), each.field) if known else ""
        hint = _alias_hint(message, each.field, each.rule) if known else _action_hint(kind, action)
        yield Fault(each.field, each.rule, each.sentence, requirements()[number], expected, hint)


def _requirement(side: Side, action: str | None, field: str, rule: str) -> str:
    if action is None:
        if side == "server":
            return "A-FORM-1"
        return "W-ACTION-1" if rule == "enum" else "W-FORM-2"
    if rule in {"required", "type", "anyOf"}:
        return "A-FORM-1" if side == "server" else "W-FORM-1"
    definitions = (name for name, _ in _chain(KINDS[side], action, field))
    general = "A-FORM-1" if side == "server" else "W-FORM-1"
    return next((OF_DEFINITIONS[each] for each in definitions if each in OF_DEFINITIONS), general)


def _expected(kind: Kind, action: str, field: str) -> str:
    """Return the form of the whole message, and what the schema says of the field."""
    whole = schemas.schema(kind, action)
    parts = [shape(kind, action)]
    rules = [rule for _, rule in _chain(kind, action, field)] if field else []
    if about := next((rule["description"] for rule in rules[::-1] if "description" in rule), ""):
        parts.append(f"{field.rpartition('/')[2]}: {about}")
    parts.append(f"such as {_compact(whole['examples'][0])}")
    return "\n".join(parts)


@cache
def _chain(kind: Kind, action: str, field: str) -> tuple[tuple[str, Schema], ...]:
    """Return the definitions, with their names, that a field's value has to fulfil, the nearest first."""
    found: list[tuple[str, Schema]] = _resolved("", schemas.schema(kind, action))
    for part in field.split("/")[1:]:
        inner = next((each for _, rule in found if (each := _inside(rule, part)) is not None), None)
        if inner is None:
            return ()
        found = _resolved("", inner)
    return tuple(found)


def _inside(rule: Schema, part: str) -> Schema | None:
    found: Schema | None = rule.get("items") if part.isdigit() else rule.get("properties", {}).get(part)
    return found


def _resolved(name: str, rule: Schema) -> list[tuple[str, Schema]]:
    found = [(name, rule)]
    for each in (rule, *rule.get("anyOf", ())):
        if "$ref" in each:
            target = each["$ref"].rpartition("/")[2]
            found += _resolved(target, schemas.load(_HERE)["$defs"][target])
    return found


def _alias_hint(message: Message, field: str, rule: str) -> str:
    missing = field.removeprefix("/")
    if rule != "required":
        return ""
    for alike in schemas.load("aliases.json")["fields"]:
        if missing in alike and (other := next((each for each in alike if each in message), None)):
            return f"it has {other!r}, which not every server takes for {missing!r} (I-ALIAS-1, I-ALIAS-2)"
    return ""


def _action_hint(kind: Kind, action: Any) -> str:
    if not isinstance(action, str):
        return ""
    other: Side = "server" if kind == "requests" else "client"
    if action in schemas.actions(KINDS[other]):
        return f"it is one of the {other}'s"
    return did_you_mean(action, schemas.actions(kind)).strip()


def user_of(message: Message | BadInput) -> str | None:
    """Return the name that a client's message is sent under, whatever its field is called."""
    if isinstance(message, BadInput):
        return None
    for field in schemas.load("aliases.json")["fields"][0]:
        if isinstance(value := message.get(field), str) and value:
            return names.normal(value)
    return None


def _compact(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
