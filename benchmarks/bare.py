"""The baseline: a fan-out server that parses, routes and joins writes, and does nothing else.

No validation, no storage, no rules, no limits: what the same language and event loop reach with answers of the
same length.
"""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import orjson


class Room:
    """Everyone, and who of them is in the one group; ``flush`` ends a turn of the event loop."""

    def __init__(self) -> None:
        self.members: list[Peer] = []
        self.seq = 0
        self._touched: dict[Peer, None] = {}

    def queue(self, peer: "Peer", line: bytes) -> None:
        """Have a line written to a peer at the end of the turn."""
        if not self._touched:
            asyncio.get_running_loop().call_soon(self._flush)
        self._touched[peer] = None
        peer.outbox.append(line)

    def _flush(self) -> None:
        touched, self._touched = self._touched, {}
        for peer in touched:
            peer.transport.write(b"".join(peer.outbox))
            peer.outbox.clear()


class Peer(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, room: Room) -> None:
        self.outbox: list[bytes] = []
        self._room = room
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Handle each whole line."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take(orjson.loads(line))

    def connection_lost(self, _exc: Exception | None) -> None:
        """Leave the group."""
        if self in self._room.members:
            self._room.members.remove(self)

    def _take(self, request: dict[str, Any]) -> None:
        if request["action"] == "join":
            self._room.members.append(self)
        self._room.seq += 1
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
        answer = request | {"action": f"server-{request['action'].removeprefix('client-')}"}
        answer |= {"ts": stamp, "seq": self._room.seq}
        own = orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
        if request["action"] == "gbroadcast":
            answer.pop("id", None)
            copy = orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE)
            for member in self._room.members:
                if member is not self:
                    self._room.queue(member, copy)
        self._room.queue(self, own)


async def _serve() -> None:
    room = Room()
    server = await asyncio.get_running_loop().create_server(lambda: Peer(room), "127.0.0.1", 0, backlog=1024)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(_serve())
    except KeyboardInterrupt:
        sys.exit()
