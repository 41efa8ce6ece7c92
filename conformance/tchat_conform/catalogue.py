"""The list of cases, for people and for programs."""

import json
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from tchat_conform.case import Case
from tchat_conform.language import said
from tchat_conform.requirements import requirements
from tchat_conform.tags import tags_of


def print_catalogue(cases: Sequence[Case], console: Console) -> None:
    """Print each requirement with its cases, and the tags to select them by."""
    for requirement, group in groupby(cases, key=lambda each: each.requirement):
        alike = list(group)
        shared = frozenset.intersection(*map(tags_of, alike))
        heading = f"{requirement.id} ({requirement.keyword}, {requirement.level})"
        console.print(Text.assemble((heading, "bold"), f" {requirement.text}"))
        console.print(Text(f"    tags: {', '.join(sorted(shared))}", "dim"))
        for each in alike:
            own = sorted(tags_of(each) - shared)
            console.print(Text(f"    {each.id}  {said(each.title)}" + (f" [{', '.join(own)}]" if own else "")))
    counted = len({each.requirement.id for each in cases})
    console.print(f"{len(cases)} cases for {counted} of {len(requirements())} requirements")


def catalogue_json(cases: Sequence[Case]) -> str:
    """Return the list as JSON: an object a case."""
    rows = [
        {
            "id": each.id,
            "requirement": each.requirement.id,
            "level": each.requirement.level,
            "keyword": each.requirement.keyword,
            "tags": sorted(tags_of(each)),
            "title": each.title,
            "text": each.requirement.text,
        }
        for each in cases
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
