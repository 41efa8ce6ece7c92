"""Every link from one document to another leads to a file that is there, and to a heading or an anchor in it."""

import re
from pathlib import Path

import pytest

from docs.pages.markup import anchor_of
from documents.shell import DOCUMENTS, ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINKS = sorted(
    {
        (document, target)
        for document in [*DOCUMENTS, ROOT / "PROTOCOL.md", ROOT / "CHANGELOG.md"]
        for target in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
        if "://" not in target
    }
)


def anchors(document: Path) -> set[str]:
    text = document.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {*map(anchor_of, headings), *re.findall(r'<a id="([^"]+)">', text)}


def test_there_are_links_with_and_without_an_anchor() -> None:
    assert {"#" in target for _, target in LINKS} == {True, False}


@pytest.mark.parametrize(("document", "target"), LINKS, ids=lambda each: str(each).removeprefix(f"{ROOT}/"))
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    assert file.exists()
    assert not anchor or anchor in anchors(file)
