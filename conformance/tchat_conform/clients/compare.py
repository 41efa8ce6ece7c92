"""Requests on trial: whether one is what was typed, and has the form of its schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from tchat_conform.expect import mentions, same
from tchat_protocol import messages, schemas

OF_NO_FORM = frozenset({"action", "id"})


def wrong_with(expected: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """Return why a request is not the one that its user meant; nothing if it is.

    A request is right if everything that was typed stands in it, under whatever names, and it asks for nothing else
    that the protocol knows.
    """
    if envelope := _envelope(request):
        return wrong_with(expected, request[envelope])
    action, meant = request.get("action"), expected["action"]
    if action != meant and _standard(action) != meant and action in schemas.actions("requests"):
        return f"it sent {action} instead of {meant}"
    if lost := next(_lost(expected, request), ""):
        return f"{lost} got lost on the way"
    if added := next(_added(expected, request), ""):
        return f"{added} was sent, which was not typed"
    return ""


def departures(expected: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    """Return in what a request that means the right thing departs from its form."""
    found = []
    envelope = _envelope(request)
    if envelope:
        found.append(f"it stands inside {envelope}")
        return found + departures(expected, request[envelope])
    if request.get("action") != expected["action"]:
        found.append(f"action is {request.get('action')!r}, expected {expected['action']!r}")
    for name, value in expected.items():
        if name in OF_NO_FORM or (name in request and same(request[name], value)):
            continue
        where = next((other for other, each in request.items() if other != name and same(each, value)), None)
        if name in request:
            found.append(f"{name} is {request[name]!r}, expected {value!r}")
        elif where:
            found.append(f"{name} is missing; its value stands in {where}")
        else:
            found.append(f"{name} is missing, expected {value!r}")
    if not found:
        found += [str(each) for each in messages.problems("requests", dict(request))]
    return found


def _envelope(request: Mapping[str, Any]) -> str:
    """Return the field in which the whole request stands, where some clients put it; nothing for other requests."""
    inside = (name for name, value in request.items() if isinstance(value, Mapping) and "action" in value)
    return "" if "action" in request else next(inside, "")


def sender_of(request: Mapping[str, Any]) -> str | None:
    """Return under which name a request is sent, whatever its field is called; None if it says none."""
    if envelope := _envelope(request):
        return sender_of(request[envelope])
    for field in schemas.load("aliases.json")["fields"][0]:
        if isinstance(request.get(field), str):
            return str(request[field])
    return None


def _standard(action: Any) -> Any:
    return schemas.load("aliases.json")["actions"].get(action, action) if isinstance(action, str) else action


def _lost(expected: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    """Yield which of the fields that were typed does not stand anywhere in a request."""
    for name, value in expected.items():
        if name in OF_NO_FORM or (name in request and same(request[name], value)):
            continue
        if isinstance(value, bool):
            if name not in request and not _foreign(expected, request):
                yield name
        elif isinstance(value, int):
            if value not in _numbers(request):
                yield name
        elif not _has(request, value):
            yield name


def _added(expected: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that the protocol has for such a request, and that were not typed."""
    for name in schemas.schema("requests", expected["action"])["properties"]:
        if name in request and name not in expected and name not in OF_NO_FORM and request[name] not in (False, ""):
            yield name


def _has(request: Mapping[str, Any], value: str) -> bool:
    return not value or mentions(request, value)


def _numbers(request: Mapping[str, Any]) -> list[int]:
    found = []
    for each in request.values():
        text = str(each)
        if text.isdecimal():
            found.append(int(text))
    return found


def _foreign(expected: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    """Return the fields that the protocol does not have, in which something may be said in another way."""
    known = {*schemas.schema("requests", expected["action"])["properties"]}
    known |= {alias for alike in schemas.load("aliases.json")["fields"] for alias in alike}
    return [name for name in request if name not in known]


def in_standard_form(request: Mapping[str, Any], meant: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was meant, with the id of what was sent: what the played server answers."""
    return {**meant, **({"id": request["id"]} if "id" in request else {})}
