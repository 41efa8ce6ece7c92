"""The figures as a picture: a bar for each ratio, with a mark where its target is."""

from collections.abc import Sequence
from html import escape

from benchmarks.results import Line

ROW, LABELS, BARS, TOP = 22, 430, 420, 40
TITLE = "Ratio to the baseline of the same run (dotted line: 1; black mark: target)"
FONT = 'font-family="sans-serif" font-size="12"'
GOOD, BAD, PLAIN = "#2b7a4b", "#b3412e", "#4a6785"


def plot(lines: Sequence[Line]) -> str:
    """Return an SVG picture of all lines that are compared with a baseline."""
    compared = [line for line in lines if line.ratio is not None]
    longest = max([1.0, *(_reach(line) for line in compared)])
    rows = [_row(line, number, BARS / longest) for number, line in enumerate(compared)]
    height = TOP + ROW * len(compared) + 10
    one = LABELS + BARS / longest
    width = LABELS + BARS + 90
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {FONT}>'
    frame = f'<rect width="100%" height="100%" fill="white"/><text x="10" y="22" font-size="15">{TITLE}</text>'
    unit = f'<line x1="{one:.1f}" y1="{TOP - 8}" x2="{one:.1f}" y2="{height}" stroke="#999" stroke-dasharray="2 3"/>'
    return "\n".join([head, frame, *rows, unit, "</svg>\n"])


def _bound(line: Line) -> float | None:
    return line.target.bound if line.target and line.target.of == "ratio" else None


def _reach(line: Line) -> float:
    return max(line.ratio or 0.0, _bound(line) or 0.0)


def _row(line: Line, number: int, scale: float) -> str:
    ratio, bound = line.ratio or 0.0, _bound(line)
    y = TOP + number * ROW
    color = PLAIN if line.holds is None else GOOD if line.holds else BAD
    label = escape(f"{line.case}: {line.server}, {line.measure}")
    mark = "" if bound is None else f'<rect x="{LABELS + bound * scale - 1:.1f}" y="{y - 2}" width="3" height="18"/>'
    return (
        f'<text x="{LABELS - 8}" y="{y + 11}" text-anchor="end">{label}</text>'
        f'<rect x="{LABELS}" y="{y}" width="{ratio * scale:.1f}" height="14" fill="{color}"/>{mark}'
        f'<text x="{LABELS + _reach(line) * scale + 8:.1f}" y="{y + 11}">{ratio:.2f}</text>'
    )
