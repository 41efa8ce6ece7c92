"""docs/asyncapi.json: valid AsyncAPI 3, and its schemas judge messages as ours do."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from corpus.build import corpus
from documents.shell import ROOT
from tchat_protocol import schemas
from tchat_protocol.schemas import Kind

DESCRIPTION = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
SPECIFICATION = Path(__file__).parents[1] / "asyncapi"
OFFICIAL = SPECIFICATION / "node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
KINDS: tuple[Kind, ...] = ("requests", "answers")
MESSAGES = DESCRIPTION["components"]["messages"]


@pytest.fixture(scope="session")
def official() -> dict[str, Any]:
    """Return AsyncAPI's own schema of version 3.0.0, from its makers' package."""
    npm = shutil.which("npm")
    if not OFFICIAL.is_file() and npm is None:
        pytest.skip("npm is not installed: the description is not held against AsyncAPI's own schema")
    if not OFFICIAL.is_file():
        command = [str(npm), "ci", "--no-audit", "--no-fund"]
        installed = subprocess.run(command, cwd=SPECIFICATION, capture_output=True, text=True, check=False)
        assert installed.returncode == 0, installed.stdout + installed.stderr
    return dict(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def test_it_is_valid_asyncapi(official: dict[str, Any]) -> None:
    found = [f"{error.json_path}: {error.message}" for error in Draft7Validator(official).iter_errors(DESCRIPTION)]
    assert found == []


def test_the_official_schema_can_refuse_it(official: dict[str, Any]) -> None:
    broken = {**DESCRIPTION, "operations": {"join": {"action": "answer", "channel": {"$ref": "#/channels/connection"}}}}
    assert not Draft7Validator(official).is_valid(broken)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


@pytest.mark.parametrize("reference", sorted(set(references(DESCRIPTION))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    found: Any = DESCRIPTION
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)


def judge(action: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/components/messages/{action}/payload", "components": DESCRIPTION["components"]})


def test_every_message_is_described_once() -> None:
    assert list(MESSAGES) == [action for kind in KINDS for action in schemas.actions(kind)]
    assert set(DESCRIPTION["operations"]) == {*schemas.actions("requests"), "deliver"}


@pytest.mark.parametrize("action", MESSAGES)
def test_every_example_is_valid(action: str) -> None:
    assert MESSAGES[action]["examples"]
    for example in MESSAGES[action]["examples"]:
        assert list(judge(action).iter_errors(example["payload"])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_its_schemas_judge_the_corpus_as_it_states(kind: Kind) -> None:
    judges = {action: judge(action) for action in schemas.actions(kind)}
    entries = [each for each in corpus(kind) if isinstance(each.message, dict) and is_known(each.message, kind)]
    assert len(entries) > 100
    wrong = [each.name for each in entries if judges[each.message["action"]].is_valid(each.message) is not each.valid]
    assert wrong == []


def is_known(message: dict[str, Any], kind: Kind) -> bool:
    action = message.get("action")
    return isinstance(action, str) and action in schemas.actions(kind)


def test_what_is_delivered_is_what_others_get() -> None:
    messages = DESCRIPTION["operations"]["deliver"]["messages"]
    named = {each["$ref"].rpartition("/")[2] for each in messages}
    assert named == {
        "server-presence", "server-send", "server-broadcast", "server-join", "server-gbroadcast", "server-leave",
        "server-invite", "server-kick", "server-ban", "server-unban",
    }  # fmt: skip
