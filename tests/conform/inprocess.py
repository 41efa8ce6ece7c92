"""The reference server in the test's own process, so that a fault can be put into it."""

import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import trustme

from tchat_conform.address import Address, any_certificate
from tchat_conform.target import free_port
from tchat_server.service import Options, serve


class InProcessServer:
    """A target for the runner. Killing is not possible here: it restarts in good order instead."""

    can_restart = True

    def __init__(self, database: Path, *, tls: bool = False) -> None:
        self._tls = _certified() if tls else None
        self.address = Address("127.0.0.1", free_port("127.0.0.1"), any_certificate() if tls else None)
        self._database = database
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        options = Options(host=self.address.host, port=self.address.port, db=str(self._database), tls=self._tls)
        await self._stack.enter_async_context(serve(options))

    async def restart(self, *, kill: bool) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        await self._stack.aclose()

    async def obituary(self) -> str | None:
        return None


def _certified() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context
