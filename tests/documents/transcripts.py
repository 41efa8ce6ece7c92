"""The transcripts of PROTOCOL.md as steps that can be validated and played."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tchat_protocol import schemas

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(?P<who>\w+) (?P<direction>[→←]) (?P<text>.+)$")


@dataclass(frozen=True)
class Step:
    """One line: somebody's connection, whether it goes to the server, and the text on the wire."""

    who: str
    to_server: bool
    text: str

    @property
    def message(self) -> dict[str, Any] | None:
        """The message, or None where the line shows text that is no message."""
        try:
            message = json.loads(self.text)
        except json.JSONDecodeError:
            return None
        return message if isinstance(message, dict) else None


def blocks(document: str, language: str) -> list[str]:
    """Return the bodies of a document's fenced blocks of one language."""
    return [found["body"] for found in _BLOCK.finditer(document) if found["language"] == language]


def story(document: str) -> list[Step]:
    """Return the steps of all ``tchat`` blocks, which tell one story in the order of the text."""
    return [_step(line) for block in blocks(document, "tchat") for line in block.splitlines()]


def netcat_session(document: str) -> list[Step]:
    """Return the steps of the ``console`` blocks: a line whose action begins with ``server-`` is an answer."""
    lines = [line for block in blocks(document, "console") for line in block.splitlines() if line.startswith("{")]
    return [Step("nc", not json.loads(line)["action"].startswith("server-"), line) for line in lines]


def field_lists(document: str) -> list[tuple[str, list[str], list[str]]]:
    """Return every ``action {field, optional?}`` of a document: the action, required fields, optional fields."""
    found = []
    for action, inside in re.findall(r"`([a-z-]+) \{([a-z?, ]*)\}`", document):
        fields = [field.strip() for field in inside.split(",")]
        required = [field for field in fields if not field.endswith("?")]
        found.append((action, required, [field[:-1] for field in fields if field.endswith("?")]))
    return found


def kind(action: str) -> schemas.Kind:
    """Tell requests from answers by their action."""
    return "answers" if action.startswith("server-") else "requests"


def _step(line: str) -> Step:
    found = _LINE.match(line)
    if found is None:
        raise ValueError(f"not a line of a transcript: {line!r}")
    return Step(found["who"], found["direction"] == "→", found["text"])
