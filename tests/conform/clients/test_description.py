"""Descriptions of clients: what they may say, and what is said of those that cannot be used."""

import json
from pathlib import Path

import pytest

from documents.transcripts import blocks
from foreign import ROOT
from tchat_conform.clients.description import (
    BadDescription,
    Description,
    read_description,
    typed_actions,
)
from tchat_conform.clients.run import ClientRun, command_of


def read(folder: Path, text: str) -> Description:
    file = folder / "client.toml"
    file.write_text(text, encoding="utf-8")
    return read_description(file)


def test_without_a_description_the_courses_commands_are_typed() -> None:
    description = Description()
    assert description.lines("client-send", {"to": "bob", "msg": "a;b"}) == ["s;bob;a;b"]
    assert description.lines("cgroupe", {"group": "den", "private": True}) == ["cg;den;private"]
    assert description.lines("msgs", {"group": "wob", "limit": 20, "before": 42}) == ["messages;wob;20;42"]


def test_a_menu_takes_a_word_and_then_each_field() -> None:
    menu = Description().in_style("menu")
    assert menu.lines("client-send", {"to": "bob", "msg": "hi"}) == ["s", "bob", "hi"]
    assert menu.lines("groups", {}) == ["groups"]


def test_a_client_that_takes_json_is_given_the_request() -> None:
    described = Description().in_style("json")
    (line,) = described.lines("gbroadcast", {"sender": "alice", "group": "wob", "msg": 'a "é"'}) or []
    assert json.loads(line) == {"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": 'a "é"'}


def test_fields_without_a_place_in_a_description_are_told() -> None:
    described = Description(
        commands={"msgs": ("/historique {group}",), "kick": ("/exclure {group} {dest}", "{reason}")}
    )
    assert described.cannot_say("msgs", {"sender": "alice", "group": "wob", "limit": 20}) == ["limit"]
    assert described.cannot_say("kick", {"group": "wob", "dest": "bob", "reason": "noise"}) == []
    assert described.cannot_say("join", {"group": "wob"}) == []


def test_a_description_says_all_that_differs(tmp_path: Path) -> None:
    described = read(
        tmp_path,
        """
        command = "client {port}"
        style = "menu"
        start_delay = 1
        line_delay = 0.5
        enter = "\\n"
        env = {LOGIN = "{name}"}
        [[prompts]]
        expect = "^Who"
        answer = "{name}!"
        [commands]
        client-send = ["/msg {to}", "{msg}"]
        join = "/join {group}"
        states = false
        """,
    )
    assert described.lines("client-send", {"to": "bob", "msg": "hi"}) == ["/msg bob", "hi"]
    assert described.lines("join", {"group": "wob"}) == ["/join wob"]
    assert described.lines("states", {"group": "wob"}) is None
    assert described.lines("leave", {"group": "wob"}) == ["leave", "wob"]
    assert described.answer_to("Who are you") == "{name}!"
    assert (described.start_delay, described.line_delay, described.enter) == (1.0, 0.5, "\n")
    run = ClientRun(command_of([], described), described, 1.0)
    assert run.argv("h", 7) == ["client", "7"]
    environment = run.environment("h", 7)
    assert {name: environment[name] for name in ("HOST", "PORT", "NAME", "LOGIN")} == {
        "HOST": "h",
        "PORT": "7",
        "NAME": "alice",
        "LOGIN": "alice",
    }


def test_the_description_that_the_documents_show_can_be_used(tmp_path: Path) -> None:
    (shown,) = blocks((ROOT / "docs" / "suite.md").read_text(encoding="utf-8"), "toml")
    assert read(tmp_path, shown).lines("client-quit", {}) == ["/exit"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Your name: ", "{name}"),
        ("Nom d'utilisateur ?", "{name}"),
        ("Pseudo > ", "{name}"),
        ("Login:", "{name}"),
        ("Mot de passe : ", "secret"),
        ("Password for your name: ", "secret"),
        ("Server address? ", "{host}"),
        ("Port: ", "{port}"),
        ("Message: ", None),
        ("Welcome, what a nice name", None),
        ("> ", None),
    ],
)
def test_questions_of_many_clients_are_known(question: str, answer: str | None) -> None:
    assert Description().answer_to(question) == answer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("stile = 'menu'", "there is no key 'stile'. Did you mean style?"),
        ("style = 'graphical'", "style must be one of course, menu, json, not 'graphical'"),
        ("line_delay = -1", "line_delay must be seconds from 0 to 60, not -1"),
        ("line_delay = true", "line_delay must be seconds from 0 to 60, not True"),
        ("command = 3", "command must be a string, not 3"),
        ("env = {A = 1}", "env.A must be a string, not 1"),
        ("commands = 3", "commands must be a table, not 3"),
        ("commands = {joined = 'j'}", "commands.joined names no request that is typed. Did you mean join?"),
        ("commands = {join = true}", "commands.join must be a line, a list of lines, or false"),
        ("commands = {join = '{room}'}", "commands.join '{room}' has a place for 'room'; filled in is {group}."),
        ("commands = {groups = '{'}", "commands.groups '{' has a place for"),
        ("prompts = 'x'", "prompts must be a list of tables"),
        ("[[prompts]]\nexpect = 'x'", "prompts[0] must have the keys expect and answer"),
        ("[[prompts]]\nexpect = '('\nanswer = ''", "prompts[0].expect is no regular expression"),
        ("[[prompts]]\nexpect = 'x'\nanswer = '{who}'", "prompts[0].answer '{who}' has a place for 'who'"),
        ("x = ", "Cannot read"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused_with_its_key(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BadDescription) as refused:
        read(tmp_path, text)
    assert why in str(refused.value)
    assert "client.toml" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDescription, match="No such file"):
        read_description(tmp_path / "none.toml")


def test_every_request_but_hello_and_error_is_typed() -> None:
    assert len(typed_actions()) == 16
