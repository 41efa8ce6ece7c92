"""A whole matrix: what each peer does alone, and then every cell, some at a time, whatever becomes of the others."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from tchat_conform.matrix.evidence import ServerKnown
from tchat_conform.matrix.learn import Learned, learn
from tchat_conform.matrix.lineup import Lineup
from tchat_conform.matrix.plan import Cell
from tchat_conform.matrix.playing import Setting, play_alone, play_cell
from tchat_conform.matrix.result import Blame, CellResult, Outcome, Verdict, kind_of
from tchat_conform.matrix.scenarios import SCENARIOS

MORE_PATIENT = 2.0
"""By how much longer things are waited for when a failure that hangs on a silence is looked at again."""

TRIES = 3
"""Of one cause so many scenarios are looked at again, if it is not there any more."""
ALONE_LIMIT = 2.0
"""Seconds that a server has for an answer to people of the suite, who are fast."""
FEW = 2
"""So many scenarios are looked at again at a time: what was too hasty before has room."""
AGAIN = "looked at again with more patience"

OnCell = Callable[[CellResult], None]
OnPeer = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Alone:
    """What was seen of a server with people of the suite: an outcome for each scenario, and what follows from them."""

    known: ServerKnown = field(default_factory=ServerKnown)
    outcomes: tuple[Outcome, ...] = ()

    @property
    def failure(self) -> Blame | None:
        """Why the server cannot play at all; None if it can."""
        first = self.outcomes[0] if self.outcomes else None
        return first.blames[0] if first is not None and first.verdict is Verdict.ERROR and first.blames else None


@dataclass
class MatrixRun:
    """One run of some cells; ``results`` holds what is known so far, also if the run is cancelled.

    ``earlier`` are results of a run before, which are kept as they are. ``limit`` is how many seconds a reaction is
    waited for at most, ``jobs`` how many cells play at a time.
    """

    lineup: Lineup
    cells: Sequence[Cell]
    limit: float
    jobs: int
    earlier: Mapping[str, CellResult] = field(default_factory=dict)
    on_peer: OnPeer = lambda _: None
    on_cell: OnCell = lambda _: None
    clients: dict[str, Learned] = field(default_factory=dict)
    servers: dict[str, Alone] = field(default_factory=dict)
    _found: dict[str, CellResult] = field(default_factory=dict)
    _salt: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def results(self) -> tuple[CellResult, ...]:
        """A result for each cell, those that were not played untested."""
        return tuple(self._found.get(each.id) or self.earlier.get(each.id) or untested(each) for each in self.cells)

    @property
    def to_play(self) -> list[Cell]:
        """The cells that are not known from a run before."""
        return [each for each in self.cells if each.id not in self.earlier]

    async def run(self) -> None:
        """Look at each peer alone, and play each cell as soon as its peers are known."""
        self._places = asyncio.Semaphore(self.jobs)
        self._locks = {each.name: asyncio.Lock() for each in self.lineup.servers if each.alone}
        clients = {name: None for each in self.to_play for name in (each.first, each.second)}
        servers = {each.server: None for each in self.to_play}
        async with asyncio.TaskGroup() as group:
            learned = {name: group.create_task(self._learn(name)) for name in clients}
            seen = {name: group.create_task(self._look_at(name)) for name in servers}
            for each in self.to_play:
                group.create_task(self._play(each, [learned[each.first], learned[each.second], seen[each.server]]))
        await self._again()

    async def _learn(self, name: str) -> None:
        peer = next(each for each in self.lineup.clients if each.name == name)
        async with self._places:
            self.clients[name] = await learn(peer, self.limit)
        self.on_peer(name)

    async def _look_at(self, name: str) -> None:
        peer = next(each for each in self.lineup.servers if each.name == name)
        async with self._locks.get(name, nullcontext()), self._places:
            self.servers[name] = Alone(*await play_alone(peer, min(self.limit, ALONE_LIMIT), self._salt))
        self.on_peer(name)

    async def _play(self, cell: Cell, peers: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.wait(peers)
        failure = self.servers[cell.server].failure
        if failure is not None:
            self._keep(CellResult(cell, tuple(Outcome(each.name, Verdict.ERROR, (failure,)) for each in SCENARIOS)))
            return
        async with self._locks.get(cell.server, nullcontext()), self._places:
            self._keep(await self._once(cell))

    async def _once(self, cell: Cell, **more: Any) -> CellResult:
        peer = next(each for each in self.lineup.servers if each.name == cell.server)
        known = self.servers[cell.server].known
        return await play_cell(cell, Setting(peer, known, self.clients, self.limit, self._salt), **more)

    def _keep(self, result: CellResult) -> None:
        self._found[result.cell.id] = result
        self.on_cell(result)

    # -- silence ------------------------------------------------------------------------------------------

    async def _again(self) -> None:
        """Play again, with more patience, one scenario for each cause that hangs on a silence.

        A cause that is confirmed once is believed everywhere, and so is what the server did not do for people of the
        suite either.
        """
        by_cause: dict[str, list[tuple[Cell, str]]] = {}
        for result in list(self._found.values()):
            for outcome in result.outcomes:
                if outcome.hasty and outcome.verdict is not Verdict.BLOCKED and not self._is_confirmed(result, outcome):
                    by_cause.setdefault(kind_of(outcome), []).append((result.cell, outcome.scenario))
        few = asyncio.Semaphore(FEW)
        await asyncio.gather(*(self._confirm(cause, alike, few) for cause, alike in by_cause.items()))

    async def _confirm(self, cause: str, alike: Sequence[tuple[Cell, str]], few: asyncio.Semaphore) -> None:
        for cell, scenario in alike[:TRIES]:
            async with few, self._locks.get(cell.server, nullcontext()):
                again = await self._once(cell, only=scenario, haste=MORE_PATIENT)
                outcome = again.outcomes[0]
                if scenario == SCENARIOS[0].name and outcome.verdict is Verdict.PASSED:
                    self._keep_again(await self._once(cell, haste=MORE_PATIENT))
                else:
                    self._keep_again(again)
            if kind_of(outcome) == cause:
                return

    def _is_confirmed(self, result: CellResult, outcome: Outcome) -> bool:
        """Tell whether the server was seen to fail in the same way with people of the suite."""
        alone = self.servers[result.cell.server].outcomes
        rules = {each.requirement for one in alone if one.scenario == outcome.scenario for each in one.blames[:1]}
        return any(each.side == "server" and each.requirement in rules for each in outcome.blames[:1])

    def _keep_again(self, again: CellResult) -> None:
        """Keep what was looked at again."""
        new = {each.scenario: replace(each, proof=_again(each.proof)) for each in again.outcomes}
        old = self._found[again.cell.id]
        outcomes = tuple(new.get(each.scenario, each) for each in old.outcomes)
        self._found[again.cell.id] = CellResult(again.cell, outcomes)


def _again(proof: str) -> str:
    return f"{proof}; {AGAIN}" if proof else AGAIN


def untested(cell: Cell) -> CellResult:
    """Return the result of a cell that was not played."""
    return CellResult(cell, tuple(Outcome(each.name, Verdict.UNTESTED) for each in SCENARIOS))
