"""Users on real connections, for tests that read as scripts about people."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

from tchat_protocol.messages import check_answer
from tchat_server.service import Options, Service, serve

PATIENCE = 20.0
NAME_FIELDS = {"groups": "name"}

Message = dict[str, Any]


class Gone(Exception):  # noqa: N818 - what a person notices
    """The server has closed the connection."""


class Person:
    """A user behind a connection of its own; ``heard`` holds what came that nobody waited for."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self.heard: list[Message] = []
        self.reader = reader
        self.writer = writer
        self._ids = count(1)

    @classmethod
    async def connect(cls, name: str, port: int, tls: ssl.SSLContext | None = None) -> Self:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, limit=2**22, ssl=tls, server_hostname="localhost" if tls else None
        )
        return cls(name, reader, writer)

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def send(self, action: str, **fields: Any) -> None:
        """Send a request in the person's name, without waiting for anything."""
        field = NAME_FIELDS.get(action, "from" if action.startswith("client-") else "sender")
        renamed = {key.rstrip("_"): value for key, value in fields.items()}
        self.write(json.dumps({"action": action, field: self.name, **renamed}).encode() + b"\n")

    async def receive(self) -> Message:
        """Return the next message, valid against its schema; raise Gone when there is none."""
        async with asyncio.timeout(PATIENCE):
            line = await self.reader.readline()
        if not line:
            raise Gone
        message: Message = json.loads(line)
        check_answer(message)
        return message

    async def ask(self, action: str, **fields: Any) -> Message:
        """Send a request and return its answer; what comes before it is kept in ``heard``."""
        number = next(self._ids)
        self.send(action, id=number, **fields)
        while (message := await self.receive()).get("id") != number:
            self.heard.append(message)
        del message["id"]
        return message

    async def refused(self, action: str, **fields: Any) -> str:
        """Send a request and return the code with which it is refused."""
        answer = await self.ask(action, **fields)
        assert answer["action"] == "server-error", answer
        return str(answer["code"])

    async def news(self) -> list[Message]:
        """Return everything that has come since the last time, and no more is on its way."""
        await self.ask("client-list-clients")
        heard, self.heard = self.heard, []
        return heard

    async def rest(self) -> list[Message]:
        """Return what comes until the server closes the connection."""
        messages = self.heard
        try:
            while True:
                messages.append(await self.receive())
        except Gone:
            return messages

    def reset(self) -> None:
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


@dataclass
class Town:
    """A server and the people on it."""

    service: Service
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._people: list[Person] = []

    async def connect(self, name: str) -> Person:
        """Return a person with a connection that is not bound yet."""
        person = await Person.connect(name, self.service.port, self.tls)
        self._people.append(person)
        return person

    async def come(self, name: str, **hello: Any) -> Person:
        """Return a person that has said hello; the others have heard of it."""
        person = await self.connect(name)
        answer = await person.ask("client-hello", **hello)
        assert answer["action"] == "server-hello", answer
        for other in self._people:
            other.heard.clear()
        return person

    async def come_all(self, *names: str) -> list[Person]:
        """Return people online whose news are empty."""
        people = [await self.come(name) for name in names]
        for person in people:
            await person.news()
        return people

    async def close(self) -> None:
        for person in self._people:
            await person.close()


@asynccontextmanager
async def town(
    db: Path | str = ":memory:", *, client_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[Town]:
    """Run a server on a free port, with people to be connected to it."""
    async with serve(Options(port=0, db=str(db), **options)) as service:
        people = Town(service, client_tls)
        try:
            yield people
        finally:
            await people.close()


async def everything(person: Person, action: str, key: str) -> list[Message]:
    """Read a history page by page."""
    items: list[Message] = []
    page: Message = {"more": True}
    while page["more"]:
        before = {"before": items[0]["seq"]} if items else {}
        page = await person.ask(action, group="wob", limit=1000, **before)
        items = page[key] + items
    return items
