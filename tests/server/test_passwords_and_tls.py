"""Protected names, and the same protocol inside TLS."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from server.people import Town, town
from tchat_server.cli import main
from tchat_server.service import Options
from tchat_server.tls import out_of_date, server_context

RIGHT, WRONG = "correct horse", "battery staple"


async def test_first_password_protects_the_name(square: Town) -> None:
    ann = await square.come("ann", pass_=RIGHT)
    await ann.ask("client-quit")
    stranger = await square.connect("ann")
    assert await stranger.refused("client-hello") == "auth-failed"
    assert await stranger.refused("client-hello", pass_=WRONG) == "auth-failed"
    assert await stranger.refused("client-list-clients") == "auth-failed"
    assert (await stranger.ask("client-hello", pass_=RIGHT))["action"] == "server-hello"
    assert (await stranger.ask("client-list-clients"))["clients"] == ["ann"]


async def test_who_came_without_password_can_set_one(square: Town) -> None:
    ann = await square.come("ann")
    assert (await ann.ask("client-hello", pass_=RIGHT))["action"] == "server-hello"
    assert await ann.refused("client-hello", pass_=WRONG) == "auth-failed"
    assert (await ann.ask("client-hello"))["action"] == "server-hello", "the connection has proved who it is"


async def test_requests_wait_behind_the_password_and_others_do_not(square: Town) -> None:
    bob = await square.come("bob")
    ann = await square.connect("ann")
    ann.send("client-hello", pass_=RIGHT, id=1)
    ann.send("client-list-clients", id=2)
    ann.write(b"rubbish\n")
    assert (await bob.ask("client-list-clients"))["clients"] == ["bob"], "while the password is hashed"
    assert [(await ann.receive())["action"] for _ in range(3)] == [
        "server-hello",
        "server-list-clients",
        "server-error",
    ]


async def test_of_two_who_want_a_name_at_once_one_gets_it(square: Town) -> None:
    first, second = await square.connect("ann"), await square.connect("ann")
    first.send("client-hello", pass_=RIGHT)
    second.send("client-hello", pass_=WRONG)
    answers = sorted([(await person.receive())["action"] for person in (first, second)])
    assert answers == ["server-error", "server-hello"]


async def test_peer_that_vanishes_while_its_password_is_checked_is_forgotten(square: Town) -> None:
    ann = await square.connect("ann")
    ann.send("client-hello", pass_=RIGHT)
    await ann.writer.drain()
    ann.reset()
    bob = await square.come("bob")
    clients = ["ann"]
    while "ann" in clients:
        clients = (await bob.ask("client-list-clients"))["clients"]


async def test_passwords_are_stored_as_argon2id_and_survive_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "t.sqlite"
    async with town(db) as square:
        await square.come("ann", pass_=RIGHT)
    stored = db.read_bytes()
    assert b"$argon2id$" in stored
    assert RIGHT.encode() not in stored
    async with town(db) as square:
        assert await (await square.connect("ann")).refused("client-hello") == "auth-failed"
        await square.come("ann", pass_=RIGHT)


async def test_a_hash_takes_the_memory_that_was_asked_for(tmp_path: Path) -> None:
    db = tmp_path / "t.sqlite"
    for name, memory in (("ann", Options().hash_memory), ("bob", 64)):
        async with town(db, hash_memory=memory) as square:
            await square.come(name, pass_=RIGHT)
    stored = db.read_bytes()
    assert b"$m=19456,t=2,p=1$" in stored
    assert b"$m=64,t=2,p=1$" in stored


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_the_protocol_is_the_same_inside_tls(
    tmp_path: Path, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with town(tmp_path / "t.sqlite", tls=server_tls, client_tls=client_tls) as square:
        ann, bob = await square.connect("ann"), await square.come("bob")
        assert (await ann.ask("client-hello"))["features"] == ["auth", "offline", "paging", "tls"]
        await ann.ask("client-send", to="bob", msg="hi")
        assert [message["action"] for message in await bob.news()] == ["server-presence", "server-send"]
        assert await ann.ask("client-quit") == {"action": "server-quit", "from": "ann"}
        assert await ann.rest() == []
        assert [message["action"] for message in await bob.news()] == ["server-presence"]
        bob.write(b'{"x":"' + b"x" * 70_000)
        assert [message["code"] for message in await bob.rest()] == ["too-large"]


async def test_plain_text_on_a_tls_port_harms_nobody(
    tmp_path: Path, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with town(tmp_path / "t.sqlite", tls=server_tls, client_tls=client_tls) as square:
        ann = await square.come("ann")
        square.tls = None
        plain = await square.connect("bob")
        plain.send("client-hello")
        await plain.reader.read()
        assert await ann.news() == []


async def test_who_never_finishes_the_handshake_takes_a_place_and_is_let_go_in_time(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """Silent peers count from the moment they are there: most find no place, and none keeps one."""
    async with town(tls=server_tls, client_tls=client_tls, max_per_address=5, identify_within=2) as square:
        ann, bob = await square.come_all("ann", "bob")
        square.tls = None
        silent = [await square.connect(f"u{number}") for number in range(100)]
        ends = [asyncio.create_task(person.reader.read()) for person in silent]
        for end in ends[4:]:
            assert await end == b"", "only as many may shake hands as may come from one address"
        posted = await ann.ask("client-broadcast", msg="still here")
        assert await bob.news() == [posted]
        assert not any(end.done() for end in ends[:4]), "these have their time"
        await asyncio.gather(*ends)
        square.tls = client_tls
        await square.come("cyd")


async def test_peers_that_shake_hands_at_the_end_hold_nothing_up(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    async with town(tls=server_tls, client_tls=client_tls, identify_within=60) as square:
        await square.come("ann")
        square.tls = None
        silent = await square.connect("silent")
        ended = asyncio.create_task(silent.reader.read())
    assert await asyncio.wait_for(ended, 10) == b""


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with certificates and keys, and what is none."""
    authority = trustme.CA()
    for name, end in [("good", None), ("old", datetime(2020, 1, 1, tzinfo=UTC))]:
        issued = authority.issue_cert("localhost", not_after=end)
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    key = load_pem_private_key((tmp_path / "good.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "locked.key").write_bytes(locked)
    (tmp_path / "damaged.pem").write_bytes((tmp_path / "good.pem").read_bytes()[:200])
    (tmp_path / "notes.txt").write_text("nothing")
    return tmp_path


@pytest.mark.parametrize(
    ("cert", "key", "sentence"),
    [
        ("notes.txt", None, "notes.txt: it holds no certificate in PEM form."),
        ("good.pem", None, "good.pem holds no private key in PEM form; --tls-key names the file that does."),
        ("good.pem", "notes.txt", "notes.txt holds no private key in PEM form; --tls-key names the file that does."),
        ("good.pem", "old.key", "old.key is that of another certificate."),
        ("good.pem", "locked.key", "locked.key is locked with a pass phrase, for which nobody can be asked."),
        ("damaged.pem", "good.key", "good.key is damaged."),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(
    cert: str, key: str | None, sentence: str, certificates: Path
) -> None:
    options = ["--tls-cert", str(certificates / cert), *(["--tls-key", str(certificates / key)] if key else [])]
    ended = CliRunner().invoke(main, ["--port", "0", "--db", ":memory:", *options])
    assert ended.exit_code == 1
    assert ended.stderr.startswith(f"Error: Cannot use the certificate {certificates / cert}: ")
    assert ended.stderr.endswith(f"{sentence}\n")


@pytest.mark.parametrize(("name", "fault"), [("good", None), ("old", "certificate has expired")])
def test_a_certificate_whose_time_is_over_is_noticed(name: str, fault: str | None, certificates: Path) -> None:
    cert, key = certificates / f"{name}.pem", certificates / f"{name}.key"
    assert out_of_date(server_context(cert, key), cert) == fault


async def test_who_tries_passwords_by_the_dozen_keeps_nobody_else_waiting(square: Town) -> None:
    for name in ("ann", "bob"):
        person = await square.come(name, pass_=RIGHT)
        await person.ask("client-quit")
    bob = await square.connect("bob")
    guessers = [await square.connect("ann") for _ in range(40)]
    guesses = [asyncio.create_task(guesser.ask("client-hello", pass_=WRONG)) for guesser in guessers]
    assert (await bob.ask("client-hello", pass_=RIGHT))["action"] == "server-hello"
    assert sum(guess.done() for guess in guesses) < 20
    assert {(await guess)["code"] for guess in guesses} == {"auth-failed"}


async def test_a_server_that_ends_checks_no_more_passwords(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with town(tmp_path / "t.sqlite") as square:
        crowd = [await square.connect(f"u{number}") for number in range(60)]
        for person in crowd:
            person.send("client-hello", pass_=RIGHT)
        await (await square.connect("ann")).ask("client-hello")
    greeted = [message for person in crowd for message in await person.rest()]
    assert len(greeted) < len(crowd)
    assert caplog.records == []
