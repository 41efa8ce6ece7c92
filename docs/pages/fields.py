"""The fields of a message and the values they may have, in words, from its schema."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tchat_protocol import schemas
from tchat_protocol.schemas import Kind, Schema

LARGEST = 2**53 - 1
"""The largest integer that every language has: a bound that says nothing to a reader."""

FEW = 10
"""As many words are listed."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``path`` has the list it is in: ``messages[].seq``; ``definition`` names a common value."""

    path: str
    required: bool
    value: str
    definition: str | None
    about: str


@dataclass(frozen=True, slots=True)
class Value:
    """One kind of value that several messages share."""

    name: str
    title: str
    value: str
    about: str
    example: Any


def fields(kind: Kind, action: str) -> list[Field]:
    """Return the fields of a request or answer in the order of its schema, those of its items behind each list."""
    return [each for each in _fields(schemas.schema(kind, action), "") if each.path != "action"]


def _fields(schema: Schema, prefix: str) -> Iterator[Field]:
    for name, rule in schema["properties"].items():
        whole = resolved(rule)
        yield Field(prefix + name, name in schema["required"], value(rule), _definition(rule), whole["description"])
        items = resolved(whole.get("items", {}))
        if "properties" in items:
            yield from _fields(items, f"{prefix}{name}[].")


def values() -> list[Value]:
    """Return the values that common.json defines, but for objects and other names of the same."""
    defined = schemas.load("common.json")["$defs"]
    return [
        Value(
            name, rule["title"], value(rule), rule["description"], [*rule.get("examples", []), *rule.get("enum", [])][0]
        )
        for name, rule in defined.items()
        if "$ref" not in rule and rule.get("type") != "object"
    ]


def resolved(rule: Schema) -> Schema:
    """Return a rule with what it refers to filled in; what it says itself comes first."""
    name = _reference(rule)
    return rule if name is None else resolved(schemas.load("common.json")["$defs"][name]) | rule


def _definition(rule: Schema) -> str | None:
    """Return the definition that a rule refers to in the end, such as name by way of userName."""
    name = _reference(rule)
    return None if name is None else _definition(schemas.load("common.json")["$defs"][name]) or name


def _reference(rule: Schema) -> str | None:
    return None if "$ref" not in rule else str(rule["$ref"]).rpartition("/")[2]


def value(rule: Schema) -> str:
    """Say which values a rule allows, such as ``string of 1 to 32 characters``."""
    rule = resolved(rule)
    if "const" in rule:
        return f"always {rule['const']}"
    if "anyOf" in rule:
        return " or ".join(map(value, rule["anyOf"]))
    in_words = _OF_TYPE.get(rule["type"])
    return str(rule["type"]) if in_words is None else in_words(rule)


def _string(rule: Schema) -> str:
    if "enum" in rule:
        words: list[str] = rule["enum"]
        return f"one of {len(words)} words" if len(words) > FEW else f"one of {', '.join(words)}"
    if "pattern" in rule:
        return f"string such as {rule['examples'][0]}"
    return "string" + _span(rule.get("minLength", 0), rule.get("maxLength"), " of {} characters")


def _integer(rule: Schema) -> str:
    return "integer" + _span(rule.get("minimum"), rule.get("maximum"), " from {}")


def _array(rule: Schema) -> str:
    what = "objects" if resolved(rule["items"])["type"] == "object" else "strings"
    return f"list of {what}, each once" if rule.get("uniqueItems") else f"list of {what}"


def _span(low: int | None, high: int | None, words: str) -> str:
    if high is None or low == -LARGEST:
        return ""
    if high == LARGEST:
        return words.format(low)
    return words.format(f"{low:,} to {high:,}" if low else f"at most {high:,}")


_OF_TYPE: Mapping[str, Callable[[Schema], str]] = {
    "string": _string,
    "integer": _integer,
    "array": _array,
    "boolean": lambda _: "true or false",
}
