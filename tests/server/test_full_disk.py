"""A disk that is really full, under a real server: nothing that is not stored is acknowledged, and it goes on."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from processes import ServerProcess
from server.checker import Witness, check, check_file
from server.people import Person, everything

SIZE = "4m"
BALLAST = 1024 * 1024
BIG = "x" * 8_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"nobody may mount a file system here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot limit another process")
@pytest.mark.parametrize("synchronous", ["full", "normal"])
async def test_a_quota_that_is_used_up_is_a_full_disk(synchronous: str, tmp_path: Path) -> None:
    """SQLite calls it a fault of the disk."""
    import resource  # noqa: PLC0415 - POSIX alone has it

    with ServerProcess(tmp_path / "t.sqlite", "--synchronous", synchronous) as server:
        ann = await Person.connect("ann", server.port)
        await ann.ask("cgroupe", group="wob")
        free = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1_500_000, free[1]))
        posted: dict[str, Any] = {"seq": 1}
        while "code" not in (answer := await ann.ask("gbroadcast", group="wob", msg=BIG)):
            posted = answer
        assert answer["code"] == "storage-full"
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, free)
        assert (await ann.ask("gbroadcast", group="wob", msg="x"))["seq"] == posted["seq"] + 1
        await ann.close()
    check_file(tmp_path / "t.sqlite")


async def test_a_full_disk_is_told_and_service_goes_on_when_there_is_room(small_disk: Path) -> None:
    ballast, database = small_disk / "ballast", small_disk / "t.sqlite"
    ballast.write_bytes(b"\0" * BALLAST)
    ann_saw, bob_saw, answer = Witness(), Witness(), {"code": ""}
    with ServerProcess(database) as server:
        ann, bob = [await Person.connect(name, server.port) for name in ("ann", "bob")]
        await ann.ask("client-hello")
        await ann.ask("cgroupe", group="wob")
        await bob.ask("join", group="wob")
        await ann.news()
        for number in count():
            answer = await ann.ask("gbroadcast", group="wob", msg=f"{number} {BIG}")
            if "code" in answer:
                break
            ann_saw.note({**answer, "id": number})
        assert answer["code"] == "storage-full"
        assert (await bob.ask("groups"))["groups"][0]["members"] == 2, "reading goes on"
        ballast.unlink()
        posted = await ann.ask("gbroadcast", group="wob", msg="there is room again")
        ann_saw.note({**posted, "id": "last"})
        for message in await bob.news():
            bob_saw.note(message)
        history = await everything(bob, "msgs", "messages")
        events = await everything(bob, "states", "events")
        await ann.close()
        await bob.close()
    check([ann_saw, bob_saw], history, events)
    assert len(history) == len(ann_saw.acknowledged) == len(bob_saw.received)
    assert history[-1]["msg"] == "there is room again"
    check_file(database)
