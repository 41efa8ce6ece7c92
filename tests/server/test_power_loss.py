"""Power fails at any moment: what the store has acknowledged is there afterwards, with the default setting."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import apsw
import pytest

from server.disk import Database, Disk
from tchat_server.changes import Change, GroupCreated, MessagePosted, UserSeen
from tchat_server.outcome import Page
from tchat_server.store import Store, Synchronous

CRASHES = int(os.environ.get("TCHAT_POWER_LOSSES", "40"))
"""How often the power fails; docs/operating.md names the long run."""

TS = "2026-11-23T09:30:00.000Z"


@dataclass
class Group:
    """What a client knows: how far the group went, by what was acknowledged and by what was tried."""

    path: Path
    disk: Disk
    random: Random
    monkeypatch: pytest.MonkeyPatch
    acknowledged: int = 0
    batches: list[range] = field(default_factory=list)

    @contextmanager
    def opened(self, synchronous: Synchronous) -> Iterator[Store]:
        """The store, as the server opens it, but on the disk; it need not close in good order."""
        pages = self.random.choice([1, 10, 1000])

        def connect(path: str, **_options: Any) -> Database:
            return Database(path, self.disk, pages)

        with self.monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", connect)
            store = Store(str(self.path), synchronous)
        try:
            yield store
        finally:
            with suppress(apsw.Error):
                store.close()

    def post_until_power_fails(self, synchronous: Synchronous, begin: int) -> None:
        with self.opened(synchronous) as store, suppress(apsw.Error):
            self.disk.operations = self.random.randint(1, 60)
            seq = begin
            while True:
                batch = range(seq, seq + self.random.randint(1, 5))
                self.batches.append(batch)
                store.commit([post(each) for each in batch])
                self.acknowledged, seq = batch[-1], batch.stop
        self.disk.restart(self.random)

    def stored(self, synchronous: Synchronous) -> int:
        """Return how far the group is stored, after judging that it is sound."""
        with self.opened(synchronous) as store:
            seqs = [item["seq"] for item in store.history(Page("server-msgs", "wob", 2**62, 1))]
            assert seqs == list(range(len(seqs), 0, -1)), "no hole, nothing twice"
            assert store._value("PRAGMA integrity_check") == "ok"
            assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
            last = max(seqs, default=0)
            assert not any(last in batch[:-1] for batch in self.batches), "a commit is there in part"
            store.commit([post(last + 1)])
        self.batches = [range(last + 1, last + 2)]
        return last


def post(seq: int) -> Change:
    return MessagePosted("wob", seq, "ann", f"{seq} " + "x" * (seq * 37 % 3000), TS)


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    disk = Disk("tchat-test-disk")
    group = Group(tmp_path / "t.sqlite", disk, Random(7), monkeypatch)  # noqa: S311 - the same crashes every time
    with group.opened("full") as store:
        store.commit([UserSeen("ann"), GroupCreated("wob", False)])
    yield group
    disk.unregister()


def losses(group: Group, synchronous: Synchronous) -> int:
    """Return after how many of the power failures something acknowledged was missing."""
    lost = 0
    begin = 1
    for _ in range(CRASHES):
        group.post_until_power_fails(synchronous, begin)
        last = group.stored(synchronous)
        lost += last < group.acknowledged
        group.acknowledged, begin = last + 1, last + 2
    print(f"{CRASHES} power failures, synchronous={synchronous}: {lost} lost something acknowledged; {begin} messages")
    return lost


def test_what_was_acknowledged_survives_power_failures(group: Group) -> None:
    assert losses(group, "full") == 0


def test_normal_risks_the_last_moments_and_nothing_else(group: Group) -> None:
    """This also shows that the disk does lose what is not synced."""
    assert losses(group, "normal") > 0
