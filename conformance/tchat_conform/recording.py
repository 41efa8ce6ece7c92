"""Recordings of what passed between clients and a server: JSON Lines, one segment a line (schemas/recording.json).

Segments are the master form: messages, and how they were cut, follow from them, and never the other way round.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TextIO

import jsonschema_rs

from tchat_conform.form import Side
from tchat_protocol import schemas

VERSION = "1.0"

What = Literal["opened", "bytes", "ended", "reset", "failed"]


class NoRecording(ValueError):  # noqa: N818 - said of a file, not of the program
    """A line is not what schemas/recording.json says; the message names the line and the rule."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on a connection: it opened, bytes passed, a side ended its stream or reset it.

    ``connection`` counts from 1. ``side`` is who did it. ``data`` is what passed, as one read gave it. ``line`` is
    where it stands in the file, 0 if in none.
    """

    at: datetime
    connection: int
    side: Side
    what: What
    data: bytes = b""
    note: str = ""
    line: int = 0


class Recorder:
    """Writes events to a file, each flushed at once, so that a program that is stopped loses none."""

    def __init__(self, file: TextIO, target: str) -> None:
        self._file = file
        self._write({"recording": VERSION, "began": stamp(datetime.now(UTC)), "to": target})

    def __call__(self, event: Event) -> None:
        """Write one event."""
        self._write(event_json(event))

    def _write(self, value: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._file.flush()


def event_json(event: Event) -> dict[str, Any]:
    """Return an event as schemas/recording.json describes it: bytes as text where they are UTF-8, else in base64."""
    form = {
        "at": stamp(event.at),
        "connection": event.connection,
        "from": event.side,
        "event": event.what,
    }
    if event.what == "bytes":
        try:
            form["text"] = event.data.decode("utf-8")
        except UnicodeDecodeError:
            form["base64"] = base64.b64encode(event.data).decode("ascii")
    if event.note:
        form["note"] = event.note
    return form


def is_recording(first_line: str) -> bool:
    """Tell whether a file with this first line is a recording, not a message that somebody wrote."""
    try:
        value = json.loads(first_line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "recording" in value and "action" not in value


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events of a recording. Raises NoRecording at the first line that is none.

    A last line without its line feed is left out: the recorder was killed in the middle of it.
    """
    for number, line in enumerate(lines, 1):
        if not line.endswith("\n"):
            return
        value = _checked(number, line)
        if "recording" not in value:
            yield _event(number, value)


def stamp(when: datetime) -> str:
    """Return a time in the form that the protocol has for it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _checked(number: int, line: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NoRecording(f"line {number} is not JSON: {error}.") from error
    if fault := next(_schema().iter_errors(value), None):
        raise NoRecording(f"line {number} is no line of a recording: {fault.message[:200]}.")
    return value


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.load("recording.json"))


def _event(number: int, value: Mapping[str, Any]) -> Event:
    try:
        data = base64.b64decode(value["base64"], validate=True) if "base64" in value else value.get("text", "").encode()
        at = datetime.fromisoformat(value["at"])
    except ValueError as error:  # text with a lone surrogate among them
        raise NoRecording(f"line {number} is no line of a recording: {error}.") from error
    return Event(at, value["connection"], value["from"], value["event"], data, value.get("note", ""), number)
