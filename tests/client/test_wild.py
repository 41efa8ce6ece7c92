"""The client with servers as students write them: it hides nothing, waits not too long, and says what is wrong."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from client.people import Outcome, client
from client.scripted import Message, Peer, serving, session_with
from foreign import ForeignServer, servers
from tchat_client.dialect import MEANINGS, STANDARD, Dialect, dialect_of, unwrapped
from tchat_client.session import Session, Unanswered
from tchat_protocol.messages import is_valid

COMMANDS = ["ls;", "cg;wob", "bg;wob;salut", "members;wob", "messages;wob", "s;bob;psst", "b;à tous"]


@dataclass(frozen=True)
class Expected:
    """What alice and bob see on a foreign server, in a dialect: lines, and parts of what is noted on stderr."""

    dialect: str = ""
    options: Sequence[str] = ()
    status: int = 0
    alice: Sequence[str] = ()
    bob: Sequence[str] = ()
    noted: Sequence[str] = ()
    here: str = "1 online: "
    """What bob sees when he has come in."""


UNHEARD = 5
NOT_IN = "did not answer the hello"

EXPECTED: dict[str, Expected] = {
    "all_commands.cjs": Expected(
        status=UNHEARD,
        alice=["2 online: bob, alice", "[some group] alice: salut", "group wob, 1 member", "  alice: salut"],
        bob=["alice to all: alice created the group wob", "alice to bob: psst", "alice to all: à tous"],
        noted=["line 2: cg;wob: cgroupe got no answer within"],
    ),
    "base_only.cjs": Expected(
        dialect="names",
        status=UNHEARD,
        alice=['server-broadcast-report: bob knows that you are here {"to": "bob"}', "2 online: bob, alice"],
        bob=["client-hello-client: alice: alice is connected", "alice to you: psst"],
    ),
    "envelope.cjs": Expected(
        dialect="envelope",
        status=UNHEARD,
        alice=['2 online: bob, alice {"comment": "the connected clients", "type": "Serveur response"}'],
        bob=['{"notification": "alice is connected", "type": "Notification"}'],
    ),
    "sentences.py": Expected(
        dialect="cgroup",
        status=UNHEARD,
        alice=["2 online: bob, alice"],
        bob=["alice to you: psst", "alice to all: à tous"],
    ),
    "names.cjs": Expected(
        alice=["2 online: bob, alice", '{"action": "server-gbroadcast-ok", "group": "wob"}', "  alice: salut"],
        bob=["alice to bob: psst", "alice to all: à tous"],
        noted=["No answer to the hello yet; once more, with every name"],
    ),
    "careful.cjs": Expected(
        alice=["[wob] alice: salut", "public group wob, 1 member", "  alice: salut"],
        bob=["alice is online", "alice to bob: psst", "alice to all: à tous"],
    ),
    "handshake.cjs": Expected(status=4, noted=[NOT_IN]),
    "password.py": Expected(
        dialect="password",
        options=["--password", "secret"],
        status=1,
        alice=["2 online: bob, alice", "alice to bob: psst"],
        bob=["alice to bob: psst", "alice to all: à tous"],
        noted=["line 2: cg;wob was refused: unknown-action"],
    ),
    "slow.cjs": Expected(
        status=1,
        alice=["2 online: bob, alice", "alice to bob: psst"],
        bob=["alice to bob: psst", "alice to all: à tous"],
    ),
    "echo.py": Expected(status=4, noted=[NOT_IN]),
    "mute.py": Expected(status=4, noted=[NOT_IN]),
    "crasher.py": Expected(status=4, noted=["The server has closed the connection. It " + NOT_IN]),
    "chatter.cjs": Expected(
        status=UNHEARD,
        alice=["server-welcome: Bienvenue sur le chat de la classe !", "2 online: bob, alice"],
        bob=["server to all: alice est arrive", "alice to you: psst"],
    ),
    "crlf.py": Expected(
        alice=["[wob] alice: salut", "public group wob, 1 member", "  alice: salut"],
        bob=["alice is online", "alice to bob: psst"],
    ),
    "relay.py": Expected(status=4, noted=[NOT_IN]),
    "single.py": Expected(status=4, noted=[NOT_IN]),
    "web.py": Expected(status=4, noted=[NOT_IN]),
    "statuses.cjs": Expected(
        alice=['{"type": "response", "status": 200, "data": {"welcome": "alice"}}'],
        bob=['{"type": "event", "event": "connected", "user": "alice"}'],
        here='"data": ["bob"]',
    ),
    "exact.py": Expected(
        status=1,
        alice=["refused: unknown field id", "hi alice", "[wob] alice: salut", "group wob, 1 member"],
        bob=["alice to you: psst", "alice to all: à tous"],
        noted=["line 5: messages;wob was refused: not implemented"],
    ),
    "acks.py": Expected(
        dialect="names",
        status=UNHEARD,
        alice=[
            '{"action": "ack", "request": "gbroadcast"}',
            '{"action": "members", "group": "wob", "users": ["alice"]}',
        ],
        bob=['{"action": "message", "from": "alice", "text": "psst"}'],
        noted=["line 1: ls;: client-list-clients got no answer"],
        here='"users": ["bob"]',
    ),
    "once.py": Expected(status=6, alice=["hi"], bob=["hi"], noted=["The server has closed the connection."], here="hi"),
    "capitals.py": Expected(
        status=4,
        alice=['{"Action": "server-hello", "Msg": "Hello alice"}'],
        noted=[NOT_IN],
        here='{"Action": "server-hello", "Msg": "Hello bob"}',
    ),
    "codes.py": Expected(
        status=4,
        alice=['without action: Hello alice {"type": "hello", "code": 200}'],
        noted=[NOT_IN],
        here='without action: Hello bob {"type": "hello", "code": 200}',
    ),
}


def test_every_foreign_server_is_tried() -> None:
    assert list(EXPECTED) == [each.file for each in servers()]


async def conversation(port: int, expected: Expected) -> tuple[Outcome, Outcome]:
    options = ["--port", str(port), "--timeout", "1", *expected.options]
    options += ["--dialect", expected.dialect] if expected.dialect else []
    async with client("--name", "bob", *options) as bob:
        bob.type("ls;")
        before = await bob.until_part(expected.here)
        async with client("--name", "alice", *options) as alice:
            first = await alice.end("\n".join(COMMANDS).encode())
        second = await bob.end()
    return first, replace(second, out=[*before, *second.out])


@pytest.mark.parametrize("file", EXPECTED)
async def test_foreign_server_is_understood_as_far_as_it_goes(file: str, tmp_path: Path) -> None:
    expected = EXPECTED[file]
    with ForeignServer(file, tmp_path) as server:
        alice, bob = await conversation(server.port, expected)
    assert not [line for line in (*alice.err, *bob.err) if "Traceback" in line]
    assert alice.status == expected.status, alice
    assert set(expected.alice) <= set(alice.out)
    assert set(expected.bob) <= set(bob.out)
    for note in expected.noted:
        assert any(note in line for line in alice.err), alice.err


@pytest.mark.parametrize("piece", [b'{"action":"server-join","sender":"alice",{}}\n', b'{"action":"server-join"'])
async def test_answer_that_cannot_be_read_is_not_waited_for_long(piece: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say(piece)
        await peer.silence()

    async with session_with(script, 60) as session:
        with pytest.raises(Unanswered, match=r"join got no answer that could be read\."):
            await session.request("join", group="wob")


async def test_what_is_no_json_does_not_hurry_an_answer() -> None:
    async def script(peer: Peer) -> None:
        request = await peer.heard()
        await peer.say(b"*** Bonjour ***\n")
        await asyncio.sleep(1.2)
        await peer.say({"action": "server-join", "sender": "alice", "group": "wob", "id": request["id"]})

    async with session_with(script) as session:
        assert (await session.request("join", group="wob"))["group"] == "wob"


async def test_action_once_left_unanswered_is_waited_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tchat_client.connection.MUTE_SECONDS", 0.01)

    async def script(peer: Peer) -> None:
        await peer.silence()

    async with session_with(script, 0.1) as session:
        for limit in ("0.1", "0.01"):
            with pytest.raises(Unanswered, match=f"within {limit} s"):
                await session.request("client-broadcast", msg="hi")


async def test_echo_answers_nothing() -> None:
    async def script(peer: Peer) -> None:
        request = await peer.heard()
        await peer.say(request, {"action": "server-join", "sender": "alice", "group": "wob", "id": request["id"]})

    async with session_with(script) as session:
        assert (await session.request("join", group="wob"))["action"] == "server-join"


@pytest.mark.parametrize("suffix", ["ok", "ack", "done"])
async def test_acknowledgement_in_other_words_is_the_answer(suffix: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say({"action": f"server-gbroadcast-{suffix}", "group": "wob"})

    async with session_with(script) as session:
        await session.post("wob", "hi")


async def test_slow_server_is_spoken_to_in_the_standard_form_after_all() -> None:
    asked: list[Message] = []

    async def script(peer: Peer) -> None:
        asked.extend([await peer.heard(), await peer.heard()])
        await peer.say({"action": "server-hello", "msg": "hi", "id": asked[0]["id"]})
        asked.append(await peer.heard())
        await peer.say({"action": "server-hello", "msg": "hi", "id": asked[1]["id"]})
        await peer.say({"action": "server-list-clients", "clients": []})

    async with serving(script) as port, asyncio.timeout(20):
        session = await Session.connect("127.0.0.1", port, "alice", patience=2, delays=None)
        await session.hello()
        await session.clients()
        await session.close()
    assert [len({"from", "sender", "name"} & each.keys()) for each in asked] == [1, 3, 1]
    assert all(is_valid("requests", each) for each in asked)


def sent(words: str, message: Message) -> bytes:
    return dialect_of(words).encoded(message)


CREATE: Message = {"action": "cgroupe", "sender": "alice", "group": "wob", "private": True, "id": "1"}


@pytest.mark.parametrize(
    ("words", "message", "data"),
    [
        ("noline,noid", {"action": "groups", "name": "al", "id": "1"}, b'{"action":"groups","name":"al"}'),
        (
            "names,crlf",
            {"action": "groups", "name": "al"},
            b'{"action":"groups","name":"al","from":"al","sender":"al"}\r\n',
        ),
        (
            "cgroup,private",
            CREATE,
            (
                b'{"action":"cgroup","sender":"alice","group":"wob","private":true,'
                b'"id":"1","public":false,"type":"private","typeg":"groupe privee"}\n'
            ),
        ),
        (
            "envelope",
            {"action": "groups", "name": "al"},
            b'{"messageFormat":{"action":"groups","name":"al"},"comment":"a message","type":"Client request"}\n',
        ),
        (
            "password",
            {"action": "client-hello", "from": "al", "pass": "x"},
            b'{"action":"client-hello","from":"al","pass":"x","password":"x","pwd":"x","mdp":"x"}\n',
        ),
    ],
)
def test_each_word_changes_what_is_sent(words: str, message: Message, data: bytes) -> None:
    assert sent(words, message) == data


def test_words_are_the_fields_of_a_dialect() -> None:
    assert list(MEANINGS) == [each.name for each in fields(Dialect)]
    assert dialect_of("") == STANDARD
    with pytest.raises(KeyError):
        dialect_of("names,klingon")


def test_only_one_message_is_taken_out_of_an_envelope() -> None:
    two = {"a": {"action": "x"}, "b": {"action": "y"}}
    assert unwrapped(two) == two
    assert unwrapped({"a": {"action": 5}}) == {"a": {"action": 5}}
