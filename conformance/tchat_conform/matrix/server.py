"""A server of a lineup as a process of its own for one pair, with a directory that is new."""

import asyncio
import os
import re
import shlex
import signal
import sys
import tempfile
from contextlib import suppress

from tchat_conform.matrix.lineup import ServerPeer
from tchat_conform.target import Process, SpawnedServer, TargetError, free_port

HOST = "127.0.0.1"
LAST_WORDS = 1_500
_TAKEN = re.compile(r"(?i)in use|listens on \S+ already")
"""What is said of a port that somebody else has got meanwhile."""
_handed_out: set[int] = set()


def _new_port() -> int:
    """Return a port that nobody listens on, and that no other pair of this run was given."""
    for _ in range(50):
        port = free_port(HOST)
        if port not in _handed_out:
            break
    _handed_out.add(port)
    return port


class PeerServer(SpawnedServer):
    """A server process; ``end`` says how it ended, empty while it runs."""

    def __init__(self, peer: ServerPeer) -> None:
        self.peer = peer
        self._folder = tempfile.TemporaryDirectory(prefix="tchat-matrix-", ignore_cleanup_errors=True)
        self._took(peer.port or _new_port())

    def _took(self, port: int) -> None:
        places = {"{host}": HOST, "{dir}": self._folder.name, "{python}": sys.executable}
        command = shlex.join(_filled(part, places) for part in shlex.split(self.peer.command))
        super().__init__(command, HOST, port=port)
        env = {name: _filled(value, {**places, "{port}": str(port)}) for name, value in self.peer.env.items()}
        self._environment = {**os.environ, "HOST": HOST, "PORT": str(port), **env}

    async def start(self) -> None:
        """See Target. A port that was taken meanwhile is changed for another."""
        try:
            await super().start()
        except TargetError as error:
            if self.peer.port is not None or not _TAKEN.search(str(error)):
                raise
            await super().stop()
            self._took(_new_port())
            await super().start()

    async def _launch(self, descriptor: int, path: str) -> Process:  # noqa: ARG002 - as the one it stands for
        return await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=self._environment,
            cwd=self.peer.cwd,
            start_new_session=True,
        )

    @property
    def runs(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def end(self) -> str:
        """How it ended and its last words; empty while it runs."""
        if self._process is None or self._process.returncode is None:
            return ""
        status = self._process.returncode
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        said = self._output.read_text(errors="backslashreplace")[-LAST_WORDS:].strip() if self._output else ""
        return f"{how}; its last words:\n{said}" if said else f"{how}, without a word"

    async def stop(self) -> None:
        """See Target."""
        with suppress(ProcessLookupError):
            await self._end(signal.SIGKILL)
        self._folder.cleanup()


def _filled(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace(name, value)
    return text
