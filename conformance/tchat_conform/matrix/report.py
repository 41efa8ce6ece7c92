"""What every report of a matrix is made of."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from tchat_conform.matrix.lineup import Lineup
from tchat_conform.matrix.points import Cause, Points, causes, counts, is_strict, points
from tchat_conform.matrix.result import CellResult, Outcome, Verdict

MEANINGS = {
    Verdict.PASSED: "both people saw what they should",
    Verdict.SERVER: "the server broke a MUST, and nothing else was needed for it to fail",
    Verdict.CLIENT: "a client broke a MUST, and nothing else was needed for it to fail",
    Verdict.BOTH: "a server and a client broke a MUST, and either was enough",
    Verdict.AMBIGUOUS: "it does not work, and nobody breaks a MUST: PROTOCOL.md allows what both did",
    Verdict.UNSUPPORTED: "a peer does not have this, and shows so: it says so, or goes on as if nothing had been asked",
    Verdict.BLOCKED: "nobody came in, so that it could not be looked at",
    Verdict.UNTESTED: "the run was stopped before",
    Verdict.ERROR: "a peer does not start, or the suite is at fault",
}
SIGNS = {
    Verdict.PASSED: "✓",
    Verdict.SERVER: "S",
    Verdict.CLIENT: "C",
    Verdict.BOTH: "B",
    Verdict.AMBIGUOUS: "?",
    Verdict.UNSUPPORTED: "–",
    Verdict.BLOCKED: "·",
    Verdict.UNTESTED: "_",
    Verdict.ERROR: "!",
}
"""One character for each verdict."""
NEARLY = "≈"
"""The sign of what passed though somebody broke a MUST on the way."""
FAILED = 1


@dataclass(frozen=True)
class MatrixReport:
    """One run.

    ``file`` is what it was read from, ``began`` has a time zone; ``alone`` is what each server came to with people of
    the suite, by name.
    """

    file: str
    lineup: Lineup
    results: tuple[CellResult, ...]
    version: str
    began: datetime
    seconds: float
    stopped: bool = False
    alone: Mapping[str, tuple[Outcome, ...]] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Counter[Verdict]:
        """How many scenarios came to each verdict."""
        return counts(self.results)

    @cached_property
    def nearly(self) -> int:
        """How many scenarios passed though somebody broke a MUST on the way."""
        every = [outcome for result in self.results for outcome in result.outcomes]
        return self.counts[Verdict.PASSED] - sum(map(is_strict, every))

    @cached_property
    def played(self) -> int:
        """How many scenarios there are in all."""
        return sum(len(each.outcomes) for each in self.results)

    @cached_property
    def points(self) -> list[Points]:
        """The points of every peer."""
        return points(self.lineup, self.results)

    @cached_property
    def causes(self) -> list[Cause]:
        """What to fix, worst first."""
        return causes(self.results)

    @property
    def headline(self) -> str:
        """The whole run in one sentence."""
        pairs = "1 pair" if len(self.results) == 1 else f"{len(self.results)} pairs"
        return f"{self.counts[Verdict.PASSED]} of {self.played} scenarios passed, in {pairs}"

    @property
    def exit_status(self) -> int:
        """What the command ends with."""
        return 0 if self.counts[Verdict.PASSED] == self.played else FAILED
