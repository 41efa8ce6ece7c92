"""What the report shows of the project as it stands: schemas/, PROTOCOL.md, the database's tables, the modules."""

import ast
import json
import re
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docs.pages.fields import Field, fields
from tchat_conform.case import all_cases
from tchat_conform.lang.catalogue import translate
from tchat_conform.reports.report import MEANINGS
from tchat_conform.requirements import levels, requirement, requirements
from tchat_conform.verdict import Verdict
from tchat_protocol import framing, messages, schemas
from tchat_server import connection, identity
from tchat_server.store import Store

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
THINSP = "\u202f"


def read(name: str) -> dict[str, Any]:
    """Return one of the report's files of data."""
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def report_name(settings: dict[str, Any]) -> str:
    """Return how the course wants the report of an author to be called."""
    return f"td4-{settings['prenom']}-{settings['nom']}.pdf"


class French:
    """The French words for what the project has in English; ``unused`` are those that nothing has asked for."""

    def __init__(self) -> None:
        self._words = read("french")
        self.unused = {(kind, word) for kind, words in self._words.items() for word in words}

    def __call__(self, kind: str, *names: str) -> str:
        """Return the words for the first of these names that there are words for. Raises KeyError if for none."""
        for name in names:
            if name in self._words[kind]:
                self.unused.discard((kind, name))
                return str(self._words[kind][name])
        raise KeyError(f"french.toml, {kind}: {names[0]}")


def number(value: float) -> str:
    """Return a number as it is written in French."""
    return f"{value:,}".replace(",", THINSP)


# The protocol


def limits() -> dict[str, str]:
    """Return the bounds that the text names."""
    defined = schemas.load("common.json")["$defs"]
    return {
        "request": number(framing.MAX_REQUEST_BYTES),
        "depth": str(framing.MAX_DEPTH),
        "reply": number(messages.MAX_REPLY_BYTES),
        "name": str(defined["name"]["maxLength"]),
        "text": number(defined["text"]["maxLength"]),
        "page": str(defined["limit"]["default"]),
        "pages": number(defined["limit"]["maximum"]),
        "joined": str(connection.JOIN_WRITES_ABOVE),
        "memory": number(identity.HASH_MEMORY),
    }


def commands() -> Iterator[dict[str, str]]:
    """Yield the rows of PROTOCOL.md's table of the twelve group commands."""
    yield from _rows("The twelve group commands")


def _rows(heading: str) -> Iterator[dict[str, str]]:
    section = schemas.protocol_text().partition(f"### {heading}")[2].partition("###")[0]
    for line in re.findall(r"^\| .+ \|$", section, re.MULTILINE)[1:]:
        cells = [each.strip().strip("`") for each in line.split("|")[1:-1]]
        yield dict(zip(("typed", "request", "answer", "to"), cells, strict=True))


def answers(french: French) -> list[dict[str, Any]]:
    """Return all that is specified of every answer."""
    rows = {row["answer"].split()[0]: row for heading in _TABLES for row in _rows(heading)}
    refused = refusals()
    return [_answer(action, rows[action], refused, french) for action in schemas.actions("answers")]


_TABLES = ("The twelve group commands", "The base layer")


def _answer(action: str, row: dict[str, str], refused: dict[str, list[str]], french: French) -> dict[str, Any]:
    request = row["request"].partition(" ")[0]
    return {
        "action": action,
        "request": request if request in schemas.actions("requests") else None,
        "to": french("audience", row["to"]),
        "refusals": refused.get(request, []),
        "fields": [_field(action, each, french) for each in fields("answers", action)],
        "example": compact(example("answers", action)),
    }


def _field(action: str, field: Field, french: French) -> dict[str, Any]:
    about = french("fields", f"{action}.{field.path}", field.path, field.path.rpartition(".")[2])
    return {"name": field.path, "required": field.required, "value": in_french(field.value), "about": about}


_VALUES = (
    (r"always (.+)", r"toujours `\1`"),
    (r"string of at most ([\d,]+) characters", r"texte, au plus \1 caractères"),
    (r"string of ([\d,]+) to ([\d,]+) characters", r"texte, \1 à \2 caractères"),
    (r"string such as \d{4}-\d\d-\d\dT.+Z", "horodatage"),
    (r"string", "texte"),
    (r"integer from ([\d,]+) to ([\d,]+)", r"entier de \1 à \2"),
    (r"integer from ([\d,]+)", r"entier, au moins \1"),
    (r"integer", "entier"),
    (r"true or false", "vrai ou faux"),
    (r"list of strings, each once", "liste de textes, chacun une fois"),
    (r"list of strings", "liste de textes"),
    (r"list of objects", "liste d'objets"),
    (r"one of (\d+) words", r"un de \1 mots"),
    (r"one of (.+)", r"un de : \1"),
    (r"null", "`null`"),
)


def in_french(value: str) -> str:
    """Return what values a field may have in French. Raises ValueError for a phrase that is not known."""
    for pattern, words in _VALUES:
        if found := re.fullmatch(pattern, value):
            return re.sub(r"(?<=\d),(?=\d)", THINSP, found.expand(words))
    parts = value.split(" or ")
    if len(parts) == 1:
        raise ValueError(f"no French for {value!r}")
    return " ou ".join(map(in_french, parts))


def refusals() -> dict[str, list[str]]:
    """Return the codes with which each request may be refused, in the order in which they are looked at."""
    lines = re.findall(r"^`(\S+) \{.*?\}` → .* · refused with: (.+)$", schemas.protocol_text(), re.MULTILINE)
    return {action: re.findall(r"`(.+?)`", codes) for action, codes in lines}


def example(kind: schemas.Kind, action: str) -> dict[str, Any]:
    """Return the first example of a message: PROTOCOL.md's transcript of it, or its schema's where it has none."""
    arrow = "→" if kind == "requests" else "←"
    text = schemas.protocol_text()
    found = re.search(rf'^\w+ {arrow} (\{{"action":"{action}".+\}})$', text, re.MULTILINE)
    chosen: dict[str, Any] = json.loads(found[1]) if found else schemas.schema(kind, action)["examples"][0]
    return chosen


def compact(message: dict[str, Any]) -> str:
    """Return a message as it stands on the wire."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def codes(french: French) -> list[dict[str, Any]]:
    """Return every error code with its meaning, and the requests that meet it by their own rules."""
    refused = refusals()
    return [
        {
            "code": each["code"],
            "meaning": french("codes", each["code"]),
            "closes": each["closes"],
            "requests": [action for action, listed in refused.items() if each["code"] in listed],
        }
        for each in schemas.load("error-codes.json")
    ]


def order() -> list[str]:
    """Return the codes in the order in which a server looks at them before the rules of the request itself."""
    steps = requirements()["E-ORDER-1"].text.partition(": ")[2].partition(", and then")[0]
    return steps.replace(" for ", " : ").replace("the other fields", "les autres champs").split(", ")


def changed_requests() -> list[dict[str, Any]]:
    """Return the course's requests beside those of schemas/: the fields that were given, and those that were added."""
    found = []
    for action, given in read("course").items():
        properties = [name for name in schemas.schema("requests", action)["properties"] if name != "action"]
        if not set(given) <= set(properties):
            raise ValueError(f"{action} has lost a field of the course's table")
        required = [name for name in schemas.schema("requests", action)["required"] if name != "action"]
        if sorted(required) != sorted(given):
            raise ValueError(f"{action} demands other fields than the course's table")
        found.append({"action": action, "given": given, "added": [each for each in properties if each not in given]})
    return found


def requests_private() -> dict[str, str]:
    """Return a request for a group as the course has it, and the same for a private group."""
    given = {"action": "cgroupe", "sender": "alice", "group": "wob"}
    return {"before": compact(given), "after": compact({**given, "private": True})}


# The suite


def level_rows() -> list[dict[str, Any]]:
    """Return the levels with the numbers of their requirements and cases, and of cases that notice a mutant."""
    noticing = {case for cases in recorded_mutants().values() for case in cases}
    return [
        {
            "name": name,
            "about": translate(level.about, "fr").rpartition("optionnelle\xa0: ")[2],
            "requirements": sum(each.level == name for each in requirements().values()),
            "cases": sum(each.requirement.level == name for each in all_cases()),
            "noticing": sum(each.id in noticing for each in all_cases() if each.requirement.level == name),
            "optional": level.optional,
        }
        for name, level in levels().items()
    ]


def verdicts() -> list[dict[str, str]]:
    """Return the kinds of verdict, best first, with what they mean."""
    return [
        {"name": str(each), "french": translate(str(each), "fr"), "meaning": translate(MEANINGS[each], "fr")}
        for each in reversed(Verdict)
    ]


@cache
def recorded_mutants() -> dict[str, list[str]]:
    """Return the cases that notice each mutant, as they are on record."""
    found: dict[str, list[str]] = json.loads((ROOT / "tests/conform/mutants/noticed.json").read_text(encoding="utf-8"))
    return found


def mutants() -> dict[str, Any]:
    """Return how many mutants there are and are noticed, some of them in words, and the same of the clients' faults."""
    recorded = recorded_mutants()
    clients = tomllib.loads((ROOT / "tests/conform/clients/noticed.toml").read_text(encoding="utf-8"))
    faults = json.loads((ROOT / "conformance/tchat_conform/reports/faults.json").read_text(encoding="utf-8"))
    shown = [faults[name] | {"cases": recorded[name]} for name in _SHOWN]
    return {
        "all": len(recorded),
        "noticed": sum(map(bool, recorded.values())),
        "clients": len(clients),
        "clients_noticed": sum(map(bool, clients.values())),
        "shown": [
            {
                "sentence": translate(each["sentence"], "fr"),
                "level": requirement(each["cases"][0].partition("/")[0]).level,
                "number": len(each["cases"]),
                "case": each["cases"][0],
            }
            for each in shown
        ],
    }


_SHOWN = (
    "reads_chunk_by_chunk", "overtakes_messages", "gives_everyone_the_id", "never_enforces_bans", "invites_by_adding",
    "lists_private_groups_to_all", "believes_any_sender", "stores_behind",
)  # fmt: skip


# The database


def tables(french: French) -> list[dict[str, Any]]:
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
        found = [_table(database, name, french) for name in names]
        database.close()
    return found


def _table(database: sqlite3.Connection, name: str, french: French) -> dict[str, Any]:
    references: dict[str, str] = {}
    for row in database.execute(f'PRAGMA foreign_key_list("{name}")'):
        if references.get(row[3]) is None:
            references[row[3]] = row[2]
    columns = [
        {"name": row[1], "type": row[2].lower(), "null": not (row[3] or row[5]), "key": bool(row[5]), "to": to}
        for row in database.execute(f'PRAGMA table_info("{name}")')
        for to in [references.get(row[1])]
    ]
    return {"name": name, "about": french("tables", name), "columns": columns}


# The code


def described_modules() -> dict[str, dict[str, str]]:
    """Return what modules.toml says of each module. Raises ValueError unless it is every module there is."""
    described: dict[str, dict[str, str]] = read("modules")
    for package, rows in described.items():
        there = {path.stem for path in package_folder(package).glob("*.py") if not path.stem.startswith("__")}
        if there != set(rows):
            raise ValueError(f"modules.toml and {package} differ in {sorted(there ^ set(rows))}")
    return described


def packages(package: str, french: French) -> list[dict[str, str]]:
    """Return the packages within a package, with what they are for."""
    names = sorted(path.parent.name for path in package_folder(package).glob("*/__init__.py"))
    return [{"name": name, "about": french("packages", name)} for name in names]


def package_folder(package: str) -> Path:
    """Return where a package stands."""
    return next(ROOT.glob(f"*/**/{package}"))


def layers(package: str) -> list[list[str]]:
    """Return a package's modules in layers, found in its imports: each module imports from layers below it only.

    Raises ValueError if two modules import each other.
    """
    imports = {path.stem: _imports(path, package) for path in package_folder(package).glob("[!_]*.py")}
    heights: dict[str, int] = {}

    def height(module: str, above: tuple[str, ...] = ()) -> int:
        if module in above:
            raise ValueError(f"{package}: {' imports '.join((*above, module))}")
        if module not in heights:
            heights[module] = 1 + max((height(each, (*above, module)) for each in imports[module]), default=-1)
        return heights[module]

    for module in imports:
        height(module)
    return [sorted(each for each in heights if heights[each] == level) for level in range(max(heights.values()) + 1)]


def _imports(path: Path, package: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == package:
                found |= {alias.name for alias in node.names}
            elif node.module.startswith(package + "."):
                found.add(node.module.split(".")[1])
    return {each for each in found if (path.parent / f"{each}.py").exists()}
