"""The reference server as a target: real processes, born quickly, that really die."""

import os
import signal
from pathlib import Path

import pytest

from tchat_conform.nursery import Nursery
from tchat_conform.reference import ReferenceServer
from tchat_conform.target import TargetError, accepts, free_port

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="servers are born by fork")


async def test_a_killed_server_is_gone_and_comes_back() -> None:
    server = ReferenceServer()
    await server.start()
    try:
        assert await accepts(server.address)
        await server.restart(kill=True)
        assert await accepts(server.address)
        assert await server.obituary() is None
    finally:
        await server.stop()
    assert not await accepts(server.address)


async def test_how_a_server_ended_is_told(tmp_path: Path) -> None:
    nursery, port = Nursery(), free_port("127.0.0.1")
    output = tmp_path / "said"
    options = ["--port", str(port), "--db", ":memory:"]
    killed = await nursery.bear(options, str(output))
    os.kill(killed.pid, signal.SIGKILL)
    assert await killed.wait() == -signal.SIGKILL
    mistaken = await nursery.bear(["--no-such-option"], str(output))
    assert await mistaken.wait() == 2
    assert "--no-such-option" in output.read_text()
    await nursery.close()


async def test_servers_end_with_their_nursery(tmp_path: Path) -> None:
    nursery, port = Nursery(), free_port("127.0.0.1")
    born = await nursery.bear(["--port", str(port), "--db", ":memory:"], str(tmp_path / "said"))
    await nursery.close()
    assert await born.wait() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(born.pid, 0)
    with pytest.raises(TargetError):
        await nursery.bear([], str(tmp_path / "said"))
