"""Each foreign client behaves as its header says, in a pseudo-terminal, against a socket that the test plays."""

import json
import os
import socket
from collections.abc import Iterator

import pexpect
import pytest

from foreign import LIMIT, ROOT, Line, Message, peer

WELCOME: Message = {"action": "server-hello", "from": "alice", "msg": "Welcome, alice."}


class Stage:
    """A client in a terminal, and the end of its connection that the test plays."""

    def __init__(self, file: str) -> None:
        described = peer(file)
        described.skip_without_interpreter()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LIMIT)
        host, port = self._listener.getsockname()
        command, *arguments = described.argv(host=host, port=port, name="alice")
        self.terminal = pexpect.spawn(
            command,
            arguments,
            cwd=str(ROOT),
            encoding="utf-8",
            timeout=LIMIT,
            dimensions=(24, 200),
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.line: Line

    def accept(self) -> Message:
        """Take the client's connection and return its first message."""
        connection, _ = self._listener.accept()
        self.line = Line(connection)
        return self.line.hear()

    def types(self, command: str) -> Message:
        """Type a command and return the request that it makes."""
        self.terminal.sendline(command)
        return self.line.hear()

    def shows(self, text: str) -> None:
        """Wait until the screen shows this."""
        self.terminal.expect_exact(text)

    def exit_status(self) -> int | None:
        """Wait for the client to end; return its exit status, None after a signal."""
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        return self.terminal.exitstatus

    def close(self) -> None:
        """End the client and its connection."""
        self.terminal.close(force=True)
        self._listener.close()
        if hasattr(self, "line"):
            self.line.socket.close()


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    opened = Stage(request.param)
    yield opened
    opened.close()


def on_stage(file: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stage", [file], indirect=True)


def log_in(stage: Stage) -> None:
    """Answer the prompts of menu.py."""
    stage.shows("Nom : ")
    stage.terminal.sendline("alice")
    stage.shows("Mot de passe : ")
    stage.terminal.sendline("secret")
    assert stage.accept() == {"action": "client-hello", "from": "alice", "password": "secret"}
    stage.shows("> ")


@on_stage("menu.py")
def test_menu_asks_for_everything(stage: Stage) -> None:
    log_in(stage)
    stage.terminal.sendline("s")
    stage.shows("A qui ? ")
    stage.terminal.sendline("bob")
    stage.shows("Message ? ")
    assert stage.types("hi; you") == {"action": "client-send", "from": "alice", "to": "bob", "msg": "hi; you"}
    assert stage.types("ls") == {"action": "client-list-clients", "from": "alice"}
    stage.line.say({"action": "server-list-clients", "clients": ["alice", "bob"]})
    stage.shows("connectes : alice, bob")
    assert stage.types("q") == {"action": "client-quit", "from": "alice"}
    assert stage.exit_status() == 0


@on_stage("menu.py")
def test_menu_goes_blind_on_two_messages_in_one(stage: Stage) -> None:
    log_in(stage)
    stage.line.say(WELCOME, WELCOME)
    stage.shows("JSONDecodeError")
    assert stage.types("ls") == {"action": "client-list-clients", "from": "alice"}


@on_stage("argv_client.cjs")
def test_argv_client_sends_the_courses_requests_and_shows_colours(stage: Stage) -> None:
    assert stage.accept() == {"action": "client-hello", "from": "alice"}
    assert stage.types("cg;den;private") == {"action": "cgroupe", "sender": "alice", "group": "den", "private": True}
    kick = {"action": "kick", "sender": "alice", "group": "wob", "dest": "bob", "reason": "a;b"}
    assert stage.types("kick;wob;bob;a;b") == kick
    assert stage.types("groups;") == {"action": "groups", "name": "alice"}
    stage.line.say({"action": "server-gbroadcast", "sender": "bob", "group": "wob", "msg": "hello"})
    stage.shows("\x1b[32mbob@wob\x1b[0m: hello")
    stage.line.say({"action": "server-error", "code": "unknown-group", "msg": "There is no group x."})
    stage.shows("\x1b[31merror: There is no group x.\x1b[0m")


@on_stage("argv_client.cjs")
@pytest.mark.parametrize("killer", [[WELCOME, WELCOME], ["no JSON"]])
def test_argv_client_dies_of_what_is_not_one_message(stage: Stage, killer: list[Message | str]) -> None:
    stage.accept()
    stage.line.say(*killer)
    stage.shows("SyntaxError")
    assert stage.exit_status() == 1


@on_stage("raw.py")
def test_raw_prints_bytes_and_survives(stage: Stage) -> None:
    assert stage.accept() == {"action": "client-hello", "from": "alice"}
    stage.line.say('{"half":', "no JSON", "\n", WELCOME, WELCOME)
    stage.shows('{"half":no JSON')
    stage.shows(json.dumps(WELCOME) * 2)
    assert stage.types("bg;wob;a;b") == {"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "a;b"}
    assert stage.types("messages;wob") == {"action": "msgs", "sender": "alice", "group": "wob"}
    stage.line.socket.close()
    assert stage.exit_status() == 0


@on_stage("wrong_action.cjs")
def test_wrong_action_says_members_for_join_and_dies_on_groups(stage: Stage) -> None:
    assert stage.accept() == {"action": "client-hello", "from": "alice"}
    assert stage.types("j;wob") == {"action": "members", "sender": "alice", "group": "wob"}
    assert stage.types("leave;wob") == {"action": "leave", "sender": "alice", "group": "wob"}
    stage.line.say({"action": "server-send", "from": "bob", "to": "alice", "msg": "hi"}, end="\n")
    stage.shows("bob: hi")
    stage.terminal.sendline("groups;")
    stage.shows("TypeError")
    assert stage.line.hears_end()
    assert stage.exit_status() == 1
