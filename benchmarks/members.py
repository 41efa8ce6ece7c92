"""The users of a group, as each kind of server knows them: tchat, IRC, MQTT.

Whatever the protocol, one line feed comes with each message that arrives, and nothing else does during a measurement,
so that all kinds are measured by the same code.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

RECEIVED_AT_ONCE = 1 << 20
GROUP = "wob"

Kind = Literal["tchat", "irc", "mqtt"]


class Lost(Exception):  # noqa: N818 - what happened to messages
    """Fewer or more messages arrived than were posted."""


class Member:
    """One user of tchat on a socket of its own; ``acknowledged`` is what only an answer to its own post contains."""

    acknowledged = b'"id":'
    hears_itself = True

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.lines = 0
        self.answers = 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tail = b""

    def request(self, action: str, **fields: Any) -> bytes:
        """Return a request of this user as bytes; its identifier is always 1."""
        field = "from" if action.startswith("client-") else "sender"
        return json.dumps({"action": action, field: self.name, **fields, "id": 1}).encode() + b"\n"

    def ask(self, action: str, **fields: Any) -> None:
        """Send a request and read up to its answer and to the end of that line."""
        self.exchange(self.request(action, **fields), self.acknowledged, b"\n")

    def greet(self) -> None:
        """Say who it is; the answer is still to be read."""
        self.socket.sendall(self.request("client-hello"))

    def come(self) -> None:
        """Read that the server knows who it is."""
        self.hear(self.acknowledged, b"\n")

    def found(self) -> None:
        """Make the group."""
        self.ask("cgroupe", group=GROUP)

    def join(self) -> None:
        """Join the group."""
        self.ask("join", group=GROUP)

    def settle(self) -> None:
        """Read all that was under way."""
        self.ask("client-list-clients")

    def post(self, text: str) -> bytes:
        """Return a message to the group, as bytes."""
        return self.request("gbroadcast", group=GROUP, msg=text)

    def post_and_ask(self, text: str) -> bytes:
        """Return a message to the group that is acknowledged."""
        return self.post(text)

    def exchange(self, sent: bytes, *awaited: bytes) -> None:
        """Send something, and hear the answer."""
        self.socket.sendall(sent)
        self.hear(*awaited)

    def hear(self, *awaited: bytes) -> None:
        """Read until all of what is awaited has come, the last of it at the end."""
        heard = b""
        while not (heard.endswith(awaited[-1]) and all(each in heard for each in awaited)):
            data = self.socket.recv(RECEIVED_AT_ONCE)
            if not data:
                raise Lost(f"the server has closed the connection of {self.name}")
            heard += data

    def receive(self, buffer: bytearray) -> int:
        """Receive into a buffer, and count what came; return how many bytes."""
        size = self.socket.recv_into(buffer)
        if not size:
            raise Lost(f"the server has closed the connection of {self.name}")
        self.lines += buffer.count(b"\n", 0, size)
        return size

    def count_answers(self, buffer: bytearray, size: int) -> int:
        """Return how many answers to one's own messages are among what was received."""
        text = self._tail + buffer[:size]
        self._tail = bytes(text[-len(self.acknowledged) + 1 :])
        found = text.count(self.acknowledged)
        self.answers += found
        return found


class IrcMember(Member):
    """A user of IRC. The server does not repeat what one writes: a PING after it tells when it was handled.

    Some servers leave Nagle's algorithm on. So that they do not wait for acknowledgements of TCP, which would make
    them 100 times as slow, these are sent at once.
    """

    acknowledged = b" PONG "
    hears_itself = False

    def greet(self) -> None:
        """Register."""
        self.socket.sendall(f"NICK {self.name}\r\nUSER {self.name} 0 * :{self.name}\r\n".encode())

    def come(self) -> None:
        """Read up to the end of the message of the day."""
        self.hear(b" 376 ", b"\n")

    def found(self) -> None:
        """Do nothing: who joins first founds the channel."""

    def join(self) -> None:
        """Join the channel, up to the end of its list of names."""
        self.exchange(f"JOIN #{GROUP}\r\n".encode(), b" 366 ", b"\n")

    def settle(self) -> None:
        """Read all that was under way."""
        self.exchange(b"PING settle\r\n", self.acknowledged, b"\n")
        self._acknowledge_at_once()

    def post(self, text: str) -> bytes:
        """Return a message to the channel."""
        return f"PRIVMSG #{GROUP} :{text} \r\n".encode()

    def receive(self, buffer: bytearray) -> int:
        """Receive, and let the server's system know at once."""
        size = super().receive(buffer)
        self._acknowledge_at_once()
        return size

    def _acknowledge_at_once(self) -> None:
        """Ask for it, which the system forgets now and then."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def post_and_ask(self, text: str) -> bytes:
        """Return a message to the channel and a question whose answer tells that it was handled."""
        return self.post(text) + b"PING post\r\n"


class MqttMember(Member):
    """A user of MQTT 3.1.1, without acknowledgements of the broker (QoS 0): its own message comes back to it."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(name, port)
        self.acknowledged = f"<{name}>".encode()

    def greet(self) -> None:
        """Ask to connect."""
        protocol, clean, forever = _text("MQTT") + b"\x04", b"\x02", b"\0\0"
        self.socket.sendall(_packet(0x10, protocol + clean + forever + _text(self.name)))

    def come(self) -> None:
        """Read that it is connected."""
        self.hear(b"\x20\x02\0\0")

    def found(self) -> None:
        """Do nothing: topics need not be made."""

    def join(self) -> None:
        """Subscribe to the topic."""
        self.exchange(_packet(0x82, b"\0\x01" + _text(GROUP) + b"\0"), b"\x90\x03\0\x01\0")

    def settle(self) -> None:
        """Read all that was under way."""
        self.exchange(_packet(0xC0, b""), b"\xd0\0")

    def post(self, text: str) -> bytes:
        """Return a message to the topic, which ends with a line feed."""
        return _packet(0x30, _text(GROUP) + f"<{self.name}> {text} \n".encode())


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _packet(head: int, body: bytes) -> bytes:
    if len(body) >= 0x80 or len(body) == ord("\n"):
        raise ValueError(f"a length of {len(body)} bytes takes two, or looks like a line feed")
    return bytes([head, len(body)]) + body


KINDS: dict[Kind, type[Member]] = {"tchat": Member, "irc": IrcMember, "mqtt": MqttMember}


@contextmanager
def group(kind: Kind, port: int, size: int) -> Iterator[list[Member]]:
    """Have all members come and join; when the block begins, nothing is under way any more."""
    members = [KINDS[kind](f"u{number}", port) for number in range(size)]
    try:
        for member in members:  # all at once: some servers look only every second at who is new
            member.greet()
        for member in members:
            member.come()
        members[0].found()
        for member in members:
            member.join()
        for member in members:
            member.settle()
        yield members
    finally:
        for member in members:
            member.socket.close()
