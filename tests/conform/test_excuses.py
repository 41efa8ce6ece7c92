"""A case that comes to a rule of another requirement, and finds it broken, has not found a fault of its own."""

from pathlib import Path

import pytest

from conform.mutants.registry import all_mutants
from conform.test_mutants import judge
from tchat_conform import excuses, rules
from tchat_conform.requirements import requirements
from tchat_conform.rules import Rule
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_protocol import schemas
from tchat_protocol.errors import ErrorCode

BANS = Rule("a refusal of join with banned", "G-BAN-2")
LOG = Rule("what states holds", "G-STATES-1", always=True)
MUTANTS = {each.name: each for each in all_mutants()}


def result(case: str, verdict: Verdict = Verdict.FAIL, rule: Rule | None = BANS) -> Result:
    return Result(case, case.partition("/")[0], "A title.", verdict, (Finding("it was accepted", rule=rule),))


def test_who_fails_at_a_rule_of_others_is_blocked_by_it_and_its_owner_fails() -> None:
    own, other = result("G-BAN-2/own"), result("G-UNBAN-3/other")
    assert excuses.rules_at_fault([own, other]) == [BANS]
    assert excuses.is_broken(BANS, [own, result("G-BAN-2/more", Verdict.PASS)])
    blocked, failed = excuses.excused(other, BANS), excuses.excused(own, BANS)
    assert (blocked.verdict, blocked.findings[0].by) == (Verdict.BLOCKED, BANS.words)
    assert (failed.verdict, failed.findings[0].by) == (Verdict.FAIL, BANS.words)


def test_where_the_owners_cases_hold_the_fault_is_the_cases_own() -> None:
    assert not excuses.is_broken(BANS, [result("G-BAN-2/own", Verdict.PASS), result("G-BAN-2/else", rule=None)])


@pytest.mark.parametrize(("other", "broken"), [(Verdict.FAIL, True), (Verdict.PASS, False), (Verdict.BLOCKED, True)])
def test_a_rule_about_much_is_broken_if_no_case_of_its_requirement_passes(other: Verdict, broken: bool) -> None:
    assert excuses.is_broken(LOG, [result("G-STATES-1/a", rule=LOG), result("G-STATES-1/b", other)]) is broken


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.FAIL])
def test_only_failures_are_excused(verdict: Verdict) -> None:
    assert excuses.excused(result("G-UNBAN-3/other", verdict), BANS).verdict is verdict


def test_requirements_that_say_the_same_are_not_excused() -> None:
    posting = rules.refusal("gbroadcast", "not-member")
    assert posting is not None
    assert not posting.excuses("P-POST-1")
    assert posting.excuses("I-NAME-4")


def test_the_tables_know_actions_codes_and_requirements() -> None:
    known = {*schemas.actions("requests"), "another action"}
    assert {action for action, _ in rules.OWNERS} <= known
    assert {code for _, code in rules.OWNERS} <= set(ErrorCode)
    owners = {*rules.OWNERS.values(), *rules.SECRETS.values(), *rules.LOGS.values(), *rules.SAYS_IT_TOO}
    assert owners | {each for others in rules.SAYS_IT_TOO.values() for each in others} <= set(requirements())


@pytest.mark.parametrize(
    ("mutant", "case", "waits_for"),
    [
        ("never_enforces_bans", "G-UNBAN-3/an-outsider-cannot-unban", "a refusal of join with banned"),
        (
            "never_asks_for_membership",
            "G-UNBAN-2/who-is-unbanned-is-no-member",
            "a refusal of gbroadcast with not-member",
        ),
        ("posts_to_everyone", "I-NAME-4/a-group-called-null-works", "gbroadcast to nobody else"),
        ("forgets_to_tell_dest", "G-KICK-4/a-member-cannot-kick", "server-kick to whom it is about"),
        ("bans_members_only", "A-SEQ-1/events-and-messages-count-together", "a ban of an outsider"),
        ("keeps_no_log", "G-STATES-2/an-outsider-reads-the-log", "what states holds"),
    ],
)
def test_one_fault_fails_no_case_about_something_else(
    mutant: str, case: str, waits_for: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the case is asked for alone: whose fault it is does not depend on that."""
    MUTANTS[mutant].apply(monkeypatch)
    (found,) = judge(tmp_path / "mutant.sqlite", [case])
    assert (found.verdict, found.findings[0].by) == (Verdict.BLOCKED, waits_for)


@pytest.mark.parametrize(
    ("mutant", "case"),
    [
        ("unbans_into_the_group", "G-UNBAN-2/who-is-unbanned-is-no-member"),
        ("forgets_bans_on_restart", "H-RESTART-2/bans-survive-a-restart"),
    ],
)
def test_a_fault_of_its_own_stays_one(mutant: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[mutant].apply(monkeypatch)
    (found,) = judge(tmp_path / "mutant.sqlite", [case])
    assert found.verdict is Verdict.FAIL
