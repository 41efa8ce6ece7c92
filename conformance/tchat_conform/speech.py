"""How the suite speaks to one server: in the standard form, or with what that server was found to need.

A server that understands only another form would fail every case and learn nothing. The probe finds the form that it
understands; the suite speaks it, says so, and counts the deviation once, at the requirement that it breaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tchat_conform.verdict import Finding, Message
from tchat_protocol import schemas
from tchat_protocol.framing import encode

ENVELOPES = ("messageFormat",)
"""The fields under which servers in the field expect the protocol's message."""
ENVELOPE_EXTRAS = {"comment": "a message", "type": "Client request"}
PASSWORDS = ("pass", "password", "pwd", "mdp")
PRIVATE = {"public": False, "type": "private", "typeg": "groupe privee"}
"""How servers in the field are told that a group is private, beside the protocol's ``private``."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The form of what is sent. All false is the standard form.

    ``fields`` fills every alias of a name field at once, ``actions`` says some actions in other words, ``envelope``
    is the field that holds the message, ``password`` is sent with every hello, ``private`` marks private groups in
    every way known from the field, ``end`` follows each message, ``bare`` leaves out ``id``.
    ``capitals`` is about what is heard: its field names begin with capitals.
    """

    fields: bool = False
    actions: Mapping[str, str] = field(default_factory=dict)
    envelope: str | None = None
    password: str | None = None
    private: bool = False
    end: bytes = b"\n"
    bare: bool = False
    capitals: bool = False

    def heard(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return what the server sent in the protocol's own place and writing."""
        found = message if self.envelope is None else unwrapped(message)
        return {name.lower(): value for name, value in found.items()} if self.capitals else found

    def form(self, message: Message) -> dict[str, Any]:
        """Return a request as this server understands it."""
        said = dict(message)
        if self.fields:
            said = _all_aliases(said) | said
        if self.private and said.get("private") is True:
            said |= PRIVATE
        action = said.get("action")
        if self.password is not None and action == "client-hello":
            said = dict.fromkeys(PASSWORDS, self.password) | said
        if isinstance(action, str) and action in self.actions:
            said["action"] = self.actions[action]
        if self.envelope is not None:
            said = {self.envelope: said, **ENVELOPE_EXTRAS}
        return said

    def encoded(self, said: Message) -> bytes:
        """Return the bytes of a request that has its form already."""
        return encode(said).removesuffix(b"\n") + self.end


STANDARD = Speech()


def unwrapped(message: dict[str, Any]) -> dict[str, Any]:
    """Return the protocol's message out of an envelope, with what stood beside it, or the message itself without one.

    >>> unwrapped({"type": "reply", "messageFormat": {"action": "server-hello"}})
    {'type': 'reply', 'action': 'server-hello'}
    """
    if "action" in message:
        return message
    inner = [each for each in message.values() if isinstance(each, dict) and "action" in each]
    if len(inner) != 1:
        return message
    beside = {name: value for name, value in message.items() if value is not inner[0]}
    return beside | inner[0]


def _all_aliases(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for alike in schemas.load("aliases.json")["fields"]:
        value = next((message[name] for name in alike if name in message), None)
        if value is not None:
            found |= dict.fromkeys(alike, value)
    return found


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One way in which the suite departs from the standard, what it is for, and which requirements it counts at."""

    sentence: str
    requirements: frozenset[str]
    plain: frozenset[str] = frozenset()
    """The requirements whose cases speak the standard form all the same: they look at just this."""

    @property
    def finding(self) -> Finding:
        """What the cases of its requirements have to say of it."""
        return Finding(self.sentence, proof="found by the probe, before the first case")
