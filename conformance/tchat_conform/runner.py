"""Runs cases against a target: side by side where they bear it, alone where they restart, crowd or follow a crash."""

import asyncio
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from tchat_conform.case import Case
from tchat_conform.target import Target, TargetError, accepts
from tchat_conform.user import User
from tchat_conform.verdict import Finding, Result, Stopped, Verdict
from tchat_conform.wirelog import WireLog
from tchat_conform.world import Run, World
from tchat_protocol.framing import BadInput

PROBES = 5
CASE_LIMIT_FACTOR = 30
SLOW_AT_ONCE = 2

OnResult = Callable[[Result], None]
OnStart = Callable[[Run], None]


@dataclass(frozen=True, slots=True)
class Probe:
    """What was learnt before the first case: the features of server-hello and the slowest answer, in seconds."""

    features: frozenset[str]
    slowest: float | None


async def probe(target: Target, limit: float) -> Probe:
    """Say hello a few times, to learn what the server offers and how fast it answers."""
    features: frozenset[str] = frozenset()
    times = []
    for _ in range(PROBES):
        world = World(Run(target, limit))
        try:
            began = time.monotonic()
            user = await world.user("probe")
            times.append(time.monotonic() - began)
            features |= _features(user)
        except Stopped:
            return Probe(features, None)
        finally:
            await world.end()
    return Probe(features, max(times))


def _features(user: User) -> frozenset[str]:
    listed = [each.message.get("features", []) for each in user.connection.inbox]
    return frozenset(
        feature for each in listed if isinstance(each, list) for feature in each if isinstance(feature, str)
    )


async def run_cases(  # noqa: PLR0913 - what a run depends on, by name
    cases: Sequence[Case],
    target: Target,
    *,
    jobs: int,
    limit: float,
    on_result: OnResult,
    on_start: OnStart = lambda _: None,
) -> list[Result]:
    """Run cases against a started target and return their results in the order of the cases.

    Arguments: ``jobs`` cases at a time; ``limit`` seconds at most for one answer; ``on_result`` hears of each
    result as it comes, and ``on_start`` of the run once the server has been probed.
    Raises TargetError if the target cannot be started.
    """
    await target.start()
    learnt = await probe(target, limit)
    run = Run(target, limit, learnt.slowest, learnt.features)
    on_start(run)
    return await _Runner(run, jobs, on_result).run(cases)


class _Runner:
    def __init__(self, run: Run, jobs: int, on_result: OnResult) -> None:
        self._run = run
        self._slots = asyncio.Semaphore(jobs)
        self._slow_slots = asyncio.Semaphore(SLOW_AT_ONCE)
        self._on_result = on_result
        self._results: dict[str, Result] = {}
        self._restarts = 0
        self._restarting = asyncio.Lock()

    async def run(self, cases: Sequence[Case]) -> list[Result]:
        together = [each for each in cases if not each.alone]
        await asyncio.gather(*(self._together(each) for each in together))
        for each in cases:
            if each.id not in self._results:
                self._keep(await self._alone(each))
        return [self._results[each.id] for each in cases]

    async def _together(self, case: Case) -> None:
        async with self._slow_slots if case.slow else nullcontext(), self._slots:
            restarts = self._restarts
            result = await run_case(case, self._run)
            # a case that did not pass while the server died may be its victim: it runs again alone
            if result.verdict is Verdict.PASS or await self._outlived(restarts):
                self._keep(result)

    async def _outlived(self, restarts: int) -> bool:
        """Tell whether the server lives since it was last started; if not, see that it is started again once."""
        async with self._restarting:
            if restarts != self._restarts:
                return False
            if await accepts(self._run.target.address):
                return True
            self._restarts += 1
            await self._revived()
            return False

    async def _alone(self, case: Case) -> Result:
        if not await self._revived():
            gone = Finding("the server is gone; see the case that it died in")
            return _result(case, Verdict.BLOCKED, (gone,), WireLog(), 0.0)
        result = await run_case(case, self._run)
        if await accepts(self._run.target.address):
            return result
        how = await self._run.target.obituary()
        died = Finding("the server died of this case" + (f": {how}" if how else ""))
        return replace(result, verdict=Verdict.FAIL, findings=(died, *result.findings))

    async def _revived(self) -> bool:
        target = self._run.target
        if await accepts(target.address):
            return True
        if not target.can_restart:
            return False
        try:
            await target.restart(kill=True)
        except TargetError:
            return False
        return True

    def _keep(self, result: Result) -> None:
        self._results[result.case] = result
        self._on_result(result)


async def run_case(case: Case, run: Run) -> Result:
    """Run one case in a world of its own and judge it."""
    world = World(run)
    began = time.monotonic()
    verdict, findings = await _outcome(case, world)
    await world.end()
    return _result(case, verdict, findings, world.log, time.monotonic() - began)


async def _outcome(case: Case, world: World) -> tuple[Verdict, tuple[Finding, ...]]:
    try:
        if case.level.optional:
            world.needs_feature(case.level.name)
        limit = CASE_LIMIT_FACTOR * max(1.0, world.patience)
        async with asyncio.timeout(limit):
            await case.script(world)
    except TimeoutError:
        return Verdict.FAIL, (Finding(f"the case had not come to its end after {limit:.0f} s"), *world.near_misses)
    except Stopped as stopped:
        return stopped.verdict, (stopped.finding, *world.near_misses)
    except TargetError as error:
        return Verdict.FAIL, (Finding(f"the server did not come back: {error}"), *world.near_misses)
    except Exception:  # noqa: BLE001 - the boundary: the suite's own fault must not be blamed on the server
        return Verdict.ERROR, (Finding(traceback.format_exc()),)
    found = (*_broken(world), *world.near_misses)
    return Verdict.NON_STRICT if found else Verdict.PASS, found


def _broken(world: World) -> list[Finding]:
    found: list[BadInput] = [each for connection in world.connections for each in connection.broken]
    return [Finding(f"the server sent what is no message: {each.reason}", None, repr(each.raw)) for each in found]


def _result(case: Case, verdict: Verdict, findings: tuple[Finding, ...], log: WireLog, seconds: float) -> Result:
    return Result(case.id, case.requirement.id, case.title, verdict, findings, tuple(log.entries), round(seconds, 4))
