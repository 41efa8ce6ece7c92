"""What arrives, as it appears above the line being typed: time, colours, marks and the bell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tchat_client import dates
from tchat_client.attention import Attention
from tchat_client.commands import SEPARATOR, TERMINAL_COMMANDS, Command, help_rows, nearest, unknown
from tchat_client.converse import print_json
from tchat_client.incoming import Incoming, Notice
from tchat_client.language import phrase, said
from tchat_client.painting import Painter
from tchat_client.pieces import DAY, GROUP, MENTION, NOTE, PRIVATE, TIME, Line, cleaned, folded, table
from tchat_client.show import shown

BELL = "\a"

WIDE = 70
"""Columns from which on there is room beside each other."""
STAMP_WIDTH = 9


@dataclass(frozen=True, slots=True)
class Manner:
    """How a person wants the terminal.

    ``place`` is what the server is called, ``bell`` whether a mention rings, ``history`` the file in which what is
    typed is kept, if at all, and ``as_json`` whether messages are shown as they came.
    """

    place: str
    bell: bool = True
    history: Path | None = None
    as_json: bool = False


_MORE_HELP = (
    phrase("Text without a command goes to the current group, which j;wob, cg;wob or go;wob make so."),
    phrase("An empty group is the current one, too: members; leave; kick;;bob;spam bg;;text"),
    phrase("Keys: Tab completes, Up finds what was typed before, Alt-A goes to the group with news, Ctrl-D leaves."),
)


class Feed:
    """Prints what arrives and what the client itself has to say, each line with the time and below its day.

    Arguments: what is known, what paints for the terminal, and how the person wants it.
    """

    def __init__(self, attention: Attention, painter: Painter, manner: Manner) -> None:
        self._attention = attention
        self._painter = painter
        self._manner = manner
        self._day = dates.day(datetime.now().astimezone())
        self._looked_back: set[str] = set()
        self.has_pages = False
        """Whether the server gives history page by page (H-PAGE-1)."""

    def show(self, incoming: Incoming) -> None:
        """Learn from something that arrived, and print it."""
        content = incoming.content
        if isinstance(content, Notice):
            self.note(content.sentence)
            return
        called = self._attention.learn(incoming)
        known = content if isinstance(content, dict) and incoming.valid else None
        if self._manner.as_json:
            print_json(incoming)
        elif known is None or not self._is_no_news(known):
            lines = shown(content, full=True)
            if called:
                lines[0] = self._marked(lines[0], is_private=incoming.action == "server-send")
            elif self._is_aside(incoming):
                lines = [[(style or NOTE, text) for style, text in line] for line in lines]
            when = dates.moment(known.get("ts")) if known else None
            self._print(lines, when, BELL if called and self._manner.bell else "")

    def looks_back(self, group: str) -> None:
        """Show the next history of a group only if there is something in it: nobody has asked for it."""
        self._looked_back.add(group)

    def note(self, text: str) -> None:
        """Print something of the client's own."""
        self._print([[(NOTE, f"* {text}")]])

    def echo(self, line: str) -> None:
        """Print a command that was typed, above its answer."""
        self._print([[(NOTE, f"> {line}")]])

    def help(self, word: str | None) -> None:
        """Print what all commands do and what else can be typed, or what the one does that a word is like."""
        if word is None:
            self._print_rows([*self._explained(TERMINAL_COMMANDS), *([("", said(each))] for each in _MORE_HELP)])
            return
        command = nearest(word.rstrip(SEPARATOR), TERMINAL_COMMANDS)
        if command:
            self._print_rows(self._explained([command]))
        else:
            self.note(unknown(word, TERMINAL_COMMANDS))

    def _explained(self, commands: Sequence[Command]) -> list[Line]:
        """Return what commands do, side by side or below each other as there is room."""
        rows = help_rows(commands)
        if self._painter.columns >= WIDE:
            return table([[(GROUP, usage), ("", meaning)] for usage, meaning in rows])
        lines: list[Line] = []
        for usage, meaning in rows:
            lines += [[(GROUP, usage)], [("", f"    {meaning}")]]
        return lines

    def _is_no_news(self, message: dict[str, Any]) -> bool:
        """Tell whether a message needs not be shown as it is: nobody asked for it, or it refuses what is so already."""
        if message["action"] == "server-hello":
            self.has_pages = "paging" in message["features"]
        if message["action"] == "server-msgs" and message["group"] in self._looked_back:
            self._looked_back.discard(message["group"])
            return not message["messages"]
        if (message.get("request"), message.get("code")) != ("join", "already-member"):
            return False
        entered = (GROUP, self._attention.known.current or "")
        self._print([[(NOTE, "* " + said("you are a member already: what you type goes to ")), entered]])
        return True

    def _is_aside(self, incoming: Incoming) -> bool:
        """Tell whether a message is not what one looks at: people who come and go, and talk in other groups."""
        current = self._attention.known.current
        is_elsewhere = incoming.action == "server-gbroadcast" and current not in (None, incoming.group)
        return is_elsewhere or incoming.action == "server-presence"

    def _marked(self, line: Line, *, is_private: bool) -> Line:
        """Return a line with one's own name in its text marked, and of a private message all that is plain."""
        marked: Line = []
        for style, text in line:
            if style:
                marked.append((style, text))
                continue
            end = 0
            for found in self._attention.mention.finditer(text):
                marked += [(PRIVATE if is_private else "", text[end : found.start()]), (MENTION, found[0])]
                end = found.end()
            marked.append((PRIVATE if is_private else "", text[end:]))
        return marked

    def _print(self, lines: list[Line], when: datetime | None = None, bell: str = "") -> None:
        when = when or datetime.now().astimezone()
        printed = []
        if dates.day(when) != self._day:
            self._day = dates.day(when)
            printed.append([(DAY, f"-- {self._day} --")])
        first, *rest = lines
        self._print_rows([*printed, [(TIME, f"{dates.clock(when)} "), *first], *rest], bell)

    def _print_rows(self, lines: list[Line], bell: str = "") -> None:
        columns = self._painter.columns
        rows = [row for line in lines for row in folded(cleaned(line), columns, _indent(line, columns))]
        print(bell + "\n".join(map(self._painter.painted, rows)), flush=True)


def _indent(line: Line, columns: int) -> int:
    """Return how far the rows of a line stand in: below its text, where there is room for that."""
    is_timed = line[0][0] == TIME
    return STAMP_WIDTH if is_timed and columns >= WIDE else 4
