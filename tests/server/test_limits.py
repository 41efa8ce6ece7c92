"""The number of connections stays below the number of files that the process may open."""

import asyncio
import resource
import ssl
import sys
from pathlib import Path

import pytest
import trustme

from server.people import Gone, Person
from tchat_server.limits import RESERVE, connection_limits
from tchat_server.log import printable

FILES = 64


@pytest.fixture
def open_files(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits of open files, soft and hard; setting them changes this list only."""
    limits = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: limits.append(pair))
    return limits


def test_limit_that_suffices_is_left_alone(open_files: list[tuple[int, int]]) -> None:
    assert connection_limits(512).connections == 512
    assert open_files == [(1024, 4096)]


def test_soft_limit_is_raised_as_far_as_needed(open_files: list[tuple[int, int]]) -> None:
    assert connection_limits(2000).connections == 2000
    assert open_files[-1] == (2000 + RESERVE, 4096)


def test_hard_limit_limits_the_connections(open_files: list[tuple[int, int]], caplog: pytest.LogCaptureFixture) -> None:
    assert connection_limits(10_000).connections == 4096 - RESERVE
    assert f"at most {4096 - RESERVE} connections" in caplog.text


@pytest.mark.parametrize("inside", ["plain", "tls"])
async def test_more_connections_than_files_harm_nobody(inside: str, tmp_path: Path) -> None:
    """Far more peers come than the process can open files: those who are in do not notice."""
    options, tls = ["--port", "0", "--db", ":memory:"], None
    if inside == "tls":
        authority, tls = trustme.CA(), ssl.create_default_context()
        authority.configure_trust(tls)
        certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        options += ["--tls-cert", str(certificate), "--tls-key", str(key)]
    script = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
from tchat_server.cli import main
main({options!r})
"""
    with (tmp_path / "stderr").open("w+") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        port = int(line.partition(":")[2].partition(",")[0])
        ann = await Person.connect("ann", port, tls)
        await ann.ask("client-hello")
        crowd = [await Person.connect(f"u{number}", port) for number in range(FILES)]
        assert (await ann.ask("client-list-clients"))["clients"] == ["ann"]
        assert await refusals(crowd) > 0
        for person in [*crowd, ann]:
            await person.close()
        process.terminate()
        assert await process.wait() == 0
        errors.seek(0)
        assert "Too many open files" not in errors.read()


async def refusals(crowd: list[Person]) -> int:
    """Count those who are told that the server is full, or are dropped at once."""
    refused = 0
    for person in crowd:
        try:
            person.send("client-hello")
            refused += (await person.receive()).get("code") == "server-full"
        except (Gone, ConnectionError):
            refused += 1
    return refused


def test_what_does_not_print_is_escaped() -> None:
    assert printable("bell\x07 \u202e é\n") == r"bell\x07 \u202e é\n"
