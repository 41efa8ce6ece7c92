"""Tags of cases: words to select them by, all of them derived from what is known of a case anyway."""

from dataclasses import fields
from functools import cache

from tchat_conform.case import Case, all_cases
from tchat_conform.sections import actions_of, codes_in, section_of


@cache
def tags_of(case: Case) -> frozenset[str]:
    """Return the tags of a case.

    They are the level and the keyword of its requirement, the section of PROTOCOL.md and the module of cases that it
    stands in, the actions and error codes that its requirement is about, and how it runs, such as ``restarts``.
    """
    requirement = case.requirement
    section = section_of(requirement)
    return frozenset(
        {
            requirement.level,
            requirement.keyword.lower(),
            section.slug,
            *([section.parent.slug] if section.parent else []),
            case.script.__module__.rpartition(".")[2].replace("_", "-"),
            *actions_of(requirement),
            *(each.code.value for each in codes_in(requirement)),
            *_manner(case),
        }
    )


def _manner(case: Case) -> list[str]:
    """Return the names of what is set of a case's switches."""
    return [each.name for each in fields(case) if getattr(case, each.name) is True]


@cache
def all_tags() -> tuple[str, ...]:
    """Return every tag that a case has, in alphabetical order."""
    return tuple(sorted({tag for case in all_cases() for tag in tags_of(case)}))
