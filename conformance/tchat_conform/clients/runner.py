"""Runs cases about a client side by side, each on a stage of its own, and alone again what haste may have decided."""

import asyncio
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from tchat_conform.clients.case import ClientCase
from tchat_conform.clients.probe import StopPolitely, probe
from tchat_conform.clients.run import ClientRun
from tchat_conform.clients.stage import Stage
from tchat_conform.reports.people import anonymous
from tchat_conform.verdict import Finding, Result, Stopped, Verdict
from tchat_conform.wirelog import WireLog
from tchat_protocol.framing import BadInput

CASE_LIMIT = 90.0
"""Seconds after which a case is given up: nothing that is waited for takes so long."""
DIES_WITHIN = 0.05
"""Seconds that a client takes to end of what it has shown."""
STOPPED = Finding("the run was stopped")

OnResult = Callable[[Result], None]


class ClientRunner:
    """One run of some cases; ``results`` holds what is known so far, also if the run is cancelled."""

    def __init__(self, cases: Sequence[ClientCase], run: ClientRun, jobs: int, on_result: OnResult) -> None:
        self._cases = cases
        self._run = run
        self._jobs = asyncio.Semaphore(jobs)
        self._on_result = on_result
        self._results: dict[str, Result] = {}
        self._hasty: set[str] = set()

    @property
    def results(self) -> tuple[Result, ...]:
        """A result for each case, those that did not run untested."""
        return tuple(
            self._results.get(each.id) or _result(each, Verdict.UNTESTED, (STOPPED,), WireLog(), 0.0)
            for each in self._cases
        )

    async def run(self) -> None:
        """Probe the client and run every case."""
        try:
            await probe(self._run)
        except StopPolitely as stopped:
            for each in self._cases:
                verdict = Verdict.FAIL if each.requirement.id == stopped.blamed else Verdict.BLOCKED
                self._keep(_result(each, verdict, (stopped.finding,), WireLog(), 0.0))
            return
        await asyncio.gather(*map(self._beside_others, self._cases))
        self._run.alone = True
        await self._again_alone()

    async def _beside_others(self, case: ClientCase) -> None:
        async with self._jobs:
            result, missed = await self._once(case)
        if missed:
            self._hasty.add(case.id)
        self._keep(result)

    async def _again_alone(self) -> None:
        """Run again what failed by a silence: one case of each cause, and all of a cause that proves doubtful."""
        by_cause: dict[str, list[ClientCase]] = {}
        for each in self._cases:
            if each.id in self._hasty:
                by_cause.setdefault(_cause(self._results[each.id]), []).append(each)
        for alike in by_cause.values():
            for each in alike:
                if await self._confirmed(each):
                    break

    async def _confirmed(self, case: ClientCase) -> bool:
        first = self._results[case.id]
        again, _ = await self._once(case)
        if again.verdict is not first.verdict:
            again = replace(again, verdict=Verdict.UNSTABLE, findings=again.findings or first.findings, other=first)
        self._results[case.id] = again
        return again.verdict is first.verdict

    async def _once(self, case: ClientCase) -> tuple[Result, bool]:
        stage = Stage(self._run, case.id)
        began = time.monotonic()
        try:
            verdict, findings = await _outcome(case, stage)
        finally:
            await stage.close()
        seconds = time.monotonic() - began
        missed = stage.missed and verdict not in (Verdict.PASS, Verdict.NON_STRICT)
        return _result(case, verdict, findings, stage.log, seconds), missed

    def _keep(self, result: Result) -> None:
        self._results[result.case] = result
        self._on_result(result)


async def _outcome(case: ClientCase, stage: Stage) -> tuple[Verdict, tuple[Finding, ...]]:
    try:
        async with asyncio.timeout(CASE_LIMIT):
            await case.script(stage)
            if not stage.may_end:
                await stage.pulse.until(lambda: not stage.is_alive(), DIES_WITHIN)
                await stage.must_live("all that the case did")
    except TimeoutError:
        return Verdict.FAIL, (Finding(f"the case had not come to its end after {CASE_LIMIT:.0f} s"),)
    except Stopped as stopped:
        return stopped.verdict, (stopped.finding, *stage.departures)
    except Exception:  # noqa: BLE001 - the boundary: the suite's own fault must not be blamed on the client
        return Verdict.ERROR, (Finding(traceback.format_exc()),)
    found = (*stage.departures, *_junk(stage))
    return Verdict.NON_STRICT if found else Verdict.PASS, found


def _junk(stage: Stage) -> list[Finding]:
    broken = [each.content for each in stage.player.received if isinstance(each.content, BadInput)]
    return [Finding(f"the client sent what is no message: {each.reason}", None, repr(each.raw)) for each in broken]


def _cause(result: Result) -> str:
    """Return what is the same in results of one cause."""
    first = result.findings[0]
    return f"{result.verdict} {first.by or anonymous(first.sentence)}"


def _result(case: ClientCase, verdict: Verdict, findings: tuple[Finding, ...], log: WireLog, seconds: float) -> Result:
    return Result(case.id, case.requirement.id, case.title, verdict, findings, tuple(log.entries), round(seconds, 4))
