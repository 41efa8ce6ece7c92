"""Each foreign server behaves as its header says, and what peers.toml says of the peers is well formed."""

import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import PEERS, ROOT, ForeignServer, Line, Message, Peer, clients, described, servers

Start = Callable[[str], ForeignServer]

LIST: Message = {"action": "client-list-clients", "from": "alice"}


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Start:
    def started(file: str) -> ForeignServer:
        server = ForeignServer(file, tmp_path)
        server.__enter__()
        request.addfinalizer(lambda: server.__exit__(None, None, None))
        return server

    return started


def hello(server: ForeignServer, name: str, key: str = "from", end: str = "") -> Line:
    """Say hello and hear the greeting."""
    line = server.connect()
    assert line.ask({"action": "client-hello", key: name}, end)["action"] == "server-hello"
    return line


def settle(other: Line, message: Message) -> None:
    """Wait until the server has read what was sent to it before, asking twice on another connection.

    A server that takes a chunk for a message must not find two in one. When the second answer comes, the round of its
    event loop that gave the first one is over, and everything that had arrived by then has been read.
    """
    for _ in range(2):
        other.ask(message)


def is_silent(server: ForeignServer, said: str) -> bool:
    """Tell whether the server reads all of this on a connection of its own, to the end, and writes nothing."""
    line = server.connect()
    line.say(said)
    line.socket.shutdown(socket.SHUT_WR)
    return line.hears_end()


# What is written down


def test_every_program_is_described_once() -> None:
    files = sorted(path.name for path in PEERS.iterdir() if path.suffix in {".py", ".cjs"})
    peers = servers() + clients()
    assert sorted(peer.file for peer in peers) == [file for file in files if not file.startswith("test_")]
    assert all(peer.file in peer.command for peer in peers)


@pytest.mark.parametrize("peer", servers() + clients(), ids=lambda peer: peer.file)
def test_a_header_of_three_to_six_lines_says_what_it_is(peer: Peer) -> None:
    lines = (PEERS / peer.file).read_text().splitlines()
    mark = "#" if peer.needs == "python" else "//"
    header = next(n for n, line in enumerate(lines) if not line.startswith(mark))
    assert 3 <= header <= 6


@pytest.mark.parametrize("server", servers(), ids=lambda peer: peer.file)
def test_the_facts_name_requirements_and_contradict_nothing(server: Peer) -> None:
    known = set(re.findall(r'<a id="[a-z0-9-]+"></a>\*\*([A-Z0-9-]+)\*\*', (ROOT / "PROTOCOL.md").read_text()))
    facts = [server.holds, server.nearly, server.breaks]
    assert set().union(*facts) <= known
    assert sum(map(len, facts)) == len(set().union(*facts)) >= 15
    assert server.passes is None or server.holds <= server.passes
    assert set(described()["form"]) <= known


# All twelve group commands


def test_all_commands_tells_changes_to_the_others_alone(start: Start) -> None:
    server = start("all_commands.cjs")
    alice, bob = hello(server, "alice"), hello(server, "bob")
    assert alice.hear() == {"from": "bob", "msg": "bob has joined the chat.", "action": "server-broadcast"}
    alice.say({"action": "cgroupe", "sender": "alice", "group": "wob"})
    assert bob.hear()["action"] == "server-broadcast"
    assert alice.ask(LIST) == {"action": "server-list-clients", "clients": ["alice", "bob"]}
    bob.say({"action": "gbroadcast", "sender": "bob", "group": "wob", "msg": "no member"})
    assert alice.hear() == {"from": "bob", "msg": "no member", "action": "server-gbroadcast"}
    assert bob.ask({"action": "states", "sender": "bob", "group": "wob"})["events"] == []


@pytest.mark.parametrize(
    "killer",
    [
        {"action": "invite", "sender": "alice", "group": "wob", "dest": "nobody"},
        "no JSON",
        '{"action":"client-list-clients"}{"action":"client-list-clients"}',
    ],
)
def test_all_commands_dies(start: Start, killer: Message | str) -> None:
    server = start("all_commands.cjs")
    alice, bob = hello(server, "alice"), hello(server, "bob")
    assert alice.hear()["action"] == "server-broadcast"
    alice.say({"action": "cgroupe", "sender": "alice", "group": "wob"})
    assert bob.hear()["action"] == "server-broadcast"
    alice.say(killer)
    assert alice.hears_end()
    status, errors = server.ended()
    assert status == 1
    assert "Error" in errors


# The base layer only


def test_base_only_knows_users_by_name(start: Start) -> None:
    server = start("base_only.cjs")
    stranger = hello(server, "carol")
    assert stranger.ask(LIST) == {"msg": [None], "action": "server-list-clients"}
    alice = hello(server, "alice", "name")
    assert alice.hear()["action"] == "server-broadcast-report"
    bob = server.connect()
    bob.say({"action": "client-hello", "name": "bob"})
    assert bob.read().count("}{") == 2, "greeting and reports come in one piece"
    assert alice.hear() == {"from": "bob", "msg": "bob is connected", "action": "client-hello-client"}
    alice.say({"action": "client-send", "from": "alice", "to": "bob", "msg": "hi"})
    assert bob.hear() == {"from": "alice", "msg": "hi", "action": "client-send"}
    alice.say({"action": "cgroupe", "sender": "alice", "group": "wob"})
    settle(bob, LIST)
    assert alice.ask(LIST)["msg"] == [None, "alice", "bob"], "neither an acknowledgement nor an answer about groups"


@pytest.mark.parametrize(
    "killer", ['{"action":"client-send","from":"alice","to":"nobody","msg":"hi"}', '{"a":1}{"a":2}']
)
def test_base_only_dies(start: Start, killer: str) -> None:
    server = start("base_only.cjs")
    alice = hello(server, "alice", "name")
    alice.say(killer)
    assert alice.hears_end()
    assert server.ended()[0] == 1


def test_envelope_wraps_everything(start: Start) -> None:
    server = start("envelope.cjs")
    alice, bob = server.connect(), server.connect()
    greeting = alice.ask({"messageFormat": {"action": "client-hello", "from": "alice"}, "type": "Client request"})
    assert greeting["messageFormat"]["action"] == "server-hello"
    assert set(greeting) == {"messageFormat", "comment", "type"}
    bob.ask({"messageFormat": {"action": "client-hello", "from": "bob"}})
    assert alice.hear() == {"notification": "bob is connected", "type": "Notification"}
    outcome = alice.ask({"messageFormat": {"action": "client-send", "from": "alice", "to": "nobody", "msg": "hi"}})
    assert outcome["messageFormat"]["action"] == "server-private"
    assert outcome["comment"] == "not sent because nobody is not connected"
    alice.say({"action": "client-list-clients", "from": "alice"})
    assert bob.hears_end()
    assert server.ended()[0] == 1


# Groups in other words


def test_sentences_puts_group_answers_in_words(start: Start) -> None:
    server = start("sentences.py")
    alice, bob = hello(server, "alice"), hello(server, "bob")
    assert alice.hear()["msg"] == "bob est connecte"
    made = alice.ask({"action": "cgroup", "sender": "alice", "group": "den", "typeg": "groupe privee"})
    assert made["action"] == "server-cgroup"
    refused = bob.ask({"action": "join", "sender": "bob", "group": "den"})
    assert refused == {"action": "server-jgroup", "msg": "Le groupe den est prive"}
    alice.say({"action": "invite", "sender": "alice", "group": "den", "dest": "bob"})
    assert bob.hear()["action"] == alice.hear()["action"] == "server-invite"
    joined = bob.ask({"action": "join", "sender": "bob", "group": "den"})
    assert joined == alice.hear() == {"action": "server-jgroup", "msg": "bob a rejoint le groupe den"}
    members = bob.ask({"action": "members", "sender": "bob", "group": "den"})
    assert members == {"action": "server-members", "msg": "Voici les membres de den : alice, bob"}
    assert bob.ask({**LIST, "from": "bob"})["list"] == ["alice", "bob"]


def test_sentences_loses_only_the_client_that_broke_it(start: Start) -> None:
    server = start("sentences.py")
    alice, bob = hello(server, "alice"), hello(server, "bob")
    assert alice.hear()["action"] == "server-broadcast"
    bob.say(LIST, LIST)
    assert bob.hears_end()
    assert alice.ask(LIST)["list"] == ["alice"]


def test_names_acknowledges_everything_in_its_own_words(start: Start) -> None:
    server = start("names.cjs")
    alice, bob = hello(server, "alice", "sender"), hello(server, "bob", "sender")
    assert alice.hear() == {"action": "server-connected", "sender": "bob"}
    group = {"sender": "alice", "group": "wob"}
    assert alice.ask({"action": "cgroupe", **group})["action"] == "server-cgroup"
    assert bob.ask({"action": "join", **group, "sender": "bob"}) == alice.hear()
    assert bob.ask({"action": "join", **group, "sender": "bob"})["action"] == "server-jgroup-already"
    assert alice.ask({"action": "gbroadcast", **group, "msg": "hi"})["action"] == "server-gbroadcast-ok"
    assert bob.hear()["msg"] == "hi"
    assert alice.ask({"action": "groups", "sender": "alice"})["groups"] == ["wob :public"]
    assert alice.ask({"action": "msgs", **group})["messages"] == [{"from": "alice", "content": "hi"}]
    assert alice.ask({"action": "join", "sender": "alice", "group": "no"})["action"] == "server-group-not-exist"


def test_names_is_silent_without_sender_and_for_what_it_cannot_parse(start: Start) -> None:
    server = start("names.cjs")
    alice = hello(server, "alice", "sender")
    assert is_silent(server, '{"action":"client-hello","from":"carol"}')
    assert is_silent(server, '{"action":"groups","name":"alice"}')
    assert is_silent(server, "no JSON")
    assert is_silent(server, '{"action":"groups","sender":"a"}{"action":"groups","sender":"a"}')
    assert alice.ask({"action": "client-list-clients", "sender": "alice"})["users"] == ["alice"]


def test_careful_reads_whatever_comes(start: Start) -> None:
    server = start("careful.cjs")
    alice = hello(server, "alice")
    alice.say(LIST, LIST, "\r\n\nno JSON\n", '{"action":\n"dance","from":"alice"}')
    assert [alice.hear()["action"] for _ in range(2)] == ["server-list-clients"] * 2
    assert alice.hear() == {"action": "server-error", "msg": "this is no JSON"}
    assert alice.hear() == {"action": "server-error", "request": "dance", "msg": "unknown action"}
    for byte in '{"action":"client-broadcast","from":"alice","msg":"é}{"}'.encode():
        alice.socket.sendall(bytes([byte]))
    assert alice.hear() == {"action": "server-broadcast", "from": "alice", "msg": "é}{"}


def test_careful_keeps_its_bans_over_a_restart(tmp_path: Path) -> None:
    with ForeignServer("careful.cjs", tmp_path) as server:
        alice, bob = hello(server, "alice"), hello(server, "bob")
        assert alice.hear()["action"] == "server-presence"
        alice.ask({"action": "cgroupe", "sender": "alice", "group": "wob"})
        invited = alice.ask({"action": "invite", "sender": "alice", "group": "wob", "dest": "bob"})
        assert invited == bob.hear() == {"action": "server-invite", "sender": "alice", "group": "wob", "dest": "bob"}
        assert bob.ask({"action": "members", "sender": "bob", "group": "wob"})["members"] == ["alice", "bob"]
        alice.ask({"action": "ban", "sender": "alice", "group": "wob", "dest": "bob", "reason": "spam"})
        assert bob.hear()["reason"] == "spam"
    with ForeignServer("careful.cjs", tmp_path) as server:
        bob = hello(server, "bob")
        refused = bob.ask({"action": "join", "sender": "bob", "group": "wob"})
        assert refused == {"action": "server-error", "request": "join", "msg": "you are banned from wob"}


# Something else first


_EXCHANGE = """
const crypto = require('crypto')
const [theirs, cipherText] = process.argv.slice(1)
const ecdh = crypto.createECDH('secp256k1')
ecdh.setPrivateKey('01'.repeat(32), 'hex')
if (cipherText) {
  const key = crypto.createHash('sha256').update(ecdh.computeSecret(theirs, 'hex')).digest()
  const bytes = Buffer.from(cipherText, 'hex')
  const decipher = crypto.createDecipheriv('aes-256-cbc', key, bytes.subarray(0, 16))
  console.log(decipher.update(bytes.subarray(16), undefined, 'utf8') + decipher.final('utf8'))
} else console.log(ecdh.getPublicKey('hex'))
"""


def exchange(*arguments: str) -> str:
    """Return our public key, or with the server's key and a cipher text the plain text."""
    ran = subprocess.run(["node", "-e", _EXCHANGE, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_handshake_is_silent_before_the_keys_and_encrypts_after(start: Start) -> None:
    server = start("handshake.cjs")
    early, alice = server.connect(), server.connect()
    assert early.hear()["action"] == "server-key"
    early.say({"action": "client-hello", "from": "early"})
    early.socket.shutdown(socket.SHUT_WR)
    assert early.hears_end()
    offered = alice.hear()
    assert alice.ask({"action": "client-key", "key": exchange()}) == {"action": "server-ready"}
    greeting = alice.ask({"action": "client-hello", "from": "alice"})
    assert exchange(offered["key"], greeting["msg"]) == "Hello alice"


def test_password_refuses_everything_without_one(start: Start) -> None:
    server = start("password.py")
    alice, thief = server.connect(), server.connect()
    assert alice.ask({"action": "client-hello", "from": "alice"})["code"] == "auth-failed"
    assert alice.ask(LIST)["code"] == "auth-failed"
    greeting = alice.ask({"action": "client-hello", "from": "alice", "password": "x", "id": 7})
    assert (greeting["action"], greeting["id"]) == ("server-hello", 7)
    wrong = thief.ask({"action": "client-hello", "from": "alice", "password": "y"})
    assert wrong["msg"] == "The password is wrong."
    alice.say(
        LIST, {"action": "cgroupe"}, "no JSON\n", {"action": "client-send", "from": "alice", "to": "alice", "msg": "hi"}
    )
    assert alice.hear()["clients"] == ["alice"]
    assert alice.hear()["code"] == "unknown-action"
    assert alice.hear()["code"] == "bad-json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", alice.hear()["ts"])


# Other ways of speaking


def test_slow_answers_one_after_the_other(start: Start) -> None:
    server = start("slow.cjs")
    alice = hello(server, "alice")
    alice.say(LIST, {"action": "dance"}, "\nno JSON\n", {"action": "client-quit", "from": "alice"})
    pieces = [alice.read() for _ in range(4)]
    assert [piece.count('"action"') for piece in pieces] == [1] * 4, "never two messages in one piece"
    assert "server-quit" in pieces[-1]
    assert alice.hears_end()


def test_echo_and_mute(start: Start) -> None:
    echo = start("echo.py").connect()
    assert echo.ask({"action": "client-hello", "from": "alice"}) == {"action": "client-hello", "from": "alice"}
    mute = start("mute.py").connect()
    mute.say({"action": "client-hello", "from": "alice"})
    mute.socket.shutdown(1)
    assert mute.hears_end(), "it has read everything, and closed without a byte"


def test_crasher_ends_at_the_third_message(start: Start) -> None:
    server = start("crasher.py")
    alice, bob = hello(server, "alice"), server.connect()
    assert alice.ask(LIST)["clients"] == ["alice"]
    bob.say(LIST)
    assert bob.hears_end()
    assert server.ended() == (3, "too many messages, I give up\n")


def test_chatter_talks_first(start: Start) -> None:
    alice = start("chatter.cjs").connect()
    assert alice.hear()["action"] == "server-welcome"
    with pytest.raises(ValueError, match="Dites bonjour"):
        alice.hear()


def test_chatter_then_works_as_others_do(start: Start) -> None:
    server = start("chatter.cjs")
    alice = server.connect()
    alice.say({"action": "client-hello", "from": "alice"})
    said = ""
    while "server-hello" not in said:
        said += alice.read()
    assert alice.ask(LIST) == {"action": "server-list-clients", "clients": ["alice"]}
    alice.say("no JSON")
    assert alice.read() == "*** je ne comprends pas ***\n"


def test_crlf_needs_a_line_feed_and_answers_over_lines(start: Start) -> None:
    server = start("crlf.py")
    alice, bob = server.connect(), hello(server, "bob", end="\n")
    alice.say({"action": "client-hello", "from": "alice"})
    for _ in range(2):
        assert bob.ask(LIST, "\n")["clients"] == ["bob"]
    alice.say("\n")
    assert alice.read() == '{\r\n  "action": "server-hello",\r\n  "from": "alice",\r\n  "msg": "Hello alice"\r\n}\r\n'
    made = alice.ask({"action": "cgroupe", "sender": "alice", "group": "wob", "private": True}, "\n")
    assert made["private"] is False
    assert alice.ask({"action": "ban", "sender": "alice", "group": "wob"}, "\n")["msg"] == "unknown action ban"


def test_codes_goes_on_telling_who_was_kicked(start: Start) -> None:
    server = start("codes.py")
    alice, bob = server.connect(), server.connect()
    assert alice.ask({"action": "client-hello", "from": "alice"}) == {
        "type": "hello",
        "code": 200,
        "message": "Hello alice",
    }
    bob.ask({"action": "client-hello", "from": "bob"})
    assert alice.hear() == {"event": "connected", "user": "bob"}
    group = {"group": "wob"}
    assert alice.ask({"action": "cgroupe", "sender": "alice", **group})["code"] == 201
    assert bob.ask({"action": "join", "sender": "bob", **group})["code"] == 200
    assert alice.hear()["event"] == "join"
    assert bob.ask({"action": "kick", "sender": "bob", "dest": "alice", "reason": "", **group})["code"] == 403
    assert alice.ask({"action": "kick", "sender": "alice", "dest": "bob", "reason": "", **group})["code"] == 200
    assert bob.hear()["event"] == "kick"
    assert alice.ask({"action": "gbroadcast", "sender": "alice", "msg": "still?", **group})["event"] == "gmessage"
    assert bob.hear()["msg"] == "still?"
    assert bob.ask({"action": "gbroadcast", "sender": "bob", "msg": "no", **group})["code"] == 403
