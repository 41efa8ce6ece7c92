"""What a scenario of a pair can come to, and whose fault it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from tchat_conform.matrix.plan import Cell
from tchat_conform.wirelog import Entry

Side = Literal["server", "client", "suite"]


class Verdict(StrEnum):
    """The outcome of one scenario."""

    PASSED = "passed"
    """Both people saw what they should."""
    SERVER = "failed by server"
    CLIENT = "failed by client"
    BOTH = "failed by both"
    """Either would have been enough for it to fail."""
    AMBIGUOUS = "ambiguous"
    """It does not work, and nobody breaks a MUST: PROTOCOL.md allows what both did."""
    UNSUPPORTED = "unsupported"
    """A peer does not have this, and shows so."""
    BLOCKED = "blocked"
    """What the scenario begins with did not work, so that it could not be looked at."""
    UNTESTED = "untested"
    """The run was stopped before."""
    ERROR = "error"
    """The suite's fault, or a peer that does not start: says nothing about who understands whom."""


@dataclass(frozen=True, slots=True)
class Blame:
    """One thing that a peer did which it should not: who, by which requirement (None for none), and what happened.

    ``message`` is what stood on the wire, where that helps.
    """

    side: Side
    peer: str
    requirement: str | None
    sentence: str
    message: Mapping[str, Any] | str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scenario came to.

    ``blames`` explain a verdict other than passed, the cause first; ``remarks`` are what else broke a rule, and did
    not matter for the outcome. ``proof`` says how sure it is. ``log`` is all that went over the wire, and ``screens``
    what each person saw in the end, by name. ``hasty`` marks a failure that hangs on a silence.
    """

    scenario: str
    verdict: Verdict
    blames: tuple[Blame, ...] = ()
    remarks: tuple[Blame, ...] = ()
    proof: str = ""
    seconds: float = 0.0
    log: tuple[Entry, ...] = field(default=(), repr=False)
    screens: Mapping[str, str] = field(default_factory=dict, repr=False)
    hasty: bool = False


@dataclass(frozen=True, slots=True)
class CellResult:
    """What one cell came to, a scenario each in their order."""

    cell: Cell
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> int:
        """How many scenarios passed."""
        return sum(each.verdict is Verdict.PASSED for each in self.outcomes)


class Unfinished(Exception):  # noqa: N818 - how a scenario ends early, not a fault of the suite
    """Ends a scenario with a verdict and who is to blame."""

    def __init__(self, verdict: Verdict, *blames: Blame, proof: str = "", hasty: bool = False) -> None:
        super().__init__(blames[0].sentence if blames else verdict)
        self.verdict = verdict
        self.blames = blames
        self.proof = proof
        self.hasty = hasty


_FRESH = re.compile(r"\w+-[0-9a-f]{6}-\d{5}")


def plain(sentence: str) -> str:
    """Return a sentence without the words that are new in every run, and without a program's last words."""
    return _FRESH.sub("…", sentence.partition("; its last words")[0])


def kind_of(outcome: Outcome) -> str:
    """Return what is the same in outcomes of one cause."""
    first = outcome.blames[0] if outcome.blames else None
    if first is None:
        return outcome.verdict.value
    return f"{outcome.verdict} {first.side} {first.peer} {first.requirement} {plain(first.sentence)}"
