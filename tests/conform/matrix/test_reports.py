"""The reports of a matrix, of hand-made results: nothing that a peer wrote is executed, and every page fits."""

import re
from datetime import UTC, datetime
from pathlib import Path

from browser import chromium, needs_chromium
from conform.reports.test_browser import MEASURE
from tchat_conform.clients.description import Description
from tchat_conform.matrix.document import matrix_json, read_results
from tchat_conform.matrix.lineup import ClientPeer, Lineup, ServerPeer
from tchat_conform.matrix.page import LIMIT, LIMIT_PER_CELL, matrix_html
from tchat_conform.matrix.plan import cells
from tchat_conform.matrix.report import MatrixReport
from tchat_conform.matrix.result import Blame, CellResult, Outcome, Verdict
from tchat_conform.matrix.scenarios import SCENARIOS
from tchat_conform.matrix.table import matrix_csv
from tchat_conform.wirelog import Entry

NASTY = '<script>alert(1)</script>\x1b[2J" onload="x'
VERDICTS = [each for each in Verdict if each is not Verdict.UNTESTED]


def blame(verdict: Verdict, text: str) -> Blame:
    side, peer = ("client", "raw") if verdict is Verdict.CLIENT else ("server", "a-server-of-a-long-name")
    rule = None if verdict in (Verdict.ERROR, Verdict.AMBIGUOUS) else "G-POST-1" if side == "server" else "C-POST-1"
    return Blame(side, peer, rule, text, {"action": "gbroadcast", "msg": text})  # type: ignore[arg-type]


def outcome(scenario: str, verdict: Verdict, text: str = NASTY, lines: int = 3) -> Outcome:
    log = tuple(Entry(float(number), "alice", "→", text.encode()) for number in range(lines))
    blames = () if verdict is Verdict.PASSED else (blame(verdict, text),)
    remark = Blame("server", "a-server-of-a-long-name", "A-FORM-1", text)
    return Outcome(scenario, verdict, blames, (remark,), "sure", 0.1, log, {"alice": text * 9, "bob": text})


def report(servers: int = 9, *, lines: int = 3, text: str = NASTY) -> MatrixReport:
    """Return a run with every verdict in it."""
    names = ["a-server-of-a-long-name", *(f"server-{number}" for number in range(servers - 1))]
    lineup = Lineup(
        tuple(ServerPeer(name, "x", ".") for name in names),
        tuple(ClientPeer(name, Description(), ".") for name in ("raw", "a-client-of-a-long-name")),
    )
    results = tuple(
        CellResult(
            cell,
            tuple(
                outcome(each.name, VERDICTS[(number + place) % len(VERDICTS)], text, lines)
                for place, each in enumerate(SCENARIOS)
            ),
        )
        for number, cell in enumerate(cells(lineup))
    )
    return MatrixReport("class.toml", lineup, results, "0", datetime(2026, 11, 23, tzinfo=UTC), 3.0)


def test_what_peers_wrote_is_shown_and_never_executed() -> None:
    page = matrix_html(report())
    assert "<script" not in page
    assert "\x1b" not in page
    assert not re.search(r'<[^>]*" onload=', page)


def test_a_page_of_very_much_is_small_all_the_same() -> None:
    big = report(30, lines=300, text="x" * 3_000)
    assert len(matrix_html(big).encode()) <= max(LIMIT, LIMIT_PER_CELL * len(big.results))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    first = report()
    file.write_text(matrix_json(first))
    again = read_results(file)
    assert [again[each.cell.id].outcomes[0].verdict for each in first.results] == [
        each.outcomes[0].verdict for each in first.results
    ]
    assert again[first.results[0].cell.id].outcomes[1].log == first.results[0].outcomes[1].log


def test_no_cell_of_the_table_is_a_formula() -> None:
    table = matrix_csv(report(text="=HYPERLINK(1)"))
    assert "'=HYPERLINK" in table
    assert ",=HYPERLINK" not in table


def test_points_leave_out_what_others_spoiled() -> None:
    for each in report().points:
        assert each.passed + each.at_fault == each.of <= each.played


@needs_chromium
def test_the_page_fits_a_phone_runs_no_script_and_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(matrix_html(report()))
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(width=360))
    dumped = chromium(tmp_path, "--allow-file-access-from-files", "--dump-dom", frame.as_uri())
    assert dumped.partition("<title>")[2].partition("</title>")[0] == "overflow 0, scripts 0, loaded 0"


OPENED = """
<!doctype html><title>frame</title><iframe src="page.html#{cell}" style="width:900px;height:900px;border:0"></iframe>
<script>
addEventListener("load", () => {{
  const cell = document.querySelector("iframe").contentDocument.getElementById("{cell}");
  document.title = `open ${{cell.closest("details").open}}`;
}});
</script>
"""


@needs_chromium
def test_a_link_to_a_cell_opens_it(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(matrix_html(report()))
    frame = tmp_path / "frame.html"
    frame.write_text(OPENED.format(cell=f"cell-{report().results[4].cell.id}"))
    dumped = chromium(tmp_path, "--allow-file-access-from-files", "--dump-dom", frame.as_uri())
    assert dumped.partition("<title>")[2].partition("</title>")[0] == "open true"
