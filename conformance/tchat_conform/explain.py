"""What a requirement means: its sentence, the prose around it, an example and its cases, all read from PROTOCOL.md."""

from collections.abc import Iterable

from tchat_conform.case import Case, all_cases
from tchat_conform.language import said
from tchat_conform.requirements import Requirement, requirements
from tchat_conform.sections import Section, codes_in, example_for, section_of
from tchat_conform.selection import ids_of


def explained(name: str) -> list[tuple[str, str]]:
    """Return what there is to say of a requirement, or of that of a case, as headings with their texts.

    Raises NoSuchCase, with the nearest names, for a name that is neither.
    """
    ids = ids_of(name)
    cases = [each for each in all_cases() if each.id in ids]
    requirement = cases[0].requirement
    return [(heading, text) for heading, text in _parts(requirement, name, cases) if text]


def _parts(requirement: Requirement, name: str, cases: list[Case]) -> Iterable[tuple[str, str]]:
    yield "", f"{requirement.id} ({requirement.keyword}, {requirement.level}) {requirement.text}"
    if name.casefold() != requirement.id.casefold():
        yield "This case", _case(cases[0])
    section = section_of(requirement)
    yield "Why", "\n\n".join(_prose(section))
    yield "Example", example_for(requirement) or ""
    yield "Error codes", "\n".join(f"{each.code.value}: {each.meaning}" for each in codes_in(requirement))
    siblings = [each for each in all_cases() if each.requirement == requirement]
    yield "Cases", "\n".join(map(_case, siblings))
    yield "See", ", ".join([f"{requirement.link} ({_place(section)})", *_others(requirement)])


def _prose(section: Section) -> Iterable[str]:
    yield from section.prose
    if section.parent:
        yield from section.parent.prose


def _case(case: Case) -> str:
    return f"{case.id}  {said(case.title)}"


def _place(section: Section) -> str:
    return f"{section.parent.title}, {section.title}" if section.parent else section.title


def _others(requirement: Requirement) -> Iterable[str]:
    """Yield the links of the requirements that the text of this one names."""
    return (each.link for each in requirements().values() if each != requirement and each.id in requirement.text)
