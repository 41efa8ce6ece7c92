"""From results to levels: what was met, and what the exit status is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tchat_conform.actions import GROUP
from tchat_conform.requirements import Keyword, Level, levels, requirement
from tchat_conform.verdict import FEATURE, Result, Verdict


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """How the cases of one level came out."""

    level: Level
    counts: Counter[Verdict]
    unmet: tuple[Result, ...]
    """The cases of a MUST that keep the level from being reached, the untested ones aside."""

    @property
    def offered(self) -> bool:
        """False for an optional feature that the server does not list."""
        return not (self.level.optional and set(self.counts) == {Verdict.UNSUPPORTED})

    @property
    def state(self) -> str:
        """One of reached, not reached, not offered, not fully tested."""
        if not self.offered:
            return "not offered"
        if self.unmet:
            return "not reached"
        return "not fully tested" if self.counts[Verdict.UNTESTED] else "reached"


def summarise(results: Sequence[Result]) -> list[LevelSummary]:
    """Return the summary of each level that has results, in the order of PROTOCOL.md."""
    found = []
    for level in levels().values():
        of_level = [each for each in results if requirement(each.requirement).level == level.name]
        if of_level:
            counts = Counter(each.verdict for each in of_level)
            found.append(LevelSummary(level, counts, tuple(_unmet(of_level))))
    return found


def _unmet(results: Iterable[Result]) -> Iterable[Result]:
    met = (Verdict.PASS, Verdict.UNTESTED)
    return (
        each
        for each in results
        if each.verdict not in met
        and not lacks_feature(each)
        and not _is_of_groups(each)
        and requirement(each.requirement).keyword is Keyword.MUST
    )


def _is_of_groups(result: Result) -> bool:
    """Tell whether a case of the base level could not look because a request of a group is unknown.

    What base says of all answers holds of those that there are; the request itself counts in the level of groups.
    """
    asked = result.findings[0].by if result.findings else None
    return (
        result.verdict is Verdict.UNSUPPORTED
        and requirement(result.requirement).level == next(iter(levels()))
        and asked in GROUP | {"groups"}
    )


def lacks_feature(result: Result) -> bool:
    """Tell whether a case could not look because the server does not offer an optional feature, which is no fault."""
    return result.verdict is Verdict.UNSUPPORTED and (result.findings[0].by or "").startswith(FEATURE)


def exit_status(results: Sequence[Result]) -> int:
    """Return 0 if every MUST of the chosen levels holds as far as it was tested, 1 if not."""
    return 1 if any(each.unmet for each in summarise(results)) else 0
