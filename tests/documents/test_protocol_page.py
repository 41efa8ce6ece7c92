"""docs/protocol.html: everything of PROTOCOL.md and the schemas is there, can be found, and fits every screen."""

import html
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from browser import chromium, needs_chromium
from docs.pages.fields import fields
from documents.shell import ROOT
from tchat_conform.requirements import client_requirements, requirements
from tchat_protocol import schemas

PAGE = (ROOT / "docs" / "protocol.html").read_text(encoding="utf-8")
IDS = re.findall(r'\bid="([^"]+)"', PAGE)
KINDS: tuple[schemas.Kind, ...] = ("requests", "answers")
MESSAGES = [(kind, action) for kind in KINDS for action in schemas.actions(kind)]
CODES = [row["code"] for row in schemas.load("error-codes.json")]
LOOK = """
<!doctype html><title>looking</title>
<iframe src="page.html" style="width:360px;height:900px"></iframe>
<iframe src="page.html" style="width:1300px;height:900px"></iframe>
<script>
const search = (page, text) => {
  const input = page.getElementById("search");
  input.value = text;
  input.dispatchEvent(new Event("input"));
  const name = each => each.querySelector("b")?.textContent ?? each.textContent;
  return [...page.querySelectorAll("#results li")].map(name);
};
const press = (page, key) => page.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const keys = page => {
  press(page, "/");
  const focused = page.activeElement.id;
  search(page, "g-ban");
  press(page, "ArrowDown");
  press(page, "ArrowDown");
  const second = page.activeElement.getAttribute("href");
  page.querySelector("form").requestSubmit();
  return { focused, second, entered: page.location.hash, hidden: page.getElementById("results").hidden };
};
addEventListener("load", () => {
  const pages = [...document.querySelectorAll("iframe")].map(each => each.contentDocument);
  const root = each => each.documentElement;
  document.title = JSON.stringify({
    overflow: pages.map(each => root(each).scrollWidth - root(each).clientWidth),
    loaded: pages.map(each => each.defaultView.performance.getEntriesByType("resource").length),
    background: pages[0].defaultView.getComputedStyle(pages[0].body).backgroundColor,
    searchIsShown: !pages[0].querySelector("form").hidden,
    found: Object.fromEntries(SEARCHES.map(each => [each, search(pages[1], each)])),
    keys: keys(pages[1]),
  });
});
</script>
"""
SEARCHES = ["g-join-3", "not-member", "cgroupe", "offline invite", "dragons"]


def test_everything_has_one_place() -> None:
    assert [name for name, times in Counter(IDS).items() if times > 1] == []
    assert set(IDS) >= {number.lower() for number in [*requirements(), *client_requirements()]}
    assert set(IDS) >= {f"message-{action}" for _, action in MESSAGES}
    assert set(IDS) >= {f"code-{code}" for code in CODES}


def test_every_link_leads_somewhere_on_the_page() -> None:
    links = set(re.findall(r'\bhref="([^"]+)"', PAGE)) - {"data:,"}
    assert links <= {f"#{name}" for name in IDS}
    assert not re.findall(r'\bsrc="', PAGE)


@pytest.mark.parametrize(("kind", "action"), MESSAGES)
def test_a_message_is_there_with_its_fields_and_examples(kind: schemas.Kind, action: str) -> None:
    article = PAGE.partition(f'id="message-{action}"')[2].partition("</article>")[0]
    shown = re.findall(r'<th scope="row"><code>([^<]+)</code>', article)
    assert shown == [each.path for each in fields(kind, action)]
    whole = [path for path in shown if "[]" not in path]
    assert set(whole) == set(schemas.schema(kind, action)["properties"]) - {"action"}
    examples = [json.loads(html.unescape(each)) for each in re.findall(r'<pre class="example">([^<]+)<', article)]
    assert examples == schemas.schema(kind, action)["examples"]


def look(tmp_path: Path, *options: str) -> dict[str, object]:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(LOOK.replace("SEARCHES", json.dumps(SEARCHES)), encoding="utf-8")
    dumped = chromium(tmp_path, "--allow-file-access-from-files", *options, "--dump-dom", frame.as_uri())
    seen: dict[str, object] = json.loads(html.unescape(dumped.partition("<title>")[2].partition("</title>")[0]))
    return seen


@needs_chromium
def test_it_fits_phone_and_desk_loads_nothing_and_finds_what_is_asked_for(tmp_path: Path) -> None:
    seen = look(tmp_path)
    found = seen["found"]
    assert isinstance(found, dict)
    assert seen["overflow"] == [0, 0]
    assert seen["loaded"] == [0, 0]
    assert seen["searchIsShown"]
    assert seen["background"] == "rgb(255, 255, 255)"
    assert {text: hits[0] for text, hits in found.items()} == {
        "g-join-3": "G-JOIN-3",
        "not-member": "not-member",
        "cgroupe": "cgroupe",
        "offline invite": "G-INVITE-8",
        "dragons": "Nothing is called so, and nothing speaks of it.",
    }
    assert {"G-POST-3", "leave"} <= set(found["not-member"])
    assert seen["keys"] == {"focused": "search", "second": "#g-ban-2", "entered": "#g-ban-1", "hidden": True}


@needs_chromium
def test_it_is_dark_where_the_reader_likes_it_dark(tmp_path: Path) -> None:
    assert look(tmp_path, "--blink-settings=preferredColorScheme=0")["background"] == "rgb(20, 24, 29)"


@needs_chromium
def test_it_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    printed = tmp_path / "page.pdf"
    chromium(tmp_path, f"--print-to-pdf={printed}", "--no-pdf-header-footer", (tmp_path / "page.html").as_uri())
    assert printed.read_bytes().startswith(b"%PDF")
