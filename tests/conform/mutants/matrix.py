"""Prints which faults are noticed by which cases: a line for each mutant, and the score of each requirement.

``python -m conform.mutants.matrix``, in tests/.
"""

from collections import Counter

from conform.mutants.registry import all_mutants, recorded
from tchat_conform.requirements import requirements


def main() -> None:
    """Print the matrix, as recorded; test_mutants repeats every record."""
    mutants, record = all_mutants(), recorded()
    for each in mutants:
        cases = record[each.name]
        print(f"{each.name:<40} breaks {', '.join(each.breaks):<34} noticed by {len(cases):>3}: {' '.join(cases)}")
    broken = Counter(number for each in mutants for number in each.breaks)
    caught = Counter(number for each in mutants for number in {case.partition("/")[0] for case in record[each.name]})
    for number in requirements():
        print(f"{number:<14} {caught[number]:>3} of {broken[number]:>3} mutants caught by its own cases")
    noticed = sum(bool(record[each.name]) for each in mutants)
    print(
        f"{noticed} of {len(mutants)} mutants are noticed, by {len({c for cs in record.values() for c in cs})} cases."
    )


if __name__ == "__main__":
    main()
