"""Every sentence of the client in the user's language: English stands in the source, the others in a catalogue each.

``said`` puts a sentence into the language that was chosen; ``phrase`` marks one that is said later. A test looks that
each has its entry, with the same places, and that nothing the client says goes by any other way.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any

ENGLISH = "en"
LANGUAGES = (ENGLISH, "fr")
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables that name the user's language; the first that is set counts."""

_chosen: ContextVar[str] = ContextVar("language", default=ENGLISH)


def said(sentence: str, /, **values: object) -> str:
    """Return a sentence in the chosen language with its places filled."""
    return translated(sentence).format_map(values)


def translated(sentence: str) -> str:
    """Return a sentence in the chosen language with its places still open; English where there is no other."""
    return catalogue(_chosen.get()).get(sentence, sentence)


def phrase(sentence: str) -> str:
    """Mark a sentence that stands in a table, and is put into the user's language when it is said."""
    return sentence


def counted(number: int, one: str, many: str) -> str:
    """Return how many of something there are: French takes the singular for none, too."""
    singular = number == 1 or (number == 0 and _chosen.get() == "fr")
    return said(one if singular else many, number=number)


def retold(sentence: str) -> str:
    """Return a sentence that tchat_protocol has made in the chosen language, as it is where it is not known."""
    for template, other in _retellings(_chosen.get()):
        if found := template.fullmatch(sentence):
            return other.format_map(found.groupdict())
    return sentence


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language inside the block. Raises KeyError for one that has no catalogue."""
    catalogue(language)
    token = _chosen.set(language)
    try:
        yield
    finally:
        _chosen.reset(token)


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that the environment asks for, English where it asks for none of ours."""
    locale = next((environment[name] for name in LOCALE if environment.get(name)), "")
    language = locale[:2].lower()
    return language if language in LANGUAGES else ENGLISH


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return each English sentence with the one that says it in a language. Raises KeyError for an unknown language."""
    if language not in LANGUAGES:
        raise KeyError(language)
    if language == ENGLISH:
        return {}
    file = resources.files(__package__).joinpath(f"{language}.toml")
    sentences: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))
    return sentences


PROTOCOL_SENTENCES = (
    phrase("{field} must not be empty"),
    phrase("{field} must have at most {most} characters, not {length}"),
    phrase("{field} must not contain white space, control characters or ';'"),
    phrase("{field} must be at least {least}, not {value}"),
    phrase("{field} must be at most {most}, not {value}"),
)
"""What tchat_protocol.explain says of the fields that a person types."""


@cache
def _retellings(language: str) -> list[tuple[re.Pattern[str], str]]:
    known = catalogue(language)
    return [(_pattern(each), known[each]) for each in PROTOCOL_SENTENCES if each in known]


def _pattern(template: str) -> re.Pattern[str]:
    parts: list[Any] = [
        re.escape(text) + (f"(?P<{place}>.*)" if place else "") for text, place, _, _ in Formatter().parse(template)
    ]
    return re.compile("".join(parts), re.DOTALL)
