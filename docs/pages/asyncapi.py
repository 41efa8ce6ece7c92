"""The protocol as an AsyncAPI 3 description, for the tools that read one: documentation, generators, mocks.

The description is the server's: it receives requests, replies to them, and sends what others did. AsyncAPI's own schema
language is a superset of JSON Schema draft 7, where nothing may stand beside a ``$ref``; so references are wrapped.
"""

import json
import re
from typing import Any

from tchat_protocol import schemas
from tchat_protocol.schemas import Schema

CHANNEL = "#/channels/connection"
DROPPED = {"$schema", "$id", "examples"}
DESCRIPTION = (
    "A chat protocol for a classroom: JSON objects over TCP, one after the other, each followed by a line feed. "
    "Any client works with any server. PROTOCOL.md is the specification; this is made from its schemas."
)


def asyncapi() -> str:
    """Return the description as JSON."""
    return json.dumps(description(), ensure_ascii=False, indent=2) + "\n"


def description() -> dict[str, Any]:
    """Return the description."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "tchat",
            "version": schemas.schema("answers", "server-hello")["properties"]["version"]["const"],
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "127.0.0.1:8080", "protocol": "tcp", "description": "A server on this machine."}},
        "channels": {"connection": _connection()},
        "operations": {**{action: _request(action) for action in schemas.actions("requests")}, "deliver": _delivery()},
        "components": {
            "messages": {action: _message(action) for action in _actions()},
            "schemas": {name: _converted(rule) for name, rule in schemas.load("common.json")["$defs"].items()},
        },
    }


def _connection() -> dict[str, Any]:
    return {
        "title": "One TCP connection",
        "description": "Bound to one user's name by its first request.",
        "servers": [{"$ref": "#/servers/local"}],
        "messages": {action: {"$ref": f"#/components/messages/{action}"} for action in _actions()},
    }


def _delivery() -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": CHANNEL},
        "summary": "What others did: a copy for everyone concerned.",
        "messages": [_in_channel(action) for action in delivered()],
    }


def delivered() -> list[str]:
    """Return the answers that reach others than the requester, as PROTOCOL.md's two tables say."""
    rows = re.findall(r"^\|[^|]+\|[^|]+\| `(server-[a-z-]+) [^|]+\| ([^|]+) \|$", schemas.protocol_text(), re.MULTILINE)
    return [action for action, to in rows if not to.startswith("requester") or "and" in to]


def _actions() -> tuple[str, ...]:
    return schemas.actions("requests") + schemas.actions("answers")


def _in_channel(action: str) -> dict[str, str]:
    return {"$ref": f"{CHANNEL}/messages/{action}"}


def _request(action: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": "receive",
        "channel": {"$ref": CHANNEL},
        "summary": _schema(action)["title"].partition(": ")[2],
        "messages": [_in_channel(action)],
    }
    answer = schemas.answer_to(action)
    if answer is not None:
        replies = [_in_channel(answer), _in_channel("server-error")]
        operation["reply"] = {"channel": {"$ref": CHANNEL}, "messages": replies}
    return operation


def _schema(action: str) -> Schema:
    return schemas.schema("answers" if action in schemas.actions("answers") else "requests", action)


def _message(action: str) -> dict[str, Any]:
    schema = _schema(action)
    return {
        "name": action,
        "title": schema["title"],
        "summary": schema["description"],
        "payload": _converted(schema),
        "examples": [{"payload": example} for example in schema["examples"]],
    }


def _converted(rule: Any) -> Any:
    """Return a rule of draft 2020-12 in AsyncAPI's schema language."""
    if isinstance(rule, list):
        return [_converted(each) for each in rule]
    if not isinstance(rule, dict):
        return rule
    # What is dropped is a keyword only where a text or a list stands behind it; a field of that name would have a rule.
    kept = {key: value for key, value in rule.items() if key not in DROPPED or isinstance(value, dict)}
    if "$ref" not in kept:
        return {key: _converted(value) for key, value in kept.items()}
    target = {"$ref": f"#/components/schemas/{kept.pop('$ref').rpartition('/')[2]}"}
    return {**kept, "allOf": [target]} if kept else target
