"""Builds the report: ``python -m docs.report.build``; with ``--refresh`` the results of real runs are taken anew.

Every table and figure comes from the project itself: schemas/, PROTOCOL.md and the rest (module ``facts``), and real
runs (module ``runs``), whose results are kept, so that the same source gives the same bytes.
"""

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import typst

from docs.report import facts
from docs.report.excerpts import excerpts
from docs.report.foreign import described
from docs.report.runs import RUNS, kept, refresh
from tchat_conform.case import all_cases
from tchat_conform.lang.catalogue import translate, typeset
from tchat_conform.requirements import client_requirements, requirements
from tchat_protocol import schemas

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SETTINGS = facts.read("settings")
PDF = ROOT / facts.report_name(SETTINGS)
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def build() -> bytes:
    """Return the report as PDF: the same bytes for the same project."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for source in HERE.glob("**/*.typ"):
            copy = work / source.relative_to(HERE)
            copy.parent.mkdir(exist_ok=True)
            text = source.read_text(encoding="utf-8")
            copy.write_text(typeset(text) if source.parent.name == "chapters" else text, encoding="utf-8")
        (work / "data.json").write_text(json.dumps(data(), ensure_ascii=False), encoding="utf-8")
        pdf = typst.compile(work / "report.typ", format="pdf", timestamp=0, ignore_system_fonts=True)
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no bytes")
    return pdf


def data() -> dict[str, Any]:
    """Return everything the report shows of the project, for typst. Raises ValueError for words that nothing needs."""
    french = facts.French()
    shown = {
        "author": f"{SETTINGS['prenom']} {SETTINGS['nom']}",
        "date": f"{SETTINGS['date'].day} {MONTHS[SETTINGS['date'].month - 1]} {SETTINGS['date'].year}",
        "field": facts.read("field"),
        "heard": kept("heard"),
        "commands": list(facts.commands()),
        "changed": facts.changed_requests(),
        "private": facts.requests_private(),
        "answers": facts.answers(french),
        "codes": facts.codes(french),
        "order": facts.order(),
        "refusals": facts.refusals(),
        "aliases": schemas.load("aliases.json"),
        "limits": facts.limits(),
        "levels": facts.level_rows(),
        "verdicts": facts.verdicts(),
        "requirements": len(requirements()),
        "client_requirements": len(client_requirements()),
        "cases": len(all_cases()),
        "mutants": facts.mutants(),
        "tables": facts.tables(french),
        "excerpts": excerpts(),
        "modules": facts.described_modules(),
        "packages": facts.packages("tchat_conform", french),
        "layers": {package: facts.layers(package) for package in ("tchat_protocol", "tchat_server", "tchat_client")},
        "way": _way(french),
        "killer": _killer(),
        "foreign": [_foreign(each, french) for each in kept("foreign") if each["file"] in described()],
        "clients": [
            each | {"about": "le client de référence" if each["file"] == "reference" else french("peers", each["file"])}
            for each in kept("clients")
        ],
        "results": kept("conformance"),
        **{name: kept(name) for name in ("matrix", "figures", "story", "terminal", "commits", "durability")},
        "requests": len(schemas.actions("requests")),
    }
    unused = {(kind, word) for kind, word in french.unused if kind != "peers"}  # servers come and go
    if unused:
        raise ValueError(f"french.toml has words that nothing needs: {sorted(unused)}")
    typeset_all: dict[str, Any] = json.loads(typeset(json.dumps(shown, ensure_ascii=False)))
    return typeset_all


def _foreign(judged: dict[str, Any], french: facts.French) -> dict[str, Any]:
    spoken = [translate(each, "fr").partition(":")[0].rstrip() for each in judged["spoken"]]
    return judged | {"about": french("peers", judged["file"]), "spoken": spoken}


def _killer() -> dict[str, str]:
    """Return the shortest message that alone kills a foreign server."""
    found = [(message, each["file"]) for each in kept("foreign") for message in each["killers"] if "\n" not in message]
    message, file = min(found, key=lambda killer: len(killer[0]))
    return {"file": file, "message": message.partition(" → ")[2]}


def _way(french: facts.French) -> dict[str, Any]:
    """Return the steps of a message between modules: those there are words for, from its bytes to the last write."""
    calls = kept("way")
    begin = next(number for number, call in enumerate(calls) if call["call"] == "Connection.data_received")
    steps = []
    for call in calls[begin:]:
        try:
            words = french("steps", call["call"])
        except KeyError:
            continue
        names = {side: call[side].rpartition(".")[2] for side in ("from", "to")}
        steps.append({**names, "call": call["call"], "about": words, "at": call["at"] - calls[begin]["at"]})
    return {"steps": steps, "calls": len(calls) - begin}


def main() -> None:
    """Write the PDF at the top of the checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--refresh", nargs="*", choices=RUNS, metavar="NAME",
        help=f"make these runs anew first (conformance, if none is named): {', '.join(RUNS)}",
    )  # fmt: skip
    wanted: list[str] | None = parser.parse_args().refresh
    for name in ["conformance"] if wanted == [] else wanted or []:
        refresh(name)
    PDF.write_bytes(build())
    rename(ROOT)
    print(PDF)


def rename(folder: Path) -> None:
    """Leave one report at the top of a checkout, that of settings.toml, and have README lead to it."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8")
    named = re.sub(r"td4-[^\s()\[\]/]+\.pdf", PDF.name, text)
    if named != text:
        readme.write_text(named, encoding="utf-8")
    for path in folder.glob("td4-*.pdf"):
        if path.name != PDF.name:
            path.unlink()


if __name__ == "__main__":
    main()
