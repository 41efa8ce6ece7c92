"""Messages against the schemas, in both directions: what a request says, and whether a message has its form.

jsonschema-rs gives the verdict (every message in production passes here), jsonschema the explanation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from tchat_protocol import names, schemas
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.explain import Problem, kind_of, problem
from tchat_protocol.schemas import Kind
from tchat_protocol.values import Value

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

MAX_REPLY_BYTES = 1_048_576
"""What a client accepts at least, and a server's pages stay within (W-SIZE-3)."""

MAX_ECHOED_ACTION = 64

NAME_DEFINITIONS = frozenset(f"../common.json#/$defs/{name}" for name in ("userName", "groupName"))
INTEGER_DEFINITIONS = frozenset(f"../common.json#/$defs/{name}" for name in ("limit", "before"))


class InvalidMessage(ValueError):  # noqa: N818 - the field's standard term
    """A message that does not have the form of its schema; ``problems`` say where and why."""

    def __init__(self, action: Any, problems: list[Problem]) -> None:
        super().__init__(f"{action}: " + "; ".join(str(each) for each in problems))
        self.problems = problems


class Request(Value, frozen=True):
    """A valid request in standard form: aliases resolved, names normalised, integers of type int.

    ``sender`` is the name the request is sent under, whatever its field is called (None for client-error);
    ``fields`` are all fields but action and id, unknown ones included; the answer repeats ``id``.
    """

    action: str
    sender: str | None
    fields: Mapping[str, Any]
    id: str | int | None


@dataclass(frozen=True, slots=True)
class _Rules:
    """What reading a request of one action looks at, found once: every request passes here.

    ``action`` is the standard one; ``aliases`` are the required fields that may be called otherwise, each with what
    it may be called; ``sender`` is the field of the sender's name.
    """

    action: str
    is_valid: Callable[[Any], bool]
    aliases: tuple[tuple[str, tuple[str, ...]], ...]
    sender: str | None
    names: tuple[str, ...]
    integers: tuple[str, ...]


@cache
def _rules(action: str) -> _Rules:
    required = schemas.schema("requests", action)["required"]
    aliases = [(field, tuple(alike)) for alike in schemas.load("aliases.json")["fields"] for field in alike]
    return _Rules(
        action,
        _verdict("requests", action).is_valid,
        tuple((field, alike) for field, alike in aliases if field in required),
        request_name_field(action),
        _fields(action, NAME_DEFINITIONS),
        _fields(action, INTEGER_DEFINITIONS),
    )


@cache
def _standard() -> dict[str, _Rules]:
    """Return how to read a request, by the name of its action."""
    return {action: _rules(action) for action in schemas.actions("requests")}


@cache
def _tolerated() -> dict[str, _Rules]:
    """Return how to read a request, by every name of its action that a server takes unless it is strict."""
    return _standard() | {name: _rules(action) for name, action in schemas.load("aliases.json")["actions"].items()}


@cache
def _verdicts(kind: Kind) -> dict[str, Callable[[Any], bool]]:
    """Return what tells whether a message has its form, by the action."""
    return {action: _verdict(kind, action).is_valid for action in schemas.actions(kind)}


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(each["$id"], each) for each in schemas.every()])


@cache
def _verdict(kind: Kind, action: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.schema(kind, action), registry=_registry())


@cache
def _explainer(kind: Kind, action: str) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - it takes time, and few programs explain anything

    return Draft202012Validator(schemas.schema(kind, action), registry=schemas.registry())


def prepare() -> None:
    """Compile every schema now, some 50 ms of work, rather than at the first message of each kind.

    What explains a bad message is imported too, which takes as long.
    """
    _tolerated()
    for kind in ("requests", "answers"):
        _verdicts(kind)
    _explainer("requests", "join")


def is_valid(kind: Kind, message: Any) -> bool:
    """Tell whether a message has the form of the request or answer that its action names."""
    action = message.get("action") if isinstance(message, dict) else None
    verdict = _verdicts(kind).get(action) if isinstance(action, str) else None
    return verdict is not None and verdict(message)


def problems(kind: Kind, message: Any) -> list[Problem]:
    """Return what keeps a message from having the form of its schema, in the order of its fields."""
    if not isinstance(message, dict):
        return [Problem("", "type", "a message is a JSON object")]
    action = message.get("action")
    if not isinstance(action, str):
        if "action" in message:
            return [Problem("/action", "type", f"action must be a string, not {kind_of(action)}")]
        return [Problem("/action", "required", "action is missing")]
    if action not in schemas.actions(kind):
        return [Problem("/action", "enum", f"{action!r} is no action of the {kind}")]
    fields = list(schemas.schema(kind, action)["properties"])
    found = {problem(error) for error in _explainer(kind, action).iter_errors(message)}
    return sorted(found, key=lambda each: (fields.index(each.field.split("/")[1]), each))


def check_answer(message: Mapping[str, Any]) -> None:
    """Raise InvalidMessage unless the message is a valid answer: a server sends nothing else (A-FORM-1)."""
    if not is_valid("answers", message):
        raise InvalidMessage(message.get("action"), problems("answers", message))


def check_request(message: Mapping[str, Any]) -> None:
    """Raise InvalidMessage unless the message is a valid request in standard form."""
    if not is_valid("requests", message):
        raise InvalidMessage(message.get("action"), problems("requests", message))


def parse_request(message: Mapping[str, Any], *, strict: bool = False) -> Request:
    """Read a request as a server does (E-ORDER-1), taking the tolerated aliases unless ``strict``.

    Raises Refusal with unknown-action, or with bad-message and the field at fault.
    """
    action = message.get("action")
    if not isinstance(action, str):
        raise _bad_message(problems("requests", message)[0])
    rules = (_standard() if strict else _tolerated()).get(action)
    if rules is None:
        shown = action[:MAX_ECHOED_ACTION]
        raise Refusal(ErrorCode.UNKNOWN_ACTION, f"This server knows no action {shown!r}.")
    candidate = {**message, "action": rules.action}
    if not strict:
        _resolve_field_aliases(rules, candidate)
    _check(rules, candidate)
    _normalise_names(rules, candidate)
    for field in rules.integers:
        if field in candidate:
            candidate[field] = int(candidate[field])  # 20.0 is an integer in JSON Schema, and a float in Python
    del candidate["action"]
    identifier = candidate.pop("id", None)
    return Request(rules.action, candidate[rules.sender] if rules.sender else None, candidate, identifier)


def request_name_field(action: str) -> str | None:
    """Return the field of a request that holds its sender: from, sender or name; None in client-error."""
    required = schemas.schema("requests", action)["required"]
    return next((field for field in schemas.load("aliases.json")["fields"][0] if field in required), None)


def echo(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``request`` and ``id`` that a server-error repeats from a request, if they are legible.

    A longer action is no action anybody defined; it is left out, not cut (E-ECHO-1).
    """
    echoed: dict[str, Any] = {}
    action = message.get("action")
    if isinstance(action, str) and len(action) <= MAX_ECHOED_ACTION:
        echoed["request"] = action
    if _id_validator().is_valid(message.get("id")):
        echoed["id"] = message["id"]
    return echoed


@cache
def _id_validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.load("common.json")["$defs"]["id"])


def _resolve_field_aliases(rules: _Rules, message: dict[str, Any]) -> None:
    for field, alike in rules.aliases:
        if field not in message:
            alias = next((other for other in alike if other in message), None)
            if alias is not None:
                message[field] = message.pop(alias)


def _check(rules: _Rules, message: dict[str, Any]) -> None:
    if not rules.is_valid(message):
        raise _bad_message(problems("requests", message)[0])


def _normalise_names(rules: _Rules, message: dict[str, Any]) -> None:
    changed = False
    for field in rules.names:
        if field in message and not message[field].isascii():
            message[field] = names.normal(message[field])
            changed = True
    if changed:  # NFC can lengthen a name, and turns U+037E into a semicolon
        _check(rules, message)


@cache
def _fields(action: str, definitions: frozenset[str]) -> tuple[str, ...]:
    properties = schemas.schema("requests", action)["properties"]
    return tuple(field for field, rule in properties.items() if rule.get("$ref") in definitions)


def _bad_message(fault: Problem) -> Refusal:
    return Refusal(ErrorCode.BAD_MESSAGE, f"{fault.sentence[:1].upper()}{fault.sentence[1:]}.", fault.field)
