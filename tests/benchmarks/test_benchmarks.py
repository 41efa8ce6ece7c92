"""benchmarks/ runs from end to end, and says of each figure what docs/performance.md promises."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import peers
from benchmarks.__main__ import BENCHMARKS, QUICK
from benchmarks.contest import loaded
from benchmarks.load import Task
from benchmarks.results import FORMAT, Line, Target
from benchmarks.servers import PEERS, Server, installed, running

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/performance.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the load generator uses epoll, the meters /proc")


def quick_run(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the JSON and the picture of a quick run of all benchmarks."""
    figures, picture = folder / "figures.json", folder / "figures.svg"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(figures), "--plot", str(picture)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return json.loads(figures.read_text()), picture.read_text()


def fields(heading: str) -> list[str]:
    """Return the fields that the table after a sentence of docs/performance.md lists."""
    return re.findall(r"^\| `(\w+)` \|", DOCUMENT.partition(heading)[2].partition("\n\n#")[0], re.MULTILINE)


def test_a_quick_run_measures_everything_and_writes_it_as_documented(tmp_path: Path) -> None:
    document, picture = quick_run(tmp_path)
    assert document["format"] == FORMAT
    assert FORMAT in DOCUMENT
    has_the_documented_fields(document["lines"])
    compares_what_is_durable(document["lines"])
    judged = {line["benchmark"] for line in document["lines"] if line["target"]}
    assert judged >= {"fan-out", "latency", "memory", "start-up", "msgs"}
    texts = [each.text for each in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    ratios = [f"{line['ratio']:.2f}" for line in document["lines"] if line["ratio"] is not None]
    assert [text for text in texts if text in ratios] == ratios


def has_the_documented_fields(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        assert list(line) == fields("Fields of a line")
        assert line["low"] <= line["median"] <= line["high"]
        assert (line["ratio"] is None) == (line["baseline"] is None)
        assert (line["holds"] is None) == (line["target"] is None)


def compares_what_is_durable(lines: list[dict[str, Any]]) -> None:
    deliveries = [line for line in lines if line["measure"] == "deliveries"]
    compared = {(line["server"], line["baseline"]) for line in deliveries}
    assert compared >= {("bare", None), ("tchat full", "bare"), ("tchat normal", "bare")}
    assert all(value > 0 for line in deliveries for value in line["values"])


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_message_to_a_peer_reaches_every_member(peer: Server) -> None:
    if not installed(peer):
        pytest.skip(f"there is no {peer.command[0]} here")
    task = Task("flood", 0, members=4, senders=2, window=8, seconds=0.1)
    with running(peer) as process:
        flood = loaded(process, replace(task, port=process.port, protocol=peer.protocol))
        paced = loaded(process, replace(task, kind="pace", port=process.port, protocol=peer.protocol))
    assert flood["total"] > 0, "the load generator fails if one is missing or comes twice"
    assert flood["total"] % task.members == 0
    assert 0 < paced["p50"] <= paced["p99"]


def test_a_peer_that_is_not_here_is_left_out_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "PEERS", (Server("Nobody's", ("no-such-server",)),))
    assert peers.peers(QUICK) == []
    assert "Nobody's is left out: there is no no-such-server here" in capsys.readouterr().err


def test_every_benchmark_is_documented() -> None:
    assert {name for name in BENCHMARKS if f"| `{name}` |" not in DOCUMENT} == set()


def test_a_ratio_is_the_median_of_the_ratios_of_each_repeat() -> None:
    line = Line("b", "c", "m", "u", "s", [1, 8, 6], "bare", [2, 4, 2], Target("ratio", "at least", 2.5))
    assert line.ratio == 2
    assert line.holds is False


@pytest.mark.parametrize(("bound", "holds"), [(5.0, True), (4.9, False)])
def test_a_target_of_the_figure_is_held_against_the_median(bound: float, holds: bool) -> None:
    line = Line("b", "c", "m", "u", "s", [9, 5, 1], target=Target("figure", "at most", bound))
    assert line.holds is holds
