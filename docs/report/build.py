"""Builds the report: ``python -m docs.report.build``; with ``--refresh`` the results of real runs are taken anew.

Every table and figure comes from the project itself: schemas/, PROTOCOL.md, the database the server creates, and real
runs (module ``runs``), whose results are kept, so that the same source gives the same bytes.
"""

import argparse
import json
import re
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typst

from docs.report.runs import RUNS, kept, refresh
from tchat_conform.case import all_cases
from tchat_conform.requirements import levels, requirements
from tchat_protocol import schemas
from tchat_server.store import Store

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SETTINGS = tomllib.loads((HERE / "settings.toml").read_text(encoding="utf-8"))
PDF = ROOT / f"td4-{SETTINGS['prenom']}-{SETTINGS['nom']}.pdf"
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


def build() -> bytes:
    """Return the report as PDF: the same bytes for the same project."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "report.typ").write_bytes((HERE / "report.typ").read_bytes())
        (work / "data.json").write_text(json.dumps(data(), ensure_ascii=False), encoding="utf-8")
        pdf = typst.compile(work / "report.typ", format="pdf", timestamp=0, ignore_system_fonts=True)
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no bytes")
    return pdf


def data() -> dict[str, Any]:
    """Return everything the report shows of the project, for typst."""
    return {
        "author": f"{SETTINGS['prenom']} {SETTINGS['nom']}",
        "date": f"{SETTINGS['date'].day} {MONTHS[SETTINGS['date'].month - 1]} {SETTINGS['date'].year}",
        "commands": list(commands()),
        "answers": [message("answers", action) for action in schemas.actions("answers")],
        "requests": [message("requests", action) for action in schemas.actions("requests")],
        "codes": schemas.load("error-codes.json"),
        "aliases": schemas.load("aliases.json"),
        "levels": [level_row(name) for name in levels()],
        "requirements": len(requirements()),
        "cases": len(all_cases()),
        "results": kept("conformance"),
        "matrix": kept("matrix"),
        "figures": kept("figures"),
        "tables": tables(),
        "modules": described_modules(),
    }


def commands() -> Iterator[dict[str, str]]:
    """Yield the rows of PROTOCOL.md's table of the twelve group commands."""
    section = schemas.protocol_text().partition("### The twelve group commands")[2].partition("###")[0]
    for row in re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \| (.+?) \|$", section, re.MULTILINE):
        yield dict(zip(("typed", "request", "answer", "to"), row, strict=True))


def message(kind: schemas.Kind, action: str) -> dict[str, Any]:
    """Return a message's fields and its first example."""
    schema = schemas.schema(kind, action)
    fields = [name for name in schema["properties"] if name not in ("action", "id")]
    return {
        "action": action,
        "fields": [{"name": name, "required": name in schema["required"]} for name in fields],
        "example": json.dumps(schema["examples"][0], ensure_ascii=False),
    }


def level_row(name: str) -> dict[str, Any]:
    """Return a level with the number of its requirements and cases."""
    return {
        "name": name,
        "requirements": sum(each.level == name for each in requirements().values()),
        "cases": sum(each.requirement.level == name for each in all_cases()),
        "optional": levels()[name].optional,
    }


def tables() -> list[dict[str, Any]]:
    """Return the tables of a database as the server creates it: columns, keys and references."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tchat.sqlite"
        Store(str(path)).close()
        database = sqlite3.connect(path)
        names = [
            name
            for (name,) in database.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
            )
        ]
        found = [_table(database, name) for name in names]
        database.close()
    return found


def _table(database: sqlite3.Connection, name: str) -> dict[str, Any]:
    references: dict[str, str] = {}
    for row in database.execute(f'PRAGMA foreign_key_list("{name}")'):
        references.setdefault(row[3], row[2])
    columns = [
        {"name": row[1], "type": row[2].lower(), "key": bool(row[5]), "to": references.get(row[1])}
        for row in database.execute(f'PRAGMA table_info("{name}")')
    ]
    return {"name": name, "columns": columns}


def described_modules() -> dict[str, dict[str, str]]:
    """Return what modules.toml says of each module. Raises ValueError unless it is every module there is."""
    described: dict[str, dict[str, str]] = tomllib.loads((HERE / "modules.toml").read_text(encoding="utf-8"))
    for package, rows in described.items():
        folder = next(ROOT.glob(f"*/**/{package}"))
        there = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("__")}
        if there != set(rows):
            raise ValueError(f"modules.toml and {package} differ in {sorted(there ^ set(rows))}")
    return described


def main() -> None:
    """Write the PDF at the top of the checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--refresh", nargs="*", choices=RUNS, metavar="NAME",
        help="make these runs anew first: conformance (if none is named), matrix (a minute), figures (minutes)",
    )  # fmt: skip
    wanted: list[str] | None = parser.parse_args().refresh
    for name in ["conformance"] if wanted == [] else wanted or []:
        refresh(name)
    PDF.write_bytes(build())
    print(PDF)


if __name__ == "__main__":
    main()
