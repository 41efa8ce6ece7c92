"""What each connection is sent at the end of a turn: whoever hears the same gets the same bytes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from tchat_protocol.messages import Request
from tchat_protocol.values import Value
from tchat_server.changes import Change
from tchat_server.connection import JOIN_WRITES_ABOVE, Connection


class Asked(Value, frozen=True):
    """An admitted request, with the form in which it was received, and the connection it came from."""

    connection: Connection
    received: dict[str, Any]
    request: Request


@dataclass(slots=True, eq=False)
class Reach:
    """The connections of an audience at a moment; entries of a turn that reach the same people share one."""

    connections: Sequence[Connection]


class Entry(Value, frozen=True):
    """One thing of a turn: what it changes, and what is sent once that is stored.

    ``own`` goes to ``connection``, ``copy`` to the others within ``reach``. ``asked`` is what to decide
    again should the commit fail; ``about`` whose presence is told.
    """

    connection: Connection | None
    own: bytes = b""
    copy: bytes = b""
    reach: Reach | None = None
    changes: tuple[Change, ...] = ()
    asked: Asked | None = None
    about: str | None = None


def queue(entries: Iterable[Entry]) -> Iterable[Connection]:
    """Queue what a turn has for each connection, in the order of its entries, and return those connections."""
    touched: dict[Connection, None] = {}
    for reach, run in groupby(entries, attrgetter("reach")):
        for connection, messages in _spread(reach, list(run)):
            connection.queue(messages)
            touched[connection] = None
    return touched


def _spread(reach: Reach | None, run: list[Entry]) -> Iterator[tuple[Connection, list[bytes]]]:
    """Yield what each connection gets of entries with the same reach: everyone but the requesters the same."""
    own: dict[Connection, dict[int, bytes]] = {}
    for place, entry in enumerate(run):
        if entry.connection is not None and entry.own:
            own.setdefault(entry.connection, {})[place] = entry.own
    copies = [entry.copy for entry in run]
    alike = [b"".join(copies)] if len(copies) > JOIN_WRITES_ABOVE else copies
    for connection in reach.connections if reach else ():
        answers = own.pop(connection, None)
        yield connection, _replaced(copies, answers) if answers else alike
    for connection, answers in own.items():
        yield connection, list(answers.values())


def _replaced(copies: list[bytes], answers: dict[int, bytes]) -> list[bytes]:
    messages = copies.copy()
    for place, answer in answers.items():
        messages[place] = answer
    return messages
