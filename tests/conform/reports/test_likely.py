"""Likely causes: a known fault is recognised by the cases that notice it, and nothing is guessed."""

from collections.abc import Collection

import pytest

from conform.mutants.registry import recorded
from conform.reports.write_faults import FILE, content
from tchat_conform.case import all_cases
from tchat_conform.reports.likely import Likely, faults
from tchat_conform.verdict import Result, Verdict

CASES = all_cases()
ALL = tuple(each.id for each in CASES)


def run(failing: Collection[str], among: Collection[str] = ALL) -> list[Result]:
    return [
        Result(each.id, each.requirement.id, each.title, Verdict.FAIL if each.id in failing else Verdict.PASS)
        for each in CASES
        if each.id in among
    ]


def named(failing: Collection[str], case: str) -> list[str]:
    return [each.name for each in Likely(run(failing)).of([case])]


def test_the_file_of_faults_is_that_of_the_mutants() -> None:
    assert FILE.read_text(encoding="utf-8") == content(), "python -m conform.reports.write_faults"


def test_most_faults_are_recognised_and_none_is_mistaken() -> None:
    record = recorded()
    recognised = 0
    for name, cases in record.items():
        found = named(cases, cases[0])
        recognised += name in found
        assert name in found or not found, f"{name} is taken for {found}"
    assert recognised > 0.6 * len(record)


def test_a_case_that_a_fault_does_not_explain_gets_none() -> None:
    (bans,) = (each for each in faults() if each.name == "bans_like_a_kick")
    other = "W-LINE-1/each-message-ends-with-a-line-feed"
    failing = {*bans.cases, other}
    assert "bans_like_a_kick" in named(failing, next(iter(bans.cases)))
    assert "bans_like_a_kick" not in named(failing, other)


def test_one_fault_among_many_is_no_likely_cause() -> None:
    (bans,) = (each for each in faults() if each.name == "bans_like_a_kick")
    many = [each.id for each in CASES if each.requirement.level == "base"][:100]
    assert named([*bans.cases, *many], next(iter(bans.cases))) == []


@pytest.mark.parametrize("failing", [{each.id for each in CASES}, set()], ids=["all", "none"])
def test_a_server_that_fails_everything_or_nothing_has_no_likely_cause(failing: set[str]) -> None:
    likely = Likely(run(failing))
    assert [each.id for each in CASES if likely.of([each.id])] == []


@pytest.mark.parametrize("requirement", ["G-KICK-1", "W-OPEN-1"])
def test_the_cases_of_one_requirement_alone_say_little(requirement: str) -> None:
    few = [each.id for each in CASES if each.requirement.id == requirement]
    assert Likely(run(few, among=few)).of(few) == []
