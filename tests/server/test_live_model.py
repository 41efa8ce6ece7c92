"""The machine of random users and requests once more, against a live server over TCP: who hears what, and what is kept.

TCHAT_LIVE_EXAMPLES says how many random stories are told; more than by default is for a run of its own.
"""

import asyncio
import json
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from server.room_rules import USERS, RoomRules, users
from tchat_protocol.messages import check_answer
from tchat_server.service import Options, serve
from tchat_server.store import Store

EXAMPLES = int(os.environ.get("TCHAT_LIVE_EXAMPLES", "20"))
PATIENCE = 10.0
"""Seconds that a message may take before the server counts as stuck."""
RESET = struct.pack("ii", 1, 0)
"""The linger option that makes closing a reset."""

Message = dict[str, Any]


class LiveServer:
    """A server in a thread of its own, on a file of its own."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._ports: Queue[int] = Queue()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self.port = self._ports.get(timeout=PATIENCE)

    async def _run(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with serve(Options(port=0, db=str(self._database))) as service:
            self._ports.put(service.port)
            await self._end.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


class Person:
    """Somebody with a blocking connection; ``heard`` is what came besides answers."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._lines = self.socket.makefile("rb")
        self._ids = count(1)
        self.heard: list[Message] = []

    def ask(self, action: str, **fields: Any) -> Message:
        """Send a request and return its answer."""
        sender = "name" if action == "groups" else "from" if action.startswith("client-") else "sender"
        number = next(self._ids)
        request = {"action": action, sender: self.name, **fields, "id": number}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self._until(lambda message: message.get("id") == number)

    def hears(self, action: str, **fields: Any) -> None:
        """Wait for one message, which is used up."""
        self._until(lambda message: {"action": action, **fields}.items() <= message.items())

    def news(self) -> list[Message]:
        """Return what has come by now, behind which nothing sent earlier can be on its way."""
        self.ask("client-send", to=self.name, msg="still here")
        news, self.heard = self.heard, []
        return news

    def _until(self, is_it: Callable[[Message], bool]) -> Message:
        for message in self.heard:
            if is_it(message):
                self.heard.remove(message)
                return message
        while line := self._lines.readline():
            message = json.loads(line)
            check_answer(message)
            if is_it(message):
                return dict(message)
            self.heard.append(message)
        raise EOFError(f"the server closed {self.name}'s connection")

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


class LiveRooms(RoomRules):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Path(self.folder.name) / "live.sqlite"
        self.server = LiveServer(self.database)
        self.online: dict[str, Person] = {}
        self.members: dict[str, set[str]] = {}
        self.waiting: dict[str, list[Message]] = {name: [] for name in USERS}

    @initialize()
    def come_all(self) -> None:
        for name in USERS:
            self.come(name)

    # What the rules ask

    def check(self, expected: str | None, action: str, sender: str, **fields: Any) -> None:
        answer = self.present(sender).ask(action, **fields)
        if expected is not None:
            assert answer.get("code") == expected
            self.nobody_hears_more()
            return
        group = fields["group"]
        assert (answer["action"], answer["seq"]) == (f"server-{action}", len(self.model.groups[group].log))
        after = set(self.model.groups[group].members)
        hearers = self.members.get(group, set()) | after | {fields.get("dest", sender)}
        self.members[group] = after
        copy = {name: value for name, value in answer.items() if name != "id"}
        for name, person in self.online.items():
            assert person.news() == [copy] * (name in hearers and name != sender), name
        if action == "invite" and fields["dest"] not in self.online:
            self.waiting[fields["dest"]].append(copy)

    def check_page(self, expected: str | None, action: str, sender: str, **fields: Any) -> None:
        answer = self.present(sender).ask(action, **fields)
        self.nobody_hears_more()
        if expected is not None:
            assert answer.get("code") == expected
            return
        items, more = self.expected_page(action, **fields)
        read = answer["messages" if action == "msgs" else "events"]
        assert [{key: value for key, value in item.items() if key != "ts"} for item in read] == items
        assert answer["more"] == more

    def check_groups(self, sender: str, visible: set[str]) -> None:
        answer = self.present(sender).ask("groups")
        assert {row["group"] for row in answer["groups"]} == visible
        self.nobody_hears_more()

    def nobody_hears_more(self) -> None:
        for name, person in self.online.items():
            assert person.news() == [], name

    # Coming and going

    def present(self, name: str) -> Person:
        """Return somebody who is online, coming first if need be."""
        if name not in self.online:
            self.come(name)
        return self.online[name]

    @rule(name=users)
    def comes_back(self, name: str) -> None:
        """Who comes back gets the invitations that still hold, as they were, and nothing else."""
        if name in self.online:
            return
        open_ones = {group for group, known in self.model.groups.items() if name in known.invited}
        waited = [each for each in self.waiting[name] if each["group"] in open_ones]
        got = self.come(name)
        assert all(each in waited for each in got)
        assert {each["group"] for each in got} == {each["group"] for each in waited}

    def come(self, name: str) -> list[Message]:
        """Say hello, again while the server has not noticed that the last connection has ended; return what waited."""
        while True:
            person = Person(name, self.server.port)
            if person.ask("client-hello")["action"] == "server-hello":
                break
            person.close()
        for other in self.online.values():
            other.hears("server-presence", **{"from": name}, online=True)
        self.online[name] = person
        self.waiting[name] = []
        return person.news()

    @rule(name=users, how=st.sampled_from(["quits", "closes", "vanishes", "shuts down", "breaks off"]))
    def goes(self, name: str, how: str) -> None:
        person = self.online.pop(name, None)
        if person is None:
            return
        if how == "quits":
            person.ask("client-quit")
        elif how == "vanishes":
            person.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        elif how == "shuts down":
            person.socket.shutdown(socket.SHUT_WR)
        elif how == "breaks off":
            person.socket.sendall(b'{"action":"gbroadcast","sender":"')
        if how != "shuts down":
            person.close()
        for other in self.online.values():
            other.hears("server-presence", **{"from": name}, online=False)
        person.close()

    # At the end

    def teardown(self) -> None:
        for person in self.online.values():
            person.close()
        self.server.stop()
        self.what_is_stored_is_the_model()
        self.folder.cleanup()

    def what_is_stored_is_the_model(self) -> None:
        store = Store(str(self.database))
        known, stored = store.load()
        store.close()
        assert set(known) == set(USERS)
        assert set(stored) == set(self.model.groups)
        for name, group in stored.items():
            told = self.model.groups[name]
            assert (group.private, group.owner, list(group.members)) == (told.private, told.owner, told.members)
            assert (group.invited, group.banned, group.seq) == (told.invited, told.banned, len(told.log))


TestLiveRooms = LiveRooms.TestCase
TestLiveRooms.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
