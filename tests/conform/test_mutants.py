"""Each case can fail: a server with the fault it looks for does not pass it."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from conform.inprocess import InProcessServer
from conform.mutants.registry import Mutant, all_mutants
from tchat_conform.case import all_cases
from tchat_conform.runner import run_cases
from tchat_conform.verdict import Result, Verdict

NOTICED = (Verdict.FAIL, Verdict.NON_STRICT)
LIMIT = 0.5


def judge(database: Path, ids: Collection[str]) -> list[Result]:
    async def run() -> list[Result]:
        target = InProcessServer(database)
        try:
            cases = [case for case in all_cases() if case.id in ids]
            return await run_cases(cases, target, jobs=8, limit=LIMIT, on_result=lambda _: None)
        finally:
            await target.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_a_fault_is_noticed_by_the_cases_that_look_for_it(
    mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant.apply(monkeypatch)
    results = judge(tmp_path / "mutant.sqlite", mutant.kills)
    assert [each.case for each in results] == [case.id for case in all_cases() if case.id in mutant.kills]
    missed = {each.case: each.verdict for each in results if each.verdict not in NOTICED}
    assert missed == {}, mutant.sentence


def test_every_case_has_a_mutant_that_it_notices() -> None:
    noticed = {case for mutant in all_mutants() for case in mutant.kills}
    assert {case.id for case in all_cases()} - noticed == set()


def test_every_mutant_names_cases_that_exist() -> None:
    named = {case for mutant in all_mutants() for case in mutant.kills}
    assert named - {case.id for case in all_cases()} == set()


def test_without_a_fault_every_case_passes_in_process_too(tmp_path: Path) -> None:
    results = judge(tmp_path / "sound.sqlite", {case.id for case in all_cases()})
    allowed = {Verdict.PASS, Verdict.UNSUPPORTED, Verdict.UNTESTED}
    assert {each.case: each.findings for each in results if each.verdict not in allowed} == {}
