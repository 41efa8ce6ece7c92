"""Turns a schema validator's error into a field and a sentence that its author can act on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

ARTICLES = {"object": "an object", "array": "a list", "string": "a string", "integer": "an integer",
            "number": "a number", "boolean": "true or false", "null": "null"}  # fmt: skip

MAX_SHOWN = 80
"""No sentence repeats more of a value than this many characters."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a message: JSON pointer of the field, the schema keyword it breaks, a sentence."""

    field: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def problem(error: "ValidationError") -> Problem:
    """Return the problem that a validation error of jsonschema stands for."""
    error = _meant(error)
    rule = str(error.validator)
    field = "".join("/" + _escape(part) for part in error.absolute_path)
    if rule == "required":
        field += "/" + _escape(_missing(error))
    name = field.lstrip("/") or "the message"
    return Problem(field, rule, f"{name} {_SENTENCES[rule](error)}")


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


def _missing(error: "ValidationError") -> str:
    # jsonschema reports each missing field as an error of its own but names it in the text alone
    required: Any = error.validator_value
    return str(next(name for name in required if error.message.startswith(repr(name) + " ")))


def _meant(error: "ValidationError") -> "ValidationError":
    """Return, of an anyOf, the error in the form that has the value's type: the one its author meant."""
    mistyped = {each.schema_path[0] for each in _mistyped(error)}
    meant = (each for each in error.context or [] if each.schema_path[0] not in mistyped)
    return next(meant, error)


def _mistyped(error: "ValidationError") -> "list[ValidationError]":
    return [each for each in error.context or [] if each.validator == "type" and not each.path]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _any_of(error: "ValidationError") -> str:
    wanted = " or ".join(ARTICLES[str(each.validator_value)] for each in _mistyped(error))
    return f"must be {wanted}, not {kind_of(error.instance)}"


def _pattern(error: "ValidationError") -> str:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    looks = next(iter(schema.get("examples", [])), error.validator_value)
    return f"must look like {looks}, not {_shown(error.instance)}"


def _enum(error: "ValidationError") -> str:
    allowed: Any = error.validator_value
    return f"must be one of {', '.join(map(str, allowed))}, not {_shown(error.instance)}"


def _at_most(things: str, error: "ValidationError") -> str:
    value: Any = error.instance
    return f"at most {error.validator_value} {things}, not {len(value)}"


_SENTENCES: "dict[str, Callable[[ValidationError], str]]" = {
    "required": lambda _: "is missing",
    "type": lambda error: f"must be {ARTICLES[str(error.validator_value)]}, not {kind_of(error.instance)}",
    "const": lambda error: f"must be {error.validator_value!r}, not {_shown(error.instance)}",
    "enum": _enum,
    "minLength": lambda _: "must not be empty",
    "maxLength": lambda error: f"must have {_at_most('characters', error)}",
    "not": lambda _: "must not contain white space, control characters or ';'",
    "pattern": _pattern,
    "minimum": lambda error: f"must be at least {error.validator_value}, not {_shown(error.instance)}",
    "maximum": lambda error: f"must be at most {error.validator_value}, not {_shown(error.instance)}",
    "uniqueItems": lambda _: "must hold each item once",
    "maxItems": lambda error: f"must hold {_at_most('items', error)}",
    "anyOf": _any_of,
}
