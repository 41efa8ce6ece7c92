"""What the terminal and the pipe have in common: printing what arrives, and the end of a conversation."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from tchat_client.commands import help_lines
from tchat_client.language import retold
from tchat_client.session import Ended, Incoming, Notice, Session
from tchat_client.show import lines
from tchat_client.status import ENDED
from tchat_client.text import clean
from tchat_protocol.messages import InvalidMessage

Show = Callable[[Incoming], None]


def note(text: str) -> None:
    """Say something of the client's own, apart from what the server sends: on standard error."""
    print(clean(text), file=sys.stderr, flush=True)


def note_help() -> None:
    """Show the list of commands, as a note."""
    for line in help_lines():
        note(line)


def note_malformed(place: str, error: ValueError) -> None:
    """Say why a command was not sent: each field at fault with the rule it breaks, or how the command is typed."""
    sentences = [retold(str(each)) for each in error.problems] if isinstance(error, InvalidMessage) else [str(error)]
    note(f"{place}{'; '.join(sentences)}")


def print_lines(incoming: Incoming) -> None:
    """Print what the server sent as people read it."""
    if isinstance(incoming.content, Notice):
        note(incoming.content.sentence)
    else:
        print("\n".join(lines(incoming.content)), flush=True)


def print_json(incoming: Incoming) -> None:
    """Print a message as JSON in ASCII on one line; what is no message is reported apart."""
    if not isinstance(incoming.content, dict):
        note(lines(incoming.content)[0])
    else:
        print(json.dumps(incoming.raw or incoming.content), flush=True)


async def converse(session: Session, obey: Coroutine[Any, Any, int], show: Show) -> int:
    """Print everything that arrives while ``obey`` sends commands, then take leave, however it ended.

    Returns the status that ``obey`` returned, or ENDED if the session ended before it was done. Raises OSError when
    nobody reads what is printed.
    """
    printing = asyncio.create_task(_print_all(session, show))
    obeying = asyncio.create_task(obey)
    try:
        await asyncio.wait([printing, obeying], return_when=asyncio.FIRST_COMPLETED)
    finally:
        obeying.cancel()
        await session.quit()
        await asyncio.wait([printing, obeying])
    printing.result()
    if not obeying.cancelled() and not isinstance(obeying.exception(), Ended):
        return obeying.result()
    note(session.ended or "")
    return ENDED


async def _print_all(session: Session, show: Show) -> None:
    async for incoming in session:
        show(incoming)
