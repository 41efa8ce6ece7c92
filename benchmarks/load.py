"""The load generator: a process of its own with many users, who only count what they receive.

``python -m benchmarks.load TASK`` takes a task as JSON and prints what it measured as JSON.
"""

import json
import select
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

PATIENCE = 60.0
"""Seconds without anything after which a server has lost something."""

RECEIVED_AT_ONCE = 1 << 20
ACKNOWLEDGED = b'"id":'
TEXT = "hello to everybody in here"


class Lost(Exception):  # noqa: N818 - what happened to messages
    """Fewer or more messages arrived than were posted."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to do: all ``members`` join one group; ``senders`` of them post for ``seconds``.

    "flood": each sender keeps ``window`` messages in flight, each acknowledged one making room for the next;
    "pace": the one sender posts ``rate`` messages a second whatever comes back; "idle": nobody posts.
    """

    kind: Literal["flood", "pace", "idle"]
    port: int
    members: int
    senders: int = 1
    window: int = 64
    rate: float = 100.0
    seconds: float = 2.0


class Member:
    """One user of the group on a socket of its own."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.lines = 0
        self.acknowledged = 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tail = b""

    def request(self, action: str, **fields: Any) -> bytes:
        """Return a request of this user as bytes; its identifier is always 1."""
        field = "from" if action.startswith("client-") else "sender"
        return json.dumps({"action": action, field: self.name, **fields, "id": 1}).encode() + b"\n"

    def ask(self, action: str, **fields: Any) -> None:
        """Send a request and read up to its answer and to the end of that line."""
        self.socket.sendall(self.request(action, **fields))
        heard = b""
        while ACKNOWLEDGED not in heard or not heard.endswith(b"\n"):
            heard += self._receive()

    def _receive(self) -> bytes:
        data = self.socket.recv(RECEIVED_AT_ONCE)
        if not data:
            raise Lost(f"the server has closed the connection of {self.name}")
        return data

    def count(self, buffer: bytearray, size: int) -> None:
        """Count what was received; the requester's copy is the one with the identifier."""
        self.lines += buffer.count(b"\n", 0, size)

    def count_acknowledged(self, buffer: bytearray, size: int) -> int:
        """Return how many of one's own messages are among what was received."""
        text = self._tail + buffer[:size]
        self._tail = bytes(text[-len(ACKNOWLEDGED) + 1 :])
        found = text.count(ACKNOWLEDGED)
        self.acknowledged += found
        return found


@contextmanager
def group(task: Task) -> Iterator[list[Member]]:
    """Have all members come and join; when the block begins, nothing is under way any more."""
    members = [Member(f"u{number}", task.port) for number in range(task.members)]
    try:
        for member in members:
            member.ask("client-hello")
        members[0].ask("cgroupe", group="wob")
        for member in members:
            member.ask("join", group="wob")
        for member in members:
            member.ask("client-list-clients")
        yield members
    finally:
        for member in members:
            member.socket.close()


class Flood:
    """Senders that keep a number of messages in flight, and a count of what arrives at all members."""

    def __init__(self, task: Task, members: list[Member]) -> None:
        self._members = {member.socket.fileno(): member for member in members}
        self._senders = {member.socket.fileno(): member for member in members[: task.senders]}
        self._posts = {
            number: member.request("gbroadcast", group="wob", msg=TEXT) for number, member in self._senders.items()
        }
        self._buffer = bytearray(RECEIVED_AT_ONCE)
        self._epoll = select.epoll()
        for number in self._members:
            self._epoll.register(number, select.EPOLLIN)
        self.posted = 0
        self.sending = True
        for number in self._senders:
            self._post(number, task.window)

    @property
    def arrived(self) -> int:
        """How many messages have arrived, at all members together."""
        return sum(member.lines for member in self._members.values())

    @property
    def expected(self) -> int:
        """How many messages should arrive once all is read."""
        return self.posted * len(self._members)

    def run(self, until: float) -> None:
        """Go on until a moment of the monotonic clock."""
        while time.monotonic() < until:
            self._turn()

    def drain(self) -> None:
        """Stop sending and read the rest; raise Lost if it is not what was posted."""
        self.sending = False
        last, since = -1, time.monotonic()
        while (arrived := self.arrived) < self.expected:
            if arrived != last:
                last, since = arrived, time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                break
            self._turn()
        if self.arrived != self.expected or sum(each.acknowledged for each in self._senders.values()) != self.posted:
            raise Lost(f"{self.arrived} messages arrived, not {self.expected}")

    def _turn(self) -> None:
        for number, _ in self._epoll.poll(1.0):
            member = self._members[number]
            size = member.socket.recv_into(self._buffer)
            if not size:
                raise Lost(f"the server has closed the connection of {member.name}")
            member.count(self._buffer, size)
            if number in self._senders:
                self._post(number, member.count_acknowledged(self._buffer, size))

    def _post(self, number: int, count: int) -> None:
        if count and self.sending:
            self._members[number].socket.sendall(self._posts[number] * count)
            self.posted += count


def flood(task: Task) -> dict[str, float]:
    """Return deliveries a second, and the share of a processor that measuring took."""
    with group(task) as members:
        load = Flood(task, members)
        load.run(time.monotonic() + task.seconds / 5)
        begin, arrived, worked = time.monotonic(), load.arrived, time.process_time()
        load.run(begin + task.seconds)
        passed = time.monotonic() - begin
        rate, share = (load.arrived - arrived) / passed, (time.process_time() - worked) / passed
        load.drain()
        return {"deliveries": rate, "load": share, "total": load.arrived}


def pace(task: Task) -> dict[str, float]:
    """Return how many milliseconds messages take from the sender to the members: median and 99th percentile."""
    with group(task) as members:
        waits: list[int] = []
        by_number = {member.socket.fileno(): [member, b""] for member in members}
        epoll = select.epoll()
        for number in by_number:
            epoll.register(number, select.EPOLLIN)
        total = int(task.rate * task.seconds)
        posted, begin = 0, time.monotonic()
        while len(waits) < total * len(members):
            due = begin + posted / task.rate
            if posted < total and time.monotonic() >= due:
                text = f"t{time.monotonic_ns()}"
                members[0].socket.sendall(members[0].request("gbroadcast", group="wob", msg=text))
                posted += 1
                continue
            events = epoll.poll(max(due - time.monotonic(), 0.0) if posted < total else PATIENCE)
            if not events and posted == total:
                raise Lost(f"{len(waits)} messages arrived, not {total * len(members)}")
            for number, _ in events:
                waits += _waits(by_number[number])
        return _percentiles(waits)


def _waits(reading: list[Any]) -> list[int]:
    member, rest = reading
    data = rest + member.socket.recv(RECEIVED_AT_ONCE)
    now = time.monotonic_ns()
    *lines, reading[1] = data.split(b"\n")
    return [now - int(line.partition(b'"t')[2].partition(b'"')[0]) for line in lines]


def _percentiles(nanoseconds: list[int]) -> dict[str, float]:
    ordered = sorted(nanoseconds)
    return {"p50": ordered[len(ordered) // 2] / 1e6, "p99": ordered[len(ordered) * 99 // 100] / 1e6}


def idle(task: Task) -> dict[str, float]:
    """Connect everyone, with a hello each, and wait until standard input ends; what comes is read all the time."""
    epoll = select.epoll()
    members: dict[int, Member] = {}
    buffer = bytearray(RECEIVED_AT_ONCE)

    def read(seconds: float) -> bool:
        events = epoll.poll(seconds)
        for number, _ in events:
            members[number].count(buffer, members[number].socket.recv_into(buffer))
        return bool(events)

    for number in range(task.members):
        member = Member(f"u{number}", task.port)
        members[member.socket.fileno()] = member
        epoll.register(member.socket, select.EPOLLIN)
        member.socket.sendall(member.request("client-hello"))
        read(0)
    while any(not member.lines for member in members.values()):
        read(PATIENCE)
    while read(0.3):
        pass
    print("{}", flush=True)
    sys.stdin.read()
    return {}


KINDS = {"flood": flood, "pace": pace, "idle": idle}


def main() -> None:
    """Do the task given as JSON and print what was measured."""
    task = Task(**json.loads(sys.argv[1]))
    print(json.dumps(KINDS[task.kind](task)), flush=True)


def command(task: Task) -> list[str]:
    """Return the command that does a task."""
    return [sys.executable, "-m", "benchmarks.load", json.dumps(asdict(task))]


if __name__ == "__main__":
    main()
