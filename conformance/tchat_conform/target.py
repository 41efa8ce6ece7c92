"""The server under test: one that is there already, or one that the suite starts, kills and starts again."""

import asyncio
import os
import shlex
import signal
import socket
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tchat_conform.address import Address

START_LIMIT = 10.0
STOP_LIMIT = 5.0
OBITUARY_LIMIT = 1.0
ENDS_WITHIN = 0.05
"""Seconds within which a command has ended that only starts another process."""
KEPT_OUTPUT = 4_000


class TargetError(Exception):
    """The server under test cannot be reached or started; the message says what to do."""


class Target(Protocol):
    """What the runner needs of a server under test."""

    address: Address
    can_restart: bool

    async def start(self) -> None:
        """Make sure that the server accepts connections. Raises TargetError."""

    async def restart(self, *, kill: bool) -> None:
        """Stop it, or kill it without warning, and start it again on the same port. Raises TargetError."""

    async def stop(self) -> None:
        """Leave nothing behind."""

    async def obituary(self) -> str | None:
        """Say how the server's process ended and its last words; None while it lives or if it is not ours."""


class Process(Protocol):
    """What is needed of a process: its number, its exit status once it has ended, and to wait for that."""

    @property
    def pid(self) -> int:
        """Its number, which is its group's too."""

    @property
    def returncode(self) -> int | None:
        """Its exit status, a signal's number below zero; None while it lives."""

    async def wait(self) -> int:
        """Wait until it has ended and return its exit status."""


class RunningServer:
    """A server that somebody else started."""

    can_restart = False

    def __init__(self, address: Address) -> None:
        self.address = address

    async def start(self) -> None:
        """See Target."""
        if not await accepts(self.address):
            raise TargetError(
                f"No server answers at {self.address}. Start yours first, "
                "or let the suite start it: --spawn 'CMD {port}'."
            )

    async def restart(self, *, kill: bool) -> None:  # noqa: ARG002 - the protocol of targets
        """See Target."""
        raise TargetError("A server that the suite did not start is not restarted.")

    async def stop(self) -> None:
        """See Target."""

    async def obituary(self) -> str | None:
        """See Target."""
        return None


class SpawnedServer:
    """A server started by a command in which ``{port}`` stands for the port, in a process group of its own.

    Raises ValueError for what is no command, such as one whose quotes do not match.
    """

    can_restart = True

    def __init__(
        self, command: str, host: str = "127.0.0.1", *, port: int | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self.address = Address(host, port or free_port(host), tls)
        if not command.strip():
            raise ValueError("the command is empty")
        self.command = [part.replace("{port}", str(self.address.port)) for part in shlex.split(command)]
        self._process: Process | None = None
        self._output: Path | None = None
        self._is_known = False

    async def start(self) -> None:
        """See Target."""
        if await accepts(self.address):
            raise TargetError(f"Something else listens on {self.address} already.")
        descriptor, path = tempfile.mkstemp(prefix="tchat-conform-", suffix=".log")
        self._output = Path(path)
        try:
            self._process = await self._launch(descriptor, path)
        except OSError as error:
            raise TargetError(f"Cannot start {shlex.join(self.command)}: {error.strerror}.") from error
        finally:
            os.close(descriptor)
        await self._until_it_accepts(self._process)
        await self._is_ours(self._process)

    async def _launch(self, descriptor: int, path: str) -> Process:  # noqa: ARG002 - path: for other kinds of start
        """Start the command; what it prints goes to a file, given open and by its path."""
        environment = {**os.environ, "HOST": self.address.host, "PORT": str(self.address.port)}
        return await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=environment,
            start_new_session=True,
        )

    async def _is_ours(self, process: Process) -> None:
        """Raise TargetError if the command and all that it started have ended: then somebody else listens."""
        if self._is_known:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN):
                await process.wait()
        self._is_known = True
        if process.returncode is not None and not _lives(process.pid):
            raise TargetError(
                f"{shlex.join(self.command)} has ended, though something listens on {self.address}. "
                "The server must stay in the foreground, so that the suite can stop it."
            )

    async def _until_it_accepts(self, process: Process) -> None:
        try:
            async with asyncio.timeout(START_LIMIT):
                while not await accepts(self.address):
                    if process.returncode is not None:
                        raise await self._ended_at_once(process)
                    await asyncio.sleep(0.005)
        except TimeoutError as error:
            await self.stop()
            raise TargetError(
                f"{shlex.join(self.command)} does not listen on {self.address} after {START_LIMIT:.0f} s. "
                "The command must use the port given as {port} (or in the environment as PORT)."
            ) from error

    async def _ended_at_once(self, process: Process) -> TargetError:
        command, how = shlex.join(self.command), await self.obituary()
        if process.returncode == 0:
            return TargetError(f"{command} ended at once: {how}. The server must stay in the foreground.")
        return TargetError(f"{command} did not start: {how}")

    async def restart(self, *, kill: bool) -> None:
        """See Target."""
        await self._end(signal.SIGKILL if kill else signal.SIGTERM)
        await self.start()

    async def stop(self) -> None:
        """See Target."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        group = self._process.pid
        _signal_group(group, how)
        try:
            async with asyncio.timeout(STOP_LIMIT):
                await self._process.wait()
        except TimeoutError:
            _signal_group(group, signal.SIGKILL)
            await self._process.wait()
        _signal_group(group, signal.SIGKILL)  # what the command started and left behind would keep the port
        self._process = None
        if self._output is not None:
            self._output.unlink(missing_ok=True)

    async def obituary(self) -> str | None:
        """See Target."""
        if self._process is None or (self._process.returncode is None and await accepts(self.address)):
            return None
        try:
            async with asyncio.timeout(OBITUARY_LIMIT):
                status = await self._process.wait()
        except TimeoutError:
            return None
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        said = self._output.read_text(errors="backslashreplace")[-KEPT_OUTPUT:] if self._output else ""
        last = "\n".join(said.strip().splitlines()[-12:])
        return f"{how}; its last words:\n{last}" if last else f"{how}, without a word"


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _signal_group(group: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, how)


async def accepts(address: Address) -> bool:
    """Tell whether a connection to the address is accepted."""
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except (OSError, TimeoutError):
        return False
    writer.close()  # not with a reset, which kills servers that do not expect one
    return True


def free_port(host: str) -> int:
    """Return a port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
