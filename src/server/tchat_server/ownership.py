"""One server for one database file: two would each believe in a state of their own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InUse(Exception):  # noqa: N818 - said to the person who starts the server
    """Another process holds the file."""


class SecondName(Exception):  # noqa: N818 - said to the person who starts the server
    """The file has another name too, beside which a claim and SQLite's log would be others."""


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold the claim on a file within the ``with`` block, or raise InUse or SecondName.

    It ends with the process at the latest. The claim is a lock on a file beside it: SQLite's own would keep readers
    such as ``sqlite3`` out as well.
    Windows has no such lock; there, nothing is claimed.
    """
    if path.exists() and path.stat().st_nlink > 1:  # SQLite may keep it elsewhere than on a disk
        raise SecondName
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - POSIX alone has it

    descriptor = os.open(path.with_name(path.name + "-lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse from error
        yield
    finally:
        os.close(descriptor)
