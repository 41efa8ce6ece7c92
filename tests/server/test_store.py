"""The database file: what is refused, what survives, and that reading a page costs a page."""

import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tchat_protocol.errors import ErrorCode
from tchat_server import changes as made
from tchat_server.outcome import Page
from tchat_server.schema import APPLICATION_ID, MIGRATIONS
from tchat_server.store import _PAGES, LOG_STEP, CommitFailed, Store, StoreUnusable

TS = "2026-11-23T09:30:00.000Z"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "tchat.sqlite")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    store = Store(path)
    yield store
    store.close()


def refusal(path: str) -> str:
    with pytest.raises(StoreUnusable) as caught:
        Store(path)
    return str(caught.value)


def test_new_file_is_marked_and_migrated(store: Store) -> None:
    assert store._value("PRAGMA application_id") == APPLICATION_ID
    assert store._value("PRAGMA user_version") == len(MIGRATIONS)
    assert store._value("PRAGMA journal_mode") == "wal"
    assert store._value("PRAGMA foreign_keys") == 1


@pytest.mark.parametrize(("synchronous", "value"), [("normal", 1), ("full", 2)])
def test_synchronous_is_an_option(path: str, synchronous: str, value: int) -> None:
    store = Store(path, synchronous)  # type: ignore[arg-type]
    assert store._value("PRAGMA synchronous") == value
    store.close()


def test_opening_again_changes_nothing(path: str) -> None:
    first = Store(path)
    first.commit([made.UserSeen("ann")])
    first.close()
    second = Store(path)
    assert second.load() == ({"ann": None}, {})
    second.close()


def test_commit_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(CommitFailed) as caught:
        store.commit([made.UserSeen("ann"), made.UserSeen("bob"), made.UserSeen("ann")])
    assert caught.value.code is ErrorCode.INTERNAL_ERROR
    assert store.load() == ({}, {})
    store.commit([made.UserSeen("ann")])
    assert store.load() == ({"ann": None}, {})


def test_full_disk_is_storage_full(store: Store) -> None:
    store._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(CommitFailed) as caught:
        store.commit([made.UserSeen("ann"), *(made.BroadcastSent("ann", "x" * 8000, TS) for _ in range(9))])
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert store.load() == ({}, {})


def test_what_does_not_exist_is_not_referred_to(store: Store) -> None:
    with pytest.raises(CommitFailed):
        store.commit([made.GroupCreated("wob", private=False), made.MemberAdded("wob", "nobody")])


def test_summary_counts(store: Store) -> None:
    store.commit([made.UserSeen("ann"), made.BroadcastSent("ann", "hi", TS)])
    assert store.summary() == "1 users, 0 groups, 0 private messages, 1 broadcasts"


@pytest.mark.parametrize("page", ["server-msgs", "server-states"])
def test_page_is_read_from_one_stretch_of_the_table(store: Store, page: str) -> None:
    plan = str(store._db.execute(f"EXPLAIN QUERY PLAN {_PAGES[page]}", ("wob", 5)).fetchall())
    assert "SEARCH" in plan
    assert "USING PRIMARY KEY (group=? AND seq<?)" in plan
    assert "TEMP B-TREE" not in plan


def test_waiting_messages_are_found_by_index(store: Store) -> None:
    statements: list[str] = []
    store._db.set_trace_callback(statements.append)
    store.waiting("ann", 10)
    store._db.set_trace_callback(None)
    plan = "".join(str(store._db.execute(f"EXPLAIN QUERY PLAN {each}").fetchall()) for each in statements)
    assert "undelivered_messages" in plan
    assert "untold_invitations" in plan


def test_history_is_empty_for_a_group_without_messages(store: Store) -> None:
    assert list(store.history(Page("server-msgs", "wob", 10, 10))) == []


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("This is not a database. " * 100)
    assert refusal(str(file)) == f"{file} is not a database; choose another file with --db."
    assert file.read_text().startswith("This is not")


def test_database_of_another_program_is_refused_and_left_alone(path: str) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (title)")
    other.close()
    before = Path(path).read_bytes()
    assert "is a database of another program" in refusal(path)
    assert Path(path).read_bytes() == before


def test_newer_database_is_refused(path: str) -> None:
    Store(path).close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    assert "written by a newer tchat-server" in refusal(path)


@pytest.mark.parametrize("kept", [4096, 3 * 4096, 5 * 4096 + 100])
@pytest.mark.parametrize("rest", [b"", b"\x5a"], ids=["cut off", "overwritten"])
def test_damaged_database_is_refused(path: str, kept: int, rest: bytes) -> None:
    store = Store(path)
    store.commit([made.UserSeen(f"user{number}") for number in range(2000)])
    store.close()
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[:kept] + rest * (len(data) - kept))
    with pytest.raises(StoreUnusable, match="is damaged"):
        open_and_load(path)


def open_and_load(path: str) -> None:
    store = Store(path)
    try:
        store.load()
    finally:
        store.close()


def test_missing_folder_is_explained(tmp_path: Path) -> None:
    assert "see that its folder exists" in refusal(str(tmp_path / "nowhere" / "tchat.sqlite"))


def test_folder_is_no_database(tmp_path: Path) -> None:
    assert "cannot be opened" in refusal(str(tmp_path))


def test_database_in_use_by_another_server_is_refused(store: Store) -> None:
    assert "in use by another tchat-server" in refusal(store.path)


def test_database_in_use_is_refused_by_another_name_too(store: Store, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(store.path)
    assert "in use by another tchat-server" in refusal(str(link))


def test_database_with_two_names_of_its_own_is_refused(path: str, tmp_path: Path) -> None:
    """SQLite would keep a log beside each name, and spoil the file."""
    Store(path).close()
    (tmp_path / "backup.sqlite").hardlink_to(path)
    assert "has a second name (a hard link)" in refusal(path)


def test_database_without_a_name_is_refused() -> None:
    assert "has no name" in refusal("")


def test_claim_that_cannot_be_made_is_named(path: str) -> None:
    Path(f"{path}-lock").mkdir()
    assert f"({path}-lock)" in refusal(path)


def test_database_locked_by_another_program_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tchat_server.store.BUSY_SECONDS", 0.0)
    Store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "is locked by another program" in refusal(path)
    other.close()


def test_read_only_database_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).close()
    connect = sqlite3.connect

    def connect_read_only(file: str, **options: float) -> sqlite3.Connection:
        return connect(f"file:{file}?mode=ro", uri=True, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connect_read_only)
    assert "is read-only" in refusal(path)


def test_others_may_read_while_the_server_runs(store: Store) -> None:
    store.commit([made.UserSeen("ann")])
    reader = sqlite3.connect(store.path)
    assert reader.execute("SELECT name FROM users").fetchall() == [("ann",)]
    reader.close()


def big(first: int) -> list[made.Change]:
    """Enough messages to use up the room in the log that is there."""
    return [made.MessagePosted("wob", seq, "ann", "x" * 8_000, TS) for seq in range(first, first + 50)]


def test_room_ahead_in_the_log_loses_nothing_when_the_server_is_killed(store: Store, tmp_path: Path) -> None:
    log = Path(f"{store.path}-wal")
    store.commit([made.UserSeen("ann"), made.GroupCreated("wob", private=False)])
    for first in range(1, 400, 50):
        store.commit(big(first))
        assert log.stat().st_size > LOG_STEP
        left = tmp_path / f"killed-{first}.sqlite"
        for ending in ("", "-wal"):
            Path(f"{left}{ending}").write_bytes(Path(f"{store.path}{ending}").read_bytes())
        found = Store(str(left))
        assert [item["seq"] for item in found.history(Page("server-msgs", "wob", 2**62, 1))] == [
            *range(first + 49, 0, -1)
        ]
        assert found._value("PRAGMA integrity_check") == "ok"
        found.close()


def test_room_ahead_in_the_log_spares_what_another_program_writes(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    store.commit([made.UserSeen("ann"), made.GroupCreated("wob", private=False)])
    for first in range(1, 400, 50):
        other.execute("INSERT INTO users (name) VALUES (?)", (f"{first}" * 500,))
        store.commit(big(first))
        if first == 201:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert other.execute("SELECT count(*) FROM users").fetchone() == (9,)
    assert other.execute("SELECT count(*) FROM group_messages").fetchone() == (400,)
    assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()


def test_a_disk_without_room_ahead_stores_what_it_can(store: Store) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = Path(f"{store.path}-wal").stat().st_size + 10 * 4_096
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    stored = 0
    try:
        store.commit([made.UserSeen("ann"), made.GroupCreated("wob", private=False)])
        with suppress(CommitFailed):
            for seq in range(1, 100):
                store.commit([made.MessagePosted("wob", seq, "ann", "hi", TS)])
                stored = seq
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert Path(f"{store.path}-wal").stat().st_size == limit
    store.commit([made.MessagePosted("wob", stored + 1, "ann", "there is room again", TS)])
    items = list(store.history(Page("server-msgs", "wob", 2**62, 1)))
    assert [item["seq"] for item in items] == list(range(stored + 1, 0, -1))
    assert 0 < stored < 99
