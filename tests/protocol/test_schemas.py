"""The schemas as documents: well-formed, described throughout, and in step with each other and the code."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from tchat_protocol import schemas
from tchat_protocol.errors import ErrorCode, code_facts
from tchat_protocol.schemas import Kind, Schema

FOLDER = Path(__file__).parents[2] / "schemas"
DATA = {"aliases.json", "error-codes.json"}
PATHS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json"))
OF_THE_RUNNER = {"report.json", "diff.json", "recording.json", "matrix.json", "check.json", "proxy.json"}
SCHEMAS = [path for path in PATHS if path not in DATA | OF_THE_RUNNER]
MESSAGES = [path for path in SCHEMAS if "/" in path]
KINDS: tuple[Kind, ...] = ("requests", "answers")
CLOSING_KEYWORDS = {"additionalProperties", "unevaluatedProperties", "propertyNames", "maxProperties"}
UNSOLICITED = {"server-presence", "server-error"}

Described = tuple[str, Schema]


def read(path: str) -> Any:
    return json.loads((FOLDER / path).read_text(encoding="utf-8"))


def described(path: str) -> Iterator[Described]:
    """Yield the schema of a file, its definitions and all their properties, each with its place."""
    whole = read(path)
    yield path, whole
    for name, definition in whole.get("$defs", {}).items():
        yield f"{path} {name}", definition
        yield from properties(f"{path} {name}", definition)
    yield from properties(path, whole)


def properties(place: str, schema: Schema) -> Iterator[Described]:
    for name, rule in schema.get("properties", {}).items():
        yield f"{place}.{name}", rule


def keywords(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keywords(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keywords(inner)


def annotation(path: str, rule: Any, keyword: str) -> Any:
    """Return an annotation of a schema, its own or the nearest one along its ``$ref``."""
    resolver = schemas.registry().resolver(base_uri=read(path)["$id"])
    while keyword not in rule and "$ref" in rule:
        found = resolver.lookup(rule["$ref"])
        rule, resolver = found.contents, found.resolver
    return rule.get(keyword)


def validator_of(path: str, rule: Schema) -> Validator:
    """Return a validator for a part of a file, whose references count from that file."""
    return Draft202012Validator(read(path), registry=schemas.registry()).evolve(schema=rule)


def messages_in(kind: Kind) -> set[str]:
    return {path.stem for path in (FOLDER / kind).iterdir()}


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_is_valid_against_the_metaschema(path: str) -> None:
    Draft202012Validator.check_schema(read(path))


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_schema_says_its_dialect_and_where_it_stands(path: str) -> None:
    whole = read(path)
    assert whole["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert whole["$id"] == f"https://tchat.example/1/{path}"


@pytest.mark.parametrize("path", SCHEMAS)
def test_every_reference_leads_to_a_schema(path: str) -> None:
    resolver = schemas.registry().resolver(base_uri=read(path)["$id"])
    for reference in re.findall(r'"\$ref": "([^"]+)"', (FOLDER / path).read_text(encoding="utf-8")):
        assert isinstance(resolver.lookup(reference).contents, dict), reference


@pytest.mark.parametrize("path", SCHEMAS)
def test_every_schema_and_every_property_has_a_title_and_a_description(path: str) -> None:
    lacking = [
        (place, keyword)
        for place, rule in described(path)
        for keyword in ("title", "description")
        if not annotation(path, rule, keyword)
    ]
    assert lacking == []


@pytest.mark.parametrize("path", SCHEMAS)
def test_a_description_is_a_sentence_and_a_title_is_none(path: str) -> None:
    for place, rule in described(path):
        assert re.fullmatch(r"[A-Z0-9].*\.", annotation(path, rule, "description")), place
        assert not annotation(path, rule, "title").endswith("."), place


@pytest.mark.parametrize("path", MESSAGES)
def test_every_message_schema_has_examples(path: str) -> None:
    assert read(path)["examples"]


@pytest.mark.parametrize("path", MESSAGES)
def test_a_message_is_called_like_its_file(path: str) -> None:
    whole = read(path)
    action = Path(path).stem
    assert whole["properties"]["action"]["const"] == action
    assert whole["title"].startswith(f"{action}: ")
    assert "action" in whole["required"]


@pytest.mark.parametrize("path", MESSAGES)
def test_a_message_schema_by_itself_refuses_another_action_and_what_is_no_object(path: str) -> None:
    whole = read(path)
    alone = validator_of(path, whole)
    fields = {name: value for name, value in whole["examples"][0].items() if name != "action"}
    wrong: list[Any] = [fields, {**fields, "action": "dance"}, [], "text", 7, True, None]
    assert [each for each in wrong if alone.is_valid(each)] == []


@pytest.mark.parametrize("path", SCHEMAS)
def test_every_example_is_valid_where_it_stands(path: str) -> None:
    wrong = [
        (place, example)
        for place, rule in described(path)
        for example in rule.get("examples", [])
        if not validator_of(path, rule).is_valid(example)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", MESSAGES)
def test_every_required_field_is_described(path: str) -> None:
    whole = read(path)
    assert set(whole["required"]) <= set(whole["properties"])


@pytest.mark.parametrize("path", SCHEMAS)
def test_no_schema_forbids_unknown_fields(path: str) -> None:
    assert CLOSING_KEYWORDS.isdisjoint(keywords(read(path)))


@pytest.mark.parametrize("kind", KINDS)
def test_any_request_and_any_answer_list_the_files_of_their_folder(kind: Kind) -> None:
    whole = read(f"any-{kind[:-1]}.json")
    listed = whole["properties"]["action"]["enum"]
    assert len(listed) == len(set(listed))
    assert set(listed) == messages_in(kind)
    assert [branch["if"]["properties"]["action"]["const"] for branch in whole["allOf"]] == listed
    assert [branch["then"]["$ref"] for branch in whole["allOf"]] == [f"{kind}/{each}.json" for each in listed]
    assert schemas.actions(kind) == tuple(listed)


def test_every_schema_is_compiled() -> None:
    assert {each["$id"] for each in schemas.every()} == {read(path)["$id"] for path in SCHEMAS}


def test_an_action_nobody_defined_has_no_schema() -> None:
    with pytest.raises(KeyError, match="dance"):
        schemas.schema("requests", "dance")
    with pytest.raises(KeyError, match="server-join"):
        schemas.schema("requests", "server-join")


def test_the_error_codes_are_the_same_in_the_table_in_the_schema_and_in_the_code() -> None:
    table = [row["code"] for row in read("error-codes.json")]
    assert table == read("common.json")["$defs"]["errorCode"]["enum"]
    assert table == [code.value for code in ErrorCode]
    assert list(code_facts()) == list(ErrorCode)


def test_every_error_code_has_a_sentence_and_two_of_them_close_the_connection() -> None:
    for row in read("error-codes.json"):
        assert row.keys() == {"code", "meaning", "closes"}
        assert re.fullmatch(r"[A-Z].*\.", row["meaning"])
    closing = [code for code, facts in code_facts().items() if facts.closes]
    assert closing == [ErrorCode.TOO_LARGE, ErrorCode.SERVER_FULL]


def test_the_aliases_lead_from_unused_actions_to_actions_and_join_fields_that_exist() -> None:
    aliases = read("aliases.json")
    assert aliases.keys() == {"actions", "fields"}
    requests = messages_in("requests")
    assert set(aliases["actions"].values()) <= requests
    assert requests.isdisjoint(aliases["actions"])
    required = [set(read(f"requests/{action}.json")["required"]) for action in requests]
    alike = [field for fields in aliases["fields"] for field in fields]
    assert len(alike) == len(set(alike))
    assert all(any(field in fields for fields in required) for field in alike)


def test_no_request_requires_two_fields_that_are_aliases_of_each_other() -> None:
    for action in messages_in("requests"):
        required = set(read(f"requests/{action}.json")["required"])
        for alike in read("aliases.json")["fields"]:
            assert len(required.intersection(alike)) <= 1, action


def test_every_request_but_client_error_has_its_answer_and_every_answer_its_request() -> None:
    answers = {request: schemas.answer_to(request) for request in messages_in("requests")}
    assert [request for request, answer in answers.items() if answer is None] == ["client-error"]
    assert len(set(answers.values())) == len(answers)
    assert set(answers.values()) - {None} == messages_in("answers") - UNSOLICITED


def test_every_request_and_every_answer_but_presence_may_carry_an_id() -> None:
    lacking = {Path(path).stem for path in MESSAGES if "id" not in read(path)["properties"]}
    assert lacking == {"server-presence"}


def test_an_answer_that_is_valid_with_an_id_is_valid_without() -> None:
    for path in MESSAGES:
        schema = read(path)
        rules = {keyword: rule for keyword, rule in schema.items() if keyword not in {"properties", "examples"}}
        assert '"id"' not in json.dumps(rules), path
        assert not {"additionalProperties", "minProperties"} & set(schema), path


def test_a_name_may_hold_every_character_but_white_space_controls_and_the_semicolon() -> None:
    forbidden = re.compile(read("common.json")["$defs"]["name"]["not"]["pattern"])
    everything = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    expected = {each for each in everything if each == ";" or each.isspace() or unicodedata.category(each) == "Cc"}
    assert set(filter(forbidden.search, everything)) == expected


def test_the_protocol_text_is_found_beside_the_schemas() -> None:
    assert schemas.protocol_text() == (FOLDER.parent / "PROTOCOL.md").read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_reported_as_such() -> None:
    with pytest.raises(FileNotFoundError):
        schemas.load("requests/dance.json")
