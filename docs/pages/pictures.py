"""Takes the pictures of the README anew: ``python -m docs.pages.pictures``. Needs node and chromium.

Each is of a real run. No test compares them, because a browser draws a letter differently with every version; a test
looks that they are there and are shown.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pexpect
import pyte
from markupsafe import Markup

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
SERVER = "node tests/peers/careful.cjs {port}"
"""A server as a careful student writes one: much of it works, some of it nearly, some not."""

WIDTH, HEIGHT = 1120, 955
ROWS, COLUMNS = 21, 84
LIMIT = 15
TALK = (
    ("alice", "cg;lab"), ("alice", "cg;wob"), ("alice", "invite;wob;bob"), ("bob", "j;lab"), ("bob", "j;wob"),
    ("alice", "hello, who is in for lunch?"), ("carol", "j;wob"), ("bob", "me, at noon"),
    ("carol", "Bob, can you bring your map?"), ("alice", "s;bob;the usual place"), ("bob", "members;"),
    ("bob", "kick;;alice;too early"), ("bob", "mesages;lab"), ("alice", "bg;lab;who has the key?"),
)  # fmt: skip
COLOURS = {
    "default": "#e4e8ec", "black": "#9aa5b1", "red": "#ff8177", "green": "#5bc47a", "brown": "#e3b341",
    "blue": "#8ab4f8", "magenta": "#c9a0f0", "cyan": "#5fc9e0", "white": "#e4e8ec",
}  # fmt: skip
TERMINAL = Markup(
    '<!doctype html><meta charset="utf-8"><style>body{{margin:0;background:#14181d;color:#e4e8ec}}'
    'pre{{margin:0;padding:18px 22px;font:15px/1.45 "DejaVu Sans Mono",monospace}}</style><pre>{}</pre>'
)


def report() -> Path:
    """Judge a server and take a picture of the top of its report. Returns where it is."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        command = [sys.executable, "-m", "tchat_conform", "--spawn", SERVER, "--lang", "en", "--html", str(page)]
        subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        return photograph(page, "report.png", WIDTH, HEIGHT)


def client() -> Path:
    """Let alice and bob chat by the reference server, and take a picture of bob's terminal. Returns where it is."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as port:
        people = {name: Terminal(port, name, Path(folder)) for name in ("alice", "bob", "carol")}
        for name, line in TALK:
            people[name].types(line)
        page = Path(folder) / "client.html"
        people["bob"].presses("see you at n")
        page.write_text(TERMINAL.format(people["bob"].drawn()), encoding="utf-8")
        return photograph(page, "client.png", 860, 44 + 22 * ROWS)


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """Start the reference server; the block gets its port."""
    command = [sys.executable, "-m", "tchat_server", "--port", "0", "--db", str(folder / "tchat.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        found = None if process.stdout is None else re.search(r":(\d+),", process.stdout.readline())
        if found is None:
            raise RuntimeError("the server did not start")
        yield int(found[1])
        process.terminate()


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that stand beside each other and look alike; ``ink`` is a colour such as #e4e8ec."""

    text: str
    ink: str
    bold: bool
    reverse: bool


class Terminal:
    """A terminal in which the reference client runs, and somebody who types."""

    def __init__(self, port: int, name: str, folder: Path, lang: str = "en") -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._screen.write_process_input = self._press  # type: ignore[method-assign, assignment]  # where the cursor is
        self._stream = pyte.ByteStream(self._screen)
        command = ["-m", "tchat_client", "--port", str(port), "--name", name, "--lang", lang]
        own = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(folder)}
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            sys.executable, command, dimensions=(ROWS, COLUMNS), timeout=LIMIT, env={**inherited, **own}
        )
        self.settle()

    def _press(self, keys: str) -> None:
        self._child.send(keys)

    def types(self, line: str) -> None:
        """Type a command, and wait until the client has drawn what came of it."""
        self.presses(line + "\r")

    def presses(self, keys: str) -> None:
        """Press keys, and wait until the client has drawn what came of them."""
        self._child.send(keys)
        self.settle()

    def settle(self, quiet: float = 0.7) -> None:
        """Read until nothing has been drawn for some seconds: a picture may wait, a test may not."""
        while True:
            try:
                self._stream.feed(self._child.read_nonblocking(65_536, quiet))
            except pexpect.TIMEOUT:
                return

    def drawn(self) -> Markup:
        """Return the screen as HTML."""
        return Markup("\n").join(Markup().join(map(_span, row)) for row in self.rows())

    def rows(self) -> list[list[Run]]:
        """Return the rows of the screen, each in runs of one look."""
        self.settle()
        rows = (self._screen.buffer[row] for row in range(ROWS))
        return [_runs([cells[column] for column in range(COLUMNS)]) for cells in rows]


def _runs(cells: list[pyte.screens.Char]) -> list[Run]:
    return [
        Run("".join(cell.data for cell in alike), COLOURS.get(colour, f"#{colour}"), bold, reverse)
        for (colour, bold, reverse), alike in groupby(cells, key=lambda cell: (cell.fg, cell.bold, cell.reverse))
    ]


def _span(run: Run) -> Markup:
    style = f"color:#14181d;background:{run.ink}" if run.reverse else f"color:{run.ink}"
    weight = ";font-weight:700" if run.bold else ""
    return Markup('<span style="{}{}">{}</span>').format(style, weight, run.text)


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
    print(client())
