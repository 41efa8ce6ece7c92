"""Ids of cases never move: who wrote one down finds the case, or what became of it."""

from pathlib import Path

import pytest

from tchat_conform import ids
from tchat_conform.case import all_cases
from tchat_conform.selection import NoSuchCase, Selection

IDS = set(ids.every())
TO_PUBLISH = "publish new cases: python -m tchat_conform.ids"


def test_every_case_is_published() -> None:
    assert sorted(IDS - ids.published()) == [], TO_PUBLISH


def test_whatever_was_published_is_a_case_or_is_said_to_be_none() -> None:
    retired = {*ids.renamed(), *ids.removed()}
    assert sorted(ids.published() - IDS - retired) == [], "put it in conformance/tchat_conform/retired.toml"


def test_what_is_retired_was_published_and_is_no_case() -> None:
    retired = [*ids.renamed(), *ids.removed()]
    assert len(retired) == len(set(retired))
    assert set(retired) <= ids.published() - IDS


def test_a_new_name_is_that_of_a_case() -> None:
    assert set(ids.renamed().values()) <= IDS


def test_the_list_of_published_ids_has_one_order() -> None:
    lines = ids.IDS.read_text(encoding="utf-8").splitlines()
    assert lines == sorted(set(lines))


def test_publishing_adds_what_is_new_and_keeps_what_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ids.txt"
    missing, *others = sorted(IDS)
    file.write_text("\n".join(["A-OLD-1/it", *others]))
    monkeypatch.setattr(ids, "IDS", file)
    ids.published.cache_clear()
    try:
        assert ids.publish() == [missing]
        assert ids.published() == IDS | {"A-OLD-1/it"}
    finally:
        ids.published.cache_clear()


def test_an_old_name_finds_the_case_and_a_removed_one_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    now = all_cases()[0].id
    monkeypatch.setattr(ids, "_retired", {"renamed": {"A-OLD-1/it": now}, "removed": {"A-OLD-2/it": "why"}}.get)
    ids.renamed.cache_clear()
    ids.removed.cache_clear()
    try:
        assert [each.id for each in Selection(only=["A-OLD-1/it"]).cases()] == [now]
        with pytest.raises(NoSuchCase, match="The case A-OLD-2/it is no more: why"):
            Selection(only=["A-OLD-2/it"]).cases()
    finally:
        ids.renamed.cache_clear()
        ids.removed.cache_clear()
