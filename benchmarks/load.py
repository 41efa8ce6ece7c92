"""The load generator: a process of its own with many users, who only count what they receive.

``python -m benchmarks.load TASK`` takes a task as JSON and prints what it measured as JSON.
"""

import json
import select
import sys
import time
from dataclasses import asdict, dataclass
from typing import Literal

from benchmarks.members import RECEIVED_AT_ONCE, Kind, Lost, Member, group

PATIENCE = 60.0
"""Seconds without anything after which a server has lost something."""

TEXT = "hello to everybody in here"


@dataclass(frozen=True, slots=True)
class Task:
    """What to do: all ``members`` join one group; ``senders`` of them post for ``seconds``.

    "flood": each sender keeps ``window`` messages in flight, each acknowledged one making room for the next;
    "pace": the one sender posts ``rate`` messages a second whatever comes back; "idle": nobody posts.
    """

    kind: Literal["flood", "pace", "idle"]
    port: int
    members: int
    protocol: Kind = "tchat"
    senders: int = 1
    window: int = 64
    rate: float = 100.0
    seconds: float = 2.0


class Flood:
    """Senders that keep a number of messages in flight, and a count of what arrives at all members."""

    def __init__(self, task: Task, members: list[Member]) -> None:
        self._members = {member.socket.fileno(): member for member in members}
        self._senders = {member.socket.fileno(): member for member in members[: task.senders]}
        self._posts = {number: member.post_and_ask(TEXT) for number, member in self._senders.items()}
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
        if self.arrived != self.expected or sum(each.answers for each in self._senders.values()) != self.posted:
            raise Lost(f"{self.arrived} messages arrived, not {self.expected}")

    def _turn(self) -> None:
        for number, _ in self._epoll.poll(1.0):
            member = self._members[number]
            size = member.receive(self._buffer)
            if number in self._senders:
                self._post(number, member.count_answers(self._buffer, size))

    def _post(self, number: int, count: int) -> None:
        if count and self.sending:
            self._members[number].socket.sendall(self._posts[number] * count)
            self.posted += count


def flood(task: Task) -> dict[str, float]:
    """Return deliveries a second, and the share of a processor that measuring took."""
    with group(task.protocol, task.port, task.members) as members:
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
    with group(task.protocol, task.port, task.members) as members:
        waits: list[int] = []
        buffer = bytearray(RECEIVED_AT_ONCE)
        by_number = {member.socket.fileno(): (member, buffer, bytearray()) for member in members}
        epoll = select.epoll()
        for number in by_number:
            epoll.register(number, select.EPOLLIN)
        total = int(task.rate * task.seconds)
        expected = total * (len(members) - (not members[0].hears_itself))
        posted, begin = 0, time.monotonic()
        while len(waits) < expected:
            due = begin + posted / task.rate
            if posted < total and time.monotonic() >= due:
                members[0].socket.sendall(members[0].post(f"at {time.monotonic_ns()} "))
                posted += 1
                continue
            events = epoll.poll(max(due - time.monotonic(), 0.0) if posted < total else PATIENCE)
            if not events and posted == total:
                raise Lost(f"{len(waits)} messages arrived, not {expected}")
            for number, _ in events:
                waits += _waits(*by_number[number])
        return _percentiles(waits)


def _waits(member: Member, buffer: bytearray, tail: bytearray) -> list[int]:
    """Return how long the messages took that have come; ``tail`` keeps the beginning of one that has in part."""
    size = member.receive(buffer)
    now = time.monotonic_ns()
    *lines, tail[:] = (tail + buffer[:size]).split(b"\n")
    return [now - int(line.partition(b"at ")[2].partition(b" ")[0]) for line in lines]


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
            members[number].receive(buffer)
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
