"""How a client is driven: what it asks, how its commands are typed, and how fast; read from a TOML file, or guessed."""

import json
import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tchat_client.commands import COMMANDS, typed
from tchat_conform.near import did_you_mean
from tchat_protocol import schemas

COURSE, MENU, JSON = "course", "menu", "json"
STYLES = (COURSE, MENU, JSON)
GUESSED = (COURSE, MENU)
"""The styles that are tried on a client without a description."""
LINE_DELAY = 0.3
"""Seconds between lines that nothing else tells to be apart: most clients of the field bear a line every 0.3 s."""

_WORDS = {command.action: command.word for command in COMMANDS if command.action}
_FIELDS = {command.action: command.fields for command in COMMANDS if command.action}


class BadDescription(ValueError):  # noqa: N818 - said of a file, not a fault of the program
    """A description that cannot be used; its text names the key and the rule."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question at the terminal before the chat begins, and what is typed for an answer.

    ``expect`` is looked for in the line that the cursor stands in; ``{host}``, ``{port}`` and ``{name}`` are filled
    into the answer.
    """

    expect: re.Pattern[str]
    answer: str


ASKED = (
    Prompt(re.compile(r"(?i)(pass|secret|\bpwd\b|\bmdp\b).*[?:>]\s*$"), "secret"),
    Prompt(re.compile(r"(?i)(name|nom\b|pseudo|login|user|utilisateur|qui ).*[?:>]\s*$"), "{name}"),
    Prompt(re.compile(r"(?i)(host|h[oô]te|server|serveur|address|adresse|\bip\b).*[?:>]\s*$"), "{host}"),
    Prompt(re.compile(r"(?i)port.*[?:>]\s*$"), "{port}"),
)
"""What clients ask, and what is answered where a description says nothing else."""


@dataclass(frozen=True, slots=True)
class Description:
    """What differs from client to client.

    ``command`` starts it; ``style`` is ``course`` (``cg;wob``), ``menu`` (a word, then a question for each field) or
    ``json`` (the request itself).
    ``commands`` holds, by action, the lines that are typed with ``{field}`` for the fields of the request, or None for
    a command that the client does not have. ``start_delay`` and ``line_delay`` are seconds: before the first line, and
    between lines. ``enter`` ends a line. ``env`` is added to the environment.
    """

    command: str = ""
    style: str = COURSE
    start_delay: float = 0.0
    line_delay: float = LINE_DELAY
    enter: str = "\r"
    env: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[Prompt, ...] = ()
    commands: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)

    def lines(self, action: str, values: Mapping[str, Any]) -> list[str] | None:
        """Return the lines that ask for a request with these fields, the sender's name among them.

        None where the client has no such command.
        """
        if action in self.commands:
            templates = self.commands[action]
            known = {each.name: _text(values.get(each.name, "")) for each in _FIELDS[action]}
            return None if templates is None else [each.format_map(known) for each in templates]
        if self.style == MENU:
            return [_WORDS[action], *(_text(values[each.name]) for each in _FIELDS[action] if each.name in values)]
        if self.style == JSON:
            return [json.dumps({**values, "action": action}, ensure_ascii=False)]
        return [typed(action, values)]

    def cannot_say(self, action: str, values: Mapping[str, Any]) -> list[str]:
        """Return the fields for which the described lines of a request have no place."""
        templates = self.commands.get(action)
        if templates is None:
            return []
        places = {name for each in templates for _, name, _, _ in string.Formatter().parse(each) if name}
        known = {each.name for each in _FIELDS[action]}
        return [name for name, value in values.items() if name in known and value and name not in places]

    def answer_to(self, line: str) -> str | None:
        """Return the template of what is answered to a question; None for what is no question that is known."""
        return next((each.answer for each in (*self.prompts, *ASKED) if each.expect.search(line)), None)

    def in_style(self, style: str) -> "Description":
        """Return the same description with commands typed in another style."""
        return replace(self, style=style)


def read_description(path: Path) -> Description:
    """Read a description. Raises BadDescription with the key at fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadDescription(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error
    try:
        return parse_description(data)
    except BadDescription as error:
        raise BadDescription(f"{path}: {error}") from error


def parse_description(data: Mapping[str, Any]) -> Description:
    """Return the description that a table of TOML holds. Raises BadDescription with the key at fault."""
    known = [each.name for each in fields(Description)]
    for name in data:
        if name not in known:
            raise BadDescription(f"there is no key {name!r}.{did_you_mean(name, known) or f' There are {known}.'}")
    made = {name: _MAKERS[name](name, value) for name, value in data.items()}
    return Description(**made)


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadDescription(f"{name} must be a string, not {value!r}.")
    return value


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 60:
        raise BadDescription(f"{name} must be seconds from 0 to 60, not {value!r}.")
    return float(value)


def _style(name: str, value: Any) -> str:
    if value not in STYLES:
        raise BadDescription(f"{name} must be one of {', '.join(STYLES)}, not {value!r}.")
    return str(value)


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadDescription(f"{name} must be a table, not {value!r}.")
    return value


def _env(name: str, value: Any) -> Mapping[str, str]:
    return {key: _string(f"{name}.{key}", each) for key, each in _table(name, value).items()}


def _prompts(name: str, value: Any) -> tuple[Prompt, ...]:
    if not isinstance(value, list):
        raise BadDescription(f"{name} must be a list of tables, written [[{name}]].")
    return tuple(_prompt(f"{name}[{number}]", each) for number, each in enumerate(value))


def _prompt(name: str, value: Any) -> Prompt:
    table = _table(name, value)
    if set(table) != {"expect", "answer"}:
        raise BadDescription(f"{name} must have the keys expect and answer, and no others.")
    try:
        return Prompt(re.compile(_string(f"{name}.expect", table["expect"])), _answer(name, table["answer"]))
    except re.error as error:
        raise BadDescription(f"{name}.expect is no regular expression: {error}.") from error


def _answer(name: str, value: Any) -> str:
    answer = _string(f"{name}.answer", value)
    _filled(f"{name}.answer", answer, ("host", "port", "name"))
    return answer


def _commands(name: str, value: Any) -> Mapping[str, tuple[str, ...] | None]:
    return {action: _lines(f"{name}.{action}", action, each) for action, each in _table(name, value).items()}


def _lines(name: str, action: str, value: Any) -> tuple[str, ...] | None:
    if action not in _WORDS:
        near = did_you_mean(action, _WORDS) or f" There are {', '.join(_WORDS)}."
        raise BadDescription(f"{name} names no request that is typed.{near}")
    if value is False:
        return None
    lines = [value] if isinstance(value, str) else value
    if not isinstance(lines, list) or not lines or not all(isinstance(each, str) for each in lines):
        raise BadDescription(f"{name} must be a line, a list of lines, or false for a command that is not there.")
    known = tuple(each.name for each in _FIELDS[action])
    for each in lines:
        _filled(name, each, known)
    return tuple(lines)


def _filled(name: str, template: str, known: tuple[str, ...]) -> None:
    """Raise BadDescription unless a template can be filled in with these names."""
    try:
        template.format_map(dict.fromkeys(known, ""))
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        places = ", ".join(f"{{{each}}}" for each in known) or "nothing"
        raise BadDescription(f"{name} {template!r} has a place for {error}; filled in is {places}.") from error


_MAKERS: Mapping[str, Any] = {
    "command": _string,
    "style": _style,
    "start_delay": _seconds,
    "line_delay": _seconds,
    "enter": _string,
    "env": _env,
    "prompts": _prompts,
    "commands": _commands,
}


def _text(value: Any) -> str:
    """Return a field of a request as a person types it."""
    return ("private" if value else "") if isinstance(value, bool) else str(value)


def typed_actions() -> tuple[str, ...]:
    """Return the actions that the course has commands for, in the order of PROTOCOL.md."""
    return tuple(each for each in schemas.actions("requests") if each in _WORDS)
