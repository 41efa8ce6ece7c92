"""Pages of history: as many of the newest items as were asked for and as fit into an answer."""

from collections.abc import Iterable

from tchat_protocol.framing import encode
from tchat_protocol.messages import MAX_REPLY_BYTES
from tchat_server.answers import with_id
from tchat_server.outcome import Message, Page

_ITEMS = {"server-msgs": "messages", "server-states": "events"}


def fill(page: Page, newest_first: Iterable[Message], identifier: str | int | None) -> Message:
    """Return the answer that a page stands for (H-PAGE-1 to H-PAGE-3), at most 1 MiB long (W-SIZE-3)."""
    key = _ITEMS[page.action]
    answer: Message = {"action": page.action, "group": page.group, key: [], "more": False}
    answer = with_id(answer, identifier)
    items: list[Message] = []
    room = MAX_REPLY_BYTES - len(encode(answer))
    for item in newest_first:
        room -= len(encode(item))  # its line feed stands for the comma
        if len(items) == page.limit or room < 0:
            answer["more"] = True
            break
        items.append(item)
    answer[key] = items[::-1]
    return answer
