"""Runs of the reference server that are looked into: messages through its modules, a story on the wire, commits."""

import asyncio
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self
from unittest.mock import patch

from docs.pages import pictures
from tchat_conform.recording import read_events
from tchat_server import service
from tchat_server.changes import Change
from tchat_server.service import Options, serve
from tchat_server.store import Store

ROOT = Path(__file__).resolve().parents[2]
"""A folder on a disk; the system's folder for temporary files may be in memory."""

LIMIT = 20.0
OURS = ("tchat_protocol.", "tchat_server.")


class Person:
    """A user on a blocking connection who reads whole lines."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self.socket.makefile("rb")

    def send(self, action: str, **fields: Any) -> None:
        """Send a request in this name."""
        field = "from" if action.startswith("client-") else "sender"
        self.socket.sendall(json.dumps({"action": action, field: self.name, **fields}).encode() + b"\n")

    def hear(self, action: str, **fields: Any) -> None:
        """Read up to a message with this action and these fields. Raises EOFError if the connection ends first."""
        for line in self._lines:
            message = json.loads(line)
            if message["action"] == action and fields.items() <= message.items():
                return
        raise EOFError(f"{self.name} does not hear {action}")

    def ask(self, action: str, **fields: Any) -> None:
        """Send a request and read up to its answer."""
        self.send(action, **fields, id=1)
        for line in self._lines:
            if json.loads(line).get("id") == 1:
                return
        raise EOFError(f"{self.name} gets no answer to {action}")

    def close(self) -> None:
        """Close the connection."""
        self._lines.close()
        self.socket.close()


@contextmanager
def crowd(names: Iterable[str], port: int) -> Iterator[list[Person]]:
    """Have people come and join the group wob, which the first of them creates; close their connections at the end."""
    people = [Person(name, port) for name in names]
    try:
        for person in people:
            person.ask("client-hello")
            person.ask("cgroupe" if person is people[0] else "join", group="wob")
        for person in people:
            person.ask("client-list-clients")
        yield people
    finally:
        for person in people:
            person.close()


class ServerThread:
    """The reference server in a thread of its own, so that its inside can be seen while others use it."""

    def __init__(self, database: Path, look: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._look = look
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.port = 0

    async def _serve(self) -> None:
        self._look()
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with serve(Options(port=0, db=str(self._database))) as started:
            self.port = started.port
            self._ready.set()
            await self._end.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(LIMIT):
            raise TimeoutError("the server does not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(LIMIT)


# The way of a message


class Way:
    """Notes every call from one of the server's modules to another, with the time; for ``sys.setprofile``."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, str, str, str]] = []

    def look(self) -> None:
        """Begin to watch the calls of this thread."""
        sys.setprofile(self._note)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call":
            return
        callee, caller = _module(frame), _module(frame.f_back)
        if callee and callee != caller:
            self.calls.append((time.perf_counter(), caller, callee, frame.f_code.co_qualname))


def _module(frame: FrameType | None) -> str:
    """Return the module of the server's that a frame belongs to, or the nearest such among its callers."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith(OURS):
            return name
        if name.startswith("asyncio"):
            return ""
        frame = frame.f_back
    return ""


TRIES = 9


def way() -> list[dict[str, Any]]:
    """Return the calls between modules that one group message to three members makes.

    Of several messages it is the one with the median duration; times are in microseconds from the first call.
    """
    watched = Way()
    with (
        tempfile.TemporaryDirectory(dir=ROOT) as folder,
        ServerThread(Path(folder) / "t.sqlite", watched.look) as server,
    ):
        subprocess.run([sys.executable, "-m", "docs.report.traces", str(server.port)], check=True, cwd=ROOT)
        calls = list(watched.calls)
    begins = [number for number, call in enumerate(calls) if call[3] == "Connection.data_received"]
    turns = [calls[begin:end] for begin, end in pairwise((*begins, len(calls)))]
    posted = [turn for turn in turns if any(call[3] == "MessagePosted.apply" for call in turn)][-TRIES:]
    chosen = sorted(posted, key=lambda turn: turn[-1][0] - turn[0][0])[len(posted) // 2]
    return [
        {"at": round((at - chosen[0][0]) * 1e6), "from": caller, "to": callee, "call": name}
        for at, caller, callee, name in chosen
    ]


def _converse(port: int) -> None:
    """Write to a group of three, message by message; in a process of its own, which slows nobody."""
    with crowd(("alice", "bob", "carol"), port) as people:
        for number in range(2 * TRIES):
            people[0].send("gbroadcast", group="wob", msg=f"{number}", id=number)
            for person in people:
                person.hear("server-gbroadcast", msg=f"{number}")


# A story on the wire


def story() -> list[dict[str, Any]]:
    """Play a private group through ``tchat-conform proxy`` and return the messages that it recorded."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "story.jsonl"
        server = [sys.executable, "-m", "tchat_server", "--port", "0", "--db", f"{folder}/t.sqlite"]
        with _started(server) as port:
            proxy = [sys.executable, "-m", "tchat_conform", "proxy", "--to", f"127.0.0.1:{port}"]
            with _started([*proxy, "--listen", "0", "--record", str(recording)]) as relayed:
                _play(relayed)
        with recording.open(encoding="utf-8") as lines:
            return _messages(lines)


def _play(port: int) -> None:
    alice, bob, carol = (Person(name, port) for name in ("alice", "bob", "carol"))
    for person in (alice, bob, carol):
        person.ask("client-hello")
    carol.ask("client-list-clients")
    alice.ask("cgroupe", group="den", private=True)
    carol.ask("join", group="den")
    alice.ask("invite", group="den", dest="bob")
    bob.hear("server-invite")
    bob.ask("join", group="den")
    alice.hear("server-join")
    bob.ask("gbroadcast", group="den", msg="hello")
    alice.hear("server-gbroadcast")
    alice.ask("kick", group="den", dest="bob", reason="spam")
    bob.hear("server-kick")
    bob.ask("join", group="den")
    for person in (alice, bob, carol):
        person.close()


@contextmanager
def _started(command: list[str]) -> Iterator[int]:
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield _port(process, output)
        finally:
            process.terminate()
            process.wait(LIMIT)


def _port(process: "subprocess.Popen[bytes]", output: IO[str]) -> int:
    """Return the port that a process says it listens on. Raises ChildProcessError if it ends without."""
    while process.poll() is None:
        output.seek(0)
        if found := re.search(r"listening on 127\.0\.0\.1:(\d+),", output.read()):
            return int(found[1])
        time.sleep(0.02)
    output.seek(0)
    raise ChildProcessError(output.read())


def _messages(lines: Iterable[str]) -> list[dict[str, Any]]:
    names: dict[int, str] = {}
    found = []
    for event in read_events(lines):
        for text in event.data.decode().splitlines():
            message = json.loads(text)
            if message["action"] == "client-hello":
                names[event.connection] = message["from"]
            who = names[event.connection]
            sender, receiver = (who, "server") if event.side == "client" else ("server", who)
            found.append({"at": event.at.isoformat(), "from": sender, "to": receiver, "message": message})
    return found


# A terminal of the client

TALK = (
    ("alice", "cg;labo"), ("alice", "cg;wob"), ("alice", "invite;wob;bob"), ("bob", "j;labo"), ("bob", "j;wob"),
    ("alice", "bonjour, qui déjeune à midi ?"), ("carol", "j;wob"), ("bob", "moi"),
    ("carol", "Bob, tu apportes ton plan ?"), ("alice", "s;bob;au même endroit"), ("bob", "members;wob"),
    ("bob", "kick;wob;alice;trop tôt"), ("bob", "j;nulle-part"), ("alice", "bg;labo;qui a la clé ?"),
)  # fmt: skip


def terminal() -> list[list[dict[str, Any]]]:
    """Let three people chat in French at terminals, and return the rows of bob's, in runs of one look."""
    with tempfile.TemporaryDirectory() as folder, pictures.server(Path(folder)) as port:
        people = {name: pictures.Terminal(port, name, Path(folder), "fr") for name in ("alice", "bob", "carol")}
        for name, line in TALK:
            people[name].types(line)
        return [list(_shown(row)) for row in people["bob"].rows()]


def _shown(row: Sequence[pictures.Run]) -> Iterator[dict[str, Any]]:
    """Yield the runs of a row without the blanks at its end."""
    seen = [number for number, run in enumerate(row) if run.reverse or run.text.strip()]
    for number, run in enumerate(row[: max(seen, default=-1) + 1]):
        cut = number == seen[-1] and not run.reverse
        yield asdict(run) | {"text": run.text.rstrip() if cut else run.text}


# Commits


class Noted(Store):
    """A store that notes when each commit began and ended, and how many changes it held; ``delay`` is its disk's."""

    delay = 0.0
    commits: list[tuple[float, float, int]]

    def commit(self, changes: Iterable[Change]) -> None:
        """Commit, and note it."""
        together = list(changes)
        begin = time.perf_counter()
        time.sleep(self.delay)
        super().commit(together)
        self.commits.append((begin, time.perf_counter(), len(together)))


CROWDS = (1, 2, 4, 8, 16, 32, 64)
ROUNDS = 40
SLOW_SECONDS = 0.02
WRITERS = 24
SPAN_SECONDS = 0.12


def commits() -> dict[str, Any]:
    """Measure how messages share commits: a moment of a slow disk, message by message, and crowds on the real disk."""
    with patch.object(service, "Store", Noted), tempfile.TemporaryDirectory(dir=ROOT) as folder:
        return {"moment": _moment(Path(folder)), "crowds": [_crowd(Path(folder), size) for size in CROWDS]}


def _moment(folder: Path) -> dict[str, Any]:
    Noted.delay, Noted.commits = 0.0, []
    chance = random.Random(4)  # noqa: S311 - the same moments every time
    with ServerThread(folder / "moment.sqlite") as server, crowd(_names(WRITERS), server.port) as people:
        Noted.delay, Noted.commits = SLOW_SECONDS, []
        due = sorted(chance.uniform(0, SPAN_SECONDS) for _ in people)
        begin = time.perf_counter()
        with ThreadPoolExecutor(WRITERS) as writers:
            told = sorted(writers.map(_posted, people, [begin + at for at in due]))
        noted = list(Noted.commits)
    return {
        "delay": SLOW_SECONDS * 1000,
        "messages": [[_ms(sent - begin), _ms(heard - begin)] for sent, heard in told],
        "commits": [[_ms(first - begin), _ms(last - begin), count] for first, last, count in noted],
    }


def _posted(person: Person, at: float) -> tuple[float, float]:
    """Write to the group at a moment, and return when that was and when it was acknowledged."""
    time.sleep(max(0.0, at - time.perf_counter()))
    sent = time.perf_counter()
    person.ask("gbroadcast", group="wob", msg="hello")
    return sent, time.perf_counter()


def _crowd(folder: Path, size: int) -> dict[str, Any]:
    Noted.delay, Noted.commits = 0.0, []
    with ServerThread(folder / f"{size}.sqlite") as server, crowd(_names(size), server.port) as people:
        Noted.commits = []
        begin = time.perf_counter()
        for number in range(ROUNDS):
            for person in people:
                person.send("gbroadcast", group="wob", msg="hello", id=f"{number}")
            for person in people:
                person.hear("server-gbroadcast", id=f"{number}")
        passed = time.perf_counter() - begin
        noted = list(Noted.commits)
    stored = sum(count for _, _, count in noted)
    return {
        "writers": size,
        "messages": stored,
        "commits": len(noted),
        "seconds": round(passed, 4),
        "committing": round(sum(last - first for first, last, _ in noted), 4),
    }


def _names(count: int) -> list[str]:
    return [f"u{number}" for number in range(count)]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


if __name__ == "__main__":
    _converse(int(sys.argv[1]))
