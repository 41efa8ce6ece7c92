"""The reference server as a process on a free port."""

from collections.abc import Iterator

import pytest

from processes import ServerProcess


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess(":memory:") as process:
        yield process


@pytest.fixture
def port(server: ServerProcess) -> str:
    return str(server.port)
