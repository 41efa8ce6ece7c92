"""A person played by the suite: to see what a server does for people who write in the standard form."""

import asyncio
from collections.abc import Mapping
from typing import Any

from tchat_conform.clients.player import HOST
from tchat_conform.clients.pulse import Pulse
from tchat_conform.matrix.person import LEAST_PATIENCE
from tchat_conform.matrix.wire import Wire
from tchat_protocol.framing import encode
from tchat_protocol.messages import request_name_field

SUITE = "the suite"
"""The client of a person that the suite plays."""


class Standard:
    """A person played by the suite: every request in the standard form, on a line and in a segment of its own."""

    client = SUITE
    barrier: str | None = "client-list-clients"

    def __init__(self, name: str, wire: Wire, pulse: Pulse) -> None:
        self.name, self.wire, self.pulse = name, wire, pulse
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See Person."""
        await self.wire.open()
        reader, self._writer = await asyncio.open_connection(HOST, self.wire.port)
        self._reading = asyncio.create_task(_drain(reader))
        await self.asks("client-hello", {})
        await self.pulse.until(lambda: bool(self.wire.said), LEAST_PATIENCE)

    async def asks(self, action: str, fields: Mapping[str, Any]) -> str | None:
        """See Person."""
        assert self._writer is not None  # noqa: S101 - a person starts before anything else
        name = request_name_field(action)
        self._writer.write(encode({"action": action, **({name: self.name} if name else {}), **fields}))
        return action

    async def begins(self) -> None:
        """See Person."""

    def is_unasked(self, action: str) -> bool:  # noqa: ARG002 - the protocol of people
        """See Person."""
        return False

    async def obeys(self) -> bool:
        """See Person."""
        await self.asks("client-list-clients", {})
        return True

    @property
    def mark(self) -> int:
        """See Person."""
        return len(self.wire.heard)

    def shows(self, text: str, since: int) -> bool:
        """See Person."""
        return any(each.tells(text) for each in self.wire.heard[since:])

    @property
    def complaint(self) -> str:
        """See Person."""
        return ""

    async def takes_in(self, limit: float) -> None:
        """See Person."""

    @property
    def ended(self) -> str:
        """See Person."""
        return ""

    @property
    def picture(self) -> str:
        """See Person."""
        return ""

    async def ends(self, limit: float) -> bool:
        """See Person."""
        return await self.pulse.until(lambda: not self.wire.is_open, limit)

    async def close(self) -> None:
        """See Person."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        await self.wire.close()


async def _drain(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65_536):
            pass
    except OSError:
        return
