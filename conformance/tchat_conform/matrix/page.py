"""A matrix as one page that needs nothing else: every cell opens its wire log and both screens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment

from tchat_conform.language import chosen_language
from tchat_conform.matrix.points import is_strict
from tchat_conform.matrix.report import MEANINGS, NEARLY, SIGNS, MatrixReport
from tchat_conform.matrix.result import Blame, CellResult, Outcome, Verdict, plain
from tchat_conform.matrix.scenarios import SCENARIOS
from tchat_conform.matrix.show import sign
from tchat_conform.reports.html import DIRECTIONS, environment
from tchat_conform.reports.text import visible
from tchat_conform.requirements import Requirement, requirement
from tchat_conform.wirelog import Entry

LIMIT = 1_500_000
"""Bytes that a page may have: what still travels by mail and opens on a phone."""
LIMIT_PER_CELL = 20_000
"""Bytes a cell that a page may have beyond LIMIT, where there are very many."""
CLASSES = {
    Verdict.PASSED: "pass",
    Verdict.SERVER: "fail",
    Verdict.CLIENT: "unstable",
    Verdict.BOTH: "error",
    Verdict.AMBIGUOUS: "non-strict",
    Verdict.UNSUPPORTED: "unsupported",
    Verdict.BLOCKED: "blocked",
    Verdict.UNTESTED: "untested",
    Verdict.ERROR: "error",
}
"""The class of the style sheet that colours a verdict."""
PLACES = 12
"""Of the places that something is seen in so many are named."""
SCREEN = 30
"""Lines of a screen."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is room for: lines of a log, where it passed too, and characters of all else."""

    lines: int
    value: int
    passed_lines: int
    screen: int
    sentence: int


ROOMS = (
    Room(80, 500, 60, 4_000, 1_200),
    Room(60, 300, 30, 4_000, 1_200),
    Room(40, 240, 16, 3_000, 1_000),
    Room(24, 200, 8, 2_000, 800),
    Room(16, 160, 4, 1_200, 600),
    Room(10, 120, 0, 600, 400),
    Room(4, 80, 0, 200, 160),
    Room(0, 40, 0, 80, 80),
)
"""From generous to tight: a page takes the first that keeps it small enough, or the last."""


def matrix_html(report: MatrixReport) -> str:
    """Return a run as one HTML page, with shorter logs the more there is to show."""
    page, limit = "", max(LIMIT, LIMIT_PER_CELL * len(report.results))
    for room in ROOMS:
        page = _page(report, room)
        if len(page.encode()) <= limit:
            break
    return page


def _page(report: MatrixReport, room: Room) -> str:
    template = _environment().get_template("matrix.html.j2")
    return template.render(lang=chosen_language(), report=report, room=room, **_table(report))


@cache
def _environment() -> Environment:
    found = environment().overlay()
    found.globals = {
        **found.globals,
        "scenarios": SCENARIOS, "signs": SIGNS, "nearly": NEARLY, "meanings": MEANINGS, "classes": CLASSES,
        "directions": DIRECTIONS, "sign": sign, "is_strict": is_strict, "shown": _shown, "screen": _screen,
        "PLACES": PLACES,
        "rule_of": _rule_of, "plain": plain, "verdicts": tuple(Verdict), "message": _message,
    }  # fmt: skip
    return found


def _table(report: MatrixReport) -> Mapping[str, Any]:
    served = {each.cell.server for each in report.results}
    servers = [each.name for each in report.lineup.servers if each.name in served]
    rows: dict[str, dict[str, CellResult]] = {}
    for each in report.results:
        rows.setdefault(each.cell.clients, {})[each.cell.server] = each
    return {"servers": servers, "rows": rows}


def _shown(outcome: Outcome, room: Room) -> Sequence[Entry]:
    lines = room.passed_lines if outcome.verdict is Verdict.PASSED else room.lines
    return outcome.log[-lines:] if lines else ()


def _screen(text: str, room: Room) -> str:
    """Return the end of a screen."""
    return visible("\n".join(text.splitlines()[-SCREEN:])[-room.screen :], room.screen, lines=True)


def _rule_of(blame: Blame) -> Requirement | None:
    return None if blame.requirement is None else requirement(blame.requirement)


def _message(blame: Blame, room: Room) -> str:
    if blame.message is None:
        return ""
    text = blame.message if isinstance(blame.message, str) else _compact(blame.message)
    return visible(text, 2 * room.value)


def _compact(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, default=str)
