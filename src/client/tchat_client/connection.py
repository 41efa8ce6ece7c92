"""One connection to a server: requests go out, their answers are found, and everything that comes is handed on."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tchat_client import near_forms
from tchat_client.dialect import STANDARD, Dialect, unwrapped
from tchat_client.incoming import Incoming
from tchat_client.language import said
from tchat_client.matching import answered
from tchat_client.trouble import Ended, Refused, SessionError, Unanswered, Unreachable, reason_of
from tchat_protocol.framing import BadInput, Decoder, Message

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""The longest message accepted from a server, far above the 1,048,576 bytes of W-SIZE-3."""

MUTE_SECONDS = 2.0
"""How long to wait, at most, for the answer to an action that this server has left unanswered before."""
BROKEN_SECONDS = 1.0
"""How long to wait, at most, for an answer when a broken message came: answers come in order (W-ORDER-1)."""
STALLED_SECONDS = 2.0
"""How long the rest of a message may take, at most, before its beginning counts as broken."""

_CHUNK = 65_536

_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""After 30 s of silence the system asks the server's system whether it is there, and gives up a minute later."""


@dataclass(slots=True, eq=False)
class Asked:
    """A request and the answer that it waits for; one that is ``quiet`` has its answer handed to nobody else.

    ``sent`` counts how often it was sent.
    """

    message: Message
    quiet: bool = False
    sent: int = 0
    answer: asyncio.Future[Message] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _expiry: asyncio.TimerHandle | None = None

    def wait_for(self, seconds: float) -> None:
        """Begin the time within which the answer has to come."""
        loop = asyncio.get_running_loop()
        action = self.message["action"]
        self._expiry = loop.call_later(seconds, lambda: self.fail(Unanswered.within(action, seconds)))
        self.answer.add_done_callback(lambda _: self.stop_waiting())

    def hurry(self, seconds: float) -> None:
        """Leave only so much time for the answer: what came in its place could not be read."""
        if self._expiry is not None and self._expiry.when() > asyncio.get_running_loop().time() + seconds:
            self._expiry.cancel()
            sentence = said("{action} got no answer that could be read.", action=self.message["action"])
            error = Unanswered(self.message["action"], sentence)
            self._expiry = asyncio.get_running_loop().call_later(seconds, lambda: self.fail(error))

    def stop_waiting(self) -> None:
        """End that time."""
        if self._expiry is not None:
            self._expiry.cancel()

    def succeed(self, answer: Message) -> None:
        """Give the answer to who waits for it."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def result(self) -> Message:
        """Return the answer that has come. Raises Refused, or what was given instead of an answer."""
        answer = self.answer.result()
        if near_forms.standard_action(answer) == "server-error":
            raise Refused(self.message["action"], answer)
        return answer

    def fail(self, error: SessionError) -> None:
        """Tell who waits that there will be no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # it may be that nobody waits any more


async def dial(
    host: str, port: int, tls: ssl.SSLContext | None, patience: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect, inside TLS where a context is given (I-TLS-1). Raises Unreachable."""
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except TimeoutError:
        raise Unreachable(host, port, said("no answer within {seconds} s", seconds=f"{patience:g}")) from None
    except (OSError, UnicodeError) as error:  # UnicodeError: host names that cannot be looked up
        raise Unreachable(host, port, reason_of(error)) from error
    _notice_the_dead(writer.get_extra_info("socket"))
    return reader, writer


class Connection:
    """A connection just made; what comes goes to ``take``, in its order, until ``over`` is done.

    ``over`` gives the sentence that says how it ended.
    """

    def __init__(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        take: Callable[[Incoming], None],
        dialect: Dialect = STANDARD,
    ) -> None:
        reader, self._writer = streams
        self.take = take
        self.dialect = dialect
        self._asked: list[Asked] = []
        self._mute: set[str] = set()
        self._free_at = 0.0
        self._began = asyncio.get_running_loop().time()
        self.over = asyncio.create_task(self._receive(reader))

    def ask(self, asked: Asked, patience: float) -> None:
        """Send a request; its answer has so many seconds to come."""
        if self.over.done():
            asked.fail(Ended(self.sentence))
            return
        asked.sent += 1
        self._asked.append(asked)
        asked.answer.add_done_callback(lambda _: self._forget(asked))
        asked.wait_for(min(patience, MUTE_SECONDS) if asked.message["action"] in self._mute else patience)
        self._send(self.dialect.encoded(asked.message))

    @property
    def sentence(self) -> str:
        """How the connection ended."""
        return said("The connection was closed.") if self.over.cancelled() else self.over.result()

    def unanswered(self) -> list[Asked]:
        """Take over the requests that were sent and have no answer, oldest first; they wait without a limit now."""
        left, self._asked = self._asked, []
        for each in left:
            each.stop_waiting()
        return left

    @property
    def age(self) -> float:
        """Seconds since the connection was made."""
        return asyncio.get_running_loop().time() - self._began

    async def close(self, patience: float) -> None:
        """Close the connection without a word; the server takes it for a departure."""
        self.over.cancel()
        await asyncio.wait([self.over])
        self._writer.close()
        with suppress(OSError):  # TimeoutError among them: a peer may never end TLS
            async with asyncio.timeout(patience):
                await self._writer.wait_closed()

    def _forget(self, asked: Asked) -> None:
        if asked not in self._asked:
            return
        self._asked.remove(asked)
        if not asked.answer.cancelled() and isinstance(asked.answer.exception(), Unanswered):
            self._mute.add(asked.message["action"])

    def _send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        if self._free_at > loop.time():
            loop.call_at(self._free_at, self._writer.write, data)
        else:
            self._writer.write(data)
        self._free_at = max(self._free_at, loop.time()) + self.dialect.space

    async def _receive(self, reader: asyncio.StreamReader) -> str:
        decoder = Decoder(MAX_ANSWER_BYTES)
        try:
            while not decoder.closed and (data := await self._read(reader, decoder)):
                for each in decoder.feed(data):
                    self._hand_on(each)
        except OSError as error:
            return said("The connection was lost ({reason}).", reason=reason_of(error))
        return _farewell(decoder)

    async def _read(self, reader: asyncio.StreamReader, decoder: Decoder) -> bytes:
        """Return what comes next; a message that stays unfinished is not waited for by who wants an answer."""
        if decoder.pending and self._asked:
            reading = asyncio.ensure_future(reader.read(_CHUNK))
            try:
                await asyncio.wait([reading], timeout=STALLED_SECONDS)
                if not reading.done() and self._asked:
                    self._asked[0].hurry(0)
                return await reading
            finally:
                reading.cancel()
        return await reader.read(_CHUNK)

    def _hand_on(self, content: Message | BadInput) -> None:
        if isinstance(content, BadInput):
            self.take(Incoming(content))
            if self._asked and content.raw.lstrip().startswith(b"{"):
                self._asked[0].hurry(BROKEN_SECONDS)
            return
        message = unwrapped(content)
        open_requests = [each for each in self._asked if not each.answer.done()]
        request = answered(message, [each.message for each in open_requests])
        asked = next((each for each in open_requests if each.message is request), None)
        if asked is None or not asked.quiet:
            self.take(Incoming(message, raw=None if message is content else content))
        if asked is not None:
            asked.succeed(message)


def _farewell(decoder: Decoder) -> str:
    if decoder.closed:
        return said(
            "The server sent a message of more than {most} bytes; the connection was closed.",
            most=f"{MAX_ANSWER_BYTES:,}",
        )
    if decoder.pending:
        return said("The server has closed the connection in the middle of a message.")
    return said("The server has closed the connection.")


def _notice_the_dead(sock: Any) -> None:
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):  # not every system has each of them
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
