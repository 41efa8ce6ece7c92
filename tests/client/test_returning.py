"""A session whose connection is lost: it comes back, misses nothing, and does nothing twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from client.wire import Wire, wire
from processes import ServerProcess
from tchat_client import Delays, Incoming, Lost, Notice, Session
from tchat_client.session import Ended

LIMIT = 20.0
SOON = Delays(first=0.02, most=0.1)


class Hearer:
    """A user who reads everything as it comes, and can wait for a message."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.heard: list[Incoming] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for incoming in self.session:
            async with self._news:
                self.heard.append(incoming)
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def until(self, condition: Callable[[list[Incoming]], bool]) -> None:
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: condition(self.heard))

    async def until_text(self, text: str) -> None:
        await self.until(lambda heard: any(each.text == text for each in heard))

    async def until_notice(self, beginning: str) -> None:
        await self.until(lambda heard: any(beginning in each for each in self.notices))

    @property
    def notices(self) -> list[str]:
        return [each.content.sentence for each in self.heard if isinstance(each.content, Notice)]

    @property
    def posts(self) -> list[str | None]:
        return [each.text for each in self.heard if each.action == "server-gbroadcast"]

    def actions(self, group: str) -> list[tuple[str, int]]:
        contents = [each.content for each in self.heard if isinstance(each.content, dict)]
        return [(each["action"], each["seq"]) for each in contents if each.get("group") == group]


@asynccontextmanager
async def user(name: str, port: int, **terms: Any) -> AsyncIterator[Hearer]:
    async with Session("127.0.0.1", port, name, **{"delays": SOON, "patience": LIMIT, **terms}) as session:
        yield Hearer(session)


@asynccontextmanager
async def alice_and_bob(server: ServerProcess, **terms: Any) -> AsyncIterator[tuple[Wire, Hearer, Session]]:
    """Alice behind a wire, bob without one, both in the group wob, and alice has heard all of it."""
    async with (
        wire(server.port) as laid,
        user("bob", server.port) as bob,
        user("alice", laid.port, **terms) as alice,
    ):
        await bob.session.create("wob")
        await alice.session.join("wob")
        await bob.session.post("wob", "before")
        await alice.until_text("before")
        yield laid, alice, bob.session


async def test_what_was_missed_comes_once_and_in_order(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        laid.cut()
        await alice.until_notice("Trying again in")
        await bob.post("wob", "one")
        async with Session("127.0.0.1", server.port, "carol") as carol:
            await carol.join("wob")
        await bob.post("wob", "two")
        await bob.send("alice", "psst")
        laid.mend()
        await alice.until_text("two")
        await bob.post("wob", "after")
        await alice.until_text("after")
        assert alice.posts == ["before", "one", "two", "after"]
        assert [each.missed for each in alice.heard if each.text in ("one", "after")] == [True, False]
        assert [seq for _, seq in alice.actions("wob")] == [2, 3, 4, 5, 6, 7]
        assert [each.text for each in alice.heard].count("psst") == 1
        assert any(each == "Connected again." for each in alice.notices)


async def test_events_are_fetched_too_and_end_where_the_user_was_put_out(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        laid.cut()
        await alice.until_notice("Trying again in")
        await bob.post("wob", "come back")
        await bob.kick("wob", "alice", "asleep")
        await bob.post("wob", "not for alice")
        laid.mend()
        await alice.until(lambda heard: any(each.action == "server-kick" for each in heard))
        await alice.session.clients()
        assert alice.posts == ["before", "come back"]
        assert alice.session.known.joined == set()


async def test_group_of_which_nothing_was_heard_before_is_found_too(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        await alice.session.quit()
        await bob.post("wob", "long ago")
        async with user("alice", laid.port) as again:
            await bob.broadcast("good morning")
            await again.until_text("good morning")
            laid.cut()
            await again.until_notice("Trying again in")
            await bob.post("wob", "meanwhile")
            laid.mend()
            await again.until_text("meanwhile")
            assert again.posts == ["meanwhile"]
            assert again.session.known.joined == {"wob"}


async def test_server_that_wants_requests_more_slowly_is_obeyed() -> None:
    with ServerProcess(":memory:", "--max-rate", "1") as server:  # four requests at once
        async with alice_and_bob(server) as (laid, alice, bob):
            async with Session("127.0.0.1", server.port, "carol") as carol:
                await carol.create("den")
            laid.cut()
            await alice.until_notice("Trying again in")
            await bob.post("wob", "meanwhile")
            laid.mend()
            await alice.until_text("meanwhile")
            assert not [each for each in alice.notices if "completely" in each]


async def test_pages_of_history_are_read_to_the_last_message_seen(server: ServerProcess, monkeypatch: Any) -> None:
    monkeypatch.setattr("tchat_client.missed.PAGE", 3)
    async with alice_and_bob(server) as (laid, alice, bob):
        laid.cut()
        await alice.until_notice("Trying again in")
        texts = [str(number) for number in range(10)]
        for text in texts:
            await bob.post("wob", text)
        laid.mend()
        await alice.until_text("9")
        assert alice.posts == ["before", *texts]


async def test_server_that_is_killed_and_started_again_loses_nothing(tmp_path: Path) -> None:
    database = tmp_path / "tchat.sqlite"
    with ServerProcess(database) as first:
        port = first.port
        async with user("alice", port) as alice, user("bob", port) as bob:
            await alice.session.create("wob")
            await bob.session.join("wob")
            await bob.session.post("wob", "before")
            await alice.until_text("before")
            first.kill()
            await alice.until_notice("Trying again in")
            waiting = asyncio.create_task(alice.session.post("wob", "typed meanwhile"))
            with ServerProcess(database, "--port", str(port)):
                assert (await waiting)["seq"] == 4
                await bob.until_text("typed meanwhile")
                await bob.session.post("wob", "after")
                await alice.until_text("after")
                for each in (alice, bob):
                    assert each.posts == ["before", "typed meanwhile", "after"]
                await alice.session.quit()
                await bob.session.quit()


async def test_change_whose_answer_was_lost_is_found_in_the_history_and_not_done_twice(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        laid.cut_after_request("are you there?")
        answer = await alice.session.post("wob", "are you there?")
        assert (answer["seq"], answer["msg"]) == (4, "are you there?")
        laid.cut_after_request('"den"')
        assert (await alice.session.create("den", private=True))["private"] is True
        assert alice.session.known.joined == {"wob", "den"}
        await bob.post("wob", "yes")
        await alice.until_text("yes")
        assert alice.posts == ["before", "are you there?", "yes"]


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("gbroadcast", {"group": "wob", "msg": "lost"}),
        ("leave", {"group": "wob"}),
        ("cgroupe", {"group": "den"}),
    ],
)
async def test_change_that_never_reached_the_server_is_sent_once_more_and_said(
    server: ServerProcess, action: str, fields: dict[str, str]
) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        laid.cut_before_request(f'"{action}"')
        answer = await alice.session.request(action, **fields)
        assert answer["group"] == fields["group"]
        assert f"{action} had not been carried out; it is sent once more." in alice.notices
        events = (await bob.request("states", group=fields["group"]))["events"]
        posts = (await bob.request("msgs", group=fields["group"]))["messages"]
        assert [each["sender"] for each in (*events[2:], *posts[1:])] == (["alice"] if fields["group"] == "wob" else [])


async def test_change_whose_group_cannot_be_read_is_unsure(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        await bob.create("den", private=True)
        laid.cut_before_request('"join"')
        with pytest.raises(Lost, match=r"before join was answered\. It is not sent again by itself: see states;den"):
            await alice.session.join("den")
        assert alice.session.known.joined == {"wob"}


@pytest.mark.parametrize("reaches", [True, False])
async def test_private_message_under_way_is_unsure_and_not_sent_again(server: ServerProcess, reaches: bool) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        (laid.cut_after_request if reaches else laid.cut_before_request)("psst")
        with pytest.raises(Lost, match=r"It is not sent again by itself: ask bob whether it came\."):
            await alice.session.send("bob", "psst")
        await bob.send("alice", "hm?")
        await alice.until_text("hm?")


async def test_listing_under_way_is_asked_again(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, _):
        laid.cut_after_request('"client-list-clients"')
        assert sorted((await alice.session.clients())["clients"]) == ["alice", "bob"]


async def test_nothing_is_lost_or_done_twice_however_often_the_connection_is_cut(server: ServerProcess) -> None:
    moments = random.Random(6)  # noqa: S311 - nothing secret

    async def cut(laid: Wire) -> None:
        while True:
            await asyncio.sleep(moments.uniform(0.02, 0.2))
            laid.cut()
            await asyncio.sleep(moments.uniform(0, 0.05))
            laid.mend()

    async def post(session: Session) -> None:
        for number in range(80):
            await session.post("wob", f"{session.name} {number}")

    async with alice_and_bob(server) as (laid, alice, bob):
        cutting = asyncio.create_task(cut(laid))
        await asyncio.gather(post(alice.session), post(bob))
        cutting.cancel()
        laid.mend()
        await bob.post("wob", "the end")
        await alice.until_text("the end")
        history = [each["msg"] for each in (await bob.request("msgs", group="wob", limit=1000))["messages"]]
        assert alice.posts == history
        assert len(history) == len(set(history)) == 162


async def test_request_of_which_the_connection_is_lost_again_and_again_is_given_up(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, _):
        laid.cut_after_request('"client-list-clients"', always=True)
        with pytest.raises(Lost, match=r"before client-list-clients was answered\. Ask once more\."):
            await alice.session.clients()
        assert len([each for each in alice.notices if each == "Connected again."]) == 3
        assert (await alice.session.groups())["groups"]


async def test_name_still_taken_by_the_lost_connection_is_waited_for(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, bob):
        laid.keeps_servers_end = True
        laid.cut()
        laid.mend()
        await alice.until_notice("client-hello was refused (name-taken)")
        await bob.post("wob", "meanwhile")
        laid.end_servers_side()
        await alice.until_text("meanwhile")
        assert alice.posts == ["before", "meanwhile"]


async def test_who_does_not_come_back_in_time_gives_up(server: ServerProcess) -> None:
    async with alice_and_bob(server, delays=Delays(first=0.02, most=0.1, give_up=0.3)) as (laid, alice, _):
        laid.cut()
        await alice.until_notice("Trying again in")
        with pytest.raises(Ended, match="No further attempt"):
            await alice.session.clients()


async def test_without_delays_the_session_ends_with_its_connection(server: ServerProcess) -> None:
    async with alice_and_bob(server, delays=None) as (laid, alice, _):
        laid.cut()
        await alice.until(lambda _: alice.session.ended is not None)
        with pytest.raises(Ended):
            await alice.session.clients()


async def test_quitting_while_away_ends_at_once(server: ServerProcess) -> None:
    async with alice_and_bob(server) as (laid, alice, _):
        laid.cut()
        await alice.until_notice("Trying again in")
        waiting = asyncio.create_task(alice.session.clients())
        await asyncio.sleep(0)
        await alice.session.quit()
        with pytest.raises(Ended):
            await waiting


def test_delays_grow_to_a_bound_and_are_never_all_the_same() -> None:
    delays = [each for each, _ in zip(Delays(first=1, most=8), range(8), strict=False)]
    for delay, most in zip(delays, (1, 2, 4, 8, 8, 8, 8, 8), strict=True):
        assert most / 2 <= delay <= most
    assert len(set(delays)) == 8
