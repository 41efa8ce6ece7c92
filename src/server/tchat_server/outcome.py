"""What deciding a request yields: the one answer, who gets it, and what it changes."""

from typing import Any, Literal

from tchat_protocol.values import Value
from tchat_server.changes import Change

Message = dict[str, Any]


class Page(Value, frozen=True):
    """The answer to msgs or states, still to be read: the newest ``limit`` items of seq smaller than ``before``."""

    action: Literal["server-msgs", "server-states"]
    group: str
    before: int
    limit: int


class Outcome(Value, frozen=True):
    """An accepted request: ``answer`` goes to the requester, with its id, and to the others in ``audience``.

    ``closes`` says that the requester's connection is closed afterwards.
    """

    answer: Message | Page | None
    audience: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    closes: bool = False
