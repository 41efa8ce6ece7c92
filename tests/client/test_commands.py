"""Typed commands against the course's table, against PROTOCOL.md, and against themselves."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tchat_client.commands import COMMANDS, BadCommand, Command, Kind, help_lines, parse, typed
from tchat_client.session import compose
from tchat_protocol import schemas
from tchat_protocol.messages import InvalidMessage

COURSE = {
    "cg;wob": {"sender": "alice", "group": "wob", "action": "cgroupe"},
    "j;wob": {"sender": "alice", "group": "wob", "action": "join"},
    "bg;wob;hello": {"sender": "alice", "group": "wob", "msg": "hello", "action": "gbroadcast"},
    "members;wob": {"sender": "alice", "group": "wob", "action": "members"},
    "messages;wob": {"sender": "alice", "group": "wob", "action": "msgs"},
    "groups;": {"name": "alice", "action": "groups"},
    "leave;wob": {"sender": "alice", "group": "wob", "action": "leave"},
    "invite;wob;bob": {"sender": "alice", "group": "wob", "dest": "bob", "action": "invite"},
    "kick;wob;bob;spam": {"sender": "alice", "group": "wob", "dest": "bob", "reason": "spam", "action": "kick"},
    "ban;wob;bob;spam": {"sender": "alice", "group": "wob", "dest": "bob", "reason": "spam", "action": "ban"},
    "unban;wob;bob": {"sender": "alice", "group": "wob", "dest": "bob", "action": "unban"},
    "states;wob": {"sender": "alice", "group": "wob", "action": "states"},
}
OURS = {
    "cg;wob;private": {"action": "cgroupe", "sender": "alice", "group": "wob", "private": True},
    "s;bob;hi": {"action": "client-send", "from": "alice", "to": "bob", "msg": "hi"},
    "b;hi": {"action": "client-broadcast", "from": "alice", "msg": "hi"},
    "ls;": {"action": "client-list-clients", "from": "alice"},
    "q;": {"action": "client-quit", "from": "alice"},
    "groups": {"action": "groups", "name": "alice"},
    "ls": {"action": "client-list-clients", "from": "alice"},
    "bg;wob;a;b; c ;": {"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "a;b; c ;"},
    "b;;-)": {"action": "client-broadcast", "from": "alice", "msg": ";-)"},
    "kick;wob;bob": {"action": "kick", "sender": "alice", "group": "wob", "dest": "bob", "reason": ""},
    "ban;wob;bob;a;b": {"action": "ban", "sender": "alice", "group": "wob", "dest": "bob", "reason": "a;b"},
    " j ; wob ": {"action": "join", "sender": "alice", "group": "wob"},
    "messages;wob;20": {"action": "msgs", "sender": "alice", "group": "wob", "limit": 20},
    "messages;wob;20;42": {"action": "msgs", "sender": "alice", "group": "wob", "limit": 20, "before": 42},
    "states;wob;;42": {"action": "states", "sender": "alice", "group": "wob", "before": 42},
}


def request(line: str) -> dict[str, Any]:
    call = parse(line)
    assert call.command.action is not None
    return compose("alice", call.command.action, call.fields)


@pytest.mark.parametrize(("line", "expected"), [*COURSE.items(), *OURS.items()])
def test_command_asks_for_its_request(line: str, expected: dict[str, Any]) -> None:
    assert request(line) == expected


def rows() -> list[tuple[str, str, list[str], list[str]]]:
    """Return the typed command, action, required and optional fields of every row of PROTOCOL.md section 1."""
    table = schemas.protocol_text().partition("## 1. ")[2].partition("\n## 2. ")[0]
    found = re.findall(r"^\| `([^`]+)` \| `([\w-]+) \{([^}]*)\}` \|", table, re.MULTILINE)
    split = [(line, action, [field.strip() for field in fields.split(",")]) for line, action, fields in found]
    return [
        (line, action, [f for f in fields if "?" not in f], [f[:-1] for f in fields if "?" in f])
        for line, action, fields in split
    ]


@pytest.mark.parametrize(("line", "action", "required", "optional"), rows())
def test_command_is_the_one_of_the_specification(
    line: str, action: str, required: list[str], optional: list[str]
) -> None:
    composed = request(line)
    assert composed.pop("action") == action
    assert set(composed) == set(required)
    names = {field.name for field in parse(line).command.fields}
    assert names | set(composed) == {*required, *optional}


def test_the_table_holds_what_the_specification_lists_and_help() -> None:
    assert [command.action for command in COMMANDS] == [*(action for _, action, _, _ in rows()), None]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.word))
def test_usage_is_a_command_itself(command: Command) -> None:
    assert parse(re.sub(r"[\[\]]", "", command.usage)).command is command
    assert parse(command.usage.partition("[")[0]).command is command
    assert any(line.startswith(command.usage) and line.endswith(command.help) for line in help_lines())


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("bg", "bg needs a group and a message: bg;wob;hello"),
        ("bg;wob", "bg needs a group and a message: bg;wob;hello"),
        ("bg;;hello", "bg needs a group and a message: bg;wob;hello"),
        ("j;", "j needs a group: j;wob"),
        ("kick;wob", "kick needs a group and a user: kick;wob;bob[;reason]"),
        ("cg;wob;secret", "after the group comes private or nothing, not 'secret': cg;wob[;private]"),
        ("messages;wob;ten", "limit must be a number of items, not 'ten': messages;wob[;20[;42]]"),
        ("messages;wob;1;4.2", "before must be a sequence number, not '4.2': messages;wob[;20[;42]]"),
        ("groups;wob", "groups takes nothing after it: groups;"),
        ("hello", "there is no command 'hello'; did you mean help;? (help; lists all)"),
        ("J;wob", "there is no command 'J'; did you mean j;wob? (help; lists all)"),
        (";", "there is no command '' (help; lists all)"),
        ("b;\udcff", "this line is not UTF-8 text; nothing was sent"),
    ],
)
def test_bad_command_is_explained(line: str, sentence: str) -> None:
    with pytest.raises(BadCommand) as raised:
        parse(line)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        ("j;" + "x" * 33, "/group", "maxLength"),
        ("invite;wob;a b", "/dest", "not"),
        ("j;wob;more", "/group", "not"),
        ("b;" + "x" * 8193, "/msg", "maxLength"),
        ("messages;wob;0", "/limit", "minimum"),
        ("messages;wob;1001", "/limit", "maximum"),
        ("states;wob;1;-1", "/before", "minimum"),
    ],
)
def test_field_out_of_bounds_is_named_with_its_rule(line: str, field: str, rule: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        request(line)
    assert [(each.field, each.rule) for each in raised.value.problems] == [(field, rule)]


NAMES = st.from_regex(r"[^\s;\x00-\x1f\x7f-\x9f]{1,32}", fullmatch=True).filter(lambda name: name == name.strip())
TEXTS = st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1, max_size=40)
VALUES = {Kind.NAME: NAMES, Kind.TEXT: TEXTS, Kind.NUMBER: st.integers(1, 1000), Kind.FLAG: st.just(True)}


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    command = draw(st.sampled_from([command for command in COMMANDS if command.action]))
    fields = {}
    for field in command.fields:
        if not field.optional or draw(st.booleans()):
            fields[field.name] = draw(VALUES[field.kind])
        elif field.default is not None:
            fields[field.name] = field.default
    return str(command.action), fields


@given(calls())
def test_line_made_from_a_request_asks_for_it(call: tuple[str, dict[str, Any]]) -> None:
    action, fields = call
    read = parse(typed(action, fields))
    assert (read.command.action, read.fields) == (action, fields)


def test_text_of_several_lines_cannot_be_typed() -> None:
    with pytest.raises(ValueError, match="one line"):
        typed("client-broadcast", {"msg": "a\nb"})
