"""The store: one SQLite file that holds everything which survives the process (section 8 of PROTOCOL.md).

One connection, and it alone writes. ``commit`` makes a batch of changes durable or none of them.
"""

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from tchat_protocol.errors import ErrorCode
from tchat_server import changes as made
from tchat_server.changes import Change
from tchat_server.outcome import Message, Page
from tchat_server.ownership import InUse, SecondName, claimed
from tchat_server.schema import APPLICATION_ID, MIGRATIONS
from tchat_server.state import Group

Synchronous = Literal["normal", "full"]

BUSY_SECONDS = 2.0

LOG_STEP = 256 * 1024
"""So many bytes the write-ahead log grows at once; it stops at some 4 MB, where SQLite begins anew."""

OUT_OF_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What writing fails with where a disk is full, a quota used up, or a file as long as the process may make one."""

ROWS_AT_ONCE = (32, 8)
"""So many rows share an INSERT where a turn has them; one for each would take half as long again."""

WRITES: dict[type[Change], str] = {
    made.UserSeen: "INSERT INTO users (name) VALUES (:name)",
    made.NameProtected: "UPDATE users SET password_hash = :password_hash WHERE name = :name",
    made.PrivateMessageSent: """INSERT INTO private_messages (sender, dest, msg, ts, delivered)
        VALUES (:sender, :dest, :msg, :ts, :delivered)""",
    made.PrivateMessageDelivered: "UPDATE private_messages SET delivered = 1 WHERE id = :id",
    made.BroadcastSent: "INSERT INTO broadcasts (sender, msg, ts) VALUES (:sender, :msg, :ts)",
    made.GroupCreated: "INSERT INTO groups (name, private) VALUES (:group, :private)",
    made.MemberAdded: 'INSERT INTO members ("group", user) VALUES (:group, :user)',
    made.MemberRemoved: 'DELETE FROM members WHERE "group" = :group AND user = :user',
    made.OwnerChanged: "UPDATE groups SET owner = :owner WHERE name = :group",
    made.InvitationMade: """INSERT INTO invitations ("group", seq, dest, told)
        VALUES (:group, :seq, :dest, :told)""",
    made.InvitationTold: 'UPDATE invitations SET told = 1 WHERE "group" = :group AND seq = :seq',
    made.InvitationEnded: 'DELETE FROM invitations WHERE "group" = :group AND dest = :dest',
    made.UserBanned: 'INSERT INTO bans ("group", user) VALUES (:group, :user)',
    made.UserUnbanned: 'DELETE FROM bans WHERE "group" = :group AND user = :user',
    made.MessagePosted: """INSERT INTO group_messages ("group", seq, sender, msg, ts)
        VALUES (:group, :seq, :sender, :msg, :ts)""",
    made.EventLogged: """INSERT INTO group_events
        ("group", seq, event, sender, dest, reason, private, owner, ts)
        VALUES (:group, :seq, :event, :sender, :dest, :reason, :private, :owner, :ts)""",
}
"""What each change does to the tables; the parameters are named like its fields."""

_PAGES = {
    "server-msgs": """SELECT sender, msg, ts, seq FROM group_messages
        WHERE "group" = ? AND seq < ? ORDER BY seq DESC""",
    "server-states": """SELECT event, sender, dest, reason, private, owner, ts, seq FROM group_events
        WHERE "group" = ? AND seq < ? ORDER BY seq DESC""",
}

_GROUPS = """SELECT name, private, owner,
    max(coalesce((SELECT max(seq) FROM group_messages WHERE "group" = name), 0),
        coalesce((SELECT max(seq) FROM group_events WHERE "group" = name), 0))
    FROM groups ORDER BY rowid"""


@cache
def _bound(write: str) -> tuple[str, Callable[[Change], tuple[object, ...]]]:
    """Return a statement of WRITES with its parameters by place, which SQLite binds faster than by name."""
    fields = re.findall(r":([a-z_]+)", write)
    statement = re.sub(r":[a-z_]+", "?", write)
    if len(fields) > 1:
        return statement, attrgetter(*fields)
    return statement, lambda change: tuple(getattr(change, field) for field in fields)


@cache
def _for_many(statement: str, rows: int) -> str:
    """Return an INSERT of one row as one of so many."""
    row = statement.partition("VALUES")[2]
    return statement + f",{row}" * (rows - 1)


class StoreUnusable(Exception):  # noqa: N818 - said to the person who starts the server
    """The database cannot be used; the text says why and what to do."""


class FileMoved(Exception):  # noqa: N818 - a state of things
    """The database is no longer where it was: what is written to it would be lost at the end of the process."""


class _Place:
    """Where a file was when it was opened, to see whether it is there still."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._status = path.stat()

    def is_there(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), self._status)
        except FileNotFoundError:
            return False


class ReadFailed(Exception):  # noqa: N818 - as CommitFailed, of which nothing is changed either
    """A part of the database cannot be read."""


class CommitFailed(Exception):  # noqa: N818 - the store works again later
    """The changes were not stored, none of them; ``code`` is what to tell the requesters.

    ``whatever`` says that nothing could be stored at the moment, not these changes alone.
    """

    def __init__(self, error: Exception, *, no_room: bool = False) -> None:
        super().__init__(f"{error}: the file may not grow" if no_room else str(error))
        primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF  # the rest says more exactly why
        self.code = ErrorCode.STORAGE_FULL if no_room or primary == sqlite3.SQLITE_FULL else ErrorCode.INTERNAL_ERROR
        self.is_busy = primary == sqlite3.SQLITE_BUSY
        self.whatever = primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ReadFailed(str(error)) from error


class _RoomAhead:
    """Keeps room in the write-ahead log, so that a sync need not tell the file system that the file has grown.

    Such a sync takes a quarter less, and does not wait for what other programs have the file system write. The room is
    zeros behind the last frame, which are no frame for SQLite; they are written while nobody else may write.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("r+b", buffering=0)
        self._size = 0

    def keep(self) -> None:
        """Make more room if SQLite has used what there was; call it at the beginning of a transaction."""
        size = os.fstat(self._file.fileno()).st_size
        if size > self._size:
            with suppress(OSError):  # a full disk: SQLite will find out, and use what could be written
                self._file.seek(size)
                self._file.write(bytes(LOG_STEP))
            self._size = size + LOG_STEP

    def is_refused(self) -> bool:
        """Tell whether there is no more room to be had: of all reasons for that SQLite knows but one, a full disk."""
        try:
            for _ in range(2):  # the first may write what still fits
                self._file.seek(0, os.SEEK_END)
                self._file.write(bytes(LOG_STEP))
        except OSError as error:
            return error.errno in OUT_OF_ROOM
        return False

    def close(self) -> None:
        """Keep no more room."""
        self._file.close()


class Store:
    """The open database.

    ``synchronous`` "full" keeps every acknowledged change through a power failure; "normal" may lose the last
    moments then, though nothing when only the process ends. Raises StoreUnusable.
    """

    def __init__(self, path: str, synchronous: Synchronous = "full") -> None:
        self.path = path
        if not path:
            raise StoreUnusable("The database has no name; name a file with --db.")
        real = path if path == ":memory:" else os.path.realpath(path)  # whose name SQLite's own files beside it have
        with ExitStack() as stack:
            stack.enter_context(self._explained())
            self._db = sqlite3.connect(real, timeout=BUSY_SECONDS, isolation_level=None)
            stack.callback(self._db.close)
            version = self._version()
            if path != ":memory:":
                stack.enter_context(claimed(Path(real)))
                stack.callback(self._db.close)  # before the claim ends, which is why it stands twice
            self._prepare(version, synchronous)
            self._patience = BUSY_SECONDS
            self._file = _Place(Path(path)) if Path(path).is_file() else None
            self._room = None
            self._keeps_room = synchronous == "full"
            if (log := Path(f"{real}-wal")).is_file():
                self._room = stack.enter_context(closing(_RoomAhead(log)))
            self._open = stack.pop_all()

    def _prepare(self, version: int, synchronous: Synchronous) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA synchronous = {synchronous}")
        self._db.execute("PRAGMA foreign_keys = ON")
        # writing something shows now, not at the first message, whether the file can be written
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(f"PRAGMA user_version = {version}")
        self._db.execute("COMMIT")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")

    def _version(self) -> int:
        version: int = self._value("PRAGMA user_version")
        owner: int = self._value("PRAGMA application_id")
        empty = self._value("SELECT count(*) FROM sqlite_schema") == 0
        if owner != APPLICATION_ID and not (empty and owner == version == 0):
            raise StoreUnusable(f"{self.path} is a database of another program; choose another file with --db.")
        if version > len(MIGRATIONS):
            raise StoreUnusable(
                f"{self.path} was written by a newer tchat-server (version {version} of its tables, "
                f"this one knows {len(MIGRATIONS)}); install that one or choose another file with --db."
            )
        return version

    def close(self) -> None:
        """Close the database; what was committed stays."""
        self._open.close()

    def commit(self, changes: Iterable[Change]) -> None:
        """Store all the changes in one transaction, or raise CommitFailed and have stored none."""
        try:
            self._commit(changes)
        except (sqlite3.Error, FileMoved) as error:
            failure = CommitFailed(error, no_room=self._has_no_room(error))
            self._wait_for_others(0 if failure.is_busy else BUSY_SECONDS)
            raise failure from error
        self._wait_for_others(BUSY_SECONDS)

    def _has_no_room(self, error: Exception) -> bool:
        """Tell whether a fault of the disk, as SQLite has it, is a quota that is used up."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code != sqlite3.SQLITE_IOERR or self._room is None:
            return False
        with suppress(sqlite3.Error):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                return self._room.is_refused()
            finally:
                self._db.execute("ROLLBACK")
        return False

    def _wait_for_others(self, seconds: float) -> None:
        """Say how long to wait for a program that holds the database: not again and again for the same one."""
        if seconds != self._patience:
            self._patience = seconds
            self._db.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _commit(self, changes: Iterable[Change]) -> None:
        if self._file is not None and not self._file.is_there():
            raise FileMoved(f"{self.path} has been removed or replaced; restart the server")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            if self._room and self._keeps_room:
                self._room.keep()
            for kind, run in groupby(changes, type):
                self._write(WRITES[kind], run)
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _write(self, write: str, changes: Iterable[Change]) -> None:
        statement, parameters = _bound(write)
        rows = list(map(parameters, changes))
        for size in ROWS_AT_ONCE if statement.startswith("INSERT") else ():
            while len(rows) >= size:
                some, rows = rows[:size], rows[size:]
                self._db.execute(_for_many(statement, size), list(chain.from_iterable(some)))
        self._db.executemany(statement, rows)

    def load(self) -> tuple[dict[str, str | None], dict[str, Group]]:
        """Return all known users with the hash of their password, and all groups; history is not read."""
        with self._explained():
            return dict(self._db.execute("SELECT name, password_hash FROM users")), self._groups()

    def _groups(self) -> dict[str, Group]:
        groups = {
            name: Group(name, bool(private), owner, seq=seq) for name, private, owner, seq in self._db.execute(_GROUPS)
        }
        for group, user in self._db.execute('SELECT "group", user FROM members ORDER BY id'):
            groups[group].members[user] = None
        for group, user in self._db.execute('SELECT "group", dest FROM invitations'):
            groups[group].invited.add(user)
        for group, user in self._db.execute('SELECT "group", user FROM bans'):
            groups[group].banned.add(user)
        return groups

    def history(self, page: Page) -> Iterator[Message]:
        """Yield the items a page is made of, the newest first, without end but that of the history.

        Raises ReadFailed.
        """
        with _readable():
            yield from self._history(page)

    def _history(self, page: Page) -> Iterator[Message]:
        cursor = self._db.execute(_PAGES[page.action], (page.group, page.before))
        names = [column[0] for column in cursor.description]
        for row in cursor:
            item = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            if "private" in item:
                item["private"] = bool(item["private"])
            yield item

    def waiting(self, name: str, limit: int) -> list[tuple[Message, Change]]:
        """Return what waits for a user: up to ``limit`` messages and the change that each delivery is.

        Private messages come in the order in which they were sent, then invitations (B-SEND-4, G-INVITE-8).
        Raises ReadFailed.
        """
        with _readable():
            return self._waiting(name, limit)

    def _waiting(self, name: str, limit: int) -> list[tuple[Message, Change]]:
        messages: list[tuple[Message, Change]] = [
            (
                {"action": "server-send", "from": sender, "to": name, "msg": msg, "ts": ts},
                made.PrivateMessageDelivered(number),
            )
            for number, sender, msg, ts in self._db.execute(
                """SELECT id, sender, msg, ts FROM private_messages
                WHERE dest = ? AND delivered = 0 ORDER BY id LIMIT ?""",
                (name, limit),
            )
        ]
        invitations = self._db.execute(
            """SELECT event.sender, event."group", event.ts, event.seq
            FROM invitations JOIN group_events AS event USING ("group", seq)
            WHERE invitations.dest = ? AND told = 0 ORDER BY event.ts, event."group", event.seq LIMIT ?""",
            (name, limit - len(messages)),
        )
        for sender, group, ts, seq in invitations:
            invite = {"action": "server-invite", "sender": sender, "group": group, "dest": name}
            messages.append((invite | {"ts": ts, "seq": seq}, made.InvitationTold(group, seq)))
        return messages

    def summary(self) -> str:
        """Return in a few words what the database holds, for the log."""
        counts = {
            "users": "SELECT count(*) FROM users",
            "groups": "SELECT count(*) FROM groups",
            "private messages": "SELECT coalesce(max(id), 0) FROM private_messages",
            "broadcasts": "SELECT coalesce(max(id), 0) FROM broadcasts",
        }
        return ", ".join(f"{self._value(sql)} {what}" for what, sql in counts.items())

    def _value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        return self._db.execute(sql, parameters).fetchone()[0]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into a sentence for the person who starts the server."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            reason = _REASONS.get(code, "The database {path} cannot be used: {error}.")
            raise StoreUnusable(reason.format(path=self.path, error=error)) from error
        except InUse as error:
            raise StoreUnusable(
                f"The database {self.path} is in use by another tchat-server; choose another file with --db."
            ) from error
        except OSError as error:
            raise StoreUnusable(
                f"The database {self.path} cannot be used: {error.strerror} ({error.filename})."
            ) from error
        except SecondName as error:
            raise StoreUnusable(
                f"The database {self.path} has a second name (a hard link), under which it would be spoiled; "
                "copy it, and name the copy with --db."
            ) from error


_REASONS = {
    sqlite3.SQLITE_NOTADB: "{path} is not a database; choose another file with --db.",
    sqlite3.SQLITE_CORRUPT: "The database {path} is damaged ({error}); restore a copy or choose another with --db.",
    sqlite3.SQLITE_CANTOPEN: "The database {path} cannot be opened; see that its folder exists and is writable.",
    sqlite3.SQLITE_READONLY: "The database {path} is read-only; make the file and its folder writable.",
    sqlite3.SQLITE_BUSY: "The database {path} is locked by another program; stop that one or choose another with --db.",
    sqlite3.SQLITE_FULL: "There is no space left for the database {path}.",
}
