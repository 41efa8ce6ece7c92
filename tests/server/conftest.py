"""A server on a free port with a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.people import Town, town


@pytest.fixture
async def square(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path / "tchat.sqlite") as people:
        yield people
