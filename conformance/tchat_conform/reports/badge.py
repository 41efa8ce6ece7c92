"""A badge: the highest level reached, as a small picture."""

from xml.sax.saxutils import escape

from tchat_conform.reports.report import Report, reached

LABEL = "tchat/1"
CHARACTER = 6.1
PADDING = 6
GREEN, BLUE, RED = "#2a7d3c", "#1f6feb", "#b42318"


def badge(report: Report) -> str:
    """Return an SVG picture such as "tchat/1: groups (2 of 6 levels)"."""
    value = badge_text(report)
    _, done, of = reached(report.summaries)
    colour = GREEN if done == of else BLUE if done else RED
    left, right = _width(LABEL), _width(value)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" '
        f'viewBox="0 0 {left + right} 20" role="img" aria-label="{LABEL}: {escape(value)}">'
        f"<title>{LABEL}: {escape(value)}</title>"
        f'<path fill="#444c56" d="M3 0H{left}V20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/>'
        f'<path fill="{colour}" d="M{left} 0H{left + right - 3}a3 3 0 0 1 3 3V17a3 3 0 0 1-3 3H{left}z"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{PADDING}" y="14" textLength="{left - 2 * PADDING}">{LABEL}</text>'
        f'<text x="{left + PADDING}" y="14" textLength="{right - 2 * PADDING}">{escape(value)}</text>'
        "</g></svg>\n"
    )


def badge_text(report: Report) -> str:
    """Return the right half of the badge in words."""
    highest, done, of = reached(report.summaries)
    if done == of:
        return f"all {of} levels"
    return f"{highest} ({done} of {of} levels)" if highest else f"{done} of {of} levels"


def _width(text: str) -> int:
    return round(len(text) * CHARACTER) + 2 * PADDING
