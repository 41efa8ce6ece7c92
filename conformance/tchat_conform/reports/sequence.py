"""A case as a sequence diagram: a lane for each connection and one for the server, time from top to bottom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tchat_conform.reports.exchange import OUR_CLOSE, OUR_CONNECTION, Mark, Step, brief, middle_out, told, worded
from tchat_conform.reports.people import Roles
from tchat_conform.reports.text import visible
from tchat_conform.verdict import Finding, Result

MOST_LANES = 8
SERVER = "server"
NO_FINDING = Finding("")
TELLING = ("code", "request", "group", "to", "dest", "sender", "from", "name", "msg")
"""Fields of which the first that is there stands beside a message's action."""

LANE, NARROWEST, TIME = 12, 7, 9
LEAST_LABEL = 20

ROW, TOP, LEFT, GAP, LAST_GAP, RIGHT, CHARACTER, NOTE_CHARACTER = 26, 34, 46, 70, 150, 46, 6.3, 5.6
"""Measures of the picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line of a diagram; ``is_wrong`` marks what the case found fault with."""

    text: str
    is_wrong: bool = False


def _scene(result: Result, roles: Roles) -> tuple[list[str], list[Step]]:
    """Return the connections in their order, and the steps worth drawing."""
    finding = result.findings[0] if result.findings else NO_FINDING
    own = told(result, finding, roles)
    lanes = list(
        dict.fromkeys(each.who for each in own if each.direction != "·" or each.text.encode() == OUR_CONNECTION)
    )
    silent = (OUR_CONNECTION, OUR_CLOSE)
    return lanes, [each for each in own if each.text.encode() not in silent]


# -- text -------------------------------------------------------------------------------------------------


def diagram(result: Result, width: int, *, raw: bool = False) -> Iterator[Drawn]:
    """Yield a case as a diagram in text, with people by their roles unless ``raw``; lanes only where there is room."""
    roles = Roles(result)
    lanes, steps = _scene(result, roles)
    named = Roles.nobody() if raw else roles
    lane = max(NARROWEST, min(LANE, max((len(each) + 2 for each in lanes), default=0)))
    room = width - TIME - lane * len(lanes) - NARROWEST - 2
    if len(lanes) > MOST_LANES or room < LEAST_LABEL:
        lanes, room = [], width - TIME - 14
    else:
        yield Drawn(" " * TIME + "".join(f"{each[: lane - 1]:<{lane}}" for each in lanes) + SERVER)
    for step in steps:
        drawn = _row(step, lanes, lane) if lanes else f"{step.who[:10]:>10} {step.direction} "
        yield Drawn(f"{step.ms:7.1f}  {drawn}  {_label(step, named, room)}", step.mark is not Mark.NONE)


def _label(step: Step, roles: Roles, room: int) -> str:
    said = brief(step, roles, max(LEAST_LABEL, room))
    return f"✗ {said}" if step.mark is not Mark.NONE else said


def _row(step: Step, lanes: Sequence[str], lane: int) -> str:
    if step.direction == "·":
        return "".join(f"{'┆':<{lane}}" for _ in lanes) + "┆"
    begin = lanes.index(step.who)
    before = "".join(f"{'│':<{lane}}" for _ in lanes[:begin])
    length = lane * (len(lanes) - begin) - 2
    if step.mark is Mark.MISSING:
        return f"{before}◁{'╌' * length} ┤"
    return f"{before}├{'─' * length}▶│" if step.direction == "→" else f"{before}│◀{'─' * (length)}┤"


# -- picture ----------------------------------------------------------------------------------------------


def svg(result: Result, rows: int) -> str:
    """Return a case as an SVG picture of at most so many rows, the last ones; nothing where it would be too wide."""
    if not rows:
        return ""
    roles = Roles(result)
    lanes, steps = _scene(result, roles)
    if not lanes or len(lanes) > MOST_LANES:
        return ""
    shown = steps[-rows:]
    server = LEFT + GAP * (len(lanes) - 1) + LAST_GAP
    places = {name: LEFT + GAP * number for number, name in enumerate(lanes)} | {SERVER: server}
    width, height = server + RIGHT, TOP + ROW * (len(shown) + 1)
    parts = [f'<svg class="seq" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"']
    parts.append(f' aria-label="{escape(_summary(shown, len(steps)), {chr(34): "&quot;"})}">')
    for name, x in places.items():
        parts.append(f'<text class="who" x="{x}" y="14">{escape(visible(name, 12))}</text>')
        parts.append(f'<path class="lane" d="M{x} 22V{height - 4}"/>')
    parts += [_arrow(step, TOP + ROW * (number + 1) - 8, places, roles) for number, step in enumerate(shown)]
    return "".join([*parts, "</svg>"])


def _summary(shown: Sequence[Step], of: int) -> str:
    cut = "" if len(shown) == of else f", the last of {of}"
    wrong = "; the one found fault with is red" if any(each.mark is not Mark.NONE for each in shown) else ""
    return f"Sequence diagram of {len(shown)} steps{cut}{wrong}; the log below says the same in text"


def _arrow(step: Step, y: int, places: dict[str, int], roles: Roles) -> str:
    server = places[SERVER]
    time = f'<text class="ms" x="{LEFT - 26}" y="{y + 4}">{step.ms:.0f}</text>'
    if step.direction == "·" or step.who not in places:
        said = escape(middle_out(worded(step, roles), int((server + RIGHT - LEFT) / NOTE_CHARACTER)))
        return f'{time}<text class="note" x="{LEFT + 6}" y="{y}">{said}</text>'
    x = places[step.who]
    ways = f"M{x} {y}H{server}m-6 -3l6 3l-6 3" if step.direction == "→" else f"M{server} {y}H{x}m6 -3l-6 3l6 3"
    kind = step.mark.value or ("proof" if step.is_proof else "sent" if step.direction == "→" else "got")
    said = escape(middle_out(_words(step, roles), int((server - x - 8) / CHARACTER)))
    return f'{time}<g class="{kind}"><path d="{ways}"/><text x="{x + 6}" y="{y - 4}">{said}</text></g>'


def _words(step: Step, roles: Roles) -> str:
    """Return a message in a few words: its action and the first telling field."""
    if step.message is None:
        return worded(step, roles)
    if step.is_proof:
        return "barrier"
    action = step.message.get("action", "no action")
    telling = next((step.message[each] for each in TELLING if isinstance(step.message.get(each), str)), "")
    return visible(roles(f"{action} {telling}"), 200)
