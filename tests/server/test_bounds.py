"""What one peer can do to the others, and how it is stopped: sizes, queues, numbers of connections."""

import json
from pathlib import Path

import pytest

from processes import ServerProcess
from server.people import Gone, Person, Town, town
from tchat_protocol.framing import MAX_REQUEST_BYTES
from tchat_protocol.messages import MAX_REPLY_BYTES


def request_of(size: int) -> bytes:
    frame = b'{"action":"client-hello","from":"ann","x":""}'
    return frame.replace(b'""', b'"' + b"x" * (size - len(frame)) + b'"')


async def test_longest_request_is_accepted(square: Town) -> None:
    ann = await square.connect("ann")
    ann.write(request_of(MAX_REQUEST_BYTES))
    assert (await ann.receive())["action"] == "server-hello"


@pytest.mark.parametrize("size", [MAX_REQUEST_BYTES + 1, 3_000_000])
async def test_longer_request_gets_its_error_before_the_connection_closes(square: Town, size: int) -> None:
    bob = await square.come("bob")
    ann = await square.connect("ann")
    ann.write(request_of(size))
    assert (await ann.receive())["code"] == "too-large"
    with pytest.raises(Gone):
        await ann.receive()
    assert await bob.news() == []


async def test_too_large_frees_the_name(square: Town) -> None:
    _, ann = await square.come_all("bob", "ann")
    ann.write(request_of(MAX_REQUEST_BYTES + 1))
    assert [message["action"] for message in await ann.rest()] == ["server-error"]
    await square.come("ann")


async def test_what_came_before_the_end_of_input_is_answered(square: Town) -> None:
    ann = await square.connect("ann")
    ann.send("client-hello")
    ann.send("cgroupe", group="wob")
    ann.write(b'{"action":"cgroupe","sender":"ann","group":"half')
    ann.writer.write_eof()
    assert [message["action"] for message in await ann.rest()] == ["server-hello", "server-cgroupe"]
    bob = await square.come("bob")
    assert [row["group"] for row in (await bob.ask("groups"))["groups"]] == ["wob"]


async def test_peer_that_vanishes_in_the_middle_of_a_message_departs(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    bob.write(b'{"action":"client-broadcast","from":"bob","msg":"half')
    await bob.writer.drain()
    bob.reset()
    assert await ann.receive() == {"action": "server-presence", "from": "bob", "online": False}


async def test_who_does_not_read_is_cut_off_and_holds_nobody_up(tmp_path: Path) -> None:
    async with town(tmp_path / "t.sqlite", max_queue=65_536) as square:
        ann, bob, deaf = await square.come_all("ann", "bob", "deaf")
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        said, heard = 0, []
        while "deaf" in (await ann.ask("client-list-clients"))["clients"]:
            await ann.ask("client-broadcast", msg="x" * 8000)
            said += 1
            heard += [message["action"] for message in await bob.news()]
        heard += [message["action"] for message in await bob.news()]
        assert heard == ["server-broadcast"] * said + ["server-presence"], "bob, who reads, has everything"


async def test_many_who_write_at_once_queue_no_more_for_who_does_not_read_than_allowed(tmp_path: Path) -> None:
    """Without a bound of what a turn delivers these posts would take 300 MB in all queues together."""
    crowd, posts = 60, 10
    with ServerProcess(tmp_path / "t.sqlite", "--max-queue", "65536") as server:
        people = [await Person.connect(f"u{number}", server.port) for number in range(crowd)]
        for person in people:
            await person.ask("join" if person is not people[0] else "cgroupe", group="wob")
        for person in people:
            await person.news()
        before = peak_memory(server)
        for person in people:
            person.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for person in people:
            for _ in range(posts):
                person.send("gbroadcast", group="wob", msg="x" * 8000)
        watcher = await Person.connect("watcher", server.port)
        while (await watcher.ask("members", group="wob"))["online"]:
            await watcher.ask("client-broadcast", msg="x" * 8000)
        assert peak_memory(server) - before < 100, "MB"
        for person in [*people, watcher]:
            await person.close()


def peak_memory(server: ServerProcess) -> float:
    """The most memory that the server has held, in MB."""
    try:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    except FileNotFoundError:
        pytest.skip("this system does not say how much memory a process takes")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def test_who_asks_much_and_reads_slowly_is_served_in_the_end(square: Town) -> None:
    ann = await square.come("ann")
    await fill_group(ann, 40)
    for number in range(60):
        ann.send("msgs", group="wob", limit=1000, id=f"p{number}")
    assert [(await ann.receive()).get("id") for _ in range(60)] == [f"p{number}" for number in range(60)]


async def fill_group(person: Person, posts: int) -> None:
    await person.ask("cgroupe", group="wob")
    for _ in range(posts):
        person.send("gbroadcast", group="wob", msg="\x01" * 8192)
    await person.news()


async def test_pages_stay_within_their_size_and_read_everything_once(square: Town) -> None:
    ann = await square.come("ann")
    await fill_group(ann, 50)
    seen: list[int] = []
    fields: dict[str, int] = {}
    more = True
    while more:
        ann.send("msgs", group="wob", limit=1000, **fields)
        line = await ann.reader.readline()
        assert len(line) <= MAX_REPLY_BYTES
        page = json.loads(line)
        seen = [item["seq"] for item in page["messages"]] + seen
        more = page["more"]
        fields = {"before": seen[0]}
    assert seen == list(range(2, 52))


async def test_further_connections_are_refused_when_the_server_is_full(tmp_path: Path) -> None:
    async with town(tmp_path / "t.sqlite", max_connections=2) as square:
        await square.come_all("ann", "bob")
        cyd = await square.connect("cyd")
        cyd.send("client-hello")
        assert [message["code"] for message in await cyd.rest()] == ["server-full"]


async def test_each_of_a_crowd_is_told_that_the_server_is_full(tmp_path: Path) -> None:
    async with town(tmp_path / "t.sqlite", max_connections=1) as square:
        await square.come("ann")
        for number in range(200):
            late = await square.connect(f"u{number}")
            late.send("client-hello")
            assert [message["code"] for message in await late.rest()] == ["server-full"]


async def test_a_place_is_free_again_when_somebody_leaves(tmp_path: Path) -> None:
    async with town(tmp_path / "t.sqlite", max_connections=1) as square:
        ann = await square.come("ann")
        await ann.ask("client-quit")
        await ann.close()
        while True:
            bob = await square.connect("bob")
            bob.send("client-hello")
            if (await bob.receive())["action"] == "server-hello":
                break


async def test_who_owns_as_many_groups_as_allowed_founds_no_more(tmp_path: Path) -> None:
    async with town(tmp_path / "t.sqlite", max_groups=1) as square:
        ann, bob = await square.come_all("ann", "bob")
        await ann.ask("cgroupe", group="one")
        assert await ann.refused("cgroupe", group="two") == "storage-full"
        assert (await bob.ask("cgroupe", group="two"))["action"] == "server-cgroupe"


@pytest.mark.parametrize("piece", [b'{"action":"client-list-clients","from":"ann"}', b"{}", b"{x\n"])
async def test_flood_of_requests_does_not_keep_others_waiting(square: Town, piece: bytes) -> None:
    ann, bob = await square.come_all("ann", "bob")
    ann.write(5000 * piece)
    ann.send("cgroupe", group="last")
    groups = (await bob.ask("groups"))["groups"]
    assert groups == [], "bob is answered before the end of the flood"


async def test_bad_input_of_one_is_nothing_to_the_others(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    bad = [b"[" * 100_000 + b"\n", b"null\n", b'{"action":null}\n', b"\xff\xfe\n", b'{"action":"\\ud800"}\n', b"{}\n"]
    for each in bad:
        ann.write(each)
    assert len(await ann.news()) == len(bad)
    assert await bob.news() == []
    assert (await ann.ask("client-send", to="bob", msg="hi"))["action"] == "server-send"
