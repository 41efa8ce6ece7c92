"""Verdicts do not depend on luck: on how many cases run at a time, their order, or how busy the machine is."""

import asyncio
import multiprocessing
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foreign import peer
from tchat_conform.case import Case, all_cases
from tchat_conform.reference import ReferenceServer
from tchat_conform.runner import run_cases
from tchat_conform.target import SpawnedServer

RUNS = 20
EVERY = 5
"""Each run takes this part of the cases, the same each time: all of them would take minutes."""
BURNERS = 2
LIMIT = 5.0


def _burn() -> None:
    while True:
        pass


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep as many processors busy as there are, at least for small machines."""
    burners = [multiprocessing.get_context("spawn").Process(target=_burn, daemon=True) for _ in range(BURNERS)]
    for each in burners:
        each.start()
    try:
        yield
    finally:
        for each in burners:
            each.kill()
            each.join()


def verdicts(target: SpawnedServer, cases: list[Case], jobs: int) -> dict[str, str]:
    async def run() -> dict[str, str]:
        try:
            results = await run_cases(cases, target, jobs=jobs, limit=LIMIT, on_result=lambda _: None)
            return {each.case: each.verdict.value for each in results}
        finally:
            await target.stop()

    return asyncio.run(run())


def careful(folder: Path) -> SpawnedServer:
    peer("careful.cjs").skip_without_interpreter()
    return SpawnedServer(peer("careful.cjs").command.replace("{dir}", str(folder)))


@pytest.mark.parametrize("server", [lambda _: ReferenceServer(), careful], ids=["reference", "careful.cjs"])
def test_twenty_runs_on_a_busy_machine_agree(server: Callable[[Path], SpawnedServer], tmp_path: Path) -> None:
    sample = list(all_cases())[::EVERY]
    dice = random.Random(4)  # noqa: S311 - the order of cases is no secret
    seen: dict[str, set[str]] = {each.id: set() for each in sample}
    with busy_machine():
        for number in range(RUNS // 2):
            folder = tmp_path / str(number)
            folder.mkdir()
            shuffled = dice.sample(sample, len(sample))
            for case, verdict in verdicts(server(folder), shuffled, dice.choice([1, 3, 8, 16])).items():
                seen[case].add(verdict)
    assert {case: sorted(found) for case, found in seen.items() if len(found) > 1} == {}
