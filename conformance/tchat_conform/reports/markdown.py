"""The report for a CI summary, such as GitHub's: the levels, then the failures, worst first."""

import re

from tchat_conform.language import said
from tchat_conform.reports.causes import Cause
from tchat_conform.reports.conclusion import first_step
from tchat_conform.reports.entry import again
from tchat_conform.reports.people import Roles, in_roles
from tchat_conform.reports.report import Report, requirement_of
from tchat_conform.reports.text import message_text, visible
from tchat_conform.reports.wording import fix
from tchat_conform.summary import LevelSummary
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_conform.wirelog import Entry

LIMIT = 900_000
"""Bytes: a summary of more than 1,024 KiB is lost, all of it."""
SENTENCE = 1_000
VALUE = 2_000
ENTRY = 300
LOG_LINES = 10
IDS_SHOWN = 40
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~#@&$]|:(?=\S)")


def markdown(report: Report) -> str:
    """Return a run as Markdown, shorter than a CI system's limit however much failed."""
    blocks = [_head(report), _levels(report)]
    failures = [_cause(report, each) for each in report.causes]
    if failures:
        blocks.append(f"### {said('To fix, worst first')}")
    size = sum(_size(each) for each in blocks)
    for number, failure in enumerate(failures):
        size += _size(failure)
        if size > LIMIT - 1_000:
            blocks.append(
                said(f"{len(failures) - number} more are not shown here; `--json` and `--html` hold all of them.")
            )
            break
        blocks.append(failure)
    return "\n\n".join(blocks) + "\n"


def _size(block: str) -> int:
    return len(block.encode()) + 2


def _head(report: Report) -> str:
    facts = report.facts
    target = escape(said(visible(facts.target, SENTENCE)))
    spoken = [said(f"Spoken to in its own way: {said(visible(each, SENTENCE))}.") for each in facts.spoken]
    judged = said(f"judged on {facts.began:%Y-%m-%d %H:%M %Z} by tchat-conform {facts.version}.")
    lines = [f"## tchat-conform: {said(report.headline)}", f"{target}, {judged}", *map(escape, spoken)]
    first = first_step(report)
    if first:
        lines.append(f"**{escape(visible(first, SENTENCE))}**")
    return "\n\n".join(lines)


def _levels(report: Report) -> str:
    shown = [each for each in reversed(Verdict) if report.counts[each]]
    rows = [
        f"| {said('level')} | {' | '.join(each.value for each in shown)} | {said('state')} |",
        f"|---|{'--:|' * len(shown)}---|",
        *(_row(each, shown) for each in report.summaries),
        f"| {said('all')} | {' | '.join(str(report.counts[each]) for each in shown)} | |",
    ]
    return "\n".join(rows)


def _row(summary: LevelSummary, shown: list[Verdict]) -> str:
    counts = " | ".join(str(summary.counts[each]) for each in shown)
    return f"| {summary.level.name} | {counts} | {said(summary.state)} |"


def _cause(report: Report, cause: Cause) -> str:
    first = cause.results[0]
    roles = Roles(first)
    requirement = requirement_of(first)
    sentence = escape(said(visible(cause.sentence, SENTENCE)))
    parts = [f"#### {cause.verdict.upper()} {cause.keyword} {said(cause.effect)} {sentence}"]
    finding = in_roles(cause.finding, roles)
    advice = fix(finding, cause.sentence)
    if advice:
        parts.append(f"**{said('Fix:')}** {escape(said(visible(advice, SENTENCE)))}.")
    parts.append(f"`{first.case}`: {escape(said(first.title))}")
    parts += _finding(finding)
    likely = (escape(said(each.sentence)) for each in report.likely.of([first.case]))
    parts += [f"{said('Likely cause:')} {said('as if:')} “{each}”" for each in likely]
    parts.append(f"> **{requirement.id}** {requirement.text}")
    parts.append(fenced("\n".join([*_log(first), f"{said('Again:')} {visible(again(first, report), SENTENCE)}"])))
    if first.other is not None:
        parts.append(said(f"The first run, which came to {first.other.verdict}:"))
        parts.append(fenced("\n".join(_log(first.other))))
    if len(cause.results) > 1:
        named = ", ".join(f"`{each.case}`" for each in cause.results[:IDS_SHOWN])
        more = len(cause.results) - IDS_SHOWN
        parts.append(f"{said('Cases')}: {named}{said(f' and {more} more') if more > 0 else ''}")
    return "\n\n".join(parts)


def _log(result: Result) -> list[str]:
    return [f"{each.ms:9.1f} ms  {each.who:>8} {each.direction} {_logged(each)}" for each in result.log[-LOG_LINES:]]


def _logged(entry: Entry) -> str:
    text = visible(entry.data, ENTRY)
    return said(text) if entry.direction == "·" else text


def _finding(finding: Finding) -> list[str]:
    parts = [escape(said(visible(finding.sentence, SENTENCE, lines=True)))]
    sides = [(said("expected"), finding.expected), (said("received"), finding.received)]
    lines = [f"{name}  {visible(message_text(value), VALUE)}" for name, value in sides if value is not None]
    if lines:
        parts.append(fenced("\n".join(lines)))
    if finding.proof:
        parts.append(f"{said('How sure:')} {escape(said(visible(finding.proof, SENTENCE)))}.")
    return parts


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is, in a table cell too.

    >>> escape("a|b <i> see:x"), escape("two\nlines")
    ('a&#124;b &#60;i&#62; see&#58;x', 'two lines')
    """
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.splitlines()))


def fenced(text: str) -> str:
    """Return text in a block that nothing in it can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
