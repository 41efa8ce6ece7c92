"""What a group's history says of the time that a client was away: read page by page, put in order, seen once."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tchat_client import near_forms
from tchat_client.trouble import Refused, Unanswered
from tchat_protocol.framing import Message
from tchat_protocol.names import normal

PAGE = 1_000
"""How many items a page is asked to have: the most that there may be (section 8)."""
MOST = 20_000
"""How many items are fetched of each history of a group, the newest."""

Ask = Callable[..., Awaitable[Message]]

_COMING, _PUT_OUT = ("server-cgroupe", "server-join"), ("server-kick", "server-ban")


@dataclass(slots=True)
class Missed:
    """What happened in a group after the last ``seq`` seen: ``messages`` as they would have been delivered, in order.

    Where no ``seq`` was seen, what happened ``since`` a time counts: a member would have got it from then on.
    ``complete`` is False where the server did not tell everything, and ``refusal`` says why it told nothing.
    """

    group: str
    after: int
    since: str = ""
    messages: list[Message] = field(default_factory=list)
    complete: bool = True
    refusal: Refused | None = None

    def holds(self, item: dict[str, Any]) -> bool:
        """Tell whether an item of the history is one of those that were missed."""
        return _seq(item) > self.after and str(item.get("ts", "")) >= self.since


async def fetch(ask: Ask, missed: Missed, *, paging: bool) -> Missed:
    """Ask for the posts and events that were missed, page by page where there are pages, and return them.

    Raises Ended when the connection is lost meanwhile.
    """
    for action, listing in (("msgs", "messages"), ("states", "events")):
        try:
            items = await _items(ask, action, listing, missed, paging=paging)
        except Refused as error:
            missed.refusal = error
            missed.complete = False
        except Unanswered:
            missed.complete = False
        else:
            missed.messages += [delivered(missed.group, each) for each in items]
    missed.messages.sort(key=lambda each: int(each["seq"]))
    return missed


async def _items(ask: Ask, action: str, listing: str, missed: Missed, *, paging: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before: dict[str, int] = {}
    while True:
        answer = await ask(action, group=missed.group, **({"limit": PAGE} if paging else {}), **before)
        items = _list(answer, listing)
        new = [each for each in items if isinstance(each, dict) and missed.holds(each)]
        if any(not isinstance(each, dict) or not _seq(each) for each in items):
            missed.complete = False  # items that cannot be told from those that were seen
        found = new + found
        if not paging or not new or len(new) < len(items) or answer.get("more") is not True:
            return found
        if len(found) >= MOST:
            missed.complete = False
            return found
        before = {"before": _seq(new[0])}


def delivered(group: str, item: dict[str, Any]) -> Message:
    """Return an item of ``msgs`` or ``states`` as the message in which it was delivered."""
    rest = {name: value for name, value in item.items() if name != "event"}
    action = f"server-{item['event']}" if isinstance(item.get("event"), str) else "server-gbroadcast"
    return {"action": action, "group": group, **rest}


def heard_by(name: str, messages: Iterable[Message], *, member: bool = True) -> list[Message]:
    """Return those messages of a group that would have reached somebody: a member, until that ends (G-LEAVE-2)."""
    reached = []
    for message in messages:
        action = message["action"]
        comes = action in _COMING and _name(message.get("sender")) == name
        if member or comes or _name(message.get("dest")) == name:
            reached.append(message)
        member = (member or comes) and not _goes(message, name)
    return reached


def trace_of(request: Message, messages: Iterable[Message], *, claimed: Iterable[Message] = ()) -> Message | None:
    """Return the message that a change would have brought about, had it been carried out; None where there is none.

    Those ``claimed`` belong to other requests. Who came in and has left again since has no trace of coming in.
    """
    action = "server-gbroadcast" if request["action"] == "gbroadcast" else f"server-{request['action']}"
    told = [field for field in ("sender", "dest", "msg", "reason") if field in request]
    found: Message | None = None
    for message in messages:
        if action in _COMING and _goes(message, _name(request["sender"])):
            found = None
        fits = message["action"] == action and all(_name(message.get(each)) == _name(request[each]) for each in told)
        if found is None and fits and not any(message is each for each in claimed):
            found = message
    return found


def _goes(message: Message, name: str) -> bool:
    if message["action"] == "server-leave":
        return bool(_name(message.get("sender")) == name)
    return message["action"] in _PUT_OUT and _name(message.get("dest")) == name


def _list(answer: Message, listing: str) -> list[Any]:
    try:
        return list(near_forms.find(answer, listing, list)[1])
    except near_forms.Unreadable:
        return []


def _seq(item: dict[str, Any]) -> int:
    seq = item.get("seq")
    return seq if type(seq) is int else 0


def _name(value: Any) -> Any:
    return normal(value) if isinstance(value, str) else value
