"""What a mutant is, the list of all, and the record of which cases notice which."""

import importlib
import json
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from conform import mutants

Fault = Callable[[pytest.MonkeyPatch], None]

RECORD = Path(__file__).with_name("noticed.json")


@dataclass(frozen=True)
class Mutant:
    """A fault of the reference server, in a sentence, and the requirements it breaks."""

    name: str
    sentence: str
    breaks: tuple[str, ...]
    apply: Fault


_registered: list[Mutant] = []


def mutant(*breaks: str) -> Callable[[Fault], Fault]:
    """Register a function that puts one fault into the server; its docstring is the fault in a sentence."""

    def register(apply: Fault) -> Fault:
        if any(each.name == apply.__name__ for each in _registered):
            raise ValueError(f"two mutants are called {apply.__name__}")
        _registered.append(Mutant(apply.__name__, (apply.__doc__ or "").strip(), breaks, apply))
        return apply

    return register


def all_mutants() -> tuple[Mutant, ...]:
    """Return every mutant of this package."""
    for module in pkgutil.iter_modules(mutants.__path__):
        importlib.import_module(f"{mutants.__name__}.{module.name}")
    return tuple(_registered)


def recorded() -> dict[str, list[str]]:
    """Return the cases that notice each mutant, as ``record.py`` found them."""
    found: dict[str, list[str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found
