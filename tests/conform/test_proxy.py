"""``tchat-conform proxy``: real clients and servers with it between them."""

import json
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conform.commands import LIMIT, running
from processes import ServerProcess
from tchat_conform.cli import main
from tchat_conform.form import Side
from tchat_conform.observe import KINDS, OTHER_KINDS, Observer
from tchat_conform.offline import judge_text
from tchat_conform.recording import Event, read_events
from tchat_conform.reports.sightings import headline, remarks, seen_json, tally_lines, who_of
from tchat_protocol import schemas

LOCAL = "127.0.0.1"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HELLO = b'{"action":"client-hello","from":"alice"}\n'
QUIT = b'{"action":"client-quit","from":"alice"}\n'


def talk(port: int, *pieces: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send each piece once the one before was answered, and return all that came until the server closed."""
    got = b""
    with socket.create_connection((LOCAL, port), LIMIT) as plain:
        peer = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        for piece in pieces:
            peer.sendall(piece)
            got += peer.recv(65_536)
        while data := peer.recv(65_536):
            got += data
        peer.close()
    return got


def proxied(server: ServerProcess, *options: str) -> tuple[str, ...]:
    return ("proxy", "--to", f"{LOCAL}:{server.port}", *options)


def lines_of(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith(("✓", "✗"))]


def test_a_session_is_shown_judged_recorded_and_summed_up(tmp_path: Path) -> None:
    record = tmp_path / "session.jsonl"
    with ServerProcess(":memory:") as server, running(*proxied(server, "--record", str(record))) as proxy:
        answers = talk(
            proxy.port, HELLO, b'{"action":"gropus","name":"alice"}' + b'{"action":"groups",', b'"name":1}', QUIT
        )
        kept = record.read_text(encoding="utf-8")  # before the end: nothing is lost by Ctrl-C
        assert proxy.interrupt() == 0
    shown = lines_of(proxy.output)
    assert [line[0] for line in shown if "alice →" in line] == ["✓", "✗", "✗", "✓"]
    assert all(line.startswith("✓") for line in shown if "alice ←" in line)
    assert "      invalid: 'gropus' is no action of the requests (W-ACTION-1)" in proxy.output
    assert "        PROTOCOL.md#w-form-1: A request whose field is missing" in proxy.output
    assert "note: cut over 2 segments (W-SPLIT-1)" in proxy.output
    summary = proxy.output.partition("\n1 connection\n")[2]
    assert "#1 alice: 4 from the client, 4 from the server; 2 invalid" in summary
    assert "1 × groups /name type" in summary
    assert "requirements touched: W-ACTION-1, W-FORM-1, W-SEP-1, W-SPLIT-1" in summary
    events = list(read_events(kept.splitlines(keepends=True)))
    assert b"".join(each.data for each in events if each.side == "server") == answers
    assert next(each.what for each in events if each.what != "bytes") == "opened"
    judgement = judge_text(kept.encode())
    assert (judgement.messages, judgement.invalid) == (8, 2)


def test_json_lines_for_programs() -> None:
    with ServerProcess(":memory:") as server, running(*proxied(server, "--json")) as proxy:
        talk(proxy.port, HELLO, b"oops\x1b[2J\xff\n", QUIT)
        proxy.interrupt()
    *events, last = [json.loads(line) for line in proxy.output.splitlines()]
    bad = next(each for each in events if "bad" in each)
    assert (bad["connection"], bad["user"], bad["from"], bad["valid"]) == (1, "alice", "client", False)
    assert bad["faults"][0]["requirement"] == "W-BAD-1"
    assert [each["message"]["action"] for each in events if "message" in each][:2] == ["client-hello", "server-hello"]
    assert last["summary"][0]["messages"] == {"client": 3, "server": 3}
    assert proxy.output.isascii()


def test_json_lines_follow_their_schema() -> None:
    with ServerProcess(":memory:") as server, running(*proxied(server, "--json")) as proxy:
        talk(proxy.port, HELLO, b'{"action":"gropus","name":"alice"}{"a":1}\n', b"oops\n", QUIT)
        proxy.interrupt()
    schema = schemas.load("proxy.json")
    others = [
        (each["$id"], Resource.from_contents(each)) for each in map(schemas.load, ("check.json", "recording.json"))
    ]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, registry=Registry[Any]().with_resources(others))
    lines = [json.loads(line) for line in proxy.output.splitlines()]
    for each in lines:
        validator.validate(each)
    assert any(each.get("faults") for each in lines)
    assert any(each.get("event") == "opened" for each in lines)
    known = {"message": schema["$defs"]["message"], "summary": schema["$defs"]["end"]}
    for key, rule in known.items():
        assert all(set(each) <= set(rule["properties"]) for each in lines if key in each)
    assert not any(validator.is_valid({**each, "connection": 0}) for each in lines if "valid" in each)


def test_a_proxy_that_runs_for_days_remembers_no_more_than_it_may() -> None:
    observer = Observer(kept=3)
    for number in range(1, 11):
        observer.take(Event(NOW, number, "client", "opened"))
        observer.take(Event(NOW, number, "client", "bytes", b'{"action":"x%d"}\n' % number))
        if number != 2:  # who stays is not forgotten
            observer.take(Event(NOW, number, "client", "ended"))
            observer.take(Event(NOW, number, "server", "ended"))
    assert list(observer.tallies) == [2, 7, 8, 9, 10]
    count, together = observer.earlier
    assert (count, together.messages["client"], together.invalid["client"]) == (5, 5, 5)
    assert together.requirements["W-ACTION-1"] == 5


def test_kinds_of_faults_have_an_end() -> None:
    observer = Observer()
    for number in range(300):
        observer.take(Event(NOW, 1, "client", "bytes", b'{"action":"x%d%s"}\n' % (number, b"y" * 1000)))
    kinds = observer.tallies[1].kinds
    assert len(kinds) == KINDS + 1
    assert kinds[OTHER_KINDS] == 300 - KINDS
    assert max(map(len, kinds)) < 300


def test_what_peers_send_is_never_executed_by_the_terminal() -> None:
    with ServerProcess(":memory:") as server, running(*proxied(server, "-v")) as proxy:
        talk(proxy.port, '{"action":"\x9b31m\u202e","from":"\x1b]0;x\x07"}\n'.encode(), b'{"a":\x1b[2J\n', QUIT)
        proxy.interrupt()
    assert "\\x9b31m\\u202e" in proxy.output
    assert all(char.isprintable() or char == "\n" for char in proxy.output)


def test_bad_json_is_shown_with_a_caret_under_the_first_wrong_byte() -> None:
    with ServerProcess(":memory:") as server, running(*proxied(server)) as proxy:
        talk(proxy.port, HELLO + b'{"action":"join",,}\n', QUIT)
        proxy.interrupt()
    lines = proxy.output.splitlines()
    text = next(number for number, line in enumerate(lines) if line.strip() == '{"action":"join",,}')
    assert lines[text + 1].index("^") - lines[text].index("{") == len('{"action":"join",')
    assert lines[text + 1].endswith(f"^ byte {len(HELLO) + 18} of what this side sent")


def test_tls_on_both_sides(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    pem = tmp_path / "chain.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(pem)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    tls = ("--tls-cert", str(pem))
    with ServerProcess(":memory:", *tls) as server, running(*proxied(server, "--tls-to", *tls)) as proxy:
        answers = talk(proxy.port, HELLO, QUIT, tls=context)
        proxy.interrupt()
    assert b'"server-hello"' in answers
    assert b'"server-quit"' in answers
    assert len(lines_of(proxy.output)) == 4


def test_a_server_that_is_not_there_is_said() -> None:
    with socket.socket() as nobody:
        nobody.bind((LOCAL, 0))
        with running("proxy", "--to", f"{LOCAL}:{nobody.getsockname()[1]}") as proxy:
            with pytest.raises(ConnectionResetError):
                talk(proxy.port)
            assert proxy.interrupt() == 0
    assert "#1 server: failed" in proxy.output


def test_a_reader_that_goes_away_ends_the_proxy() -> None:
    with ServerProcess(":memory:") as server, running(*proxied(server)) as proxy:
        assert proxy.process.stdout is not None
        proxy.process.stdout.close()
        proxy.process.stdout = None
        with socket.create_connection((LOCAL, proxy.port), LIMIT) as peer:
            peer.sendall(HELLO)
            assert proxy.process.wait(LIMIT) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to", "nowhere"),
        ("--to", "8080", "--listen", "70000"),
        ("--to", "0"),
        ("--to", "8080", "--tls-key", __file__),
        ("--to", "8080", "--tls-cert", __file__),
        ("--to", "8080", "--record", "/nowhere/x"),
        ("--to", "8080", "--listen", "192.0.2.1:1"),
    ],
)
def test_what_cannot_be_done_is_2_without_a_traceback(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, ["proxy", *arguments])
    assert (result.exit_code, type(result.exception)) == (2, SystemExit)


DIALECTS = [
    b'{"messageFormat":{"action":"client-hello","from":null},"type":"Client request"}',
    b'{"action":"server-members","msg":["a"],"from":{}}',
    b'{"action":null,"sender":[],"name":7}',
    b'{"action":"server-msgs","group":"w","messages":[{"from":"x"},7,null],"more":1}',
    b"[1,2]", b'"x"', b"null\n", b'{"action":', b"\xff\xfe\x00", b'{"action":"join","group":"\xc3', b'\xa9"}',
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["client", "server"]), st.sampled_from(DIALECTS) | st.binary(min_size=1))))
def test_no_dialect_makes_it_stumble(passed: list[tuple[Side, bytes]]) -> None:
    observer = Observer()
    shown = []
    for side, data in passed:
        for seen in observer.take(Event(NOW, 1, side, "bytes", data)):
            shown += [headline(seen), *remarks(seen, verbose=True), json.dumps(seen_json(seen))]
    for number, tally in observer.tallies.items():
        shown += tally_lines(who_of(number, tally), tally)
    assert all(line.isprintable() for line in shown)


@pytest.mark.parametrize("kind", ["requests", "answers"])
def test_every_example_of_the_schemas_is_valid_on_the_wire(kind: schemas.Kind) -> None:
    side: Side = "client" if kind == "requests" else "server"
    for action in schemas.actions(kind):
        for example in schemas.schema(kind, action)["examples"]:
            (seen,) = Observer().take(Event(NOW, 1, side, "bytes", json.dumps(example).encode() + b"\n"))
            assert (seen.valid, seen.facts) == (True, ())
