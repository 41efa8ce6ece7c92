"""What a mutant is, and the list of all."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from conform import mutants

Fault = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """A fault of the reference server, in a sentence, and the ids of the cases that must not pass on it."""

    name: str
    sentence: str
    kills: tuple[str, ...]
    apply: Fault


_registered: list[Mutant] = []


def mutant(*kills: str) -> Callable[[Fault], Fault]:
    """Register a function that puts one fault into the server; its docstring is the fault in a sentence."""

    def register(apply: Fault) -> Fault:
        _registered.append(Mutant(apply.__name__, (apply.__doc__ or "").strip(), kills, apply))
        return apply

    return register


def all_mutants() -> tuple[Mutant, ...]:
    """Return every mutant of this package."""
    for module in pkgutil.iter_modules(mutants.__path__):
        importlib.import_module(f"{mutants.__name__}.{module.name}")
    return tuple(_registered)
