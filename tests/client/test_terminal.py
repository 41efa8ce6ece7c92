"""The client at a terminal, seen on its screen."""

import asyncio
import json
import socket
import stat
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from client.screen import LIMIT, Screen, terminal
from client.scripted import Peer, serving
from client.wire import wire
from processes import ServerProcess

CTRL_C, CTRL_D, UP, ALT_A = "\x03", "\x04", "\x1b[A", "\x1ba"


def somebody_says(port: str, *commands: str, name: str = "bob") -> None:
    """Let bob come, say something and leave."""
    command = [sys.executable, "-m", "tchat_client", "--name", name, "--port", port]
    lines = "".join(f"{each}\n" for each in commands)
    subprocess.run(command, input=lines, text=True, capture_output=True, timeout=LIMIT, check=True)


def pasted(*lines: str) -> str:
    return "\x1b[200~" + "\n".join(lines) + "\x1b[201~"


def reads_lines(screen: Screen) -> bool:
    """Tell whether the terminal echoes and hands over whole lines, as a shell expects it."""
    flags = termios.tcgetattr(screen.child.child_fd)[3]
    return bool(flags & termios.ICANON) and bool(flags & termios.ECHO)


def welcome(screen: Screen) -> None:
    screen.until_last("Welcome, alice.", "alice>")


# -- the line being typed ---------------------------------------------------------------------------------------------


def test_arriving_messages_leave_the_line_being_typed_alone(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("b;half a sen")
        screen.until_last("alice> b;half a sen")
        column = screen.cursor
        somebody_says(port, "s;alice;first\x1b[2J", "b;second")
        heard = [r"bob to alice: first\x1b[2J", "bob to all: second", "bob is offline"]
        screen.until_last("Welcome, alice.", "bob is online", *heard, "alice> b;half a sen")
        assert screen.cursor == column
        screen.press("tence\r")
        screen.until_last("bob is offline", "alice to all: half a sentence", "alice>")


def test_what_is_being_typed_is_kept_in_a_narrow_terminal_that_is_made_wider(port: str) -> None:
    with terminal("--name", "alice", "--port", port, columns=40) as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("> cg;wob", "alice created the public group", "    wob", "[wob] alice>")
        screen.until_bar(" alice  connected  [wob]")
        screen.press("漢字 and é and 🙂 in a line that has two rows")
        screen.until_last("[wob] alice> 漢字 and é and 🙂 in a line", " that has two rows")
        somebody_says(port, "b;in between")
        screen.until_last("bob is offline", "[wob] alice> 漢字 and é and 🙂 in a line", " that has two rows")
        screen.resize(100)
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connected  [wob]")
        screen.until_last("[wob] alice> 漢字 and é and 🙂 in a line that has two rows")
        screen.press("\r")
        screen.until_last("[wob] alice: 漢字 and é and 🙂 in a line that has two rows", "[wob] alice>")


def test_what_was_typed_comes_back_after_a_restart_and_is_nobody_elses_business(port: str, tmp_path: Path) -> None:
    with terminal("--name", "alice", "--port", port, "--password", state=tmp_path) as screen:
        screen.until_last("Password:")
        screen.press("correct horse\r")
        welcome(screen)
        screen.press("b;été\r")
        screen.until_last("alice to all: été", "alice>")
        screen.press(pasted("ls;", "groups;") + "\r")
        screen.until_last("0 groups", "alice>")
        screen.press(CTRL_D)
        assert screen.end() == 0
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "correct" not in kept.read_text(encoding="utf-8")
    with terminal("--name", "carol", "--port", port, state=tmp_path) as screen:
        screen.until_last("carol>")
        screen.press(UP)
        screen.until_last("carol> ls;", "groups;")
        screen.press(UP + UP)
        screen.until_last("carol> b;été")


def test_nothing_is_kept_on_demand_or_where_it_cannot_be_and_then_it_is_said(port: str, tmp_path: Path) -> None:
    with terminal("--name", "alice", "--port", port, "--no-history", state=tmp_path) as screen:
        welcome(screen)
        screen.press("ls;\r")
        screen.until_last("1 online: alice", "alice>")
        screen.press(CTRL_D)
        assert screen.end() == 0
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with terminal("--name", "alice", "--port", port, state=tmp_path / "file") as screen:
        screen.until(
            lambda lines: any(each.startswith("* what you type is not kept for the next time: ") for each in lines)
        )


def test_no_key_is_lost_in_a_flood_of_messages(port: str) -> None:
    somebody_says(port, "cg;wob")
    text = "the line being typed survives every message that comes"
    with (
        terminal("--name", "alice", "--port", port) as screen,
        socket.create_connection(("127.0.0.1", int(port))) as bob,
    ):
        welcome(screen)
        screen.press("j;wob\r")
        screen.until_last("alice joined wob", "[wob] alice>")
        post = json.dumps({"action": "gbroadcast", "sender": "bob", "group": "wob", "msg": "and another one"}) + "\n"
        for place, letter in enumerate(text):
            bob.sendall(post.encode() * 20)
            screen.press(letter)
            while screen.lines[-1] != f"[wob] alice> {text[: place + 1]}".rstrip():
                assert not reads_lines(screen), "a key pressed now would appear anywhere"
                screen.look()
        bob.sendall(post.replace("and another one", "done").encode())
        screen.until_last("[wob] bob: done", f"[wob] alice> {text}")
        screen.press("\r")
        screen.until_last(f"[wob] alice: {text}", "[wob] alice>")


# -- completion -------------------------------------------------------------------------------------------------------


def test_commands_and_names_are_completed(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("alice created the public group wob", "[wob] alice>")
        screen.press("mess\t")
        screen.until_last("[wob] alice> messages;")
        screen.press("w\t")
        screen.until_last("[wob] alice> messages;wob")
        screen.press("\r")
        screen.until_last("> messages;wob", "wob: 0 messages", "[wob] alice>")
        screen.press(UP + UP)
        screen.until_last("[wob] alice> cg;wob")


def test_what_can_stand_there_is_shown_with_its_meaning(port: str) -> None:
    with terminal("--name", "alice", "--port", port, "--lang", "fr") as screen:
        welcome(screen)
        screen.press("le\t")
        screen.until_last("alice> leave;")
        screen.press("\x15me\t")
        screen.until(lambda lines: any("members;" in each and "qui est dans un groupe" in each for each in lines))
        screen.press("\t")
        screen.until(lambda lines: any(each.startswith("alice> members;") for each in lines))


def test_a_very_small_terminal_has_room_for_all_of_it(port: str) -> None:
    with terminal("--name", "alice", "--port", port, columns=25, rows=8) as screen:
        welcome(screen)
        screen.press("\t")
        screen.until(lambda lines: lines[2:4] == [" cg;        create a...", " j;         join a g..."])
        screen.press(CTRL_C)
        assert screen.end() == 0
    with terminal("--name", "alice", "--port", port, columns=25, rows=8) as screen:
        welcome(screen)
        screen.press(pasted(*(f"b;{number}" for number in range(30))))
        screen.until_bar(" 30 lines: Enter sends t…")
        screen.press("\r")
        screen.until_last("alice to all: 29", "alice>")


# -- the current group ------------------------------------------------------------------------------------------------


def test_plain_text_goes_to_the_current_group_and_nowhere_without_one(port: str) -> None:
    with terminal("--name", "alice", "--port", port, columns=160) as screen:
        welcome(screen)
        screen.press("good morning\r")
        screen.until_last(
            "> good morning", "* no group is current, so nothing was sent (j;wob enters a group and makes it "
            "the current one, b; writes to all, help; lists all)", "alice>",
        )  # fmt: skip
        somebody_says(port, "cg;wob")
        screen.press("j;wob\r")
        screen.until_last("> j;wob", "alice joined wob", "[wob] alice>")
        screen.press("good morning; all ;-)\r")
        screen.until_last("[wob] alice: good morning; all ;-)", "[wob] alice>")
        screen.press("go;\r")
        screen.until_last("> go;", "alice>")
        screen.press("j;wob\r")
        screen.until_last("> j;wob", "* you are a member already: what you type goes to wob", "[wob] alice>")
        screen.press("members;\r")
        screen.until_last(
            "> members;", "public group wob, 2 members", "  bob    owner  offline", "  alice         online",
            "[wob] alice>",
        )  # fmt: skip
        screen.press("leave;\r")
        screen.until_last("> leave;", "alice left wob", "alice>")


def test_who_comes_in_hears_what_was_said_last(port: str) -> None:
    somebody_says(port, "cg;wob", *(f"bg;wob;word {number}" for number in range(12)))
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("j;wob\r")
        screen.until(lambda lines: lines[-1] == "[wob] alice>" and lines[-2].endswith("bob: word 11"))
        heading = screen.lines.index("wob: 10 messages, older ones remain (messages;wob;;4)")
        assert screen.lines[heading - 2 : heading] == ["> j;wob", "alice joined wob"]
        assert screen.lines[heading + 1].endswith("bob: word 2")
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("j;wob\r")
        screen.until(lambda lines: lines[-1] == "[wob] alice>" and lines[-2].endswith("bob: word 11"))
        assert "* you are a member already: what you type goes to wob" in screen.lines


def test_a_group_nobody_spoke_of_is_gone_to_with_a_word(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connected  help; lists all commands")
        screen.press("go;wbo\r")
        screen.until_last("* nobody has spoken of wbo yet; j;wbo asks the server for it", "[wbo] alice>")
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connected  [wbo]")


def test_who_may_not_come_in_stays_where_he_was(port: str) -> None:
    somebody_says(port, "cg;den;private")
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("alice created the public group wob", "[wob] alice>")
        screen.press("j;den\r")
        screen.until_last(
            "> j;den", "refused (not-invited): alice has no invitation to den.",
            "  → the group is private; ask one of its members to invite you", "[wob] alice>",
        )  # fmt: skip


def test_a_mistyped_command_is_told_to_nobody(port: str) -> None:
    with terminal("--name", "alice", "--port", port, columns=120) as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("alice created the public group wob", "[wob] alice>")
        screen.press("S;bob;secret\r")
        screen.until_last(
            "> S;bob;secret", "* there is no command 'S'; did you mean s;bob;hello? (help; lists all); "
            "to say it in wob: bg;;S;bob;secret", "[wob] alice>",
        )  # fmt: skip
        screen.press("members\r")
        screen.until_last("* members is a command: members;wob; to say it in wob: bg;;members", "[wob] alice>")
        screen.press("bg;;members\r")
        screen.until_last("[wob] alice: members", "[wob] alice>")


def test_bad_commands_are_explained_and_refusals_shown(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press("bg;wob\r")
        screen.until_last("> bg;wob", "* bg needs a group and a message: bg;wob;hello", "alice>")
        screen.press("j;" + "x" * 33 + "\r")
        screen.until_last("* group must have at most 32 characters, not 33", "alice>")
        screen.press("bg;wob;a long thought\r")
        screen.until_last(
            "refused (unknown-group): There is no group wob.",
            "  → there is no such group; groups; shows those there are, and cg; makes one",
            "* not delivered: bg;wob;a long thought", "alice>",
        )  # fmt: skip
        screen.press("help;\r")
        screen.until(lambda lines: any(line.startswith("  bg;wob;hello ") for line in lines))
        screen.press("help;kik\r")
        screen.until_last("> help;kik", "  kick;wob;bob[;reason]  put somebody out of your group", "alice>")


async def test_a_server_that_leaves_a_join_unanswered_may_have_done_it() -> None:
    async def script(peer: Peer) -> None:
        hello = await peer.heard()
        await peer.say({"action": "server-hello", "from": "alice", "msg": "Hello.", "id": hello["id"]})
        assert (await peer.heard())["action"] == "join"
        post = await peer.heard()
        assert (post["action"], post["group"], post["msg"]) == ("gbroadcast", "wob", "hello")
        await peer.silence()

    def person() -> None:
        screen.until(lambda lines: lines[-1:] == ["alice>"])
        screen.press("j;wob\r")
        screen.until_last("> j;wob", "* join got no answer within 1 s.", "[wob] alice>")
        screen.press("hello\r")
        screen.until_last("* gbroadcast got no answer within 1 s.", "* not acknowledged: bg;wob;hello", "[wob] alice>")
        screen.press(CTRL_D)
        screen.end()

    async with serving(script) as number:
        with terminal("--name", "alice", "--port", str(number), "--timeout", "1") as screen:
            await asyncio.to_thread(person)


# -- what is unread, and what is meant for oneself --------------------------------------------------------------------


def test_the_bottom_line_counts_what_was_said_elsewhere(port: str) -> None:
    somebody_says(port, "cg;den", "cg;lab", "cg;wob")
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        for group in ("den", "lab", "wob"):
            screen.press(f"j;{group}\r")
            screen.until_last(f"alice joined {group}", f"[{group}] alice>")
        somebody_says(port, "bg;den;one", "bg;den;two", "bg;lab;where is Alice?", "bg;wob;three")
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connected  [wob]  lab:1!  den:2")
        screen.press(ALT_A)
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connected  [lab]  den:2")
        screen.press(ALT_A)
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connected  [den]")
        screen.press(ALT_A)
        screen.until_last("[lab] alice>")
        screen.press("go;wob\r")
        screen.until_last("> go;wob", "[wob] alice>")


@pytest.mark.parametrize(("options", "bells"), [((), 3), (("--no-bell",), 0)])
def test_what_is_meant_for_oneself_is_marked_and_rings(port: str, options: tuple[str, ...], bells: int) -> None:
    with terminal("--name", "alice", "--port", port, *options) as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("alice created the public group wob", "[wob] alice>")
        somebody_says(port, "j;wob", "bg;wob;malice and alices", "bg;wob;ask ALICE, she knows", "s;alice;psst",
                      "b;hello alice")  # fmt: skip
        screen.press("b;alice is me\r")
        screen.until_last("bob is offline", "alice to all: alice is me", "[wob] alice>")
        assert screen.bells == bells
        assert screen.style("ALICE").reverse
        assert screen.style("psst").bold
        assert not screen.style("malice").reverse
        assert not screen.style("alice is me").reverse


def test_names_have_their_colour_and_no_color_has_none(port: str) -> None:
    somebody_says(port, "cg;wob", "bg;wob;hello")
    colours = []
    for variable, value in (("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        with terminal("--name", "alice", "--port", port, **{variable: value}) as screen:  # type: ignore[arg-type]
            welcome(screen)
            screen.press("messages;wob\r")
            screen.until(lambda lines: lines[-1:] == ["alice>"] and lines[-2].endswith("bob: hello"))
            colours.append(screen.style("bob: hello").fg)
            screen.press(CTRL_D)
            assert screen.end() == 0
    assert colours[0] not in ("default", "black", "white")
    assert colours[1:] == ["default", "default"]


# -- several lines ----------------------------------------------------------------------------------------------------


def test_several_lines_pasted_at_once_are_all_sent_when_that_is_confirmed(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press(pasted("b;one", "b;two", "", "b;three"))
        screen.until_bar(" 3 lines: Enter sends them in order, Ctrl-C drops them")
        screen.press("\r")
        screen.until_last("alice to all: one", "alice to all: two", "alice to all: three", "alice>")
        screen.press(pasted("b;four", "b;five"))
        screen.until_bar(" 2 lines: Enter sends them in order, Ctrl-C drops them")
        screen.press(CTRL_C)
        screen.until_last("alice to all: three", "alice>")


def test_a_long_paste_becomes_messages_of_the_group_in_order_though_the_server_takes_them_slowly() -> None:
    with ServerProcess(":memory:", "--max-rate", "3") as server:
        with terminal("--name", "alice", "--port", str(server.port)) as screen:
            welcome(screen)
            screen.press("cg;wob\r")
            screen.until_last("alice created the public group wob", "[wob] alice>")
            screen.press(pasted(*(f"line {number}" for number in range(15))) + "\r")
            screen.until_last("[wob] alice: line 14", "[wob] alice>")
        somebody = subprocess.run(
            [sys.executable, "-m", "tchat_client", "--name", "bob", "--port", str(server.port)],
            input="messages;wob\n", text=True, capture_output=True, timeout=LIMIT, check=True,
        )  # fmt: skip
    said = [line.rpartition(": ")[2] for line in somebody.stdout.splitlines() if "alice: line" in line]
    assert said == [f"line {number}" for number in range(15)]


def test_what_was_typed_before_leaving_is_carried_out(port: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press(pasted("b;one", "b;two", "q;", "b;three") + "\r")
        assert screen.end() == 0
        assert screen.lines[-3:] == ["alice to all: one", "alice to all: two", "alice has left the chat"]


# -- coming and going -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [CTRL_D, CTRL_C, "q;\r", "b;unfinished" + CTRL_C])
def test_leaving_says_goodbye(port: str, keys: str) -> None:
    with terminal("--name", "alice", "--port", port) as screen:
        welcome(screen)
        screen.press(keys)
        assert screen.end() == 0
        assert screen.lines[-1] == "alice has left the chat"


def test_end_of_the_server_is_said_and_the_terminal_is_as_before(server: ServerProcess, port: str) -> None:
    with terminal("--name", "alice", "--port", port, "--no-reconnect") as screen:
        welcome(screen)
        screen.press("half a line")
        screen.until_last("alice> half a line")
        assert not reads_lines(screen), "the client reads key by key"
        server.process.terminate()
        assert screen.end() == 6
        assert screen.lines[-1] == "The server has closed the connection."
        assert reads_lines(screen)


async def test_a_lost_connection_is_said_and_what_was_typed_meanwhile_is_sent_afterwards(port: str) -> None:
    def before() -> None:
        screen.until_last("Welcome, alice.", "alice>")
        screen.press("cg;wob\r")
        screen.until_last("alice created the public group wob", "[wob] alice>")

    def while_away() -> None:
        screen.until_bar(f" alice @ 127.0.0.1:{laid.port}  connecting again  [wob]")
        screen.press("typed while away\rhalf a sen")
        screen.until_bar(f" alice @ 127.0.0.1:{laid.port}  connecting again (1)  [wob]")

    def afterwards() -> None:
        screen.until_last(
            "* Connected again.", "Welcome, alice.", "[wob] alice: typed while away", "[wob] alice> half a sen"
        )
        screen.until_bar(f" alice @ 127.0.0.1:{laid.port}  connected  [wob]")

    async with wire(int(port)) as laid:
        with terminal("--name", "alice", "--port", str(laid.port)) as screen:
            await asyncio.to_thread(before)
            laid.cut()
            await asyncio.to_thread(while_away)
            laid.mend()
            await asyncio.to_thread(afterwards)


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
        assert screen.end() == 4


# -- languages and forms ----------------------------------------------------------------------------------------------


def test_a_session_in_french(port: str) -> None:
    somebody_says(port, "cg;antre;private")
    with terminal("--name", "alice", "--port", port, columns=160, LC_ALL="", LC_MESSAGES="fr_FR.UTF-8") as screen:
        welcome(screen)
        screen.press("cg;wob\r")
        screen.until_last("> cg;wob", "alice a créé le groupe public wob", "[wob] alice>")
        screen.until_bar(f" alice @ 127.0.0.1:{port}  connecté  [wob]")
        screen.press("j;antre\r")
        screen.until_last(
            "refusé (not-invited) : alice has no invitation to antre.",
            "  → le groupe est privé ; demandez à l'un de ses membres de vous inviter", "[wob] alice>",
        )  # fmt: skip
        screen.press("mesages;\r")
        screen.until_last(
            "* il n'y a pas de commande 'mesages' ; vouliez-vous dire messages;wob ? (help; les montre toutes) ; "
            "pour le dire dans wob : bg;;mesages;", "[wob] alice>",
        )  # fmt: skip
        screen.press("groups;\r")
        screen.until_last("1 groupe", "  wob  public  propriétaire alice  1 membre", "[wob] alice>")
        screen.press("bg;wob\r")
        screen.until_last("* bg demande un groupe et un message : bg;wob;hello", "[wob] alice>")


def test_json_at_a_terminal_shows_messages_as_they_came(port: str) -> None:
    with terminal("--name", "alice", "--port", port, "--json", columns=200) as screen:
        screen.until(lambda lines: lines[-1:] == ["alice>"] and '"msg": "Welcome, alice."' in lines[0])
        screen.press("cg;wob\r")
        screen.until(lambda lines: lines[-1] == "[wob] alice>" and "server-cgroupe" in lines[-2])
        assert screen.lines[-2].startswith('{"action": "server-cgroupe", "sender": "alice", "group": "wob"')
