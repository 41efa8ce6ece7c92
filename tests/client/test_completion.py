"""What TAB offers, from the one table of commands and what is known."""

from typing import Any

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from tchat_client.commands import TERMINAL_COMMANDS, Kind, Names
from tchat_client.completion import CommandCompleter
from tchat_client.known import Known

TS = "2026-11-23T09:30:00.000Z"
GROUPS = {"action": "server-groups", "groups": [{"group": "wob", "private": False, "owner": "al", "members": 1}]}
CLIENTS = {"action": "server-list-clients", "clients": ["alice", "bob", "zoé"]}
LETTER = {"action": "server-send", "from": "zoé", "to": "alice", "msg": "hi", "ts": TS}
STRANGE = {"action": "server-list-clients", "clients": ["no name", "\u202ebob"]}


def offered(text: str, *messages: dict[str, Any]) -> list[str]:
    known = Known("alice")
    for message in messages:
        known.learn(message)
    return [each.text for each in CommandCompleter(known).get_completions(Document(text), CompleteEvent())]


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("le", ["leave;"]),
        ("g", ["groups;", "go;"]),
        ("members;", ["wob"]),
        ("kick;wob;", ["al", "bob", "zoé"]),
        ("kick;wob;bo", ["bob"]),
        ("s;b", ["bob"]),
        ("cg;wob;p", ["private"]),
        ("cg;w", []),
        ("go;", ["wob"]),
        ("help;k", ["kick"]),
        ("messages;wob;", []),
        ("messages;wob;20;", []),
        ("groups;", []),
        ("members;wob;", []),
        ("nothing;", []),
        ("bg;wob;hello b", ["bob"]),
        ("kick;wob;bob;because z", ["zoé"]),
        ("b;b", ["bob"]),
        ("zo", ["zoé: "]),
        ("b", ["bg;", "ban;", "b;", "bob: "]),
        ("ask b", ["bob"]),
        ("ask ", []),
        ("hello;\nle", ["leave;"]),
    ],
)
def test_what_is_offered_fits_its_place(text: str, offers: list[str]) -> None:
    assert offered(text, GROUPS, CLIENTS) == offers


def test_who_wrote_last_is_offered_first() -> None:
    assert offered("s;", CLIENTS, LETTER) == ["zoé", "bob"]


def test_names_that_act_on_a_terminal_are_not_offered() -> None:
    assert offered("s;", STRANGE) == []


def test_every_field_that_holds_a_name_says_whose() -> None:
    fields = {(each.word, field.name): field for each in TERMINAL_COMMANDS for field in each.fields}
    assert {name for name, field in fields.items() if field.kind is Kind.NAME and field.names is None} == {
        ("cg", "group")  # a new one, which nobody can know
    }
    assert {field.names for (_, name), field in fields.items() if name in ("dest", "to")} == {Names.USER}
