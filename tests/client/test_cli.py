"""What ``tchat`` says when it cannot begin, and how it gets its options."""

import asyncio
from pathlib import Path

import pytest
import trustme

from client.people import client, run
from client.scripted import Peer, serving
from processes import ServerProcess
from tchat_client.commands import help_lines


def squeezed(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


async def test_help_holds_the_table_of_commands() -> None:
    ended = await run("", "--help")
    assert ended.status == 0
    assert set(ended.out) >= {f"  {line}" for line in help_lines()}


async def test_version_is_said() -> None:
    ended = await run("", "--version")
    assert (ended.status, ended.out[0].split(",")[0]) == (0, "tchat")


async def test_no_server_is_said_with_what_to_do(unused_tcp_port: int) -> None:
    ended = await run("ls;", "--name", "alice", "--port", str(unused_tcp_port))
    assert (ended.status, ended.out) == (3, [])
    reason, advice = ended.err[0].split(" Start ")
    assert reason == f"Error: No server answers at 127.0.0.1:{unused_tcp_port} (connection refused)."
    assert advice == "one with tchat-server, or give its address with --host and --port."


async def test_host_and_port_come_from_the_environment_and_options_win(port: str, unused_tcp_port: int) -> None:
    unused = str(unused_tcp_port)
    assert (await run("", "--name", "alice", HOST="127.0.0.1", PORT=port)).status == 0
    assert (await run("", "--name", "alice", "--port", port, PORT=unused)).status == 0
    assert f"127.0.0.1:{unused} " in (await run("", "--name", "alice", PORT=unused)).err[0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "In a pipe --name is needed, as in: tchat --name alice"),
        (["--name", "a b"], "--name must not contain white space, control characters or ';'."),
        (["--name", ""], "--name must not be empty."),
        (["--name", "x" * 33], "--name must have at most 32 characters, not 33."),
        (["--name", "\udcff"], "--name is not UTF-8 text."),
        (["--name", "alice", "--password"], "In a pipe --password needs a value"),
        (["--name", "alice", "--password", "x" * 1025], "--password must have at most 1024 characters, not 1025."),
        (["--name", "alice", "--ca", __file__], "is no PEM file with certificates"),
        (["--name", "alice", "--port", "0"], "0 is not in the range"),
    ],
)
async def test_wrong_usage_is_explained(options: list[str], sentence: str) -> None:
    ended = await run("", *options)
    assert ended.status == 2
    assert sentence in squeezed(ended.err)


async def test_name_in_use_is_said(port: str) -> None:
    async with client("--name", "alice", "--port", port) as alice:
        await alice.until("Welcome, alice.")
        second = await run("b;hi\n", "--name", "alice", "--port", port)
        assert (second.status, second.out) == (4, [])
        assert second.err == ["Error: The name alice is in use by somebody else; choose another with --name."]
        assert (await alice.end()).out == ["alice has left the chat"]


async def test_protected_name_needs_its_password(port: str) -> None:
    alice = ["--name", "alice", "--port", port]
    assert (await run("", *alice, "--password", "correct horse")).status == 0
    assert (await run("", *alice, TCHAT_PASSWORD="correct horse")).status == 0  # noqa: S106 - one for this test
    for wrong in ([], ["--password", "battery staple"]):
        ended = await run("", *alice, *wrong)
        assert ended.status == 4
        protected = "Error: The name alice is protected and the password is missing or wrong; give it with --password."
        assert ended.err[0].startswith(protected)
        assert ("--dialect password" in ended.err[0]) == bool(wrong)


async def test_other_refusals_are_said_in_the_servers_words() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say({"action": "server-error", "code": "rate-limited", "msg": "Not \x1b[1mnow."})

    async with serving(script) as number:
        ended = await run("", "--name", "alice", "--port", str(number))
    assert (ended.status, ended.err) == (4, [r"Error: Not \x1b[1mnow."])


async def test_stranger_on_the_port_is_shown_and_explained() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"220 mail ready\r\n")
        await peer.heard()

    async with serving(script) as number:
        ended = await run("", "--name", "alice", "--port", str(number))
    assert ended.status == 4
    assert "220 mail ready" in ended.out[0]
    assert f"did not answer the hello at 127.0.0.1:{number}" in ended.err[0]


async def test_server_that_never_answers_the_hello_is_left() -> None:
    async def script(peer: Peer) -> None:
        assert b"client-hello" in await peer.silence()

    async with serving(script) as number:
        ended = await run("", "--name", "alice", "--port", str(number), "--timeout", "1")
    assert (ended.status, ended.err[-1].split(" It ")[0]) == (4, "Error: client-hello got no answer within 1 s.")


async def test_conversation_inside_tls(tmp_path: Path) -> None:
    """The protocol is the same (I-TLS-1); whom to trust is the user's choice."""
    authority, stranger = trustme.CA(), trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, trusted, distrusted = tmp_path / "cert.pem", tmp_path / "ca.pem", tmp_path / "other.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(cert))
    authority.cert_pem.write_to_path(str(trusted))
    stranger.cert_pem.write_to_path(str(distrusted))
    with ServerProcess(":memory:", "--tls-cert", str(cert)) as server:
        alice = ["--name", "alice", "--port", str(server.port)]
        right, wrong, plain = await asyncio.gather(
            run("b;hi\n", *alice, "--tls", "--ca", str(trusted)),
            run("", *alice, "--ca", str(distrusted)),
            run("", *alice),
        )
    assert (right.status, right.out[1]) == (0, "alice to all: hi")
    assert wrong.status == 3
    assert "is not trusted" in wrong.err[0]
    assert "--ca FILE" in wrong.err[0]
    assert plain.status == 4
    assert "is it a tchat server without TLS," in plain.err[-1]


async def test_tls_to_a_server_without_it_is_explained(port: str) -> None:
    ended = await run("", "--name", "alice", "--port", port, "--tls")
    assert ended.status == 3
    assert "does not speak TLS" in ended.err[0]


@pytest.mark.parametrize(
    ("options", "status", "sentence"),
    [
        (["--name", "x" * 33], 2, "--name doit avoir au plus 32 caractères, pas 33."),
        ([], 2, "Dans un tube, il faut --name, par exemple : tchat --name alice"),
        (["--name", "alice", "--host", "127.0.0.1", "--port", "1"], 3, "(connexion refusée). Lancez-en un avec"),
    ],
)
async def test_what_keeps_from_beginning_is_said_in_french(options: list[str], status: int, sentence: str) -> None:
    ended = await run("", "--lang", "fr", *options)
    assert ended.status == status
    assert sentence in squeezed(ended.err)


async def test_a_line_that_cannot_be_sent_is_explained_in_french(port: str) -> None:
    ended = await run("cg;" + "x" * 33 + "\n", "--lang", "fr", "--name", "alice", "--port", port)
    assert ended.err == ["ligne 1 : group doit avoir au plus 32 caractères, pas 33"]
