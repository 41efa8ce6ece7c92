"""Real processes for tests: the reference server as users start it."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_LIMIT = 10.0
_LISTENING = re.compile(r"listening on (?P<host>\S+):(?P<port>\d+),")


class ServerProcess:
    """A ``tchat-server`` process on a free port, stopped at the end of the ``with`` block."""

    def __init__(self, database: Path | str, *options: str) -> None:
        self._command = [sys.executable, "-m", "tchat_server", "--port", "0", "--db", str(database), *options]
        self.process: subprocess.Popen[str]
        self.port = 0

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = _LISTENING.search(line)
        assert found, f"the server did not start: {line!r}"
        self.port = int(found["port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_LIMIT)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        """End the process without warning."""
        self.process.kill()
        self.process.wait(STOP_LIMIT)
