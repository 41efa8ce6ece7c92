"""A line typed at a terminal: a command, or plain text for the current group."""

import re

from tchat_client.commands import SEPARATOR, TERMINAL_COMMANDS, BadCommand, Call, nearest, parse, unknown
from tchat_client.language import said

_BY_WORD = {command.word: command for command in TERMINAL_COMMANDS}
_LIKE_A_COMMAND = re.compile(r"\s*\w+;")


def understood(line: str, current: str | None) -> Call:
    """Return what a line asks for; plain text is said in the current group, if there is one.

    A word with a semicolon right behind it is a command or a mistyped one, and a command's word alone is one that
    lacks something: neither is told to a whole group by mistake. Raises BadCommand.
    """
    word, separator, _ = line.partition(SEPARATOR)
    command = _BY_WORD.get(word.strip())
    if command is not None and (separator or not any(not field.optional for field in command.fields)):
        return parse(line, TERMINAL_COMMANDS, current)
    if command is None and _LIKE_A_COMMAND.match(line):
        raise BadCommand(unknown(word.strip(), TERMINAL_COMMANDS) + _way_out(line, current))
    if current is None:
        raise BadCommand(_nowhere(line))
    if command is not None:
        sentence = said("{word} is a command: {usage}", word=command.word, usage=command.usage)
        raise BadCommand(sentence + _way_out(line, current))
    return parse(f"bg{SEPARATOR}{SEPARATOR}{line}", TERMINAL_COMMANDS, current)


def _way_out(line: str, current: str | None) -> str:
    shown = f"bg{SEPARATOR}{SEPARATOR}{line.strip()}"
    return "" if current is None else said("; to say it in {group}: {line}", group=current, line=shown)


def _nowhere(line: str) -> str:
    word = line.strip()
    near = nearest(word, TERMINAL_COMMANDS) if word.isalpha() else None
    guess = said("; did you mean {usage}?", usage=near.usage.partition("[")[0]) if near else ""
    return (
        said("no group is current, so nothing was sent")
        + guess
        + said(" (j;wob enters a group and makes it the current one, b; writes to all, help; lists all)")
    )
