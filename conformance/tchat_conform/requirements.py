"""The requirements and levels of PROTOCOL.md, read from its text: the runner has no list of its own."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tchat_protocol import schemas

_REQUIREMENT = re.compile(
    r'^- <a id="(?P<anchor>[a-z0-9-]+)"></a>\*\*(?P<id>[A-Z0-9-]+)\*\* '
    r"\((?P<keyword>MUST|SHOULD|MAY), (?P<client>client )?(?P<level>[a-z]+)\) (?P<text>.+)$",
    re.MULTILINE,
)
_LEVEL = re.compile(r"^\| (?P<name>[a-z]+) \| (?P<about>.+) \|$", re.MULTILINE)


class Keyword(StrEnum):
    """How much a requirement weighs."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of conformance; optional ones count only for servers that list the feature of that name."""

    name: str
    about: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """One numbered sentence of PROTOCOL.md."""

    id: str
    keyword: Keyword
    level: str
    text: str

    @property
    def link(self) -> str:
        """Where the sentence stands."""
        return f"PROTOCOL.md#{self.id.lower()}"


@cache
def requirements() -> dict[str, Requirement]:
    """Return every requirement of PROTOCOL.md for servers by its number, in the order of the text."""
    return _read(of_clients=False)


@cache
def client_requirements() -> dict[str, Requirement]:
    """Return every requirement of PROTOCOL.md for clients by its number, in the order of the text."""
    return _read(of_clients=True)


def requirement(number: str) -> Requirement:
    """Return the requirement of a number, for servers or for clients. Raises KeyError."""
    return requirements().get(number) or client_requirements()[number]


def _read(*, of_clients: bool) -> dict[str, Requirement]:
    return {
        found["id"]: Requirement(found["id"], Keyword(found["keyword"]), found["level"], found["text"])
        for found in _REQUIREMENT.finditer(schemas.protocol_text())
        if bool(found["client"]) is of_clients
    }


@cache
def levels() -> dict[str, Level]:
    """Return the levels of PROTOCOL.md section 10 by name, in their order."""
    section = schemas.protocol_text().partition("## 10. Levels of conformance")[2]
    return {
        found["name"]: Level(found["name"], found["about"], found["about"].startswith("optional feature"))
        for found in _LEVEL.finditer(section)
        if found["name"] != "level"
    }
