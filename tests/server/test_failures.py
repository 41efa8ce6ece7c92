"""What the server does when something of its own fails: nobody is told what is not stored, and it goes on."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest

from server.people import Town, town
from tchat_server import rooms, service
from tchat_server.outcome import Outcome
from tchat_server.store import Store


@pytest.fixture
async def stores(monkeypatch: pytest.MonkeyPatch) -> list[Store]:
    """The stores that servers open from now on."""
    opened: list[Store] = []

    class Recorded(Store):
        def __init__(self, *options: Any) -> None:
            super().__init__(*options)
            opened.append(self)

    monkeypatch.setattr(service, "Store", Recorded)
    return opened


@pytest.fixture
async def square(tmp_path: Path, stores: list[Store]) -> AsyncIterator[Town]:
    async with town(tmp_path / "tchat.sqlite") as people:
        yield people


def fill_up(store: Store) -> None:
    """Leave no page to grow into."""
    store._db.execute(f"PRAGMA max_page_count = {store._value('PRAGMA page_count')}")


def make_room(store: Store) -> None:
    store._db.execute("PRAGMA max_page_count = 1000000")


async def test_full_storage_is_told_to_the_requester_and_nothing_is_delivered(
    square: Town, stores: list[Store]
) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    await bob.ask("join", group="wob")
    await ann.news()
    fill_up(stores[0])
    code = ""
    sent = 0
    while code != "storage-full":
        answer = await ann.ask("gbroadcast", group="wob", msg="x" * 8000)
        code = answer.get("code", "")
        sent += not code
    assert len(await bob.news()) == sent
    assert (await ann.ask("groups"))["groups"] != [], "reading goes on"
    make_room(stores[0])
    posted = await ann.ask("gbroadcast", group="wob", msg="again")
    assert posted["seq"] == sent + 3, "no hole"
    assert await bob.news() == [posted]


async def test_requests_of_one_turn_are_judged_one_by_one(square: Town, stores: list[Store]) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    fill_up(stores[0])
    big = "x" * 8192
    for number in range(40):
        ann.send("gbroadcast", group="wob", msg=big, id=f"big{number}")
    ann.send("cgroupe", group="tiny", id="small")
    ann.send("groups", id="groups")
    answers = [await ann.receive() for _ in range(42)]
    assert [answer["id"] for answer in answers] == [*(f"big{number}" for number in range(40)), "small", "groups"]
    stored = [answer["seq"] for answer in answers[:40] if "seq" in answer]
    refused = [answer["code"] for answer in answers[:40] if "code" in answer]
    assert refused
    assert set(refused) == {"storage-full"}
    assert stored == list(range(2, 2 + len(stored)))
    assert ({row["group"] for row in answers[41]["groups"]} == {"wob", "tiny"}) == ("seq" in answers[40])
    assert await bob.news() == []


async def test_newcomer_that_cannot_be_stored_is_not_bound(square: Town, stores: list[Store]) -> None:
    ann = await square.come("ann")
    stores[0]._db.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON main.users BEGIN SELECT raise(ABORT, 'no'); END")
    bob = await square.connect("bob")
    assert await bob.refused("client-hello") == "internal-error"
    assert await ann.news() == []
    stores[0]._db.execute("DROP TRIGGER full")
    assert (await bob.ask("client-hello"))["action"] == "server-hello"


async def test_newcomers_of_one_turn_are_judged_one_by_one(square: Town, stores: list[Store]) -> None:
    ann = await square.come("ann")
    fill_up(stores[0])
    crowd = [await square.connect("n" * 29 + f"{number:03}") for number in range(160)]
    for person in crowd:
        person.send("client-hello")
        person.send("client-list-clients")
    firsts = [await person.receive() for person in crowd]
    assert {first["action"] for first in firsts} == {"server-hello", "server-error"}
    assert {first.get("code") for first in firsts} == {None, "storage-full"}
    inside = [each.name for each, first in zip(crowd, firsts, strict=True) if first["action"] == "server-hello"]
    assert (await ann.ask("client-list-clients"))["clients"] == ["ann", *inside]
    assert [message["from"] for message in ann.heard] == inside


async def test_failure_of_the_database_is_an_internal_error(square: Town, stores: list[Store]) -> None:
    ann, bob = await square.come_all("ann", "bob")
    stores[0]._db.execute(
        "CREATE TEMP TRIGGER broken BEFORE INSERT ON main.broadcasts BEGIN SELECT raise(ABORT, 'no'); END"
    )
    ann.send("client-broadcast", msg="lost", id=1)
    ann.send("client-send", to="bob", msg="kept", id=2)
    answers = [await ann.receive(), await ann.receive()]
    assert [answer.get("code") for answer in answers] == ["internal-error", None]
    assert [message["msg"] for message in await bob.news()] == ["kept"]


async def test_waiting_messages_come_again_if_their_delivery_could_not_be_noted(
    square: Town, stores: list[Store]
) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await bob.ask("client-quit")
    await ann.ask("client-send", to="bob", msg="hi")
    stores[0]._db.execute(
        "CREATE TEMP TRIGGER broken BEFORE UPDATE ON main.private_messages BEGIN SELECT raise(ABORT, 'no'); END"
    )
    for _ in range(2):
        bob = await square.connect("bob")
        await bob.ask("client-hello")
        assert [message["msg"] for message in await bob.news()] == ["hi"]
        await bob.ask("client-quit")


async def test_fault_in_one_request_is_told_to_its_sender_alone(
    square: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_ask: rooms.Ask) -> Outcome:
        raise ZeroDivisionError

    ann, bob = await square.come_all("ann", "bob")
    monkeypatch.setitem(rooms._OUTSIDE_GROUPS, "groups", fail)
    ann.send("client-broadcast", msg="before")
    ann.send("groups", id=1)
    ann.send("client-broadcast", msg="after")
    answers = [await ann.receive() for _ in range(3)]
    assert [answer.get("code", answer.get("msg")) for answer in answers] == ["before", "internal-error", "after"]
    assert answers[1]["id"] == 1
    assert [message["msg"] for message in await bob.news()] == ["before", "after"]
    assert "ZeroDivisionError" in caplog.text


async def test_answer_that_breaks_its_schema_is_never_sent_and_changes_nothing(
    square: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = rooms._OUTSIDE_GROUPS["cgroupe"]

    def spoil(ask: rooms.Ask) -> Outcome:
        outcome = create(ask)
        assert isinstance(outcome.answer, dict)
        outcome.answer["seq"] = 0
        return outcome

    ann = await square.come("ann")
    monkeypatch.setitem(rooms._OUTSIDE_GROUPS, "cgroupe", spoil)
    assert await ann.refused("cgroupe", group="wob") == "internal-error"
    assert (await ann.ask("groups"))["groups"] == []


async def test_damaged_history_harms_its_reader_alone(square: Town, stores: list[Store]) -> None:
    ann = await square.come("ann")
    await ann.ask("cgroupe", group="wob")
    stores[0]._db.execute("UPDATE group_events SET ts = 'yesterday'")
    assert await ann.refused("states", group="wob") == "internal-error"
    assert (await ann.ask("msgs", group="wob"))["messages"] == []


async def test_passwords_are_in_no_log(
    square: Town, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_ask: rooms.Ask) -> Outcome:
        raise sqlite3.OperationalError

    caplog.set_level(0)
    monkeypatch.setitem(rooms._OUTSIDE_GROUPS, "client-hello", fail)
    word = "correct horse"
    ann = await square.connect("ann")
    assert await ann.refused("client-hello", pass_=word) == "internal-error"
    assert word not in caplog.text


def lock(path: Path) -> sqlite3.Connection:
    """Write to a database as another program does that takes its time."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


async def test_a_database_that_another_program_locks_is_waited_for_once_and_service_goes_on(
    square: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for as many time-outs as there are requests, and nothing is acknowledged or half done."""
    people = await square.come_all(*(f"u{number}" for number in range(10)))
    owner, *others = people
    await owner.ask("cgroupe", group="wob")
    for person in others:
        await person.ask("join", group="wob")
    for person in people:
        await person.news()
    monkeypatch.setattr("tchat_server.store.BUSY_SECONDS", 0.1)
    other = lock(tmp_path / "tchat.sqlite")
    with caplog.at_level(logging.INFO, "tchat.server"):
        for number, person in enumerate(people * 3):
            person.send("gbroadcast", group="wob", msg="locked", id=number)
        for person in people:
            codes = [(await person.receive()).get("code") for _ in range(3)]
            assert codes == ["internal-error"] * 3
        assert (await owner.ask("members", group="wob"))["owner"] == "u0", "reading goes on"
        other.execute("ROLLBACK")
        other.close()
        posted = await owner.ask("gbroadcast", group="wob", msg="open")
    assert posted["seq"] == 11, "no hole"
    for person in others:
        assert await person.news() == [posted]
    told = [record.message for record in caplog.records if "commit" in record.message]
    assert told == ["the store refused a commit: database is locked", "the store takes commits again"]


async def test_who_comes_while_nothing_can_be_stored_is_told_and_comes_later(square: Town, tmp_path: Path) -> None:
    ann = await square.come("ann")
    other = lock(tmp_path / "tchat.sqlite")
    bob = await square.connect("bob")
    assert (await bob.ask("client-hello"))["code"] == "internal-error"
    assert await ann.news() == [], "nobody has come"
    other.execute("ROLLBACK")
    other.close()
    assert (await bob.ask("client-hello"))["action"] == "server-hello"
    assert [message["action"] for message in await ann.news()] == ["server-presence"]


async def test_a_database_that_cannot_be_written_any_more_stops_no_reading(square: Town, stores: list[Store]) -> None:
    ann = await square.come("ann")
    await ann.ask("cgroupe", group="wob")
    stores[0]._db.execute("PRAGMA query_only = 1")
    assert (await ann.ask("gbroadcast", group="wob", msg="x"))["code"] == "internal-error"
    assert (await ann.ask("msgs", group="wob"))["messages"] == []
    stores[0]._db.execute("PRAGMA query_only = 0")
    assert (await ann.ask("gbroadcast", group="wob", msg="x"))["seq"] == 2


async def test_a_database_that_cannot_be_read_either_leaves_no_hole(
    square: Town, stores: list[Store], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not stored cannot be undone by reading then; nobody is served until it can be read again."""
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    await bob.ask("join", group="wob")
    await ann.news()
    stores[0]._db.set_authorizer(lambda *_what: sqlite3.SQLITE_DENY)
    for _ in range(2):
        for person in (ann, bob):
            person.send("gbroadcast", group="wob", msg="lost")
        assert [(await person.receive()).get("code") for person in (ann, bob)] == ["internal-error"] * 2
        assert (await bob.ask("members", group="wob"))["code"] == "internal-error"
        monkeypatch.setattr("tchat_server.app.READ_AGAIN_SECONDS", 0)
    assert (await (await square.connect("cyd")).ask("client-hello"))["code"] == "internal-error"
    stores[0]._db.set_authorizer(None)
    posted = await ann.ask("gbroadcast", group="wob", msg="kept")
    assert posted["seq"] == 3, "no hole"
    assert await bob.news() == [posted]
    assert [record.exc_info for record in caplog.records] == [None] * 2, "once, and no fault of the server's own"


async def test_a_history_that_cannot_be_read_is_told_to_its_reader_and_once_in_the_log(
    square: Town, stores: list[Store], caplog: pytest.LogCaptureFixture
) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    await bob.close()
    await ann.ask("client-send", to="bob", msg="it waits")
    unreadable = {"group_events", "private_messages"}
    stores[0]._db.set_authorizer(lambda action, table, *_more: action == sqlite3.SQLITE_READ and table in unreadable)
    for _ in range(3):
        assert await ann.refused("states", group="wob") == "internal-error"
    bob = await square.connect("bob")
    assert [message["action"] for message in [await bob.ask("client-hello"), *await bob.news()]] == ["server-hello"]
    assert (await ann.ask("gbroadcast", group="wob", msg="x"))["seq"] == 2
    assert len(caplog.records) <= len(unreadable)
    await bob.close()
    stores[0]._db.set_authorizer(None)
    bob = await square.connect("bob")
    await bob.ask("client-hello")
    assert [message["msg"] for message in await bob.news()] == ["it waits"]


async def test_what_would_go_into_a_file_that_was_removed_is_not_acknowledged(square: Town, tmp_path: Path) -> None:
    ann = await square.come("ann")
    await ann.ask("cgroupe", group="wob")
    file = tmp_path / "tchat.sqlite"
    file.rename(tmp_path / "elsewhere")
    assert (await ann.ask("gbroadcast", group="wob", msg="lost"))["code"] == "internal-error"
    (tmp_path / "elsewhere").rename(file)
    assert (await ann.ask("gbroadcast", group="wob", msg="kept"))["seq"] == 2


async def test_a_clock_that_is_set_back_changes_no_order(square: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are told as the clock has them; what comes first, and how long somebody has, goes by no clock."""
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    await bob.ask("join", group="wob")
    await ann.news()
    for year in (2026, 1999, 2040, 2026):

        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None, *, year: int = year) -> Self:
                return cls(year, 1, 1, tzinfo=tz)

        monkeypatch.setattr("tchat_server.app.datetime", Clock)
        posted = await ann.ask("gbroadcast", group="wob", msg=f"in {year}")
        assert posted["ts"] == f"{year}-01-01T00:00:00.000Z"
    assert [message["seq"] for message in await bob.news()] == [3, 4, 5, 6]
    history = (await bob.ask("msgs", group="wob"))["messages"]
    assert [item["msg"] for item in history] == ["in 2026", "in 1999", "in 2040", "in 2026"]
