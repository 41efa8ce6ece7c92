"""What a fault of the misbehaving server is: a few lines between the reference server and the client."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from tchat_conform.form import user_of
from tchat_conform.observe import CLIENTS_LINK
from tchat_conform.relay import Outlet, Peer
from tchat_conform.requirements import requirements
from tchat_protocol import messages
from tchat_protocol.framing import BadInput, Decoder, Message, encode
from tchat_protocol.messages import MAX_REPLY_BYTES

APART = 0.002
"""Seconds between two segments, so that a client that reads at once gets them one by one."""


REFUSED = "tchat-conform-refused"
"""What the server behind gets for a request that a fault refuses: an action that it answers at its turn."""


class Restart(Protocol):
    """Kills the reference server without warning and starts it again."""

    async def __call__(self) -> None:
        """Return once it accepts connections again."""


@dataclass(slots=True)
class Wire:
    """One client's connection, as a fault sees it.

    ``chance`` is seeded, ``restart`` ends and starts the server behind, ``user`` is the name that the client goes by,
    ``counted`` counts whatever a fault has to count.
    """

    client: Peer
    server: Peer
    chance: Random
    restart: Restart
    user: str | None = None
    counted: Counter[str] = field(default_factory=Counter)
    refusals: deque[Message] = field(default_factory=deque)

    async def say(self, *texts: Mapping[str, Any] | bytes) -> None:
        """Send messages or bytes to the client, all in one segment. Raises OSError once it is gone."""
        await self.client.send(b"".join(each if isinstance(each, bytes) else encode(each) for each in texts))
        await asyncio.sleep(APART)

    async def say_apart(self, *segments: bytes) -> None:
        """Send each piece in a segment of its own."""
        for each in segments:
            await self.say(each)

    async def ask(self, request: Mapping[str, Any]) -> None:
        """Send a request to the server behind."""
        await self.server.send(encode(request))

    async def refuse(self, request: Message, code: str, sentence: str) -> None:
        """Refuse a request in the server's place, once the server has answered those before it."""
        self.refusals.append({"action": "server-error", "code": code, "msg": sentence, **messages.echo(request)})
        await self.ask({"action": REFUSED})

    def nth(self, what: str) -> int:
        """Count one more of something, and return how many there were."""
        self.counted[what] += 1
        return self.counted[what]

    async def close(self) -> None:
        """Close the client's connection; nothing more can be said. Raises ConnectionError, always."""
        await self.client.close()
        raise ConnectionAbortedError("the fault has closed the connection")

    def reset(self) -> None:
        """Reset the client's connection; nothing more can be said. Raises ConnectionError, always."""
        self.client.reset()
        raise ConnectionAbortedError("the fault has reset the connection")


class On(Protocol):
    """What a fault does with one message."""

    __name__: str

    async def __call__(self, wire: Wire, message: Message, /) -> None:
        """See Fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A named way to misbehave.

    ``law`` is the number of a requirement, or words of section 9 of PROTOCOL.md, that say what the client may expect
    or has to bear; ``breaks`` tells whether the fault breaks it. ``answer`` is called with each answer of the server
    instead of passing it on, and ``request`` with each request of the client.
    """

    name: str
    sentence: str
    law: str
    breaks: bool
    answer: On | None = None
    request: On | None = None

    @property
    def law_in_words(self) -> str:
        """The law with its link, and whether it is kept."""
        if self.law not in requirements():
            return f"A client has to bear it: {self.law} ({CLIENTS_LINK})"
        requirement = requirements()[self.law]
        opening = "No server should do it; a good client survives it" if self.breaks else "It may happen"
        return f"{opening}. {requirement.id}: {requirement.text} ({requirement.link})"


FAULTS: dict[str, Fault] = {}
"""Every fault by its name, in the order of their modules."""


def on_answer(law: str, *, breaks: bool = False) -> Callable[[On], On]:
    """Register a function as a fault that changes answers; its name and docstring are the fault's."""
    return _register(law, breaks, lambda function: (function, None))


def on_request(law: str, *, breaks: bool = False) -> Callable[[On], On]:
    """Register a function as a fault that changes what becomes of requests."""
    return _register(law, breaks, lambda function: (None, function))


def _register(law: str, breaks: bool, hooks: Callable[[On], tuple[On | None, On | None]]) -> Callable[[On], On]:
    def register(function: On) -> On:
        name = function.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, str(function.__doc__), law, breaks, *hooks(function))
        return function

    return register


def outlets_of(fault: Fault, wire: Wire) -> tuple[Outlet, Outlet]:
    """Return where the client's bytes go, and where the server's."""
    return _Requests(fault, wire), _Answers(fault, wire)


@dataclass(slots=True)
class _Requests:
    fault: Fault
    wire: Wire
    decoder: Decoder = field(default_factory=Decoder)

    async def send(self, data: bytes) -> None:
        found = self.decoder.feed(data)
        for each in found:
            self.wire.user = self.wire.user or user_of(each)
        if self.fault.request is None or self.decoder.closed:
            await self.wire.server.send(data)
            return
        for each in found:
            if isinstance(each, BadInput):
                await self.wire.server.send(each.raw + b"\n")  # it is refused whatever follows
            else:
                await self.fault.request(self.wire, each)

    async def end(self) -> None:
        await self.wire.server.end()


@dataclass(slots=True)
class _Answers:
    fault: Fault
    wire: Wire
    decoder: Decoder = field(default_factory=lambda: Decoder(limit=MAX_REPLY_BYTES))

    async def send(self, data: bytes) -> None:
        for each in self.decoder.feed(data):
            if isinstance(each, BadInput):
                raise RuntimeError(f"the reference server sent {each.reason}")  # noqa: TRY004 - no matter of types
            if each.get("request") == REFUSED:
                await self.wire.say(self.wire.refusals.popleft())
            else:
                await (self.fault.answer or _say)(self.wire, each)

    async def end(self) -> None:
        await self.wire.client.end()


async def _say(wire: Wire, answer: Message) -> None:
    await wire.say(answer)
