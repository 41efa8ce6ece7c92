"""The typed commands: one table from which a line becomes a request, and a request the line that asks for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto
from typing import Any

from tchat_client.language import phrase, said

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


class Names(Enum):
    """Whose names a field takes."""

    GROUP = auto()
    USER = auto()
    COMMAND = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command: its name in the request, how a sentence calls it, and an example.

    An optional field that is not typed is absent from the request, unless it has a ``default``. ``names`` tells whose
    name stands in it, if it is one.
    """

    name: str
    called: str
    example: str
    kind: Kind = Kind.NAME
    optional: bool = False
    default: str | None = None
    names: Names | None = None


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
        if optional and not required:
            optional[0] = optional[0].replace(SEPARATOR, "")  # it stands behind the one that ends the word
        return SEPARATOR.join([self.word, *(required or [""])]) + "".join(optional) + "]" * len(optional)


@dataclass(frozen=True, slots=True)
class Call:
    """A command with the fields that were typed, as they stand in the request."""

    command: Command
    fields: Mapping[str, Any]


_NEW_GROUP = Field("group", phrase("a group"), "wob")
_GROUP = Field("group", phrase("a group"), "wob", names=Names.GROUP)
_DEST = Field("dest", phrase("a user"), "bob", names=Names.USER)
_TO = Field("to", phrase("a user"), "bob", names=Names.USER)
_MSG = Field("msg", phrase("a message"), "hello", Kind.TEXT)
_REASON = Field("reason", phrase("a reason"), "reason", Kind.TEXT, optional=True, default="")
_PRIVATE = Field("private", phrase("private or nothing"), "private", Kind.FLAG, optional=True)
_LIMIT = Field("limit", phrase("a number of items"), "20", Kind.NUMBER, optional=True)
_BEFORE = Field("before", phrase("a sequence number"), "42", Kind.NUMBER, optional=True)
_ANY_GROUP = Field("group", phrase("a group"), "wob", optional=True, names=Names.GROUP)
_COMMAND = Field("command", phrase("a command"), "kick", optional=True, names=Names.COMMAND)

COMMANDS = (
    Command("cg", "cgroupe", (_NEW_GROUP, _PRIVATE), phrase("create a group; it is public unless you add private")),
    Command("j", "join", (_GROUP,), phrase("join a group")),
    Command("bg", "gbroadcast", (_GROUP, _MSG), phrase("say something in a group")),
    Command("members", "members", (_GROUP,), phrase("who is in a group")),
    Command("messages", "msgs", (_GROUP, _LIMIT, _BEFORE), phrase("what was said in a group: the newest, or before")),
    Command("groups", "groups", (), phrase("which groups there are")),
    Command("leave", "leave", (_GROUP,), phrase("leave a group")),
    Command("invite", "invite", (_GROUP, _DEST), phrase("invite somebody into a group")),
    Command("kick", "kick", (_GROUP, _DEST, _REASON), phrase("put somebody out of your group")),
    Command("ban", "ban", (_GROUP, _DEST, _REASON), phrase("put somebody out of your group for good")),
    Command("unban", "unban", (_GROUP, _DEST), phrase("end a ban")),
    Command("states", "states", (_GROUP, _LIMIT, _BEFORE), phrase("what happened in a group: the newest, or before")),
    Command("s", "client-send", (_TO, _MSG), phrase("write to one person")),
    Command("b", "client-broadcast", (_MSG,), phrase("write to everyone online")),
    Command("ls", "client-list-clients", (), phrase("who is online")),
    Command("q", "client-quit", (), phrase("leave the chat")),
    Command("help", None, (_COMMAND,), phrase("show this list, or one command of it")),
)
"""Every command, in the order of PROTOCOL.md section 1."""

GO = Command("go", None, (_ANY_GROUP,), phrase("make a group the current one without asking the server; go; for none"))
TERMINAL_COMMANDS = (*COMMANDS[:-1], GO, COMMANDS[-1])
"""The commands at a terminal, where there is a current group."""

_BY_WORD = {command.word: command for command in TERMINAL_COMMANDS}
_BY_ACTION = {command.action: command for command in COMMANDS}


def parse(line: str, commands: Sequence[Command] = COMMANDS, current: str | None = None) -> Call:
    """Read one typed line as one of some commands; where ``current`` names a group, an empty group is that one.

    Fields are separated by semicolons and the last takes the rest of the line, so that a message or a reason may
    hold semicolons itself. Raises BadCommand; that fields are within the protocol's bounds is checked with the request.
    """
    if not _encodable(line):
        raise BadCommand(said("this line is not UTF-8 text; nothing was sent"))
    word, _, rest = line.partition(SEPARATOR)
    command = _BY_WORD.get(word.strip())
    if command is None or command not in commands:
        raise BadCommand(unknown(word.strip(), commands))
    return Call(command, _fields(command, rest, current))


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


def help_lines(commands: Sequence[Command] = COMMANDS) -> list[str]:
    """Return a list of commands as people read it, one a line."""
    width = max(len(command.usage) for command in commands)
    return [f"{usage:{width}}  {meaning}" for usage, meaning in help_rows(commands)]


def help_rows(commands: Sequence[Command] = COMMANDS) -> list[tuple[str, str]]:
    """Return how each command is typed, and what it does in the user's language."""
    return [(command.usage, said(command.help)) for command in commands]


def unknown(word: str, commands: Sequence[Command]) -> str:
    """Return the sentence that says that a word is none of some commands, and which is the nearest."""
    near = nearest(word, commands)
    sentence = said("there is no command {word}", word=repr(word[:40]))
    guess = said("; did you mean {usage}?", usage=near.usage.partition("[")[0]) if near else ""
    return sentence + guess + said(" (help; lists all)")


def nearest(word: str, commands: Sequence[Command]) -> Command | None:
    """Return the command that is spelt most like a word, None if none is like it."""
    near = get_close_matches(word.lower(), [command.word for command in commands], n=1)
    return _BY_WORD[near[0]] if near else None


def _encodable(line: str) -> bool:
    # Bytes that are not UTF-8 come from terminals and pipes as lone surrogates.
    return not any("\ud800" <= character <= "\udfff" for character in line)


def _fields(command: Command, rest: str, current: str | None) -> dict[str, Any]:
    if not command.fields:
        if rest.strip():
            raise BadCommand(said("{word} takes nothing after it: {usage}", word=command.word, usage=command.usage))
        return {}
    parts = rest.split(SEPARATOR, len(command.fields) - 1)
    parts += [""] * (len(command.fields) - len(parts))
    if command.fields[0] is _GROUP and current is not None and not parts[0].strip():
        parts[0] = current
    read = {field.name: _read(command, field, part) for field, part in zip(command.fields, parts, strict=True)}
    return {name: value for name, value in read.items() if value is not None}


def _read(command: Command, field: Field, part: str) -> str | int | bool | None:
    part = part if field.kind is Kind.TEXT else part.strip()
    word, usage, called = command.word, command.usage, said(field.called)
    if not part:
        if field.optional:
            return field.default
        raise BadCommand(said("{word} needs {wanted}: {usage}", word=word, wanted=_wanted(command), usage=usage))
    if field.kind is Kind.NUMBER:
        if not _NUMBER.fullmatch(part):
            template = phrase("{field} must be {called}, not {shown}: {usage}")
            raise BadCommand(said(template, field=field.name, called=called, shown=repr(part[:40]), usage=usage))
        return int(part)
    if field.kind is Kind.FLAG:
        if part != field.name:
            template = phrase("after the group comes {called}, not {shown}: {usage}")
            raise BadCommand(said(template, called=called, shown=repr(part[:40]), usage=usage))
        return True
    return part


def _wanted(command: Command) -> str:
    return said(" and ").join(said(field.called) for field in command.fields if not field.optional)


def _as_typed(field: Field, value: Any) -> str:
    if field.kind is Kind.FLAG:
        return field.name if value else ""
    return "" if value is None else str(value)
