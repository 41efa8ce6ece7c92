"""Which cases failed at a rule of another requirement, and what becomes of them."""

from collections.abc import Iterable
from dataclasses import replace

from tchat_conform.rules import Rule
from tchat_conform.verdict import Result, Verdict


def rules_at_fault(results: Iterable[Result]) -> list[Rule]:
    """Return the rules at which cases about something else failed, each once."""
    found = ((_rule(each), each.requirement) for each in results)
    return list(dict.fromkeys(rule for rule, about in found if rule is not None and rule.excuses(about)))


def is_broken(rule: Rule, own: Iterable[Result]) -> bool:
    """Tell whether a rule is broken by what the cases of its own requirement came to."""
    found = list(own)
    passes = any(each.verdict is Verdict.PASS for each in found)
    return any(_rule(each) == rule for each in found) and not (rule.always and passes)


def excused(result: Result, rule: Rule) -> Result:
    """Return a result in view of a broken rule: blocked if it is about something else.

    What waits and what is waited for name the rule, so that a report can count the one under the other.
    """
    if _rule(result) != rule:
        return result
    first, *others = result.findings
    verdict = Verdict.BLOCKED if rule.excuses(result.requirement) else result.verdict
    return replace(result, verdict=verdict, findings=(replace(first, by=rule.words), *others))


def _rule(result: Result) -> Rule | None:
    return result.findings[0].rule if result.verdict is Verdict.FAIL and result.findings else None
