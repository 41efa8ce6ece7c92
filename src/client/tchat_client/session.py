"""A user's connection to a server, for programs: requests that are awaited, and everything that comes in between."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self

from tchat_client import near_forms
from tchat_client.matching import ID_PREFIX, answered
from tchat_protocol.framing import BadInput, Decoder, Message, encode
from tchat_protocol.messages import check_request, is_valid, request_name_field

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""The longest message accepted from a server, far above the 1,048,576 bytes of W-SIZE-3."""

PATIENCE_SECONDS = 10.0
"""How long to wait for a connection and for each answer, unless told otherwise."""

_CHUNK = 65_536


class SessionError(Exception):
    """What can go wrong between a client and a server; the text is a sentence for a person."""


class Unreachable(SessionError):  # noqa: N818 - named for what happened
    """No connection came about; ``reason`` says why."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"No server answers at {host}:{port} ({reason}).")
        self.reason = reason


class Refused(SessionError):  # noqa: N818 - named for what happened
    """The server refused a request; ``code`` and ``field`` are None where it named none."""

    def __init__(self, action: str, answer: Message) -> None:
        self.action = action
        self.answer = answer
        self.code = _text_or_none(answer, "code")
        self.field = _text_or_none(answer, "field")
        self.sentence = _text_or_none(answer, "msg") or "the server gave no reason"
        super().__init__(f"{action} was refused ({self.code or 'no code'}): {self.sentence}")


class Unanswered(SessionError):  # noqa: N818 - named for what happened
    """A request got no answer in time."""

    def __init__(self, action: str, seconds: float) -> None:
        super().__init__(f"{action} got no answer within {seconds:g} s.")
        self.action = action


class Ended(SessionError):  # noqa: N818 - named for what happened
    """The connection is over; the sentence says how it ended."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing the server sent, of any shape: a message, known or not, or text that is none."""

    content: Message | BadInput

    @property
    def valid(self) -> bool:
        """Whether it is an answer in the form that the schemas give it (A-FORM-1)."""
        return is_valid("answers", self.content)


def compose(name: str, action: str, fields: Mapping[str, Any]) -> Message:
    """Return a request in the form of its schema, with the user's name where the action has it.

    Raises InvalidMessage for a request out of form, and ValueError for text that is not Unicode.
    """
    name_field = request_name_field(action)
    message = {"action": action, **({name_field: name} if name_field else {}), **fields}
    check_request(message)
    return message


class Session:
    """One user on one connection. Iterate over it for everything the server sends, answers included.

    What came is kept until it is read by ``async for``, which ends when the connection does. Arguments of the
    constructor: streams of a connection just made, the user's name, the time limit for each answer in seconds.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, patience: float = PATIENCE_SECONDS
    ) -> None:
        self.name = name
        self._writer = writer
        self._patience = patience
        self._numbers = count(1)
        self._pending: dict[str, tuple[Message, asyncio.Future[Message]]] = {}
        self._unread: asyncio.Queue[Incoming | None] = asyncio.Queue()
        self._ended: str | None = None
        self._receiving = asyncio.create_task(self._receive(reader))

    @classmethod
    async def connect(
        cls, host: str, port: int, name: str, *, tls: ssl.SSLContext | None = None, patience: float = PATIENCE_SECONDS
    ) -> Self:
        """Connect, inside TLS where a context is given (I-TLS-1); nothing is sent yet.

        Raises Unreachable.
        """
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(host, port, ssl=tls)
        except TimeoutError:
            raise Unreachable(host, port, f"no connection within {patience:g} s") from None
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
            raise Unreachable(host, port, _reason(error)) from error
        return cls(reader, writer, name, patience)

    async def hello(self, password: str | None = None) -> Message:
        """Say hello and return the server's (I-HELLO-1).

        The first password given for a name protects it (I-AUTH-1). Raises what ``request`` does.
        """
        return await self.request("client-hello", **({} if password is None else {"pass": password}))

    def request(self, action: str, **fields: Any) -> Coroutine[Any, Any, Message]:
        """Send a request now; await the result for its answer.

        Awaiting raises Refused, Unanswered or Ended. The call itself raises InvalidMessage, or ValueError for text
        that is not Unicode, and then nothing was sent.
        """
        message = compose(self.name, action, fields)
        message["id"] = f"{ID_PREFIX}{next(self._numbers)}"
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        if self._ended is None:
            self._pending[message["id"]] = message, answer
            self._writer.write(encode(message))
        else:
            answer.set_exception(Ended(self._ended))
        return self._answer(message, answer)

    async def quit(self) -> None:
        """Take leave: client-quit, wait for server-quit and for the server to close, then close (B-QUIT-1)."""
        with suppress(SessionError):
            await self.request("client-quit")
            await asyncio.wait([self._receiving], timeout=self._patience)
        await self.close()

    async def close(self) -> None:
        """Close the connection without a word; the server takes it for a departure."""
        self._receiving.cancel()
        await asyncio.wait([self._receiving])
        self._writer.close()
        with suppress(OSError):  # TimeoutError among them: a peer may never end TLS
            async with asyncio.timeout(self._patience):
                await self._writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.quit()

    async def __aiter__(self) -> AsyncIterator[Incoming]:
        while (incoming := await self._unread.get()) is not None:
            yield incoming
        self._unread.put_nowait(None)

    @property
    def ended(self) -> str | None:
        """How the connection ended, as a sentence; None while it lives."""
        return self._ended

    async def _answer(self, message: Message, coming: asyncio.Future[Message]) -> Message:
        try:
            async with asyncio.timeout(self._patience):
                answer = await coming
        except TimeoutError:
            raise Unanswered(message["action"], self._patience) from None
        finally:
            self._pending.pop(message["id"], None)
        if near_forms.standard_action(answer) == "server-error":
            raise Refused(message["action"], answer)
        return answer

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        decoder = Decoder(MAX_ANSWER_BYTES)
        sentence = "The connection was closed."
        try:
            while not decoder.closed and (data := await reader.read(_CHUNK)):
                for each in decoder.feed(data):
                    self._take(each)
            sentence = _farewell(decoder)
        except OSError as error:
            sentence = f"The connection was lost ({_reason(error)})."
        finally:
            self._end(sentence)

    def _take(self, content: Message | BadInput) -> None:
        self._unread.put_nowait(Incoming(content))
        if isinstance(content, BadInput):
            return
        request = answered(content, [message for message, answer in self._pending.values() if not answer.done()])
        if request is not None:
            self._pending[request["id"]][1].set_result(content)

    def _end(self, sentence: str) -> None:
        self._ended = sentence
        self._unread.put_nowait(None)
        for _, answer in self._pending.values():
            if not answer.done():
                answer.set_exception(Ended(sentence))


def _farewell(decoder: Decoder) -> str:
    if decoder.closed:
        return f"The server sent a message of more than {MAX_ANSWER_BYTES:,} bytes; the connection was closed."
    middle = " in the middle of a message" if decoder.pending else ""
    return f"The server has closed the connection{middle}."


def _text_or_none(answer: Message, field: str) -> str | None:
    try:
        return str(near_forms.find(answer, field)[1])
    except near_forms.Unreadable:
        return None


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(getattr(error, "strerror", None) or error)
