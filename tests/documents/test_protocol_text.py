"""PROTOCOL.md against schemas/, the error codes and itself."""

import re

import pytest

from documents.transcripts import Step, field_lists, kind, netcat_session, story
from tchat_conform.requirements import client_requirements, levels, requirements
from tchat_protocol import messages, schemas

TEXT = schemas.protocol_text()
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
STEPS = [*netcat_session(TEXT), *story(TEXT)]


def test_transcripts_are_there_for_every_request_and_answer() -> None:
    shown = {step.message["action"] for step in STEPS if step.message}
    assert shown >= {*schemas.actions("requests"), *schemas.actions("answers")}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.text[:60])
def test_every_message_in_a_transcript_is_valid_unless_it_is_refused(step: Step) -> None:
    if refusal_of_form(step):
        assert step.message is None or messages.problems("requests", step.message)
    else:
        assert step.message is not None
        assert messages.problems("requests" if step.to_server else "answers", step.message) == []


def refusal_of_form(step: Step) -> bool:
    """Tell whether the next line refuses this one because it has not the form of a request."""
    following = STEPS[STEPS.index(step) + 1].message if step.to_server else None
    return following is not None and following.get("code") in ("bad-json", "bad-message", "unknown-action")


def test_field_lists_in_the_text_are_those_of_the_schemas() -> None:
    listed = field_lists(PROSE)
    assert {action for action, _, _ in listed} >= {*schemas.actions("requests"), *schemas.actions("answers")}
    for action, required, optional in listed:
        schema = schemas.schema(kind(action), action)
        assert set(required) == set(schema["required"]) - {"action"}, action
        assert set(optional) == set(schema["properties"]) - set(schema["required"]) - {"id"}, action


def test_the_table_of_error_codes_is_that_of_the_schemas() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PROSE, re.MULTILINE)
    codes = [(row["code"], row["meaning"].replace("`field`", "`field`")) for row in schemas.load("error-codes.json")]
    assert rows == codes


def test_every_code_named_as_a_refusal_exists() -> None:
    known = {row["code"] for row in schemas.load("error-codes.json")}
    refusals = re.findall(r"refused with: (.+)$", PROSE, re.MULTILINE)
    assert len(refusals) == 12
    for line in refusals:
        assert set(re.findall(r"`([a-z-]+)`", line)) <= known


def test_keywords_stand_in_numbered_requirements_only() -> None:
    numbered = re.compile(r'^- <a id="[a-z0-9-]+"></a>')
    introduction = PROSE.partition("## 1. At a glance")[0]
    rest = PROSE.removeprefix(introduction).partition("## 10. Levels")[0]
    loose = [
        line for line in rest.splitlines() if re.search(r"\b(MUST|SHOULD|MAY)\b", line) and not numbered.match(line)
    ]
    assert loose == []


def test_every_numbered_line_is_a_requirement_of_a_level_that_exists() -> None:
    lines = re.findall(r'^- <a id="([a-z0-9-]+)"></a>', TEXT, re.MULTILINE)
    assert lines == [number.lower() for number in [*requirements(), *client_requirements()]]
    assert {each.level for each in requirements().values()} == set(levels())
    assert {each.level for each in client_requirements().values()} < set(levels())


def test_every_requirement_named_in_the_text_exists() -> None:
    named = set(re.findall(r"\b[A-Z]+-[A-Z]+-\d+\b", TEXT))
    assert named - {"G-JOIN-3"} <= {*requirements(), *client_requirements()}


def test_field_names_of_names_are_those_of_the_schemas() -> None:
    sentence = re.search(r"Fields that hold names are (.+?)\.", PROSE, re.DOTALL)
    assert sentence is not None
    named = set(re.findall(r"`([a-z]+)`", sentence[1]))
    held = {
        field
        for action in schemas.actions("requests")
        for field, rule in schemas.schema("requests", action)["properties"].items()
        if rule.get("$ref") in messages.NAME_DEFINITIONS
    }
    assert named == held
