"""The two lists are equal: requirements of PROTOCOL.md, and what the cases check."""

from collections import Counter

from tchat_conform.case import all_cases
from tchat_conform.requirements import levels, requirements


def test_every_requirement_has_a_case_and_every_case_a_requirement() -> None:
    assert {case.requirement.id for case in all_cases()} == set(requirements())


def test_case_ids_are_unique_and_say_their_requirement() -> None:
    ids = [case.id for case in all_cases()]
    assert Counter(ids).most_common(1)[0][1] == 1
    assert all(case.id.startswith(case.requirement.id + "/") for case in all_cases())


def test_every_case_has_a_sentence_for_its_title() -> None:
    untitled = [case.id for case in all_cases() if not case.title.endswith(".") or case.title == case.name]
    assert untitled == []


def test_the_first_six_levels_are_for_every_server() -> None:
    assert [level.name for level in levels().values() if not level.optional] == [
        "base",
        "groups",
        "private",
        "history",
        "robustness",
        "security",
    ]
