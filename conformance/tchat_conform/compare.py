"""What changed between two runs, from their reports in JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tchat_conform.expect import FRESH
from tchat_conform.ids import current
from tchat_conform.requirements import levels
from tchat_conform.verdict import FEATURE, Verdict
from tchat_protocol import schemas

_OF_ONE_RUN = re.compile(rf"{FRESH.pattern}|\d+(?:\.\d+)?")
"""What differs in the sentences of two runs anyway: fresh names, numbers, times."""

Document = Mapping[str, Any]


class NoReport(ValueError):  # noqa: N818 - said of a file, not a fault of the program
    """A file is not the JSON report of a run; says why."""


class Kind(StrEnum):
    """How a case changed, what matters most first."""

    BROKEN = "broken"
    """The right thing happened before, and happens no more, or in another form."""
    FIXED = "fixed"
    """It did not pass, and passes now."""
    CHANGED = "changed"
    """It came to another verdict, which is neither of those."""
    REASON = "another reason"
    """It came to the same verdict, for another reason."""
    NEW = "new"
    """It was not in the first run."""
    GONE = "gone"
    """It is not in the second run."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a case came to in one run, and why in a sentence. ``tells`` is false where that says nothing of a server."""

    verdict: Verdict
    reason: str
    tells: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One case that changed; a side is None where its run had no such case."""

    kind: Kind
    case: str
    title: str
    before: Side | None
    after: Side | None


@dataclass(frozen=True, slots=True)
class LevelChange:
    """The state of a level in either run, None where a run had no case of it."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs: the facts of each, the cases that changed, worst first, and all levels."""

    before: Document
    after: Document
    changes: tuple[Change, ...]
    levels: tuple[LevelChange, ...]

    def of(self, kind: Kind) -> list[Change]:
        """Return the changes of one kind."""
        return [each for each in self.changes if each.kind is kind]

    @property
    def broke(self) -> bool:
        """Whether something is worse than it was."""
        return bool(self.of(Kind.BROKEN))


def read_report(path: Path) -> Document:
    """Return the JSON report in a file. Raises NoReport."""
    try:
        document: Document = json.loads(path.read_bytes())
    except OSError as error:
        raise NoReport(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise NoReport(f"{path} is not JSON: {error}.") from error
    fault = next(_schema().iter_errors(document), None)
    if fault is not None:
        place = "".join(f"/{part}" for part in fault.instance_path) or "the whole"
        raise NoReport(f"{path} is no report of tchat-conform --json: {fault.message[:200]} (at {place}).")
    return document


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.load("report.json"))


def compare_runs(before: Document, after: Document) -> Comparison:
    """Return what changed between two reports."""
    old = {current(each["id"]): each for each in before["cases"]}
    new = {each["id"]: each for each in after["cases"]}
    changes = [_change(old.get(name), new.get(name)) for name in {**old, **new}]
    kinds = list(Kind)
    worst_first = sorted(filter(None, changes), key=lambda each: kinds.index(each.kind))
    return Comparison(before, after, tuple(worst_first), tuple(_levels(before, after)))


def _levels(before: Document, after: Document) -> list[LevelChange]:
    old, new = ({each["name"]: each["state"] for each in report["levels"]} for report in (before, after))
    return [LevelChange(name, old.get(name), new.get(name)) for name in levels() if name in old or name in new]


def _change(before: Document | None, after: Document | None) -> Change | None:
    known = after or before or {}
    old, new = (None if each is None else _side(each) for each in (before, after))
    kind = _kind(old, new)
    return None if kind is None else Change(kind, known["id"], known["title"], old, new)


def _side(case: Document) -> Side:
    verdict = Verdict(case["verdict"])
    finding: Document = case["findings"][0] if case["findings"] else {"sentence": "", "by": None}
    lacks = verdict is Verdict.UNSUPPORTED and (finding["by"] or "").startswith(FEATURE)
    silent = lacks or verdict in (Verdict.UNTESTED, Verdict.ERROR)
    return Side(verdict, finding["sentence"], not silent)


def _kind(before: Side | None, after: Side | None) -> Kind | None:
    if before is None or after is None:
        return Kind.NEW if before is None else Kind.GONE
    if before.verdict is after.verdict:
        return Kind.REASON if _lasting(before.reason) != _lasting(after.reason) else None
    if before.tells and after.tells:
        if after.verdict is Verdict.PASS:
            return Kind.FIXED
        if before.verdict in (Verdict.PASS, Verdict.NON_STRICT):
            return Kind.BROKEN
    return Kind.CHANGED


def _lasting(sentence: str) -> str:
    return _OF_ONE_RUN.sub("", sentence)
