"""Restarts that cases ask for, made together: one restart serves all who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable

from tchat_conform.target import TargetError

Waiting = tuple[bool, "asyncio.Future[None]"]


class Rendezvous:
    """Restarts the server once everybody who is there either waits for it or has gone.

    ``restart`` does it: it is told whether to kill, and raises TargetError. Those who want the server stopped and
    those who want it killed are served one group after the other.
    """

    def __init__(self, restart: Callable[[bool], Awaitable[None]]) -> None:
        self._restart = restart
        self._present = 0
        self._waiting: list[Waiting] = []

    def enter(self) -> None:
        """Be there: no restart happens while somebody who is there does something else."""
        self._present += 1

    async def leave(self) -> None:
        """Be gone."""
        self._present -= 1
        await self._serve()

    async def restart(self, kill: bool) -> None:
        """Wait until the server has been stopped, or killed without warning, and started. Raises TargetError."""
        mine: Waiting = (kill, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            await self._serve()
            await mine[1]
        finally:
            self._waiting = [each for each in self._waiting if each is not mine]

    async def _serve(self) -> None:
        if not self._waiting or len(self._waiting) < self._present:
            return
        kill = self._waiting[0][0]
        served = [done for how, done in self._waiting if how is kill]
        self._waiting = [each for each in self._waiting if each[0] is not kill]
        fault = await self._restarted(kill)
        for done in served:
            if fault is not None and not done.done():
                done.set_exception(TargetError(str(fault)))
            elif not done.done():
                done.set_result(None)

    async def _restarted(self, kill: bool) -> TargetError | None:
        try:
            await self._restart(kill)
        except TargetError as error:
            return error
        return None
