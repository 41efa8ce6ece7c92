"""Templates: sentences with places for values, matched against what was made of them, and filled anew.

A place is written as in an f-string: ``{name}`` holds a value that nobody translates; ``{name:sentence}`` holds a text
of the suite's own, ``{name:sentences}`` several with semicolons between them, and ``{name:choice}`` several with "or"
between them, which are all translated in their turn.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import Literal, cast, get_args

Kind = Literal["", "sentence", "sentences", "choice"]
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a template."""

    name: str
    kind: Kind = ""

    def __str__(self) -> str:
        return f"{{{self.name}:{self.kind}}}" if self.kind else f"{{{self.name}}}"


Part = str | Place


@dataclass(frozen=True)
class Template:
    """Text and places by turns, text first and last, if only the empty one."""

    parts: tuple[Part, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read a template as it is written. Raises ValueError for a brace that stands alone or an unknown kind."""
        parts: list[Part] = []
        for literal, name, kind, _ in Formatter().parse(text):
            parts.append(literal)
            if name is not None:
                if kind not in get_args(Kind) or not name:
                    raise ValueError(f"{text!r} has a place that is none")
                parts.append(Place(name, cast(Kind, kind)))
        return cls.of(parts)

    @classmethod
    def of(cls, parts: "list[Part]") -> "Template":
        """Return the template of some parts, texts beside each other joined."""
        joined: list[Part] = [""]
        for each in parts:
            if isinstance(each, Place):
                joined += [each, ""]
            else:
                joined[-1] = f"{joined[-1]}{each}"
        return cls(tuple(joined))

    def __str__(self) -> str:
        return "".join(
            str(each) if isinstance(each, Place) else each.replace("{", "{{").replace("}", "}}") for each in self.parts
        )

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The places, in their order."""
        return tuple(each for each in self.parts if isinstance(each, Place))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The texts before, between and behind the places."""
        return tuple(each for each in self.parts if isinstance(each, str))

    @property
    def skeleton(self) -> str:
        """What tells the template from others, whatever its places are called."""
        return str(Template(tuple(Place("", each.kind) if isinstance(each, Place) else each for each in self.parts)))

    @property
    def weight(self) -> tuple[int, int, int]:
        """How much it takes to match: the characters of text, places that not any value fits, few others."""
        return sum(map(len, self.texts)), sum(each.kind != "" for each in self.places), -len(self.places)

    @cached_property
    def words(self) -> int:
        """How many words there are beside the places: the more, the less a match is a coincidence."""
        return sum(len(_WORD.findall(each)) for each in self.texts)

    def match(self, text: str) -> tuple[str, ...] | None:
        """Return the values in their order if a text was made of this template, each as short as can be.

        The time is in proportion to the text's length, whatever stands in it.
        """
        first, *middle, last = self.texts if self.places else (*self.texts, "")
        if not self.places:
            return () if text == first else None
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return None
        found, start, end = [], len(first), len(text) - len(last)
        for literal in middle:
            position = text.find(literal, start, end)
            if position < 0:
                return None
            found.append(text[start:position])
            start = position + len(literal)
        return (*found, text[start:end])

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the template with a value in each place."""
        return "".join(values[each.name] if isinstance(each, Place) else each for each in self.parts)
