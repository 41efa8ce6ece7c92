"""Foreign clients, driven unchanged: what comes out is what is known of each."""

import asyncio
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

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


STRICT = """
import json, socket, sys, threading
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def hear():
    for line in peer.makefile(encoding="utf-8"):
        print(json.loads(line).get("msg"), flush=True)
def send(**fields):
    peer.sendall(json.dumps(fields).encode() + b"\\n")
send(**{"from": "alice", "action": "client-hello"})
threading.Thread(target=hear, daemon=True).start()
for line in sys.stdin:
    if '"' in line:
        print("cannot read this", flush=True)
        continue
    word, *fields = line.strip().split(";")
    if word == "ls":
        send(**{"from": "alice", "action": "client-list-clients"})
    if word == "b":
        send(**{"from": "alice", "msg": ";".join(fields), "action": "client-broadcast"})
"""


def test_a_command_that_fails_on_special_texts_alone_is_not_held_for_missing(tmp_path: Path) -> None:
    script = tmp_path / "strict.py"
    script.write_text(STRICT, encoding="utf-8")
    command = [sys.executable, str(script), "{host}", "{port}"]
    run, results = judged(command, ["C-TEXT-1/quotes-and-braces", "C-BCAST-1", "C-ERROR-1/for-client-broadcast"])
    special = results.pop("C-TEXT-1/quotes-and-braces")
    assert special.verdict is Verdict.FAIL
    assert special.findings[0].proof == "with a word for a text it was sent"
    assert verdicts(results) == {Verdict.PASS}
    assert run.lacking == {}


def test_a_field_that_a_description_cannot_say_is_unsupported_and_not_lost() -> None:
    run = ClientRun(["no"], Description(commands={"msgs": ("/historique {group}",)}), LIMIT)
    with pytest.raises(Unsupported, match="no place for limit in msgs"):
        asyncio.run(Stage(run, "limited").types("msgs", group="wob", limit=20))


LATE = """
import json, socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def send(**fields):
    peer.sendall(json.dumps(fields).encode() + b"\\n")
def ask(question):
    sys.stdout.write(question)
    sys.stdout.flush()
    return sys.stdin.readline().strip()
send(**{"from": "alice", "action": "client-hello"})
while True:
    choice = ask("choice? ")
    if choice == "1":
        send(**{"from": "alice", "to": ask("to? "), "msg": ask("message? "), "action": "client-send"})
    if choice == "2":
        send(**{"from": "alice", "action": "client-list-clients"})
    time.sleep(0.03)  # the request is out before the next question is on the screen
    import termios
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
"""


def test_what_a_menu_asks_late_is_not_taken_for_a_question_about_what_is_typed(tmp_path: Path) -> None:
    script = tmp_path / "late.py"
    script.write_text(LATE, encoding="utf-8")
    commands = {"client-send": ("1", "{to}", "{msg}"), "client-list-clients": ("2",)}
    run = ClientRun([sys.executable, str(script), "{host}", "{port}"], Description(commands=commands), LIMIT)

    async def twice() -> list[str]:
        stage = Stage(run, "late")
        try:
            await stage.start()
            return [str((await stage.types("client-send", to="bob", msg=text))["msg"]) for text in ("one", "two")]
        finally:
            await stage.close()

    assert asyncio.run(twice()) == ["one", "two"]


ENDING = """
import json, os, socket, sys, threading
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def hear():
    for line in peer.makefile(encoding="utf-8"):
        print(json.loads(line).get("msg"), flush=True)
        if "server-error" in line:
            os._exit(1)
def ask(action):
    peer.sendall(json.dumps({"from": "alice", "action": action}).encode() + b"\\n")
threading.Thread(target=hear, daemon=True).start()
ask("client-hello")
for line in sys.stdin:
    ask("client-list-clients")
"""


def test_a_client_that_ends_at_a_refusal_has_shown_it_and_not_survived_it(tmp_path: Path) -> None:
    script = tmp_path / "ending.py"
    script.write_text(ENDING, encoding="utf-8")
    cases = ["C-SHOW-3/too-many-requests", "C-ERROR-1/for-client-list-clients"]
    _, results = judged([sys.executable, str(script), "{host}", "{port}"], cases)
    assert [results[each].verdict for each in cases] == [Verdict.PASS, Verdict.FAIL]
