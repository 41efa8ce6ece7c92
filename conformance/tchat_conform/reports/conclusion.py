"""The first and the last words of a report: how the suite spoke, what to do first, and what it comes to."""

from collections.abc import Iterator

from tchat_conform.language import said
from tchat_conform.reports.people import Roles, in_roles
from tchat_conform.reports.report import Report, reached, requirement_of
from tchat_conform.reports.text import visible
from tchat_conform.reports.wording import DIED, fix, listed
from tchat_conform.requirements import levels
from tchat_conform.summary import lacks_feature
from tchat_conform.verdict import STOPPED, Verdict

SHOWN = 1_000


def opening(report: Report) -> Iterator[str]:
    """Yield what was judged, and in what the suite departed from the protocol so that the server understood it."""
    facts = report.facts
    many = said(f"{_cases(len(report.results))} in {facts.seconds:.1f} s")
    yield f"{said(visible(facts.target, SHOWN))}: {many}"
    for each in facts.spoken:
        yield said(f"Spoken to in its own way: {said(visible(each, SHOWN))}.")


def first_step(report: Report) -> str:
    """Return what to fix first and how, in a sentence; nothing where nothing failed."""
    first = report.first_to_fix
    if first is None:
        return ""
    advice = fix(in_roles(first.finding, Roles(first.results[0])), first.sentence)
    name = "" if first.name == first.sentence else f"{said(visible(first.name, SHOWN))}: "
    what = said(visible(first.sentence.removeprefix(f"{DIED} of this case: "), SHOWN))
    begin = f"{said('Fix this first:')} {said(first.effect)} {name}{what}{'' if what.endswith('.') else '.'}"
    how = said(visible(advice, SHOWN)) if advice else ""
    return f"{begin} {how[0].upper()}{how[1:]}." if how else begin


def conclusion(report: Report, *, expected: bool = False) -> Iterator[str]:
    """Yield the summary: cases that apply, the highest level, and the exit status unless known failures decide it."""
    absent = [each for each in report.results if lacks_feature(each)]
    aside = said(f" ({_of_features(report)} aside, which the server does not list)") if absent else ""
    yield f"{said(report.headline)}{aside}."
    untested = [each for each in report.results if each.verdict is Verdict.UNTESTED]
    if untested:
        were = "was" if len(untested) == 1 else "were"
        reasons = dict.fromkeys(said(visible(each.findings[0].sentence, SHOWN)) for each in untested if each.findings)
        why = listed(list(reasons) or [said("stopped")])
        yield said(f"{_cases(len(untested))} {were} not tested: {why}.")
    yield _highest(report)
    if not expected:
        yield _status(report)


def _cases(number: int) -> str:
    return "1 case" if number == 1 else f"{number} cases"


def _of_features(report: Report) -> str:
    counts: dict[str, int] = {}
    for each in report.results:
        if lacks_feature(each):
            feature = str(each.findings[0].by).split()[-1]
            counts[feature] = counts.get(feature, 0) + 1
    return listed([said(f"{number} of {name}") for name, number in counts.items()])


def _highest(report: Report) -> str:
    highest, done, of = reached(report.summaries)
    looked_at = {each.level.name for each in report.summaries}
    left_out = [each.name for each in levels().values() if not each.optional and each.name not in looked_at]
    aside = f" This run did not look at {listed(left_out)}." if left_out else ""
    if highest is None:
        return said(f"{done or 'None'} of {of} levels {'are' if done > 1 else 'is'} reached.{aside}")
    return said(f"Highest level reached: {highest}, {done} of {of} in all.{aside}")


def _status(report: Report) -> str:
    if any(STOPPED in each.findings for each in report.results):
        return said("The run was stopped: what is left of it is untested.")
    if not report.exit_status:
        return said("Exit status 0: every MUST that was looked at holds.")
    unmet = {requirement_of(each).id for each in report.results if each.case in report.unmet}
    where = listed([each.level.name for each in report.summaries if each.unmet])
    many = "1 MUST does not hold" if len(unmet) == 1 else f"{len(unmet)} MUSTs do not hold"
    return said(f"Exit status 1: {many}, of {where}.")
