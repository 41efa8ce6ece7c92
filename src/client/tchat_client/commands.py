"""The typed commands: one table from which a line becomes a request, and a request the line that asks for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto
from typing import Any

SEPARATOR = ";"

_NUMBER = re.compile(r"-?[0-9]{1,16}")


class BadCommand(ValueError):  # noqa: N818 - what a person typed, explained to that person
    """A line that is no command; its text says what is wrong and how the command is typed."""


class Kind(Enum):
    """What stands in a field of a command: a name, free text, a number, or the field's own name for true."""

    NAME = auto()
    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command: its name in the request, how a sentence calls it, and an example.

    An optional field that is not typed is absent from the request, unless it has a ``default``.
    """

    name: str
    called: str
    example: str
    kind: Kind = Kind.NAME
    optional: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One typed command: its word, the action it asks for (None for the client's own help), its fields, its help."""

    word: str
    action: str | None
    fields: tuple[Field, ...]
    help: str

    @property
    def usage(self) -> str:
        """How the command is typed, with examples; brackets hold what may be left out."""
        required = [field.example for field in self.fields if not field.optional]
        optional = [f"[{SEPARATOR}{field.example}" for field in self.fields if field.optional]
        return SEPARATOR.join([self.word, *(required or [""])]) + "".join(optional) + "]" * len(optional)


@dataclass(frozen=True, slots=True)
class Call:
    """A command with the fields that were typed, as they stand in the request."""

    command: Command
    fields: Mapping[str, Any]


_GROUP = Field("group", "a group", "wob")
_DEST = Field("dest", "a user", "bob")
_TO = Field("to", "a user", "bob")
_MSG = Field("msg", "a message", "hello", Kind.TEXT)
_REASON = Field("reason", "a reason", "reason", Kind.TEXT, optional=True, default="")
_PRIVATE = Field("private", "private or nothing", "private", Kind.FLAG, optional=True)
_LIMIT = Field("limit", "a number of items", "20", Kind.NUMBER, optional=True)
_BEFORE = Field("before", "a sequence number", "42", Kind.NUMBER, optional=True)

COMMANDS = (
    Command("cg", "cgroupe", (_GROUP, _PRIVATE), "create a group; it is public unless you add private"),
    Command("j", "join", (_GROUP,), "join a group"),
    Command("bg", "gbroadcast", (_GROUP, _MSG), "say something in a group"),
    Command("members", "members", (_GROUP,), "who is in a group"),
    Command("messages", "msgs", (_GROUP, _LIMIT, _BEFORE), "what was said in a group: the newest, or those before"),
    Command("groups", "groups", (), "which groups there are"),
    Command("leave", "leave", (_GROUP,), "leave a group"),
    Command("invite", "invite", (_GROUP, _DEST), "invite somebody into a group"),
    Command("kick", "kick", (_GROUP, _DEST, _REASON), "put somebody out of your group"),
    Command("ban", "ban", (_GROUP, _DEST, _REASON), "put somebody out of your group for good"),
    Command("unban", "unban", (_GROUP, _DEST), "end a ban"),
    Command("states", "states", (_GROUP, _LIMIT, _BEFORE), "what happened in a group: the newest, or before"),
    Command("s", "client-send", (_TO, _MSG), "write to one person"),
    Command("b", "client-broadcast", (_MSG,), "write to everyone online"),
    Command("ls", "client-list-clients", (), "who is online"),
    Command("q", "client-quit", (), "leave the chat"),
    Command("help", None, (), "show this list"),
)
"""Every command, in the order of PROTOCOL.md section 1."""

_BY_WORD = {command.word: command for command in COMMANDS}
_BY_ACTION = {command.action: command for command in COMMANDS}


def parse(line: str) -> Call:
    """Read one typed line.

    Fields are separated by semicolons and the last takes the rest of the line, so that a message or a reason may
    hold semicolons itself. Raises BadCommand; that fields are within the protocol's bounds is checked with the request.
    """
    if not _encodable(line):
        raise BadCommand("this line is not UTF-8 text; nothing was sent")
    word, _, rest = line.partition(SEPARATOR)
    command = _BY_WORD.get(word.strip())
    if command is None:
        raise BadCommand(_unknown(word.strip()))
    return Call(command, _fields(command, rest))


def typed(action: str, fields: Mapping[str, Any]) -> str:
    """Return the line that asks for a request; ``parse`` reads it back.

    Raises KeyError for an action that no command asks for, and ValueError for a text with line feeds.
    """
    command = _BY_ACTION[action]
    parts = [_as_typed(field, fields.get(field.name)) for field in command.fields]
    while parts and not parts[-1]:
        parts.pop()
    line = SEPARATOR.join([command.word, *(parts or [""])])
    if "\n" in line:
        raise ValueError("a command stands on one line")
    return line


def help_lines() -> list[str]:
    """Return the list of commands as people read it, one a line."""
    width = max(len(command.usage) for command in COMMANDS)
    return [f"{command.usage:{width}}  {command.help}" for command in COMMANDS]


def _encodable(line: str) -> bool:
    # Bytes that are not UTF-8 come from terminals and pipes as lone surrogates.
    return not any("\ud800" <= character <= "\udfff" for character in line)


def _unknown(word: str) -> str:
    near = get_close_matches(word.lower(), _BY_WORD, n=1)
    guess = f"; did you mean {_BY_WORD[near[0]].usage}?" if near else ""
    return f"there is no command {word[:40]!r}{guess} (help; lists all)"


def _fields(command: Command, rest: str) -> dict[str, Any]:
    if not command.fields:
        if rest.strip():
            raise BadCommand(f"{command.word} takes nothing after it: {command.usage}")
        return {}
    parts = rest.split(SEPARATOR, len(command.fields) - 1)
    parts += [""] * (len(command.fields) - len(parts))
    read = {field.name: _read(command, field, part) for field, part in zip(command.fields, parts, strict=True)}
    return {name: value for name, value in read.items() if value is not None}


def _read(command: Command, field: Field, part: str) -> str | int | bool | None:
    part = part if field.kind is Kind.TEXT else part.strip()
    if not part:
        if field.optional:
            return field.default
        raise BadCommand(f"{command.word} needs {_wanted(command)}: {command.usage}")
    if field.kind is Kind.NUMBER:
        if not _NUMBER.fullmatch(part):
            raise BadCommand(f"{field.name} must be {field.called}, not {part[:40]!r}: {command.usage}")
        return int(part)
    if field.kind is Kind.FLAG:
        if part != field.name:
            raise BadCommand(f"after the group comes {field.called}, not {part[:40]!r}: {command.usage}")
        return True
    return part


def _wanted(command: Command) -> str:
    return " and ".join(field.called for field in command.fields if not field.optional)


def _as_typed(field: Field, value: Any) -> str:
    if field.kind is Kind.FLAG:
        return field.name if value else ""
    return "" if value is None else str(value)
