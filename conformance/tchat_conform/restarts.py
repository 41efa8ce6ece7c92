"""Restarts that cases ask for, made together: one restart serves all who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tchat_conform.target import TargetError


@dataclass(slots=True, eq=False)
class _Waiting:
    """Somebody who waits for a restart. ``done`` ends with what his last act returned or raised."""

    kill: bool
    last_act: Coroutine[Any, Any, Any]
    done: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Rendezvous:
    """Restarts the server once everybody who is there either waits for it or has gone.

    ``restart`` does it, and raises TargetError. ``kill`` says whether it kills the server or asks it to stop. What
    somebody does last before it is done when all are there, so that no waiting gives the server time to save it.
    """

    def __init__(self, restart: Callable[[bool], Awaitable[None]]) -> None:
        self._restart = restart
        self._present = 0
        self._waiting: list[_Waiting] = []

    def enter(self) -> None:
        """Be there: no restart happens while somebody who is there does something else."""
        self._present += 1

    async def leave(self) -> None:
        """Be gone."""
        self._present -= 1
        await self._serve()

    async def restart(self, kill: bool, last_act: Coroutine[Any, Any, Any]) -> Any:
        """Do the last act and wait until the server has been stopped, or killed without warning, and started.

        Returns what the last act returns, and raises what it raises, or TargetError.
        """
        mine = _Waiting(kill, last_act)
        self._waiting.append(mine)
        try:
            await self._serve()
            return await mine.done
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
                last_act.close()

    async def _serve(self) -> None:
        if not self._waiting or len(self._waiting) < self._present:
            return
        kill = self._waiting[0].kill
        served = [each for each in self._waiting if each.kill is kill]
        self._waiting = [each for each in self._waiting if each.kill is not kill]
        results = await asyncio.gather(*(each.last_act for each in served), return_exceptions=True)
        fault = await self._restarted(kill)
        for each, result in zip(served, results, strict=True):
            acted_in_vain = isinstance(result, BaseException) or fault is None
            _tell(each.done, result if acted_in_vain else TargetError(str(fault)))

    async def _restarted(self, kill: bool) -> TargetError | None:
        try:
            await self._restart(kill)
        except TargetError as error:
            return error
        return None


def _tell(done: "asyncio.Future[Any]", result: Any) -> None:
    if done.done():
        return
    if isinstance(result, BaseException):
        done.set_exception(result)
    else:
        done.set_result(result)
