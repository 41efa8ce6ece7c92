"""The client at a terminal, seen on its screen."""

import subprocess
import sys
import termios
from typing import Any

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from client.screen import LIMIT, Screen, terminal
from processes import ServerProcess
from tchat_client.completion import CommandCompleter
from tchat_client.known import Known

CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"


def somebody_says(port: str, commands: str) -> None:
    """Let bob come, say something and leave."""
    command = [sys.executable, "-m", "tchat_client", "--name", "bob", "--port", port]
    subprocess.run(command, input=commands, text=True, capture_output=True, timeout=LIMIT, check=True)


def reads_lines(screen: Screen) -> bool:
    """Tell whether the terminal echoes and hands over whole lines, as a shell expects it."""
    flags = termios.tcgetattr(screen.child.child_fd)[3]
    return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)


def welcome(screen: Screen) -> None:
    screen.until_last("Welcome, alice.", "alice>")


def test_arriving_messages_leave_the_line_being_typed_alone(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("b;half a sen")
        screen.until_last("alice> b;half a sen")
        column = screen.cursor
        somebody_says(port, "s;alice;first\x1b[2J\nb;second\n")
        heard = [r"bob to alice: first\x1b[2J", "bob to all: second", "bob is offline"]
        screen.until_last("Welcome, alice.", "bob is online", *heard, "alice> b;half a sen")
        assert screen.cursor == column
        screen.press("tence\r")
        screen.until_last("alice> b;half a sentence", "alice to all: half a sentence", "alice>")


def test_commands_and_names_are_completed(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("alice created the public group wob", "alice>")
        screen.press("mess\t")
        screen.until_last("alice> messages;")
        screen.press("w\t")
        screen.until_last("alice> messages;wob")
        screen.press("\r")
        screen.until_last("wob: 0 messages", "alice>")
        screen.press(UP + UP)
        screen.until_last("alice> cg;wob")


def test_bad_commands_are_explained_and_refusals_shown(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("bg;wob\r")
        screen.until_last("bg needs a group and a message: bg;wob;hello", "alice>")
        screen.press("j;" + "x" * 33 + "\r")
        screen.until_last("group must have at most 32 characters, not 33", "alice>")
        screen.press("j;wob\r")
        screen.until_last("refused (unknown-group): There is no group wob.", "alice>")
        screen.press("help;\r")
        screen.until(lambda lines: any(line.startswith("bg;wob;hello ") for line in lines))


def test_several_lines_pasted_at_once_are_all_sent(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("\x1b[200~b;one\nb;two\n\nb;three\x1b[201~\r")
        screen.until_last("alice to all: one", "alice to all: two", "alice to all: three", "alice>")


def test_what_was_typed_before_leaving_is_carried_out(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("\x1b[200~b;one\nb;two\nq;\nb;three\x1b[201~\r")
        assert screen.end() == 0
        assert screen.lines[-3:] == ["alice to all: one", "alice to all: two", "alice has left the chat"]


@pytest.mark.parametrize("keys", [CTRL_D, CTRL_C, "q;\r", "b;unfinished" + CTRL_C])
def test_leaving_says_goodbye(port: str, keys: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press(keys)
        assert screen.end() == 0
        assert screen.lines[-1] == "alice has left the chat"


def test_end_of_the_server_is_said_and_the_terminal_is_as_before(server: ServerProcess, port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("half a line")
        screen.until_last("alice> half a line")
        assert not reads_lines(screen), "the client reads key by key"
        server.process.terminate()
        assert screen.end() == 1
        assert screen.lines[-1] == "The server has closed the connection."
        assert reads_lines(screen)


def test_name_and_password_are_asked_for(port: str) -> None:
    with terminal("--port", port, "--password") as screen:
        screen.until_last("Your name:")
        screen.press("alice\r")
        screen.until_last("Password:")
        screen.press("correct horse\r")
        screen.until_last("alice>")
        assert "correct" not in "".join(screen.lines)
        screen.press(CTRL_D)
        assert screen.end() == 0
    with terminal("--port", port, "--name", "alice") as screen:
        screen.until(lambda lines: "The name alice is protected" in " ".join(lines))
        assert screen.end() == 1


def offered(text: str, *messages: dict[str, Any]) -> list[str]:
    known = Known("alice")
    for message in messages:
        known.learn(message)
    return [each.text for each in CommandCompleter(known).get_completions(Document(text), CompleteEvent())]


def test_what_is_offered_fits_its_place() -> None:
    groups: dict[str, Any] = {
        "action": "server-groups",
        "groups": [{"group": "wob", "private": False, "owner": "al", "members": 1}],
    }
    clients: dict[str, Any] = {"action": "server-list-clients", "clients": ["alice", "bob"]}
    strange: dict[str, Any] = {"action": "server-list-clients", "clients": ["no name"]}
    turned: dict[str, Any] = {"action": "server-list-clients", "clients": ["\u202ebob"]}
    assert offered("le") == ["leave;"]
    assert offered("members;", groups, clients) == ["wob"]
    assert offered("kick;wob;", groups, clients, strange, turned) == ["al", "alice", "bob"]
    assert offered("s;b", groups, clients) == ["bob"]
    assert offered("cg;wob;p") == ["private"]
    assert offered("bg;wob;w", groups) == offered("groups;", groups) == offered("nothing;", groups) == []
