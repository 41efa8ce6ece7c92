"""Likely causes: known faults that were put into a sound server on purpose, and the cases that noticed each.

Where the cases that a server does not pass are just those that noticed one known fault, that fault is worth a look.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tchat_conform.verdict import Result, Verdict

NOTICED = frozenset({Verdict.FAIL, Verdict.NON_STRICT, Verdict.UNSUPPORTED, Verdict.UNSTABLE})
LOOKED = NOTICED | {Verdict.PASS}
"""Verdicts of cases that did look at what they are about."""
ALIKE = 0.8
"""How much of the cases must agree, as the share of those in either set that are in both."""
TIES = 2
"""So many faults may fit equally well; more say nothing."""
LEAST_PASSED = 0.3
"""A server that does not pass this share of the cases has no single cause."""
LEAST_EXPLAINED = 0.3
"""What explains less than this share of all that failed is a coincidence, or one fault among many."""
LEAST_LOOKED = 20
"""Fewer cases fit too many faults."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One known fault: what it is in a sentence, the requirements that it breaks, and the cases that noticed it."""

    name: str
    sentence: str
    breaks: frozenset[str]
    cases: frozenset[str]


@cache
def faults() -> tuple[Fault, ...]:
    """Return the known faults."""
    data = json.loads(resources.files(__package__).joinpath("faults.json").read_text(encoding="utf-8"))
    return tuple(
        Fault(name, each["sentence"], frozenset(each["breaks"]), frozenset(each["cases"]))
        for name, each in data.items()
    )


class Likely:
    """What the results of one run look like; ``of`` gives the known faults that explain some cases.

    A case that found another form says itself what to change, and gets no guess.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        self._looked = {each.case: each.requirement for each in results if each.verdict in LOOKED}
        self._of_form = frozenset(each.case for each in results if each.verdict is Verdict.NON_STRICT)
        self._failed = frozenset(each.case for each in results if each.verdict in NOTICED)
        scored = [(fault, self._likeness(fault)) for fault in faults()] if self._tells() else []
        self._alike = [(fault, likeness) for fault, likeness in scored if likeness >= ALIKE]

    def of(self, cases: Collection[str]) -> list[Fault]:
        """Return the known faults that look most like what these cases found; none unless that is specific."""
        found = set(cases) - self._of_form
        fitting = [(fault, (likeness, len(fault.cases & found))) for fault, likeness in self._alike]
        best = max((fit for _, fit in fitting), key=lambda fit: (fit[1] > 0, fit), default=(0.0, 0))
        likely = [fault for fault, fit in fitting if fit == best and fit[1]]
        return likely if len(likely) <= TIES else []

    def _tells(self) -> bool:
        """Tell whether so much was looked at, and so much of it is sound, that the rest can point to one fault."""
        looked = len(self._looked)
        return looked >= LEAST_LOOKED and looked - len(self._failed) >= LEAST_PASSED * looked

    def _likeness(self, fault: Fault) -> float:
        """Return how alike the cases that failed are to those that noticed a fault, among those that could."""
        expected = fault.cases & self._looked.keys()
        could = {case for case, requirement in self._looked.items() if requirement in fault.breaks}
        failed = self._failed & could
        explained = expected & failed
        seen_in_part = len(expected) < ALIKE * len(fault.cases)
        if seen_in_part or len(explained) < LEAST_EXPLAINED * max(1, len(self._failed)):
            return 0.0
        return len(explained) / len(expected | failed)
