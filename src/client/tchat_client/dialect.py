"""How requests are put for one server: in the standard form, or as that server needs them."""

from dataclasses import dataclass, fields
from typing import Any

from tchat_client.language import phrase
from tchat_protocol import schemas
from tchat_protocol.framing import Message, encode

_PASSWORDS = ("pass", "password", "pwd", "mdp")
_PRIVATE = {"public": False, "type": "private", "typeg": "groupe privee"}
_ENVELOPE = {"comment": "a message", "type": "Client request"}
_SPACE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Dialect:
    """The form of what is sent; all false is that of PROTOCOL.md. What each is for says ``MEANINGS``."""

    names: bool = False
    cgroup: bool = False
    password: bool = False
    private: bool = False
    envelope: bool = False
    nohello: bool = False
    noid: bool = False
    crlf: bool = False
    noline: bool = False
    spaced: bool = False

    @property
    def space(self) -> float:
        """Seconds between two messages."""
        return _SPACE_SECONDS if self.spaced else 0.0

    def form(self, message: Message) -> Message:
        """Return a request as this server understands it."""
        form = dict(message)
        if self.names:
            form |= _under_every_name(form)
        if self.password and "pass" in form:
            form |= dict.fromkeys(_PASSWORDS, form["pass"])
        if self.private and form.get("private") is True:
            form |= _PRIVATE
        if self.cgroup and form["action"] == "cgroupe":
            form["action"] = "cgroup"
        if self.noid:
            form.pop("id", None)
        return {"messageFormat": form, **_ENVELOPE} if self.envelope else form

    def encoded(self, message: Message) -> bytes:
        """Return the bytes of a request."""
        end = b"" if self.noline else b"\r\n" if self.crlf else b"\n"
        return encode(self.form(message)).removesuffix(b"\n") + end


STANDARD = Dialect()

MEANINGS = {
    "names": phrase("say each name under from, sender and name, and whom it is for under to and dest"),
    "cgroup": phrase("say cgroup for cgroupe"),
    "password": phrase("say the password under pass, password, pwd and mdp"),
    "private": phrase("mark private groups by public, type and typeg, too"),
    "envelope": phrase("put each message into messageFormat, with comment and type beside it"),
    "nohello": phrase("say no hello: the first command brings the name"),
    "noid": phrase("send no id"),
    "crlf": phrase("end each message with CRLF"),
    "noline": phrase("end no message with a line feed"),
    "spaced": phrase("leave a tenth of a second between two messages"),
}
"""The words of ``--dialect``, each a field of Dialect, as a test compares."""


def dialect_of(words: str) -> Dialect:
    """Return the dialect of a list of words with commas. Raises KeyError for an unknown word.

    >>> dialect_of("names,cgroup").cgroup
    True
    """
    chosen = [word.strip() for word in words.split(",") if word.strip()]
    for word in chosen:
        if word not in {each.name for each in fields(Dialect)}:
            raise KeyError(word)
    return Dialect(**dict.fromkeys(chosen, True))


def unwrapped(message: Message) -> dict[str, Any]:
    """Return the protocol's message out of an envelope, with what stood beside it, or the message itself without one.

    >>> unwrapped({"type": "reply", "messageFormat": {"action": "server-hello"}})
    {'type': 'reply', 'action': 'server-hello'}
    """
    if "action" in message:
        return message
    inner = [each for each in message.values() if isinstance(each, dict) and isinstance(each.get("action"), str)]
    if len(inner) != 1:
        return message
    return {name: value for name, value in message.items() if value is not inner[0]} | inner[0]


def _under_every_name(message: Message) -> dict[str, Any]:
    alike: dict[str, Any] = {}
    for names in schemas.load("aliases.json")["fields"]:
        value = next((message[name] for name in names if name in message), None)
        if value is not None:
            alike |= dict.fromkeys(names, value)
    return alike
