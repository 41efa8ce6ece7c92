"""Each case can fail: a server with the fault it looks for does not pass it."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pytest

from conform.inprocess import InProcessServer
from conform.mutants.registry import Mutant, all_mutants, recorded
from tchat_conform.case import all_cases
from tchat_conform.requirements import requirements
from tchat_conform.runner import run_cases
from tchat_conform.verdict import Result, Verdict

NOTICED = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.UNSUPPORTED)
LIMIT = 0.5
JOBS = 24
STOP_LIMIT = 3.0
PATIENT = 10.0


def judge(database: Path, ids: Collection[str], *, limit: float = LIMIT, jobs: int = JOBS) -> list[Result]:
    async def run() -> list[Result]:
        target = InProcessServer(database, tls=any(each.startswith("I-TLS") for each in ids))
        try:
            cases = [case for case in all_cases() if case.id in ids]
            return await run_cases(cases, target, jobs=jobs, limit=limit, on_result=lambda _: None)
        finally:
            with suppress(TimeoutError):  # a fault may keep the server from ending
                async with asyncio.timeout(STOP_LIMIT):
                    await target.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_a_fault_is_noticed_by_the_cases_on_record(
    mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.apply(monkeypatch)
    record = recorded()[mutant.name]
    results = judge(tmp_path / "mutant.sqlite", record)
    assert [each.case for each in results] == record
    missed = [each.case for each in results if each.verdict not in NOTICED]
    if missed:  # on a busy machine what builds the scene may have been late: alone and with patience it is not
        again = judge(tmp_path / "again.sqlite", missed, limit=PATIENT, jobs=1)
        missed = [f"{each.case}: {each.verdict}" for each in again if each.verdict not in NOTICED]
    assert missed == [], mutant.sentence


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_a_fault_is_noticed_at_the_requirements_it_breaks(mutant: Mutant) -> None:
    noticed = {case.partition("/")[0] for case in recorded()[mutant.name]}
    assert set(mutant.breaks) - noticed == set()


def test_every_case_notices_some_fault() -> None:
    noticed = {case for cases in recorded().values() for case in cases}
    assert {case.id for case in all_cases()} - noticed == set()


def test_every_requirement_is_broken_by_some_mutant() -> None:
    broken = {requirement for mutant in all_mutants() for requirement in mutant.breaks}
    assert set(requirements()) - broken == set()


def test_the_record_is_of_these_mutants() -> None:
    assert list(recorded()) == [mutant.name for mutant in all_mutants()]


def test_without_a_fault_every_case_passes_in_process_too(tmp_path: Path) -> None:
    ids = {case.id for case in all_cases()}
    by_tls = {each for each in ids if each.startswith("I-TLS")}
    results = judge(tmp_path / "sound.sqlite", ids - by_tls, limit=PATIENT)
    results += judge(tmp_path / "tls.sqlite", by_tls, limit=PATIENT)
    assert {each.case: each.findings for each in results if each.verdict is not Verdict.PASS} == {}
