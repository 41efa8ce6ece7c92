"""Runs cases against a target: side by side where they bear it, alone where they crowd or follow a crash.

The order is from harmless to harsh, so that a server that dies of bad input has shown before what it can do; last come
restarts, which it may not survive. Cases that restart the server do so together. What did not pass by a silence is run
again alone, to see whether luck decided.
"""

import asyncio
import re
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from tchat_conform import excuses
from tchat_conform.case import Case, all_cases
from tchat_conform.crash import Crashes
from tchat_conform.expect import FRESH
from tchat_conform.probe import StopPolitely, probe
from tchat_conform.restarts import Rendezvous
from tchat_conform.run import Run
from tchat_conform.speech import STANDARD
from tchat_conform.target import Target, TargetError
from tchat_conform.verdict import Finding, Result, Stopped, Verdict
from tchat_conform.wirelog import WireLog
from tchat_conform.world import World
from tchat_protocol.framing import BadInput

CASE_LIMIT_FACTOR = 30
SLOW_AT_ONCE = 2

FEWER = 4
"""By how much fewer harsh cases run next after some of which the server died."""

SLOW_ANSWER = 0.1
"""Seconds after which an answer is so slow that the server rather waits than works: more may wait at a time."""
MORE_WHERE_SLOW, MOST_AT_ONCE = 4, 64

BACK = "a server that comes back"
"""What a case waited for in vain after a restart."""

OnResult = Callable[[Result], None]
OnStart = Callable[[Run], None]


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
    Raises TargetError if the target cannot be started, or ended without a case being to blame.
    """
    await target.start()
    run = Run(target, limit)
    try:
        return await _judged(cases, run, jobs, on_result, on_start)
    finally:
        await run.leave()


async def _judged(cases: Sequence[Case], run: Run, jobs: int, on_result: OnResult, on_start: OnStart) -> list[Result]:
    try:
        await probe(run)
    except StopPolitely as stopped:
        on_start(run)
        return _Runner(run, jobs, on_result).stopped(cases, stopped)
    on_start(run)
    return await _Runner(run, jobs, on_result).run(cases)


class _Runner:
    def __init__(self, run: Run, jobs: int, on_result: OnResult) -> None:
        self._run = run
        self._slots = asyncio.Semaphore(jobs if _is_fast(run) else min(MOST_AT_ONCE, jobs * MORE_WHERE_SLOW))
        self._slow_slots = asyncio.Semaphore(SLOW_AT_ONCE)
        self._on_result = on_result
        self._results: dict[str, Result] = {}
        self._missed: dict[str, set[str]] = {}
        self._ran_alone: set[str] = set()
        self._victims: dict[int, list[Case]] = {}
        self._last_sent: dict[str, float] = {}
        self._first: dict[str, Result] = {}
        self._cut: set[str] = set()
        self._disturbed: list[Case] = []
        self._unasked: dict[str, Result] = {}
        self._crashes = Crashes(run)

    def stopped(self, cases: Sequence[Case], why: StopPolitely) -> list[Result]:
        """Return results of cases that cannot be looked at at all; those of the requirements to blame fail."""
        for each in cases:
            verdict = Verdict.FAIL if each.requirement.id in why.broken else Verdict.BLOCKED
            self._keep(_result(each, verdict, (why.finding,), WireLog(), 0.0))
        return [self._results[each.id] for each in cases]

    async def run(self, cases: Sequence[Case]) -> list[Result]:
        for phase in _phases(cases):
            if phase[0].alone:
                await self._one_by_one(phase)
            elif phase[0].harsh:
                await self._carefully(phase)
            else:
                left = phase
                while left:
                    await (self._restarting if phase[0].restarts else self._side_by_side)(left)
                    left = await self._sorted_out()
            await self._one_by_one(self._undisturbed())
        await self._again_alone(cases)
        await self._excuse()
        return [self._results[each.id] for each in cases]

    # -- together -----------------------------------------------------------------------------------------

    async def _carefully(self, phase: Sequence[Case]) -> None:
        """Run cases that kill many a server: fewer and fewer at a time while it dies, and more again while it lives."""
        left, size = list(phase), MOST_AT_ONCE
        while left:
            now, left = left[:size], left[size:]
            crashes = self._crashes.count
            if len(now) == 1:
                await self._one_by_one(now)
            else:
                await self._side_by_side(now)
                left = [*await self._sorted_out(), *left]
            died = self._crashes.count > crashes
            size = max(1, size // FEWER) if died else min(MOST_AT_ONCE, size * 2)

    async def _side_by_side(self, phase: Sequence[Case]) -> None:
        slots = asyncio.Semaphore(1) if phase[0].harsh and not self._run.target.can_restart else self._slots

        async def one(case: Case) -> None:
            async with self._slow_slots if case.slow and not case.harsh else slots:
                await self._together(case)

        await asyncio.gather(*map(one, phase))

    async def _restarting(self, phase: Sequence[Case]) -> None:
        """Run cases that restart the server, all at once, so that they share the restarts."""
        meeting = Rendezvous(self._run.restart_now)
        self._run.restarter = meeting.restart
        for _ in phase:
            meeting.enter()

        async def one(case: Case) -> None:
            try:
                await self._together(case)
            finally:
                await meeting.leave()

        await asyncio.gather(*map(one, phase))
        self._run.restarter = None

    async def _together(self, case: Case) -> None:
        crashes = self._crashes.count
        result = await self._run_case(case)
        if self._has_lost_it(result):
            self._keep(result)
            return
        # a case that did not pass while the server died may be its victim: it runs again alone
        if result.verdict is not Verdict.PASS and not await self._crashes.outlived(crashes):
            self._victims.setdefault(crashes, []).append(case)
            self._first[case.id] = result
        elif result.verdict is not Verdict.PASS and case.id in self._cut and not case.restarts:
            self._disturbed.append(case)
        else:
            self._keep(result)

    async def _sorted_out(self) -> list[Case]:
        """Find out which case of each crash was to blame, and return those that were only there.

        The case that sent something last is the first suspect: if the server dies of it alone, the others go on.
        """
        victims, self._victims = self._victims, {}
        bystanders = []
        for there in victims.values():
            suspect, *others = sorted(there, key=lambda each: self._last_sent[each.id], reverse=True)
            if not await self._crashes.revived():
                await self._gone(suspect, others)
                continue
            crashes = self._crashes.count
            await self._one_by_one([suspect])
            if self._crashes.count != crashes:
                bystanders += others
            else:
                await self._one_by_one(others)
        return bystanders

    async def _gone(self, suspect: Case, others: Sequence[Case]) -> None:
        """Keep the results of cases that a server is gone for good since, of which only the first can be to blame."""
        if self._crashes.killer is None:
            self._keep(self._crashes.suspect(self._first[suspect.id]))
            await self._one_by_one(others)
        else:
            await self._one_by_one([suspect, *others])

    def _undisturbed(self) -> list[Case]:
        """Return the cases, once each, in which the server cut a connection: others beside may have made it do so."""
        disturbed, self._disturbed = self._disturbed, []
        return disturbed

    # -- alone --------------------------------------------------------------------------------------------

    async def _one_by_one(self, cases: Iterable[Case]) -> None:
        for each in cases:
            self._keep(await self._alone(each))

    async def _alone(self, case: Case) -> Result:
        if not await self._crashes.revived():
            return _result(case, Verdict.BLOCKED, (self._crashes.gone(),), WireLog(), 0.0)
        await self._run.past_all(
            self._run.patience
        )  # the leave of those of the last case may disturb those of this one
        self._ran_alone.add(case.id)
        was_used, result = self._crashes.used, await self._run_case(case)
        if self._has_lost_it(result):
            return result
        if await self._crashes.outlived(self._crashes.count, revive=False):
            return result
        if was_used and not case.restarts and await self._crashes.may_be_new():
            # what others left behind may have killed it
            again = await self._run_case(case)
            if await self._crashes.outlived(self._crashes.count, revive=False):
                return self._crashes.unexplained(result, again) if self._crashes.had_ended else again
            result = again
        return await self._crashes.blame(result)

    async def _again_alone(self, cases: Sequence[Case]) -> None:
        """Run again what failed by a rare silence, until each of these silences has come twice."""
        if not await self._crashes.revived():
            return
        confirmed: set[object] = set()
        for case, doubts in self._doubtful(cases):
            if not doubts <= confirmed and await self._confirmed(case):
                confirmed |= doubts

    def _doubtful(self, cases: Sequence[Case]) -> list[tuple[Case, set[object]]]:
        """Return the cases that rest on rare silences, and on which: those that rest on many first.

        A silence without a name of its own stands for itself only in results of one cause.
        """
        found: list[tuple[Case, set[object]]] = []
        for each in cases:
            missed = {what for what in self._missed.get(each.id, ()) if not self._run.is_fact(what)}
            if missed and each.id not in self._ran_alone:
                found.append((each, {what or _cause(self._results[each.id]) for what in missed}))
        return sorted(found, key=lambda each: -len(each[1]))

    async def _confirmed(self, case: Case) -> bool:
        first = self._results[case.id]
        crashes = self._crashes.count
        again = await self._alone(case)
        if again.verdict is not first.verdict and self._crashes.count == crashes:
            again = replace(again, verdict=Verdict.UNSTABLE, findings=again.findings or first.findings, other=first)
        self._results[case.id] = again
        return again.verdict is first.verdict

    # -- whose fault --------------------------------------------------------------------------------------

    async def _excuse(self) -> None:
        """Block the cases that failed at a rule of another requirement, if its own cases find it broken too.

        Those that were not selected run now: a verdict must not depend on what else was asked for.
        """
        for rule in excuses.rules_at_fault(self._results.values()):
            own = [await self._own_result(each) for each in all_cases() if each.requirement.id == rule.owner]
            if excuses.is_broken(rule, own):
                self._results = {each: excuses.excused(result, rule) for each, result in self._results.items()}

    async def _own_result(self, case: Case) -> Result:
        known = self._results.get(case.id) or self._unasked.get(case.id)
        if known is None:
            known = self._unasked[case.id] = await self._alone(case)
        return known

    # -- both ---------------------------------------------------------------------------------------------

    async def _run_case(self, case: Case) -> Result:
        world = World(self._run, STANDARD if self._is_plain(case) else None, case.requirement)
        began = time.monotonic()
        self._crashes.used = True
        verdict, findings = await _outcome(case, world)
        self._last_sent[case.id] = max((each.last_sent for each in world.connections), default=0.0)
        if any(each.cut for each in world.connections):
            self._cut.add(case.id)
        await world.end()
        if verdict not in (Verdict.PASS, Verdict.UNTESTED):
            self._missed[case.id] = world.missed
        found = (*findings, *self._departures(case)) if verdict in (Verdict.PASS, Verdict.NON_STRICT) else findings
        if found and verdict is Verdict.PASS:
            verdict = Verdict.NON_STRICT
        return _result(case, verdict, found, world.log, time.monotonic() - began)

    def _has_lost_it(self, result: Result) -> bool:
        """Tell whether a case ended because the server that it had restarted did not start again."""
        lost = bool(result.findings) and result.findings[0].by == BACK
        if lost:
            self._crashes.does_not_return(result.case)
        return lost

    def _is_plain(self, case: Case) -> bool:
        return any(case.requirement.id in each.plain for each in self._run.adaptations)

    def _departures(self, case: Case) -> Iterable[Finding]:
        """Yield in what the suite had to depart from the standard form, where that counts."""
        return (each.finding for each in self._run.adaptations if case.requirement.id in each.requirements)

    def _keep(self, result: Result) -> None:
        self._results[result.case] = result
        self._on_result(result)


def _is_fast(run: Run) -> bool:
    return run.slowest is None or run.slowest < SLOW_ANSWER


def _phases(cases: Sequence[Case]) -> Iterable[Sequence[Case]]:
    """Yield the cases that run one way, from the harmless to the harsh."""
    staying = [each for each in cases if not each.restarts and not each.last]
    restarting = [each for each in cases if each.restarts]
    phases = (
        [each for each in staying if not each.alone and not each.harsh],
        [each for each in staying if each.alone],
        [each for each in staying if not each.alone and each.harsh],
        [each for each in restarting if not each.alone],  # what a kill breaks on its disk may keep it from starting
        [each for each in restarting if each.alone],
        [each for each in cases if each.last],
    )
    return filter(None, phases)


async def _outcome(case: Case, world: World) -> tuple[Verdict, tuple[Finding, ...]]:
    try:
        if case.level.optional:
            world.needs_feature(case.level.name)
        if case.restarts:
            world.needs_restarts()
        limit = CASE_LIMIT_FACTOR * max(1.0, world.patience)
        async with asyncio.timeout(limit):
            await case.script(world)
    except TimeoutError:
        return Verdict.FAIL, (Finding(f"the case had not come to its end after {limit:.0f} s"), *world.near_misses)
    except Stopped as stopped:
        return stopped.verdict, (stopped.finding, *world.near_misses)
    except TargetError as error:
        return Verdict.FAIL, (Finding(f"the server did not come back: {error}", by=BACK), *world.near_misses)
    except Exception:  # noqa: BLE001 - the boundary: the suite's own fault must not be blamed on the server
        return Verdict.ERROR, (Finding(traceback.format_exc()),)
    found = (*_junk(world), *world.near_misses)
    return Verdict.NON_STRICT if found else Verdict.PASS, found


def _junk(world: World) -> list[Finding]:
    found: list[BadInput] = [each for connection in world.connections for each in connection.broken]
    return [Finding(f"the server sent what is no message: {each.reason}", None, repr(each.raw)) for each in found]


def _cause(result: Result) -> tuple[Verdict, str]:
    """Return what is the same in results of one cause: fresh names and numbers tell them apart, and do not count."""
    if not result.findings:
        return result.verdict, ""
    first = result.findings[0]
    return result.verdict, first.by or re.sub(rf"{FRESH.pattern}|\d+", "", first.sentence)


def _result(case: Case, verdict: Verdict, findings: tuple[Finding, ...], log: WireLog, seconds: float) -> Result:
    plain = tuple(map(_plain, findings))
    return Result(case.id, case.requirement.id, case.title, verdict, plain, tuple(log.entries), round(seconds, 4))


def _plain(finding: Finding) -> Finding:
    """Return a finding of plain messages: as a case has them they hold on to all of its world."""
    sides = (dict(each) if isinstance(each, Mapping) else each for each in (finding.expected, finding.received))
    expected, received = sides
    return replace(finding, expected=expected, received=received)
