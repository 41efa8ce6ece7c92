"""Finds schemas/ and PROTOCOL.md and compiles the schemas: the one place that knows where the data lives."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from referencing import Registry

Kind = Literal["requests", "answers"]
Schema = dict[str, Any]

_CHECKOUT = Path(__file__).resolve().parents[3]


def _data(name: str) -> Traversable:
    packaged = files("tchat_protocol") / name
    return packaged if packaged.is_dir() or packaged.is_file() else _CHECKOUT / name


def protocol_text() -> str:
    """Return the text of PROTOCOL.md."""
    return _data("PROTOCOL.md").read_text(encoding="utf-8")


@cache
def load(path: str) -> Any:
    """Return the JSON value of one file of schemas/, such as ``requests/join.json``.

    Raises FileNotFoundError if there is no such file.
    """
    file = _data("schemas")
    for part in path.split("/"):
        file = file / part
    return json.loads(file.read_text(encoding="utf-8"))


@cache
def actions(kind: Kind) -> tuple[str, ...]:
    """Return the actions of all requests or all answers, in the order of any-request and any-answer."""
    return tuple(load(f"any-{kind[:-1]}.json")["properties"]["action"]["enum"])


@cache
def schema(kind: Kind, action: str) -> Schema:
    """Return the schema of one request or answer. Raises KeyError for an unknown action."""
    if action not in actions(kind):
        raise KeyError(action)
    loaded: Schema = load(f"{kind}/{action}.json")
    return loaded


@cache
def every() -> tuple[Schema, ...]:
    """Return all schemas: the common definitions, any-request and any-answer, and one for each message."""
    paths = ["common.json", "any-request.json", "any-answer.json"]
    paths += [f"requests/{action}.json" for action in actions("requests")]
    paths += [f"answers/{action}.json" for action in actions("answers")]
    return tuple(load(path) for path in paths)


@cache
def registry() -> "Registry[bool | Mapping[str, Any]]":
    """Return every schema under its ``$id``, so that references between files resolve without a network."""
    from referencing import Registry, Resource  # noqa: PLC0415 - it takes time, and few programs explain anything
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    found = [(each["$id"], Resource.from_contents(each, DRAFT202012)) for each in every()]
    return Registry[bool | Mapping[str, Any]]().with_resources(found)


def answer_to(action: str) -> str | None:
    """Return the action that answers a request's action, or None where the request has no answer.

    >>> answer_to("client-hello"), answer_to("join"), answer_to("client-error")
    ('server-hello', 'server-join', None)
    """
    return None if action == "client-error" else f"server-{action.removeprefix('client-')}"
