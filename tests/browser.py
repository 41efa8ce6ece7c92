"""A browser without a window, for tests that look at a page as a person does."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=2000",
)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: the page is not looked at in a browser"
)


def chromium(tmp_path: Path, *arguments: str) -> str:
    """Run the browser with a profile of its own, and return what it printed."""
    profile = tmp_path / "profile"
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", *arguments]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True, env=environment)
    return done.stdout
