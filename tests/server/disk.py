"""A disk that loses power: what was not synced may be gone, in any part and in any order.

It is an SQLite VFS in memory. ``kill -9`` cannot show what it shows, because the page cache survives a process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import apsw

SECTOR = 512


@dataclass
class Contents:
    """A file: what the system sees, what is on the platter for certain, and the writes in between."""

    seen: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, data: bytes, offset: int) -> None:
        """Write; each sector of it may reach the platter by itself."""
        overwrite(self.seen, data, offset)
        self.pending += [(offset + at, data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)]

    def truncate(self, size: int) -> None:
        del self.seen[size:]
        self.pending.append((size, None))

    def sync(self) -> None:
        self.synced = bytes(self.seen)
        self.pending.clear()

    def after_power_loss(self, random: Random) -> "Contents":
        """Return what is left: all that was synced, and of the rest what chance has written."""
        share = random.choice([0.0, 0.5, 0.9, 1.0])
        left = bytearray(self.synced)
        for offset, data in self.pending:
            if random.random() >= share:
                continue
            if data is None:
                del left[offset:]
            else:
                overwrite(left, data, offset)
        return Contents(bytearray(left), bytes(left))


def overwrite(contents: bytearray, data: bytes, offset: int) -> None:
    contents.extend(bytes(max(0, offset - len(contents))))
    contents[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """The disk, registered with SQLite under ``name``; it loses power after ``operations`` writes and syncs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, Contents] = {}
        self.operations = 0
        self.on = True
        super().__init__(name, base="")

    def work(self, operation: Callable[..., object], *arguments: Any) -> None:
        """Do something to the platter, unless the power fails now or has failed."""
        self.operations -= 1
        if self.operations == 0:
            self.on = False
        if not self.on:
            raise apsw.IOError("no power")
        operation(*arguments)

    def restart(self, random: Random) -> None:
        """Lose power, and have it again."""
        self.files = {name: contents.after_power_loss(random) for name, contents in self.files.items()}
        self.on = True
        self.operations = 0

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        flags[1] = flags[0]
        return DiskFile(self, self.files.setdefault(path, Contents()) if path else Contents())

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.work(self.files.pop, filename, None)

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        return pathname in self.files

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class DiskFile:
    """An open file of the disk; one process uses it, so that locks are always free."""

    def __init__(self, disk: Disk, contents: Contents) -> None:
        self._disk = disk
        self._contents = contents

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._contents.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.work(self._contents.write, bytes(data), offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.work(self._contents.truncate, size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.work(self._contents.sync)

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._contents.seen)

    def xLock(self, level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self) -> None:  # noqa: N802
        pass


class Database(apsw.Connection):
    """A connection to a database on a disk, with what the store needs of sqlite3's.

    The VFS shares no memory between processes, so that the write-ahead log is used in exclusive mode.
    """

    def __init__(self, path: str, disk: Disk, checkpoint_pages: int) -> None:
        super().__init__(path, vfs=disk.name)
        self.execute("PRAGMA locking_mode = EXCLUSIVE")
        self.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")

    def executescript(self, script: str) -> None:
        self.execute(script)
