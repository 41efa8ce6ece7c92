"""The server as users start it: its one line, its end, and what survives being killed."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from processes import ServerProcess
from server.checker import Witness, check, check_file
from server.people import Gone, Person, everything

KILLS = int(os.environ.get("TCHAT_KILLS", "4"))
"""How often the server is killed; docs/operating.md names the long run."""

ACKNOWLEDGED = 200
"""So many messages are acknowledged before a kill, more or less."""

COMMAND = [sys.executable, "-m", "tchat_server"]
LIMIT = 20.0


def start(*options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a server that is expected to end by itself."""
    return subprocess.run(
        [*COMMAND, *options],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_with_success(tmp_path: Path, number: signal.Signals) -> None:
    with ServerProcess(tmp_path / "t.sqlite") as server:
        with socket.create_connection(("127.0.0.1", server.port), LIMIT) as peer:
            peer.sendall(b'{"action":"client-hello","from":"ann"}\n')
            assert b"server-hello" in peer.recv(4096)
            server.process.send_signal(number)
            assert peer.recv(4096) == b"", "the connection is closed in good order"
        assert server.process.wait(LIMIT) == 0
    assert not (tmp_path / "t.sqlite-wal").exists(), "the database is closed"


def test_under_nohup_the_end_of_the_terminal_is_not_that_of_the_server(tmp_path: Path) -> None:
    command = ["nohup", *COMMAND, "--port", "0", "--db", str(tmp_path / "t.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition("127.0.0.1:")[2].partition(",")[0])
        process.send_signal(signal.SIGHUP)
        with socket.create_connection(("127.0.0.1", port), LIMIT) as peer:
            peer.sendall(b'{"action":"client-hello","from":"ann"}\n')
            assert b"server-hello" in peer.recv(4096)
        process.terminate()
        assert process.wait(LIMIT) == 0


def test_it_says_one_line_where_it_listens(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "t.sqlite") as server:
        server.process.terminate()
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""


def test_port_in_use_is_explained(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "t.sqlite") as server:
        second = start("--port", str(server.port), "--db", str(tmp_path / "other.sqlite"))
    assert second.returncode == 1
    assert f"Port {server.port} of 127.0.0.1 is in use" in second.stderr
    assert second.stdout == ""


def test_port_and_host_come_from_the_environment(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "t.sqlite") as server:
        second = start("--db", ":memory:", PORT=str(server.port), HOST="127.0.0.1")
    assert f"Port {server.port} of 127.0.0.1 is in use" in second.stderr


def test_unusable_database_ends_it_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(
        "not a database, but longer than a header of one hundred bytes would be, so that SQLite reads it " * 2
    )
    ended = start("--port", "0", "--db", str(file))
    assert ended.returncode == 1
    assert ended.stderr == f"Error: {file} is not a database; choose another file with --db.\n"


def test_no_host_at_all_is_no_address(tmp_path: Path) -> None:
    assert "--host is empty" in start("--host", "", "--db", str(tmp_path / "t.sqlite")).stderr


def test_listening_to_everyone_is_said(tmp_path: Path) -> None:
    command = [*COMMAND, "--port", "0", "--host", "0.0.0.0", "--db", ":memory:"]  # noqa: S104 - what is tested
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("tchat-server listening on 0.0.0.0:")
        process.terminate()
        assert "everyone who reaches this address can connect" in process.communicate(timeout=LIMIT)[1]


def test_log_escapes_what_peers_say(tmp_path: Path) -> None:
    command = [*COMMAND, "--port", "0", "--db", ":memory:", "-v"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition(":")[2].partition(",")[0])
        with socket.create_connection(("127.0.0.1", port), LIMIT) as peer:
            peer.sendall(b'{"action":"client-error","code":"x","msg":"\\u001b[31m\\nred"}')
            assert peer.recv(1) == b""
        process.terminate()
        errors = process.communicate(timeout=LIMIT)[1]
    assert "\x1b" not in errors
    assert r"\x1b[31m\nred" in errors


def test_it_says_on_a_signal_how_it_is(tmp_path: Path) -> None:
    command = [*COMMAND, "--port", "0", "--db", str(tmp_path / "t.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        port = int(process.stdout.readline().partition(":")[2].partition(",")[0])
        with socket.create_connection(("127.0.0.1", port), LIMIT) as peer:
            peer.sendall(b'{"action":"client-hello","from":"ann"}\n')
            assert b"server-hello" in peer.recv(4096)
            process.send_signal(signal.SIGUSR1)
            said = process.stderr.readline()
            peer.sendall(b'{"action":"client-list-clients","from":"ann"}\n')
            assert b'"clients":["ann"]' in peer.recv(4096), "it goes on"
        process.terminate()
        assert process.communicate(timeout=LIMIT)[1] == "", "one line and nothing else"
    assert said.endswith(" STATUS connections 1, behind with reading 0, users online 1, users known 1, groups 0\n")


async def test_a_server_that_was_stopped_for_a_while_goes_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "t.sqlite") as server:
        ann, bob = [await Person.connect(name, server.port) for name in ("ann", "bob")]
        await ann.ask("cgroupe", group="wob")
        await bob.ask("join", group="wob")
        server.process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitpid, server.process.pid, os.WUNTRACED)  # it has stopped
        for number in range(50):
            ann.send("gbroadcast", group="wob", msg=f"{number}")
        late = await Person.connect("eve", server.port)
        server.process.send_signal(signal.SIGCONT)
        heard = [await bob.receive() for _ in range(50)]
        assert [each["msg"] for each in heard if "msg" in each] == [str(number) for number in range(50)]
        assert (await late.ask("client-hello"))["action"] == "server-hello"
        for person in (ann, bob, late):
            await person.close()


async def test_what_it_stored_was_acknowledged_when_it_ends_under_load(tmp_path: Path) -> None:
    database = tmp_path / "t.sqlite"
    with ServerProcess(database) as server:
        people = [await Person.connect(f"u{each}", server.port) for each in range(4)]
        for person in people:
            await person.ask("cgroupe" if person is people[0] else "join", group="wob")
        posting = [post_until_gone(person, 0, server.process.terminate, ACKNOWLEDGED) for person in people]
        witnesses = await asyncio.gather(*posting)
        for person in people:
            await person.close()
        assert server.process.wait(LIMIT) == 0
    with ServerProcess(database) as server:
        reader = await Person.connect("u0", server.port)
        history = await everything(reader, "msgs", "messages")
        check(witnesses, history, await everything(reader, "states", "events"))
        await reader.close()
    acknowledged = {message["msg"] for each in witnesses for message in each.acknowledged}
    assert len(acknowledged) >= ACKNOWLEDGED
    assert {message["msg"] for message in history} == acknowledged
    check_file(database)


async def test_what_was_acknowledged_survives_being_killed(tmp_path: Path) -> None:
    """Kill the server under load, again and again: nothing acknowledged is lost, nothing is there twice (H-KILL-1)."""
    database = tmp_path / "t.sqlite"
    witnesses: list[Witness] = []
    enough = [random.randint(1, 2 * ACKNOWLEDGED) for _ in range(KILLS)]  # noqa: S311 - any moment will do
    for number, wanted in enumerate(enough):
        with ServerProcess(database) as server:
            people = [await Person.connect(f"u{each}", server.port) for each in range(4)]
            for person in people:
                await person.ask("client-hello")
                create = number == 0 and person is people[0]
                await person.ask("cgroupe" if create else "join", group="wob")
            posting = [post_until_gone(person, number, server.process.kill, wanted) for person in people]
            witnesses += await asyncio.gather(*posting)
            for person in people:
                await person.close()
    with ServerProcess(database) as server:
        reader = await Person.connect("u0", server.port)
        history = await everything(reader, "msgs", "messages")
        events = await everything(reader, "states", "events")
        posted = await reader.ask("gbroadcast", group="wob", msg="still here")
        assert posted["seq"] == len(history) + len(events) + 1, "it goes on where it was"
        await reader.close()
    check(witnesses, history, events)
    check_file(database)
    acknowledged = sum(len(each.acknowledged) for each in witnesses)
    assert acknowledged >= sum(enough)
    print(f"{KILLS} kills, {acknowledged} messages acknowledged, {len(history)} stored")


async def post_until_gone(person: Person, number: int, end: Callable[[], None], enough: int) -> Witness:
    """Post with messages in flight until the server is gone; who has had enough acknowledgements calls ``end``."""
    sent = 0
    witness = Witness()
    with contextlib.suppress(Gone, ConnectionError, json.JSONDecodeError):  # a kill may cut a line
        while True:
            while sent < len(witness.acknowledged) + 32:
                person.send("gbroadcast", group="wob", msg=f"{person.name} {number} {sent}", id=f"{sent}")
                sent += 1
            witness.note(await person.receive())
            if len(witness.acknowledged) == enough:
                end()
    return witness
