"""Sequence diagrams: who said what to the server when, and what is missing."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from conform.reports.samples import nasty, result
from tchat_conform.reports.sequence import diagram, svg
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_conform.wirelog import Entry

LOG = (
    Entry(0.1, "alice", "·", b"connected"),
    Entry(0.2, "bob", "·", b"connected"),
    Entry(1.0, "alice", "→", b'{"action":"cgroupe","group":"wobxa1b2cx00003"}\n'),
    Entry(2.0, "bob", "←", b'{"action":"server-broadcast","from":"alice"}{"action":"server-send","msg":"hi"}'),
    Entry(3.0, "suite", "·", b"the server is killed and started again"),
    Entry(4.0, "bob", "·", b"we close"),
)
MISSING = Finding("alice sent cgroupe, and no answer came", {"action": "server-cgroupe"}, "nothing")


def case(*findings: Finding, log: Iterable[Entry] = LOG) -> Result:
    return result("G-CREATE-1", Verdict.FAIL, *findings, log=log)


def test_a_diagram_in_text() -> None:
    assert [line.text.rstrip() for line in diagram(case(MISSING), 90)] == [
        "         alice  bob    server",
        "    1.0  ├────────────▶│  cgroupe group=wob",
        "    2.0  │      │◀─────┤  server-broadcast from=alice",
        "    2.0  │      │◀─────┤  server-send msg=hi",
        "    3.0  ┆      ┆      ┆  the server is killed and started again",
        "    3.0  ◁╌╌╌╌╌╌╌╌╌╌╌╌ ┤  ✗ no server-cgroupe came",
    ]
    assert [line.is_wrong for line in diagram(case(MISSING), 90)] == [False, False, False, False, False, True]


def test_names_are_kept_where_asked_for() -> None:
    assert "wobxa1b2cx00003" in "".join(line.text for line in diagram(case(), 120, raw=True))


def test_a_crowd_is_told_line_by_line() -> None:
    crowd = [Entry(0.1, f"m{number}", "→", b'{"action":"join"}\n') for number in range(50)]
    lines = [line.text for line in diagram(case(log=crowd), 80)]
    assert len(lines) == 50
    assert "m49 →" in lines[-1]
    assert svg(case(log=crowd), 40) == ""


def test_a_picture_has_an_arrow_for_each_message_and_a_dashed_one_for_what_is_missing() -> None:
    picture = ET.fromstring(svg(case(MISSING), 40))  # noqa: S314 - our own text
    groups = [each.attrib["class"] for each in picture.iter("g")]
    assert groups == ["sent", "got", "got", "missing"]
    texts = [each.text for each in picture.iter("text")]
    assert {"alice", "bob", "server", "cgroupe wob", "the server is killed and started again"} <= set(texts)
    assert "red" in picture.attrib["aria-label"]


def test_only_the_last_rows_are_drawn_and_none_without_room() -> None:
    assert svg(case(MISSING), 2).count("<g") == 1
    assert "the last of 5" in svg(case(MISSING), 2)
    assert svg(case(MISSING), 0) == ""


def test_what_a_server_sent_cannot_break_out_of_the_picture() -> None:
    for each in nasty().results:
        ET.fromstring(svg(each, 40))  # noqa: S314 - our own text
