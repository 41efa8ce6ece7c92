"""Each case about clients can fail: a client with the fault it looks for does not pass it."""

import asyncio
import sys
import tomllib
from collections.abc import Collection
from pathlib import Path

import pytest

from conform.clients import student
from tchat_conform.clients.case import all_client_cases
from tchat_conform.clients.description import Description
from tchat_conform.clients.run import ClientRun
from tchat_conform.clients.runner import ClientRunner
from tchat_conform.requirements import client_requirements
from tchat_conform.verdict import Result, Verdict

FOLDER = Path(__file__).parent
NOTICED: dict[str, list[str]] = tomllib.loads((FOLDER / "noticed.toml").read_text(encoding="utf-8"))
SEEN = (Verdict.FAIL, Verdict.NON_STRICT, Verdict.UNSUPPORTED)
AT_ONCE, JOBS = 4, 2
LIMIT = 1.5
PATIENT = 10.0

Results = dict[str, list[Result]]


def command(*faults: str) -> list[str]:
    options = ["--name", "{name}", "--host", "{host}", "--port", "{port}"]
    return [sys.executable, str(FOLDER / "student.py"), *options, *faults]


async def judge(ids: Collection[str], *faults: str, limit: float = LIMIT, jobs: int = JOBS) -> list[Result]:
    cases = [case for case in all_client_cases() if case.id in ids]
    runner = ClientRunner(cases, ClientRun(command(*faults), Description(), limit), jobs, lambda _: None)
    await runner.run()
    return list(runner.results)


@pytest.fixture(scope="module")
def judged() -> Results:
    """What all faults come to, some of them at a time."""

    async def every() -> Results:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(fault: str) -> list[Result]:
            async with places:
                return await judge(NOTICED[fault], fault)

        return dict(zip(NOTICED, await asyncio.gather(*map(one, NOTICED)), strict=True))

    return asyncio.run(every())


@pytest.mark.parametrize("fault", NOTICED)
def test_a_fault_is_noticed_by_the_cases_on_record(fault: str, judged: Results) -> None:
    assert sorted(each.case for each in judged[fault]) == sorted(NOTICED[fault])
    missed = [each.case for each in judged[fault] if each.verdict not in SEEN]
    if missed:  # on a busy machine messages that are sent apart may have come together: alone they do not
        again = asyncio.run(judge(missed, fault, limit=PATIENT, jobs=1))
        missed = [f"{each.case}: {each.verdict}" for each in again if each.verdict not in SEEN]
    assert missed == []


def test_every_case_notices_some_fault() -> None:
    assert {case.id for case in all_client_cases()} == {each for cases in NOTICED.values() for each in cases}


def test_every_requirement_is_broken_by_some_fault() -> None:
    broken = {case.partition("/")[0] for cases in NOTICED.values() for case in cases}
    assert broken == set(client_requirements())


def test_the_record_is_of_the_faults_there_are() -> None:
    assert set(NOTICED) == set(student.FAULTS)


SAMPLE = {
    "C-NAME-1", "C-ONCE-1", "C-TEXT-1", "C-SEND-1", "C-JOIN-1", "C-KICK-1", "C-QUIT-1", "C-SHOW-1", "C-SHOW-5",
    "C-SHOW-6", "C-SHOW-8", "C-JOINED-1", "C-CUT-1", "C-ERROR-1", "C-CLOSE-1",
}  # fmt: skip


@pytest.mark.parametrize("way", student.WAYS)
async def test_other_ways_to_be_right_pass(way: str) -> None:
    ids = [case.id for case in all_client_cases() if case.requirement.id in SAMPLE]
    results = await judge(ids, way, limit=PATIENT, jobs=6)
    assert {each.case: each.findings for each in results if each.verdict is not Verdict.PASS} == {}


async def test_without_a_fault_every_case_passes() -> None:
    results = await judge([case.id for case in all_client_cases()], limit=PATIENT, jobs=6)
    assert {each.case: each.findings for each in results if each.verdict is not Verdict.PASS} == {}
