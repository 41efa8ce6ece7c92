"""One run from its start to its end, or to where it was stopped: what was found until then is never lost."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tchat_conform.case import Case
from tchat_conform.runner import OnResult, run_cases
from tchat_conform.target import Target, TargetError
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_conform.world import Run

STOPPED = Finding("the run was stopped")
SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: a result for each case, and why it was stopped, in words, if it was.

    ``run`` is None where the run was stopped before the server had been probed.
    """

    results: tuple[Result, ...]
    run: Run | None = None
    stopped: str | None = None


async def judge(cases: Sequence[Case], target: Target, *, jobs: int, limit: float, on_result: OnResult) -> Outcome:
    """Run cases against a target, and stop the target whatever happens.

    A signal stops the run, and so does a server that is gone for good: the cases without a result are untested then.
    Arguments as in ``run_cases``. Raises TargetError if the target cannot be started.
    """
    runs: list[Run] = []
    found: dict[str, Result] = {}

    def keep(result: Result) -> None:
        found[result.case] = result
        on_result(result)

    running = asyncio.ensure_future(
        run_cases(cases, target, jobs=jobs, limit=limit, on_result=keep, on_start=runs.append)
    )
    with _signals_to(running.cancel) as received:
        try:
            return Outcome(tuple(await running), runs[0])
        except asyncio.CancelledError:
            if not received:
                raise
            stopped = SIGNALS[received[0]]
        except TargetError as error:
            if not runs:
                raise
            stopped = str(error)
        finally:
            await target.stop()
    return Outcome(_whole(cases, found), runs[0] if runs else None, stopped)


@contextmanager
def _signals_to(stop: Callable[[], object]) -> Iterator[list[signal.Signals]]:
    """Call ``stop`` at the first signal that ends a program, and yield the list of those that came."""
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def handle(which: signal.Signals) -> None:
        received.append(which)
        if len(received) == 1:
            stop()

    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        loop.add_signal_handler(each, handle, each)
    try:
        yield received
    finally:
        for each, handler in before.items():
            loop.remove_signal_handler(each)
            signal.signal(each, handler)


def _whole(cases: Sequence[Case], found: Mapping[str, Result]) -> tuple[Result, ...]:
    return tuple(
        found.get(each.id) or Result(each.id, each.requirement.id, each.title, Verdict.UNTESTED, (STOPPED,))
        for each in cases
    )
