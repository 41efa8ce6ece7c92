"""Runs that never happened, with everything in them that a report has to bear."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from tchat_conform.reports.report import Facts, Report
from tchat_conform.requirements import requirements
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_conform.wirelog import Entry

FACTS = Facts(
    target="node server.js {port}",
    command="tchat-conform --spawn 'node server.js {port}'",
    version="0.1.0",
    began=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    seconds=2.5,
    patience=0.4,
    token="a1b2c",  # noqa: S106 - part of names
    features=("paging", "auth"),
)
NASTY = "<script>alert(1)</script>\x00\x1b[2J\x9b|`*_\u202e\uffff\ud800</li>\n# ]]>&amp; {{ 7 * 7 }} @all"

LOG = (
    Entry(0.1, "alice", "·", b"connected"),
    Entry(0.2, "alice", "→", b'{"action":"client-hello","from":"alicexa1b2cx00001","id":2}\n'),
    Entry(0.9, "alice", "←", b'{"action":"server-hello","from":"alicexa1b2cx00001","msg":"hi","id":2}\n'),
    Entry(1.3, "bob", "→", b'{"action":"join","sender":"bobxa1b2cx00003","group":"wobxa1b2cx00004","id":5}\n'),
    Entry(2.0, "bob", "←", b'{"action":"members","list":["alicexa1b2cx00001","bobxa1b2cx00003"]}'),
    Entry(400.0, "suite", "·", b"the barrier from alice to bob did not arrive"),
)


def result(
    requirement: str, verdict: Verdict, *findings: Finding, name: str = "it", log: Iterable[Entry] = LOG
) -> Result:
    title = f"What {requirement} says holds."
    return Result(f"{requirement}/{name}", requirement, title, verdict, findings, tuple(log), 0.0123)


def report(*results: Result, facts: Facts = FACTS) -> Report:
    return Report(facts, tuple(results))


NEAR_MISS = Finding(
    "bob heard of it, but in another form: action is 'members', expected 'server-members'",
    {"action": "server-members", "group": "wobxa1b2cx00004", "members": ["alicexa1b2cx00001", "bobxa1b2cx00003"]},
    {"action": "members", "list": ["alicexa1b2cx00001", "bobxa1b2cx00003"], "ok": True},
)
MALFORMED = Finding(
    "client-send was answered, but in another form: ts must be a time such as …",
    {"action": "server-send", "from": "alice", "to": "bob", "msg": "hello"},
    {"action": "server-send", "from": "alice", "to": "bob", "msg": "hello", "ts": "yesterday"},
)
LEAK = Finding("carol must not get this, but did", "nothing", {"action": "server-send", "msg": "secret"})


def every_verdict() -> Report:
    """Return a run in which every verdict occurs, on MUSTs, SHOULDs and an optional level."""
    wait = Finding(
        "alice sent cgroupe, and no answer came within 0.4 s", {"action": "server-cgroupe"}, "nothing", "cgroupe"
    )
    unknown = Finding(
        "kick was refused; it is legal here", None, {"action": "server-error", "code": "unknown-action"}, "kick"
    )
    return report(
        result("I-HELLO-1", Verdict.PASS),
        result("B-SEND-1", Verdict.FAIL, LEAK),
        result("A-TS-1", Verdict.NON_STRICT, MALFORMED),
        result("W-LINE-1", Verdict.FAIL, Finding("no line feed came", "{…}\\n", "{…}")),
        result("G-MEMBERS-1", Verdict.NON_STRICT, NEAR_MISS),
        result("G-JOIN-1", Verdict.BLOCKED, wait),
        result("G-JOIN-2", Verdict.BLOCKED, wait),
        result("G-LEAVE-1", Verdict.BLOCKED, wait, log=()),
        result("G-KICK-1", Verdict.UNSUPPORTED, unknown),
        result("P-CREATE-1", Verdict.ERROR, Finding("Traceback (most recent call last):\n  File x\nValueError: no")),
        result("H-RESTART-1", Verdict.UNTESTED, Finding("needs a server that the suite started")),
        result("I-MISMATCH-1", Verdict.PASS),
        replace(result("H-RESTART-2", Verdict.UNSTABLE, wait), other=result("H-RESTART-2", Verdict.PASS)),
        result(
            "I-TLS-1", Verdict.UNSUPPORTED, Finding("server-hello does not list 'tls'", by="the feature tls"), log=()
        ),
    )


def nasty() -> Report:
    """Return a run of a server that answers with whatever hurts a report."""
    message = {"action": NASTY, NASTY: NASTY, "group": {"deep": [NASTY]}, "n": float("inf")}
    log = [Entry(1.0, "alice", "←", NASTY.encode("utf-8", "surrogatepass") + b"\xff\xfe")]
    findings = [Finding(NASTY, {"action": "server-send"}, message), Finding(NASTY, NASTY, NASTY)]
    return report(
        result("B-SEND-1", Verdict.FAIL, *findings, log=log),
        result("G-JOIN-1", Verdict.BLOCKED, Finding(NASTY, NASTY, message, by=NASTY), log=log),
        result("I-TLS-1", Verdict.UNSUPPORTED, Finding(NASTY), log=log),
        result("A-TS-1", Verdict.ERROR, Finding(NASTY), log=log),
        facts=Facts(NASTY, NASTY, "0.1.0", FACTS.began, 1.0, 0.4, "a1b2c", (NASTY,)),
    )


def large(cases: int, verdict: Verdict, *, finding: Finding = NEAR_MISS, entry: bytes = b"x" * 300) -> Report:
    """Return a run of many cases with long logs, all with one verdict."""
    log = [Entry(float(number), "alice", "←", entry) for number in range(30)]
    ids = list(requirements())
    found = () if verdict is Verdict.PASS else (finding,)
    return report(
        *(result(ids[number % len(ids)], verdict, *found, name=f"n{number}", log=log) for number in range(cases))
    )


ALL_OF_THEM = {
    "every verdict": every_verdict(),
    "nasty": nasty(),
    "all passed": large(150, Verdict.PASS),
    "all failed": large(150, Verdict.FAIL),
    "nothing": report(),
}
