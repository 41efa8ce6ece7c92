"""What a case can come to, and what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tchat_conform.rules import Rule
from tchat_conform.wirelog import Entry

Message = Mapping[str, Any]

FEATURE = "the feature "
"""How ``Finding.by`` begins where an optional feature is missing, which is no fault."""


class Verdict(StrEnum):
    """The outcome of one case, worst first."""

    ERROR = "error"
    """The suite's own fault; says nothing about the server."""
    FAIL = "fail"
    """The wrong people got it, or the right people did not."""
    UNSTABLE = "unstable"
    """It did not pass, and run again alone it came to another verdict: both logs are kept."""
    BLOCKED = "blocked"
    """What the case builds on did not work, so that the requirement could not be looked at."""
    UNSUPPORTED = "unsupported"
    """The server says that it does not know the action, or does not list the optional feature."""
    NON_STRICT = "non-strict"
    """The right thing happened, but the message has another form than the protocol's."""
    UNTESTED = "untested"
    """The run cannot look at it, for instance because it may not restart the server."""
    PASS = "pass"  # noqa: S105 - a verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a case has to say, and where it helps the message expected and the one received.

    ``by`` names what a blocked case was waiting for: an action, or a word for something else. ``proof`` says how sure
    the finding is and why, such as that a later message arrived and the awaited one had not. ``rule`` is what was
    found broken, where that may be another requirement's.
    """

    sentence: str
    expected: Message | str | None = None
    received: Message | str | None = None
    by: str | None = None
    proof: str = ""
    rule: Rule | None = None


STOPPED = Finding("the run was stopped")
"""What is said of the cases that a stopped run did not come to."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one case came to; ``log`` is all that went over its connections, ``seconds`` its duration.

    ``other`` is the first run of a case that, run again alone, came to another verdict than then.
    """

    case: str
    requirement: str
    title: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    log: tuple[Entry, ...] = field(default=(), repr=False)
    seconds: float = 0.0
    other: "Result | None" = None


class Stopped(Exception):  # noqa: N818 - how a case ends early, not a fault of the suite
    """Ends a case with a verdict and the finding that explains it."""

    verdict: Verdict

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence)
        self.finding = finding


class Failed(Stopped):
    """The requirement does not hold."""

    verdict = Verdict.FAIL


class Blocked(Stopped):
    """What the case builds on did not work."""

    verdict = Verdict.BLOCKED


class Unsupported(Stopped):
    """The server says that it does not have this."""

    verdict = Verdict.UNSUPPORTED


class Untested(Stopped):
    """This run cannot look at the requirement."""

    verdict = Verdict.UNTESTED


def must(
    holds: bool,
    sentence: str,
    expected: Message | str | None = None,
    received: Message | str | None = None,
    *,
    rule: Rule | None = None,
) -> None:
    """Fail the case with a finding unless something holds that the requirement says."""
    if not holds:
        raise Failed(Finding(sentence, expected, received, rule=rule))
