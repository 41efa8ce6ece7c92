"""Turns a schema validator's error into a field and a sentence that its author can act on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import ValidationError

ARTICLES = {"object": "an object", "array": "a list", "string": "a string", "integer": "an integer",
            "number": "a number", "boolean": "true or false", "null": "null"}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a message: JSON pointer of the field, the schema keyword it breaks, a sentence."""

    field: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def problem(error: ValidationError) -> Problem:
    """Return the problem that a validation error of jsonschema stands for."""
    rule = str(error.validator)
    field = "".join("/" + _escape(part) for part in error.absolute_path)
    if rule == "required":
        field += "/" + _escape(_missing(error))
    name = field.lstrip("/") or "the message"
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    says = _SENTENCES[rule](error.validator_value, error.instance, schema)
    return Problem(field, rule, f"{name} {says}")


def kind_of(value: Any) -> str:
    """Return the JSON type of a value, with an article.

    >>> kind_of(None), kind_of(True), kind_of(1.5), kind_of([])
    ('null', 'true or false', 'a number', 'a list')
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def _escape(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _missing(error: ValidationError) -> str:
    # jsonschema reports each missing field as an error of its own but names it in the text alone
    required: Any = error.validator_value
    return str(next(name for name in required if error.message.startswith(repr(name) + " ")))


def _wanted(types: str | list[str]) -> str:
    return " or ".join(ARTICLES[each] for each in ([types] if isinstance(types, str) else types))


def _any_of(options: list[Mapping[str, Any]], value: Any, schema: Mapping[str, Any]) -> str:
    types = [option["type"] for option in options if "type" in option]
    if len(types) == len(options) and not any(_has_type(value, each) for each in types):
        return f"must be {' or '.join(ARTICLES[each] for each in types)}, not {kind_of(value)}"
    return f"must be as in its schema: {str(schema.get('description', 'one of several forms')).rstrip('.')}"


def _has_type(value: Any, json_type: str) -> bool:
    return kind_of(value) == ("a number" if json_type == "integer" else ARTICLES[json_type])


def _pattern(pattern: str, value: Any, schema: Mapping[str, Any]) -> str:
    return f"must look like {next(iter(schema.get('examples', [])), pattern)}, not {value!r}"


_SENTENCES: dict[str, Callable[[Any, Any, Mapping[str, Any]], str]] = {
    "required": lambda _rule, _value, _schema: "is missing",
    "type": lambda rule, value, _: f"must be {_wanted(rule)}, not {kind_of(value)}",
    "const": lambda rule, value, _: f"must be {rule!r}, not {value!r}",
    "enum": lambda rule, value, _: f"must be one of {', '.join(map(str, rule))}, not {value!r}",
    "minLength": lambda _rule, _value, _schema: "must not be empty",
    "maxLength": lambda rule, value, _: f"must have at most {rule} characters, not {len(value)}",
    "not": lambda _rule, _value, _schema: "must not contain white space, control characters or ';'",
    "pattern": _pattern,
    "minimum": lambda rule, value, _: f"must be at least {rule}, not {value}",
    "maximum": lambda rule, value, _: f"must be at most {rule}, not {value}",
    "uniqueItems": lambda _rule, _value, _schema: "must hold each item once",
    "maxItems": lambda rule, value, _: f"must hold at most {rule} items, not {len(value)}",
    "anyOf": _any_of,
}
