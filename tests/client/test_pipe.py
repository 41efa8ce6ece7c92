"""The client in a pipe: processes as users start them, against the reference server and against scripts."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from client.people import LIMIT, client, run
from client.scripted import Message, Peer, serving
from processes import ServerProcess
from tchat_client import pipe
from tchat_client.known import Known
from tchat_client.session import Session, Unanswered
from tchat_protocol.messages import is_valid

ENTER = " (j;wob enters a group and makes it the current one, b; writes to all, help; lists all)"
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


async def test_commands_are_carried_out_one_after_the_other(port: str) -> None:
    ended = await run("cg;wob\nbg;wob;hello\nmessages;wob\n", "--name", "alice", "--port", port)
    assert [TIME.sub("TIME", line) for line in ended.out] == [
        "Welcome, alice.",
        "alice created the public group wob",
        "[wob] alice: hello",
        "wob: 1 message",
        "  TIME  alice: hello",
        "alice has left the chat",
    ]
    assert (ended.status, ended.err) == (0, [])


async def test_refused_command_is_named_and_the_others_are_carried_out(port: str) -> None:
    ended = await run("cg;wob\nj;wob\nbg;wob;hello\nmessages;wob\n", "--name", "alice", "--port", port)
    assert "refused (already-member): alice is a member of wob already." in ended.out
    assert ended.out[-3:-1][0] == "wob: 1 message"
    assert (ended.status, ended.err) == (1, ["line 2: j;wob was refused: already-member"])


async def test_malformed_lines_are_named_and_not_sent(port: str) -> None:
    lines = b"bg;wob\nhello\n\ncg;" + b"x" * 33 + b"\nb;\xff\xfe\nb;caf\xc3\xa9\r\nmessages;wob;x\nb;last"
    ended = await run(lines, "--name", "alice", "--port", port)
    assert ended.out == ["Welcome, alice.", "alice to all: café", "alice to all: last", "alice has left the chat"]
    assert ended.status == 1
    assert ended.err == [
        "line 1: bg needs a group and a message: bg;wob;hello",
        f"line 2: no group is current, so nothing was sent; did you mean help;?{ENTER}",
        "line 4: group must have at most 32 characters, not 33",
        "line 5: this line is not UTF-8 text; nothing was sent",
        "line 7: limit must be a number of items, not 'x': messages;wob[;20[;42]]",
    ]


async def test_two_people_hear_each_other(port: str) -> None:
    async with client("--name", "bob", "--port", port) as bob, client("--name", "alice", "--port", port) as alice:
        await bob.until("Welcome, bob.")
        alice.type("cg;den;private", "invite;den;bob", "bg;den;are you there?")
        assert "alice invited bob to den" in await bob.until("alice invited bob to den")
        bob.type("j;den", "bg;den;yes; I am")
        assert await alice.until("[den] bob: yes; I am")
        alice.type("s;bob;\x1b[31mred", "kick;den;bob;enough", "members;den")
        heard = await bob.until("alice kicked bob from den: enough")
        assert r"alice to bob: \x1b[31mred" in heard
        assert "  alice  owner  online" in await alice.until("  alice  owner  online")
        assert (await alice.end(b"q;\n")).status == 0
        assert "alice is offline" in await bob.until("alice is offline")
        assert (await bob.end()).status == 0


async def test_leaving_ends_before_the_rest_of_the_input(port: str) -> None:
    async with client("--name", "alice", "--port", port) as alice:
        alice.type("q;", "b;too late")
        ended = await alice.ended()
    assert (ended.status, ended.out) == (0, ["Welcome, alice.", "alice has left the chat"])


async def test_json_prints_the_messages_as_they_came(port: str) -> None:
    ended = await run("b;é\nhelp;\nj;nowhere\n", "--name", "alice", "--port", port, "--json")
    messages = [json.loads(line) for line in ended.out]
    assert [message["action"] for message in messages] == [
        "server-hello",
        "server-broadcast",
        "server-error",
        "server-quit",
    ]
    assert all(is_valid("answers", message) for message in messages)
    assert messages[1]["msg"] == "é"
    assert ended.status == 1
    assert "bg;wob;hello" in "\n".join(ended.err)


async def test_json_reports_what_is_no_message_apart() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say({"action": "server-hello"}, b"Bonjour\n", {"action": "dance", "x": "\u202e"})
        await peer.heard()

    async with serving(script) as number:
        ended = await run("", "--name", "alice", "--port", str(number), "--json")
    assert ended.out == ['{"action": "server-hello"}', r'{"action": "dance", "x": "\u202e"}']
    assert [line for line in ended.err if "Bonjour" in line]


def test_commands_may_come_from_a_file(port: str, tmp_path: Path) -> None:
    file = tmp_path / "commands.txt"
    file.write_text("ls;")
    command = [sys.executable, "-m", "tchat_client", "--name", "alice", "--port", port]
    with file.open() as stdin:
        ended = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert ended.stdout.splitlines()[1] == "1 online: alice"


async def test_end_of_the_server_is_said_while_the_input_stays_open(server: ServerProcess, port: str) -> None:
    async with client("--name", "alice", "--port", port) as alice:
        await alice.until("Welcome, alice.")
        server.kill()
        ended = await alice.ended()
    assert (ended.status, ended.out) == (6, [])
    assert ended.err[0].startswith("The ")


async def test_command_under_way_when_the_server_goes_is_named() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say({"action": "server-hello", "msg": "hi"})
        assert (await peer.heard())["action"] == "join"

    async with serving(script) as number:
        ended = await run("j;wob\nls;\n", "--name", "alice", "--port", str(number))
    assert ended.status == 6
    assert ended.err == ["line 1: j;wob was not acknowledged", "The server has closed the connection."]


async def test_interrupt_leaves_properly() -> None:
    asked: list[Message] = []

    async def script(peer: Peer) -> None:
        asked.append(await peer.heard())
        await peer.say({"action": "server-hello", "msg": "hi"})
        asked.append(await peer.heard())
        await peer.say({"action": "server-quit"})

    async with serving(script) as number, client("--name", "alice", "--port", str(number)) as alice:
        await alice.until("hi")
        await alice.interrupt()
        assert (await alice.ended()).status == 130
    assert [message["action"] for message in asked] == ["client-hello", "client-quit"]


async def test_reader_that_goes_away_ends_the_client(port: str) -> None:
    async with client("--name", "alice", "--port", port) as alice:
        await alice.until("Welcome, alice.")
        alice.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]  # asyncio offers no other way
        alice.type(*["b;anybody?"] * 100)
        assert alice.process.stderr
        assert b"Traceback" not in await alice.process.stderr.read()
        assert await alice.process.wait() == 141


class Waiter:
    """In place of a session: answers each request a few turns of the event loop later, or not at all."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.known = Known("alice")

    def request(self, action: str, **fields: Any) -> Coroutine[Any, Any, Message]:
        self.log.append(f"{action} {fields}")
        return self._answer(action)

    async def _answer(self, action: str) -> Message:
        for _ in range(5):
            await asyncio.sleep(0)
        if action == "leave":
            raise Unanswered.within(action, 10)
        self.log.append(f"{action} answered")
        return {}


async def test_next_command_waits_for_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "commands.txt"
    file.write_text("j;a\nleave;a\nls;\n")
    waiter = Waiter()
    descriptor = os.open(file, os.O_RDONLY)
    try:
        session: Session = waiter  # type: ignore[assignment]
        assert await pipe.obey(session, descriptor) == 5
    finally:
        os.close(descriptor)
    assert waiter.log == [
        "join {'group': 'a'}",
        "join answered",
        "leave {'group': 'a'}",
        "client-list-clients {}",
        "client-list-clients answered",
    ]
    assert capsys.readouterr().err == "line 2: leave;a: leave got no answer within 10 s.\n"


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
async def test_any_locale_will_do(port: str, locale: str) -> None:
    ended = await run(
        "b;é乙\n", "--name", "alice", "--port", port, LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    )
    assert ended.status == 0
    assert ended.out[1] in ("alice to all: é乙", r"alice to all: \xe9\u4e59")


async def test_lost_connection_is_made_again_where_asked_for(tmp_path: Path) -> None:
    database = tmp_path / "tchat.sqlite"
    with ServerProcess(database) as first:
        alice_options = ["--name", "alice", "--port", str(first.port)]
        async with client(*alice_options, "--reconnect") as alice:
            alice.type("cg;wob", "bg;wob;before")
            await alice.until("[wob] alice: before")
            first.kill()
            alice.type("bg;wob;after", "q;")
            with ServerProcess(database, "--port", str(first.port)):
                ended = await alice.ended()
    assert ended.out == ["Welcome, alice.", "[wob] alice: after", "alice has left the chat"]
    assert "Trying again in" in ended.err[0]
    assert ended.err[-1] == "Connected again."
    assert ended.status == 0


async def test_who_does_not_find_back_gives_up_and_says_so(server: ServerProcess, port: str) -> None:
    async with client("--name", "alice", "--port", port, "--reconnect", "--give-up", "0.1") as alice:
        await alice.until("Welcome, alice.")
        server.kill()
        ended = await alice.ended()
    assert ended.status == 6
    assert ended.err[-1].endswith("No further attempt to connect is made.")


async def test_listening_goes_on_after_the_input(port: str) -> None:
    async with client("--name", "alice", "--port", port, "--listen") as alice:
        alice.type("cg;wob")
        alice.stdin.close()
        await alice.until("alice created the public group wob")
        assert (await run("b;hi\n", "--name", "bob", "--port", port)).status == 0
        assert "bob to all: hi" in await alice.until("bob is offline")
        alice.process.terminate()
        ended = await alice.ended()
    assert (ended.status, ended.out) == (143, ["alice has left the chat"])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_signals_end_it_properly(port: str, number: int, status: int) -> None:
    async with client("--name", "alice", "--port", port) as alice:
        await alice.until("Welcome, alice.")
        alice.process.send_signal(number)
        ended = await alice.ended()
    assert (ended.status, ended.out, ended.err) == (status, ["alice has left the chat"], [])


async def test_second_signal_does_not_wait_for_a_goodbye() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say({"action": "server-hello", "msg": "hi"})
        assert (await peer.heard())["action"] == "client-quit"
        asked.set()
        await peer.silence()

    asked = asyncio.Event()
    async with serving(script) as number, client("--name", "alice", "--port", str(number)) as alice:
        await alice.until("hi")
        await alice.interrupt()
        await asked.wait()
        await alice.interrupt()
        assert (await alice.ended()).status == 130


async def test_plain_text_goes_to_the_group_entered_last_and_to_no_other(port: str) -> None:
    lines = "cg;wob\nsalut ; ça va ?\nj;nowhere\nlost\nj;wob\nhere\ngo;\nnobody\nleave;wob\n"
    ended = await run(lines, "--name", "alice", "--port", port)
    assert [line for line in ended.out if line.startswith("[")] == ["[wob] alice: salut ; ça va ?", "[wob] alice: here"]
    assert ended.status == 1
    assert [line.split(":")[0] for line in ended.err] == ["line 3", "line 4", "line 5", "line 8"]
