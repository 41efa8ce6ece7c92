"""Two messages side by side, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tchat_conform.expect import same
from tchat_conform.reports.text import value_text
from tchat_conform.verdict import Message
from tchat_protocol import messages, schemas


class Mark(StrEnum):
    """How a field of the message received relates to the one expected."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    OTHER = "not compared"


@dataclass(frozen=True, slots=True)
class Row:
    """One field: its value on either side as JSON, None where it is absent, and a note that helps.

    ``example`` is a value that a missing field could have, where no certain one is expected.
    """

    name: str
    expected: str | None
    received: str | None
    mark: Mark
    note: str = ""
    example: Any = None


def compare(expected: Message, received: Message, missing: str | None = None) -> list[Row]:
    """Return the fields of both messages: the expected ones first, then what else came.

    ``missing`` is a field that the message needs, though nothing certain is expected of it.
    """
    faults = dict(_faults(expected, received))
    if missing is not None and missing not in {*expected, *received}:
        faults.setdefault(missing, f"{missing} is missing")
    absent = [name for name in expected if name not in received]
    rows = [_expected_row(name, expected[name], received, faults.get(name, "")) for name in expected]
    examples = _example(expected)
    rows += [
        Row(name, None, None, Mark.MISSING, faults[name], examples.get(name))
        for name in faults
        if name not in {*expected, *received}
    ]
    for name in received:
        if name not in expected:
            rows.append(_other_row(name, received[name], faults.get(name, ""), expected, absent))
    return rows


def _expected_row(name: str, value: Any, received: Message, fault: str) -> Row:
    if name not in received:
        return Row(name, value_text(value), None, Mark.MISSING)
    mark = Mark.SAME if same(received[name], value) and not fault else Mark.DIFFERENT
    return Row(name, value_text(value), value_text(received[name]), mark, fault)


def _other_row(name: str, value: Any, fault: str, expected: Message, absent: list[str]) -> Row:
    if fault:
        return Row(name, None, value_text(value), Mark.DIFFERENT, fault)
    twin = next((each for each in absent if _tells(value) and same(expected[each], value)), None)
    return Row(name, None, value_text(value), Mark.OTHER, f"the value of {twin}" if twin else "")


def _tells(value: Any) -> bool:
    """Tell whether a value found under another name is no coincidence."""
    return isinstance(value, str | list) and bool(value)


def _example(expected: Message) -> Mapping[str, Any]:
    """Return the example that the schema of a message gives."""
    action = expected.get("action")
    kind = _kind(action)
    if action not in schemas.actions(kind):
        return {}
    found: Mapping[str, Any] = schemas.schema(kind, str(action))["examples"][0]
    return found


def _kind(action: Any) -> schemas.Kind:
    """Return whether an action is that of a request, which clients send, or else of an answer."""
    return "requests" if action in schemas.actions("requests") else "answers"


def _faults(expected: Message, received: Message) -> Mapping[str, str]:
    """Return what the schema finds wrong with the message received, by field."""
    if "action" not in expected or received.get("action") != expected["action"]:
        return {}
    found = messages.problems(_kind(expected["action"]), dict(received))
    return {each.field.split("/")[1]: each.sentence for each in reversed(found) if each.field}
