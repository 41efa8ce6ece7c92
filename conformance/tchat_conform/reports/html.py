"""The report for people with time: one page that needs nothing else, with every case and what went over its wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tchat_conform.language import chosen_language, said
from tchat_conform.reports.badge import badge
from tchat_conform.reports.causes import waiting_on
from tchat_conform.reports.conclusion import conclusion, first_step
from tchat_conform.reports.exchange import is_absence
from tchat_conform.reports.fields import Row, compare
from tchat_conform.reports.people import Roles, in_roles
from tchat_conform.reports.replay import script
from tchat_conform.reports.report import Report, is_failure, requirement_of
from tchat_conform.reports.sequence import svg
from tchat_conform.reports.text import message_text, visible
from tchat_conform.reports.wording import fix
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_conform.wirelog import Entry

LIMIT = 1_200_000
"""Bytes that a page may have: what still travels by mail and opens on an old phone."""
LIMIT_PER_CASE, LIMIT_PER_TRACED_CASE = 2_500, 8_000
"""Bytes a case that a page may have beyond LIMIT, where there are very many; a drawing of each takes more."""
DIRECTIONS = {"→": "sent", "←": "got", "·": "remark"}
SIGNS = {"reached": "✓", "not reached": "✗", "not offered": "–", "not fully tested": "?"}


IDS_SHOWN = 40
"""Of the cases of one cause so many are named; all of them stand in the list of cases."""
LONGEST = 2_000
"""Characters of what the suite says."""
OPEN_AT_FIRST = 12
DRAWN_AT_MOST = 30
"""Of the causes so many are open at first, and drawn with lines to replay them, which are long."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is room for: characters of a sentence and of a value (0: no values), lines of a log.

    ``rows`` are those of a drawing; without any there are no lines to replay it either.
    """

    sentence: int
    value: int
    lines: int
    rows: int = 0


ROOMS = (
    (Room(2_000, 600, 60, 40), Room(2_000, 600, 40, 30)),
    (Room(2_000, 400, 40, 30), Room(2_000, 400, 24)),
    (Room(1_000, 300, 24, 24), Room(1_000, 240, 10)),
    (Room(1_000, 240, 20, 20), Room(600, 160, 3)),
    (Room(1_000, 240, 16, 16), Room(300, 0, 0)),
    (Room(1_000, 200, 12, 12), Room(200, 0, 0)),
    (Room(600, 160, 8), Room(200, 0, 0)),
    (Room(300, 120, 5), Room(100, 0, 0)),
    (Room(300, 100, 2), Room(100, 0, 0)),
    (Room(160, 60, 0), Room(80, 0, 0)),
    (Room(80, 0, 0), Room(60, 0, 0)),
)
"""From generous to tight, for what is to be fixed and for the list of all cases: a page takes the first pair that
keeps it small enough, or the last."""


def html(report: Report) -> str:
    """Return a run as one HTML page, with shorter logs the more there is to show."""
    page, limit = "", max(LIMIT, (LIMIT_PER_TRACED_CASE if report.trace else LIMIT_PER_CASE) * len(report.results))
    for room, quiet in ROOMS:
        page = _page(report, room, quiet)
        if len(page.encode()) <= limit:
            break
    return page


def _page(report: Report, room: Room, quiet: Room) -> str:
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            lang=chosen_language(),
            report=report,
            facts=report.facts,
            first_step=first_step(report),
            conclusion=list(conclusion(report)),
            badge=Markup(badge(report)),  # noqa: S704 - our own words only, escaped by badge()
            verdicts=[each for each in reversed(Verdict) if report.counts[each]],
            meanings=report.meanings,
            signs=SIGNS,
            requirements=report.requirements,
            by_level=_by_level(report),
            by_requirement=_by_requirement(report),
            open_at_first=OPEN_AT_FIRST,
            drawn_at_most=DRAWN_AT_MOST,
            ids_shown=IDS_SHOWN,
            room=room,
            quiet=quiet,
        )
    )


@cache
def environment() -> Environment:
    """Return what makes pages of templates, with the filters and functions that they use."""
    made = Environment(
        loader=PackageLoader("tchat_conform.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(visible=_visible, said=_said, rule=_rule)
    made.globals.update(
        directions=DIRECTIONS,
        requirement_of=requirement_of,
        is_failure=is_failure,
        rows=_rows,
        side=_side,
        shown_log=_shown_log,
        drawing=_drawing,
        script=script,
        roles_of=Roles,
        in_roles=in_roles,
        is_absence=is_absence,
        fix=fix,
        waiting_on=waiting_on,
    )
    return made


def _by_level(report: Report) -> Mapping[str, Sequence[Result]]:
    return {
        summary.level.name: [each for each in report.results if requirement_of(each).level == summary.level.name]
        for summary in report.summaries
    }


def _by_requirement(report: Report) -> Mapping[str, Sequence[Result]]:
    found: dict[str, list[Result]] = {}
    for each in report.results:
        found.setdefault(each.requirement, []).append(each)
    return found


def _rows(finding: Finding, missing: str | None = None) -> list[Row]:
    """Return both messages of a finding field by field; nothing where they are not two, or have no bearing."""
    if is_absence(finding):
        return []
    if isinstance(finding.expected, Mapping) and isinstance(finding.received, Mapping):
        return compare(finding.expected, finding.received, missing)
    return []


def _side(value: Mapping[str, Any] | str, room: Room) -> str:
    text = visible(message_text(value), 2 * room.value)
    return said(text) if isinstance(value, str) else text


def _shown_log(result: Result, room: Room) -> Sequence[Entry]:
    return result.log[-room.lines :] if room.lines else ()


def _drawing(result: Result, rows: int) -> Markup:
    """Return a picture of a case; nothing in it but what was escaped when it was drawn."""
    return Markup(svg(result, rows))  # noqa: S704 - escaped


def _visible(text: str | bytes, shown: int, *, lines: bool = False) -> Markup:
    """Return visible text for the inside of an element, where quotes are no danger and JSON is full of them."""
    return Markup(escape(visible(text, shown, lines=lines)))  # noqa: S704 - escaped


@pass_context  # or the words of a template would be said once and for all, in the language of the first page
def _said(_: Context, text: str | bytes, shown: int = LONGEST, *, lines: bool = False) -> Markup:
    """Return words of the suite in the reader's language, for the inside of an element."""
    return Markup(escape(said(visible(text, shown, lines=lines))))  # noqa: S704 - escaped


def _rule(text: str) -> Markup:
    """Return the sentence of a requirement with its code set as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts)
    )
