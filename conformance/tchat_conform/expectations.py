"""The known failures of a server: a file of lines, one a case, so that a run can tell what is new.

A line is the id of a case, the verdict that it comes to, and after ``#`` why, if somebody knows::

    G-BAN-2/a-banned-user-cannot-read  fail  # bans are on my list for next week

Everything that did not pass needs a line, whatever its keyword. ``pass`` and ``untested`` need none, and neither does
an optional feature that the server does not list. A line with ``unstable`` is content with any verdict.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tchat_conform.case import all_cases
from tchat_conform.ids import current
from tchat_conform.near import did_you_mean
from tchat_conform.selection import NoSuchCase, ids_of
from tchat_conform.summary import lacks_feature
from tchat_conform.verdict import Result, Verdict

KNOWABLE = tuple(each for each in Verdict if each not in (Verdict.PASS, Verdict.UNTESTED))
"""What a case can be known to come to."""
Find = Callable[[str], list[str]]
HEADER = (
    "# Known failures: case, verdict, and after # why, if you know.",
    "# tchat-conform --expect FILE fails on what is not here, and on what is here and passes now.",
)


class BadExpectations(ValueError):  # noqa: N818 - said of a file, not a fault of the program
    """A file of known failures cannot be used; says which line, and why."""


class News(Enum):
    """How a result relates to what was known. The value says it in words."""

    NEW = "new"
    WORSE = "worse than known"
    BETTER = "better than known, not passed yet"
    FIXED = "passes now"
    KNOWN = "as known"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One known failure."""

    case: str
    verdict: Verdict
    reason: str = ""

    def line(self, width: int) -> str:
        """Return the line of the file, with the id in so many columns."""
        line = f"{self.case:<{width}}  {self.verdict}"
        return f"{line:<{width + 14}}# {self.reason}" if self.reason else line


AllNews = Mapping[News, Sequence[tuple[Result, Expectation | None]]]
"""The results of a run by what they are beside what was known, each with what was known of it."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """The known failures of one server, by case; ``header`` are the comments at the top of their file."""

    known: Mapping[str, Expectation] = field(default_factory=dict)
    header: Sequence[str] = HEADER

    def compare(self, results: Iterable[Result]) -> AllNews:
        """Return the results that are news or known failures; what was not looked at is neither."""
        found: dict[News, list[tuple[Result, Expectation | None]]] = {each: [] for each in News}
        for result in results:
            known = self.known.get(result.case)
            if _tells(result) and (known or result.verdict is not Verdict.PASS):
                found[_news(result, known)].append((result, known))
        return found

    def after(self, results: Iterable[Result]) -> "Expectations":
        """Return what is known after a run: reasons stay, and so do the lines of what it did not look at."""
        known = dict(self.known)
        for result in results:
            before = known.get(result.case)
            if not _tells(result) or (before and before.verdict is Verdict.UNSTABLE):
                continue
            known.pop(result.case, None)
            if result.verdict is not Verdict.PASS:
                known[result.case] = Expectation(result.case, result.verdict, before.reason if before else "")
        return Expectations(known, self.header)

    def text(self, order: Iterable[str] | None = None) -> str:
        """Return the lines of the file in the order of these ids, or else of the cases about servers."""
        ids = [each.id for each in all_cases()] if order is None else order
        kept = [self.known[each] for each in ids if each in self.known]
        width = max((len(each.case) for each in kept), default=0)
        return "".join(f"{line}\n" for line in (*self.header, *(each.line(width) for each in kept)))


def holds(news: AllNews) -> bool:
    """Tell whether there is nothing but what was known."""
    return not any(found for kind, found in news.items() if kind is not News.KNOWN)


def news_lines(news: AllNews) -> list[str]:
    """Return what a run has to say beside what was known, a line each, and the numbers at the end."""
    lines = []
    for kind, found in news.items():
        if kind is not News.KNOWN:
            lines += [_news_line(kind, result, known) for result, known in found]
    counts = ", ".join(f"{len(found)} {kind.value}" for kind, found in news.items() if found)
    return [*lines, f"Beside the known failures: {counts or 'nothing failed'}."]


def _news_line(kind: News, result: Result, known: Expectation | None) -> str:
    was = f", known as {known.verdict}" if known else ""
    why = f" # {known.reason}" if known and known.reason else ""
    return f"{kind.value}: {result.case} {result.verdict}{was}{why}"


def read_expectations(path: Path, find: Find = ids_of) -> Expectations:
    """Return the known failures that a file holds. Raises BadExpectations with every line that is wrong.

    ``find`` returns the ids of the cases that a name means, those about servers if nothing else is said.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadExpectations(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadExpectations(f"{path} is not UTF-8 text") from error
    entries, wrong = [], []
    for number, line in enumerate(lines, 1):
        try:
            entries += _expectations(line, find)
        except (BadExpectations, NoSuchCase) as error:
            wrong.append(f"{path}:{number}: {error}")
    wrong += [f"{path}: {case} stands there {times} times" for case, times in _repeated(entries)]
    if wrong:
        raise BadExpectations("\n".join(wrong))
    return Expectations({each.case: each for each in entries}, _header(lines))


def _expectations(line: str, find: Find) -> list[Expectation]:
    entry, _, reason = line.partition("#")
    if not entry.strip():
        return []
    case, *verdicts = entry.split()
    if len(verdicts) != 1:
        raise BadExpectations("a line is the id of a case and its verdict, such as: G-JOIN-1/it  fail  # why")
    return [Expectation(_id(case, find), _verdict(verdicts[0]), reason.strip())]


def _repeated(entries: Iterable[Expectation]) -> list[tuple[str, int]]:
    return [(case, times) for case, times in Counter(each.case for each in entries).items() if times > 1]


def _id(case: str, find: Find) -> str:
    known = find(case)
    if current(case) not in known:
        raise BadExpectations(f"{case} is not the id of a case; {known[0]} is one")
    return current(case)


def _verdict(name: str) -> Verdict:
    if name not in KNOWABLE:
        near = did_you_mean(name, KNOWABLE) or f" There are {', '.join(KNOWABLE)}."
        raise BadExpectations(f"{name!r} is not what a case can be known for.{near}")
    return Verdict(name)


def _header(lines: Sequence[str]) -> Sequence[str]:
    end = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


def _tells(result: Result) -> bool:
    """Tell whether a result says anything of the server."""
    return result.verdict is not Verdict.UNTESTED and not lacks_feature(result)


def _news(result: Result, known: Expectation | None) -> News:
    if known is None:
        return News.NEW
    if known.verdict in (result.verdict, Verdict.UNSTABLE):
        return News.KNOWN
    if result.verdict is Verdict.PASS:
        return News.FIXED
    badness = list(Verdict)
    return News.WORSE if badness.index(result.verdict) < badness.index(known.verdict) else News.BETTER
