"""Lines for nc: a case sent again by a shell has the same effect on a server."""

import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from conform.reports.samples import FACTS, result
from tchat_conform.reports.replay import script
from tchat_conform.verdict import Verdict
from tchat_conform.wirelog import Entry

NC = """#!{python}
import socket, sys, threading
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def copy():
    while data := peer.recv(65536):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
threading.Thread(target=copy).start()
while data := sys.stdin.buffer.raw.read(65536):
    peer.sendall(data)
peer.shutdown(socket.SHUT_WR)
"""
"""What nc does, for machines without it."""
ODD = b'{"action":"x","msg":"it\'s 100 % \\"caf\xc3\xa9\\"\\n"}\n'
LOG = (
    Entry(0.1, "alice", "·", b"connected"),
    Entry(0.2, "alice", "→", ODD),
    Entry(0.4, "bob", "→", b"\x00\xff{\n"),
    Entry(0.5, "alice", "←", b'{"action":"server-x"}\n'),
    Entry(0.6, "alice", "→", b'{"action":"client-send","msg":"barrier noxa1b2cx00001"}\n'),
    Entry(0.7, "suite", "·", b"the server is killed and started again"),
    Entry(0.8, "bob", "·", b"we close"),
)


def test_the_script_sends_the_same_bytes_over_as_many_connections(tmp_path: Path) -> None:
    received: list[bytes] = []

    class Keep(StreamRequestHandler):
        def handle(self) -> None:
            received.append(self.rfile.read())

    nc = tmp_path / "nc"
    nc.write_text(NC.format(python=sys.executable))
    nc.chmod(0o755)
    with ThreadingTCPServer(("127.0.0.1", 0), Keep) as server:
        threading.Thread(target=server.serve_forever).start()
        facts = replace(FACTS, command=f"tchat-conform --host 127.0.0.1 --port {server.server_address[1]}")
        lines = script(result("B-SEND-1", Verdict.FAIL, log=LOG), facts)
        path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-e"], input="\n".join(lines), text=True, cwd=tmp_path, env=path, timeout=30, check=True)
        server.shutdown()
    assert sorted(received) == sorted([LOG[1].data + LOG[4].data, LOG[2].data])
    assert [each.name for each in tmp_path.iterdir()] == ["nc"]


def test_barriers_and_remarks_are_comments_and_a_port_that_the_suite_chose_is_left_open() -> None:
    lines = script(result("B-SEND-1", Verdict.FAIL, log=LOG), FACTS)
    assert lines[1] == "PORT=8080  # where your server listens"
    comments = [line for line in lines if line.startswith("#")]
    assert any(line.startswith("# a barrier") for line in comments)
    assert "# the server is killed and started again" in comments
    assert "# bob closes" in comments


def test_tls_needs_openssl_in_place_of_nc() -> None:
    facts = replace(FACTS, command="tchat-conform --host ::1 --port 8443 --tls")
    lines = script(result("B-SEND-1", Verdict.FAIL, log=LOG), facts)
    assert any("openssl s_client -quiet -connect ::1:$PORT" in line for line in lines)
    assert not any(re.search(r"\bnc\b", line) for line in lines)


def test_what_is_too_long_is_named_and_not_written() -> None:
    lines = script(result("B-SEND-1", Verdict.FAIL, log=[Entry(0.1, "alice", "→", b"x" * 70_000)]), FACTS)
    assert any("alice sends 70,000 bytes" in line for line in lines)
    assert max(map(len, lines)) < 200


def test_a_crowd_and_a_case_that_sent_nothing_have_no_script() -> None:
    crowd = [Entry(0.1, f"m{number}", "→", b"{}\n") for number in range(50)]
    assert script(result("B-SEND-1", Verdict.FAIL, log=crowd), FACTS) == []
    assert script(result("B-SEND-1", Verdict.FAIL, log=()), FACTS) == []
