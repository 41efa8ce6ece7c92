"""``tchat-conform matrix`` over real programs: the foreign peers and the reference pair, as a teacher runs it."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from foreign import ROOT, clients, servers
from tchat_conform.matrix.scenarios import SCENARIOS
from tchat_protocol import schemas

LIMIT = 120.0
Cells = Mapping[str, Mapping[str, Any]]
SIGNS = {
    "passed": "✓", "failed by server": "S", "failed by client": "C", "failed by both": "B", "ambiguous": "?",
    "unsupported": "–", "blocked": "·", "untested": "_", "error": "!",
}  # fmt: skip
OF_THE_RUN = (("reference", "sentences", "crlf", "crasher"), ("reference", "menu", "raw"))
CHOSEN = (
    "reference+reference@*", "menu+menu@reference", "menu+menu@sentences", "raw+raw@*", "absent+absent@reference",
    "menu+raw@crlf", "raw+reference@reference",
)  # fmt: skip
OF_NODE = (("careful", "base_only"), ("argv_client", "wrong_action"))
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="the peers in Node need node, which is not installed"
)


JUDGED_ALONE = {"once", "exact", "statuses", "capitals", "codes"}
"""Servers that the suite of servers is tested with, and the matrix is not: of their pairs no facts are written down."""


def commands() -> Mapping[str, Mapping[str, str]]:
    """Return the commands of all peers, by kind and name."""
    serves = f"{sys.executable} -m tchat_server --host {{host}} --port {{port}} --db {{dir}}/chat.sqlite"
    chats = f"{sys.executable} -m tchat_client --host {{host}} --port {{port}} --name {{name}}"
    every = {
        kind: {each.file.partition(".")[0]: each.command.replace("python ", f"{sys.executable} ") for each in peers}
        for kind, peers in (("server", servers()), ("client", clients()))
    }
    return {"server": {"reference": serves, **every["server"]}, "client": {"reference": chats, **every["client"]}}


def lineup(folder: Path, *names: Sequence[str], more: str = "") -> Path:
    """Write a file of some servers and clients, named in this order, and more."""
    parts = []
    for kind, some in zip(("server", "client"), names, strict=True):
        for name in some:
            values = {"name": name, "command": commands()[kind][name], "cwd": str(ROOT)}
            parts.append("\n".join([f"[[{kind}]]", *(f"{key} = {json.dumps(each)}" for key, each in values.items())]))
    file = folder / "class.toml"
    file.write_text("\n".join([*parts, more]))
    return file


def conform(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tchat_conform", "matrix", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment)


def truth() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("truth.toml").read_text(encoding="utf-8"))


def untrue(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield each cell, with one client for both, that comes to something else than its peers' sources say."""
    facts = truth()
    for cell in document["cells"]:
        one, other = cell["clients"]
        if one == other and cell["server"] in facts and one in facts[cell["server"]]:
            found, expected = said(cell), facts[cell["server"]][one]
            if found != expected:
                yield f"{cell['id']} is {found}, not {expected}"


def said(cell: Mapping[str, Any]) -> list[str]:
    plays = cell["scenarios"]
    signs = "".join(
        "≈" if each["verdict"] == "passed" and not each["strict"] else SIGNS[each["verdict"]] for each in plays
    )
    judged = [each for each in plays if each["verdict"] not in ("passed", "blocked", "untested", "error")]
    return [signs, *(each["blames"][0]["requirement"] for each in judged)]


def valid(file: Path) -> Any:
    document = json.loads(file.read_text())
    jsonschema.validate(document, schemas.load("matrix.json"))
    return document


BROKEN = """
[[server]]
name = "broken"
command = "false {port}"
[[client]]
name = "absent"
command = "there-is-no-such-program"
"""


def test_a_matrix_of_peers_in_python(tmp_path: Path) -> None:
    file = lineup(tmp_path, *OF_THE_RUN, more=BROKEN)
    outputs = [part for form in ("json", "html", "csv") for part in (f"--{form}", tmp_path / f"m.{form}")]
    done = conform(file, *(part for each in CHOSEN for part in ("--only", each)), *outputs)
    assert done.returncode == 1, done.stderr
    document = valid(tmp_path / "m.json")
    cells = {each["id"]: each for each in document["cells"]}
    assert list(untrue(document)) == []
    different_clients_play_with_each_other(cells)
    broken_peers_do_not_stop_the_rest(cells)
    every_scenario_has_its_wire_log_and_both_screens(cells["raw+raw@reference"])
    the_terminal_shows_the_matrix_in_80_columns(done.stdout)
    a_spreadsheet_gets_a_row_for_each_scenario_and_the_points(tmp_path / "m.csv", document)
    every_cell_of_the_page_opens_what_it_came_to((tmp_path / "m.html").read_text(), set(cells))


def different_clients_play_with_each_other(cells: Cells) -> None:
    assert said(cells["reference+raw@reference"]) == ["✓✓✓✓✓✓"]
    assert said(cells["menu+raw@crlf"]) == ["S·····", "W-SEP-1"]


def broken_peers_do_not_stop_the_rest(cells: Cells) -> None:
    for name, words in (
        ("raw+raw@broken", "did not start: exit status 1"),
        ("absent+absent@reference", "there is no program there-is-no-such-program"),
    ):
        plays = cells[name]["scenarios"]
        assert {each["verdict"] for each in plays} == {"error"}
        assert words in plays[0]["blames"][0]["sentence"]


def every_scenario_has_its_wire_log_and_both_screens(cell: Mapping[str, Any]) -> None:
    for each in cell["scenarios"]:
        assert {entry["direction"] for entry in each["log"]} == {"sent", "received", "remark"}
        assert set(each["screens"]) == {"alice", "bob"} or each["scenario"] == SCENARIOS[0].name


def the_terminal_shows_the_matrix_in_80_columns(shown: str) -> None:
    lines = shown.splitlines()
    table = [each for each in lines if re.match(r"(reference|menu|raw|absent) ", each) and "(" not in each]
    assert all(len(each) <= 80 for each in table)
    assert re.search(r"raw +✓✓✓C✓✓ +S≈SCSS +≈≈≈C–≈ +SSSCSS", "\n".join(table))
    assert "What to fix, what most pairs fail of first:" in lines


def a_spreadsheet_gets_a_row_for_each_scenario_and_the_points(file: Path, document: Mapping[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert sum(each["kind"] == "scenario" for each in rows) == document["summary"]["scenarios"]
    points = {
        (each["server"] or each["client"], bool(each["server"])): each for each in rows if each["kind"] == "points"
    }
    assert points["reference", True]["at_fault"] == "0"
    assert points["reference", True]["passed"] == points["reference", True]["of"]
    assert int(points["crasher", True]["passed"]) == 0
    row = next(each for each in rows if each["scenario"] == "private group" and each["client"] == "raw")
    assert (row["verdict"], row["peer"], row["requirement"]) == ("failed by client", "raw", "C-PRIVATE-1")


def every_cell_of_the_page_opens_what_it_came_to(page: str, ids: set[str]) -> None:
    linked, there = set(re.findall(r'href="#(cell-[^"]+)"', page)), set(re.findall(r'id="(cell-[^"]+)"', page))
    assert linked == there == {f"cell-{each}" for each in ids}
    assert "<script" not in page
    assert page.count("<figure>") > 2 * len(there)


@needs_node
def test_verdicts_agree_with_the_sources_of_the_peers_in_node(tmp_path: Path) -> None:
    file = lineup(tmp_path, *OF_NODE)
    done = conform(file, "--no-pairs", "--json", tmp_path / "m.json")
    assert done.returncode == 1, done.stderr
    assert list(untrue(valid(tmp_path / "m.json"))) == []


@pytest.mark.skipif("TCHAT_ALL_PEERS" not in os.environ, reason="takes long: set TCHAT_ALL_PEERS to play all pairs")
@needs_node
def test_all_verdicts_agree_with_the_sources(tmp_path: Path) -> None:
    file = lineup(tmp_path, list(truth()), list(next(iter(truth().values()))))
    conform(file, "--no-pairs", "--json", tmp_path / "m.json")
    assert list(untrue(valid(tmp_path / "m.json"))) == []


# -- stopped and resumed ----------------------------------------------------------------------------------


def test_a_run_that_is_stopped_leaves_its_reports_and_goes_on(tmp_path: Path) -> None:
    file, report, sign = lineup(tmp_path, ("reference",), ("raw",)), tmp_path / "m.json", tmp_path / "waits"
    waits = f"sh -c 'if test -e {sign}; then exit 3; fi; touch {sign}; sleep 60'"
    file.write_text(f'{file.read_text()}\n[[server]]\nname = "waits"\ncommand = {json.dumps(waits)}\n')
    command = [sys.executable, "-m", "tchat_conform", "matrix", str(file), "--json", str(report), "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        _until(sign.exists)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=LIMIT)
    assert running.returncode == 130
    assert "--resume goes on" in errors
    stopped = valid(report)
    assert stopped["run"]["stopped"] is True
    assert {
        each["verdict"] for cell in stopped["cells"] for each in cell["scenarios"] if cell["server"] == "waits"
    } == {"untested"}
    done = conform(file, "--resume", report, "--json", report)
    assert done.returncode == 1, done.stderr
    assert [said(each)[0] for each in valid(report)["cells"]] == ["✓✓✓C✓✓", "!!!!!!"]
    began = valid(report)["cells"][0]["scenarios"][1]["log"]
    again = conform(file, "--resume", report, "--only", "waits", "--json", report)
    assert again.returncode == 1
    assert valid(report)["cells"][0]["scenarios"][1]["log"] == began


def _until(state: Any) -> None:
    deadline = time.monotonic() + LIMIT
    while not state():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- usage ------------------------------------------------------------------------------------------------


def test_pairs_are_listed_and_none_is_played(tmp_path: Path) -> None:
    file = lineup(tmp_path, ("reference", "mute"), ("raw", "menu"))
    assert conform(file, "--list").stdout.split() == [
        "raw+raw@reference", "raw+raw@mute", "raw+menu@reference",
        "raw+menu@mute", "menu+menu@reference", "menu+menu@mute",
    ]  # fmt: skip
    assert conform(file, "--list", "--no-pairs", "--only", "menu").stdout.split() == [
        "menu+menu@reference", "menu+menu@mute",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "mutt"], "Did you mean mute?"),
        (["--json", "-", "--csv", "-"], "cannot go to the same place"),
        (["--html", "/nowhere/m.html"], "cannot write /nowhere/m.html"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_told_before_anything_is_played(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = conform(lineup(tmp_path, ("mute",), ("raw",)), *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_report_of_something_else_cannot_be_resumed(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"schema_version": "1.0"}')
    done = conform(lineup(tmp_path, ("mute",), ("raw",)), "--resume", other)
    assert done.returncode == 2
    assert "is no report of a matrix" in done.stderr


def test_the_facts_are_about_all_foreign_peers() -> None:
    facts = truth()
    assert set(facts) | JUDGED_ALONE == set(commands()["server"])
    assert not set(facts) & JUDGED_ALONE
    assert all(list(each) == list(commands()["client"]) for each in facts.values())
