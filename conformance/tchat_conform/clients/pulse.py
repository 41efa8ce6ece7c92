"""Something changes now and then, and whoever waits looks again: waiting for states, never for time to pass."""

import asyncio
from collections.abc import Callable


class Pulse:
    """Beats whenever something may have changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def beat(self) -> None:
        """Wake everyone who waits."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, state: Callable[[], bool], limit: float) -> bool:
        """Wait until a state is there, at most so many seconds; return whether it is."""
        try:
            async with asyncio.timeout(limit):
                while not state():
                    await self._event.wait()
        except TimeoutError:
            return state()
        return True
