"""Which cases a run is about: by level, by id or requirement, by tag, and by what their words hold."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tchat_conform.case import Case, all_cases
from tchat_conform.ids import current, removed
from tchat_conform.near import did_you_mean
from tchat_conform.requirements import levels, requirements
from tchat_conform.tags import all_tags, tags_of


class NoSuchCase(LookupError):  # noqa: N818 - said of a name, not a fault of the program
    """Something that is asked for does not exist, or no case is left; says what is near."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for: a case has to fit all of it. What is empty leaves every case.

    ``levels``: one of these levels. ``only``: one of these ids or numbers of requirements. ``tags``: one tag of each
    group. ``pattern``: part of the id, the title or a tag, or a glob that one of them or the number of the requirement
    matches, whatever the capitals.
    """

    levels: Sequence[str] = ()
    only: Sequence[str] = ()
    tags: Sequence[Sequence[str]] = ()
    pattern: str = ""

    def cases(self) -> list[Case]:
        """Return the cases selected, in their order. Raises NoSuchCase if something is unknown or no case is left."""
        wanted = [_known_level(each) for each in self.levels]
        ids = {each for name in self.only for each in ids_of(name)}
        groups = [{_known_tag(each) for each in group} for group in self.tags]
        matching = {each.id for each in _matching(self.pattern)} if self.pattern else None
        found = [
            each
            for each in all_cases()
            if (not wanted or each.level.name in wanted)
            and (not self.only or each.id in ids)
            and all(group & tags_of(each) for group in groups)
            and (matching is None or each.id in matching)
        ]
        if not found:
            raise NoSuchCase("No case matches all of this; --list shows every case with its level and tags.")
        return found


def ids_of(name: str) -> list[str]:
    """Return the ids of the cases that a name means: an id, or the number of a requirement, in any capitals.

    Raises NoSuchCase with the nearest names, or with what became of a case that is no more.
    """
    wanted = current(name).casefold()
    found = [each.id for each in all_cases() if wanted in (each.id.casefold(), each.requirement.id.casefold())]
    if found:
        return found
    if name in removed():
        raise NoSuchCase(f"The case {name} is no more: {removed()[name]}")
    raise NoSuchCase(f"There is no case and no requirement {name!r}.{_near(name)}")


def _near(name: str) -> str:
    if "/" not in name:
        return did_you_mean(name, requirements())
    number = name.partition("/")[0].upper()
    siblings = [each.id for each in all_cases() if each.requirement.id == number]
    return did_you_mean(name, siblings, least=0.0) or did_you_mean(name, [each.id for each in all_cases()])


def _known_level(name: str) -> str:
    if name not in levels():
        near = did_you_mean(name, levels()) or f" There are {', '.join(levels())}."
        raise NoSuchCase(f"{name!r} is no level.{near}")
    return name


def _known_tag(name: str) -> str:
    if name not in all_tags():
        near = did_you_mean(name, all_tags()) or " --list shows them all."
        raise NoSuchCase(f"{name!r} is no tag.{near}")
    return name


def _matching(pattern: str) -> list[Case]:
    wanted = pattern.casefold()
    found = [each for each in all_cases() if any(_fits(wanted, text.casefold()) for text in _texts(each))]
    if not found:
        words = {*requirements(), *all_tags(), *(each.name for each in all_cases())}
        raise NoSuchCase(f"No case matches {pattern!r}, by id, title or tag.{did_you_mean(pattern, words)}")
    return found


def _texts(case: Case) -> Iterable[str]:
    return (case.id, case.requirement.id, case.title, *tags_of(case))


def _fits(wanted: str, text: str) -> bool:
    return wanted in text or fnmatch.fnmatchcase(text, wanted)
