"""Cases about clients: a coroutine on a stage, the requirement it checks, and how to find all of them."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tchat_conform.clients import cases
from tchat_conform.ids import current, removed
from tchat_conform.near import did_you_mean
from tchat_conform.requirements import Level, Requirement, client_requirements, levels
from tchat_conform.selection import NoSuchCase

if TYPE_CHECKING:
    from tchat_conform.clients.stage import Stage

Script = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ClientCase:
    """One case."""

    requirement: Requirement
    name: str
    title: str
    script: Script

    @property
    def id(self) -> str:
        """Requirement and name: stable, and what -k selects."""
        return f"{self.requirement.id}/{self.name}"

    @property
    def level(self) -> Level:
        """The level of its requirement."""
        return levels()[self.requirement.level]


_registered: dict[str, ClientCase] = {}


def client_case(requirement: str) -> Callable[[Script], Script]:
    """Register a coroutine as a case of a requirement; its docstring's first line is the title.

    Raises KeyError for a number that PROTOCOL.md does not have and ValueError for a second case of one id.
    """

    def register(script: Script) -> Script:
        name = getattr(script, "__name__", "case").replace("_", "-")
        add_case(f"{requirement}/{name}", (inspect.getdoc(script) or name).splitlines()[0], script)
        return script

    return register


def add_case(case: str, title: str, script: Script) -> None:
    """Register a case by its id. Raises what ``client_case`` does."""
    requirement, _, name = case.partition("/")
    new = ClientCase(client_requirements()[requirement], name, title, script)
    if new.id in _registered:
        raise ValueError(f"two cases are called {new.id}")
    _registered[new.id] = new


def all_client_cases() -> tuple[ClientCase, ...]:
    """Return every case, in the order of PROTOCOL.md's levels and requirements."""
    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    level_order, order = list(levels()), list(client_requirements())
    return tuple(
        sorted(
            _registered.values(),
            key=lambda each: (level_order.index(each.requirement.level), order.index(each.requirement.id), each.name),
        )
    )


def client_levels() -> tuple[str, ...]:
    """Return the levels that hold for clients."""
    named = {each.level for each in client_requirements().values()}
    return tuple(name for name in levels() if name in named)


def select(wanted: Sequence[str] = (), only: Sequence[str] = (), pattern: str = "") -> list[ClientCase]:
    """Return the cases of some levels, of some ids or requirements, and whose id or title holds a pattern or fits it.

    What is empty leaves every case. Raises NoSuchCase with the nearest names.
    """
    for name in wanted:
        if name not in client_levels():
            near = did_you_mean(name, client_levels()) or f" There are {', '.join(client_levels())}."
            raise NoSuchCase(f"{name!r} is no level of clients.{near}")
    ids = {each for name in only for each in client_ids_of(name)}
    found = [
        each
        for each in all_client_cases()
        if (not wanted or each.level.name in wanted) and (not only or each.id in ids) and _fits(pattern, each)
    ]
    if not found:
        raise NoSuchCase("No case matches all of this; --list shows every case with its level.")
    return found


def client_ids_of(name: str) -> list[str]:
    """Return the ids of the cases that a name means: an id, or the number of a requirement, in any capitals.

    Raises NoSuchCase with the nearest names.
    """
    if name in removed():
        raise NoSuchCase(f"The case {name} is no more: {removed()[name]}")
    wanted = current(name).casefold()
    found = [each.id for each in all_client_cases() if wanted in (each.id.casefold(), each.requirement.id.casefold())]
    if not found:
        known = {*client_requirements(), *(each.id for each in all_client_cases())}
        raise NoSuchCase(f"There is no case and no requirement {name!r}.{did_you_mean(name, known)}")
    return found


def _fits(pattern: str, case: ClientCase) -> bool:
    wanted = pattern.casefold()
    texts = [each.casefold() for each in (case.id, case.requirement.id, case.title)]
    return any(wanted in each or fnmatchcase(each, wanted) for each in texts)
