"""The page in a real browser: it fits a phone, loads nothing, and a server's script does not run."""

from pathlib import Path

import pytest

from browser import chromium, needs_chromium
from conform.reports.samples import every_verdict, nasty
from tchat_conform.reports.html import html

MEASURE = """
<!doctype html><title>frame</title><iframe src="page.html" style="width:{width}px;height:2000px;border:0"></iframe>
<script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  for (const each of page.querySelectorAll("details")) each.open = true;
  const overflow = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  const loaded = page.defaultView.performance.getEntriesByType("resource").length;
  document.title = `overflow ${{overflow}}, scripts ${{page.scripts.length}}, loaded ${{loaded}}`;
}});
</script>
"""

pytestmark = needs_chromium


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("page", [html(every_verdict()), html(nasty())], ids=["every verdict", "nasty"])
def test_the_page_fits_the_width_runs_no_script_and_loads_nothing(tmp_path: Path, page: str, width: int) -> None:
    (tmp_path / "page.html").write_text(page)
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(width=width))
    dumped = chromium(tmp_path, "--allow-file-access-from-files", "--dump-dom", frame.as_uri())
    title = dumped.partition("<title>")[2].partition("</title>")[0]
    assert title == "overflow 0, scripts 0, loaded 0"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_picture_can_be_taken_of_the_page(tmp_path: Path, dark: bool) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(html(every_verdict()))
    mode = ["--force-dark-mode"] if dark else []
    chromium(tmp_path, *mode, "--window-size=1200,1600", f"--screenshot={picture}", page.as_uri())
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
