"""Whether a long history costs anything: at start, and when its newest page is read."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contest import Effort
from benchmarks.members import Member
from benchmarks.results import Line, Target
from benchmarks.servers import FULL, running
from tchat_server.changes import Change, GroupCreated, MemberAdded, MessagePosted, OwnerChanged, UserSeen
from tchat_server.store import Store

MESSAGES = 1_000_000
QUICK_MESSAGES = 10_000
FEW = 100
BATCH = 10_000
REQUESTS = 50


@contextmanager
def _databases(messages: int) -> Iterator[tuple[Path, Path]]:
    """Make a database without messages, and one with a group "many" of a million messages and "few" of a hundred."""
    with TemporaryDirectory(prefix="tchat-bench-") as folder:
        empty, filled = Path(folder) / "empty.sqlite", Path(folder) / "filled.sqlite"
        for path, sizes in ((empty, {}), (filled, {"few": FEW, "many": messages})):
            store = Store(str(path))
            for group, size in sizes.items():
                _fill(store, group, size)
            store.close()
        yield empty, filled


def _fill(store: Store, group: str, size: int) -> None:
    owner = f"owner-of-{group}"
    founding: list[Change] = [
        UserSeen(owner), GroupCreated(group, private=False), OwnerChanged(group, owner), MemberAdded(group, owner),
    ]  # fmt: skip
    store.commit(founding)
    for first in range(1, size + 1, BATCH):
        numbers = range(first, min(first + BATCH, size + 1))
        store.commit([MessagePosted(group, n, owner, f"message {n}", "2026-11-23T09:30:00.000Z") for n in numbers])


def start_up(effort: Effort) -> list[Line]:
    """Target 5: on a database of a million messages at most a second more than on an empty one."""
    messages = QUICK_MESSAGES if effort.quick else MESSAGES
    empty, filled = [], []
    with _databases(messages) as (without, with_messages):
        for _ in range(effort.repeats):
            empty.append(_start(without))
            filled.append(_start(with_messages))
    more = [late - early for late, early in zip(filled, empty, strict=True)]
    case = f"{messages:,} stored messages"
    return [
        Line("start-up", "empty database", "time to listen", "s", FULL.name, empty),
        Line("start-up", case, "time to listen", "s", FULL.name, filled, "empty database", empty),
        Line("start-up", case, "time more", "s", FULL.name, more, target=Target("figure", "at most", 1.0)),
    ]


def _start(database: Path) -> float:
    begin = time.monotonic()
    with running(FULL, database):
        return time.monotonic() - begin


def page(effort: Effort) -> list[Line]:
    """Target 5: the 100 newest of a million messages within 1.5 of the time of the 100 of a hundred."""
    messages = QUICK_MESSAGES if effort.quick else MESSAGES
    times: dict[str, list[float]] = {"few": [], "many": []}
    with _databases(messages) as (_, database), running(FULL, database) as server:
        member = Member("reader", server.port)
        member.ask("client-hello")
        for _ in range(effort.repeats):
            for group, found in times.items():
                found.append(_fastest(member, group))
        member.socket.shutdown(socket.SHUT_RDWR)
        member.socket.close()
    small = f"{FEW} messages"
    return [
        Line("msgs", small, "page of 100", "ms", FULL.name, times["few"]),
        Line(
            "msgs", f"{messages:,} messages", "page of 100", "ms", FULL.name, times["many"], small, times["few"],
            Target("ratio", "at most", 1.5),
        ),
    ]  # fmt: skip


def _fastest(member: Member, group: str) -> float:
    """Return the shortest of some requests, in milliseconds: what else the machine does only makes them longer."""
    shortest = float("inf")
    for _ in range(REQUESTS):
        begin = time.monotonic()
        member.ask("msgs", group=group)
        shortest = min(shortest, time.monotonic() - begin)
    return shortest * 1e3
