"""A slow disk: everyone waits for the commit under way and no longer, because what comes meanwhile shares the next."""

import logging
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from server.people import Person, Town, town
from tchat_server import app, service
from tchat_server.changes import Change
from tchat_server.store import Store

COMMIT_SECONDS = 0.05
CROWD = 40


class SlowStore(Store):
    """A store whose every commit takes its time; ``commits`` are the numbers of changes in each."""

    commits: list[int]

    def commit(self, changes: Iterable[Change]) -> None:
        together = list(changes)
        self.commits.append(len(together))
        time.sleep(COMMIT_SECONDS)
        super().commit(together)


@pytest.fixture
async def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    SlowStore.commits = []
    monkeypatch.setattr(service, "Store", SlowStore)
    async with town(tmp_path / "tchat.sqlite") as people:
        yield people


async def acknowledged(people: list[Person], action: str) -> None:
    """Read until each has its acknowledgement of request 1."""
    for person in people:
        while not ((message := await person.receive())["action"] == action and message.get("id") == 1):
            pass


async def test_a_crowd_of_newcomers_costs_a_few_commits(slow: Town) -> None:
    crowd = [await slow.connect(f"u{number}") for number in range(CROWD)]
    for person in crowd:
        person.send("client-hello", id=1)
    await acknowledged(crowd, "server-hello")
    assert sum(SlowStore.commits) == CROWD
    assert len(SlowStore.commits) < CROWD / 4


async def test_messages_of_many_share_their_commits(slow: Town) -> None:
    crowd = [await slow.connect(f"u{number}") for number in range(CROWD)]
    for person in crowd:
        person.send("client-hello")
    await crowd[0].ask("cgroupe", group="wob")
    for person in crowd[1:]:
        await person.ask("join", group="wob")
    SlowStore.commits.clear()
    for person in crowd:
        person.send("gbroadcast", group="wob", msg="hello", id=1)
    await acknowledged(crowd, "server-gbroadcast")
    assert sum(SlowStore.commits) == CROWD
    assert len(SlowStore.commits) < CROWD / 4


async def test_a_slow_commit_is_in_the_log(
    slow: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await slow.come("ann")
    assert not caplog.records
    monkeypatch.setattr(app, "SLOW_COMMIT_SECONDS", COMMIT_SECONDS / 2)
    with caplog.at_level(logging.WARNING):
        await slow.come("bob")
    assert "storing 1 changes took" in caplog.text
