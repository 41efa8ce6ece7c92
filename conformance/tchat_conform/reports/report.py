"""What every report is made of: the results, the facts about the run, and what follows from both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tchat_conform.reports.causes import Cause, all_deaths, causes
from tchat_conform.reports.likely import Likely
from tchat_conform.requirements import Requirement, client_requirements, levels, requirement, requirements
from tchat_conform.summary import LevelSummary, lacks_feature, summarise
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
MEANINGS_OF_CLIENTS = {
    **MEANINGS,
    Verdict.UNSUPPORTED: "the client does not know this command: it sends nothing, and goes on",
    Verdict.ERROR: "the suite's own fault, which says nothing about the client",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a run beside its results.

    ``target`` is the server in words, ``command`` the command that judges it again, ``began`` has a time zone;
    ``patience``, ``token`` and ``features`` are those of the run, None where it did not come to them. ``spoken`` says,
    a sentence each, in what the suite departed from the protocol so that the server understands it.
    ``of_client`` says that it is a client that was judged: then ``target`` and ``command`` are the client's.
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
    of_client: bool = False

    def again(self, case: str) -> str:
        """Return the command that runs one case alone."""
        options, dashes, client = self.command.partition(" -- ") if self.of_client else (self.command, "", "")
        return f"{options} --only {case}{dashes}{client}"


_THEIR_FAULT = frozenset({Verdict.FAIL, Verdict.NON_STRICT})


@dataclass(frozen=True)
class Report:
    """One run, to be written in any form; ``trace`` asks for a drawing of every case."""

    facts: Facts
    results: tuple[Result, ...]
    trace: bool = False

    @cached_property
    def summaries(self) -> list[LevelSummary]:
        """The levels that have results, in their order."""
        return summarise(self.results)

    @cached_property
    def counts(self) -> Counter[Verdict]:
        """How many cases came to each verdict."""
        return Counter(each.verdict for each in self.results)

    @cached_property
    def unmet(self) -> frozenset[str]:
        """The ids of the cases that keep a level from being reached."""
        return frozenset(result.case for summary in self.summaries for result in summary.unmet)

    @property
    def exit_status(self) -> int:
        """What the command ends with."""
        return 1 if self.unmet else 0

    @cached_property
    def applicable(self) -> int:
        """How many cases there are but those of optional features that the server does not list."""
        return sum(not lacks_feature(each) for each in self.results)

    @property
    def headline(self) -> str:
        """The whole run in one sentence."""
        cases = "1 case" if self.applicable == 1 else f"{self.applicable} cases"
        return f"{self.counts[Verdict.PASS]} of {cases} passed"

    @cached_property
    def causes(self) -> list[Cause]:
        """What keeps cases from passing, worst first; each with its cases."""
        return causes([each for each in self.results if is_failure(each)])

    @property
    def first_to_fix(self) -> Cause | None:
        """What most cases wait on or die of; where there is no such thing, what fails in several cases."""
        deaths = all_deaths(self.causes)
        first = [each for each in self.causes if each.verdict is Verdict.BLOCKED]
        first += [] if deaths is None else [deaths]
        alike = [each for each in self.causes if len(each.results) > 1 and each.verdict in _THEIR_FAULT]
        return max(first, key=lambda each: len(each.results)) if first else next(iter(alike), None)

    @property
    def meanings(self) -> Mapping[Verdict, str]:
        """What each verdict says of whom was judged."""
        return MEANINGS_OF_CLIENTS if self.facts.of_client else MEANINGS

    @property
    def requirements(self) -> Mapping[str, Requirement]:
        """The requirements that there are for whom was judged, by number."""
        return client_requirements() if self.facts.of_client else requirements()

    @cached_property
    def likely(self) -> Likely:
        """The known faults that this run looks like."""
        return Likely(self.results)


def is_failure(result: Result) -> bool:
    """Tell whether a result is something to fix, whatever it weighs; to lack an optional feature is not."""
    if result.verdict is Verdict.UNSUPPORTED:
        return not lacks_feature(result) and not levels()[requirement_of(result).level].optional
    return result.verdict not in (Verdict.PASS, Verdict.UNTESTED)


def requirement_of(result: Result) -> Requirement:
    """Return the requirement that a result is about."""
    return requirement(result.requirement)


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
