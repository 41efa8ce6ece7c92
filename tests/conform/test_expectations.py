"""Known failures: what is news beside them, and the file that holds them."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tchat_conform.case import all_cases
from tchat_conform.expectations import (
    BadExpectations,
    Expectation,
    Expectations,
    holds,
    news_lines,
    read_expectations,
)
from tchat_conform.verdict import FEATURE, Finding, Result, Verdict

CASES = all_cases()
FIRST, SECOND, THIRD = (each.id for each in CASES[:3])
FAILURES = [each for each in Verdict if each not in (Verdict.PASS, Verdict.UNTESTED)]


def result(case: str, verdict: Verdict, *findings: Finding) -> Result:
    return Result(case, case.partition("/")[0], "A title.", verdict, findings or (Finding("it is so"),))


def known(*entries: tuple[str, Verdict] | tuple[str, Verdict, str]) -> Expectations:
    return Expectations({entry[0]: Expectation(*entry) for entry in entries})


def news(expectations: Expectations, *results: Result) -> dict[str, str]:
    found = expectations.compare(results)
    return {each.case: kind.name for kind, pairs in found.items() for each, _ in pairs}


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "known.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# -- what is news ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", FAILURES)
def test_a_failure_that_nobody_knows_is_new_and_a_known_one_is_not(verdict: Verdict) -> None:
    assert news(known(), result(FIRST, verdict)) == {FIRST: "NEW"}
    assert news(known((FIRST, verdict)), result(FIRST, verdict)) == {FIRST: "KNOWN"}


@pytest.mark.parametrize("verdict", [each for each in FAILURES if each is not Verdict.UNSTABLE])
def test_a_known_failure_that_passes_is_news(verdict: Verdict) -> None:
    assert news(known((FIRST, verdict)), result(FIRST, Verdict.PASS)) == {FIRST: "FIXED"}


def test_another_verdict_than_the_known_one_is_news_in_either_direction() -> None:
    expectations = known((FIRST, Verdict.NON_STRICT), (SECOND, Verdict.FAIL))
    results = [result(FIRST, Verdict.FAIL), result(SECOND, Verdict.NON_STRICT)]
    assert news(expectations, *results) == {FIRST: "WORSE", SECOND: "BETTER"}
    assert not holds(expectations.compare(results))


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FAIL, Verdict.UNSTABLE])
def test_who_is_known_to_be_unstable_may_come_to_anything(verdict: Verdict) -> None:
    assert holds(known((FIRST, Verdict.UNSTABLE)).compare([result(FIRST, verdict)]))


@pytest.mark.parametrize(
    "silent",
    [
        result(FIRST, Verdict.UNTESTED),
        result(FIRST, Verdict.UNSUPPORTED, Finding("not listed", by=f"{FEATURE}auth")),
    ],
    ids=["untested", "a feature that is not offered"],
)
def test_what_was_not_looked_at_is_no_news_known_or_not(silent: Result) -> None:
    assert news(known(), silent) == news(known((FIRST, Verdict.FAIL)), silent) == {}


def test_a_known_failure_that_was_not_selected_is_left_alone() -> None:
    expectations = known((FIRST, Verdict.FAIL, "why"), (SECOND, Verdict.FAIL))
    assert news(expectations, result(SECOND, Verdict.FAIL)) == {SECOND: "KNOWN"}
    assert expectations.after([result(SECOND, Verdict.PASS)]).known == known((FIRST, Verdict.FAIL, "why")).known


def test_the_lines_name_news_with_what_was_known_and_count_the_rest() -> None:
    expectations = known((FIRST, Verdict.FAIL, "next week"), (SECOND, Verdict.FAIL))
    results = [result(FIRST, Verdict.PASS), result(SECOND, Verdict.FAIL), result(THIRD, Verdict.BLOCKED)]
    assert news_lines(expectations.compare(results)) == [
        f"new: {THIRD} blocked",
        f"passes now: {FIRST} pass, known as fail # next week",
        "Beside the known failures: 1 new, 1 passes now, 1 as known.",
    ]
    assert news_lines(known().compare([]))[-1] == "Beside the known failures: nothing failed."


# -- the file ----------------------------------------------------------------------------------------------


def test_what_is_written_is_read_again_and_nothing_is_news(tmp_path: Path) -> None:
    results = [result(each.id, verdict) for each, verdict in zip(CASES, Verdict, strict=False)]
    path = tmp_path / "known.txt"
    path.write_text(Expectations().after(results).text(), encoding="utf-8")
    assert holds(read_expectations(path).compare(results))
    assert len(read_expectations(path).known) == len(FAILURES)


def test_the_file_keeps_reasons_header_and_the_order_of_the_protocol(tmp_path: Path) -> None:
    path = written(tmp_path, "# of my server", "", f"{SECOND} fail # a # b", f"{FIRST}   unstable", "# lost")
    after = read_expectations(path).after(
        [result(FIRST, Verdict.PASS), result(SECOND, Verdict.NON_STRICT), result(THIRD, Verdict.FAIL)]
    )
    lines = [" ".join(line.split()) for line in after.text().splitlines()]
    assert lines == ["# of my server", f"{FIRST} unstable", f"{SECOND} non-strict # a # b", f"{THIRD} fail"]


def problems(lines: Iterable[str], tmp_path: Path) -> str:
    with pytest.raises(BadExpectations) as refused:
        read_expectations(written(tmp_path, *lines))
    return str(refused.value)


def test_every_wrong_line_is_named_with_what_is_near(tmp_path: Path) -> None:
    lines = [
        "G-JOIN-1/evry-member-hears fail",
        "G-JOIN-1 fail",
        f"{FIRST} fial",
        f"{FIRST} pass",
        f"{FIRST}",
        f"{SECOND} fail",
        f"{SECOND} blocked",
    ]
    said = problems(lines, tmp_path).splitlines()
    assert len(said) == 6
    assert "known.txt:1: There is no case" in said[0]
    assert "Did you mean G-JOIN-1/every-member-hears-of-a-join" in said[0]
    assert "known.txt:2: G-JOIN-1 is not the id of a case" in said[1]
    assert "'fial' is not what a case can be known for. Did you mean fail?" in said[2]
    assert "'pass' is not what a case can be known for. There are error, fail" in said[3]
    assert "known.txt:5: a line is the id of a case and its verdict" in said[4]
    assert f"{SECOND} stands there 2 times" in said[5]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known.txt"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadExpectations, match="not UTF-8"):
        read_expectations(path)
    with pytest.raises(BadExpectations, match="cannot read"):
        read_expectations(tmp_path)
