"""``tchat-conform diff``: what changed between two reports."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from conform.reports.samples import FACTS, report, result
from tchat_conform import verdict as verdicts
from tchat_conform.cli import main
from tchat_conform.compare import Comparison, Kind, compare_runs
from tchat_conform.reports.json_report import json_report
from tchat_conform.verdict import FEATURE, Finding, Verdict
from tchat_protocol import schemas

WORDS = Finding("it is so")
GONE_FEATURE = Finding("server-hello does not list 'auth'", by=f"{FEATURE}auth")


def outcome(requirement: str, verdict: Verdict, *findings: Finding, name: str = "it") -> verdicts.Result:
    return result(requirement, verdict, *(findings or (WORDS,)), name=name, log=())


def changes(before: list[verdicts.Result], after: list[verdicts.Result]) -> Comparison:
    return compare_runs(*(json.loads(json_report(report(*each))) for each in (before, after)))


def kind_of(before: verdicts.Result, after: verdicts.Result) -> Kind | None:
    found = changes([before], [after]).changes
    return found[0].kind if found else None


def written(folder: Path, name: str, *results: verdicts.Result, target: str = "a server") -> str:
    path = folder / name
    path.write_text(json_report(report(*results, facts=replace(FACTS, target=target))), encoding="utf-8")
    return str(path)


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments])


# -- kinds of changes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [Verdict.PASS, Verdict.NON_STRICT])
@pytest.mark.parametrize("after", [Verdict.FAIL, Verdict.BLOCKED, Verdict.UNSTABLE, Verdict.UNSUPPORTED])
def test_what_worked_and_does_no_more_is_broken(before: Verdict, after: Verdict) -> None:
    assert kind_of(outcome("G-JOIN-1", before), outcome("G-JOIN-1", after)) is Kind.BROKEN


def test_a_standard_form_that_is_lost_is_broken() -> None:
    assert kind_of(outcome("G-JOIN-1", Verdict.PASS), outcome("G-JOIN-1", Verdict.NON_STRICT)) is Kind.BROKEN


@pytest.mark.parametrize("before", [Verdict.FAIL, Verdict.BLOCKED, Verdict.UNSUPPORTED, Verdict.NON_STRICT])
def test_what_passes_now_is_fixed(before: Verdict) -> None:
    assert kind_of(outcome("G-JOIN-1", before), outcome("G-JOIN-1", Verdict.PASS)) is Kind.FIXED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Verdict.BLOCKED, Verdict.FAIL),
        (Verdict.UNSUPPORTED, Verdict.FAIL),
        (Verdict.FAIL, Verdict.NON_STRICT),
        (Verdict.PASS, Verdict.UNTESTED),
        (Verdict.UNTESTED, Verdict.PASS),
        (Verdict.PASS, Verdict.ERROR),
    ],
)
def test_what_was_not_seen_to_work_cannot_break(before: Verdict, after: Verdict) -> None:
    assert kind_of(outcome("G-JOIN-1", before), outcome("G-JOIN-1", after)) is Kind.CHANGED


def test_a_feature_that_is_offered_no_more_is_a_change_and_no_fault() -> None:
    without = outcome("I-AUTH-1", Verdict.UNSUPPORTED, GONE_FEATURE)
    assert kind_of(outcome("I-AUTH-1", Verdict.PASS), without) is Kind.CHANGED
    assert kind_of(without, outcome("I-AUTH-1", Verdict.FAIL)) is Kind.CHANGED


def test_fresh_names_and_numbers_are_no_other_reason() -> None:
    first, same, other = (
        outcome("G-JOIN-1", Verdict.FAIL, Finding(sentence))
        for sentence in (
            "bobxa1b2cx00007 waited 1.5 s in vain",
            "bobx0f0f0x00123 waited 0.2 s in vain",
            "bobx0f0f0x00123 got it twice",
        )
    )
    assert kind_of(first, same) is None
    assert kind_of(first, other) is Kind.REASON


def test_new_and_gone_cases_are_named_and_break_nothing() -> None:
    found = changes([outcome("G-JOIN-1", Verdict.PASS)], [outcome("G-JOIN-2", Verdict.FAIL)])
    assert [(each.kind, each.case) for each in found.changes] == [
        (Kind.NEW, "G-JOIN-2/it"),
        (Kind.GONE, "G-JOIN-1/it"),
    ]
    assert not found.broke


# -- the command -------------------------------------------------------------------------------------------


def test_two_equal_runs_differ_in_nothing(tmp_path: Path) -> None:
    one = written(tmp_path, "a.json", outcome("G-JOIN-1", Verdict.FAIL), outcome("G-JOIN-2", Verdict.PASS))
    done = diff(one, one)
    assert done.exit_code == 0
    assert done.stdout.endswith("nothing changed.\n")


def test_what_broke_is_status_1_and_shown_first_with_its_reason(tmp_path: Path) -> None:
    before = written(tmp_path, "a.json", outcome("G-JOIN-1", Verdict.PASS), outcome("G-JOIN-2", Verdict.FAIL))
    after = written(
        tmp_path,
        "b.json",
        outcome("G-JOIN-1", Verdict.FAIL, Finding("bob heard \x1b[2J nothing")),
        outcome("G-JOIN-2", Verdict.PASS),
        target="another",
    )
    done = diff(before, after)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("before  a server, 2026-11-23T09:30:00.000Z: 1 of 2 passed")
    assert lines[1].startswith("after   another, ")
    assert lines[3:6] == [
        "broken (1)",
        "  pass → fail  G-JOIN-1/it  What G-JOIN-1 says holds.",
        "      bob heard \\x1b[2J nothing",
    ]
    assert lines[-1] == "1 broken, 1 fixed."


def test_levels_are_shown_before_and_after(tmp_path: Path) -> None:
    before = written(tmp_path, "a.json", outcome("B-QUIT-1", Verdict.FAIL), outcome("G-JOIN-1", Verdict.PASS))
    after = written(tmp_path, "b.json", outcome("B-QUIT-1", Verdict.PASS), outcome("I-TAKEN-1", Verdict.PASS))
    lines = [" ".join(line.split()) for line in diff(before, after).stdout.splitlines()]
    assert lines[lines.index("levels") + 1 :][:3] == [
        "base not reached → reached",
        "groups reached → not run",
        "security not run → reached",
    ]


def test_json_follows_its_schema_and_stands_on_the_standard_output_alone(tmp_path: Path) -> None:
    schema = schemas.load("diff.json")
    Draft202012Validator.check_schema(schema)
    assert set(schema["$defs"]["change"]["properties"]["kind"]["enum"]) == set(Kind)
    states = schemas.load("report.json")["properties"]["levels"]["items"]["properties"]["state"]["enum"]
    assert schema["$defs"]["state"]["enum"] == [*states, None]
    before = written(tmp_path, "a.json", *(outcome("G-JOIN-1", each, name=each.value) for each in Verdict))
    after = written(
        tmp_path, "b.json", outcome("G-JOIN-1", Verdict.PASS, name="fail"), outcome("G-BAN-1", Verdict.FAIL)
    )
    done = diff(before, after, "--json", "-")
    document = json.loads(done.stdout)
    Draft202012Validator(schema).validate(document)
    assert document["broke"] is False
    assert {each["kind"] for each in document["cases"]} == {"fixed", "new", "gone"}
    assert "1 fixed" in done.stderr


def test_markdown_shows_strangers_words_as_words(tmp_path: Path) -> None:
    before = written(tmp_path, "a.json", outcome("G-JOIN-1", Verdict.PASS))
    after = written(tmp_path, "b.json", outcome("G-JOIN-1", Verdict.FAIL, Finding("<script> | *")), target="<b>")
    diff(before, after, "--markdown", str(tmp_path / "diff.md"))
    text = (tmp_path / "diff.md").read_text(encoding="utf-8")
    assert "- `G-JOIN-1/it` pass → fail &#60;script&#62; &#124; &#42;" in text
    assert "<b>" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "is no report of tchat-conform --json"),
        ('{"schema_version": "2.0"}', "is no report of tchat-conform --json"),
    ],
)
def test_what_is_no_report_is_status_2_and_says_why(tmp_path: Path, content: str, message: str) -> None:
    good = written(tmp_path, "a.json", outcome("G-JOIN-1", Verdict.PASS))
    bad = tmp_path / "b.json"
    bad.write_text(content)
    done = diff(good, str(bad))
    assert done.exit_code == 2
    assert f"{bad} {message}" in done.stderr
    assert len(done.stderr) < 1_000


def test_a_report_of_another_version_says_so(tmp_path: Path) -> None:
    good = written(tmp_path, "a.json", outcome("G-JOIN-1", Verdict.PASS))
    newer = tmp_path / "b.json"
    newer.write_text(json.dumps({**json.loads(Path(good).read_text()), "schema_version": "2.0"}))
    done = diff(good, str(newer))
    assert done.exit_code == 2
    assert "at /schema_version" in done.stderr


def test_what_cannot_be_read_or_written_is_status_2(tmp_path: Path) -> None:
    good = written(tmp_path, "a.json", outcome("G-JOIN-1", Verdict.PASS))
    assert diff(good, str(tmp_path / "nowhere.json")).exit_code == 2
    done = diff(good, good, "--json", str(tmp_path / "no" / "where.json"))
    assert done.exit_code == 2
    assert "Cannot write" in done.stderr
