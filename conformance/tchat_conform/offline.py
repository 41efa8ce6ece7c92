"""Judges what was recorded, or written by hand, without a network."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tchat_conform.form import Fault, Side, faults_of, side_of
from tchat_conform.observe import Observer, Seen, without_followers
from tchat_conform.places import Lines, value_at
from tchat_conform.recording import is_recording, read_events
from tchat_conform.reports.sightings import compact
from tchat_conform.requirements import requirements
from tchat_conform.stream import Sighting, Stream
from tchat_protocol.framing import BadInput

_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Unreadable(ValueError):  # noqa: N818 - said of a file, not of the program
    """There is nothing in a file that could be judged; the message says why."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One fault with its place. ``column`` is None in a recording, whose lines hold escaped segments.

    ``shown`` is the text at fault; ``caret`` is where in it, None where there is no such place.
    """

    line: int
    column: int | None
    side: Side
    fault: Fault
    shown: str
    caret: int | None = None
    connection: int | None = None
    user: str | None = None
    action: str | None = None


@dataclass(slots=True)
class Judgement:
    """What a file came to: how many messages it has, how many of them are invalid, and why."""

    messages: int = 0
    invalid: int = 0
    complaints: list[Complaint] = field(default_factory=list)

    def add(self, complaints: list[Complaint]) -> None:
        """Count one message with its faults."""
        self.messages += 1
        self.invalid += bool(complaints)
        self.complaints += complaints


def judge_text(data: bytes, side: Side | None = None) -> Judgement:
    """Judge the bytes of a file: a recording, or messages one after the other.

    ``side`` says who sends the messages; without it the action of each tells. In a recording that is written down,
    and ``side`` leaves the others out. Raises Unreadable, or NoRecording for a recording with a bad line.
    """
    if data.startswith(_UTF_16_MARKS):
        raise Unreadable("it is UTF-16; save it as UTF-8.")
    data = data.removeprefix(_UTF_8_MARK)  # an editor's, no part of a message
    first, _, _ = data.partition(b"\n")
    if is_recording(first.decode("utf-8", "replace")):
        judgement = _judge_recording(data, side)
    else:
        judgement = _judge_messages(data, side)
    if not judgement.messages:
        raise Unreadable("there is no message in it.")
    return judgement


def _judge_messages(data: bytes, side: Side | None) -> Judgement:
    judgement, stream = Judgement(), Stream()
    source = _Source(data)
    for sighting, _ in without_followers(stream.feed(data)):
        judgement.add(list(_complaints(source, sighting, side)))
    if (wrong := stream.end()) is not None:
        fault = Fault("", "bad-json", wrong.reason, requirements()["W-BAD-1"])
        judgement.add([source.complaint(stream.begun, side or "client", fault)])
    return judgement


def _complaints(source: "_Source", sighting: Sighting, given: Side | None) -> Iterator[Complaint]:
    value = sighting.value
    side = given or (side_of(value) if not isinstance(value, BadInput) else "client")
    for fault in faults_of(side, value, sighting.size):
        if sighting.wrong is not None:
            yield source.complaint(sighting.wrong.offset, side, fault)
        else:
            yield source.in_message(sighting, side, fault)


class _Source:
    """A file of messages: its bytes, in which the decoder counts, as text in which people do."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._lines = Lines(data)

    def in_message(self, sighting: Sighting, side: Side, fault: Fault) -> Complaint:
        """Complain of a field of a message, at its value."""
        text = self._data[sighting.start : sighting.end].decode()
        at = len(text[: value_at(text, 0, fault.field)].encode())
        action = None if isinstance(sighting.value, BadInput) else sighting.value.get("action")
        return self.complaint(sighting.start + at, side, fault, action if isinstance(action, str) else None)

    def complaint(self, offset: int, side: Side, fault: Fault, action: str | None = None) -> Complaint:
        """Complain of the text at a byte."""
        place = self._lines.place(offset)
        return Complaint(place.line, place.column, side, fault, place.text, place.column - 1, action=action)


def _judge_recording(data: bytes, side: Side | None) -> Judgement:
    judgement, observer = Judgement(), Observer()
    try:
        lines = re.findall(r"[^\n]*\n|[^\n]+", data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is a recording, but no UTF-8 at byte {error.start + 1}.") from error
    for event in read_events(lines):
        for seen in observer.take(event):
            if side in {None, seen.side}:
                judgement.add([_recorded(seen, fault) for fault in seen.faults])
    for number, sender, begun, reason in observer.unfinished():
        if side in {None, sender}:
            known = requirements()["W-JSON-1" if sender == "server" else "W-VANISH-1"]
            fault = Fault("", "unfinished", reason, known)
            judgement.add([Complaint(begun.line, None, sender, fault, "", connection=number)])
    return judgement


def _recorded(seen: Seen, fault: Fault) -> Complaint:
    return Complaint(
        seen.begun.line,
        None,
        seen.side,
        fault,
        compact(seen.sighting.value),
        connection=seen.event.connection,
        user=seen.user,
        action=seen.action,
    )
