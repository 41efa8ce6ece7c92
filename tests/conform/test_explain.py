"""--explain: what PROTOCOL.md says of a requirement, found where it stands."""

import pytest

from tchat_conform.case import all_cases
from tchat_conform.explain import explained
from tchat_conform.requirements import Requirement, requirements
from tchat_conform.selection import NoSuchCase
from tchat_protocol import schemas

TEXT = schemas.protocol_text()


@pytest.mark.parametrize("requirement", requirements().values(), ids=lambda each: each.id)
def test_every_requirement_is_explained_in_words_of_the_protocol(requirement: Requirement) -> None:
    said = dict(explained(requirement.id))
    assert said[""].endswith(requirement.text)
    assert ("Why" in said) is (requirement.id != "I-TLS-1")  # whose sentence stands alone in its section
    unwrapped = " ".join(TEXT.split())
    assert all(" ".join(part.split()) in unwrapped for part in said.get("Why", "").split("\n\n"))
    assert said.get("Example", "") in TEXT
    assert {line.split()[0] for line in said["Cases"].splitlines()} == {
        each.id for each in all_cases() if each.requirement is requirement
    }


def test_the_example_is_that_of_its_section_or_shows_the_code_it_names() -> None:
    assert '"code":"banned"' in dict(explained("G-BAN-2"))["Example"]
    bad_json = dict(explained("W-BAD-1"))["Example"]
    assert bad_json.splitlines()[0] == "alice → hello?"
    assert len(bad_json.splitlines()) == 2
    assert "Example" not in dict(explained("H-RESTART-1"))


def test_an_error_code_is_explained_with_its_meaning() -> None:
    assert dict(explained("G-JOIN-3"))["Error codes"] == ("already-member: The user is a member of the group already.")
    assert "Error codes" not in dict(explained("G-JOIN-1"))


def test_a_case_is_explained_by_its_requirement_and_stands_first() -> None:
    case = all_cases()[-1]
    said = dict(explained(case.id))
    assert said["This case"] == f"{case.id}  {case.title}"
    assert case.requirement.id in said[""]


def test_requirements_that_the_text_names_are_linked() -> None:
    assert "PROTOCOL.md#e-order-2" in dict(explained("g-ban-2"))["See"]


def test_what_does_not_exist_is_refused_with_what_is_near() -> None:
    with pytest.raises(NoSuchCase, match="Did you mean G-BAN-"):
        explained("G-BAN-22")
