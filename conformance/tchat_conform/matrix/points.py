"""What a run comes to: points for each peer, and what to fix, worst first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tchat_conform.matrix.judgement import weighs
from tchat_conform.matrix.lineup import Lineup
from tchat_conform.matrix.result import Blame, CellResult, Outcome, Side, Verdict, plain

_THEIR_FAULT = frozenset(
    {Verdict.SERVER, Verdict.CLIENT, Verdict.BOTH, Verdict.UNSUPPORTED, Verdict.BLOCKED, Verdict.AMBIGUOUS}
)


@dataclass(slots=True)
class Points:
    """What a peer came to: in how many scenarios it took part, how many passed, and how many failed by its fault.

    What others spoiled counts for nobody: ``of`` is what is left, and ``passed`` of that are the points.
    """

    side: Side
    peer: str
    played: int = 0
    passed: int = 0
    at_fault: int = 0

    @property
    def of(self) -> int:
        """How many scenarios show something of this peer."""
        return self.passed + self.at_fault


def points(lineup: Lineup, results: Sequence[CellResult]) -> list[Points]:
    """Return the points of every peer, servers first, in the order of the file."""
    found = [Points("server", each.name) for each in lineup.servers]
    found += [Points("client", each.name) for each in lineup.clients]
    for each in found:
        for result in results:
            cell = result.cell
            if each.peer in ((cell.server,) if each.side == "server" else (cell.first, cell.second)):
                _count(each, result.outcomes)
    return [each for each in found if each.played]


def _count(one: Points, outcomes: Sequence[Outcome]) -> None:
    for each in outcomes:
        one.played += 1
        one.passed += each.verdict is Verdict.PASSED
        one.at_fault += is_at_fault(each, one.side, one.peer)


def is_at_fault(outcome: Outcome, side: Side, peer: str) -> bool:
    """Tell whether a scenario did not pass because of a peer."""
    if outcome.verdict not in _THEIR_FAULT or outcome.verdict is Verdict.AMBIGUOUS or not outcome.blames:
        return False
    first = outcome.blames[:1]
    if outcome.verdict is Verdict.BOTH:
        first = tuple(next((each for each in outcome.blames if each.side == s), outcome.blames[0]) for s in _SIDES)
    return any((each.side, each.peer) == (side, peer) for each in first)


_SIDES: tuple[Side, ...] = ("server", "client")


def is_strict(outcome: Outcome) -> bool:
    """Tell whether a scenario passed, and nobody broke a MUST on the way."""
    return outcome.verdict is Verdict.PASSED and not any(map(weighs, outcome.remarks))


@dataclass(slots=True)
class Cause:
    """One thing to fix: the verdict it leads to, who did what, and where."""

    verdict: Verdict
    blame: Blame
    where: list[tuple[CellResult, Outcome]] = field(default_factory=list)


def causes(results: Sequence[CellResult]) -> list[Cause]:
    """Return what keeps scenarios from passing, what most of them fail of first; blocked ones count to their cause."""
    found: dict[tuple[str | None, ...], Cause] = {}
    for result in results:
        for outcome in result.outcomes:
            if outcome.verdict in (Verdict.PASSED, Verdict.UNTESTED, Verdict.BLOCKED) or not outcome.blames:
                continue
            blame = outcome.blames[0]
            sentence = plain(blame.sentence) if blame.requirement is None else None
            key = (outcome.verdict.value, blame.side, blame.peer, blame.requirement, sentence)
            found.setdefault(key, Cause(outcome.verdict, blame)).where.append((result, outcome))
    return sorted(found.values(), key=lambda each: -len(each.where))


def counts(results: Sequence[CellResult]) -> Counter[Verdict]:
    """Return how many scenarios came to each verdict."""
    return Counter(each.verdict for result in results for each in result.outcomes)
