"""``tchat-conform client`` as its users see it: what it prints and writes, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tchat_conform.cli import main
from tchat_protocol import schemas

STUDENT = Path(__file__).with_name("student.py")
OPTIONS = ["--name", "{name}", "--host", "{host}", "--port", "{port}"]
LIMIT = 30.0


def tchat_conform(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["client", *arguments])


def student(*faults: str) -> list[str]:
    return ["--", sys.executable, str(STUDENT), *OPTIONS, *faults]


def test_a_right_client_passes_and_the_exit_status_is_0() -> None:
    found = tchat_conform("--level", "base", "-k", "C-SHOW-1", *student())
    assert found.exit_code == 0, found.output
    assert "2 of 2 cases passed." in found.output


def test_a_wrong_client_fails_with_what_was_typed_and_what_came() -> None:
    found = tchat_conform("--only", "C-JOIN-1", *student("sends_another_action_for_j"))
    assert found.exit_code == 1
    assert "FAIL MUST groups: C-JOIN-1/sends-its-request" in found.output
    assert re.search(r"j;wob-\w+-\d+ was typed, and it sent leave instead of join", found.output)
    assert f"--only C-JOIN-1/sends-its-request -- {sys.executable}" in found.output
    assert "nc 127.0.0.1" not in found.output


def test_another_form_is_non_strict_and_its_fields_are_compared() -> None:
    found = tchat_conform("--only", "C-JOIN-1", *student("renames_the_sender"))
    assert "NON-STRICT MUST groups" in found.output
    assert "sender is missing; its value stands in from" in " ".join(found.output.split())


def test_a_command_that_is_not_there_is_unsupported() -> None:
    found = tchat_conform("--only", "C-INVITE-1", *student("does_not_know_invite"))
    assert found.exit_code == 1
    assert "UNSUPPORTED: the client does not know this command: it sends nothing, and goes on." in found.output


def test_every_form_of_report_can_be_written(tmp_path: Path) -> None:
    forms = {name: str(tmp_path / name) for name in ("json", "junit", "html", "markdown", "badge")}
    options = [part for name, path in forms.items() for part in (f"--{name}", path)]
    tchat_conform("--only", "C-JOIN-1,C-SHOW-4", *options, *student("sends_another_action_for_j"))
    document = json.loads(Path(forms["json"]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schemas.load("report.json")).validate(document)
    assert [each["id"] for each in document["cases"] if each["verdict"] == "fail"] == ["C-JOIN-1/sends-its-request"]
    assert document["requirements"]["C-JOIN-1"]["link"] == "PROTOCOL.md#c-join-1"
    suite = ET.parse(forms["junit"]).getroot()  # noqa: S314 - our own report
    assert len(list(suite.iter("failure"))) == 1
    page = Path(forms["html"]).read_text(encoding="utf-8")
    assert "it sent leave instead of join" in page
    assert "C-CTRL-1" in page
    assert "G-JOIN-1" not in page
    assert "C-JOIN-1" in Path(forms["markdown"]).read_text(encoding="utf-8")


def test_a_description_can_hold_the_command(tmp_path: Path) -> None:
    file = tmp_path / "client.toml"
    command = " ".join([sys.executable, str(STUDENT), *OPTIONS])
    file.write_text(f"command = '{command}'\n[commands]\nstates = false\n", encoding="utf-8")
    found = tchat_conform("--describe", str(file), "--only", "C-STATES-1,C-JOIN-1")
    assert "its description has no command for states" in found.output
    assert "1 of 2 cases passed." in found.output


def test_a_command_in_one_word_is_taken_apart() -> None:
    found = tchat_conform("--only", "C-JOIN-1", "--", " ".join([sys.executable, str(STUDENT), *OPTIONS]))
    assert found.exit_code == 0, found.output


def test_a_client_that_ends_at_once_costs_no_time_and_says_why() -> None:
    began = time.monotonic()
    found = tchat_conform(*student("ends_at_once"))
    assert time.monotonic() - began < LIMIT
    assert found.exit_code == 1
    assert "the client ended before it had said anything: exit status 1" in found.output
    assert "no such display" in found.output


def test_a_client_that_never_connects_is_not_waited_for_in_every_case() -> None:
    found = tchat_conform("--timeout", "0.3", *student("never_connects"))
    assert "the client did not connect to {host}:{port} within 1 s" in found.output
    assert "None of 6 levels is reached." in found.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "The client's command is missing"),
        (["--", "no-such-program-of-anybody"], "There is no program 'no-such-program-of-anybody'"),
        (["--level", "tls", "--", "true"], "'tls' is no level of clients."),
        (["--only", "C-JOIN-11", "--", "true"], "Did you mean C-JOIN-1"),
        (["-k", "nothing like it", "--", "true"], "No case matches all of this"),
        (["--describe", "/no/such.toml", "--", "true"], "/no/such.toml"),
        (["--jsn", "x", "--", "true"], "No such option"),
    ],
)
def test_wrong_usage_is_explained_and_exits_2(arguments: list[str], why: str) -> None:
    found = tchat_conform(*arguments)
    assert found.exit_code == 2
    assert why in found.output


def test_known_failures_are_written_and_then_expected(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    wrong = student("sends_another_action_for_j")
    written = tchat_conform("--only", "C-JOIN-1,C-LEAVE-1", "--write-expect", str(file), *wrong)
    assert written.exit_code == 1
    assert "C-JOIN-1/sends-its-request  fail" in file.read_text(encoding="utf-8")
    known = tchat_conform("--only", "C-JOIN-1,C-LEAVE-1", "--expect", str(file), *wrong)
    assert known.exit_code == 0, known.output
    fixed = tchat_conform("--only", "C-JOIN-1,C-LEAVE-1", "--expect", str(file), *student())
    assert fixed.exit_code == 1
    assert "passes now: C-JOIN-1/sends-its-request pass" in fixed.output


def test_a_known_failure_that_is_no_case_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "known.txt"
    file.write_text("C-JOIN-1/sends-a-request fail\n", encoding="utf-8")
    found = tchat_conform("--expect", str(file), *student())
    assert found.exit_code == 2
    assert "Did you mean C-JOIN-1/sends-its-request" in found.output


@pytest.mark.parametrize("name", ["C-CUT-1", "c-cut-1/across"])
def test_a_requirement_is_explained(name: str) -> None:
    found = tchat_conform("--explain", name)
    assert found.exit_code == 0
    assert "C-CUT-1 (MUST, robustness) It survives a message cut at any bytes" in found.output
    assert "To survive something is to show what comes after it" in found.output
    assert "C-CUT-1/across" in found.output


def test_the_list_names_every_case_with_its_level() -> None:
    found = tchat_conform("--list", "--level", "security")
    assert found.exit_code == 0
    assert len(found.output.splitlines()) == 8
    assert "C-CTRL-1/a-title  (MUST, security)  " in found.output


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_what_is_known_and_leaves_no_client_behind(
    which: signal.Signals, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    marked = {**os.environ, "TCHAT_MARK": str(tmp_path)}
    arguments = ["client", "--jobs", "2", "--json", str(report), *student("never_connects")]
    with subprocess.Popen(
        [sys.executable, "-m", "tchat_conform", *arguments],
        env=marked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        _until(lambda: len(_marked(tmp_path)) > 1)
        running.send_signal(which)
        assert running.wait(LIMIT) == 130
    assert _marked(tmp_path) == []
    verdicts = json.loads(report.read_text(encoding="utf-8"))["summary"]["verdicts"]
    assert verdicts["untested"] == sum(verdicts.values())


def _until(state: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not state():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _marked(mark: Path) -> list[str]:
    """Return the processes in whose environment a mark stands."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TCHAT_MARK={mark}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:  # it has ended, or is not ours
            continue
    return found
