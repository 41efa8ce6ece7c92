"""Commands from a pipe or a file: one a line, each answered before the next is sent."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from tchat_client.commands import Call, typed
from tchat_client.converse import note, note_help, note_malformed
from tchat_client.language import said
from tchat_client.session import Ended, Refused, Session, Unanswered
from tchat_client.shorthand import understood
from tchat_client.status import FAILURE, SUCCESS, UNANSWERED

_CHUNK = 65_536
_CHUNKS_AHEAD = 16
_SHOWN = 60
_ENTERING = ("cg", "j", "go")


async def obey(session: Session, descriptor: int, *, listening: bool = False) -> int:
    """Send the commands that are read from a file descriptor until it ends or one of them leaves.

    Who is ``listening`` stays when they end, until the session does.
    Returns SUCCESS if every command was acknowledged, otherwise what says the most of those that were not; each is
    named on standard error with the number of its line. Raises Ended when the session is over.
    """
    status = SUCCESS
    number = 0
    async for line in _lines(descriptor):
        number += 1
        if not line.strip():
            continue
        try:
            call = understood(line, session.known.current)
            if call.command.action == "client-quit":
                return status
            await _carry_out(session, call)
        except ValueError as error:
            status = max(status, FAILURE)
            note_malformed(said("line {number}: ", number=number), error)
        except Refused as error:
            if (call.command.word, error.code) == ("j", "already-member"):
                session.known.current = call.fields["group"]
            status = max(status, FAILURE)
            note(_place(number, call) + said("was refused: {why}", why=error.code or error.sentence))
        except Unanswered as error:
            status = UNANSWERED
            note(f"{_place(number, call)[:-1]}: {error}")
        except Ended:
            note(_place(number, call) + said("was not acknowledged"))
            raise
    if listening:
        await asyncio.Future()
    return status


async def _carry_out(session: Session, call: Call) -> None:
    """Do what a command asks for; where it is to enter a group, that one is current only if it succeeds."""
    group = call.fields.get("group")
    if call.command.word in _ENTERING:
        session.known.current = None
    if call.command.action is not None:
        await session.request(call.command.action, **call.fields)
    elif call.command.word == "help":
        note_help()
    if call.command.word in _ENTERING:
        session.known.current = group


def _place(number: int, call: Call) -> str:
    return said("line {number}: ", number=number) + f"{_shortened(call)} "


def _shortened(call: Call) -> str:
    line = typed(str(call.command.action), call.fields)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


async def _lines(descriptor: int) -> AsyncIterator[str]:
    """Read lines as they arrive, without holding up the event loop or the end of the program."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    free = threading.Semaphore(_CHUNKS_AHEAD)
    loop = asyncio.get_running_loop()
    # A thread works for files, pipes and terminals alike; as a daemon it may be left in the middle of reading.
    threading.Thread(target=_read, args=(descriptor, queue, free, loop), daemon=True).start()
    rest = b""
    while data := await queue.get():
        free.release()
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield _decoded(line)
    if rest:
        yield _decoded(rest)


def _read(
    descriptor: int, queue: "asyncio.Queue[bytes]", free: threading.Semaphore, loop: asyncio.AbstractEventLoop
) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile
        while True:
            free.acquire()
            try:
                data = os.read(descriptor, _CHUNK)
            except OSError:
                data = b""
            loop.call_soon_threadsafe(queue.put_nowait, data)
            if not data:
                return


def _decoded(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
