"""One run from its start to its end, or to where it was stopped: what was found until then is never lost."""

import asyncio
import gc
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tchat_conform.case import Case
from tchat_conform.run import Run
from tchat_conform.runner import OnResult, run_cases
from tchat_conform.target import Target, TargetError
from tchat_conform.verdict import STOPPED, Result, Verdict

SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}

CANCEL_AGAIN = 0.05
"""How many seconds a cancelled run has before it is cancelled once more: who tidies up may overhear the first time."""

OBJECTS_BETWEEN_COLLECTIONS = 2_000_000


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
    with _rare_collections(), _signals() as received:

        def keep(result: Result) -> None:
            if received.which is None:  # what comes later was disturbed
                found[result.case] = result
                on_result(result)

        running = asyncio.ensure_future(
            run_cases(cases, target, jobs=jobs, limit=limit, on_result=keep, on_start=runs.append)
        )
        try:
            await _end(running, received)
            if received.which is None:
                return Outcome(tuple(running.result()), runs[0])
            stopped = SIGNALS[received.which]
        except TargetError as error:
            if not runs:
                raise
            stopped = str(error)
        finally:
            running.cancel()
            await target.stop()
    return Outcome(_whole(cases, found), runs[0] if runs else None, stopped)


async def _end(running: asyncio.Future[Any], received: "_Received") -> None:
    """Wait for the end of a run, and bring it about at the first signal."""
    hears = asyncio.ensure_future(received.wait())
    await asyncio.wait({running, hears}, return_when=asyncio.FIRST_COMPLETED)
    hears.cancel()
    while received.which and not running.done():
        running.cancel()
        await asyncio.wait({running}, timeout=CANCEL_AGAIN)
    if received.which:
        await asyncio.gather(running, return_exceptions=True)


class _Received(asyncio.Event):
    """Set at the first signal, which it keeps."""

    which: signal.Signals | None = None

    def keep(self, which: signal.Signals) -> None:
        self.which = self.which or which
        self.set()


@contextmanager
def _signals() -> Iterator[_Received]:
    """Catch the signals that end a program, for as long as the context lasts."""
    loop = asyncio.get_running_loop()
    received = _Received()
    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        loop.add_signal_handler(each, received.keep, each)
    try:
        yield received
    finally:
        for each, handler in before.items():
            loop.remove_signal_handler(each)
            signal.signal(each, handler)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cyclic garbage rarely: a run keeps all that it hears, and each search would look through all of it."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    finally:
        gc.freeze()  # the reports need it all: neither they nor the end of the program shall look through it
        gc.set_threshold(*before)


def _whole(cases: Sequence[Case], found: Mapping[str, Result]) -> tuple[Result, ...]:
    return tuple(
        found.get(each.id) or Result(each.id, each.requirement.id, each.title, Verdict.UNTESTED, (STOPPED,))
        for each in cases
    )
