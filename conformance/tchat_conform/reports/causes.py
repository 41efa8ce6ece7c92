"""What many cases have in common: one fault of a server shows in many places, and is told once."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tchat_conform.expect import same
from tchat_conform.reports.people import Roles, anonymous, in_roles
from tchat_conform.reports.wording import DIED, OTHER_FORM, REFUSED, kind_of_death, listed, plain
from tchat_conform.requirements import Keyword, requirement
from tchat_conform.verdict import Finding, Message, Result, Verdict
from tchat_protocol import messages, schemas

UNKNOWN = Finding("an unknown cause")
_ABOUT = re.compile(
    r"(?<= sent )[^,]*(?=, and )|^server-[\w-]+(?= is not valid)"
    rf"|(?<![\w-])(?:{'|'.join(sorted(schemas.actions('requests'), key=len, reverse=True))})(?![\w-])"
)
"""Of what a sentence is: the same fault shows with other actions in the same words."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that keeps cases from passing: what it is in a sentence, and the cases, the plainest first.

    ``finding`` is what the first of them has to say of it, and ``field`` the field that it is about, if it is one.
    """

    sentence: str
    verdict: Verdict
    results: tuple[Result, ...]
    finding: Finding
    field: str | None = None

    @property
    def name(self) -> str:
        """The cause in as few words as there are: what cases wait for, or the sentence."""
        return self.finding.by if self.finding.by and self.verdict in _BY_NAME else self.sentence

    @property
    def effect(self) -> str:
        """How many cases, and what they do, such as "3 cases wait on"; ``name`` goes on from there."""
        number = len(self.results)
        if self.is_crash:
            return "1 case ends the server:" if number == 1 else f"{number} cases end the server:"
        if self.verdict is Verdict.BLOCKED:
            return "1 case waits on" if number == 1 else f"{number} cases wait on"
        if self.verdict is Verdict.UNSUPPORTED:
            return "1 case needs" if number == 1 else f"{number} cases need"
        if self.verdict is Verdict.NON_STRICT:
            return "1 case has another form:" if number == 1 else f"{number} cases have another form:"
        return "1 case fails:" if number == 1 else f"{number} cases fail:"

    @property
    def keyword(self) -> Keyword:
        """How much the weightiest of its cases weighs."""
        weight = list(Keyword)
        return min((requirement(each.requirement).keyword for each in self.results), key=weight.index)

    @property
    def is_crash(self) -> bool:
        """Whether the server died of it."""
        return self.finding.sentence.startswith(DIED)


_OF_FIELD = frozenset({"missing", "value"})
_BY_NAME = frozenset({Verdict.BLOCKED, Verdict.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class _Why:
    """One reason of a case. ``about`` are the actions that it names, which do not tell it from others of its kind.

    ``beside`` counts what else is wrong with the same message: the plainest finding is the one to show.
    """

    key: Key
    finding: Finding
    about: tuple[str, ...] = ()
    beside: int = 0
    sentence: str | None = None


def causes(failures: Sequence[Result]) -> list[Cause]:
    """Return the causes of failures, the worst first: by verdict, then by weight, then by the number of cases.

    A case that did the right thing in another form stands under each way in which the form departs; all others stand
    under what ended them.
    """
    groups: dict[tuple[Verdict, Key], dict[str, tuple[Result, _Why]]] = {}
    for result in failures:
        for why in _whys(result):
            group = groups.setdefault((result.verdict, why.key), {})
            known = group.get(result.case)
            if known is None or why.beside < known[1].beside:
                group[result.case] = (result, why)
    found = [_cause(verdict, list(group.values())) for (verdict, _), group in groups.items()]
    badness, weight = list(Verdict), list(Keyword)

    def rank(cause: Cause) -> tuple[int, bool, int, int]:
        return (badness.index(cause.verdict), not cause.is_crash, weight.index(cause.keyword), -len(cause.results))

    return sorted(found, key=rank)


def _cause(verdict: Verdict, group: Sequence[tuple[Result, _Why]]) -> Cause:
    shown = sorted(group, key=_plainness)
    first, why = shown[0]
    about = list(dict.fromkeys(action for _, each in shown for action in each.about))
    if why.sentence is None:
        sentence = plain(in_roles(why.finding, Roles(first)).sentence)
        others = [each for each in about if each not in why.about]
        sentence += f"; so with {listed(others)}" if others else ""
    else:
        sentence = f"{why.sentence} in {listed(about)}" if about else why.sentence
    field = why.key[1] if why.key[0] in _OF_FIELD else None
    return Cause(sentence, verdict, tuple(result for result, _ in shown), why.finding, field)


def _plainness(shown: tuple[Result, _Why]) -> tuple[int, int, int]:
    """Return how well a case shows its cause: nothing else wrong with the message, a heavy requirement, a short log."""
    result, why = shown
    weight = list(Keyword).index(requirement(result.requirement).keyword)
    return why.beside, weight, len(result.log) or sys.maxsize


def _whys(result: Result) -> Iterator[_Why]:
    people = {each.who for each in result.log}
    findings = result.findings or (UNKNOWN,)
    if result.verdict is not Verdict.NON_STRICT:
        yield _why(findings[0], people, by_name=result.verdict in _BY_NAME)
        return
    for finding in findings:
        if OTHER_FORM in finding.sentence:
            yield from _of_form(finding)
        else:
            yield _why(finding, people)


def _why(finding: Finding, people: Iterable[str], *, by_name: bool = False) -> _Why:
    if by_name and finding.by is not None:
        return _Why(("by", finding.by), finding)
    said = plain(finding.sentence)
    if said.startswith(DIED):
        return _Why(("died", kind_of_death(said)), finding)
    about = tuple(dict.fromkeys(_ABOUT.findall(said)))
    sentence = anonymous(_ABOUT.sub("·", said), people)
    expected, received = finding.expected, finding.received
    if "got nothing more" in sentence or "against its schema" in sentence:
        told = ""
    elif isinstance(expected, Mapping) and expected.get("action") == "server-error":
        told = str(expected.get("code", ""))
    elif REFUSED in sentence and isinstance(received, Mapping):
        told = anonymous(str(received.get("msg", received.get("code", ""))), about)
    elif isinstance(expected, Mapping):
        told = "" if about else str(expected.get("action"))
    else:
        told = str(received.get("action")) if isinstance(received, Mapping) else ""
    return _Why(("sentence", sentence, told), finding, about)


def _of_form(finding: Finding) -> Iterator[_Why]:
    """Yield each way in which a message departs from its standard form."""
    expected, received = finding.expected, finding.received
    if not isinstance(expected, Mapping) or not isinstance(received, Mapping):
        return
    departures = list(dict.fromkeys(_departures(expected, received)))
    for key, sentence in departures or [(("form", finding.sentence), finding.sentence)]:
        about = (str(expected["action"]),) if key[0] == "missing" else ()
        yield _Why(key, finding, about, len(departures), sentence)


def _departures(expected: Message, received: Message) -> Iterator[tuple[Key, str]]:
    action = str(expected.get("action"))
    if received.get("action") != action:
        said = repr(received["action"]) if "action" in received else "missing"
        yield ("action", action, said), f"action is {said}, expected {action!r}"
    required = schemas.schema("answers", action)["required"] if action in schemas.actions("answers") else ()
    absent = [each for each in {**expected, **dict.fromkeys(required)} if each not in received]
    yield from ((("missing", each), f"{each} is missing") for each in absent if each != "action")
    for name, value in expected.items():
        if name != "action" and name in received and not same(received[name], value):
            yield ("value", name, action), f"{name} in {action} is another than expected"
    if not absent and received.get("action") == action:
        for each in messages.problems("answers", dict(received)):
            place = re.sub(r"\d+", "0", each.field)
            yield ("schema", action, place), re.sub(r"/\d+/", "/0/", f"{each} in {action}")


def all_deaths(found: Sequence[Cause]) -> Cause | None:
    """Return all that the server died of as one cause, which is told by the commonest; None if it lived."""
    deaths = [each for each in found if each.is_crash]
    if not deaths:
        return None
    results = {result.case: result for each in deaths for result in each.results}
    return replace(max(deaths, key=lambda each: len(each.results)), results=tuple(results.values()))


def waiting_on(cause: Cause, every: Iterable[Cause]) -> int:
    """Return how many blocked cases wait for what fails here."""
    asked = requests_of(cause.finding)
    blocked = (each for each in every if each.verdict is Verdict.BLOCKED and each is not cause)
    return sum(len(each.results) for each in blocked if each.name in asked)


def requests_of(finding: Finding) -> frozenset[str]:
    """Return the requests whose answer a finding misses."""
    action = finding.expected.get("action") if isinstance(finding.expected, Mapping) else None
    answered = {each for each in schemas.actions("requests") if schemas.answer_to(each) == action}
    return frozenset(answered | ({finding.by} if finding.by else set()))
