"""Selecting cases: by level, id, requirement, tag and words; what is unknown names what is near."""

import pytest

from tchat_conform.case import all_cases
from tchat_conform.requirements import levels, requirements
from tchat_conform.selection import NoSuchCase, Selection
from tchat_conform.tags import all_tags, tags_of


def ids(selection: Selection) -> set[str]:
    return {each.id for each in selection.cases()}


def ids_of_requirement(number: str) -> set[str]:
    return {each.id for each in all_cases() if each.requirement.id == number}


def test_nothing_asked_for_is_every_case_in_order() -> None:
    assert Selection().cases() == list(all_cases())


def test_a_requirement_is_all_of_its_cases_in_any_capitals() -> None:
    assert ids(Selection(only=["G-JOIN-1"])) == ids(Selection(only=["g-join-1"])) == ids_of_requirement("G-JOIN-1")


def test_an_id_is_one_case_and_ids_add_up() -> None:
    one, *_ = sorted(ids_of_requirement("G-JOIN-1"))
    assert ids(Selection(only=[one])) == {one}
    assert ids(Selection(only=[one, "G-JOIN-2"])) == {one} | ids_of_requirement("G-JOIN-2")


def test_the_number_of_a_requirement_is_not_the_start_of_another() -> None:
    assert "H-PAGE-1" in requirements()
    assert {each.requirement.id for each in Selection(only=["W-SIZE-1"]).cases()} == {"W-SIZE-1"}


@pytest.mark.parametrize("level", levels())
def test_a_level_is_exactly_its_cases(level: str) -> None:
    assert {each.level.name for each in Selection(levels=[level]).cases()} == {level}


def test_all_that_is_asked_for_has_to_fit() -> None:
    found = Selection(levels=["groups"], tags=[["kick", "ban"], ["not-owner"]], pattern="*cannot*").cases()
    assert {each.requirement.id for each in found} <= {"G-KICK-4", "G-BAN-6"}
    assert all(each.level.name == "groups" for each in found)


@pytest.mark.parametrize("pattern", ["g-join", "G-JOIN-*", "already-member", "framing", "SHOULD"])
def test_words_are_looked_for_in_ids_titles_and_tags_whatever_their_capitals(pattern: str) -> None:
    wanted = pattern.lower().rstrip("*")
    for each in Selection(pattern=pattern).cases():
        assert any(wanted in text.lower() for text in (each.id, each.title, *tags_of(each)))


def test_a_glob_may_match_the_number_of_a_requirement() -> None:
    assert "B-SEND-4" in {each.requirement.id for each in Selection(pattern="?-*-4").cases()}
    assert all(each.requirement.id.endswith("-4") for each in Selection(pattern="?-*-4").cases())


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(levels=["gruops"]), "'gruops' is no level. Did you mean groups?"),
        (Selection(levels=["xyz"]), "'xyz' is no level. There are base, groups"),
        (Selection(tags=[["farming"]]), "'farming' is no tag. Did you mean framing"),
        (Selection(only=["G-JION-1"]), "no requirement 'G-JION-1'. Did you mean G-JOIN-1"),
        (Selection(only=["G-JOIN-1/every-member"]), "Did you mean G-JOIN-1/every-member-hears-of-a-join"),
        (Selection(pattern="G-JION"), "No case matches 'G-JION', by id, title or tag. Did you mean G-JOIN-"),
        (Selection(pattern="no such case"), "No case matches 'no such case'"),
        (Selection(levels=["base"], only=["G-JOIN-1"]), "No case matches all of this"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_near(selection: Selection, message: str) -> None:
    with pytest.raises(NoSuchCase) as refused:
        selection.cases()
    assert message in str(refused.value)


def test_tags_say_level_keyword_section_actions_codes_and_manner() -> None:
    first, *_ = Selection(only=["G-KICK-4"]).cases()
    assert tags_of(first) >= {"groups", "must", "kick", "not-owner", "kicks"}
    assert "should" in tags_of(Selection(only=["I-ALIAS-1"]).cases()[0])
    assert all(each.restarts for each in Selection(tags=[["restarts"]]).cases())
    assert {"slow", "restarts", "framing", "bad-input"} <= set(all_tags())
    assert set(levels()) <= set(all_tags())
