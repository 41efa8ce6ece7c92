"""Catalogues: the sentences of the suite in another language, and how one is found for a sentence at hand.

A catalogue is a folder of TOML files, each a sorted table of English templates and their translations. TOML and not
gettext's format because an entry is one line that merges well, the standard library reads it, and gettext would look
up whole sentences, where ours are known only with their values in them.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tchat_conform.lang.template import Kind, Template

ENGLISH = "en"
LANGUAGES = (ENGLISH, "fr")
DEEPEST = 4
"""How many sentences within each other are translated."""
CERTAIN = 3
"""With so many words in common a sentence was made of a template; with fewer it must be short, and hold names alone."""
SEPARATORS: dict[Kind, str] = {"sentences": "; ", "choice": " or "}
_NO_BREAK = "\u00a0"
_NAMES = re.compile(r"\S+(?:(?:, | and )\S+)*(?: more)?")
"""A name, or several as one lists them."""
_SPACES = re.compile(r" (?=[;:!?»])|(?<=«) |(?<=\d) (?=\d{3}(?!\d))")


class Catalogue:
    """The translations of one language.

    Raises ValueError for an entry that is no template, or whose places are others than those of its English.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        pairs = [(Template.parse(each), Template.parse(typeset(other))) for each, other in entries.items()]
        for english, other in pairs:
            if set(english.places) != set(other.places):
                raise ValueError(f"{str(english)!r} and {str(other)!r} have not the same places")
        self.entries = dict(entries)
        self._whole = {english.texts[0]: other.texts[0] for english, other in pairs if not english.places}
        made = [(english, other) for english, other in pairs if english.places]
        self._made = sorted(made, key=lambda pair: pair[0].weight, reverse=True)

    def translate(self, text: str) -> str:
        """Return a sentence in this language; what it does not know it leaves as it is."""
        return self.look_up(text).text

    def look_up(self, text: str, depth: int = 0) -> "Found":
        """Return the best that is found: without anything unknown, or with names alone, or in part.

        Of several the one that accounts for most of the text is the best.
        """
        if text in self._whole:
            return Found(self._whole[text], (str(Template.of([text])),), covered=len(text))
        found = [Found(text, unknown=(text,))]
        for english, other in self._made if depth < DEEPEST else ():
            values = english.match(text)
            if values is None or (english.words < CERTAIN and _is_chance(english, values)):
                continue
            made = self._filled(english, other, values, depth)
            if not made.unknown or english.words >= CERTAIN or (english.words and made.names_only):
                found.append(made)
        return max(found, key=lambda each: each.rank)

    def _filled(self, english: Template, other: Template, values: Iterable[str], depth: int) -> "Found":
        made = {
            place.name: self._value(place.kind, value, depth + 1)
            for place, value in zip(english.places, values, strict=True)
        }
        text = other.fill({name: each.text for name, each in made.items()})
        own = Found("", (str(english),), covered=sum(map(len, english.texts)))
        return _joined(text, [own, *made.values()])

    def _value(self, kind: Kind, value: str, depth: int) -> "Found":
        if not kind:
            return Found(value)
        separator = SEPARATORS.get(kind)
        if separator is None or separator not in value:
            return self.look_up(value, depth)
        parts = [self.look_up(each, depth) for each in value.split(separator)]
        return _joined(self._whole.get(separator, separator).join(each.text for each in parts), parts)


@dataclass(frozen=True, slots=True)
class Found:
    """A translation, the entries that it was made of, and the texts in it that there is no translation of."""

    text: str
    entries: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    covered: int = 0
    """How many characters of the English text the entries account for."""

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        """The more, the better."""
        return bool(self.entries), not self.unknown, self.names_only, self.covered

    @property
    def names_only(self) -> bool:
        """Whether what is unknown may be names, which stand in the same places as sentences now and then."""
        return not any(" " in each for each in self.unknown)


def _is_chance(template: Template, values: Sequence[str]) -> bool:
    """Tell whether values are such as a template is not filled with: sentences where names stand, or nothing."""
    return not all(values) or any(
        not place.kind and _NAMES.fullmatch(value) is None for place, value in zip(template.places, values, strict=True)
    )


def _joined(text: str, parts: Sequence[Found]) -> Found:
    entries = tuple(entry for each in parts for entry in each.entries)
    unknown = tuple(unknown for each in parts for unknown in each.unknown)
    return Found(text, entries, unknown, sum(each.covered for each in parts))


def typeset(text: str) -> str:
    r"""Return French text with the spaces that no line may break at, which the catalogue writes as plain ones.

    >>> typeset("« oui » : 65 536 octets ; non")
    '«\xa0oui\xa0»\xa0: 65\xa0536 octets\xa0; non'
    """
    return _SPACES.sub(_NO_BREAK, text)


@cache
def catalogue(lang: str) -> Catalogue:
    """Return the catalogue of a language, that of English being empty. Raises KeyError for one there is none of."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    entries: dict[str, str] = {}
    folder = resources.files(__package__).joinpath(lang)
    for each in sorted(folder.iterdir(), key=lambda file: file.name) if lang != ENGLISH else ():
        for english, other in tomllib.loads(each.read_text(encoding="utf-8")).items():
            if entries.setdefault(english, other) != other:
                raise ValueError(f"{english!r} has two translations, one in {each.name}")
    return Catalogue(entries)


def translate(text: str, lang: str) -> str:
    """Return a sentence of the suite in a language, or as it is where there is no translation."""
    return text if lang == ENGLISH else catalogue(lang).translate(text)
