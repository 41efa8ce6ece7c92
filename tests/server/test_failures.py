"""What the server does when something of its own fails: nobody is told what is not stored, and it goes on."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

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
