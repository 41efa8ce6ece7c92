"""The reports: each sound in its own form, all agreeing with each other, and safe whatever a server sent."""

import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from jsonschema import Draft202012Validator

from conform.reports.samples import (
    ALL_OF_THEM,
    FACTS,
    LEAK,
    LOG,
    MALFORMED,
    NEAR_MISS,
    every_verdict,
    large,
    nasty,
    report,
    result,
)
from tchat_conform.reports.badge import badge, badge_text
from tchat_conform.reports.fields import Mark, compare
from tchat_conform.reports.html import LIMIT as HTML_LIMIT
from tchat_conform.reports.html import html
from tchat_conform.reports.json_report import json_report
from tchat_conform.reports.junit import junit
from tchat_conform.reports.markdown import LIMIT as MARKDOWN_LIMIT
from tchat_conform.reports.markdown import markdown
from tchat_conform.reports.outputs import FORMS
from tchat_conform.reports.report import MEANINGS, Report, is_failure
from tchat_conform.requirements import Keyword, levels, requirements
from tchat_conform.summary import exit_status, lacks_feature
from tchat_conform.verdict import Finding, Message, Result, Verdict
from tchat_conform.wirelog import Entry
from tchat_protocol import schemas

REPORTS = pytest.mark.parametrize("sample", ALL_OF_THEM.values(), ids=ALL_OF_THEM)


class Page(HTMLParser):
    """What a test asks of a page: its elements, ids, links and visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.cases: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        found = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in found.items()]
        if tag == "details" and found.get("id", "").startswith("case-"):
            self.cases[found["id"].removeprefix("case-")] = found["class"].split()[1]

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, each, value in self.attributes if each == name]


def read(sample: Report) -> dict[str, Any]:
    read_again: dict[str, Any] = json.loads(json_report(sample))
    return read_again


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own text


def closed(schema: Any) -> Any:
    """Return a schema that refuses the fields it does not describe, as its readers do not."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(each) for name, each in schema.items()}
    if isinstance(inner.get("properties"), dict) and "type" in inner:
        inner.setdefault("additionalProperties", False)
    return inner


# -- the JSON form is as described -------------------------------------------------------------------------


@REPORTS
def test_json_is_valid_and_described_throughout(sample: Report) -> None:
    schema = closed(schemas.load("report.json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(read(sample))


def test_the_schema_knows_the_verdicts_the_states_and_the_keywords() -> None:
    schema = schemas.load("report.json")
    assert set(schema["$defs"]["verdict"]["enum"]) == set(schema["$defs"]["verdicts"]["required"]) == set(Verdict)
    keyword = schema["properties"]["requirements"]["additionalProperties"]["properties"]["keyword"]
    assert set(keyword["enum"]) == set(Keyword)


def test_json_keeps_messages_as_they_came_and_bytes_that_are_no_text() -> None:
    entry = Entry(1.0, "bob", "←", b"\xff{}")
    case = read(report(result("B-SEND-1", Verdict.FAIL, NEAR_MISS, log=[entry])))["cases"][0]
    assert case["findings"][0]["received"] == NEAR_MISS.received
    assert case["log"] == [
        {"ms": 1.0, "who": "bob", "direction": "received", "bytes": 3, "text": "\\xff{}", "base64": "/3t9"}
    ]


def test_json_cuts_what_is_too_long_and_says_so() -> None:
    entry = Entry(1.0, "bob", "←", b"x" * 1_000_000)
    finding = Finding("too long", None, {"msg": "y" * 1_000_000})
    case = read(report(result("B-SEND-1", Verdict.FAIL, finding, log=[entry])))["cases"][0]
    assert case["log"][0]["bytes"] == 1_000_000
    assert len(case["log"][0]["text"]) == 4_096
    assert case["findings"][0]["received"].endswith("… (1,000,011 characters)")


# -- all forms agree ---------------------------------------------------------------------------------------


def junit_verdict(case: ET.Element) -> str:
    outcome = next(iter(case), None)
    return "pass" if outcome is None else outcome.attrib["message"].split()[0]


def markdown_counts(text: str) -> dict[str, int]:
    header, _, *rows = (line.strip("| ").split("|") for line in text.splitlines() if line.startswith("|"))
    total = [cell.strip() for cell in rows[-1]]
    assert total[0] == "all"
    return {name.strip(): int(count) for name, count in zip(header[1:-1], total[1:], strict=False)}


@REPORTS
def test_every_form_has_the_same_verdicts(sample: Report) -> None:
    master = {each["id"]: each["verdict"] for each in read(sample)["cases"]}
    in_junit = {each.attrib["name"]: junit_verdict(each) for each in parsed(junit(sample)).iter("testcase")}
    assert in_junit == master == Page(html(sample)).cases


@REPORTS
def test_every_form_has_the_same_counts(sample: Report) -> None:
    master = read(sample)["summary"]
    counts = {name: count for name, count in master["verdicts"].items() if count}
    assert markdown_counts(markdown(sample)) == counts
    applicable = sum(not lacks_feature(each) for each in sample.results)
    headline = f"{counts.get('pass', 0)} of {applicable} cases passed"
    assert headline in markdown(sample)
    assert f"<h1>{headline}</h1>" in html(sample)
    assert badge(sample) in html(sample) + "\n"
    reached, of = master["levels_reached"], master["levels_required"]
    assert (f"all {of} levels" if reached == of else f"{reached} of {of} levels") in badge(sample)


@REPORTS
def test_every_form_has_the_same_levels_and_the_exit_status_fits(sample: Report) -> None:
    master = read(sample)
    states = {each["name"]: each["state"] for each in master["levels"]}
    suites = parsed(junit(sample))
    in_junit = {each.attrib["name"]: each.find("properties/property[@name='state']") for each in suites}
    assert {name: found.attrib["value"] for name, found in in_junit.items() if found is not None} == states
    for name, state in states.items():
        assert re.search(rf"^\| {name} \|.*\| {state} \|$", markdown(sample), re.MULTILINE)
    red = {
        each.attrib["name"] for suite in suites for each in suite.iter("testcase") if each.find("failure") is not None
    }
    errors = {each["id"] for each in master["cases"] if each["verdict"] == "error"}
    assert red | errors >= {each["id"] for each in master["cases"] if each["unmet"]} >= red
    assert (
        master["summary"]["exit_status"]
        == exit_status(sample.results)
        == bool(any(e["unmet"] for e in master["cases"]))
    )


def test_every_verdict_occurs_in_the_sample_and_has_a_meaning() -> None:
    assert set(every_verdict().counts) == set(MEANINGS) == set(Verdict)


# -- JUnit -------------------------------------------------------------------------------------------------


@REPORTS
def test_junit_is_valid_and_counts_right(sample: Report) -> None:
    written = junit(sample)
    xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd")).validate(written)
    for suite in parsed(written):
        cases = list(suite.iter("testcase"))
        kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        found = {name: str(sum(each.find(kind) is not None for each in cases)) for name, kind in kinds.items()}
        assert found == {name: suite.attrib[name] for name in kinds}
        assert suite.attrib["tests"] == str(len(cases))


def test_junit_fails_where_a_level_does_and_skips_the_rest() -> None:
    cases = {each.attrib["name"]: each for each in parsed(junit(every_verdict())).iter("testcase")}
    kinds = {name: [outcome.tag for outcome in case] for name, case in cases.items()}
    assert kinds["I-HELLO-1/it"] == []
    assert kinds["B-SEND-1/it"] == kinds["G-JOIN-1/it"] == kinds["G-KICK-1/it"] == ["failure"]
    assert kinds["W-LINE-1/it"] == kinds["I-TLS-1/it"] == kinds["H-RESTART-1/it"] == ["skipped"]
    assert kinds["P-CREATE-1/it"] == ["error"]
    assert cases["W-LINE-1/it"][0].attrib["message"] == "fail SHOULD W-LINE-1: no line feed came"
    failure = cases["B-SEND-1/it"][0]
    assert failure.attrib == {"type": "fail", "message": "fail MUST B-SEND-1: carol must not get this, but did"}
    assert 'received  {"action": "server-send", "msg": "secret"}' in str(failure.text)
    assert "--only B-SEND-1/it" in str(failure.text)


# -- the page ----------------------------------------------------------------------------------------------


@REPORTS
def test_the_page_needs_nothing_else_and_runs_nothing(sample: Report) -> None:
    page = Page(html(sample))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in {"src", "srcset"}]
    assert all(each.startswith("#") for each in page.values("href"))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.values("content")
    assert "url(" not in html(sample)


@REPORTS
def test_every_link_of_the_page_leads_somewhere_and_no_id_stands_twice(sample: Report) -> None:
    page = Page(html(sample))
    ids = Counter(page.values("id"))
    assert not [each for each, times in ids.items() if times > 1]
    assert {each.removeprefix("#") for each in page.values("href")} <= set(ids)


def test_the_page_holds_every_requirement() -> None:
    page = Page(html(report(result("B-SEND-1", Verdict.PASS))))
    for requirement in requirements().values():
        assert requirement.id.lower() in page.values("id")
        assert requirement.text.replace("`", "") in page.text


def test_what_a_server_sent_is_text_in_the_page() -> None:
    page = html(nasty())
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x00\\x1b[2J\\x9b" in page
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\uffff\ud800]", page)
    assert "{{ 7 * 7 }}" in page
    assert "default-src" in page.partition("&lt;script")[0]


def test_the_worst_stands_first_and_what_waits_is_told_once() -> None:
    sample = every_verdict()
    assert [(each.verdict, [result.case for result in each.results]) for each in sample.causes][:8] == [
        ("error", ["P-CREATE-1/it"]),
        ("fail", ["B-SEND-1/it"]),
        ("fail", ["W-LINE-1/it"]),
        ("unstable", ["H-RESTART-2/it"]),
        ("blocked", ["G-JOIN-1/it", "G-JOIN-2/it", "G-LEAVE-1/it"]),
        ("unsupported", ["G-KICK-1/it"]),
        ("non-strict", ["A-TS-1/it"]),
        ("non-strict", ["G-MEMBERS-1/it"]),
    ]
    assert [each.sentence for each in sample.causes[6:]] == [
        "ts must look like 2026-11-23T09:30:00.000Z, not 'yesterday' in server-send",
        "action is 'members', expected 'server-members'",
        *(f"{each} is missing in server-members" for each in ("group", "members", "private", "owner", "online")),
    ]
    first = "Fix this first: 3 cases wait on cgroupe: alice sent cgroupe, and no answer came within 0.4 s."
    assert first in Page(html(sample)).text
    assert f"**{first} Send server-cgroupe to the requester.**" in markdown(sample)


def test_every_form_says_how_the_suite_spoke_how_sure_it_is_and_what_an_unstable_case_came_to_first() -> None:
    wait = Finding("alice sent cgroupe, and no answer came", {"action": "server-cgroupe"}, proof="two later ones came")
    unstable = replace(result("G-JOIN-1", Verdict.UNSTABLE, wait), other=result("G-JOIN-1", Verdict.PASS, log=LOG[:1]))
    sample = report(unstable, facts=replace(FACTS, spoken=("the server needs CRLF",)))
    for form in (html, junit, markdown, json_report):
        text = form(sample)
        assert "the server needs CRLF" in text
        assert "two later ones came" in text
        assert re.search('first run, which came to|"other": {', text)


def test_a_failure_is_drawn_and_a_pass_where_that_is_asked_for() -> None:
    failed, passed = result("B-SEND-1", Verdict.FAIL, LEAK), result("G-JOIN-1", Verdict.PASS)
    assert Page(html(report(passed))).tags["figure"] == 0
    assert Page(html(report(failed))).tags["figure"] > 0
    assert Page(html(replace(report(passed), trace=True))).tags["figure"] == 1
    assert Page(html(replace(large(250, Verdict.PASS), trace=True))).tags["figure"] == 250


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FAIL, Verdict.BLOCKED])
@pytest.mark.parametrize("entry", [b"<" * 300, b"\x00" * 300])
def test_the_page_of_a_whole_suite_is_small_enough_to_mail(verdict: Verdict, entry: bytes) -> None:
    finding = Finding("<" * 5_000, {"action": "server-send", "msg": "<" * 5_000}, {"action": "x", "msg": "&" * 9_000})
    page = html(large(250, verdict, finding=finding, entry=entry))
    assert len(page.encode()) <= HTML_LIMIT
    assert len(Page(page).cases) == 250


def test_an_optional_feature_that_is_not_offered_is_nothing_to_fix() -> None:
    absent = result("I-TLS-1", Verdict.UNSUPPORTED, LEAK)
    assert not is_failure(absent)
    assert "Nothing: no case failed." in html(report(absent))


# -- side by side ------------------------------------------------------------------------------------------


def marks(finding: Finding) -> dict[str, tuple[Mark, str]]:
    def message(side: Message | str | None) -> Message:
        assert side is not None
        assert not isinstance(side, str)
        return side

    return {each.name: (each.mark, each.note) for each in compare(message(finding.expected), message(finding.received))}


def test_fields_are_compared_and_a_value_under_another_name_is_found() -> None:
    assert marks(NEAR_MISS) == {
        "action": (Mark.DIFFERENT, ""),
        "group": (Mark.MISSING, ""),
        "members": (Mark.MISSING, ""),
        "list": (Mark.OTHER, "the value of members"),
        "ok": (Mark.OTHER, ""),
    }


def test_a_field_that_breaks_its_schema_is_marked_though_nothing_was_expected_of_it() -> None:
    mark, note = marks(MALFORMED)["ts"]
    assert mark is Mark.DIFFERENT
    assert note.startswith("ts must")
    absent = marks(Finding("", {"action": "server-quit"}, {"action": "server-quit"}))["from"]
    assert absent == (Mark.MISSING, "from is missing")


def test_true_is_not_one() -> None:
    assert marks(Finding("", {"private": True}, {"private": 1}))["private"] == (Mark.DIFFERENT, "")


# -- Markdown ----------------------------------------------------------------------------------------------


def test_nothing_breaks_out_of_its_place_in_markdown() -> None:
    text = markdown(nasty())
    outside = re.sub(r"^(```+)text\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<script" not in outside
    assert "@all" not in outside
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", text)
    assert [line for line in outside.splitlines() if line.startswith("#")] == [
        line for line in outside.splitlines() if re.match(r"#{2,4} (tchat-conform|To fix|[A-Z-]+ )", line)
    ]
    tables = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(tables) == 1


def test_a_summary_is_cut_before_a_ci_system_drops_it() -> None:
    words = ("".join(letters) for letters in product("abcdefghij", repeat=3))
    findings = (Finding(word + "é" * 900, "é" * 1_900, "é" * 1_900) for word in words)
    text = markdown(report(*(result("B-SEND-1", Verdict.FAIL, each, name=each.sentence[:3]) for each in findings)))
    assert len(text.encode()) <= MARKDOWN_LIMIT
    assert re.search(r"\n\d+ more are not shown here; `--json` and `--html` hold all of them\.\n$", text)


# -- the badge ---------------------------------------------------------------------------------------------


def passes(*names: str) -> list[Result]:
    return [result(each.id, Verdict.PASS) for each in requirements().values() if each.level in names]


def test_the_badge_names_the_highest_level_reached_in_order() -> None:
    every = [each.name for each in levels().values() if not each.optional]
    assert badge_text(report()) == "0 of 6 levels"
    assert badge_text(report(*passes("groups"))) == "1 of 6 levels"
    assert badge_text(report(*passes("base", "groups", "security"))) == "groups (3 of 6 levels)"
    assert badge_text(report(*passes(*every))) == "all 6 levels"
    parsed(badge(report(*passes("base"))))


def test_reports_are_functions_of_the_run_alone() -> None:
    for form in FORMS:
        assert form.render(every_verdict()) == form.render(every_verdict())
