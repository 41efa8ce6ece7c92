"""Takes the pictures of the README anew: ``python -m docs.pages.pictures``. Needs node and chromium.

Each is of a real run. No test compares them, because a browser draws a letter differently with every version; a test
looks that they are there and are shown.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
SERVER = "node tests/peers/careful.cjs {port}"
"""A server as a careful student writes one: much of it works, some of it nearly, some not."""

WIDTH, HEIGHT = 1120, 955


def report() -> Path:
    """Judge a server and take a picture of the top of its report. Returns where it is."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        command = [sys.executable, "-m", "tchat_conform", "--spawn", SERVER, "--lang", "en", "--html", str(page)]
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        return photograph(page, "report.png", WIDTH, HEIGHT)


def photograph(page: Path, name: str, width: int, height: int) -> Path:
    """Take a picture of the top of a page. Raises FileNotFoundError without chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise FileNotFoundError("no chromium on PATH")
    picture = PICTURES / name
    picture.parent.mkdir(exist_ok=True)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, *options, f"--user-data-dir={profile}", f"--screenshot={picture}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=90)
    return picture


if __name__ == "__main__":
    print(report())
