"""One failure as a person reads it at a terminal: at most twelve lines, from the verdict to how to see it again."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tchat_conform.language import said
from tchat_conform.reports.causes import Cause, waiting_on
from tchat_conform.reports.difference import difference_lines
from tchat_conform.reports.exchange import Mark, Step, excerpt, middle_out, one_line, worded
from tchat_conform.reports.people import Roles, in_roles
from tchat_conform.reports.report import Report, requirement_of
from tchat_conform.reports.text import visible
from tchat_conform.reports.wording import DIED, REFUSED, fix
from tchat_conform.verdict import Finding, Result

MOST_LINES = 12
LABEL = 8
STEPS, FEWEST_STEPS = 4, 2
DIFFERENCES = 3
IDS = 8
SENTENCE = 2_000


class Kind(StrEnum):
    """What a line is, so that it can be given its colour."""

    HEAD = "head"
    SENTENCE = "sentence"
    FIELD = "field"
    STEP = "step"
    WRONG = "wrong"
    NOTE = "note"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an entry; that of a command is never cut, so that it can be copied."""

    kind: Kind
    text: str


def entry(cause: Cause, report: Report, width: int) -> list[Line]:
    """Return what there is to say of a cause, in at most MOST_LINES lines of ``width`` characters."""
    first = cause.results[0]
    roles = Roles(first)
    finding = shown_finding(cause, roles)
    head = [Line(Kind.HEAD, each) for each in _head(cause, width)]
    cause_lines = [
        Line(Kind.SENTENCE, f"  {each}") for each in _wrapped(said(visible(cause.sentence, SENTENCE)), width - 2, 2)
    ]
    fields = [Line(Kind.FIELD, f"    {each}") for each in _differences(cause, finding, width - 4)]
    command = Line(Kind.COMMAND, labelled("again", visible(again(first, report), SENTENCE)))
    notes = list(_notes(cause, report, width))
    rest = MOST_LINES - len(head) - len(cause_lines) - len(fields) - 1
    notes = _shortened(notes, rest - FEWEST_STEPS)
    steps = excerpt(first, cause.finding, roles, max(FEWEST_STEPS, min(STEPS, rest - len(notes))))
    people = max((len(each.who) for each in steps), default=0)
    shown = [Line(Kind.WRONG if each.mark else Kind.STEP, step_line(each, roles, width, people)) for each in steps]
    if cause.is_crash and fields:
        shown = []
    return [*head, *cause_lines, *fields, *shown[: max(0, rest - len(notes))], *(line for _, line in notes), command]


def again(result: Result, report: Report) -> str:
    """Return the command that runs a case alone."""
    return report.facts.again(result.case)


def _differences(cause: Cause, finding: Finding, width: int) -> list[str]:
    """Return what differs field by field; of a crash the messages that kill the server."""
    if REFUSED in finding.sentence:  # what the server says of it tells more than the answer that did not come
        return difference_lines(replace(finding, expected=None), width, DIFFERENCES)
    if not cause.is_crash:
        return difference_lines(finding, width, DIFFERENCES, cause.field)
    if finding.received is None or finding.sentence.startswith(DIED):
        return []
    killers = str(finding.received).splitlines()
    return [f"{said(finding.sentence)}:", *(middle_out(f"  {visible(each, SENTENCE)}", width) for each in killers[:3])]


def shown_finding(cause: Cause, roles: Roles) -> Finding:
    """Return the finding that shows a cause best, people by their roles: of a crash the fewest messages that kill."""
    finding = cause.finding
    if finding.sentence.startswith(DIED):
        others = cause.results[0].findings[1:]
        finding = next((each for each in others if each.sentence.endswith("on a server started anew")), finding)
    return in_roles(finding, roles)


def _head(cause: Cause, width: int) -> Iterator[str]:
    first = cause.results[0]
    requirement = requirement_of(first)
    number = len(cause.results)
    many = "" if number == 1 else said(f"{number} cases, such as ")
    yield middle_out(f"{cause.verdict.upper()} {requirement.keyword} {requirement.level}: {many}{first.case}", width)
    yield from (f"  {each}" for each in _wrapped(said(first.title), width - 2, 2 if number == 1 else 1))


def _notes(cause: Cause, report: Report, width: int) -> Iterator[tuple[int, Line]]:
    """Yield further lines, each with its rank: where there is no room, the highest go first."""
    first = cause.results[0]
    roles = Roles(first)
    room = width - LABEL - 4
    advice = fix(in_roles(cause.finding, roles), cause.sentence)
    if advice:
        first_line, *second = _wrapped(said(visible(advice, SENTENCE)), room, 2)
        yield from _note("fix", [first_line], 0)
        yield from _note("", second, 3)
    sure = [line for each in _sure(cause, roles) for line in _wrapped(each, room, 2)]
    yield from _note("sure", sure[:1], 4)
    yield from _note("", sure[1:], 6)
    requirement = requirement_of(first)
    quoted = _wrapped(f"{requirement.link}: {requirement.text.replace('`', '')}", room, 2)
    yield from _note("rule", quoted[:1], 1)
    yield from _note("", quoted[1:], 8)
    likely = " / ".join(said(each.sentence) for each in report.likely.of([each.case for each in cause.results]))
    if likely:
        guessed = _wrapped(f"{said('as if:')} {likely}", room, 2)
        yield from _note("likely", guessed[:1], 2)
        yield from _note("", guessed[1:], 5)
    waiting = waiting_on(cause, report.causes)
    if waiting:
        yield from _note("waits", [said(f"{cases(waiting)} on this")], 5)
    if len(cause.results) > 1:
        yield from _note("also", ids(cause.results[1:], room), 7)


def _sure(cause: Cause, roles: Roles) -> list[str]:
    proof = roles(cause.finding.proof)
    return [said(visible(proof, SENTENCE))] if proof else []


def _note(label: str, texts: Sequence[str], rank: int) -> Iterator[tuple[int, Line]]:
    for number, text in enumerate(texts):
        yield rank, Line(Kind.NOTE, labelled("" if number else label, text))


def _shortened(notes: Sequence[tuple[int, Line]], room: int) -> list[tuple[int, Line]]:
    kept = list(notes)
    while len(kept) > max(0, room):
        worst = max(rank for rank, _ in kept)
        kept.pop(max(number for number, (rank, _) in enumerate(kept) if rank == worst))
    return kept


def labelled(label: str, text: str) -> str:
    """Return a text behind its label, in the column of all labels."""
    return f"    {said(label):<{LABEL}}{text}"


def ids(results: Sequence[Result], width: int) -> list[str]:
    """Return the first ids of cases on one line, and how many more there are."""
    shown: list[str] = []
    for each in results[:IDS]:
        if len(", ".join([*shown, each.case]) + _rest(len(results) - len(shown) - 1)) > width and shown:
            break
        shown.append(each.case)
    rest = _rest(len(results) - len(shown))
    return [f"{', '.join(shown)}{rest}" if rest else middle_out(", ".join(shown), width)]


def _rest(number: int) -> str:
    return f" {said(f'and {number} more')}" if number else ""


def step_line(step: Step, roles: Roles, width: int, people: int) -> str:
    """Return one message on one line, with its time in ms, its connection (so wide is the widest) and its direction."""
    begin = f"  {step.ms:8.1f} {step.who:>{people}} {step.direction} "
    if step.mark is Mark.MISSING:
        return middle_out(f"{begin}{worded(step, roles)}", width)
    note = f"  ← {said('this')}" if step.mark is Mark.WRONG else ""
    return f"{begin}{one_line(step, roles, max(20, width - len(begin) - len(note)))}{note}"


def cases(number: int) -> str:
    """Return a number of cases that wait, in words.

    >>> cases(1), cases(2)
    ('1 case waits', '2 cases wait')
    """
    return "1 case waits" if number == 1 else f"{number} cases wait"


def _wrapped(text: str, width: int, most: int) -> list[str]:
    return textwrap.wrap(text, max(20, width), max_lines=most, placeholder=" …", break_on_hyphens=False)
