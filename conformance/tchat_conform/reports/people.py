"""The people of one case by their roles: fresh names are safe for a server, and hard on a reader."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tchat_conform.expect import FRESH
from tchat_conform.reports.text import message_text
from tchat_conform.verdict import Finding, Message, Result, Verdict

_FRESH = re.compile(rf"(?<!\w)(?P<stem>[^\W\d_]\w{{0,30}}?)(?P<text> no)?(?P<serial>{FRESH.pattern})(?!\d)")
"""A fresh name, such as ``bobx5a4f9x00118``, or a fresh text, such as ``hello nox5a4f9x00134``."""

READ = 4_000
"""Bytes of one message in which names are looked for."""


class Roles:
    """What the fresh names of a case stand for; called with a text it puts the roles in their place.

    Two names of one role are told apart by numbers. Names that the case never used itself belong to other cases,
    and stay as they are.
    """

    def __init__(self, result: Result) -> None:
        serials: dict[str, list[str]] = defaultdict(list)
        for found in _fresh(_own_texts(result)):
            if found["serial"] not in serials[found["stem"]]:
                serials[found["stem"]].append(found["serial"])
        self._roles = {
            serial: stem if len(alike) == 1 else f"{stem}-{number}"
            for stem, alike in serials.items()
            for number, serial in enumerate(alike, start=1)
        }

    @classmethod
    def nobody(cls) -> "Roles":
        """Return the roles of nobody, which leave every text as it is."""
        return cls(Result("", "", "", Verdict.PASS))

    def __call__(self, text: str) -> str:
        """Return a text with roles in place of the fresh names of this case."""
        return _FRESH.sub(lambda found: self._roles.get(found["serial"], found[0]), text)

    def is_foreign(self, text: str) -> bool:
        """Tell whether a text is about people of other cases alone."""
        named = [found["serial"] for found in _FRESH.finditer(text)]
        return bool(named) and not any(each in self._roles for each in named)


def anonymous(text: str, people: Iterable[str] = ()) -> str:
    """Return a text that is the same whoever did it: without fresh names, numbers, and the names of ``people``.

    >>> anonymous("bobx5a4f9x00118 waited 3 s for alice", ["alice"])
    '· waited  s for ·'
    """
    without = re.sub(r"\[[\d, ]*\]|\d+", "", _FRESH.sub("·", text))
    names = "|".join(re.escape(each) for each in sorted(people, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{names})(?![\w-])", "·", without) if names else without


def _own_texts(result: Result) -> Iterator[str]:
    for entry in result.log:
        if entry.direction == "→":
            yield entry.data[:READ].decode("utf-8", "replace")
    for finding in result.findings:
        yield finding.sentence
        if finding.expected is not None:
            yield message_text(finding.expected)


def _fresh(texts: Iterable[str]) -> Iterator[re.Match[str]]:
    return (found for text in texts for found in _FRESH.finditer(text))


def in_roles(finding: Finding, roles: Roles) -> Finding:
    """Return a finding that names people by their roles."""
    expected, received = (_side(each, roles) for each in (finding.expected, finding.received))
    return Finding(roles(finding.sentence), expected, received, finding.by, roles(finding.proof))


def _side(side: Message | str | None, roles: Roles) -> Message | str | None:
    return (
        {roles(name): named(value, roles) for name, value in side.items()}
        if isinstance(side, Mapping)
        else (side and roles(side))
    )


def named(value: Any, roles: Roles) -> Any:
    """Return a value of a message that names people by their roles."""
    if isinstance(value, str):
        return roles(value)
    if isinstance(value, Mapping):
        return {roles(str(name)): named(each, roles) for name, each in value.items()}
    return [named(each, roles) for each in value] if isinstance(value, list) else value
