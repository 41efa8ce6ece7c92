"""The commands that the documents show, one by one, with the place where each stands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from documents.transcripts import blocks

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [ROOT / "README.md", *ROOT.glob("CONTRIBUTING.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
_SEPARATORS = {"&&", "||", ";", "|", "&"}
_ASSIGNMENT = re.compile(r"[A-Za-z_]+=")


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its arguments, as a shell would start it."""

    document: Path
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        """The name of the program, without its folder."""
        return Path(self.words[0]).name

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}: {shlex.join(self.words)}"


def commands() -> list[Command]:
    """Return every command of every ``sh`` block of every document, in their order, and what jobs in YAML run."""
    return _in_blocks() + _in_jobs()


def _in_jobs() -> list[Command]:
    return [
        Command(document, words)
        for document in DOCUMENTS
        for block in blocks(document.read_text(encoding="utf-8"), "yaml")
        for job in _jobs(yaml.safe_load(block))
        for line in [*job.get("before_script", []), *job["script"]]
        for words in commands_of(line)
    ]


def _jobs(configuration: Any) -> list[dict[str, Any]]:
    """Return the jobs of a GitLab configuration; of any other YAML none."""
    entries = configuration.values() if isinstance(configuration, dict) else []
    return [each for each in entries if isinstance(each, dict) and "script" in each]


def _in_blocks() -> list[Command]:
    return [
        Command(document, words)
        for document in DOCUMENTS
        for block in blocks(document.read_text(encoding="utf-8"), "sh")
        for line in block.replace("\\\n", " ").splitlines()
        for words in commands_of(line)
    ]


def commands_of(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each program that a line of a shell starts."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in _SEPARATORS:
            if words:
                yield tuple(words)
            words = []
        elif words or not _ASSIGNMENT.match(word):
            words.append(word)
