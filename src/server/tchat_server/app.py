"""The server's core: each request is decided, stored and only then answered, in one place and one order.

What one turn of the event loop brings is kept as a list of entries. Requests change the state at once, so that
the next request sees them; at the end of the turn ``flush`` commits all changes together, and then sends answers
and deliveries in the order in which they were made. Nothing is told that is not stored (H-KILL-1).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.framing import BadInput
from tchat_protocol.messages import parse_request
from tchat_server import delivery, identity, pages, rooms
from tchat_server.answers import encode_answer, encode_copies, error_answer
from tchat_server.changes import Change
from tchat_server.connection import Connection, Received
from tchat_server.delivery import Asked, Entry, Reach
from tchat_server.identity import Hashing, PasswordCheck, PasswordProof
from tchat_server.limits import ConnectionLimits
from tchat_server.outcome import Outcome, Page
from tchat_server.state import State
from tchat_server.store import CommitFailed, ReadFailed, Store, StoreUnusable

log = logging.getLogger("tchat.server")

MAIL_BATCH = 100
"""So many waiting messages are delivered at once; the next ones follow once these are read."""

FURTHER_LOOKS = 4
"""So many times at most the event loop looks at its sockets again before a turn ends."""

TURN_BYTES = 262_144
"""A turn that has so many bytes to deliver ends, so that nobody has more than these queued beyond ``max_queue``."""

SLOW_COMMIT_SECONDS = 1.0
"""A commit that takes longer is told in the log."""

READ_AGAIN_SECONDS = 1.0
"""How long everyone is refused before the server tries once more to read a store that it could not read."""

FAILURES = {
    ErrorCode.STORAGE_FULL: "The server cannot store anything more; nothing was changed.",
    ErrorCode.INTERNAL_ERROR: "The server failed through a fault of its own; nothing was changed.",
}

FULL, CROWDED = (
    error_answer(Refusal(ErrorCode.SERVER_FULL, sentence), None)
    for sentence in ("This server is full; try again later.", "Too many connections come from your address.")
)


class App:
    """The chat behind the connections.

    ``state`` is what the store holds at the start, ``hashing`` how passwords are checked; ``empty`` tells when no
    connection is left.
    """

    def __init__(
        self,
        store: Store,
        hashing: Hashing,
        *,
        state: State,
        limits: ConnectionLimits,
        strict: bool = False,
    ) -> None:
        self._store = store
        self._hashing = hashing
        self._limits = limits
        self._from_address: Counter[str] = Counter()
        self._strict = strict
        self._state = state
        self._online: dict[str, Connection] = {}
        self._entries: list[Entry] = []
        self._turn_bytes = 0
        self._reaches: dict[Sequence[str], Reach] = {}
        self._last_reach: tuple[Sequence[str], Reach] | None = None
        self._moment: datetime | None = None
        self._trouble = ""
        self._unreadable: set[str] = set()
        self._lost_at: float | None = None
        self._newcomers: set[Connection] = set()
        self.connections: set[Connection] = set()
        self.empty = asyncio.Event()
        self.empty.set()

    # Connections come and go

    def arrive(self, connection: Connection) -> None:
        """Take a connection, or refuse it if there are too many."""
        over = len(self.connections) - self._limits.connections
        self.connections.add(connection)
        self.empty.clear()
        peers = self._limits.peers.of(connection.address)
        self._from_address[connection.address] += 1
        if over >= self._limits.refused:
            connection.queue([FULL])
            connection.write()
            connection.abort()
        elif over >= 0:
            log.info("no place for %s: %d connections", connection.peer, self._limits.connections)
            self._turn_away(connection, FULL)
        elif peers.per_address and peers.per_address < self._from_address[connection.address]:
            log.info("no place for %s: %d connections from there", connection.peer, peers.per_address)
            self._turn_away(connection, CROWDED)
        else:
            connection.limit(peers)

    def is_crowded(self, address: str, coming: int, coming_from_there: int) -> bool:
        """Tell whether there is no place even for refusing one more, besides those who are coming."""
        most = self._limits.peers.of(address).per_address or 0
        full = len(self.connections) + coming >= self._limits.connections + self._limits.refused
        return full or 0 < most < self._from_address[address] + coming_from_there

    def _turn_away(self, connection: Connection, answer: bytes) -> None:
        self._add(Entry(connection, answer))
        self.close(connection)

    def close(self, connection: Connection) -> None:
        """Commit and send what there is, then close a connection and free its name (I-FREE-1)."""
        self.flush()
        connection.finish()
        self.depart(connection)

    def depart(self, connection: Connection) -> None:
        """Take a connection's user offline and tell the others (B-PRES-2)."""
        if connection in self._newcomers:
            self.flush()
        name = self._unbind(connection)
        if name is not None:
            self._tell_presence(name, online=False)

    def _unbind(self, connection: Connection) -> str | None:
        name, connection.name = connection.name, None
        if name is not None:
            del self._online[name]
            del self._state.online[name]
            self._forget_reaches()
        return name

    def forget(self, connection: Connection) -> None:
        """Forget a connection of which nothing is left."""
        self.connections.discard(connection)
        self._from_address[connection.address] -= 1
        if not self._from_address[connection.address]:
            del self._from_address[connection.address]
        if not self.connections:
            self.empty.set()

    def end(self) -> None:
        """Commit and send what was taken, then close every connection; nobody is told of the others' going."""
        self.flush()
        for connection in self.connections:
            connection.name = None
            connection.finish()
        self._online.clear()
        self._state.online.clear()

    def resume(self, connection: Connection) -> None:
        """Go on with the messages that waited for a user, now that it has read those before."""
        if connection.mail_waits:
            self._guard(connection, None, partial(self._deliver_mail, connection))

    def status(self) -> str:
        """Say in one line what there is at the moment, without names, for whoever runs the server."""
        behind = sum(connection.unread for connection in self.connections)
        return (
            f"connections {len(self.connections)}, behind with reading {behind}, users online {len(self._online)}, "
            f"users known {len(self._state.users)}, groups {len(self._state.groups)}"
        )

    # One request

    def restrain(self, connection: Connection, received: Received) -> None:
        """Refuse what came beyond the rate of its connection."""
        log.debug("%s sends too fast", connection.peer)
        self._refuse(connection, Refusal(ErrorCode.RATE_LIMITED, "Too many requests; try again later."), received)

    def take(self, connection: Connection, received: Received) -> None:
        """Handle one thing received."""
        try:
            self._take(connection, received)
        except Exception as error:  # noqa: BLE001 - as in _guard, a call of which would cost more than this
            self._excuse(connection, received, error)
        if self._turn_bytes > TURN_BYTES:
            self.flush()

    def _guard(
        self, connection: Connection, received: Received | None, work: Callable[..., object], *arguments: Any
    ) -> None:
        """Do work for a connection; whatever goes wrong concerns nobody but its peer (W-BAD-8)."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - the boundary between peers: no fault that one meets reaches others
            self._excuse(connection, received, error)

    def _excuse(self, connection: Connection, received: Received | None, error: Exception) -> None:
        if isinstance(error, Refusal):
            self._refuse(connection, error, received)
            return
        log.error("a request of %s failed", connection.peer, exc_info=error)
        self.flush()
        self._load()
        self._refuse(connection, _failure(ErrorCode.INTERNAL_ERROR), received)

    def _take(self, connection: Connection, received: Received, proof: PasswordProof | None = None) -> None:
        if isinstance(received, BadInput):
            self._take_bad_input(connection, received)
            return
        if self._lost_at is not None:
            self._find_state()
        request = parse_request(received, strict=self._strict)
        admission = identity.admit(self._state, connection.name, request, proof)
        if isinstance(admission, PasswordCheck):
            self._check_password(connection, received, request.sender or "", admission)
            return
        if proof is not None and admission:
            self._commit_now(admission)  # at once, so that no password is checked again because a commit failed
        for change in admission:
            change.apply(self._state)
        came = self._enter(connection, request.sender, admission if proof is None else ())
        closes = self._handle(Asked(connection, received, request))
        if request.action == "client-error":
            log.info("%s left: %s: %s", connection.peer, request.fields["code"], request.fields["msg"])
        if closes:
            self.close(connection)
        elif came and not admission:  # for who was never here before, nothing waits
            self.flush()
            self._deliver_mail(connection)

    def _take_bad_input(self, connection: Connection, bad: BadInput) -> None:
        code = ErrorCode(bad.code)
        sentence = f"{bad.reason[:1].upper()}{bad.reason[1:]}."
        self._refuse(connection, Refusal(code, sentence), None)
        if code is ErrorCode.TOO_LARGE:
            self.close(connection)

    def _check_password(
        self, connection: Connection, received: dict[str, Any], name: str, check: PasswordCheck
    ) -> None:
        """Have a password checked in a thread; the connection's next requests wait, other connections do not."""

        def checked(future: asyncio.Future[PasswordProof]) -> None:
            if future.cancelled() or connection.ending:
                return
            self._guard(connection, received, lambda: self._take(connection, received, future.result()))
            connection.release()

        connection.hold()
        waiting = self._hashing.begin(check, connection.address, name, lambda: not connection.ending)
        waiting.add_done_callback(checked)

    def _enter(self, connection: Connection, name: str | None, changes: tuple[Change, ...]) -> bool:
        """Bind the connection unless it is bound already, and tell whether the user came online by it.

        ``changes`` are those of a newcomer; should they not be stored at the end of the turn, it has never come.
        """
        if name is None or connection.name is not None:
            return False
        if changes:
            self._newcomers.add(connection)
            self._add(Entry(None, changes=changes))
        self._tell_presence(name, online=True)
        connection.name = name
        self._online[name] = connection
        self._state.online[name] = None
        self._forget_reaches()
        return True

    def _handle(self, asked: Asked) -> bool:
        """Decide an admitted request and make it part of the turn; return whether the connection is to be closed."""
        connection, request = asked.connection, asked.request
        if self._lost_at is not None:
            self._find_state()
        try:
            outcome = rooms.decide(self._state, request, self._now())
        except Refusal as refusal:
            self._add(Entry(connection, error_answer(refusal, asked.received), asked=asked))
            return False
        if isinstance(outcome.answer, Page):
            self._read_page(asked, outcome.answer)
            return False
        entry = self._entry(asked, outcome)
        for change in outcome.changes:
            change.apply(self._state)
        self._add(entry)
        return outcome.closes

    def _entry(self, asked: Asked, outcome: Outcome) -> Entry:
        if outcome.answer is None or isinstance(outcome.answer, Page):
            return Entry(asked.connection, asked=asked)
        reach = self._reach(outcome.audience) if outcome.audience else None
        copy, own = encode_copies(outcome.answer, asked.request.id)
        return Entry(asked.connection, own, copy, reach, outcome.changes, asked)

    def _reach(self, audience: Sequence[str]) -> Reach:
        """Return the connections of an audience, found once a turn unless somebody comes or goes."""
        if self._last_reach is not None and self._last_reach[0] is audience:  # spares comparing all its names
            return self._last_reach[1]
        reach = self._reaches.get(audience)
        if reach is None:
            online = self._online
            reach = self._reaches[audience] = Reach([online[name] for name in audience if name in online])
        self._last_reach = audience, reach
        return reach

    def _forget_reaches(self) -> None:
        self._reaches.clear()
        self._last_reach = None

    def _read_page(self, asked: Asked, page: Page) -> None:
        """Answer with a page of history, in which everything is that was posted before the request."""
        newcomer = asked.connection in self._newcomers
        if newcomer:
            self._add(Entry(asked.connection, asked=asked))
        if not self.flush() and newcomer:
            return  # it has been asked again, and answered
        try:
            answer = pages.fill(page, self._store.history(page), asked.request.id)
        except ReadFailed as failure:
            self._tell_unreadable(failure)
            raise _failure(ErrorCode.INTERNAL_ERROR) from failure
        self._add(Entry(asked.connection, encode_answer(answer)))

    def _refuse(self, connection: Connection, refusal: Refusal, received: Received | None) -> None:
        self._add(Entry(connection, error_answer(refusal, received)))

    def _tell_presence(self, name: str, *, online: bool) -> None:
        reach = Reach(list(self._online.values()))
        self._add(Entry(None, copy=encode_answer(rooms.presence(name, online=online)), reach=reach, about=name))

    def _deliver_mail(self, connection: Connection) -> None:
        """Deliver what waited for a user (B-SEND-4, G-INVITE-8), as fast as it reads; then mark it delivered.

        Should the server be killed in between, it is delivered again rather than never.
        """
        while connection.name is not None:
            connection.mail_waits = connection.unread
            if connection.mail_waits:
                return
            try:
                waiting = self._store.waiting(connection.name, MAIL_BATCH)
            except ReadFailed as failure:
                self._tell_unreadable(failure)
                return
            if not waiting:
                return
            connection.queue([encode_answer(message) for message, _ in waiting])
            if not self._write(connection):
                return
            try:
                self._commit_now([change for _, change in waiting])
            except Refusal:
                return

    # The end of a turn

    def _now(self) -> datetime:
        """Return the time of the turn: all that it accepts is of one moment."""
        if self._moment is None:
            self._moment = datetime.now(UTC)
        return self._moment

    def _add(self, entry: Entry) -> None:
        if not self._entries:
            asyncio.get_running_loop().call_soon(self._look_again, 0, FURTHER_LOOKS)
        self._entries.append(entry)
        self._turn_bytes += len(entry.copy)
        if entry.connection is not None:
            entry.connection.owed += len(entry.own)

    def _look_again(self, entries: int, looks: int) -> None:
        """End the turn, unless the last look at the sockets brought more: then what the next one brings belongs to it.

        Under load a turn so grows to all that is under way, and shares one commit and one write for each connection.
        """
        if len(self._entries) > entries and looks:
            asyncio.get_running_loop().call_soon(self._look_again, len(self._entries), looks - 1)
        else:
            self.flush()

    def flush(self) -> bool:
        """Commit what the turn changed and send what it had to tell; nothing is sent if nothing is stored.

        Return whether it is stored; if not, the requests of the turn have been taken again.
        """
        entries, self._entries, self._moment, self._turn_bytes = self._entries, [], None, 0
        newcomers, self._newcomers = self._newcomers, set()
        self._forget_reaches()
        changes = [change for entry in entries for change in entry.changes]
        try:
            if changes:
                self._store_all(changes)
        except CommitFailed as failure:
            unbound = {self._unbind(connection) for connection in newcomers}
            entries = [entry for entry in entries if entry.about is None or entry.about not in unbound]
            self._load()
            self._repeat(entries, newcomers, failure)
            return False
        self._send(entries)
        return True

    def _store_all(self, changes: Sequence[Change]) -> None:
        """Commit, within the event loop: everyone waits for it, and what comes meanwhile shares the next commit."""
        begin = monotonic()
        try:
            self._store.commit(changes)
        except CommitFailed as failure:
            if str(failure) != self._trouble:  # once, not for each request that meets it
                log.warning("the store refused a commit: %s", failure)
            self._trouble = str(failure)
            raise
        if self._trouble:
            log.info("the store takes commits again")
            self._trouble = ""
        if (passed := monotonic() - begin) > SLOW_COMMIT_SECONDS:
            log.warning("the disk is slow: storing %d changes took %.1f s", len(changes), passed)

    def _repeat(self, entries: list[Entry], newcomers: set[Connection], failure: CommitFailed) -> None:
        """Take the requests of a turn that could not be stored again, each by itself.

        So everyone is answered by what is true now, and a request that alone cannot be stored harms no other. Who
        came for the first time comes again. Where nothing can be stored, whatever it is, no request is tried twice.
        """
        asked = [entry.asked for entry in entries if entry.asked and (entry.changes or entry.connection in newcomers)]
        refused = asked if failure.whatever or len(asked) == 1 else []
        for entry in entries:
            if entry.asked is None:
                self._send([entry])
            elif any(entry.asked is each for each in refused):
                self._refuse(entry.asked.connection, _failure(failure.code), entry.asked.received)
            elif entry.connection in newcomers:
                again = entry.asked.connection, entry.asked.received
                self._guard(*again, self._take, *again)
            else:
                self._guard(entry.asked.connection, entry.asked.received, self._handle, entry.asked)
            self.flush()

    def _send(self, entries: Iterable[Entry]) -> None:
        for connection in delivery.queue(entries):
            self._write(connection)

    def _write(self, connection: Connection) -> bool:
        """Write what is queued for a connection; return False if it is gone, or cut off for not reading."""
        if connection.write():
            return True
        log.warning("%s does not read what it is sent; disconnected", connection.peer)
        self.depart(connection)
        return False

    def _commit_now(self, changes: Sequence[Change]) -> None:
        try:
            self._store_all(changes)
        except CommitFailed as failure:
            raise _failure(failure.code) from failure

    def _load(self) -> None:
        """Go back to the state that is stored; who is online stays. If that cannot be read, nobody is served."""
        try:
            self._state.users, self._state.groups = self._store.load()
        except StoreUnusable as failure:
            self._tell_unreadable(failure)
            self._lost_at = monotonic()
        else:
            self._lost_at = None

    def _find_state(self) -> None:
        """Refuse whatever is asked while the state is lost: what is decided by another one leaves holes (A-SEQ-1)."""
        if self._lost_at is not None and monotonic() - self._lost_at > READ_AGAIN_SECONDS:
            self._load()
        if self._lost_at is not None:
            raise _failure(ErrorCode.INTERNAL_ERROR)

    def _tell_unreadable(self, failure: Exception) -> None:
        """Say once in the log what cannot be read, and not for each request that meets it."""
        if str(failure) not in self._unreadable:
            self._unreadable.add(str(failure))
            log.warning("the store refused to be read: %s", failure)


def _failure(code: ErrorCode) -> Refusal:
    return Refusal(code, FAILURES[code])
