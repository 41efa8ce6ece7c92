"""tchat-conform as a user starts it: targets, exit statuses, messages."""

import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from processes import ServerProcess
from tchat_conform.target import free_port

MUTE_SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(listener.accept())
"""
DYING_SERVER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    connection, _ = listener.accept()
    if connection.recv(10):
        sys.exit("I cannot bear words")
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
    assert first.stdout == second.stdout


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
        (["--level", "nonsense"], "'nonsense' is no level"),
        (["-k", "no such case"], "No case matches"),
        (["--host", "127.0.0.1"], "--host needs --port"),
        (["--spawn", "x {port}", "--port", "1"], "--spawn picks the port itself"),
        (["--tls"], "--tls needs --port or --spawn"),
        (["--spawn", "/nowhere/server {port}"], "Cannot start /nowhere/server"),
        (["--spawn", "false {port}"], "did not start: exit status 1"),
    ],
)
def test_what_cannot_be_run_is_status_2_with_a_reason(arguments: list[str], message: str) -> None:
    done = conform(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mute_server_passes_nothing(tmp_path: Path) -> None:
    done = conform("--spawn", script(tmp_path, MUTE_SERVER), "--timeout", "0.1")
    assert done.returncode == 1
    assert "\n0 of " in done.stdout


def test_a_server_that_dies_costs_verdicts_and_not_the_run(tmp_path: Path) -> None:
    done = conform("--spawn", script(tmp_path, DYING_SERVER), "-k", "B-SEND", "--timeout", "0.2")
    assert done.returncode == 1
    assert "the server died of this case: exit status 1" in done.stdout
    assert "I cannot bear words" in done.stdout


def test_the_list_names_each_case_with_its_requirement() -> None:
    done = conform("--list", "--level", "groups")
    assert done.returncode == 0
    assert "groups     MUST   G-JOIN-1/" in done.stdout
    assert "P-JOIN-1" not in done.stdout
