"""The commands of ``tchat-conform`` that listen, as users start them."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LIMIT = 20.0
_LISTENING = re.compile(r"listening on \S+:(\d+)")


@dataclass
class Running:
    """A command that listens on a port. ``output`` is what it wrote to stdout until it was interrupted."""

    process: subprocess.Popen[str]
    port: int
    output: str = ""

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit status."""
        self.process.send_signal(signal.SIGINT)
        self.output, _ = self.process.communicate(timeout=LIMIT)
        return self.process.returncode


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start a command and wait until it listens."""
    command = [sys.executable, "-m", "tchat_conform", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            found = next(each for line in process.stderr if (each := _LISTENING.search(line)))
            yield Running(process, int(found[1]))
        finally:
            process.kill()
