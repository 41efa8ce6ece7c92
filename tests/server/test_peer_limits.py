"""What one peer may take: connections from its address, requests a second, time to say who it is."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from click import Context
from hypothesis import given
from hypothesis import strategies as st

from server.people import Gone, Person, town
from tchat_server.cli import main
from tchat_server.limits import BURST, Bucket, PeerLimits

ROOT = Path(__file__).parents[2]


async def assert_works(*, ann: Person, bob: Person) -> None:
    """A message of one who is in is acknowledged, and another receives it."""
    await bob.news()
    posted = await ann.ask("client-broadcast", msg="still here")
    assert await bob.news() == [posted]


async def test_too_many_connections_from_one_address_are_refused() -> None:
    async with town(max_per_address=3) as square:
        ann, bob = await square.come_all("ann", "bob")
        third = await square.connect("cyd")
        flood = [await square.connect(f"u{number}") for number in range(100)]
        for person in flood:
            assert [message["code"] for message in await person.rest()] == ["server-full"]
        await assert_works(ann=ann, bob=bob)
        for person in [third, *flood]:
            await person.close()
        while True:  # until the server has seen that they are gone
            again = await square.connect("eve")
            again.send("client-hello")
            if (await again.receive())["action"] == "server-hello":
                break


async def test_too_many_requests_are_refused_and_others_do_not_notice() -> None:
    async with town(max_rate=5) as square:
        ann, bob = await square.come_all("ann", "bob")
        for number in range(100):
            ann.send("client-broadcast", msg="spam", id=number)
        answers = [await ann.receive() for _ in range(100)]
        assert [answer["id"] for answer in answers] == list(range(100)), "each is answered, in order"
        refused = [answer for answer in answers if answer["action"] == "server-error"]
        assert {answer["code"] for answer in refused} == {"rate-limited"}
        assert len(answers) - len(refused) >= 5 * BURST - 3
        heard = await bob.news()
        assert len(heard) == len(answers) - len(refused)
        while (await ann.ask("client-broadcast", msg="later")).get("code") == "rate-limited":
            pass
        assert len(await bob.news()) == 1, "time gives new requests"


@pytest.mark.parametrize("piece", [b"", b'{"action":"client-hello","from":"', b"{}\n"])
async def test_who_does_not_say_who_it_is_in_time_is_let_go(piece: bytes) -> None:
    async with town(identify_within=0.3) as square:
        ann, bob = await square.come_all("ann", "bob")
        slow = [await square.connect("slow") for _ in range(20)]
        trickling = [asyncio.create_task(trickle(person, piece)) for person in slow]
        await asyncio.wait_for(asyncio.gather(*trickling), 20)
        await assert_works(ann=ann, bob=bob)


async def trickle(person: Person, piece: bytes) -> None:
    """Send, slowly, what never is a request in somebody's name, until the server closes."""
    person.write(piece)
    while not person.reader.at_eof():
        try:
            await asyncio.wait_for(person.receive(), 0.05)
        except TimeoutError:
            person.write(b" ")
        except (Gone, ConnectionError):
            return


def test_limits_are_for_peers_elsewhere_unless_they_are_asked_for() -> None:
    assert PeerLimits().of("192.0.2.7") == PeerLimits().of("2001:db8::1") == PeerLimits(256, 50, 10)
    assert PeerLimits().of("127.0.0.1") == PeerLimits().of("::1") == PeerLimits(0, 0, 0)
    assert PeerLimits(1, 2, 3).of("127.0.0.1") == PeerLimits(1, 2, 3)
    assert PeerLimits(0, 0, 0).of("192.0.2.7") == PeerLimits(0, 0, 0)


@given(st.integers(1, 100), st.lists(st.floats(0, 20), max_size=300))
def test_no_span_of_time_holds_more_than_its_rate_and_a_burst(rate: int, pauses: list[float]) -> None:
    bucket, now, taken = Bucket(rate, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += bucket.take(now)
        assert taken <= rate * BURST + now * rate + 1e-6


@pytest.mark.skipif(sys.platform != "linux", reason="the timers of connections are read from /proc")
async def test_silent_peers_are_asked_whether_they_are_there() -> None:
    async with town() as square:
        await square.come("ann")
        timers = timers_of_connections(square.service.port)
        assert len(timers) == 1
        kind, when = timers[0].split(":")
        assert kind == "02", "the timer of keepalive runs"
        assert 0 < int(when, 16) <= 60 * 100


def timers_of_connections(port: int) -> list[str]:
    """The timers of the open connections to a port of this machine: kind, then hundredths of a second, in hex."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[5] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]


def test_every_option_is_documented_as_it_is() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    rows = dict(re.findall(r"^\| `(-[^`]+)` \| (.*) \|$", text, re.MULTILINE))
    shown = {}
    context = Context(main, **main.context_settings)
    for parameter in main.get_params(context):
        record = parameter.get_help_record(context)
        assert record is not None
        shown[record[0]] = " ".join(record[1].split())
    assert rows == shown
