"""``tchat-conform serve --fault``: what a client gets to see of each fault."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from conform.commands import LIMIT, running
from conform.inprocess import InProcessServer
from tchat_conform.cli import main
from tchat_conform.faults import FAULTS, Wire, behaviour, outlets_of
from tchat_conform.relay import Outlet, Peer, Relay
from tchat_conform.requirements import requirements
from tchat_protocol import messages, schemas
from tchat_protocol.errors import ErrorCode
from tchat_protocol.framing import BadInput, Decoder, Message, encode
from tchat_protocol.messages import MAX_REPLY_BYTES

LOCAL = "127.0.0.1"

REQUESTS: Sequence[Message] = (
    {"action": "client-hello", "from": "alice", "id": 1},
    {"action": "cgroupe", "sender": "alice", "group": "wob", "id": 2},
    {"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "hello", "id": 3},
    {"action": "msgs", "sender": "alice", "group": "wob", "id": 4},
    {"action": "client-quit", "from": "alice", "id": 5},
)
ANSWERS = ["server-hello", "server-cgroupe", "server-gbroadcast", "server-msgs", "server-quit"]


@dataclass
class Heard:
    """What a client got until its connection ended: each read's bytes, and whether a reset ended it."""

    segments: list[bytes]
    reset: bool

    @property
    def raw(self) -> bytes:
        return b"".join(self.segments)

    @property
    def all(self) -> list[Message | BadInput]:
        return Decoder(2 * MAX_REPLY_BYTES).feed(self.raw)

    @property
    def messages(self) -> list[Message]:
        return [each for each in self.all if not isinstance(each, BadInput)]

    @property
    def actions(self) -> list[Any]:
        return [each["action"] for each in self.messages]

    @property
    def answers(self) -> list[Message]:
        """The messages that any server would have sent."""
        return [each for each in self.messages if each["action"] in ANSWERS]


async def heard(fault: str, folder: Path, *, seed: int = 0) -> Heard:
    """Say REQUESTS to a server with a fault, all at once."""
    behind = InProcessServer(folder / f"{fault}.sqlite")

    async def outlets(number: int, client: Peer, server: Peer) -> tuple[Outlet, Outlet]:
        chance = Random(f"{seed}/{number}")  # noqa: S311 - as in the command
        return outlets_of(FAULTS[fault], Wire(client, server, chance, restart))

    async def restart() -> None:
        await behind.restart(kill=True)

    await behind.start()
    try:
        async with (
            asyncio.timeout(LIMIT),
            Relay(behind.address, lambda _: None, outlets).listening(LOCAL, 0) as port,
        ):
            return await _said(port)
    finally:
        await behind.stop()


async def _said(port: int) -> Heard:
    reader, writer = await asyncio.open_connection(LOCAL, port)
    writer.write(b"".join(encode(each) for each in REQUESTS))
    segments: list[bytes] = []
    reset = False
    try:
        while data := await reader.read(65_536):
            segments.append(data)
    except ConnectionResetError:
        reset = True
    writer.close()
    return Heard(segments, reset)


def without_time(raw: bytes) -> bytes:
    return re.sub(rb'"ts": ?"[^"]*"', b'"ts":""', raw)


def all_valid(heard: Heard) -> bool:
    return all(messages.is_valid("answers", each) for each in heard.messages)


def as_usual(heard: Heard) -> bool:
    """Tell whether every answer came, in order and in the standard form, whatever came with it."""
    return [each["action"] for each in heard.answers] == ANSWERS and all(
        messages.is_valid("answers", each) for each in heard.answers
    )


SHOWS: dict[str, Callable[[Heard], bool]] = {
    "split": lambda it: as_usual(it) and len(it.segments) > len(it.raw) / 2,
    "split-character": lambda it: as_usual(it) and any(_ends_inside_a_character(each) for each in it.segments),
    "coalesced": lambda it: as_usual(it) and it.raw.count(b"\n") == len(it.messages) > len(it.segments),
    "joined": lambda it: as_usual(it) and b"\n" not in it.raw and len(it.messages) > len(it.segments),
    "no-newline": lambda it: as_usual(it) and b"\n" not in it.raw,
    "crlf": lambda it: as_usual(it) and it.raw.count(b"}\r\n\r\n") == len(ANSWERS),
    "pretty": lambda it: as_usual(it) and b'{\n  "action"' in it.raw,
    "cut-off": lambda it: it.actions == ANSWERS[:2] and not it.raw.endswith(b"\n"),
    "broken-json": lambda it: isinstance(it.all[1], BadInput) and it.actions == ANSWERS[::2],
    "not-json": lambda it: as_usual(it) and len(it.all) == 2 * len(ANSWERS),
    "unknown-fields": lambda it: as_usual(it) and all({"x-version", "x-mood"} <= set(each) for each in it.messages),
    "action-last": lambda it: as_usual(it) and {list(each)[-1] for each in it.messages} == {"action"},
    "null-fields": lambda it: it.actions == ANSWERS and not any(messages.is_valid("answers", m) for m in it.messages),
    "unknown-actions": lambda it: as_usual(it) and it.actions[::2] == ["server-weather"] * 5,
    "wrong-ids": lambda it: it.actions == ANSWERS and not any(m["id"] == n for n, m in enumerate(it.messages, 1)),
    "no-ids": lambda it: as_usual(it) and not any("id" in each for each in it.messages),
    "huge": lambda it: as_usual(it) and max(map(len, it.raw.splitlines())) == MAX_REPLY_BYTES,
    "presence-storm": lambda it: as_usual(it) and all_valid(it) and len(it.messages) == 5 * 101,
    "look-alikes": lambda it: all_valid(it) and it.actions == [each for action in ANSWERS for each in [action] * 2],
    "duplicates": lambda it: it.messages[::2] == it.messages[1::2] and it.actions[::2] == ANSWERS,
    "control-characters": lambda it: as_usual(it) and all_valid(it) and "\x1b[2J" in it.messages[0]["msg"],
    "slow": as_usual,
    "refuses-all": lambda it: all_valid(it) and it.actions == ["server-error"] * 4 + ["server-quit"],
    "unknown-code": lambda it: (
        it.actions == [ANSWERS[0], *["server-error"] * 3, ANSWERS[-1]] and it.messages[1]["code"] not in set(ErrorCode)
    ),
    "mute": lambda it: it.raw == b"",
    "kicked": lambda it: {**it.messages[-1], "ts": ""}["action"] in {"server-kick", "server-quit"} and all_valid(it),
    "resets": lambda it: it.reset or it.actions == ANSWERS[:3],
    "restarts": lambda it: len(it.actions) < 5 and it.actions == ANSWERS[: len(it.actions)],
}


def _ends_inside_a_character(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_shows(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "SLOW", 0.05)
    got = await heard(name, tmp_path)
    assert SHOWS[name](got), got


@pytest.mark.parametrize("name", ["cut-off", "null-fields", "wrong-ids", "presence-storm"])
async def test_chance_can_be_repeated_and_changed(name: str, tmp_path: Path) -> None:
    seen = [without_time((await heard(name, tmp_path / folder, seed=seed)).raw) for folder, seed in _runs(tmp_path)]
    assert seen[0] == seen[1]
    assert len(set(seen)) > 1


def _runs(folder: Path) -> list[tuple[str, int]]:
    runs = [("a", 1), ("b", 1), ("c", 2), ("d", 3)]
    for name, _ in runs:
        (folder / name).mkdir()
    return runs


def test_every_fault_says_what_the_specification_says() -> None:
    text = " ".join(schemas.protocol_text().partition("## 9. What a client has to bear")[2].split())
    for fault in FAULTS.values():
        assert fault.law in requirements() or fault.law in text, fault.law
        assert (fault.answer is None) != (fault.request is None)


def test_the_list_shows_every_fault_with_its_law() -> None:
    result = CliRunner().invoke(main, ["serve", "--list"])
    lines = result.output.splitlines()
    assert lines[::3] == list(FAULTS)
    assert lines[1::3] == [f"    {each.sentence}" for each in FAULTS.values()]
    assert lines[2::3] == [f"    {each.law_in_words}" for each in FAULTS.values()]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [((), "--list shows all"), (("--fault", "splitt"), "Did you mean split"), (("--port", "x"), "the port must be")],
)
def test_what_cannot_be_done_is_2_and_says_why(arguments: tuple[str, ...], reason: str) -> None:
    result = CliRunner().invoke(main, ["serve", *arguments])
    assert (result.exit_code, reason in result.output) == (2, True)


class Client:
    """A client over a real socket that reads answers one by one."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOCAL, port), LIMIT)
        self._file = self.socket.makefile("rb")

    def ask(self, request: Message) -> None:
        self.socket.sendall(encode(request))

    def answer(self) -> Message | None:
        """Return the next message, or None once the connection has ended."""
        try:
            line = self._file.readline()
        except ConnectionResetError:
            return None
        found = Decoder().feed(line)
        if not found:
            return None
        assert not isinstance(found[0], BadInput)
        return found[0]

    def close(self) -> None:
        self._file.close()
        self.socket.close()


POST: Message = {"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "hello"}


def first_answer(port: int, request: Message) -> Message:
    """Ask on new connections until the server is there again."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        with suppress(OSError), closing(Client(port)) as client:
            client.ask(request)
            if found := client.answer():
                return found
        time.sleep(0.05)  # as a patient client does
    raise TimeoutError


def test_a_process_kicks_whoever_enters_a_group_and_lets_him_enter_again() -> None:
    with running("serve", "--port", "0", "--fault", "kicked") as server:
        alice = Client(server.port)
        for action in ("cgroupe", "join"):
            alice.ask({"action": action, "sender": "alice", "group": "wob", "id": action})
            entered, kick = alice.answer(), alice.answer()
            assert entered is not None
            assert kick is not None
            assert (entered["action"], entered["id"]) == (f"server-{action}", action)
            assert (kick["action"], kick["dest"]) == ("server-kick", "alice")
            assert messages.problems("answers", kick) == []
        alice.ask({"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "?"})
        refusal = alice.answer()
        assert refusal is not None
        assert refusal["code"] == "not-member"
        alice.close()
        assert server.interrupt() == 0


def test_a_process_that_restarts_keeps_what_it_acknowledged() -> None:
    with running("serve", "--port", "0", "--fault", "restarts") as server:
        alice = Client(server.port)
        alice.ask({"action": "cgroupe", "sender": "alice", "group": "wob"})
        assert alice.answer()
        for _ in range(3):
            alice.ask(POST)
            assert alice.answer()
        alice.ask(POST)
        assert alice.answer() is None
        alice.close()
        page = first_answer(server.port, {"action": "msgs", "sender": "alice", "group": "wob"})
        assert [each["msg"] for each in page["messages"]] == ["hello"] * 3
        assert server.interrupt() == 0
