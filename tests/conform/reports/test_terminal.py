"""What a person reads at a terminal: short, the cause once, and enough to act on."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from conform.reports.samples import ALL_OF_THEM, FACTS, LEAK, NEAR_MISS, every_verdict, large, nasty, report, result
from tchat_conform.reports.entry import MOST_LINES, entry
from tchat_conform.reports.report import Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.verdict import Finding, Verdict
from tchat_conform.wirelog import Entry

WIDTH = 80
TWO_PAGES = 130


def printed(
    sample: Report, *, verbose: bool = False, expected: bool = False, terminal: bool = False, width: int = WIDTH
) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, soft_wrap=True, force_terminal=terminal)
    print_report(sample, console, verbose=verbose, expected=expected)
    return out.getvalue()


def entries(sample: Report) -> list[list[str]]:
    return [[line.text for line in entry(each, sample, WIDTH)] for each in sample.causes]


# -- one failure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", ALL_OF_THEM.values(), ids=ALL_OF_THEM)
def test_no_failure_takes_more_than_twelve_lines_nor_more_than_the_width_but_for_the_command(sample: Report) -> None:
    for lines in entries(sample):
        assert len(lines) <= MOST_LINES
        assert lines[-1].startswith("    again   ")
        assert [line for line in lines[:-1] if len(line) > WIDTH] == []


def test_a_failure_says_everything_that_its_author_needs() -> None:
    (lines,) = entries(leak())
    assert lines == [
        "FAIL MUST groups: G-KICK-4/it",
        "  What G-KICK-4 says holds.",
        "  bob must not get this, but did",
        "    expected  nothing",
        '    received  {"action": "server-gbroadcast", "group": "g", "msg": "x"}',
        '       1.0 alice → {"action":"gbroadcast","group":"g","msg":"x"}',
        '       2.0   bob ← {"action":"server-gbroadcast","group":"g","msg":"x"}  ← this',
        "    fix     send it to those whom it is for, and to nobody else",
        "    sure    a later message came after it",
        "    rule    PROTOCOL.md#g-kick-4: A sender that is not the owner: not-owner.",
        "    again   tchat-conform --spawn 'node server.js {port}' --only G-KICK-4/it",
    ]


def leak() -> Report:
    sent = b'{"action":"gbroadcast","group":"gxa1b2cx00003","msg":"x"}\n'
    got = b'{"action":"server-gbroadcast","group":"gxa1b2cx00003","msg":"x"}\n'
    others = b'{"action":"server-presence","from":"zoexa1b2cx00099","online":true}\n'
    log = [
        Entry(0.1, "bob", "·", b"connected"),
        Entry(0.5, "bob", "→", b'{"action":"join","sender":"bobxa1b2cx00002","group":"gxa1b2cx00003"}\n'),
        Entry(1.0, "alice", "→", sent),
        Entry(1.5, "bob", "←", others),
        Entry(2.0, "bob", "←", got + others),
        Entry(3.0, "bob", "·", b"we close"),
    ]
    received = {"action": "server-gbroadcast", "group": "gxa1b2cx00003", "msg": "x"}
    finding = Finding("bob must not get this, but did", "nothing", received, proof="a later message came after it")
    return report(result("G-KICK-4", Verdict.FAIL, finding, log=log))


def test_only_fields_that_differ_are_compared_and_what_stands_elsewhere_is_found() -> None:
    lines = "\n".join(entries(report(result("G-MEMBERS-1", Verdict.NON_STRICT, NEAR_MISS)))[0])
    assert '"server-members"' in lines
    assert "ok" not in lines
    assert "received  (1 more: members)" in lines
    renamed = Finding("heard", {"action": "server-quit", "from": "bob"}, {"action": "server-quit", "who": "bob"})
    lines = "\n".join(entries(report(result("B-QUIT-1", Verdict.FAIL, renamed)))[0])
    assert '    from       "bob"     missing; its value stands in who\n' in lines


def test_bytes_that_are_no_message_get_a_caret_under_the_first_bad_one() -> None:
    finding = Finding("the server sent what is no message: a word at byte 6", None, repr(b'{"a":x}'))
    lines = entries(report(result("W-JSON-1", Verdict.NON_STRICT, finding)))[0]
    at = next(number for number, line in enumerate(lines) if "^ byte" in line)
    assert lines[at].index("^") == lines[at - 1].index("x}")


def test_what_did_not_come_stands_in_the_log_where_it_should_have() -> None:
    sent = Entry(1.0, "alice", "→", b'{"action":"cgroupe","id":5}\n')
    finding = Finding("alice sent cgroupe, and no answer came", {"action": "server-cgroupe", "id": 5}, "nothing")
    lines = entries(report(result("G-CREATE-1", Verdict.FAIL, finding, log=[sent])))[0]
    at = next(number for number, line in enumerate(lines) if line.endswith("alice ← no server-cgroupe came"))
    assert '→ {"action":"cgroupe","id":5}' in lines[at - 1]


def test_a_crash_names_the_error_the_line_of_the_server_and_the_messages_that_kill() -> None:
    words = "\ns.js:82\n    x()\nTypeError: no members\n    at f (/a/server.js:82:31)\n    at emit (node:events:1:2)"
    died = Finding(f"the server died of this case: exit status 1; its last words:{words}")
    fewest = Finding("one message kills it, on a server started anew", None, 'alice → {"action":"ban"}')
    sample = report(result("G-BAN-1", Verdict.FAIL, died, fewest))
    lines = "\n".join(entries(sample)[0])
    assert "TypeError: no members (server.js, line 82)" in " ".join(lines.split())
    assert 'alice → {"action":"ban"}' in lines
    assert "Fix this first: 1 case ends the server:" in printed(sample)


# -- a whole run --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 40, 200])
@pytest.mark.parametrize("sample", ALL_OF_THEM.values(), ids=ALL_OF_THEM)
def test_any_run_can_be_shown_on_any_terminal(sample: Report, width: int) -> None:
    text = printed(replace(sample, trace=True), verbose=True, width=width)
    assert sample.headline in text


def test_the_same_cause_is_told_once_with_its_cases() -> None:
    text = printed(large(300, Verdict.FAIL, finding=LEAK))
    assert text.count("carol must not get this, but did") == 2  # in the first step and in its entry
    assert "FAIL MUST base: 300 cases, such as " in text
    assert re.search(r"also    \S+, \S+, .* and 29\d more", text)


def test_a_run_with_very_many_causes_stays_within_two_pages() -> None:
    words = [f"{one}{two}" for one in "abcdefghijklmnopq" for two in "abcdefghijklmnopq"]
    results = []
    for verdict in (Verdict.FAIL, Verdict.BLOCKED, Verdict.NON_STRICT, Verdict.UNSUPPORTED):
        results += [
            result("B-SEND-1", verdict, Finding(f"the {each} is odd"), name=f"{verdict}-{each}") for each in words
        ]
    text = printed(report(*results))
    assert len(text.splitlines()) <= TWO_PAGES
    assert "… and 277 more, in 277 cases: --html FILE shows all, and so does -v" in text


def test_blocked_cases_say_what_to_fix_first_and_failures_what_waits_on_them() -> None:
    silence = Finding("alice sent cgroupe, and no answer came", {"action": "server-cgroupe"}, "nothing")
    sample = report(
        result("G-CREATE-1", Verdict.FAIL, silence),
        result("G-JOIN-1", Verdict.BLOCKED, replace(silence, by="cgroupe")),
        result("G-JOIN-2", Verdict.BLOCKED, replace(silence, by="cgroupe")),
    )
    text = printed(sample)
    first = (
        "Fix this first: 2 cases wait on cgroupe: alice sent cgroupe, and no answer came. Send server-cgroupe to the"
    )
    assert first in text
    assert "waits   2 cases wait on this" in text


def test_it_opens_with_the_target_and_the_way_it_was_spoken_to() -> None:
    sample = report(result("B-SEND-1", Verdict.PASS), facts=replace(FACTS, spoken=("the server needs CRLF",)))
    assert printed(sample).splitlines()[:2] == [
        "node server.js {port}: 1 case in 2.5 s",
        "Spoken to in its own way: the server needs CRLF.",
    ]


def test_it_ends_with_what_applies_the_level_reached_and_the_exit_status() -> None:
    absent = result("I-TLS-1", Verdict.UNSUPPORTED, Finding("not listed", by="the feature tls"), log=())
    fine = printed(report(result("B-SEND-1", Verdict.PASS), absent)).splitlines()[-3:]
    assert fine[0] == "1 of 1 case passed (1 of tls aside, which the server does not list)."
    assert fine[1].startswith("Highest level reached: base, 1 of 6 in all. This run did not look at groups, ")
    assert fine[2] == "Exit status 0: every MUST that was looked at holds."
    broken = printed(every_verdict())
    assert "1 case was not tested: needs a server that the suite started." in broken
    assert re.search(r"Exit status 1: \d+ MUSTs do not hold, of .*base", broken)
    assert "Exit status" not in printed(every_verdict(), expected=True)


def test_unsupported_cases_without_a_log_are_listed() -> None:
    unknown = Finding("kick was refused; it is legal here", None, {"action": "server-error"}, "kick")
    assert "UNSUPPORTED MUST groups: G-KICK-1/it" in printed(
        report(result("G-KICK-1", Verdict.UNSUPPORTED, unknown, log=()))
    )


def test_words_for_verdicts_are_explained_where_they_occur() -> None:
    assert "NON-STRICT: the right thing happened" in printed(report(result("B-SEND-1", Verdict.NON_STRICT, NEAR_MISS)))
    assert "NON-STRICT" not in printed(report(result("B-SEND-1", Verdict.PASS)))


def test_an_unstable_case_shows_both_logs() -> None:
    wait = Finding("no answer came")
    other = result("B-SEND-1", Verdict.PASS, log=[Entry(1.0, "alice", "→", b"first run")])
    unstable = replace(
        result("B-SEND-1", Verdict.UNSTABLE, wait, log=[Entry(1.0, "alice", "→", b"again")]), other=other
    )
    text = printed(report(unstable), verbose=True)
    assert "the first run, which came to pass" in text
    assert "first run" in text
    assert "again" in text


def test_verbose_keeps_names_and_logs_as_they_were_and_gives_lines_for_nc() -> None:
    text = printed(leak(), verbose=True)
    assert "bobxa1b2cx00002" in text
    assert "zoexa1b2cx00099" in text
    assert "nc 127.0.0.1 $PORT" in text


def test_trace_draws_what_passed_too() -> None:
    passed = result("B-SEND-1", Verdict.PASS)
    assert "├─" not in printed(report(passed))
    assert "├─" in printed(replace(report(passed), trace=True))


def test_control_characters_never_reach_the_terminal_and_colour_only_a_terminal() -> None:
    for verbose in (False, True):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", printed(nasty(), verbose=verbose))
    assert "\x1b[" in printed(every_verdict(), terminal=True)


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*3\dm", printed(every_verdict(), terminal=True))
