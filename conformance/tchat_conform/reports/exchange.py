"""The part of a case's log that shows what was wrong, for a reader with little room."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tchat_conform.language import said
from tchat_conform.reports.people import Roles, named
from tchat_conform.reports.text import value_text, visible
from tchat_conform.verdict import Finding, Result
from tchat_conform.wirelog import Direction, Entry

OUR_CLOSE, OUR_CONNECTION = b"we close", b"connected"
PROOFS = ("barrier nox", "still here nox")
"""What the suite says only to prove that the server is past everything before."""
VALUES = (200, 32, 16, 8)
"""Characters of a value that are shown, the more the better."""
ALIASES = (("from", "sender", "name"), ("to", "dest"))
NEVER_CUT = frozenset({"action", "code"})
ABSENCES = (
    "did not get",
    "no answer came",
    "no refusal came",
    "no acknowledgement came",
    "got nothing more",
    "got no ",
)
LEAST_TELLING = frozenset({"action", "ts", "id", "seq"})
LONGEST = 4_000
"""Characters of one entry that are read."""


class Mark(StrEnum):
    """What a step has to do with a finding."""

    NONE = ""
    WRONG = "wrong"
    """It is the message received that the finding is about."""
    MISSING = "missing"
    """It should have come here, and did not."""


@dataclass(frozen=True, slots=True)
class Step:
    """One message or remark of a case; ``message`` is None where it is no JSON object."""

    ms: float
    who: str
    direction: Direction
    text: str
    message: Mapping[str, Any] | None = None
    mark: Mark = Mark.NONE

    @property
    def is_proof(self) -> bool:
        """Whether it is the suite's barrier, or the barrier's way back."""
        return any(each in self.text for each in PROOFS)


def steps(log: Sequence[Entry]) -> list[Step]:
    """Return the steps of a log; what a server sent joined is taken apart, what the suite joined is not."""
    return [step for entry in log for step in _parts(entry)]


def _parts(entry: Entry) -> Iterator[Step]:
    text = entry.data.decode("utf-8", "backslashreplace").strip()[:LONGEST]
    if entry.direction == "·":
        yield Step(entry.ms, entry.who, entry.direction, text)
        return
    left = text
    while left and entry.direction == "←":
        found = _first_object(left)
        if found is None:
            break
        message, length = found
        yield Step(entry.ms, entry.who, entry.direction, left[:length], message)
        left = left[length:].lstrip()
    if left:
        whole = _first_object(left)
        single = whole is not None and whole[1] == len(left)
        yield Step(entry.ms, entry.who, entry.direction, left, whole[0] if whole and single else None)


def _first_object(text: str) -> tuple[dict[str, Any], int] | None:
    try:
        message, length = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return (message, length) if isinstance(message, dict) else None


def log_line(entry: Entry) -> str:
    """Return an entry of a log on one line, a remark of the suite in the reader's language."""
    begin, mark, text = str(entry).partition(" · ")
    return f"{begin}{mark}{said(text)}" if entry.direction == "·" else str(entry)


def told(result: Result, finding: Finding, roles: Roles) -> list[Step]:
    """Return the steps of a case without what concerns others, up to its end, with what the finding is about marked."""
    own = [each for each in steps(result.log) if not (each.direction == "←" and roles.is_foreign(each.text))]
    while own and own[-1].text.encode() == OUR_CLOSE:
        own.pop()
    return _marked(own, finding)


def _marked(own: list[Step], finding: Finding) -> list[Step]:
    lanes = {each.who for each in own}
    subject = next((word for word in finding.sentence.split() if word in lanes), None)
    if is_absence(finding):
        if isinstance(finding.expected, Mapping) and subject is not None:
            awaited = f"no {finding.expected.get('action', 'message')} came"
            own.append(Step(own[-1].ms, subject, "←", awaited, None, Mark.MISSING))
        return own
    wrong = _last(own, lambda each: each.message is not None and each.message == finding.received)
    if wrong is not None and finding.received is not None:
        to_subject = _last(own, lambda each: each.message == finding.received and each.who == subject)
        wrong = wrong if to_subject is None else to_subject
        own[wrong] = replace(own[wrong], mark=Mark.WRONG)
    return own


def is_absence(finding: Finding) -> bool:
    """Tell whether a finding is about what did not come; then what it received is only the last that did."""
    return any(each in finding.sentence for each in ABSENCES)


def _last(own: Sequence[Step], wanted: Any) -> int | None:
    return next((number for number in range(len(own) - 1, -1, -1) if wanted(own[number])), None)


def excerpt(result: Result, finding: Finding, roles: Roles, lines: int) -> list[Step]:
    """Return at most so many steps: the request that failed, and what followed it up to the verdict."""
    own = told(result, finding, roles)
    quiet = [each for each in own if each.text.encode() != OUR_CONNECTION]
    first = _request(quiet, finding)
    wrong = _last(quiet, lambda each: each.mark is Mark.WRONG)
    missing = _last(quiet, lambda each: each.mark is Mark.MISSING)
    told_from = quiet[first:]
    if wrong is not None and wrong > first and missing is None:
        told_from = quiet[first : wrong + 1]
    told_from = [each for each in told_from if not each.is_proof or each is told_from[0]]
    if len(told_from) <= lines:
        return told_from
    kept = [each for each in told_from[1:] if each.mark is not Mark.NONE][-(lines - 1) :]
    others = [each for each in told_from[1:] if each not in kept][: lines - 1 - len(kept)]
    return [told_from[0], *(each for each in told_from[1:] if each in kept or each in others)]


def _request(own: Sequence[Step], finding: Finding) -> int:
    """Return the number of the step that asked for what the finding is about, as far as one can tell."""
    expected = finding.expected if isinstance(finding.expected, Mapping) else {}
    if "id" in expected:
        asked = _last(own, lambda each: each.direction == "→" and (each.message or {}).get("id") == expected["id"])
        if asked is not None:
            return asked
    wrong = _last(own, lambda each: each.mark is Mark.WRONG)
    before = own[:wrong] if wrong is not None else own
    asked = _last(before, lambda each: each.direction == "→" and not each.is_proof)
    if asked is None:
        asked = _last(own, lambda each: each.direction == "→")
    return asked or 0


# -- shorter ----------------------------------------------------------------------------------------------


def middle_out(text: str, width: int) -> str:
    """Return a text cut in its middle to at most ``width`` characters.

    >>> middle_out("abcdefghij", 7), middle_out("abc", 7)
    ('abcd…ij', 'abc')
    """
    if len(text) <= width:
        return text
    tail = max(0, (width - 1) // 3)
    return f"{text[: max(0, width - 1 - tail)]}…{text[len(text) - tail :]}"


def worded(step: Step, roles: Roles) -> str:
    """Return what a step says, and what the suite itself remarks in the reader's language."""
    text = visible(roles(step.text), LONGEST)
    return said(text) if step.direction == "·" or step.mark is Mark.MISSING else text


def one_line(step: Step, roles: Roles, width: int) -> str:
    """Return a step's text on one line of at most ``width`` characters: its long values are cut before the whole is."""
    if step.message is None:
        return middle_out(worded(step, roles), width)
    message = _in_short(named(step.message, roles))
    whole = ""
    for room in VALUES:
        whole = visible(json.dumps(_cut(message, room), ensure_ascii=False, separators=(",", ":")), LONGEST)
        if len(whole) <= width:
            break
    return middle_out(whole, width)


def _in_short(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with its action first, and each value that it holds under several aliases once."""
    known: dict[str, Any] = {"action": message["action"]} if "action" in message else {}
    for name, value in message.items():
        alike = next((each for each in ALIASES if name in each), ())
        if not any(each in known and known[each] == value for each in alike):
            known[name] = value
    return known


def brief(step: Step, roles: Roles, width: int) -> str:
    """Return a step in few words: of a message its action, and the other fields but time and id."""
    if step.message is None:
        return middle_out(worded(step, roles), width)
    message = _in_short(named(_cut(step.message, VALUES[-2]), roles))
    fields = [f"{name}={_bare(value)}" for name, value in message.items() if name not in LEAST_TELLING]
    barrier = "(barrier) " if step.is_proof else ""
    return middle_out(visible(" ".join([f"{barrier}{message.get('action')}", *fields]), LONGEST), width)


def _bare(value: Any) -> str:
    return value if isinstance(value, str) and " " not in value else value_text(value)


def _cut(value: Any, room: int) -> Any:
    if isinstance(value, str):
        return middle_out(value, room)
    if isinstance(value, Mapping):
        return {name: each if name in NEVER_CUT else _cut(each, room) for name, each in value.items()}
    return [_cut(each, room) for each in value] if isinstance(value, list) else value
