"""What the client says, in each of its languages."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from string import Formatter

import pytest

import tchat_client
from tchat_client.commands import COMMANDS, BadCommand, help_lines, parse
from tchat_client.language import LANGUAGES, catalogue, counted, language_of, retold, said, speaking
from tchat_client.refusals import ADVICE, advice
from tchat_client.session import compose
from tchat_client.show import lines
from tchat_protocol import schemas
from tchat_protocol.messages import InvalidMessage

SOURCES = sorted(Path(tchat_client.__file__).parent.glob("*.py"))
CATALOGUE = Path(tchat_client.__file__).with_name("fr.toml")
FRENCH = catalogue("fr")
STYLES = {"painting.py"}
"""Modules whose words are names of styles."""
WIRE = {"groupe privee", "Client request", "a message"}
"""Texts that are said to servers."""
SAYING = {"said", "phrase", "spoken", "counted", "translated"}
WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,}|[A-Za-z]{3,}[.:]$")


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield the sentences that a module says through the catalogue, and the help of its options."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = node.args if called(node) in SAYING else []
            given = given + [each.value for each in node.keywords if each.arg == "help"]
            choices = [[each.body, each.orelse] if isinstance(each, ast.IfExp) else [each] for each in given]
            for each in chain(*choices):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value


def others(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings and are not said through the catalogue."""
    aside = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == "ValueError":
            aside |= {id(each) for each in node.args}  # said to programmers
    through = set(sentences(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in aside and isinstance(node.value, str):
            yield from {node.value} - through - WIRE


@cache
def trees() -> dict[str, ast.AST]:
    return {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def has_words(sentence: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", sentence)))


def test_every_sentence_has_its_french_and_the_catalogue_has_no_other() -> None:
    every = {each for tree in trees().values() for each in sentences(tree)}
    assert {each for each in every if has_words(each)} - set(FRENCH) == set()
    assert set(FRENCH) - every == set()


def test_nothing_is_said_in_english_alone() -> None:
    found = {name: [each for each in others(tree) if WORDS.search(each)] for name, tree in trees().items()}
    assert {name: texts for name, texts in found.items() if texts and name not in STYLES} == {}


def test_the_catalogue_is_sorted_one_sentence_a_line() -> None:
    entries = [line for line in CATALOGUE.read_text(encoding="utf-8").splitlines() if line.startswith('"')]
    assert len(entries) == len(FRENCH)
    assert list(FRENCH) == sorted(FRENCH)


@pytest.mark.parametrize("sentence", FRENCH)
def test_a_translation_has_the_same_places(sentence: str) -> None:
    def places(text: str) -> set[str | None]:
        return {place for _, place, _, _ in Formatter().parse(text)}

    assert places(FRENCH[sentence]) == places(sentence)
    assert FRENCH[sentence].strip()


def test_every_error_code_is_explained_in_every_language() -> None:
    codes = [each["code"] for each in schemas.load("error-codes.json")]
    assert list(ADVICE) == codes
    for language in LANGUAGES:
        with speaking(language):
            explained = {code: advice(code) for code in codes}
        assert all(explained.values())
        assert len(set(explained.values())) == len(codes)
    assert advice("nobody-knows") is advice(None) is None


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "fr", "LANG": "de_DE"}, "fr"),
        ({"LC_ALL": "", "LANG": "FR"}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_language_is_that_of_the_locale(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_help_is_one_table_in_every_language() -> None:
    with speaking("fr"):
        french = help_lines()
    assert [line.split("  ")[0] for line in french] == [line.split("  ")[0] for line in help_lines()]
    assert len(french) == len(COMMANDS)
    assert any(line.startswith("j;wob ") and line.endswith("entrer dans un groupe") for line in french)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kick;wob", "kick demande un groupe et une personne : kick;wob;bob[;reason]"),
        ("messages;wob;ten", "limit doit être un nombre d'éléments, pas 'ten' : messages;wob[;20[;42]]"),
        ("J;wob", "il n'y a pas de commande 'J' ; vouliez-vous dire j;wob ? (help; les montre toutes)"),
    ],
)
def test_bad_command_is_explained_in_french(line: str, sentence: str) -> None:
    with speaking("fr"), pytest.raises(BadCommand) as raised:
        parse(line)
    assert str(raised.value) == sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("j;" + "x" * 33, "group doit avoir au plus 32 caractères, pas 33"),
        ("invite;wob;a b", "dest ne doit contenir ni espace, ni caractère de contrôle, ni « ; »"),
        ("messages;wob;0", "limit doit valoir au moins 1, pas 0"),
        ("states;wob;1001", "limit doit valoir au plus 1000, pas 1001"),
    ],
)
def test_a_field_out_of_bounds_is_explained_in_french(line: str, sentence: str) -> None:
    call = parse(line)
    with pytest.raises(InvalidMessage) as raised:
        compose("alice", str(call.command.action), call.fields)
    with speaking("fr"):
        assert [retold(str(each)) for each in raised.value.problems] == [sentence]


def test_answers_are_shown_in_french() -> None:
    refused = {"action": "server-error", "code": "unknown-group", "msg": "There is no group x.", "request": "join"}
    created = {"action": "server-cgroupe", "sender": "zoé", "group": "wob", "private": True, "ts": "2026", "seq": 1}
    listed = {"action": "server-groups", "groups": []}
    with speaking("fr"):
        assert lines(refused) == ["refusé (unknown-group) : There is no group x."]
        assert lines(created) == ["zoé a créé le groupe privé wob"]
        assert lines(listed) == ["0 groupe"]
    assert lines(listed) == ["0 groups"]


def test_a_language_lasts_as_long_as_its_block() -> None:
    with speaking("fr"):
        assert counted(1, "{number} member", "{number} members") == "1 membre"
        assert said("nobody translated {this}", this="one") == "nobody translated one"
    assert counted(0, "{number} member", "{number} members") == "0 members"
    with pytest.raises(KeyError), speaking("tlh"):
        pass
