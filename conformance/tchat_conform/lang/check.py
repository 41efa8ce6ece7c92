"""``python -m tchat_conform.lang.check``: what a catalogue lacks, and what it holds that nobody says any more."""

import sys
from collections.abc import Iterator
from importlib import resources
from typing import get_args

from jinja2 import Environment, PackageLoader, nodes

from tchat_conform.case import all_cases
from tchat_conform.clients.case import all_client_cases
from tchat_conform.lang.catalogue import ENGLISH, LANGUAGES, SEPARATORS, Catalogue, catalogue
from tchat_conform.lang.sources import templates
from tchat_conform.lang.template import Place, Template
from tchat_conform.matrix.report import MEANINGS as MATRIX_MEANINGS
from tchat_conform.matrix.result import Side
from tchat_conform.matrix.result import Verdict as MatrixVerdict
from tchat_conform.matrix.scenarios import SCENARIOS
from tchat_conform.reports.fields import Mark
from tchat_conform.reports.html import SIGNS
from tchat_conform.reports.likely import faults
from tchat_conform.reports.report import MEANINGS, MEANINGS_OF_CLIENTS
from tchat_conform.requirements import levels


def missing(known: Catalogue) -> list[str]:
    """Return what a catalogue has no translation for: templates of sentences, titles, and words of the reports."""
    there = _skeletons(known)
    sentences = [str(each) for each in _said() if each.skeleton not in there]
    titles = [each for each in _titles() if known.look_up(each).unknown]
    return sorted({*sentences, *titles, *(each for each in labels() if each not in known.entries)})


def stale(known: Catalogue) -> list[str]:
    """Return the entries of a catalogue that nothing is translated by."""
    used = {entry for each in _titles() for entry in known.look_up(each).entries} | set(labels())
    said = {each.skeleton for each in _said()}
    return sorted(entry for entry in known.entries if entry not in used and Template.parse(entry).skeleton not in said)


def _titles() -> Iterator[str]:
    """Yield the titles of all cases, about servers and about clients."""
    yield from (each.title for each in all_cases())
    yield from (each.title for each in all_client_cases())


def labels() -> Iterator[str]:
    """Yield the words of the reports that stand in tables, in data and in PROTOCOL.md."""
    yield from SEPARATORS.values()
    for verdict, meaning in MEANINGS.items():
        yield from (verdict.value, meaning, MEANINGS_OF_CLIENTS[verdict])
    yield from SIGNS
    yield from (each.value for each in MatrixVerdict)
    yield from MATRIX_MEANINGS.values()
    yield from get_args(Side)
    yield from (each.name for each in SCENARIOS)
    yield from (each.value for each in Mark)
    yield from (each.about for each in levels().values())
    yield from (each.sentence for each in faults())


def in_pages() -> Iterator[Template]:
    """Yield what the templates of pages pass to the filter ``said``; what is no text in it is a place."""
    environment = Environment(loader=PackageLoader("tchat_conform.reports"), autoescape=True)
    for page in resources.files("tchat_conform.reports").joinpath("templates").iterdir():
        for each in environment.parse(page.read_text(encoding="utf-8")).find_all(nodes.Filter):
            if each.name == "said" and each.node is not None:
                yield from _templates_in(each.node)


def _templates_in(node: nodes.Node) -> Iterator[Template]:
    match node:
        case nodes.Const():
            yield Template.of([str(node.value)])
        case nodes.Concat():
            yield Template.of(
                [
                    str(each.value) if isinstance(each, nodes.Const) else Place(f"value{number}")
                    for number, each in enumerate(node.nodes, start=1)
                ]
            )
        case nodes.CondExpr(expr1=first, expr2=second):
            for each in filter(None, (first, second)):
                yield from _templates_in(each)


def _said() -> list[Template]:
    return [*templates(), *in_pages()]


def _skeletons(known: Catalogue) -> set[str]:
    return {Template.parse(each).skeleton for each in known.entries}


def main() -> int:
    """Print what is missing and what is stale in each language; return 1 if anything is."""
    wrong = 0
    for lang in LANGUAGES:
        if lang != ENGLISH:
            known = catalogue(lang)
            found = [f"{lang} missing: {each}" for each in missing(known)]
            found += [f"{lang} stale:   {each}" for each in stale(known)]
            print("\n".join(found) or f"{lang}: {len(known.entries)} entries, none missing, none stale")
            wrong += len(found)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
