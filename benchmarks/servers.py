"""The servers that are compared, each started as a process of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_LISTENING = re.compile(r"listening on \S+:(\d+)")
_NAIVE = Path(__file__).parent / "naive.cjs"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A server to measure; in ``command`` DIR stands for an empty folder of its own."""

    name: str
    command: tuple[str, ...]


def _tchat(name: str, *options: str) -> Server:
    return Server(name, (sys.executable, "-m", "tchat_server", "--port", "0", "--db", "DIR/tchat.sqlite", *options))


BARE = Server("bare", (sys.executable, "-m", "benchmarks.bare"))
FULL = _tchat("tchat full")
NORMAL = _tchat("tchat normal", "--synchronous", "normal")
NAIVE = Server("naive node", ("node", str(_NAIVE)))


def installed(*servers: Server) -> list[Server]:
    """Return those servers whose program this machine has."""
    return [server for server in servers if shutil.which(server.command[0])]


@dataclass(frozen=True, slots=True)
class Running:
    """A server process that listens on a port of the loopback interface."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def processor_seconds(self) -> float:
        """What it has used of a processor so far, all threads, in user and system mode."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory(self) -> int:
        """Its resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running(server: Server, database: Path | None = None) -> Iterator[Running]:
    """Run a server within the block, with an empty database or the one given."""
    with TemporaryDirectory(prefix="tchat-bench-", ignore_cleanup_errors=True) as folder:
        words = [word.replace("DIR/tchat.sqlite", str(database or f"{folder}/tchat.sqlite")) for word in server.command]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = _LISTENING.search(line)
            if found is None:
                raise RuntimeError(f"{server.name} did not start: {line!r}")
            yield Running(process, int(found[1]))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()
