"""People with a ``tchat`` process in a pipe each."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

LIMIT = 30.0
COMMAND = [sys.executable, "-m", "tchat_client"]


@dataclass(frozen=True)
class Outcome:
    """How a client ended: exit status, and the lines on standard output and on standard error."""

    status: int
    out: list[str]
    err: list[str]


class PipedClient:
    """A client that runs while a test talks to it line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self.stdin = process.stdin
        self._stdout = process.stdout

    def type(self, *lines: str) -> None:
        """Type command lines, without waiting for anything."""
        self.stdin.write("".join(f"{line}\n" for line in lines).encode())

    async def until(self, last: str) -> list[str]:
        """Return the lines printed next, up to one that reads ``last``."""
        seen: list[str] = []
        async with asyncio.timeout(LIMIT):
            while not seen or seen[-1] != last:
                line = await self._stdout.readline()
                assert line, f"ended without {last!r} after {seen}"
                seen.append(line.decode().rstrip("\n"))
        return seen

    async def until_part(self, part: str) -> list[str]:
        """Return the lines printed next, up to one with ``part`` in it or to the end."""
        seen: list[str] = []
        async with asyncio.timeout(LIMIT):
            while line := await self._stdout.readline():
                seen.append(line.decode().rstrip("\n"))
                if part in seen[-1]:
                    break
        return seen

    async def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    async def end(self, commands: bytes = b"") -> Outcome:
        """Type what is left, close the input and wait for the end."""
        async with asyncio.timeout(LIMIT):
            out, err = await self.process.communicate(commands)
        assert self.process.returncode is not None
        return Outcome(self.process.returncode, out.decode().splitlines(), err.decode().splitlines())

    async def ended(self) -> Outcome:
        """Wait for the end while the input stays open."""
        assert self.process.stderr
        async with asyncio.timeout(LIMIT):
            out, err = await self._stdout.read(), await self.process.stderr.read()
            status = await self.process.wait()
        return Outcome(status, out.decode().splitlines(), err.decode().splitlines())


@asynccontextmanager
async def client(*options: str, **environment: str) -> AsyncIterator[PipedClient]:
    """Start a client; it is ended with the block if it has not ended before."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        yield PipedClient(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def run(commands: str | bytes, *options: str, **environment: str) -> Outcome:
    """Run a client with all of its input at once."""
    async with client(*options, **environment) as process:
        return await process.end(commands.encode() if isinstance(commands, str) else commands)
