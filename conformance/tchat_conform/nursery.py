"""Gives birth to reference servers: a process that has imported the server once and forks for each that is wanted.

So a server that a case has killed is there again in milliseconds, where starting Python takes a hundred of them. Each
is a process of its own, in a process group of its own, and really dies when it is killed.

On standard input it takes a JSON object a line: ``arguments`` of tchat-server, and ``output``, the file for what the
server prints. On standard output it says ``{"born": PID}`` for each, and ``{"died": PID, "status": N}`` of each that
has ended, N being its exit status or, where a signal ended it, the signal's number below zero. It ends with its input.
"""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from tchat_conform.target import TargetError

CHUNK = 65_536
ENDED = "The process that starts the reference server has ended."


@dataclass(slots=True, eq=False)
class Child:
    """A server that was born: its process id, and its exit status once it has ended."""

    pid: int
    returncode: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> int:
        """Wait until it has ended and return its exit status; a signal's number is below zero."""
        await self.ended.wait()
        return self.returncode or 0


class Nursery:
    """The other side: starts the process at once, asks it for servers, and hears of their ends."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        command = (sys.executable, "-m", __name__)
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
        if self._process.stdin is None or self._process.stdout is None:
            raise TargetError("The reference server cannot be started: no pipe to it could be made.")
        self._requests, self._news = self._process.stdin, self._process.stdout
        self._children: dict[int, Child] = {}
        self._born: asyncio.Queue[Child | None] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None

    async def bear(self, arguments: Sequence[str], output: str) -> Child:
        """Return a new server with these command-line arguments, which prints to a file. Raises TargetError."""
        self._listening = self._listening or asyncio.create_task(self._listen())
        try:
            self._requests.write(json.dumps({"arguments": arguments, "output": output}).encode() + b"\n")
            self._requests.flush()
        except (BrokenPipeError, ValueError) as error:  # ValueError: it was closed
            raise TargetError(ENDED) from error
        child = await self._born.get()
        if child is None:
            self._born.put_nowait(None)
            raise TargetError(ENDED)
        return child

    async def close(self) -> None:
        """End the process, and what it bore with it."""
        self._requests.close()
        if self._listening is not None:
            await self._listening
        self._process.wait()

    async def _listen(self) -> None:
        news = asyncio.StreamReader()
        heard, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(news), self._news
        )
        async for line in news:
            told = json.loads(line)
            if "born" in told:
                self._children[told["born"]] = child = Child(told["born"])
                self._born.put_nowait(child)
            else:
                child = self._children.pop(told["died"])
                child.returncode = told["status"]
                child.ended.set()
        for each in self._children.values():
            each.returncode = -signal.SIGKILL
            each.ended.set()
        self._born.put_nowait(None)
        heard.close()


def main() -> None:
    """Serve as a nursery until standard input ends."""
    import tchat_server.cli  # noqa: F401, PLC0415 - what is inherited by each server that is born
    from tchat_protocol.messages import prepare  # noqa: PLC0415 - and so are the compiled schemas

    prepare()

    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    alive: set[int] = set()
    unread = b""
    while True:
        ready, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, CHUNK)
            _bury(alive)
        if sys.stdin.fileno() in ready:
            data = os.read(sys.stdin.fileno(), CHUNK)
            if not data:
                break
            *requests, unread = (unread + data).split(b"\n")
            for each in requests:
                alive.add(_bear(**json.loads(each)))
    for pid in alive:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os._exit(0)  # to tidy up all that was imported takes longer than all of the above


def _bear(arguments: list[str], output: str) -> int:
    pid = os.fork()
    if pid == 0:
        _live(arguments, output)
    with suppress(ProcessLookupError, PermissionError):  # the child does so too: whoever comes first
        os.setpgid(pid, pid)
    _say(born=pid)
    return pid


def _live(arguments: list[str], output: str) -> NoReturn:
    """Be the server."""
    from tchat_server.cli import main as serve  # noqa: PLC0415

    status = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        printed = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, stream in ((nothing, 0), (printed, 1), (printed, 2)):
            os.dup2(descriptor, stream)
        serve(arguments, prog_name="tchat-server")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _bury(alive: set[int]) -> None:
    for pid in [*alive]:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            alive.remove(pid)
            _say(died=pid, status=os.waitstatus_to_exitcode(status))


def _say(**told: int) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
