"""The witness: a connection of the suite's own whose answers show how far the server has come.

Whether a message will still come cannot be told by the clock: the machine may be busy. A server that answers the
witness twice, one request after the other, has seen everything that was sent before the first of them, and what it
wrote then has arrived.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from tchat_conform.address import Address
from tchat_conform.connection import Connection
from tchat_conform.expect import looks_refused
from tchat_conform.shape import Shape, shape_of
from tchat_conform.speech import Speech
from tchat_conform.verdict import Message
from tchat_conform.wirelog import WireLog

ROUNDS = 2
Alike = Callable[[Message], bool]


class Witness:
    """Asks one harmless request over and over; ``answer`` is the shape of what it is answered with."""

    def __init__(self, address: Address, speech: Speech, name: str, request: Message, answer: Shape) -> None:
        self._address = address
        self._speech = speech
        self._name = name
        self._request = request
        self._answer = answer
        self._connection: Connection | None = None
        self._begun = 0
        self._ended = 0
        self._asking: asyncio.Task[bool] | None = None

    async def passes(self, limit: float) -> float | None:
        """Return how many seconds the server took to show that it is past what was sent before; None if it did not.

        Those who wait at the same moment share the rounds: each needs two that began after it came.
        """
        began, wanted = time.monotonic(), self._begun + ROUNDS
        while self._ended < wanted:
            if self._asking is None:
                self._asking = asyncio.create_task(self._round(limit))
            asking = self._asking
            if not await asyncio.shield(asking):
                return None
        return time.monotonic() - began

    async def _round(self, limit: float) -> bool:
        self._begun += 1
        try:
            return await self._asks(limit)
        finally:
            self._ended = self._begun
            self._asking = None

    async def leave(self) -> None:
        """Close the connection; the next question opens it again."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _asks(self, limit: float) -> bool:
        connection = await self._present(limit)
        if connection is None:
            return False
        answered = await self._exchange(connection, self._request, self._is_answer, limit)
        if not answered:
            await self.leave()  # a server that has given up on this connection would cost the limit each time
        return answered

    async def _present(self, limit: float) -> Connection | None:
        if self._connection is not None and self._connection.closed:
            await self.leave()
        if self._connection is None:
            with suppress(OSError, TimeoutError):
                connection = await Connection.open("witness", self._address, WireLog(), limit, self._speech)
                hello = {"action": "client-hello", "from": self._name}
                await self._exchange(connection, hello, lambda _: True, limit)
                self._connection = connection
        return self._connection

    async def _exchange(self, connection: Connection, request: Message, is_answer: Alike, limit: float) -> bool:
        connection.inbox.clear()
        await connection.send(request)
        return await connection.wait_until(lambda: any(is_answer(each.message) for each in connection.inbox), limit)

    def _is_answer(self, message: Message) -> bool:
        """Tell whether a message answers the request, be it a refusal, as of one who asks too often."""
        return shape_of(message) == self._answer or looks_refused(message)
