"""The report for CI systems: JUnit's XML, a testsuite a level.

A case is a failure exactly where it keeps its level from being reached, so that this form and the exit status
never contradict each other; what else did not pass is skipped, with its verdict in the message.
"""

import re
from datetime import UTC
from xml.etree import ElementTree as ET

from tchat_conform.reports.causes import UNKNOWN
from tchat_conform.reports.people import Roles
from tchat_conform.reports.report import Report, requirement_of
from tchat_conform.reports.text import message_text, visible
from tchat_conform.reports.wording import fix, plain
from tchat_conform.summary import LevelSummary
from tchat_conform.verdict import Result, Verdict

MESSAGE = 500
VALUE = 2_000
ENTRY = 400
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """Return a run as JUnit XML. Raises ParseError rather than return what is no XML."""
    root = ET.Element("testsuites")
    unmet = report.unmet
    for number, summary in enumerate(report.summaries):
        results = [each for each in report.results if requirement_of(each).level == summary.level.name]
        root.append(_suite(report, summary, results, unmet, number))
    ET.indent(root)
    written = ET.tostring(root, encoding="unicode", xml_declaration=False)
    ET.fromstring(written)  # noqa: S314 - our own text
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _suite(
    report: Report, summary: LevelSummary, results: list[Result], unmet: frozenset[str], number: int
) -> ET.Element:
    cases = [_case(report, each, unmet=each.case in unmet) for each in results]
    suite = ET.Element(
        "testsuite",
        name=summary.level.name,
        package="tchat-conform",
        id=str(number),
        hostname="localhost",
        timestamp=report.facts.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        time=f"{sum(each.seconds for each in results):.3f}",
        tests=str(len(results)),
        failures=_count(cases, "failure"),
        errors=_count(cases, "error"),
        skipped=_count(cases, "skipped"),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report, summary):
        ET.SubElement(properties, "property", name=name, value=_xml(value))
    suite.extend(cases)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _count(cases: list[ET.Element], kind: str) -> str:
    return str(sum(each.find(kind) is not None for each in cases))


def _properties(report: Report, summary: LevelSummary) -> list[tuple[str, str]]:
    facts = report.facts
    return [
        ("level", summary.level.about),
        ("state", summary.state),
        ("target", facts.target),
        ("command", facts.command),
        ("suite version", facts.version),
        ("began", facts.began.astimezone(UTC).isoformat(timespec="milliseconds")),
        *(("spoken", each) for each in facts.spoken),
    ]


def _case(report: Report, result: Result, *, unmet: bool) -> ET.Element:
    case = ET.Element(
        "testcase",
        name=result.case,
        classname=requirement_of(result).level,
        time=f"{result.seconds:.4f}",
    )
    if result.verdict is Verdict.PASS:
        return case
    kind = "error" if result.verdict is Verdict.ERROR else "failure" if unmet else "skipped"
    said = _message(result)
    if kind == "skipped":
        ET.SubElement(case, kind, message=said)
    else:
        ET.SubElement(case, kind, message=said, type=result.verdict.value).text = _xml(_body(report, result))
    return case


def _message(result: Result) -> str:
    finding = result.findings[0] if result.findings else UNKNOWN
    said = plain(Roles(result)(finding.sentence))
    return _xml(f"{result.verdict} {requirement_of(result).keyword} {result.requirement}: {visible(said, MESSAGE)}")


def _body(report: Report, result: Result) -> str:
    requirement = requirement_of(result)
    lines = [result.title, *_told(result)]
    advice = fix(result.findings[0], plain(result.findings[0].sentence)) if result.findings else None
    if advice:
        lines.append(f"fix       {visible(advice, VALUE)}")
    lines.append(f"rule      {requirement.text} ({requirement.link})")
    lines.append(f"again     {visible(report.facts.command, VALUE)} --only {result.case}")
    lines += _log(result)
    if result.other is not None:
        lines += [f"the first run, which came to {result.other.verdict}:", *_told(result.other), *_log(result.other)]
    return "\n" + "\n".join(lines) + "\n"


def _told(result: Result) -> list[str]:
    lines = []
    roles = Roles(result)
    for each in result.findings:
        lines.append(visible(roles(each.sentence), VALUE, lines=True))
        if each.expected is not None:
            lines.append(f"expected  {visible(message_text(each.expected), VALUE)}")
        if each.received is not None:
            lines.append(f"received  {visible(message_text(each.received), VALUE)}")
        if each.proof:
            lines.append(f"sure      {visible(each.proof, VALUE)}")
    return lines


def _log(result: Result) -> list[str]:
    return [f"{each.ms:9.1f} ms  {each.who:>8} {each.direction} {visible(each.data, ENTRY)}" for each in result.log]


def _xml(text: str) -> str:
    """Return text without the characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
