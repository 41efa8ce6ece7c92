"""At a terminal: a line being typed that arriving messages leave alone."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from tchat_client.commands import parse
from tchat_client.completion import CommandCompleter
from tchat_client.converse import SUCCESS, Show, converse, note, note_help, note_malformed
from tchat_client.known import Known
from tchat_client.session import Ended, Incoming, Refused, Session, Unanswered
from tchat_client.text import clean
from tchat_protocol.framing import Message


async def talk(session: Session, show: Show) -> int:
    """Let a person type commands until it leaves with ``q;``, Ctrl-D or Ctrl-C, or the server goes away.

    Returns the exit status.
    """
    known = Known(session.name)

    def learn_and_show(incoming: Incoming) -> None:
        known.learn(incoming.content)
        show(incoming)

    with patch_stdout():
        return await converse(session, _Typist(session, known).obey(), learn_and_show)


class _Typist:
    """The person's side: reads lines and sends what they ask for, without waiting for the answers."""

    def __init__(self, session: Session, known: Known) -> None:
        self._session = session
        self._prompt: PromptSession[str] = PromptSession(
            f"{clean(session.name)}> ",
            history=InMemoryHistory(),
            completer=CommandCompleter(known),
            complete_while_typing=False,
        )
        self._waiting: set[asyncio.Task[None]] = set()

    async def obey(self) -> int:
        """Read lines and send what they ask for until the person leaves."""
        with suppress(EOFError, KeyboardInterrupt):  # Ctrl-D and Ctrl-C
            while all(self._carry_out(line) for line in await self._typed()):
                pass
        return SUCCESS

    async def _typed(self) -> list[str]:
        return (await self._prompt.prompt_async()).split("\n")  # what is pasted can be several lines

    def _carry_out(self, line: str) -> bool:
        """Send what a line asks for; False if the person wants to leave."""
        if not line.strip():
            return True
        try:
            call = parse(line)
            action = call.command.action
            if action == "client-quit":
                return False
            if action is None:
                note_help()
            else:
                self._await(self._session.request(action, **call.fields))
        except ValueError as error:
            note_malformed("", error)
        return True

    def _await(self, answer: Coroutine[Any, Any, Message]) -> None:
        task = asyncio.create_task(_awaited(answer))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)


async def _awaited(answer: Coroutine[Any, Any, Message]) -> None:
    try:
        with suppress(Refused, Ended):  # both are printed: the one as it arrives, the other at the end
            await answer
    except Unanswered as error:
        note(str(error))
