"""Runs against each mutant the cases of what it breaks, and records which of them notice it.

``python -m conform.mutants.record [NAME …]``

Run it in tests/ after adding a case or a mutant, and read the difference: each line is a claim of the suite.
"""

import json
import sys
import tempfile
from pathlib import Path

import pytest

from conform.mutants.registry import RECORD, Mutant, all_mutants, recorded
from conform.test_mutants import NOTICED, judge
from tchat_conform.case import all_cases

RUNS = 2


def noticed(mutant: Mutant) -> list[str]:
    """Return the cases of the broken requirements that notice the fault in each of several runs."""
    ids = [case.id for case in all_cases() if case.requirement.id in mutant.breaks]
    for _ in range(RUNS):
        with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
            mutant.apply(patch)
            results = judge(Path(folder) / "mutant.sqlite", ids)
        ids = [each.case for each in results if each.verdict in NOTICED]
    return ids


def main(names: list[str]) -> None:
    """Record the named mutants, or all."""
    record = recorded() if RECORD.exists() and names else {}
    for mutant in all_mutants():
        if not names or mutant.name in names:
            record[mutant.name] = noticed(mutant)
            RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            print(f"{mutant.name}: {len(record[mutant.name])}", flush=True)
    known = [mutant.name for mutant in all_mutants()]
    ordered = {name: record[name] for name in known if name in record}
    RECORD.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
