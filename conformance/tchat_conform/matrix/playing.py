"""One cell from its start to its end: every scenario in turn, whatever becomes of the others."""

import asyncio
import re
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tchat_conform.clients.pulse import Pulse
from tchat_conform.clients.terminal import CannotStart
from tchat_conform.matrix.arriving import arrive
from tchat_conform.matrix.company import ALICE, BOB, Make
from tchat_conform.matrix.evidence import Known, ServerKnown
from tchat_conform.matrix.judgement import weighs
from tchat_conform.matrix.learn import Learned
from tchat_conform.matrix.lineup import ServerPeer
from tchat_conform.matrix.notes import unique
from tchat_conform.matrix.person import ENDS_WITHIN, Person, Typist
from tchat_conform.matrix.plan import Cell
from tchat_conform.matrix.play import Play
from tchat_conform.matrix.result import Blame, CellResult, Outcome, Unfinished, Verdict
from tchat_conform.matrix.rules import COMMANDS, PRIVATE
from tchat_conform.matrix.scenarios import SCENARIOS, Scenario
from tchat_conform.matrix.server import PeerServer
from tchat_conform.matrix.standard import Standard
from tchat_conform.matrix.wire import Journal, Wire
from tchat_conform.target import TargetError

SCENARIO_LIMIT = 90.0
"""Seconds after which a scenario is given up: nothing that is waited for takes so long."""
LEAST_ALONE = 0.75
"""Seconds that things are waited for at least where people of the suite play, who react at once."""
HELLO = SCENARIOS[0].name


@dataclass(frozen=True, slots=True)
class Setting:
    """What a cell is played with: its server, the clients by name, what was learned of each alone, and two numbers.

    ``limit`` is how many seconds a reaction is waited for at most; ``salt`` makes the words of a run its own.
    """

    server: ServerPeer
    known: ServerKnown
    clients: Mapping[str, Learned]
    limit: float
    salt: str


async def play_cell(cell: Cell, setting: Setting, *, only: str | None = None, haste: float = 1.0) -> CellResult:
    """Play all scenarios of a cell, or one; ``haste`` is by how much longer things are waited for than usual."""
    clients, server = setting.clients, setting.server
    for name in (cell.first, cell.second):
        if clients[name].failure:
            blame = Blame("client", name, None, f"it does not come in, not even alone: {clients[name].failure}")
            return CellResult(cell, _all(Verdict.ERROR, blame))
    known_pair = Known(server.name, setting.known, {name: clients[name].known for name in (cell.first, cell.second)})
    make = _typists({ALICE: cell.first, BOB: cell.second}, clients)
    play = Play(PeerServer(server), make, known_pair, setting.limit, f"{setting.salt} {cell.id}")
    play.haste = haste
    return CellResult(cell, await _played(play, server, only=only))


async def play_alone(server: ServerPeer, limit: float, salt: str) -> tuple[ServerKnown, tuple[Outcome, ...]]:
    """Play all scenarios with people of the suite, to see what a server does for them."""

    def make(who: str, wire: Wire, _: Journal, pulse: Pulse) -> Person:
        return Standard(who, wire, pulse)

    play = Play(PeerServer(server), make, Known(server.name), limit, f"{salt} {server.name}")
    play.least = LEAST_ALONE
    reached: dict[str, int] = {}
    outcomes = await _played(play, server, reached)
    whole = frozenset(each.scenario for each in outcomes if each.verdict is Verdict.PASSED)
    return ServerKnown(reached, whole, looked=True, slowest=play.slowest or 0.0), outcomes


def _typists(names: Mapping[str, str], clients: Mapping[str, Learned]) -> Make:
    def make(who: str, wire: Wire, journal: Journal, pulse: Pulse) -> Person:
        run = replace(clients[names[who]].run, name=who)
        return Typist(names[who], run, wire, journal, pulse)

    return make


async def _played(
    play: Play, server: ServerPeer, reached: dict[str, int] | None = None, only: str | None = None
) -> tuple[Outcome, ...]:
    scenarios = [each for each in SCENARIOS if only in (None, each.name)]
    outcomes: dict[str, Outcome] = {}
    try:
        await play.server.start()
        for scenario in scenarios:
            outcomes[scenario.name] = await _scenario(play, scenario, outcomes)
            if reached is not None:
                reached[scenario.name] = play.notes.step
            if scenario is not scenarios[-1] and _has_left_traces(play, outcomes[scenario.name]):
                await _begin_anew(play)
    except TargetError as error:
        blame = Blame("server", server.name, None, str(error))
        return tuple(outcomes.get(each.name) or Outcome(each.name, Verdict.ERROR, (blame,)) for each in scenarios)
    finally:
        await play.leave_all()
        await play.server.stop()
    return tuple(outcomes.values())


def _has_left_traces(play: Play, outcome: Outcome) -> bool:
    """Tell whether what went wrong may have left somebody in a state that the next scenario would suffer from."""
    if outcome.verdict is Verdict.PASSED:
        return False
    by_command = outcome.blames[:1] and outcome.blames[0].requirement in (*COMMANDS.values(), PRIVATE)
    harmless = outcome.verdict is Verdict.UNSUPPORTED or (outcome.verdict is Verdict.CLIENT and by_command)
    complained = any(each.complaint for each in play.people.values())
    return not harmless or complained or not play.server.runs


async def _begin_anew(play: Play) -> None:
    await play.leave_all()
    play.came.clear()
    await play.server.restart(kill=True)


async def _scenario(play: Play, scenario: Scenario, before: Mapping[str, Outcome]) -> Outcome:
    hello = before.get(HELLO)
    if hello is not None and hello.verdict is not Verdict.PASSED and not play.was_inside:
        sentence = f"nobody comes in: {hello.blames[0].sentence}" if hello.blames else "nobody comes in"
        first = replace(hello.blames[0], sentence=sentence) if hello.blames else None
        return Outcome(scenario.name, Verdict.BLOCKED, (first,) if first else ())
    play.begin(scenario.name)
    began = time.monotonic()
    outcome = await _outcome(play, scenario)
    blames = _with_words_in_order(outcome.blames)
    remarks = tuple(
        each for each in unique(play.notes.all_remarks(play.known.server))
        if not any(each.peer == blame.peer and each.requirement == blame.requirement for blame in blames)
    )  # fmt: skip
    return replace(
        outcome,
        blames=blames,
        remarks=remarks,
        seconds=round(time.monotonic() - began, 3),
        log=tuple(play.journal.log.entries),
        screens={name: person.picture for name, person in play.people.items()},
    )


async def _outcome(play: Play, scenario: Scenario) -> Outcome:
    try:
        async with asyncio.timeout(SCENARIO_LIMIT):
            if scenario.name != HELLO:
                await _everybody_is_in(play)
            await scenario.script(play)
            await play.settle()
            play.look_for_leaks()
    except Unfinished as stopped:
        verdict = stopped.verdict
        if verdict in (Verdict.SERVER, Verdict.CLIENT) and not any(map(weighs, stopped.blames)):
            verdict = Verdict.AMBIGUOUS
        return Outcome(scenario.name, verdict, stopped.blames, proof=stopped.proof, hasty=stopped.hasty)
    except CannotStart as error:
        return Outcome(scenario.name, Verdict.ERROR, (Blame("suite", "", None, str(error)),))
    except TimeoutError:
        sentence = f"the scenario had not come to its end after {SCENARIO_LIMIT:.0f} s"
        return Outcome(scenario.name, Verdict.ERROR, (Blame("suite", "", None, sentence),))
    except TargetError:
        raise
    except Exception:  # noqa: BLE001 - the boundary: the suite's own fault must not be blamed on a peer
        return Outcome(scenario.name, Verdict.ERROR, (Blame("suite", "", None, traceback.format_exc()),))
    return Outcome(scenario.name, Verdict.PASSED)


async def _everybody_is_in(play: Play) -> None:
    """See that both are in before a scenario begins. Raises Unfinished, blocked by whoever is to blame if not."""
    if any(each.wire.closed_by == "server" for each in play.people.values()):
        await play.pulse.until(lambda: not play.server.runs, ENDS_WITHIN)
    if not play.server.runs:
        await _begin_anew(play)
    for who in (ALICE, BOB):
        if who in play.people and play.is_gone(who):
            await play.leave(who)
    try:
        for who in (ALICE, BOB):
            if who not in play.people:
                await arrive(play, who, "I-FREE-1" if who in play.came else "I-HELLO-1")
    except Unfinished as stopped:
        if stopped.verdict is Verdict.ERROR:
            raise
        raise Unfinished(Verdict.BLOCKED, *stopped.blames, proof=stopped.proof, hasty=stopped.hasty) from stopped
    play.begin(play.notes.scenario)


def _with_words_in_order(blames: Sequence[Blame]) -> tuple[Blame, ...]:
    return tuple(replace(each, sentence=re.sub(r"\n\s*\n+", "\n", each.sentence)) for each in blames)


def _all(verdict: Verdict, blame: Blame) -> tuple[Outcome, ...]:
    return tuple(Outcome(each.name, verdict, (blame,)) for each in SCENARIOS)
