"""What checking one message costs, by library; those that are not installed are left out."""

import timeit
from collections.abc import Callable
from importlib import import_module
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator

from benchmarks.contest import Effort
from benchmarks.results import Line
from tchat_protocol import schemas
from tchat_protocol.schemas import Kind

MESSAGES: dict[str, tuple[Kind, dict[str, Any]]] = {
    "request gbroadcast": ("requests", schemas.schema("requests", "gbroadcast")["examples"][0]),
    "answer server-gbroadcast": ("answers", schemas.schema("answers", "server-gbroadcast")["examples"][0]),
}

Check = Callable[[dict[str, Any]], object]


def validators(effort: Effort) -> list[Line]:
    """Check one message against its schema, by each library, compared with the one in use."""
    return [line for case, (kind, message) in MESSAGES.items() for line in _case(effort, case, kind, message)]


def _case(effort: Effort, case: str, kind: Kind, message: dict[str, Any]) -> list[Line]:
    checks = _checks(kind, message["action"])
    times: dict[str, list[float]] = {name: [] for name in checks}
    for _ in range(effort.repeats):
        for name, check in checks.items():
            times[name].append(_microseconds(check, message, 20 if effort.quick else 2_000))
    used = next(iter(checks))
    return [
        Line(
            "validators", case, "one check", "µs", name, values,
            None if name == used else used, () if name == used else times[used],
        )
        for name, values in times.items()
    ]  # fmt: skip


def _microseconds(check: Check, message: dict[str, Any], number: int) -> float:
    return timeit.timeit(lambda: check(message), number=number) / number * 1e6


def _checks(kind: Kind, action: str) -> dict[str, Check]:
    """Return each library's check of one message; the first is the one in use."""
    schema = schemas.schema(kind, action)
    known = jsonschema_rs.Registry([(each["$id"], each) for each in schemas.every()])
    checks: dict[str, Check] = {
        "jsonschema-rs": jsonschema_rs.Draft202012Validator(schema, registry=known).is_valid,
        "jsonschema": Draft202012Validator(schema, registry=schemas.registry()).is_valid,
    }
    try:
        fastjsonschema = import_module("fastjsonschema")
    except ImportError:
        return checks
    handlers = {"https": lambda uri: next(each for each in schemas.every() if each["$id"] == uri)}
    return checks | {"fastjsonschema": fastjsonschema.compile(schema, handlers=handlers)}
