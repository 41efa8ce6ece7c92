"""The one checker of the fault runs: what each client was acknowledged and received, held against what is stored."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Message = dict[str, Any]


@dataclass
class Witness:
    """What one connection of a member saw of a group, in the order in which it came; its own messages as well."""

    acknowledged: list[Message] = field(default_factory=list)
    received: list[Message] = field(default_factory=list)

    def note(self, message: Message) -> None:
        """Take one message; those that carry an ``id`` answer this connection's own requests."""
        if message["action"] == "server-gbroadcast":
            self.received.append(message)
            if "id" in message:
                self.acknowledged.append(message)


def check(witnesses: Iterable[Witness], history: list[Message], events: list[Message]) -> None:
    """Nothing lost, nothing invented, nothing twice, one order without holes.

    The members must neither come to the group nor leave it while the witnesses look on.
    """
    assert sorted(item["seq"] for item in history + events) == list(range(1, len(history) + len(events) + 1)), "holes"
    stored = {item["seq"]: _told(item) for item in history}
    assert max(Counter(item["msg"] for item in history).values(), default=1) == 1, "something is stored twice"
    for witness in witnesses:
        for message in witness.received:
            assert stored.get(message["seq"]) == _told(message), f"told, but not stored: {message}"
        seen = [message["seq"] for message in witness.received]
        if seen:
            between = [seq for seq in sorted(stored) if seen[0] <= seq <= seen[-1]]
            assert seen == between, "a member missed a message, or had it twice or out of order"


def check_file(database: Path) -> None:
    """The database is sound, as SQLite judges it."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def _told(item: Message) -> tuple[Any, ...]:
    return item["sender"], item["msg"], item["ts"]
