"""What the judgement looks up: which requirement a command or a way of writing is about, and words that refuse."""

import re

from tchat_conform.expect import looks_refused
from tchat_conform.matrix.wire import Told, Trait

COMMANDS = {
    "client-hello": "C-FORM-1",
    "client-send": "C-SEND-1",
    "client-broadcast": "C-BCAST-1",
    "client-list-clients": "C-LIST-1",
    "client-quit": "C-QUIT-1",
    "cgroupe": "C-CREATE-1",
    "join": "C-JOIN-1",
    "gbroadcast": "C-POST-1",
    "members": "C-MEMBERS-1",
    "msgs": "C-MSGS-1",
    "groups": "C-GROUPS-1",
    "leave": "C-LEAVE-1",
    "invite": "C-INVITE-1",
    "kick": "C-KICK-1",
    "ban": "C-BAN-1",
    "unban": "C-UNBAN-1",
    "states": "C-STATES-1",
}
"""The requirement that a client breaks whose command does not send its request."""
PRIVATE = "C-PRIVATE-1"
OF_CLIENTS = {Trait.JOINED: "C-JOINED-1", Trait.CUT: "C-CUT-1", Trait.SPREAD: "C-SEP-1", Trait.BARE: "C-SEP-1"}
OF_SERVERS = {Trait.JOINED: "W-JOIN-1", Trait.CUT: "W-SPLIT-1", Trait.SPREAD: "W-PRETTY-1", Trait.BARE: "W-SEP-1"}
"""The requirement to bear messages that come in some way."""
WAYS = {
    Trait.JOINED: "several messages in one segment",
    Trait.CUT: "a message cut over several segments",
    Trait.SPREAD: "a message on several lines",
    Trait.BARE: "a message without a line feed behind it",
}
SHOWN = {
    "text": "the text",
    "author": "who wrote it",
    "online": "who is online",
    "group": "the group",
    "reason": "the reason",
    "read": "what he had read",
    "missed": "what he missed",
    "coming": "who has come",
    "leaving": "who has left",
}
"""What a screen has to show, in words."""
LIMITS = frozenset({"rate-limited", "server-full", "storage-full"})
"""Refusals that a server may answer any request with."""
AT_ONCE = re.compile(r"\}\s*\{|after JSON|Extra data")
"""What programs say of two messages that they take for one."""
_MISSING = re.compile(r"(?i)n'existe pas|introuvable|does ?(not|n't) exist|no such (group|user)|\bnot found\b")
"""What servers say in words of a group or user that is not there."""
_UNKNOWN = re.compile(
    r"(?i)(unknown|unsupported|not (implemented|supported)|inconnue?|non (reconnue?|support\w+)).{0,12}"
    r"(action|command|request|commande|requ[eê]te)|(action|command|commande|requ[eê]te).{0,24}"
    r"(unknown|unsupported|not (implemented|supported)|inconnue?|non (reconnue?|support\w+))"
)


def is_refusal(told: Told) -> bool:
    """Tell whether a message refuses something, be it in words, under the action of an answer."""
    text = told.inner.get("msg")
    return looks_refused(told.inner) or (bool(told.faults) and isinstance(text, str) and bool(_MISSING.search(text)))


def is_unknown(told: Told) -> bool:
    """Tell whether a refusal says that the server does not know the action."""
    message = told.inner
    return message.get("code") == "unknown-action" or (
        "code" not in message and isinstance(message.get("msg"), str) and _UNKNOWN.search(message["msg"]) is not None
    )
