"""PROTOCOL.md by its sections: the prose and the examples that stand around a requirement."""

import re
from dataclasses import dataclass, field
from functools import cache

from tchat_conform.requirements import Requirement
from tchat_protocol import schemas
from tchat_protocol.errors import CodeFacts, code_facts

EXAMPLE = "tchat"
_CHUNK = re.compile(r"^```(?P<language>\w+)\n(?P<block>.*?)^```$|(?:^(?!```)[^\n]+\n)+", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"(?P<depth>##|###) (?:\d+\. )?(?P<title>.+)")
_ANCHOR = re.compile(r'^- <a id="([a-z0-9-]+)">', re.MULTILINE)
_EXCHANGE = re.compile(r"^\w+ → .*(?:\n\w+ ← .*)*", re.MULTILINE)
_WORD = re.compile(r"`([a-z-]+)`")


@dataclass(slots=True)
class Section:
    """One section: its title, the section that it stands in, its prose and its examples.

    ``prose`` holds paragraphs, one line each, without requirements and tables; ``examples`` holds transcripts.
    ``anchors`` are those of its requirements, each with the number of examples that stand before it.
    """

    title: str
    parent: "Section | None" = None
    prose: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The title as one word, without what stands in brackets.

        >>> Section("Passwords (feature `auth`)").slug, Section("Bad input").slug
        ('passwords', 'bad-input')
        """
        return re.sub(r"[^a-z0-9]+", "-", self.title.partition("(")[0].strip().lower())


@cache
def section_of(requirement: Requirement) -> Section:
    """Return the innermost section that a requirement stands in."""
    return next(each for each in _sections() if requirement.id.lower() in each.anchors)


@cache
def _sections() -> tuple[Section, ...]:
    found = [Section("")]
    for chunk in _CHUNK.finditer(schemas.protocol_text()):
        if heading := _HEADING.match(chunk[0]):
            parent = None if heading["depth"] == "##" else found[-1].parent or found[-1]
            found.append(Section(heading["title"], parent))
        else:
            _add(found[-1], chunk)
    return tuple(found)


def _add(section: Section, chunk: re.Match[str]) -> None:
    if chunk["language"] == EXAMPLE:
        section.examples.append(chunk["block"].rstrip())
    elif anchors := _ANCHOR.findall(chunk[0]):
        section.anchors |= dict.fromkeys(anchors, len(section.examples))
    elif chunk["language"] is None and not chunk[0].startswith("|"):
        section.prose.append(" ".join(chunk[0].splitlines()))


def example_for(requirement: Requirement) -> str | None:
    """Return the transcript nearest to a requirement in its section, or an exchange with a word of its text."""
    section = section_of(requirement)
    if section.examples:
        before = section.anchors[requirement.id.lower()]
        return section.examples[min(before, len(section.examples) - 1)]
    words = [code.code.value for code in codes_in(requirement)] + _actions_named(requirement)
    exchanges = [each for other in _sections() for example in other.examples for each in _EXCHANGE.findall(example)]
    return next((each.rstrip() for word in words for each in exchanges if f'"{word}"' in each), None)


def codes_in(requirement: Requirement) -> list[CodeFacts]:
    """Return the error codes that a requirement names, in the order of its text."""
    known = {each.code.value: each for each in code_facts().values()}
    return [known[word] for word in _words(requirement) if word in known]


def actions_of(requirement: Requirement) -> list[str]:
    """Return the actions of requests that a requirement is about: its section's, and those that its text names."""
    answers = {schemas.answer_to(action): action for action in schemas.actions("requests")}
    named = [section_of(requirement).title, *_actions_named(requirement)]
    found = [answers.get(each, each) for each in named]
    return [each for each in dict.fromkeys(found) if each in schemas.actions("requests")]


def _actions_named(requirement: Requirement) -> list[str]:
    known = {*schemas.actions("requests"), *schemas.actions("answers")}
    return [word for word in _words(requirement) if word in known]


def _words(requirement: Requirement) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(requirement.text)))
