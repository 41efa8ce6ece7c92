"""A user on a server, for programs: requests that are awaited, and everything that comes in between.

A session outlives its connections: one that is lost is made again, and what was missed meanwhile is fetched.
"""

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from tchat_client.connection import MAX_ANSWER_BYTES, Asked, Connection, dial
from tchat_client.delays import Delays
from tchat_client.dialect import STANDARD, Dialect
from tchat_client.incoming import Incoming, Notice
from tchat_client.known import Known
from tchat_client.language import said
from tchat_client.matching import ID_PREFIX
from tchat_client.requests import Requests
from tchat_client.returning import STEADY_SECONDS, GaveUp, Way, come_back
from tchat_client.trouble import Ended, Lost, Refused, SessionError, Unanswered, Unreachable
from tchat_protocol.framing import Message
from tchat_protocol.messages import check_request, request_name_field

__all__ = [
    "MAX_ANSWER_BYTES",
    "PATIENCE_SECONDS",
    "Ended",
    "Incoming",
    "Lost",
    "Notice",
    "Refused",
    "Session",
    "SessionError",
    "Unanswered",
    "Unreachable",
    "compose",
]

PATIENCE_SECONDS = 10.0
"""How long to wait for a connection and for each answer, unless told otherwise."""

HELLO_SHARE = 0.4
"""The part of that time after which a hello that is not answered is said in a wider form, too."""


def compose(name: str, action: str, fields: Mapping[str, Any]) -> Message:
    """Return a request in the form of its schema, with the user's name where the action has it.

    Raises InvalidMessage for a request out of form, and ValueError for text that is not Unicode.
    """
    name_field = request_name_field(action)
    message = {"action": action, **({name_field: name} if name_field else {}), **fields}
    check_request(message)
    return message


class Terms(TypedDict, total=False):
    """What may be said of a session beside whom it is with.

    ``tls`` is the context of an encrypted connection; ``patience`` the time limit for each answer, in seconds;
    ``delays`` how a lost connection is made again (None: not at all); ``dialect`` how the server wants to be spoken to.
    """

    tls: ssl.SSLContext | None
    patience: float
    delays: Delays | None
    dialect: Dialect


class Session(Requests):
    """One user on one server. Iterate over it for everything the server sends, answers included.

    As a context it connects and says hello, and takes leave at the end. What came is kept until it is read by
    ``async for``, which ends when the session does. A connection that is lost after the hello is made again as
    ``delays`` say, and the session goes on: missed messages of groups come in their order, each once. A request whose
    answer was lost is settled by the history: it is sent again only if it changes nothing or was not carried out, and
    fails with Lost if nothing tells. Requests made meanwhile are sent afterwards.

    Arguments: the server's address, the user's name and password, and the terms.
    """

    def __init__(self, host: str, port: int, name: str, password: str | None = None, **terms: Unpack[Terms]) -> None:
        self.name = name
        self.known = Known(name)
        self._address = (host, port, terms.get("tls"))
        self._password = password
        self._patience = terms.get("patience", PATIENCE_SECONDS)
        self._delays = terms.get("delays", Delays())
        self._dialect = terms.get("dialect", STANDARD)
        self._numbers = count(1)
        self._connection: Connection | None = None
        self._welcome = False
        self._outbox: deque[Asked] = deque()
        self._unread: asyncio.Queue[Incoming | None] = asyncio.Queue()
        self._ended: str | None = None
        self._keeping: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls, host: str, port: int, name: str, password: str | None = None, **terms: Unpack[Terms]
    ) -> Self:
        """Return a session that is connected and has said nothing yet; terms as in the constructor.

        Raises Unreachable.
        """
        session = cls(host, port, name, password, **terms)
        await session.open()
        return session

    async def open(self) -> None:
        """Connect, inside TLS where a context is given (I-TLS-1); nothing is sent yet. Raises Unreachable."""
        self._connection = await self._dial(self._emit)
        self._keeping = asyncio.create_task(self._keep(self._connection))

    async def hello(self, password: str | None = None) -> Message:
        """Say hello and return the answer (I-HELLO-1); the password, where one is given, counts from now on.

        A server that leaves the standard form unanswered for a while is greeted once more, with the name in every
        field that servers read it from, and spoken to in that way if it answers then; one that refuses ``id`` gets it
        no more. Raises Refused, Unanswered or Ended.
        """
        self._password = password or self._password
        answer: Message = {}
        if not self._dialect.nohello:
            try:
                answer = await self._greeted()
            except Refused as error:
                if self._dialect.noid or not _is_about_id(error):
                    raise
                self._speak(replace(self._dialect, noid=True))
                answer = await self._greeted()
        self._welcome = True
        return answer

    def request(self, action: str, **fields: Any) -> Coroutine[Any, Any, Message]:
        """Send a request at once, or as soon as there is a connection, and return the answer to be awaited.

        Raises InvalidMessage or ValueError for fields out of form, and sends nothing then. Awaiting raises Refused for
        a server-error, Unanswered if no answer comes in time, Lost if the connection was lost meanwhile and nothing
        tells what came of it, and Ended if the session is over.
        """
        asked = Asked(self._compose(action, fields))
        if self._ended is not None:
            asked.fail(Ended(self._ended))
        elif self._is_away:
            self._outbox.append(asked)
        elif self._connection is not None:
            self._connection.ask(asked, self._patience)
        return _answer(asked)

    async def quit(self) -> None:
        """Take leave: client-quit, wait for server-quit and for the server to close, then close (B-QUIT-1)."""
        if self._connection is not None and self._ended is None and not self._is_away:
            self._delays = None
            with suppress(SessionError, TimeoutError):
                async with asyncio.timeout(self._patience):
                    await self.request("client-quit")
                    await asyncio.wait([self._connection.over])
        await self.close()

    async def close(self) -> None:
        """Close the connection without a word; the server takes it for a departure."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if self._connection is not None:
            await self._connection.close(self._patience)
        self._end(self._connection.sentence if self._connection else said("The connection was closed."))

    async def __aenter__(self) -> Self:
        if self._connection is None:
            await self.open()
            try:
                await self.hello()
            except BaseException:
                await self.close()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.quit()

    async def __aiter__(self) -> AsyncIterator[Incoming]:
        while (incoming := await self._unread.get()) is not None:
            yield incoming
        self._unread.put_nowait(None)

    async def _greeted(self) -> Message:
        first = second = self._ask_hello()
        await asyncio.wait([first.answer], timeout=self._patience * HELLO_SHARE)
        if not first.answer.done() and not self._dialect.names:
            self._emit(Incoming(Notice(said("No answer to the hello yet; once more, with every name for its fields."))))
            standard = self._dialect
            self._speak(replace(standard, names=True))
            second = self._ask_hello()
            await asyncio.wait([first.answer, second.answer], return_when=asyncio.FIRST_COMPLETED)
            if first.answer.done() and not first.answer.exception():
                second.answer.cancel()  # otherwise it would take a later answer for its own
                second = first
                if "id" in first.answer.result():
                    self._speak(standard)  # it was understood, and slow
        return await _answer(second)

    def _ask_hello(self) -> Asked:
        asked = Asked(self._compose("client-hello", self._hello_fields))
        if self._connection is not None:
            self._connection.ask(asked, self._patience)
        return asked

    def _speak(self, dialect: Dialect) -> None:
        self._dialect = dialect
        if self._connection is not None:
            self._connection.dialect = dialect

    @property
    def ended(self) -> str | None:
        """How the session ended, as a sentence; None while it lives."""
        return self._ended

    @property
    def connected(self) -> bool:
        """Whether there is a connection now; what is asked without one is sent later."""
        return self._ended is None and not self._is_away

    @property
    def _is_away(self) -> bool:
        lost = self._connection is None or self._connection.over.done()
        return self._welcome and self._delays is not None and lost

    @property
    def _hello_fields(self) -> dict[str, str]:
        return {"pass": self._password} if self._password is not None else {}

    def _compose(self, action: str, fields: Mapping[str, Any]) -> Message:
        return {**compose(self.name, action, fields), "id": f"{ID_PREFIX}{next(self._numbers)}"}

    async def _dial(self, take: Callable[[Incoming], None]) -> Connection:
        host, port, tls = self._address
        return Connection(await dial(host, port, tls, self._patience), take, self._dialect)

    def _emit(self, incoming: Incoming) -> None:
        if not isinstance(incoming.content, Notice):
            self.known.learn(incoming.content)
        self._unread.put_nowait(incoming)

    async def _keep(self, connection: Connection) -> None:
        """Make the connection again whenever it is lost, until the session ends."""
        pauses: Iterator[float] | None = None
        while True:
            await asyncio.wait([connection.over])
            unsure = connection.unanswered()
            await connection.close(self._patience)
            if self._delays is None or not self._welcome:
                break
            self._connection = None
            if pauses is None or connection.age > STEADY_SECONDS:
                pauses = iter(self._delays)
            try:
                connection = await come_back(self._way(self._delays), connection.sentence, unsure, pauses)
            except GaveUp as error:
                self._end(str(error), unsure)
                return
            self._connection = connection
            while self._outbox:
                connection.ask(self._outbox.popleft(), self._patience)
        self._end(connection.sentence, unsure)

    def _way(self, delays: Delays) -> Way:
        hello = None if self._dialect.nohello else self._hello_fields
        return Way(self._dial, self._compose, self._emit, self.known, hello, self._patience, delays)

    def _end(self, sentence: str, unsure: Iterable[Asked] = ()) -> None:
        if self._ended is None:
            self._ended = sentence
            self._unread.put_nowait(None)
        for asked in (*unsure, *self._outbox):
            asked.fail(Ended(sentence))


def _is_about_id(refused: Refused) -> bool:
    return refused.field == "/id" or re.search(r"\bid\b", refused.sentence) is not None


async def _answer(asked: Asked) -> Message:
    await asyncio.wait([asked.answer])
    return asked.result()
