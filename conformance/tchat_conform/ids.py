"""The ids of cases that were ever published: they stand in people's files of known failures, so they never move.

``python -m tchat_conform.ids`` publishes those of new cases. A case that is renamed or removed keeps its line in
ids.txt, and stands in retired.toml.
"""

import tomllib
from functools import cache
from pathlib import Path

from tchat_conform.case import all_cases

IDS = Path(__file__).with_name("ids.txt")
RETIRED = Path(__file__).with_name("retired.toml")


@cache
def published() -> frozenset[str]:
    """Return every id that was ever published."""
    return frozenset(IDS.read_text(encoding="utf-8").split())


@cache
def renamed() -> dict[str, str]:
    """Return what cases of old ids are called now."""
    return _retired("renamed")


@cache
def removed() -> dict[str, str]:
    """Return why cases of old ids are no more."""
    return _retired("removed")


def current(case: str) -> str:
    """Return the id that a case has now, which is the one given but for renamed cases."""
    return renamed().get(case, case)


def every() -> frozenset[str]:
    """Return the ids of all cases that there are, about servers and about clients."""
    from tchat_conform.clients.case import all_client_cases  # noqa: PLC0415 - it looks up old ids here

    return frozenset(each.id for each in all_cases()) | {each.id for each in all_client_cases()}


def _retired(how: str) -> dict[str, str]:
    table: dict[str, str] = tomllib.loads(RETIRED.read_text(encoding="utf-8"))[how]
    return table


def publish() -> list[str]:
    """Add the ids of new cases to ids.txt, and return them."""
    new = sorted(every() - published())
    IDS.write_text("".join(f"{each}\n" for each in sorted(every() | published())), encoding="utf-8")
    published.cache_clear()
    return new


if __name__ == "__main__":
    for each in publish():
        print(each)
