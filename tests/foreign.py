"""The foreign peers of tests/peers: what is known of them, and real processes of them for tests."""

import functools
import json
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "tests" / "peers"
LIMIT = 10.0
"""Seconds within which anything that is awaited has to happen; nothing waits that long when it goes well."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """One entry of peers.toml; the meaning of its fields stands there."""

    file: str
    command: str
    needs: str
    dialect: str
    wants: str = ""
    typing: str = ""
    holds: frozenset[str] = field(default=frozenset())
    nearly: frozenset[str] = field(default=frozenset())
    breaks: frozenset[str] = field(default=frozenset())
    passes: frozenset[str] | None = None
    erratic: bool = False

    def argv(self, **values: object) -> list[str]:
        """Return the command with its placeholders filled in, Python being the one that runs the tests."""
        filled = [part.format(**values) for part in shlex.split(self.command)]
        return [sys.executable if part == "python" else part for part in filled]

    def skip_without_interpreter(self) -> None:
        """Skip the test, and say so, where the program that runs this peer is not installed."""
        if self.needs == "node" and shutil.which("node") is None:
            pytest.skip(f"{self.file} needs node, which is not installed")


@functools.cache
def described() -> dict[str, Any]:
    """Return peers.toml."""
    return tomllib.loads((PEERS / "peers.toml").read_text(encoding="utf-8"))


def _peer(entry: dict[str, Any]) -> Peer:
    values: dict[str, Any] = {
        key: frozenset(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    return Peer(**values)


def servers() -> list[Peer]:
    """Return the foreign servers."""
    return [_peer(entry) for entry in described()["server"]]


def clients() -> list[Peer]:
    """Return the foreign clients."""
    return [_peer(entry) for entry in described()["client"]]


def peer(file: str) -> Peer:
    """Return the peer of a file of tests/peers."""
    return next(each for each in servers() + clients() if each.file == file)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Line:
    """A blocking connection that writes bytes and reads JSON objects, whatever stands between them."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.settimeout(LIMIT)
        # Otherwise the kernel holds small messages back until the one before is acknowledged, and joins them.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._text = ""

    def say(self, *messages: Message | str, end: str = "") -> None:
        """Send messages (text as it is) in one piece, each with ``end`` after it."""
        texts = [each if isinstance(each, str) else json.dumps(each) for each in messages]
        self.socket.sendall("".join(text + end for text in texts).encode())

    def hear(self) -> Message:
        """Return the next JSON object.

        Raises EOFError when the peer closes, ValueError for text that is no JSON, TimeoutError when nothing comes.
        """
        while True:
            self._text = self._text.lstrip()
            if self._text and not self._text.startswith("{"):
                raise ValueError(self._text)
            try:
                message, end = json.JSONDecoder().raw_decode(self._text)
            except ValueError:
                self._text += self.read()
            else:
                self._text = self._text[end:]
                return dict(message)

    def read(self) -> str:
        """Return the next piece of text as it comes. Raises EOFError when the peer closes."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise EOFError
        return data.decode()

    def ask(self, message: Message | str, end: str = "") -> Message:
        """Send a message and return the next one."""
        self.say(message, end=end)
        return self.hear()

    def hears_end(self) -> bool:
        """Tell whether the peer closes the connection, with nothing more to say."""
        try:
            self.read()
        except EOFError:
            return True
        return False


class ForeignServer:
    """A server of tests/peers on a free port, killed at the end of the ``with`` block."""

    def __init__(self, file: str, directory: Path) -> None:
        self._peer = peer(file)
        self._directory = directory
        self._lines: list[Line] = []
        self.process: subprocess.Popen[bytes]
        self.port = 0

    def __enter__(self) -> Self:
        self._peer.skip_without_interpreter()
        self.port = free_port()
        self.process = subprocess.Popen(
            self._peer.argv(port=self.port, dir=self._directory),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        Line(self._first_connection()).socket.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._lines:
            line.socket.close()
        self.process.kill()
        self.process.communicate(timeout=LIMIT)

    def _first_connection(self) -> socket.socket:
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), LIMIT)
            except ConnectionRefusedError:
                assert self.process.poll() is None, "the server ended at once"
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.02)

    def connect(self) -> Line:
        """Return a new connection, closed with the server."""
        line = Line(socket.create_connection(("127.0.0.1", self.port), LIMIT))
        self._lines.append(line)
        return line

    def ended(self) -> tuple[int, str]:
        """Wait for the process to end by itself; return its exit status and what it wrote on stderr."""
        _, errors = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, errors.decode()
