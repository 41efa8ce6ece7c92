"""Which pairs play: every client with itself and with every other, through every server."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations_with_replacement

from tchat_conform.matrix.lineup import Lineup
from tchat_conform.near import did_you_mean

AT, AND = "@", "+"


class NoSuchCell(ValueError):  # noqa: N818 - said of an option, not a fault of the program
    """A pattern that no cell fits; its text offers the nearest names."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Two people who chat through one server: alice with the client ``first``, bob with ``second``."""

    server: str
    first: str
    second: str

    @property
    def id(self) -> str:
        """What ``--only`` takes, such as ``anna+ben@carl``."""
        return f"{self.first}{AND}{self.second}{AT}{self.server}"

    @property
    def clients(self) -> str:
        """Its clients in words; one name where both are the same."""
        return self.first if self.first == self.second else f"{self.first} + {self.second}"

    @property
    def title(self) -> str:
        """The cell in words."""
        return f"{self.clients} × {self.server}"


def cells(lineup: Lineup, *, pairs: bool = True) -> list[Cell]:
    """Return every cell; without ``pairs`` those alone in which both people have the same client."""
    names = [each.name for each in lineup.clients]
    together = combinations_with_replacement(names, 2) if pairs else ((each, each) for each in names)
    return [Cell(server.name, *clients) for clients in together for server in lineup.servers]


def selected(every: Sequence[Cell], patterns: Iterable[str]) -> list[Cell]:
    """Return the cells that fit one of some patterns, all if there are none.

    A pattern is ``SERVER``, ``CLIENT``, ``CLIENT@SERVER`` or ``CLIENT+CLIENT@SERVER``, × in place of @ if one likes,
    with * and ? for any characters. Raises NoSuchCell for one that no cell fits.
    """
    wanted = [each.replace("×", AT).replace(" ", "") for each in patterns]
    for each in wanted:
        if not any(_fits(each, cell) for cell in every):
            names = {name for cell in every for name in (cell.server, cell.first, cell.second)}
            known = {*names, *(cell.id for cell in every)}
            raise NoSuchCell(f"No pair fits {each!r}.{did_you_mean(each, known)} Patterns are such as"
                             " SERVER, CLIENT@SERVER or CLIENT+CLIENT@SERVER.")  # fmt: skip
    return [cell for cell in every if not wanted or any(_fits(each, cell) for each in wanted)]


def _fits(pattern: str, cell: Cell) -> bool:
    people, at, server = pattern.rpartition(AT)
    if not at:
        return any(fnmatchcase(name, pattern) for name in (cell.server, cell.first, cell.second))
    if not fnmatchcase(cell.server, server):
        return False
    one, and_, other = people.partition(AND)
    if not and_:
        return fnmatchcase(cell.first, one) or fnmatchcase(cell.second, one)
    return any(
        fnmatchcase(first, one) and fnmatchcase(second, other)
        for first, second in ((cell.first, cell.second), (cell.second, cell.first))
    )
