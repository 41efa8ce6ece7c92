"""The bot that README shows, as it stands there, on a real server."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from processes import ServerProcess
from tchat_client import Refused, Session

LIMIT = 20.0
README = Path(__file__).parents[2] / "README.md"


@asynccontextmanager
async def bot(port: int, folder: Path) -> AsyncIterator[None]:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "8080" in code
    file = folder / "bot.py"
    file.write_text(code.replace("8080", str(port)), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(sys.executable, str(file), stderr=asyncio.subprocess.PIPE)
    try:
        yield
        assert process.returncode is None
    finally:
        process.kill()
        _, errors = await process.communicate()
    assert errors == b""


async def hear(session: Session, text: str) -> None:
    async with asyncio.timeout(LIMIT):
        async for heard in session:
            if heard.text == text:
                return


async def test_bot_answers_and_goes_on_after_a_restart_of_the_server(tmp_path: Path) -> None:
    database = tmp_path / "tchat.sqlite"
    with ServerProcess(database) as first:
        port = first.port
        async with Session("127.0.0.1", port, "alice") as alice:
            await alice.create("wob")
            async with bot(port, tmp_path):
                await hear_of(alice, "echo")
                await alice.post("wob", "hi")
                await hear(alice, "alice said: hi")
                first.kill()
                with ServerProcess(database, "--port", str(port)):
                    await alice.post("wob", "once more")
                    await hear(alice, "alice said: once more")
                    await alice.quit()


async def hear_of(session: Session, name: str) -> None:
    async with asyncio.timeout(LIMIT):
        async for heard in session:
            if (heard.action, heard.sender) == ("server-join", name):
                return


async def test_a_group_is_entered_as_it_may_be(server: ServerProcess) -> None:
    async with Session("127.0.0.1", server.port, "alice") as alice, Session("127.0.0.1", server.port, "bob") as bob:
        await alice.enter("wob")
        await alice.enter("wob")
        await bob.enter("wob")
        assert (await bob.members("wob"))["members"] == ["alice", "bob"]
        await alice.ban("wob", "bob")
        with pytest.raises(Refused, match="banned"):
            await bob.enter("wob")


async def test_every_request_has_its_method(server: ServerProcess) -> None:
    async with Session("127.0.0.1", server.port, "alice") as alice, Session("127.0.0.1", server.port, "bob") as bob:
        answers = [
            await alice.create("den", private=True),
            await alice.invite("den", "bob"),
            await bob.join("den"),
            await alice.kick("den", "bob", "noise"),
            await alice.ban("den", "bob"),
            await alice.unban("den", "bob"),
            await alice.leave("den"),
            await alice.send("bob", "psst"),
            await alice.broadcast("hi"),
            await alice.clients(),
        ]
    assert [each["action"].removeprefix("server-") for each in answers] == [
        "cgroupe", "invite", "join", "kick", "ban", "unban", "leave", "send", "broadcast", "list-clients",
    ]  # fmt: skip
    assert answers[0]["private"] is True
    assert answers[3]["reason"] == "noise"


async def test_session_that_is_not_let_in_leaves_nothing_behind(server: ServerProcess) -> None:
    async with Session("127.0.0.1", server.port, "alice"):
        with pytest.raises(Refused, match="name-taken"):
            async with Session("127.0.0.1", server.port, "alice"):
                pass
