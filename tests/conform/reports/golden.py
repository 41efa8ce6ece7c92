"""What the terminal says of a dozen broken servers, kept as files: each sentence in them is reviewed text.

``python -m conform.reports.golden [NAME …]``, run in tests/, writes the files anew; read the difference.
"""

import io
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conform.mutants.registry import Mutant, all_mutants
from conform.test_mutants import judge
from tchat_conform.case import all_cases
from tchat_conform.reports.report import Facts, Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.verdict import Finding, Result
from tchat_conform.wirelog import Entry

FOLDER = Path(__file__).parents[1] / "golden"
BROKEN = (
    "posts_to_everyone",
    "delivers_to_former_members",
    "lets_anybody_moderate",
    "lists_private_groups_to_all",
    "forgets_to_tell_dest",
    "repeats_no_ids",
    "leaves_out_times",
    "tells_presence_in_words",
    "counts_messages_only",
    "ignores_unknown_actions",
    "closes_after_every_refusal",
    "writes_latin_1",
    "forgets_bans_on_restart",
)
"""The mutants whose reports are kept: all kinds of fault, in all kinds of place."""
OTHERS = ("B-SEND-1", "B-BCAST-1", "B-LIST-1", "G-JOIN-1", "G-MEMBERS-1", "G-MSGS-1", "G-GROUPS-1", "E-CODE-1")
"""Requirements that are looked at whatever is broken, so that it shows what is sound."""
WIDTH = 80
PATIENCE = 2.0
FACTS = Facts("a broken server", "tchat-conform --port 8080", "0.0", datetime(2026, 11, 23, tzinfo=UTC), 1.0)


def path_of(name: str) -> Path:
    """Return the file that keeps what is said of a mutant."""
    return FOLDER / f"{name}.txt"


def chosen() -> list[Mutant]:
    """Return the mutants whose reports are kept."""
    found = {each.name: each for each in all_mutants()}
    return [found[name] for name in BROKEN]


def transcript(mutant: Mutant, database: Path, patch: pytest.MonkeyPatch) -> str:
    """Run the cases of what a mutant breaks, and a few more, one by one, and return what the terminal says of them."""
    mutant.apply(patch)
    ids = [case.id for case in all_cases() if case.requirement.id in {*mutant.breaks, *OTHERS}]
    results = judge(database, ids, limit=PATIENCE, jobs=1)
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, highlight=False, soft_wrap=True, no_color=True)
    print_report(Report(FACTS, tuple(Steady(each).result() for each in results)), console)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


class Steady:
    """One result without what differs from run to run: fresh names, ids, times, and the order of what came at once.

    The clock counts what was sent: how much comes between, such as who is online, is not the same in every run.
    """

    _OF_ONE_RUN = re.compile(
        r'(?P<fresh>x[0-9a-f]{5}x\d{5})|(?P<id>"(?:id|before)": ?\d+)|(?P<ts>\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z)'
        r"|(?P<time>\d+(?:\.\d+)? m?s\b)"
    )

    def __init__(self, result: Result) -> None:
        self._result = result
        self._serials: dict[str, int] = {}

    def result(self) -> Result:
        """Return the result as it would be if each run were like the other."""
        steps = accumulate(each.direction == "→" for each in self._result.log)
        log = tuple(
            replace(each, ms=float(number), data=self._bytes(each.data))
            for number, each in zip(steps, _in_order(self._result.log), strict=True)
        )
        found = tuple(self._finding(each) for each in self._result.findings)
        return replace(self._result, log=log, findings=found, seconds=0.0, other=None)

    def _finding(self, finding: Finding) -> Finding:
        sides = (self._side(finding.expected), self._side(finding.received))
        return Finding(self._text(finding.sentence), *sides, finding.by, self._text(finding.proof))

    def _side(self, side: Any) -> Any:
        return side if side is None else self._text(side) if isinstance(side, str) else self._message(dict(side))

    def _message(self, message: dict[str, Any]) -> Any:
        return json.loads(self._text(json.dumps(message, ensure_ascii=False)))

    def _bytes(self, data: bytes) -> bytes:
        return self._text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _text(self, text: str) -> str:
        return self._OF_ONE_RUN.sub(self._steady, text)

    def _steady(self, found: re.Match[str]) -> str:
        if found["fresh"]:
            return f"xa1b2cx{self._number(found[0]):05}"
        if found["id"]:
            return f"{found[0].rstrip('0123456789')}{self._number(found[0].split(':')[1].strip())}"
        return "2026-11-23T09:30:00.000Z" if found["ts"] else f"3 {found[0].split()[1]}"

    def _number(self, what: str) -> int:
        return self._serials.setdefault(what, len(self._serials) + 1)


def _in_order(log: Sequence[Entry]) -> Iterable[Entry]:
    """Yield a log in which what came at once, to several people, stands in the order of their names."""
    for came, together in groupby(log, key=lambda each: each.direction == "←"):
        entries = list(together)
        yield from sorted(entries, key=lambda each: each.who) if came else entries


def main(names: Sequence[str]) -> None:
    """Write the files of the named mutants, or all."""
    for mutant in chosen():
        if not names or mutant.name in names:
            with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
                path_of(mutant.name).write_text(
                    transcript(mutant, Path(folder) / "golden.sqlite", patch), encoding="utf-8"
                )
            print(path_of(mutant.name))


if __name__ == "__main__":
    main(sys.argv[1:])
