"""Foreign clients, driven unchanged: what comes out is what is known of each."""

import asyncio
import shlex
import sys
from collections.abc import Iterable

import pytest

from foreign import ROOT, peer
from tchat_conform.clients.case import all_client_cases
from tchat_conform.clients.description import Description
from tchat_conform.clients.run import ClientRun
from tchat_conform.clients.runner import ClientRunner
from tchat_conform.clients.stage import Stage
from tchat_conform.verdict import Finding, Result, Unsupported, Verdict

LIMIT, JOBS = 5.0, 4
BASE = {"C-SEND-1", "C-BCAST-1", "C-LIST-1"}
GROUPS = {
    "C-CREATE-1", "C-JOIN-1", "C-POST-1", "C-MEMBERS-1", "C-MSGS-1", "C-GROUPS-1", "C-LEAVE-1", "C-INVITE-1",
    "C-KICK-1", "C-BAN-1", "C-UNBAN-1", "C-STATES-1",
}  # fmt: skip


def judged(command: list[str], requirements: Iterable[str]) -> tuple[ClientRun, dict[str, Result]]:
    wanted = set(requirements)
    cases = [each for each in all_client_cases() if each.requirement.id in wanted or each.id in wanted]
    run = ClientRun(command, Description(), LIMIT)
    runner = ClientRunner(cases, run, JOBS, lambda _: None)
    asyncio.run(runner.run())
    return run, {each.case: each for each in runner.results}


def foreign(file: str, requirements: Iterable[str]) -> tuple[ClientRun, dict[str, Result]]:
    described = peer(file)
    described.skip_without_interpreter()
    places = {each: f"{{{each}}}" for each in ("host", "port", "name")}
    command = [str(ROOT / each) if each.startswith("tests/") else each for each in described.argv(**places)]
    return judged(command, requirements)


def verdicts(results: dict[str, Result]) -> set[Verdict]:
    return {each.verdict for each in results.values()}


def test_menu_is_found_out_without_a_description() -> None:
    run, results = foreign("menu.py", BASE)
    assert run.description.style == "menu"
    assert run.spoken
    assert verdicts(results) == {Verdict.PASS}


def test_menu_knows_no_groups_and_goes_on() -> None:
    run, results = foreign("menu.py", ["C-JOIN-1", "C-STATES-1"])
    assert verdicts(results) == {Verdict.UNSUPPORTED}
    assert set(run.lacking) == {"join", "states"}
    finding = results["C-JOIN-1/sends-its-request"].findings[0]
    assert "sends nothing, and the client goes on" in finding.sentence
    assert "s: message prive" in str(finding.received)
    assert finding.proof == "client-list-clients, asked for afterwards, was sent"


def test_a_command_that_is_proved_to_be_lacking_is_not_waited_for_again() -> None:
    run = ClientRun(["there-is-no-such-program"], Description(), LIMIT)
    known = Finding("j sends nothing, and the client goes on", by="join")
    run.lacking["join"] = known
    with pytest.raises(Unsupported) as stopped:
        asyncio.run(Stage(run, "again").types("join", group="wob"))
    assert stopped.value.finding is known


def test_menu_goes_blind_on_two_messages_in_one() -> None:
    _, results = foreign("menu.py", ["C-JOINED-1/two-on-lines"])
    (result,) = results.values()
    assert result.verdict is Verdict.FAIL
    assert result.findings[0].proof == "an error is on the screen instead"


def test_argv_client_does_what_the_course_asks_and_writes_no_line_feed() -> None:
    _, results = foreign("argv_client.cjs", {*BASE, *GROUPS, "C-SHOW-6", "C-SHOW-1", "C-LINE-1"})
    failed = {case for case, each in results.items() if each.verdict is not Verdict.PASS}
    assert failed == {"C-LINE-1/one-message-a-line"}


def test_argv_client_dies_of_two_messages_and_its_last_words_are_told() -> None:
    _, results = foreign("argv_client.cjs", ["C-JOINED-1/two-on-lines"])
    (result,) = results.values()
    assert result.verdict is Verdict.FAIL
    sentence = result.findings[0].sentence
    assert sentence.startswith("the client ended after two messages in one segment: exit status 1; its last words:")
    assert "SyntaxError" in sentence


def test_raw_survives_everything_but_shows_no_whole_texts_when_they_come_in_pieces() -> None:
    _, results = foreign("raw.py", ["C-JOINED-1", "C-CUT-1", "C-BAD-1", "C-FIELD-1", "C-ACTION-1", "C-CLOSE-1"])
    failed = {case for case, each in results.items() if each.verdict is not Verdict.PASS}
    assert failed == {"C-CUT-1/in-halves", "C-CUT-1/inside-a-character"}


def test_wrong_action_is_told_with_what_was_typed_and_what_came() -> None:
    _, results = foreign("wrong_action.cjs", ["C-JOIN-1", "C-LEAVE-1", "C-GROUPS-1", "C-SHOW-8"])
    join = results["C-JOIN-1/sends-its-request"]
    assert join.verdict is Verdict.FAIL
    assert "was typed, and it sent members instead of join" in join.findings[0].sentence
    assert results["C-LEAVE-1/sends-its-request"].verdict is Verdict.PASS
    groups = results["C-GROUPS-1/sends-its-request"]
    assert groups.verdict is Verdict.FAIL
    assert groups.findings[0].sentence.startswith("the client ended after groups; was typed: exit status 1;")
    assert "TypeError" in groups.findings[0].sentence
    listed = results["C-SHOW-8/which-groups-there-are"]
    assert (listed.verdict, listed.findings[0].by) == (Verdict.BLOCKED, "groups")


@pytest.mark.parametrize("options", ["--name {name} --host {host} --port {port}", "--host {host} --port {port}"])
def test_the_reference_client_is_driven_with_its_name_as_an_option_or_at_a_question(options: str) -> None:
    command = [sys.executable, "-m", "tchat_client", *shlex.split(options)]
    _, results = judged(command, {*BASE, "C-NAME-1", "C-QUIT-1", "C-SHOW-1", "C-CTRL-1"})
    assert {each.case: each.findings for each in results.values() if each.verdict is not Verdict.PASS} == {}
