"""The pieces of code that the report explains, as they stand in the source."""

import ast
import re
import textwrap
from pathlib import Path
from typing import Any

from tchat_server.changes import MemberRemoved
from tchat_server.store import WRITES

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = {
    "stream": ("src/protocol/tchat_protocol/framing.py", "Decoder._scan"),
    "rule": ("src/server/tchat_server/rooms.py", "_leave"),
    "change": ("src/server/tchat_server/changes.py", "MemberRemoved"),
    "delays": ("src/client/tchat_client/delays.py", "Delays.__iter__"),
    "case": ("conformance/tchat_conform/cases/invitations.py", "an_invitation_makes_no_member"),
    "mutant": ("tests/conform/mutants/rules.py", "invites_by_adding"),
}
TITLED = {"case", "mutant"}
"""Their docstrings are what users read; others are left out, because the report says the same in French."""
WIDEST = 84


def excerpts() -> dict[str, str]:
    """Return each piece of code, and the SQL of its change.

    Raises ValueError for one that is not there any more, or that has lines too long for a page.
    """
    found = {key: _excerpt(ROOT / file, name, titled=key in TITLED) for key, (file, name) in EXPLAINED.items()}
    found["sql"] = WRITES[MemberRemoved]
    wide = [key for key, code in found.items() if any(len(line) > WIDEST for line in code.splitlines())]
    if wide:
        raise ValueError(f"too wide for a page: {wide}")
    return found


def _excerpt(file: Path, name: str, *, titled: bool) -> str:
    text = file.read_text(encoding="utf-8")
    node: Any = ast.parse(text)
    for part in name.split("."):
        node = next((each for each in node.body if getattr(each, "name", "") == part), None)
        if node is None:
            raise ValueError(f"{file.name} has no {name}: the report explains it")
    left_out = set() if titled else _docstrings(node)
    first = min(each.lineno for each in (node, *node.decorator_list))
    lines = enumerate(text.splitlines()[first - 1 : node.end_lineno], start=first)
    kept = textwrap.dedent("\n".join(line for number, line in lines if number not in left_out))
    return re.sub(r"  # noqa.*$|(?<=:\n)\n", "", kept, flags=re.MULTILINE)


def _docstrings(node: ast.AST) -> set[int]:
    """Return the lines of all docstrings within a function or class."""
    found: set[int] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(each) is not None:
            found.update(range(each.body[0].lineno, (each.body[0].end_lineno or 0) + 1))
    return found
