"""tchat-conform as a user starts it: targets, exit statuses, messages."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from processes import ServerProcess
from tchat_conform.case import all_cases
from tchat_conform.target import free_port

MUTE_SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(listener.accept())
"""
DYING_SERVER = """
import os, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))

def hear(connection):
    if connection.recv(10):
        print("I cannot bear words", file=sys.stderr, flush=True)
        os._exit(1)

while True:
    threading.Thread(target=hear, args=(listener.accept()[0],), daemon=True).start()
"""
STOPPING_SERVER = """
import os, signal, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))

def hear(connection):
    if connection.recv(10):
        os.kill(os.getppid(), signal.Signals[sys.argv[2]])

while True:
    threading.Thread(target=hear, args=(listener.accept()[0],), daemon=True).start()
"""


def conform(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tchat_conform", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def script(tmp_path: Path, text: str) -> str:
    path = tmp_path / "server.py"
    path.write_text(text)
    return f"{sys.executable} {path} {{port}}"


def test_the_embedded_default_judges_the_reference_server_and_all_holds() -> None:
    done = conform()
    assert done.returncode == 0, done.stdout
    assert "not reached" not in done.stdout
    assert "not fully tested" not in done.stdout.replace("tls", "")


def test_a_running_server_is_judged_twice_with_the_same_verdicts(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "kept.sqlite") as server:
        first, second = (conform("--host", "127.0.0.1", "--port", str(server.port)) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stdout + second.stdout
    one, two = (re.sub(r"cases in [0-9.]+ s", "cases", each.stdout) for each in (first, second))
    assert one == two


def test_a_spawned_server_is_started_on_the_port_it_is_given() -> None:
    done = conform("--spawn", f"{sys.executable} -m tchat_server --port {{port}} --db :memory:", "--level", "base")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_spawned_server_is_judged_by_tls(tmp_path: Path) -> None:
    certificate = trustme.CA().issue_cert("localhost")
    pem, key = tmp_path / "server.pem", tmp_path / "server.key"
    certificate.cert_chain_pems[0].write_to_path(str(pem))
    certificate.private_key_pem.write_to_path(str(key))
    server = f"{sys.executable} -m tchat_server --port {{port}} --db :memory: --tls-cert {pem} --tls-key {key}"
    done = conform("--spawn", server, "--tls", "--level", "tls")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reached" in done.stdout


def test_no_server_is_status_2_and_says_what_to_do() -> None:
    port = free_port("127.0.0.1")
    done = conform("--host", "127.0.0.1", "--port", str(port))
    assert done.returncode == 2
    assert f"No server answers at 127.0.0.1:{port}" in done.stderr
    assert "--spawn" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--level", "gruops"], "'gruops' is no level. Did you mean groups?"),
        (["--only", "G-JION-1"], "Did you mean G-JOIN-1"),
        (["--only", ""], "a name is missing"),
        (["--tag", "farming"], "'farming' is no tag. Did you mean framing"),
        (["-k", "no such case"], "No case matches"),
        (["--explain", "G-JION-1"], "Did you mean G-JOIN-1"),
        (["--level", "base", "--only", "G-JOIN-1"], "No case matches all of this"),
        (["--list", "--html", "x.html"], "--list runs nothing that --html could report"),
        (["--expect", "/nowhere/known.txt"], "does not exist"),
        (["--write-expect", "/nowhere/known.txt"], "there is no directory /nowhere"),
        (["dif"], "There is no command 'dif'. Did you mean diff?"),
        (["localhost", "8080"], "A server is named by --host and --port"),
        (["--port", "1", "diff", "a", "b"], "--port goes without a command"),
        (["--host", "127.0.0.1"], "--host needs --port"),
        (["--spawn", "x {port}", "--port", "1"], "--spawn picks the port itself"),
        (["--tls"], "--tls needs --port or --spawn"),
        (["--spawn", "/nowhere/server {port}"], "Cannot start /nowhere/server"),
        (["--spawn", "false {port}"], "did not start: exit status 1"),
        (["--spawn", "sh -c 'sleep 1 &'"], "ended at once: exit status 0, without a word. The server must stay"),
        (["--spawn", "sh -c 'no end"], "--spawn: No closing quotation."),
        (["--spawn", " "], "--spawn: the command is empty."),
    ],
)
def test_what_cannot_be_run_is_status_2_with_a_reason(arguments: list[str], message: str) -> None:
    done = conform(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "arguments", [["--only", "B-SEND-1"], ["--only", "B-SEND-1", "--json", "-"], ["--list"], ["--explain", "B-SEND-1"]]
)
def test_a_standard_output_without_room_is_status_2_with_a_reason(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "tchat_conform", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: Cannot write to the standard output: No space left on device."


def test_a_mute_server_passes_nothing(tmp_path: Path) -> None:
    done = conform("--spawn", script(tmp_path, MUTE_SERVER), "--timeout", "0.1")
    assert done.returncode == 1
    assert "\n0 of " in done.stdout


def test_a_server_that_dies_costs_verdicts_and_not_the_run(tmp_path: Path) -> None:
    done = conform("--spawn", script(tmp_path, DYING_SERVER), "-k", "B-SEND", "--timeout", "0.2", "--json", "-")
    assert done.returncode == 1
    cases = json.loads(done.stdout)["cases"]
    assert {each["verdict"] for each in cases} <= {"fail", "blocked"}
    told = cases[0]["findings"][0]["sentence"]
    assert "the server died of" in told
    assert "exit status 1" in told
    assert "I cannot bear words" in told


def test_the_list_names_each_case_with_its_requirement_and_tags() -> None:
    done = conform("--list", "--level", "groups")
    assert done.returncode == 0
    assert "\nG-JOIN-3 (MUST, groups) A member that joins: `already-member`.\n    tags: already-member, " in done.stdout
    assert "\n    G-JOIN-1/every-member-hears-of-a-join  When carol joins" in done.stdout
    assert "P-JOIN-1" not in done.stdout


def test_titles_are_shown_in_french_where_that_is_asked_for() -> None:
    for arguments in (["--list"], ["--explain", "G-JOIN-3"]):
        english, french = (conform(*arguments, "--lang", lang).stdout.splitlines() for lang in ("en", "fr"))
        of_a_case = [number for number, line in enumerate(english) if line.strip().startswith("G-JOIN-3/")]
        assert of_a_case
        assert all(english[number] != french[number] for number in of_a_case)
        assert all(english[number].split()[0] == french[number].split()[0] for number in of_a_case)


def test_the_list_for_programs_holds_every_case() -> None:
    rows = json.loads(conform("--list", "json").stdout)
    assert [row["id"] for row in rows] == [each.id for each in all_cases()]
    assert rows[0].keys() == {"id", "requirement", "level", "keyword", "tags", "title", "text"}


def test_explain_prints_rule_reason_example_and_cases() -> None:
    done = conform("--explain", "G-JOIN-3")
    assert done.returncode == 0
    assert done.stdout.startswith("G-JOIN-3 (MUST, groups) A member that joins: `already-member`.\n")
    for part in ("\nWhy\n", "\nExample\nbob → ", "\nError codes\nalready-member: ", "\nCases\nG-JOIN-3/"):
        assert part in done.stdout


def test_a_terminal_that_knows_ascii_only_gets_the_rest_written_out() -> None:
    command = [sys.executable, "-m", "tchat_conform", "--explain", "G-JOIN-3"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "\nbob \\u2192 " in done.stdout


def test_help_names_options_and_commands() -> None:
    done = conform("--help")
    assert done.returncode == 0
    assert "\n  tchat-conform --host 127.0.0.1 --port 8080     a server that is running\n" in done.stdout
    assert "\n  diff " in done.stdout


# -- known failures ----------------------------------------------------------------------------------------


def test_known_failures_are_written_then_expected_then_noticed_when_they_pass(tmp_path: Path) -> None:
    known = str(tmp_path / "known.txt")
    few = ("--only", "B-QUIT-1", "--timeout", "0.5")
    faulty = ("--spawn", script(tmp_path, DYING_SERVER), *few)
    assert conform(*faulty, "--write-expect", known).returncode == 1

    again = conform(*faulty, "--expect", known, "--json", str(tmp_path / "report.json"))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "as known." in again.stdout.splitlines()[-1]
    real = json.loads((tmp_path / "report.json").read_text())
    assert real["summary"]["exit_status"] == 1
    assert real["summary"]["verdicts"]["pass"] < real["summary"]["cases"]

    sound = conform(*few, "--expect", known)
    assert sound.returncode == 1
    assert "\npasses now: B-QUIT-1/quitting-is-answered pass, known as " in sound.stdout

    Path(known).write_text("")
    news = conform(*faulty, "--expect", known)
    assert news.returncode == 1
    assert "\nnew: B-QUIT-1/quitting-is-answered " in news.stdout


def test_a_wrong_line_of_known_failures_is_status_2_before_anything_runs(tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("B-QUIT-1/quitting-is-answered fial\n")
    done = conform("--spawn", f"touch {tmp_path}/it-ran", "--expect", str(known))
    assert done.returncode == 2
    assert f"{known}:1: 'fial' is not what a case can be known for. Did you mean fail?" in done.stderr
    assert not (tmp_path / "it-ran").exists()


# -- a run that is stopped, and the command that repeats a run ---------------------------------------------


@pytest.mark.parametrize(("which", "word"), [("SIGINT", "interrupted"), ("SIGTERM", "terminated")])
def test_a_run_that_is_stopped_still_reports(tmp_path: Path, which: str, word: str) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("json", "html", "junit", "markdown")}
    known = tmp_path / "known.txt"
    done = conform(
        "--spawn", f"{script(tmp_path, STOPPING_SERVER)} {which}",
        "--level", "base", "--write-expect", str(known),
        *(part for name, file in files.items() for part in (f"--{name}", str(file))),
    )  # fmt: skip
    assert done.returncode == 130, done.stdout + done.stderr
    assert f"the run was stopped: {word}" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "The run was stopped: what is left of it is untested."
    cases = json.loads(files["json"].read_text())["cases"]
    assert {each["verdict"] for each in cases} == {"untested"}
    assert {each["findings"][0]["sentence"] for each in cases} == {"the run was stopped"}
    assert all(file.stat().st_size for file in files.values())
    assert not known.exists()


def test_a_reader_who_goes_early_costs_no_report(tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    command = shlex.join([sys.executable, "-m", "tchat_conform", "--only", "B-QUIT-1", "--html", str(html)])
    done = subprocess.run(["bash", "-c", f"{command} | true"], capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert html.stat().st_size


def test_the_command_of_a_report_repeats_the_run(tmp_path: Path) -> None:
    server = f"{sys.executable} -m tchat_server --port {{port}} --db :memory:"
    options = ["--spawn", server, "--jobs", "3", "--timeout", "2.5"]
    done = conform(*options, "--only", "B-QUIT-1", "--json", "-")
    command = json.loads(done.stdout)["run"]["command"]
    assert shlex.split(command) == ["tchat-conform", *options]
