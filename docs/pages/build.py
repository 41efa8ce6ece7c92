"""Writes the pages that are made from the project: ``python -m docs.pages.build``, or says which are out of date."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from docs.pages.asyncapi import asyncapi
from docs.pages.checklist import checklist
from docs.pages.protocol_page import protocol_page

DOCS = Path(__file__).resolve().parents[1]

PAGES: Mapping[str, Callable[[], str]] = {
    "asyncapi.json": asyncapi,
    "kit/checklist.md": checklist,
    "protocol.html": protocol_page,
}
"""What is written where, below docs/."""


def outdated() -> list[str]:
    """Return the pages that are not, or not any more, what the project gives."""
    return [name for name, page in PAGES.items() if not _is(DOCS / name, page())]


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main() -> int:
    """Write what is out of date, or only say what is. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    check = parser.parse_args().check
    found = outdated()
    for name in found:
        print(f"docs/{name} {'is out of date' if check else 'written'}")
        if not check:
            (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main())
