"""The report for programs: the master form, as schemas/report.json describes it."""

import base64
import json
import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from tchat_conform.reports.entry import again
from tchat_conform.reports.replay import script
from tchat_conform.reports.report import Report, is_failure, reached, requirement_of
from tchat_conform.reports.text import message_text
from tchat_conform.requirements import Requirement
from tchat_conform.summary import LevelSummary
from tchat_conform.verdict import Finding, Message, Result, Verdict
from tchat_conform.wirelog import Entry

SCHEMA_VERSION = "1.1"
KEPT = 65_536
"""Of one message of a finding this many characters are kept."""
LOG_KEPT = 4_096
"""Of one entry of the log this many bytes are kept."""
DIRECTIONS = {"→": "sent", "←": "received", "·": "remark"}


def json_report(report: Report) -> str:
    """Return a run as JSON."""
    return json.dumps(_document(report), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _document(report: Report) -> dict[str, Any]:
    unmet = report.unmet
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "tchat-conform", "version": report.facts.version},
        "run": _run(report),
        "summary": _summary(report),
        "levels": [_level(each) for each in report.summaries],
        "requirements": {each.requirement: _requirement(requirement_of(each)) for each in report.results},
        "cases": [_case(each, report, unmet=each.case in unmet) for each in report.results],
    }


def _run(report: Report) -> dict[str, Any]:
    facts = report.facts
    return {
        "target": _text(facts.target),
        "command": _text(facts.command),
        "began": facts.began.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seconds": round(facts.seconds, 3),
        "patience": facts.patience,
        "token": facts.token,
        "features": None if facts.features is None else [_text(each) for each in sorted(facts.features)],
        "spoken": [_text(each) for each in facts.spoken],
    }


def _summary(report: Report) -> dict[str, Any]:
    highest, levels_reached, of = reached(report.summaries)
    return {
        "cases": len(report.results),
        "verdicts": _verdicts(report.counts),
        "exit_status": report.exit_status,
        "highest_level": highest,
        "levels_reached": levels_reached,
        "levels_required": of,
    }


def _verdicts(counts: Counter[Verdict]) -> dict[str, int]:
    return {each.value: counts[each] for each in Verdict}


def _level(summary: LevelSummary) -> dict[str, Any]:
    return {
        "name": summary.level.name,
        "about": summary.level.about,
        "optional": summary.level.optional,
        "state": summary.state,
        "verdicts": _verdicts(summary.counts),
        "unmet": [each.case for each in summary.unmet],
    }


def _requirement(requirement: Requirement) -> dict[str, Any]:
    return {
        "keyword": requirement.keyword.value,
        "level": requirement.level,
        "text": requirement.text,
        "link": requirement.link,
    }


def _case(result: Result, report: Report, *, unmet: bool) -> dict[str, Any]:
    return {
        "id": result.case,
        "requirement": result.requirement,
        "title": result.title,
        "verdict": result.verdict.value,
        "unmet": unmet,
        "seconds": result.seconds,
        "findings": [_finding(each) for each in result.findings],
        "log": [_entry(each) for each in result.log],
        "other": None if result.other is None else _other(result.other),
        "likely": [each.sentence for each in report.likely.of([result.case])] if is_failure(result) else [],
        "reproduce": _reproduce(result, report) if is_failure(result) else None,
    }


def _reproduce(result: Result, report: Report) -> dict[str, str]:
    lines = script(result, report.facts)
    return {"command": _text(again(result, report)), "script": "\n".join(lines)}


def _other(result: Result) -> dict[str, Any]:
    return {
        "verdict": result.verdict.value,
        "findings": [_finding(each) for each in result.findings],
        "log": [_entry(each) for each in result.log],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "sentence": _text(finding.sentence),
        "by": finding.by,
        "expected": _message(finding.expected),
        "received": _message(finding.received),
        "proof": _text(finding.proof),
    }


def _message(message: Message | str | None) -> Any:
    if message is None:
        return None
    text = message_text(message)
    if isinstance(message, str) or len(text) > KEPT:
        return _text(text if len(text) <= KEPT else f"{text[:KEPT]}… ({len(text):,} characters)")
    return _value(message)


def _value(value: Any) -> Any:
    """Return a value that any JSON parser reads: strings are Unicode, and infinity is written out."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {_text(str(name)): _value(each) for name, each in value.items()}
    return [_value(each) for each in value] if isinstance(value, list) else value


def _entry(entry: Entry) -> dict[str, Any]:
    kept = entry.data[:LOG_KEPT]
    written: dict[str, Any] = {
        "ms": round(entry.ms, 3),
        "who": _text(entry.who),
        "direction": DIRECTIONS[entry.direction],
        "bytes": len(entry.data),
        "text": kept.decode("utf-8", "backslashreplace"),
    }
    if not _is_utf8(kept):
        written["base64"] = base64.b64encode(kept).decode()
    return written


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _text(text: str) -> str:
    """Return text without lone surrogates, which UTF-8 cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode()
