"""What appears above the line being typed, and the line below it."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import ColorDepth, DummyOutput

from tchat_client import bar
from tchat_client.attention import Attention
from tchat_client.feed import Feed, Manner
from tchat_client.known import Known
from tchat_client.painting import NAME_COLOURS, Painter, colour_of
from tchat_client.pieces import folded, plain
from tchat_client.session import Incoming

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(DummyOutput):
    """A terminal of some width that shows nothing."""

    def __init__(self, columns: int) -> None:
        self.columns = columns

    def get_size(self) -> Size:
        return Size(rows=24, columns=self.columns)

    def get_default_color_depth(self) -> ColorDepth:
        return ColorDepth.DEPTH_8_BIT


@pytest.fixture(autouse=True)
def _paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Paris")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def feed_for(columns: int = 80) -> tuple[Feed, Attention]:
    attention = Attention(Known("alice"))
    return Feed(attention, Painter("alice", Terminal(columns)), Manner("127.0.0.1:8080")), attention


def said(msg: str, ts: str = "2026-11-23T09:30:00.000Z", seq: int = 1, group: str = "wob") -> dict[str, Any]:
    return {"action": "server-gbroadcast", "sender": "bob", "group": group, "msg": msg, "ts": ts, "seq": seq}


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return ESCAPE.sub("", capsys.readouterr().out).split("\n")[:-1]


def test_times_are_local_and_a_new_day_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    feed, _ = feed_for()
    feed.show(Incoming(said("good evening", "2026-03-28T22:59:59.999Z")))
    feed.show(Incoming(said("it is late", "2026-03-28T23:00:00.000Z", 2)))
    feed.show(Incoming(said("summer time", "2026-03-29T01:00:00.000Z", 3)))
    assert printed(capsys) == [
        "-- Saturday 28 March 2026 --",
        "23:59:59 [wob] bob: good evening",
        "-- Sunday 29 March 2026 --",
        "00:00:00 [wob] bob: it is late",
        "03:00:00 [wob] bob: summer time",
    ]


def test_a_history_has_its_days(capsys: pytest.CaptureFixture[str]) -> None:
    feed, _ = feed_for()
    items = [
        {"sender": "bob", "msg": "one", "ts": "2026-03-28T20:00:00.000Z", "seq": 7},
        {"sender": "zoé", "msg": "two", "ts": "2026-03-28T21:00:00.000Z", "seq": 8},
        {"sender": "bob", "msg": "three", "ts": "2026-03-28T23:00:00.000Z", "seq": 9},
    ]
    feed.show(Incoming({"action": "server-msgs", "group": "wob", "messages": items, "more": True}))
    heading, *rest = printed(capsys)
    assert heading[9:] == "wob: 3 messages, older ones remain (messages;wob;;7)"
    assert rest == [
        "  -- Saturday 28 March 2026 --", "  21:00:00  bob: one", "  22:00:00  zoé: two",
        "  -- Sunday 29 March 2026 --", "  00:00:00  bob: three",
    ]  # fmt: skip


@pytest.mark.parametrize("ts", ["yesterday", "9999-99-99T00:00:00.000Z", "2026-11-23"])
def test_a_time_that_is_none_hides_nothing(capsys: pytest.CaptureFixture[str], ts: str) -> None:
    feed, _ = feed_for()
    feed.show(Incoming(said("here", ts)))
    items = [{"sender": "bob", "msg": "one", "ts": ts, "seq": 7}]
    feed.show(Incoming({"action": "server-msgs", "group": "wob", "messages": items, "more": False}))
    shown = printed(capsys)
    assert "[wob] bob: here" in shown[0]
    assert shown[-1].endswith("  bob: one")
    assert ts[:10] in shown[-1]


def test_what_others_write_never_acts_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    feed, _ = feed_for()
    feed.show(Incoming(said("a\x1b]0;x\x07b\r\nc\u202ed alice \x9b2J")))
    assert printed(capsys)[-1].endswith(r"bob: a\x1b]0;x\x07b\r\nc\u202ed alice \x9b2J")


def test_what_one_does_not_look_at_stands_back(capsys: pytest.CaptureFixture[str]) -> None:
    feed, attention = feed_for()
    attention.known.current = "wob"
    feed.show(Incoming(said("here")))
    feed.show(Incoming(said("elsewhere", group="den")))
    feed.show(Incoming(said("elsewhere, alice", group="lab")))
    feed.show(Incoming({"action": "server-presence", "from": "bob", "online": True}))
    grey = "38;5;243m"
    about_bob = (line.partition("bob")[1:] for line in capsys.readouterr().out.split("\n"))
    shown = [after for found, after in about_bob if found]
    assert [grey in line for line in shown] == [False, True, False, True]


@pytest.mark.parametrize(
    ("message", "rings"),
    [
        ({"action": "server-send", "from": "bob", "to": "alice", "msg": "hi", "ts": "2026-11-23T09:30:00.000Z"}, True),
        ({"action": "server-send", "from": "alice", "to": "bob", "msg": "hi", "ts": "2026-11-23T09:30:00.000Z"}, False),
        ({"action": "server-send", "from": "bob", "msg": "hi"}, True),
        ({"action": "server-gbroadcast", "from": "bob", "msg": "Alice!"}, True),
        ({"action": "server-gbroadcast", "from": "bob", "msg": "malice"}, False),
        ({"action": "server-gbroadcast", "from": "alice", "msg": "alice"}, False),
        ({"action": "server-invite", "sender": "bob", "group": "wob", "dest": "alice"}, True),
        ({"action": "server-kick", "sender": "bob", "group": "wob", "dest": "carol", "reason": ""}, False),
        ({"action": "server-broadcast", "msg": "alice"}, False),
    ],
)
def test_what_is_meant_for_oneself_rings_in_any_form(
    capsys: pytest.CaptureFixture[str], message: dict[str, Any], rings: bool
) -> None:
    feed, _ = feed_for()
    feed.show(Incoming(message))
    assert ("\a" in capsys.readouterr().out) == rings


@pytest.mark.parametrize(
    ("text", "columns", "indent", "rows"),
    [
        ("short", 10, 2, ["short"]),
        ("one two three", 8, 2, ["one two ", "  three"]),
        ("one  two", 4, 2, ["one ", " two"]),
        ("a 漢字漢字 b", 8, 2, ["a ", "  漢字", "  漢字", "  b"]),
    ],
)
def test_lines_are_folded_between_words(text: str, columns: int, indent: int, rows: list[str]) -> None:
    shown = [plain(row) for row in folded([("", text)], columns, indent)]
    assert "".join(row.strip() for row in shown).replace(" ", "") == text.replace(" ", "")
    assert all(row.startswith(" ") for row in shown[1:])


def test_what_is_wider_than_the_terminal_is_left_whole() -> None:
    address = "https://example.org/" + "x" * 60
    assert [plain(row) for row in folded([("", f"see {address} there")], 40, 2)] == [f"see {address}", "  there"]
    long = "word " * 10_000
    assert folded([("", long)], 40, 2) == [[("", long)]]


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(colour[place : place + 2]) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["#000000", "#1e1e1e", "#fdf6e3", "#ffffff"])
@pytest.mark.parametrize("colour", NAME_COLOURS)
def test_names_can_be_read_on_dark_and_on_light(colour: str, ground: str) -> None:
    darker, lighter = sorted([luminance(colour), luminance(ground)])
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_the_colour_of_a_name_stays_and_colours_are_shared_out() -> None:
    assert colour_of("bob") == "#0087d7"
    assert colour_of("zoe\u0301") == colour_of("zoé")
    assert len({colour_of(f"user{number}") for number in range(100)}) == len(NAME_COLOURS)


def news() -> Attention:
    _, attention = feed_for()
    known = attention.known
    known.current = "wob"
    heard = [("den", "one"), ("den", "two"), ("lab", "hi alice"), ("atelier-du-soir", "x")]
    for number, (group, msg) in enumerate(heard):
        message = said(msg, seq=number + 1, group=group)
        known.learn(message)
        attention.learn(Incoming(message))
    return attention


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (80, " alice @ 127.0.0.1:8080  connected  [wob]  lab:1!  atelier-du-soir:1  den:2"),
        (60, " alice @ 127.0.0.1:8080  connected  [wob]  lab:1!  +2"),
        (40, " alice  connected  [wob]  lab:1!  +2"),
        (20, " alice  +5"),
        (8, " ali…"),
        (3, " …"),
    ],
)
def test_the_bottom_line_is_as_wide_as_the_terminal_and_shows_what_matters_first(columns: int, shown: str) -> None:
    line = plain(bar.bar(news(), "127.0.0.1:8080", "connected", columns))
    assert len(line) == columns
    assert line.rstrip() == shown


def test_a_long_name_leaves_room_to_type() -> None:
    attention = Attention(Known("x" * 32))
    attention.known.current = "漢" * 32
    assert plain(bar.prompt(attention, 40)) == "[漢漢漢漢…] xxxxxxxxx…> "
