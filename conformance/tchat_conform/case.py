"""Cases: a coroutine about people, the requirement it checks, and how to find all of them."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tchat_conform import cases
from tchat_conform.requirements import Level, Requirement, levels, requirements

if TYPE_CHECKING:
    from tchat_conform.world import World

Script = Callable[["World"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    ``restarts`` says that it restarts the server, and so runs beside others only that do so too.
    ``bad_input`` says that it sends text that is no JSON.
    ``slow`` says that a sound server works long at it, for instance on a password: few such run at a time.
    ``last`` says that it looks back at the whole run.
    ``alone`` says that no other case may run beside it: so many take part that others would wait too long for their
    answers, or what others write at the same moment could save what is lost.
    """

    requirement: Requirement
    name: str
    title: str
    script: Script
    restarts: bool = False
    slow: bool = False
    alone: bool = False
    bad_input: bool = False
    last: bool = False

    @property
    def harsh(self) -> bool:
        """Whether it sends what kills many a server: such cases come last."""
        return self.bad_input or self.requirement.level == "robustness"

    @property
    def id(self) -> str:
        """Requirement and name: stable, and what -k selects."""
        return f"{self.requirement.id}/{self.name}"

    @property
    def level(self) -> Level:
        """The level of its requirement."""
        return levels()[self.requirement.level]


_registered: dict[str, Case] = {}


def case(  # noqa: PLR0913 - how a case runs, by name
    requirement: str,
    *,
    restarts: bool = False,
    slow: bool = False,
    alone: bool = False,
    bad_input: bool = False,
    last: bool = False,
) -> Callable[[Script], Script]:
    """Register a coroutine as a case of a requirement; its docstring's first line is the title.

    Raises KeyError for a number that PROTOCOL.md does not have and ValueError for a second case of one id.
    """

    def register(script: Script) -> Script:
        name = getattr(script, "__name__", "case").replace("_", "-")
        title = (inspect.getdoc(script) or name).splitlines()[0]
        new = Case(requirements()[requirement], name, title, script, restarts, slow, alone, bad_input, last)
        if new.id in _registered:
            raise ValueError(f"two cases are called {new.id}")
        _registered[new.id] = new
        return script

    return register


def all_cases() -> tuple[Case, ...]:
    """Return every case, in the order of PROTOCOL.md's levels and requirements."""
    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    level_order, order = list(levels()), list(requirements())
    return tuple(
        sorted(
            _registered.values(),
            key=lambda each: (
                level_order.index(each.requirement.level),
                order.index(each.requirement.id),
                each.name,
            ),
        )
    )
