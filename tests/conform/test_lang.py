"""The suite in other languages: catalogues that are whole and true to the source, and reports made with them."""

import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import resources
from io import StringIO
from pathlib import Path
from string import ascii_lowercase

import click
import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console

from conform.mutants.registry import all_mutants
from conform.reports import samples
from conform.test_mutants import judge
from tchat_conform.case import all_cases
from tchat_conform.lang import check
from tchat_conform.lang.catalogue import (
    CERTAIN,
    ENGLISH,
    LANGUAGES,
    SEPARATORS,
    Catalogue,
    catalogue,
    translate,
    typeset,
)
from tchat_conform.lang.sources import Search, templates
from tchat_conform.lang.template import Place, Template
from tchat_conform.language import language_option
from tchat_conform.reports.html import html
from tchat_conform.reports.json_report import json_report
from tchat_conform.reports.junit import junit
from tchat_conform.reports.markdown import markdown
from tchat_conform.reports.report import Report
from tchat_conform.reports.terminal import print_report
from tchat_conform.verdict import Verdict
from tchat_protocol import schemas
from tchat_protocol.errors import ErrorCode

FAULTS = (
    "refuses_without_a_sentence",
    "lists_clients_as_objects",
    "stays_after_quit",
    "tells_no_presence",
    "repeats_no_ids",
    "tells_dest_alone",
)
"""Mutants that together make for findings of many kinds."""
FRENCH = catalogue("fr")
FILES = [
    each
    for lang in LANGUAGES
    if lang != ENGLISH
    for each in resources.files("tchat_conform.lang").joinpath(lang).iterdir()
]
VALUES = st.text(st.characters(exclude_characters=ascii_lowercase), max_size=12)
"""What names, texts and numbers may be: nothing that holds an English word."""
FILLED = [Template.parse(each) for each in FRENCH.entries if "{" in each and Template.parse(each).places]
PHRASES = [each.texts[0] for each in map(Template.parse, FRENCH.entries) if len(each.texts) == 1 and each.words]


# -- the catalogue and the source ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", [each for each in LANGUAGES if each != ENGLISH])
def test_a_catalogue_has_what_the_suite_says_and_nothing_else(lang: str) -> None:
    assert check.missing(catalogue(lang)) == []
    assert check.stale(catalogue(lang)) == []


def test_an_entry_that_is_taken_away_is_missing_and_one_too_many_is_stale() -> None:
    title = all_cases()[0].title
    sentence = "{action} was refused; it is legal here"
    label = "the requirement holds"
    fewer = {each: other for each, other in FRENCH.entries.items() if each not in (title, sentence, label)}
    assert set(check.missing(Catalogue(fewer))) == {title, sentence, label}
    assert check.stale(Catalogue({**FRENCH.entries, "nobody says {this}": "{this} : personne"})) == [
        "nobody says {this}"
    ]


def test_the_command_tells_that_nothing_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main() == 0
    assert "none missing, none stale" in capsys.readouterr().out


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_entries_are_sorted_one_a_line_and_without_spaces_that_cannot_be_seen(file: resources.abc.Traversable) -> None:
    text = file.read_text(encoding="utf-8")
    lines = [each for each in text.splitlines() if each and not each.startswith("#")]
    entries = tomllib.loads(text)
    assert list(entries) == sorted(entries)
    assert len(lines) == len(entries)
    assert "\u00a0" not in text
    assert "\u202f" not in text


@pytest.mark.parametrize("other", ["sans rien", "{who} et {what}", "{who:sentence}", "{who} {who2}"])
def test_a_translation_with_other_places_is_refused(other: str) -> None:
    with pytest.raises(ValueError, match="not the same places"):
        Catalogue({"{who} alone": other})


@pytest.mark.parametrize("text", ["{}", "{who:centred}", "a { alone"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"place|brace|'}'"):
        Template.parse(text)


def test_there_is_no_catalogue_of_an_unknown_language() -> None:
    with pytest.raises(KeyError):
        catalogue("tlh")


def _protocol_words(text: str) -> Iterator[str]:
    """Yield the words of a text that can only be the protocol's: actions and codes with a hyphen, and quoted values."""
    known = {*schemas.actions("requests"), *schemas.actions("answers"), *(each.value for each in ErrorCode)}
    for word in re.findall(r"[a-z]+(?:-[a-z]+)+", text):
        if word in known:
            yield word
    yield from re.findall(r"/[a-z]+\b|\"[^\"]+\"|<[^>]+>|https?://\S+|--[a-z]+|\\\\u\S+", text)


def test_the_words_of_the_protocol_stay_and_so_do_numbers() -> None:
    for english, other in FRENCH.entries.items():
        assert sorted(set(_protocol_words(english))) == sorted(set(_protocol_words(other))), english
        figures = {each.replace(",", "") for each in re.findall(r"\d[\d,]*\d|\d", english)}
        assert figures <= set(re.findall(r"\d+", re.sub(r"(?<=\d) (?=\d{3})", "", other))), english


# -- reading the source ----------------------------------------------------------------------------------------------


def _found(source: str) -> set[str]:
    import ast  # noqa: PLC0415 - only here is source read that is not the suite's

    return {str(each) for each in Search([ast.parse(source)]).templates()}


def test_sentences_are_found_behind_variables_alternatives_and_sums() -> None:
    source = """
def judge(closed, name):
    state = "is closed" if closed else "is silent"
    raise Failed(Finding(f"{name!r} {state}" + (f": {name}" if name else "")))
"""
    assert _found(source) == {
        "{name} is closed",
        "{name} is silent",
        "{name} is closed: {name2}",
        "{name} is silent: {name2}",
    }


def test_sentences_are_found_behind_the_functions_that_take_or_make_them() -> None:
    source = """
def judge(user, action):
    shape(f"{action} was answered", user.story())
    shape("bob heard of it", user.story())

def shape(fact, story):
    Finding(f"{fact}, but late: {'; '.join(differences(story))}", proof=why())

def differences(story):
    found = []
    found.append(f"{story} is missing")
    return found

def why():
    return "nothing came"
"""
    assert _found(source) == {
        "{fact:sentence}, but late: {differences:sentences}",
        "{action} was answered",
        "bob heard of it",
        "{story} is missing",
        "nothing came",
    }


def test_the_names_of_actions_are_no_sentences() -> None:
    source = """
def asks(action):
    must(False, f"{action} was refused", "nothing", by=action)

asks("client-send")
asks("members")
"""
    assert _found(source) == {"{action} was refused", "nothing"}


# -- translating -----------------------------------------------------------------------------------------------------


@given(st.data())
def test_a_template_filled_with_any_values_is_translated_and_holds_them(data: st.DataObject) -> None:
    english = data.draw(st.sampled_from(FILLED))
    french = Template.parse(typeset(FRENCH.entries[str(english)]))
    values = {place.name: data.draw(_values(place)) for place in english.places}
    for place in english.places:
        assume(not any(text and _blurs(text, values[place.name]) for text in english.texts))
        is_name = values[place.name] and not any(map(str.isspace, values[place.name]))
        assume(place.kind or english.words >= CERTAIN or is_name)
    made = {place.name: _in_french(place, values[place.name]) for place in english.places}
    assert FRENCH.translate(english.fill(values)) == french.fill(made)
    assert not FRENCH.look_up(english.fill(values)).unknown


def _blurs(text: str, value: str) -> bool:
    """Tell whether a text stands in a value, or may begin in it: then nobody can say where the value ends."""
    return (value + text).index(text) < len(value) or (text + value).rindex(text) > 0


def _values(place: Place) -> st.SearchStrategy[str]:
    separator = SEPARATORS.get(place.kind)
    if separator is None:
        return st.sampled_from(PHRASES) if place.kind else VALUES
    alone = [each for each in PHRASES if separator not in each]
    return st.lists(st.sampled_from(alone), min_size=1, max_size=3).map(separator.join)


def _in_french(place: Place, value: str) -> str:
    separator = SEPARATORS.get(place.kind)
    if separator is None:
        return FRENCH.translate(value) if place.kind else value
    return FRENCH.translate(separator).join(map(FRENCH.translate, value.split(separator)))


@given(st.text(st.characters(exclude_characters=ascii_lowercase)))
def test_what_is_not_known_stays_as_it_is(text: str) -> None:
    assume(text not in SEPARATORS.values())
    assert FRENCH.translate(text) == text


@given(st.text())
def test_english_stays_as_it_is(text: str) -> None:
    assert translate(text, ENGLISH) == text


NESTED = {
    "alice heard of it, but in another form: action is 'members', expected 'server-members'; ts is missing": (
        "alice l'a appris, mais sous une autre forme\u00a0: "
        "action vaut 'members', attendu 'server-members'\u00a0; ts est absent"
    ),
    "bob heard of it, but in another form: id must be a string or an integer, not null": (
        "bob l'a appris, mais sous une autre forme\u00a0: id doit être une chaîne ou un entier, pas null"
    ),
    "the server died of this case: exit status 1; its last words:\nKeyError: 'nothing was refused'": (
        "le serveur est mort de ce cas\u00a0: code de sortie 1\u00a0; ses derniers mots\u00a0:\n"
        "KeyError: 'nothing was refused'"
    ),
}
FOREIGN = (
    "the server is back: it said nothing",
    'Traceback (most recent call last):\n  File "a.py", line 3, in asks and more\nKeyError: 1 is missing',
)


@pytest.mark.parametrize(("english", "french"), NESTED.items())
def test_sentences_within_sentences(english: str, french: str) -> None:
    assert translate(english, "fr") == french


@pytest.mark.parametrize("text", FOREIGN)
def test_what_others_wrote_stays_as_it_is(text: str) -> None:
    assert translate(text, "fr") == text


# -- what is shown ---------------------------------------------------------------------------------------------------


def test_every_template_of_the_source_is_written_as_the_catalogue_reads_it() -> None:
    for each in templates():
        assert Template.parse(str(each)) == each


def test_all_that_the_suite_says_of_a_faulty_server_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for mutant in all_mutants():
        if mutant.name in FAULTS:
            mutant.apply(monkeypatch)
    ids = [each.id for each in all_cases() if each.id.startswith(("B-", "A-FORM-1", "I-HELLO-1", "G-KICK-1"))]
    results = judge(tmp_path / "faulty.sqlite", ids)
    assert {each.verdict for each in results} > {Verdict.PASS, Verdict.FAIL}
    for result in results:
        said = [text for each in result.findings for text in (each.sentence, each.proof) if text]
        remarks = [each.data.decode() for each in result.log if each.direction == "·"]
        for text in (result.title, *said, *remarks):
            assert FRENCH.look_up(text).names_only, text


def test_the_sentences_of_a_sample_keep_their_values() -> None:
    for result in samples.every_verdict().results:
        for finding in result.findings:
            french = FRENCH.translate(finding.sentence)
            for name in ("bob", "carol", "client-send", "members", "auth"):
                assert (name in french) == (name in finding.sentence)


def _shown(render: Callable[[Report], str], lang: str) -> str:
    @click.command
    @language_option
    def show() -> None:
        click.echo(render(samples.every_verdict()))

    result = CliRunner().invoke(show, ["--lang", lang])
    assert result.exit_code == 0, result.exception
    return result.stdout


def _terminal(report: Report) -> str:
    console = Console(width=120, file=StringIO(), highlight=False)
    print_report(report, console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]  # it is a StringIO


def test_the_page_is_in_french_but_for_the_rules() -> None:
    page = _shown(html, "fr")
    assert '<html lang="fr">' in page
    assert 'lang="en"' in page
    assert "À corriger, le pire d'abord" in page
    labels = [str(each) for each in check.in_pages() if each.words >= 3 and not each.places]
    assert labels
    assert [each for each in labels if each in page] == []
    assert all(each in _shown(html, "en") for each in ("To fix, worst first", "What the verdicts mean"))


def test_the_terminal_speaks_french() -> None:
    shown = _shown(_terminal, "fr")
    for text in ("À corriger d'abord", "règle", "rejouer", "niveau", "Code de sortie 1"):
        assert text in shown
    for text in ("Fix this first", "expected", "received", "again ", "Exit status"):
        assert text not in shown


def test_the_summary_of_a_ci_speaks_french() -> None:
    shown, english = _shown(markdown, "fr").replace("\xa0", " "), _shown(markdown, "en")
    for text in ("À corriger, le pire d'abord", "**Remède :**", "Rejouer :", "| niveau |", "| tous |"):
        assert text in shown
    for text in ("To fix", "Fix:", "Again:", "| level |", "| all |", "judged on", "expected  ", "Cases:"):
        assert text not in shown
        assert text in english


@pytest.mark.parametrize("render", [json_report, junit])
def test_what_programs_read_stays_english(render: Callable[[Report], str]) -> None:
    assert _shown(render, "fr") == _shown(render, "en")
