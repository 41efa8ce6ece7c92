"""What is known of the requests from the schemas and PROTOCOL.md: what they change, and which requirement is theirs."""

from collections.abc import Mapping
from typing import Any

from tchat_protocol import schemas

GROUP = frozenset(
    each for each in schemas.actions("requests") if "group" in schemas.schema("requests", each)["properties"]
)
"""The requests about one group."""

REQUIREMENT_OF = {
    "client-hello": "I-HELLO-1",
    "client-list-clients": "B-LIST-1",
    "client-send": "B-SEND-1",
    "client-broadcast": "B-BCAST-1",
    "client-quit": "B-QUIT-1",
    "cgroupe": "G-CREATE-1",
    "join": "G-JOIN-1",
    "gbroadcast": "G-POST-1",
    "members": "G-MEMBERS-1",
    "msgs": "G-MSGS-1",
    "groups": "G-GROUPS-1",
    "leave": "G-LEAVE-1",
    "invite": "G-INVITE-1",
    "kick": "G-KICK-1",
    "ban": "G-BAN-1",
    "unban": "G-UNBAN-1",
    "states": "G-STATES-1",
}
"""The requirement that says of each action that it works, and that those concerned hear of it."""


def news(action: str) -> str:
    """Return in words that others hear of something, such as "server-join to others"."""
    return f"{action} to others"


def requirement_of_news(action: str, fields: Mapping[str, Any]) -> str | None:
    """Return the requirement that says that others hear of something."""
    if action == "server-presence":
        return "B-PRES-1" if fields.get("online") else "B-PRES-2"
    name = action.removeprefix("server-")
    return REQUIREMENT_OF.get(name) or REQUIREMENT_OF.get(f"client-{name}")


def changes_something(action: str) -> bool:
    """Tell whether a request changes something, so that its answer acknowledges it and bears a time."""
    answer = schemas.answer_to(action)
    return answer in schemas.actions("answers") and "ts" in schemas.schema("answers", answer)["required"]
