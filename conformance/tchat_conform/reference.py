"""The reference server as a target: what is judged when nothing else is named."""

import os
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from tchat_conform.nursery import Nursery
from tchat_conform.target import Process, SpawnedServer

MEMORY = "/dev/shm"  # noqa: S108 - a folder of our own is made in it
"""Where Linux keeps files in memory."""
HASH_MEMORY = "8"
"""KiB: passwords that live for seconds need not be dear to guess, which is the larger half of what they cost."""


class ReferenceServer(SpawnedServer):
    """The reference server on a free port with a database of its own.

    What takes time before the start begins at once; ``stop`` ends it, and so does the end of the program.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tchat-conform-", dir=_quick_folder())
        database = Path(self._folder.name) / "tchat.sqlite"
        options = ["--host", "127.0.0.1", "--port", "{port}", "--db", str(database), "--hash-memory", HASH_MEMORY]
        super().__init__(shlex.join([*_COMMAND, *options]))
        self._is_known = True
        self._nursery = Nursery() if hasattr(os, "fork") else None

    async def _launch(self, descriptor: int, path: str) -> Process:
        if self._nursery is None:
            return await super()._launch(descriptor, path)
        return await self._nursery.bear(self.command[len(_COMMAND) :], path)

    async def stop(self) -> None:
        """See Target."""
        await self._end(signal.SIGKILL)  # nobody needs its database any more
        if self._nursery is not None:
            await self._nursery.close()
            self._nursery = None
        self._folder.cleanup()


_COMMAND = (sys.executable, "-m", "tchat_server")


def _quick_folder() -> str | None:
    """Return where files live in memory, which spares a database of a few seconds the disk; None for the usual place.

    A killed server's files stay there, as on a disk: nothing is judged otherwise.
    """
    in_memory = "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK)
    return MEMORY if in_memory else None
