"""A program in a pseudo-terminal: what it draws, the keys pressed in it, and how it ends."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pyte

from tchat_conform.clients.pulse import Pulse

ERROR = re.compile(r"Traceback|\w(?:Error|Exception)\b|panic(?:ked at|:)|Segmentation fault| at \S+\.p[lm] line \d+\.")
"""What a program says that has broken."""
QUESTIONS = ("?", ":", ">")
DRAWS_WITHIN = 0.06
"""Seconds without a change after which a screen is drawn."""
ROWS, COLUMNS = 50, 200
"""So wide that few lines are folded, and so high that a menu does not push anything out at once."""
PIECE = 16_384
"""Bytes that are drawn at a time, so that a client that prints much holds up nobody else."""
KEPT_RAW = 4_000_000
KEPT_TEXT = 8_000_000
"""Characters drawn that are kept: what a program that never stops printing drew before is forgotten."""
BUSY = 4_000
"""So many bytes at once come from a program only that has more to say: its screen is not done."""
END_LIMIT = 5.0
LAST_LINES = 6
KEY = 4_000
"""Bytes of keys at a time: a terminal in line mode takes no longer lines."""
LAUNCH = 'exec "$@" <>"$0" >&0 2>&0'
"""A session's leader that opens a terminal gets it for its own, which passwords are read from."""


class CannotStart(Exception):  # noqa: N818 - said of somebody's command
    """The command of the client cannot be started; the message says why."""


class _Screen(pyte.Screen):
    """A screen that also keeps all text ever drawn, in the order of drawing."""

    def __init__(self, answer: Any) -> None:
        self._drawn: list[str] = []
        self._forgotten = 0
        self.length = 0
        super().__init__(COLUMNS, ROWS)
        self.is_addressed = False  # what pyte does to begin with is not the program's doing
        self.write_process_input = answer  # type: ignore[method-assign]  # where the cursor is, if asked

    def _keep(self, text: str) -> None:
        self._drawn.append(text)
        self.length += len(text)
        if self.length - self._forgotten > 2 * KEPT_TEXT:
            kept = self.since(self.length - KEPT_TEXT)
            self._drawn, self._forgotten = [kept], self.length - len(kept)

    def since(self, mark: int) -> str:
        """Return the text drawn since a length, as far as it is kept."""
        self._drawn = ["".join(self._drawn)]
        return self._drawn[0][max(0, mark - self._forgotten) :]

    def draw(self, data: str) -> None:
        """Draw text, and keep it; of what is far longer than a line the last two lines are drawn, which is faster."""
        self._keep(data)
        super().draw(data if len(data) < 2 * COLUMNS else data[-COLUMNS - len(data) % COLUMNS :])

    def linefeed(self) -> None:
        """Go to the next line, and keep that."""
        self._keep("\n")
        super().linefeed()

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        """Go anywhere, as programs do that draw the whole screen."""
        self.is_addressed = True
        super().cursor_position(line, column)

    # pyte passes private=True for sequences that it has no such argument for
    def select_graphic_rendition(self, *attributes: int, **_: bool) -> None:
        """Set colours and the like."""
        super().select_graphic_rendition(*attributes)

    def report_device_status(self, mode: int = 0, **_: bool) -> None:
        """Answer where the cursor is."""
        super().report_device_status(mode)


class Terminal:
    """A program and its terminal; ``pulse`` beats whenever it draws or ends."""

    def __init__(self, master: int, slave: int, process: asyncio.subprocess.Process, pulse: Pulse) -> None:
        self._master, self._slave = master, slave
        self._process = process
        self._pulse = pulse
        self._screen = _Screen(self._press_soon)
        self._stream = pyte.ByteStream(self._screen)
        self._answers: list[bytes] = []
        self._waiting = bytearray()
        self.raw = bytearray()
        self._is_busy = False
        self._pressed_at = 0
        self._reading = asyncio.ensure_future(self._read())
        self._ending = asyncio.ensure_future(self._end())
        self.ended = False

    @classmethod
    async def start(
        cls, command: Sequence[str], environment: Mapping[str, str], pulse: Pulse, cwd: str | None = None
    ) -> Self:
        """Start a program in a terminal and a process group of its own. Raises CannotStart."""
        if not _is_program(command[0], environment, cwd):
            raise CannotStart(f"Cannot start {shlex.join(command)}: there is no program {command[0]}.")
        master, slave = os.openpty()
        termios.tcsetwinsize(slave, (ROWS, COLUMNS))
        os.set_blocking(master, False)
        try:
            process = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", LAUNCH, os.ttyname(slave), *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                cwd=cwd,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            os.close(master)
            os.close(slave)
            raise CannotStart(f"Cannot start {shlex.join(command)}: {error.strerror}.") from error
        return cls(master, slave, process, pulse)

    # -- what it draws ------------------------------------------------------------------------------------

    @property
    def mark(self) -> int:
        """How much was drawn until now; ``shows`` looks from there on."""
        return self._screen.length

    def shows(self, text: str, since: int = 0) -> bool:
        """Tell whether a text was drawn since a mark, colours and folded lines aside.

        Of a program that draws the whole screen only what changes is drawn: then what the screen shows counts.
        """
        if text in self.drawn_since(since):
            return True
        return self._screen.is_addressed and not self._is_busy and text in "".join(self._screen.display)

    def drawn_since(self, mark: int) -> str:
        """Return all text drawn since a mark, also what is no longer on the screen."""
        return self._screen.since(mark)

    @property
    def prompt(self) -> str:
        """The text before the cursor on its line."""
        cursor = self._screen.cursor
        line = self._screen.buffer[cursor.y]
        return "".join(line[column].data for column in range(cursor.x))

    def has_asked(self) -> bool:
        """Tell whether the program has asked something since keys were pressed, on another line."""
        return "\n" in self.drawn_since(self._pressed_at) and self.prompt.rstrip().endswith(QUESTIONS)

    async def is_drawn(self, limit: float) -> None:
        """Wait until the program draws nothing more for a while, at most so many seconds."""
        began = time.monotonic()
        while not self.ended and (left := limit - (time.monotonic() - began)) > 0:
            mark = self.mark
            if not await self._pulse.until(lambda mark=mark: self.mark != mark, min(DRAWS_WITHIN, left)):  # type: ignore[misc]
                return

    @property
    def row(self) -> int:
        """The line of the cursor, from the top."""
        return int(self._screen.cursor.y)

    @property
    def lines(self) -> list[str]:
        """The lines of the screen that are not empty, from the top."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def last_lines(self) -> str:
        """The last lines of the screen, for a finding."""
        return "\n".join(self.lines[-LAST_LINES:])

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            readable = loop.create_future()
            loop.add_reader(self._master, _wake, readable)
            try:
                await readable
            finally:
                loop.remove_reader(self._master)
            self._take()

    def _take(self) -> bool:
        """Draw what there is to read; False if there is nothing."""
        try:
            data = os.read(self._master, PIECE)
        except (BlockingIOError, OSError):
            return False
        if not data:
            return False
        self.raw += data
        self._is_busy = len(data) >= BUSY
        if len(self.raw) > 2 * KEPT_RAW:
            del self.raw[:-KEPT_RAW]
        self._stream.feed(data)
        for each in self._answers:
            self._press(each)
        self._answers.clear()
        self._pulse.beat()
        return True

    # -- keys ---------------------------------------------------------------------------------------------

    def _press_soon(self, keys: str) -> None:
        self._answers.append(keys.encode())

    def press(self, keys: str) -> None:
        """Press keys."""
        self._pressed_at = self.mark
        self._press(keys.encode())

    def _press(self, keys: bytes) -> None:
        self._waiting += keys
        self._write()

    def _write(self) -> None:
        """Write what the terminal takes of the keys that wait; the rest follows when it takes more."""
        loop = asyncio.get_running_loop()
        try:
            written = os.write(self._master, self._waiting[:KEY]) if self._waiting else 0
        except BlockingIOError:
            written = 0
        except OSError:
            self._waiting.clear()
            written = 0
        del self._waiting[:written]
        if self._waiting:
            loop.add_writer(self._master, self._write)
        else:
            loop.remove_writer(self._master)

    # -- the end ------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        await self._process.wait()
        while self._take():
            pass
        self.ended = True
        self._pulse.beat()

    @property
    def obituary(self) -> str:
        """How it ended and what it said last, in words."""
        status = self._process.returncode
        if status is None:
            return "it still runs"
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        last = "\n".join(self.lines[-2 * LAST_LINES :])
        return f"{how}; its last words:\n{last}" if last else f"{how}, without a word"

    async def close(self) -> None:
        """Kill the program with all that it started, and give the terminal back."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._ending), END_LIMIT)
        for task in (self._reading, self._ending):
            task.cancel()
        await asyncio.gather(self._reading, self._ending, return_exceptions=True)
        asyncio.get_running_loop().remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)


def _is_program(name: str, environment: Mapping[str, str], cwd: str | None) -> bool:
    if os.sep in name and cwd is not None:
        return os.access(Path(cwd, name), os.X_OK)
    return shutil.which(name, path=environment.get("PATH")) is not None


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
