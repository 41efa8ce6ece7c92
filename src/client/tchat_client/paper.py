"""What is printed appears above the line being typed, all of it in order."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout, suppress

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.output import Output

REDRAWS_EVERY = 0.05
"""Seconds between what is printed, so that a flood of messages leaves time to type."""


class Paper(io.TextIOBase):
    """Takes what is printed and puts it above the prompt, if there is one just then.

    prompt_toolkit's own proxy prints from a thread: what comes in the moment in which a prompt begins is drawn over.
    Here all of it happens in the event loop, where a prompt is there or is not.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._pending: list[str] = []
        self._printing: asyncio.Task[None] | None = None

    def write(self, text: str, /) -> int:
        """Print a text soon."""
        self._pending.append(text)
        if self._printing is None or self._printing.done():
            self._printing = asyncio.get_running_loop().create_task(self._print_all())
        return len(text)

    async def finish(self) -> None:
        """Print what has not been printed yet."""
        if self._printing is not None:
            self._printing.cancel()
            await asyncio.wait([self._printing])
        self._print()

    async def _print_all(self) -> None:
        while self._pending:
            await run_in_terminal(self._print)
            await asyncio.sleep(REDRAWS_EVERY)

    def _print(self) -> None:
        text = "".join(self._pending)
        self._pending.clear()
        with suppress(OSError):  # a terminal that is gone shows nothing
            self._output.write_raw(text)
            self._output.flush()


@asynccontextmanager
async def printing_above(output: Output) -> AsyncIterator[None]:
    """Let all that is printed inside the block appear above the line being typed."""
    paper = Paper(output)
    with redirect_stdout(paper), redirect_stderr(paper):
        try:
            yield
        finally:
            await paper.finish()
