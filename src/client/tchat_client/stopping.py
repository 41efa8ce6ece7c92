"""Signals: the first asks the client to take leave properly, a second ends it at once."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from tchat_client.status import SIGNALLED

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


async def stoppable(coroutine: Coroutine[Any, Any, int]) -> int:
    """Run a conversation to its exit status; a signal cancels it, which makes it take leave.

    Returns 128 and the number of the signal then.
    """
    task = asyncio.ensure_future(coroutine)
    came: list[int] = []

    def stop(number: int) -> None:
        if came:
            os._exit(SIGNALLED + number)  # whoever asks twice does not want to wait for a goodbye
        came.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        with suppress(NotImplementedError):  # not on every system
            loop.add_signal_handler(each, stop, int(each))
    try:
        return await task
    except asyncio.CancelledError:
        return SIGNALLED + came[0]
