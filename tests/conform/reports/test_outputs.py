"""Writing reports from the command line: what goes where, and what is refused before anything runs."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from conform.reports.samples import every_verdict
from tchat_conform.reports.outputs import FORMS, CannotWrite, Output

JSON = FORMS[0]
FEW = ("--level", "security")


def conform(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tchat_conform", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_one_run_writes_every_form(tmp_path: Path) -> None:
    files = {form.name: tmp_path / f"report.{form.name}" for form in FORMS}
    done = conform(*FEW, *(part for name, file in files.items() for part in (f"--{name}", str(file))))
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads(files["json"].read_text())
    assert written["run"]["target"] == "the reference server"
    assert written["run"]["command"] == "tchat-conform"
    assert f"{written['summary']['cases']} of {written['summary']['cases']} cases passed" in done.stdout
    cases = ET.parse(files["junit"]).iter("testcase")  # noqa: S314 - our own text
    assert [each.attrib["name"] for each in cases] == [each["id"] for each in written["cases"]]
    assert files["html"].read_text().startswith("<!doctype html>")
    assert files["markdown"].read_text().startswith("## tchat-conform: ")
    assert files["badge"].read_text().startswith("<svg ")


def test_a_report_on_the_standard_output_stands_there_alone() -> None:
    done = conform(*FEW, "--json", "-")
    assert json.loads(done.stdout)["summary"]["exit_status"] == 0
    assert "cases passed" in done.stderr


def test_trace_draws_what_passed_at_the_terminal_and_in_the_page(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = conform("--only", "B-SEND-1", "--trace", "--html", str(page))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "server\n" in done.stdout
    assert "├─" in done.stdout
    assert '<svg class="seq"' in page.read_text()


@pytest.mark.parametrize(
    ("path", "reason"),
    [("", "it is a directory"), ("nowhere/report.json", "there is no directory"), ("file/report.json", "no directory")],
)
def test_what_cannot_be_written_is_refused_before_the_run(tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "file").touch()
    done = conform("--spawn", f"touch {tmp_path}/it-ran", "--json", str(tmp_path / path))
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert reason in done.stderr
    assert not (tmp_path / "it-ran").exists()


def test_two_reports_in_one_place_are_refused(tmp_path: Path) -> None:
    done = conform("--json", "-", "--markdown", "-")
    assert done.returncode == 2
    assert "another report goes there already" in done.stderr


def test_a_report_that_cannot_be_written_in_the_end_is_status_2(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"Cannot write .*: No such file or directory") as caught:
        Output(JSON, str(tmp_path / "gone" / "report.json")).write(every_verdict())
    assert caught.value.exit_code == 2
