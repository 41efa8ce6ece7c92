"""Three validators of three makers give every message of the one corpus the verdict that it deserves."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from corpus.build import Entry, corpus, messages
from tchat_protocol import messages as protocol
from tchat_protocol import schemas
from tchat_protocol.schemas import Kind

AJV = Path(__file__).parents[1] / "ajv"
KINDS: tuple[Kind, ...] = ("requests", "answers")

Judge = Callable[[Any], bool]


@cache
def by_jsonschema(kind: Kind) -> Judge:
    return Draft202012Validator(schemas.load(f"any-{kind[:-1]}.json"), registry=schemas.registry()).is_valid


@cache
def by_jsonschema_rs(kind: Kind) -> Judge:
    known = jsonschema_rs.Registry([(each["$id"], each) for each in schemas.every()])
    return jsonschema_rs.Draft202012Validator(schemas.load(f"any-{kind[:-1]}.json"), registry=known).is_valid


def by_protocol(kind: Kind) -> Judge:
    return lambda message: protocol.is_valid(kind, message)


def by_explanation(kind: Kind) -> Judge:
    return lambda message: protocol.problems(kind, message) == []


JUDGES: list[Callable[[Kind], Judge]] = [by_jsonschema, by_jsonschema_rs, by_protocol, by_explanation]


def misjudged(entries: Sequence[Entry], verdicts: Sequence[bool]) -> list[str]:
    return [
        f"{entry.name}: valid" if verdict else f"{entry.name}: not valid"
        for entry, verdict in zip(entries, verdicts, strict=True)
        if verdict is not entry.valid
    ]


@pytest.fixture(scope="session")
def node() -> str:
    """Return node's path, with ajv installed as the lock file says."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm are not installed: ajv cannot judge the corpus")
    if not (AJV / "node_modules" / "ajv").is_dir():
        command = [npm, "ci", "--no-audit", "--no-fund"]
        installed = subprocess.run(command, cwd=AJV, capture_output=True, text=True, check=False)
        assert installed.returncode == 0, f"npm ci failed in {AJV}:\n{installed.stdout}{installed.stderr}"
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("judge", JUDGES)
def test_python_validators_give_the_verdicts_that_the_corpus_states(judge: Callable[[Kind], Judge], kind: Kind) -> None:
    verdicts = [judge(kind)(entry.message) for entry in corpus(kind)]
    assert misjudged(corpus(kind), verdicts) == []


def test_ajv_gives_the_verdicts_that_the_corpus_states(node: str) -> None:
    asked = json.dumps({kind: [entry.message for entry in corpus(kind)] for kind in KINDS})
    command = [node, str(AJV / "judge.mjs")]
    judged = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, "")
    verdicts = json.loads(judged.stdout)
    for kind in KINDS:
        assert misjudged(corpus(kind), verdicts[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_explanation_points_at_the_one_field_at_fault(kind: Kind) -> None:
    elsewhere = [
        (entry.name, entry.field, found)
        for entry in corpus(kind)
        if entry.field is not None
        and (found := {each.field for each in protocol.problems(kind, entry.message)}) != {entry.field}
    ]
    assert elsewhere == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_corpus_has_a_minimal_and_a_full_message_for_every_action(kind: Kind) -> None:
    entries = {entry.name: entry for entry in corpus(kind)}
    for action in schemas.actions(kind):
        minimal, full = entries[f"minimal {action}"].message, entries[f"full {action}"].message
        rules = schemas.schema(kind, action)
        assert minimal.keys() == set(rules["required"])
        assert full.keys() == set(rules["properties"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_of_the_corpus_has_a_name_of_its_own(kind: Kind) -> None:
    names = [entry.name for entry in corpus(kind)]
    assert len(names) == len(set(names))


def test_the_lock_file_names_versions_and_checksums_but_no_addresses() -> None:
    packages = json.loads((AJV / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        ["", "alice", "a;b", "\n", "\u0085", "\u2028", "\ufeff", "a\u037e", "😀" * 33, "1.0", "kick", "ban"]
    ),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 1.0, -0.0, 1000, 1001, 2**53 - 1, 2**53, float(2**53), 2**64, -(2**63), 10**30]),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, kind: Kind) -> Any:
    """A valid message with one to four things done to it, at any depth."""
    message = draw(st.sampled_from([each for each in messages(kind, valid=True) if len(str(each)) < 1000]))
    for _ in range(draw(st.integers(1, 4))):
        message = mutation(draw, message)
    return message


def mutation(draw: st.DrawFn, value: Any) -> Any:
    keys = keys_of(value)
    if not keys or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from([replaced, wrapped, shortened, lengthened]))(draw, value)
    key = draw(st.sampled_from(keys))
    copy = value.copy()
    copy[key] = mutation(draw, value[key])
    return copy


def keys_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def replaced(draw: st.DrawFn, value: Any) -> Any:
    return draw(VALUES)


def wrapped(draw: st.DrawFn, value: Any) -> Any:
    wrappings: list[Any] = [[value], {"action": value}]
    return draw(st.sampled_from(wrappings))


def shortened(draw: st.DrawFn, value: Any) -> Any:
    keys = keys_of(value)
    if not keys:
        return value[1:] if isinstance(value, str) else value
    copy = value.copy()
    del copy[draw(st.sampled_from(keys))]
    return copy


def lengthened(draw: st.DrawFn, value: Any) -> Any:
    match value:
        case dict():
            return {**value, draw(TEXT): draw(VALUES)}
        case list():
            return [*value, draw(st.sampled_from(value) if value else VALUES)]
        case str():
            return draw(TEXT) + value + draw(TEXT)
        case _:
            return [value, value]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_the_validators_agree_about_whatever_becomes_of_a_message(kind: Kind, data: st.DataObject) -> None:
    message = data.draw(mutated(kind))
    assert len({judge(kind)(message) for judge in JUDGES}) == 1
