"""What every report is made of: the results, the facts about the run, and what follows from both."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tchat_conform.requirements import Keyword, Requirement, levels, requirements
from tchat_conform.summary import LevelSummary, summarise
from tchat_conform.verdict import Result, Verdict

MEANINGS = {
    Verdict.PASS: "the requirement holds",
    Verdict.NON_STRICT: "the right thing happened, in another form than the protocol's",
    Verdict.FAIL: "the requirement does not hold",
    Verdict.UNSTABLE: "run again alone it came to another verdict: luck decides",
    Verdict.BLOCKED: "what the case builds on did not work, so that it could not look",
    Verdict.UNSUPPORTED: "the server says that it does not have this",
    Verdict.UNTESTED: "this run could not look at it",
    Verdict.ERROR: "the suite's own fault, which says nothing about the server",
}
GROUPED = frozenset({Verdict.BLOCKED, Verdict.UNSUPPORTED})
"""Verdicts with a cause that many cases share: such cases are shown once for each cause."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a run beside its results.

    ``target`` is the server in words, ``command`` the command that judges it again, ``began`` has a time zone;
    ``patience``, ``token`` and ``features`` are those of the run, None where it did not come to them. ``spoken`` says,
    a sentence each, in what the suite departed from the protocol so that the server understands it.
    """

    target: str
    command: str
    version: str
    began: datetime
    seconds: float
    patience: float | None = None
    token: str | None = None
    features: tuple[str, ...] | None = None
    spoken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Cases that one thing keeps from being looked at. ``name`` is an action or a sentence."""

    name: str
    verdict: Verdict
    results: tuple[Result, ...]

    @property
    def effect(self) -> str:
        """How many cases, and what they do, such as "3 cases wait on"; ``name`` goes on from there."""
        one, many = ("waits on", "wait on") if self.verdict is Verdict.BLOCKED else ("needs", "need")
        return f"1 case {one}" if len(self.results) == 1 else f"{len(self.results)} cases {many}"


@dataclass(frozen=True, slots=True)
class Report:
    """One run, to be written in any form."""

    facts: Facts
    results: tuple[Result, ...]

    @property
    def summaries(self) -> list[LevelSummary]:
        """The levels that have results, in their order."""
        return summarise(self.results)

    @property
    def counts(self) -> Counter[Verdict]:
        """How many cases came to each verdict."""
        return Counter(each.verdict for each in self.results)

    @property
    def unmet(self) -> frozenset[str]:
        """The ids of the cases that keep a level from being reached."""
        return frozenset(result.case for summary in self.summaries for result in summary.unmet)

    @property
    def exit_status(self) -> int:
        """What the command ends with."""
        return 1 if self.unmet else 0

    @property
    def headline(self) -> str:
        """The whole run in one sentence."""
        return f"{self.counts[Verdict.PASS]} of {len(self.results)} cases passed"

    @property
    def singles(self) -> list[Result]:
        """The failures that are shown one by one, worst first."""
        return [each for each in self._failures() if each.verdict not in GROUPED]

    @property
    def causes(self) -> list[Cause]:
        """The other failures by what caused them, the cause of most first."""
        found: dict[tuple[Verdict, str], list[Result]] = {}
        for each in self._failures():
            if each.verdict in GROUPED:
                found.setdefault((each.verdict, cause_of(each)), []).append(each)
        causes = [Cause(name, verdict, tuple(alike)) for (verdict, name), alike in found.items()]
        return sorted(causes, key=lambda each: len(each.results), reverse=True)

    @property
    def first_to_fix(self) -> Cause | None:
        """What most blocked cases wait on."""
        return next((each for each in self.causes if each.verdict is Verdict.BLOCKED), None)

    def _failures(self) -> list[Result]:
        badness, weight = list(Verdict), list(Keyword)
        return sorted(
            (each for each in self.results if is_failure(each)),
            key=lambda each: (badness.index(each.verdict), weight.index(requirement_of(each).keyword)),
        )


def is_failure(result: Result) -> bool:
    """Tell whether a result is something to fix, whatever it weighs."""
    if result.verdict is Verdict.UNSUPPORTED:
        return not levels()[requirement_of(result).level].optional
    return result.verdict not in (Verdict.PASS, Verdict.UNTESTED)


def requirement_of(result: Result) -> Requirement:
    """Return the requirement that a result is about."""
    return requirements()[result.requirement]


def cause_of(result: Result) -> str:
    """Return in a word or a sentence what kept a case from being looked at."""
    if not result.findings:
        return "an unknown cause"
    return result.findings[0].by or result.findings[0].sentence


def reached(summaries: Sequence[LevelSummary]) -> tuple[str | None, int, int]:
    """Return how far a server got: the last level reached with all before it, and how many of how many.

    Only the levels that every server should reach count, whether this run looked at them or not.
    """
    done = {each.level.name for each in summaries if each.state == "reached"}
    every = [each.name for each in levels().values() if not each.optional]
    highest = None
    for name in every:
        if name not in done:
            break
        highest = name
    return highest, sum(name in done for name in every), len(every)
