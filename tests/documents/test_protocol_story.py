"""Plays every transcript of PROTOCOL.md against the reference server: the examples are what a server does."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from documents.transcripts import Step, netcat_session, story
from processes import ServerProcess
from tchat_protocol import schemas
from tchat_protocol.framing import BadInput, Decoder

TEXT = schemas.protocol_text()
FREE = {"server-hello": ("msg", "features"), "server-error": ("msg",)}
LIMIT = 10.0


class Line:
    """A connection that hands out one message after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        self._decoder = Decoder(limit=2**24)
        self._waiting: list[Any] = []

    def send(self, text: str) -> None:
        self._socket.sendall(text.encode() + b"\n")

    def receive(self) -> dict[str, Any]:
        while not self._waiting:
            data = self._socket.recv(65_536)
            assert data, "the server closed the connection"
            self._waiting += self._decoder.feed(data)
        first = self._waiting.pop(0)
        assert not isinstance(first, BadInput)
        return dict(first)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with ServerProcess(tmp_path / "story.sqlite") as server:
        yield server.port


@pytest.mark.parametrize("steps", [netcat_session(TEXT), story(TEXT)], ids=["netcat session", "story"])
def test_the_reference_server_does_what_the_transcript_shows(steps: list[Step], port: int) -> None:
    with ExitStack() as stack:
        lines: dict[str, Line] = {}
        for step in steps:
            if step.who not in lines:
                lines[step.who] = Line(port)
                stack.callback(lines[step.who].close)
            if step.to_server:
                lines[step.who].send(step.text)
            else:
                assert comparable(lines[step.who].receive()) == comparable(json.loads(step.text))
        assert_nothing_is_left(lines)


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from run to run: times, and sentences for people."""
    free = FREE.get(message["action"], ())
    shown = {key: value for key, value in message.items() if key not in free}
    return dict(_timeless(shown))


def _timeless(value: Any) -> Any:
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key != "ts"}
    return value


def assert_nothing_is_left(lines: dict[str, Line]) -> None:
    """Ask each connection that is open for the list: the next message must be its answer."""
    for who in ("alice", "bob"):
        if who in lines:
            lines[who].send(json.dumps({"action": "client-list-clients", "from": who}))
            assert lines[who].receive()["action"] == "server-list-clients"
