"""A run that is stopped keeps what it found."""

import os
import signal
from pathlib import Path

import pytest

from conform.inprocess import InProcessServer
from tchat_conform import judging
from tchat_conform.judging import judge
from tchat_conform.selection import Selection
from tchat_conform.target import TargetError, accepts
from tchat_conform.verdict import Result, Verdict

CASES = Selection(only=["B-LIST-1", "B-QUIT-1"]).cases()


@pytest.mark.parametrize(("which", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
async def test_a_signal_ends_the_run_and_keeps_what_was_found(tmp_path: Path, which: signal.Signals, word: str) -> None:
    server = InProcessServer(tmp_path / "kept.sqlite")
    heard: list[Result] = []

    def on_result(result: Result) -> None:
        heard.append(result)
        os.kill(os.getpid(), which)

    outcome = await judge(CASES, server, jobs=1, limit=5.0, on_result=on_result)
    assert outcome.stopped == word
    assert outcome.run is not None
    assert [each.case for each in outcome.results] == [each.id for each in CASES]
    found = [each for each in outcome.results if each.verdict is not Verdict.UNTESTED]
    assert found == heard
    assert 1 <= len(found) < len(CASES)
    untested = next(each for each in outcome.results if each.verdict is Verdict.UNTESTED)
    assert untested.findings[0].sentence == "the run was stopped"
    assert not await accepts(server.address)


async def test_signals_are_as_before_after_a_run(tmp_path: Path) -> None:
    before = [signal.getsignal(each) for each in judging.SIGNALS]
    outcome = await judge(
        CASES[:1], InProcessServer(tmp_path / "kept.sqlite"), jobs=1, limit=5.0, on_result=lambda _: None
    )
    assert outcome.stopped is None
    assert [signal.getsignal(each) for each in judging.SIGNALS] == before


@pytest.mark.parametrize("started", [True, False])
async def test_a_server_that_is_gone_for_good_ends_the_run_once_it_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    server = InProcessServer(tmp_path / "kept.sqlite")

    async def run_cases(*_: object, **hooks: object) -> list[Result]:
        if started:
            hooks["on_start"](object())  # type: ignore[operator]  # what judge() hands over
        raise TargetError("The server has ended.")

    monkeypatch.setattr(judging, "run_cases", run_cases)
    running = judge(CASES, server, jobs=1, limit=5.0, on_result=lambda _: None)
    if started:
        outcome = await running
        assert outcome.stopped == "The server has ended."
        assert {each.verdict for each in outcome.results} == {Verdict.UNTESTED}
    else:
        with pytest.raises(TargetError):
            await running
