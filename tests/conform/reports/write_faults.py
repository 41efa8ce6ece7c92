"""Writes the known faults, as reports ship them, from the mutants and the record of what notices them.

``python -m conform.reports.write_faults``, run in tests/ after a change of either.
"""

import json
from pathlib import Path

from conform.mutants.registry import all_mutants, recorded
from tchat_conform.reports import likely

FILE = Path(likely.__file__).with_name("faults.json")


def content() -> str:
    """Return the file as it should be."""
    record = recorded()
    known = {
        mutant.name: {
            "sentence": " ".join(mutant.sentence.split()),
            "breaks": list(mutant.breaks),
            "cases": record.get(mutant.name, []),
        }
        for mutant in all_mutants()
    }
    return json.dumps(known, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
