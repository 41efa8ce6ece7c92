"""PROTOCOL.md and the schemas as one page that needs nothing else: prose, every message, every error code, a search."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from docs.pages.fields import Field, fields, values
from docs.pages.markup import Drawn, anchor_of, draw, prose
from tchat_conform.requirements import requirements
from tchat_protocol import schemas
from tchat_protocol.schemas import Kind

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer, with all that is known of it."""

    action: str
    title: str
    about: str
    fields: list[Field]
    examples: list[str]
    partner: str | None
    """The answer to a request; the request of an answer, None where none asks for it."""
    refusals: list[str]
    rules: list[str]
    """The numbers of the requirements that stand in the section about it, or name it."""


def protocol_page() -> str:
    """Return the page."""
    drawn = draw(_without_title(schemas.protocol_text()))
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["prose"] = prose
    return environment.get_template("protocol.html.j2").render(
        drawn=drawn,
        requests=[message("requests", action, drawn) for action in schemas.actions("requests")],
        answers=[message("answers", action, drawn) for action in schemas.actions("answers")],
        codes=[code(row["code"], row["meaning"]) for row in schemas.load("error-codes.json")],
        values=values(),
        style=(HERE / "protocol.css").read_text(encoding="utf-8"),
        script=(HERE / "protocol.js").read_text(encoding="utf-8"),
    )


def _without_title(text: str) -> str:
    return text.partition("\n")[2]


def message(kind: Kind, action: str, drawn: Drawn) -> Message:
    """Return what the page shows of a message."""
    schema = schemas.schema(kind, action)
    request = action if kind == "requests" else _asked_by(action)
    return Message(
        action=action,
        title=schema["title"].partition(": ")[2],
        about=schema["description"],
        fields=fields(kind, action),
        examples=[json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in schema["examples"]],
        partner=schemas.answer_to(action) if kind == "requests" else request,
        refusals=refusals().get(action, []),
        rules=_rules(action, drawn.sections.get(anchor_of(request or action), [])),
    )


def _asked_by(answer: str) -> str | None:
    return next((each for each in schemas.actions("requests") if schemas.answer_to(each) == answer), None)


def _rules(action: str, section: list[str]) -> list[str]:
    named = [number for number, each in requirements().items() if re.search(rf"`{action}[` ]", each.text)]
    return list(dict.fromkeys([*section, *named]))


@cache
def refusals() -> dict[str, list[str]]:
    """Return the codes with which PROTOCOL.md lets each request be refused, in the order in which they are checked."""
    lines = re.findall(r"^`([a-z-]+) \{.*refused with: (.+)$", schemas.protocol_text(), re.MULTILINE)
    return {action: re.findall(r"`([a-z-]+)`", codes) for action, codes in lines}


def code(name: str, meaning: str) -> dict[str, Any]:
    """Return what the page shows of an error code: what it means, which requests it refuses, who speaks of it."""
    return {
        "code": name,
        "meaning": meaning,
        "requests": [action for action, codes in refusals().items() if name in codes],
        "rules": [number for number, each in requirements().items() if f"`{name}`" in each.text],
    }
