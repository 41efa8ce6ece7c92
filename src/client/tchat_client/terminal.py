"""At a terminal: a line being typed that arriving messages leave alone."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from unicodedata import normalize

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth, Output, create_output

from tchat_client import bar
from tchat_client.attention import Attention
from tchat_client.commands import BadCommand, Call, typed
from tchat_client.completion import CommandCompleter
from tchat_client.converse import converse
from tchat_client.feed import Feed, Manner
from tchat_client.history import history
from tchat_client.keyboard import keyboard
from tchat_client.language import phrase, retold, said
from tchat_client.painting import STYLE, Painter, formatted
from tchat_client.paper import printing_above
from tchat_client.session import Ended, Refused, Session, SessionError, Unanswered
from tchat_client.shorthand import understood
from tchat_client.status import SUCCESS
from tchat_protocol.framing import Message
from tchat_protocol.messages import InvalidMessage

PAUSE = 1.0
"""Seconds to wait when the server says that pasted lines come too fast."""

LOOK_BACK = 10
"""How many messages of a group are shown to somebody who comes in."""

MENU_ROWS = 8

_SPEAKING = ("bg", "b", "s")
"""Commands whose answer says all of them: they are not repeated above it."""
_ENTERING = ("j", "cg")


async def talk(session: Session, manner: Manner) -> int:
    """Let a person type commands until it leaves with ``q;``, Ctrl-D or Ctrl-C, or the server goes away.

    Returns the exit status.
    """
    output = create_output()
    attention = Attention(session.known)
    feed = Feed(attention, Painter(session.name, output), manner)
    async with printing_above(output):
        typist = _Typist(session, attention, feed, manner, output)
        return await converse(session, typist.obey(), feed.show)


class _Typist:
    """The person's side: reads lines and sends what they ask for, in their order."""

    def __init__(self, session: Session, attention: Attention, feed: Feed, manner: Manner, output: Output) -> None:
        self._session = session
        self._attention = attention
        self._feed = feed
        self._place = manner.place
        self._output = output
        self._keyboard = keyboard()
        kept, fault = history(manner.history)
        if fault:
            feed.note(said("what you type is not kept for the next time: {reason}", reason=fault))
        self._prompt: PromptSession[str] = PromptSession(
            lambda: formatted(bar.prompt(attention, self._columns)),
            history=kept,
            completer=CommandCompleter(attention.known),
            complete_while_typing=False,
            bottom_toolbar=self._bottom_line,
            key_bindings=self._keys(),
            style=STYLE,
            color_depth=ColorDepth.from_env(),
            erase_when_done=True,
            input=self._keyboard,
            output=output,
        )
        self._prompt.app.before_render += self._make_room
        self._outbox: asyncio.Queue[tuple[Call, bool]] = asyncio.Queue()
        self._waiting: set[asyncio.Task[bool]] = set()
        self._is_answered = True
        self._has_typed = False
        self._entered: set[str] = set()

    async def obey(self) -> int:
        """Read lines and send what they ask for until the person leaves."""
        sending = asyncio.create_task(self._send_all())
        try:
            with self._keyboard.raw_mode(), suppress(EOFError, KeyboardInterrupt):  # Ctrl-D and Ctrl-C
                while self._take(await self._prompt.prompt_async()):
                    pass
            await self._outbox.join()
        finally:
            sending.cancel()
        return SUCCESS

    # -- what is typed ----------------------------------------------------------------------------------------

    def _take(self, text: str) -> bool:
        """Take what was typed, which is several lines if it was pasted; False if the person wants to leave."""
        lines = [line for line in text.split("\n") if line.strip()]
        self._has_typed = self._has_typed or bool(lines)
        for line in lines:
            try:
                call = understood(line, self._attention.known.current)
            except BadCommand as error:
                self._feed.echo(line)
                self._feed.note(str(error))
                continue
            if call.command.word == "q":
                return False
            self._carry_out(line, call, is_one_of_many=len(lines) > 1)
        return True

    def _carry_out(self, line: str, call: Call, *, is_one_of_many: bool) -> None:
        if call.command.word not in _SPEAKING:
            self._feed.echo(line)
        match call.command.word:
            case "help":
                self._feed.help(call.fields.get("command"))
            case "go":
                self._go(call.fields.get("group"))
            case word if word in _ENTERING:
                self._attention.go(call.fields["group"])
        if call.command.action is not None:
            self._outbox.put_nowait((call, is_one_of_many))

    def _go(self, group: str | None) -> None:
        if group is not None and normalize("NFC", group) not in self._attention.known.groups:
            self._feed.note(said("nobody has spoken of {group} yet; j;{group} asks the server for it", group=group))
        self._attention.go(group)

    # -- what is sent -----------------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        """Send what is asked for: single lines at once, pasted ones each when the one before was answered."""
        while True:
            call, is_one_of_many = await self._outbox.get()
            try:
                while (outcome := self._sent(call)) and is_one_of_many and self._is_answered and not await outcome:
                    self._feed.note(said("the rest of what you pasted follows more slowly"))
                    await asyncio.sleep(PAUSE)
            finally:
                self._outbox.task_done()

    def _sent(self, call: Call) -> "asyncio.Task[bool] | None":
        """Send a request now; what is returned tells of its answer. None for one that breaks a rule of the protocol."""
        try:
            answer = self._session.request(str(call.command.action), **call.fields)
        except InvalidMessage as error:
            self._feed.note("; ".join(retold(str(each)) for each in error.problems))
            self._undone(call)
            return None
        outcome = asyncio.create_task(self._outcome(call, answer))
        self._waiting.add(outcome)
        outcome.add_done_callback(self._waiting.discard)
        return outcome

    async def _outcome(self, call: Call, answer: Coroutine[Any, Any, Message]) -> bool:
        """Wait for an answer, which is shown as it arrives; False if the server wants the request more slowly."""
        try:
            await answer
        except Refused as error:  # shown as it arrived
            if (call.command.word, error.code) != ("j", "already-member"):
                self._undone(call)
                return error.code != "rate-limited"
        except Ended:  # said at the end
            self._repeat(call, phrase("not acknowledged: {line}"))
            return True
        except SessionError as error:
            self._is_answered = self._is_answered and not isinstance(error, Unanswered)
            self._feed.note(str(error))
            self._repeat(call, phrase("not acknowledged: {line}"))
            return True
        if call.command.word == "j":
            await self._look_back(normalize("NFC", call.fields["group"]))
        return True

    async def _look_back(self, group: str) -> None:
        """Show what was said last in a group that one comes into for the first time in this session."""
        if group in self._entered or not self._feed.has_pages:
            return
        self._entered.add(group)
        self._feed.looks_back(group)
        with suppress(SessionError):  # a refusal is shown as it arrives
            await self._session.request("msgs", group=group, limit=LOOK_BACK)

    def _undone(self, call: Call) -> None:
        """Take back what a command did here that came to nothing: stay out of a group that is shut."""
        self._repeat(call, phrase("not delivered: {line}"))
        if call.command.word in _ENTERING:
            self._attention.go_back(call.fields["group"])

    def _repeat(self, call: Call, sentence: str) -> None:
        """Show a text that perhaps nobody saw, so that nothing written is lost."""
        if call.command.word in _SPEAKING:
            self._feed.note(said(sentence, line=typed(str(call.command.action), call.fields)))

    # -- what the prompt shows --------------------------------------------------------------------------------

    def _make_room(self, _: object) -> None:
        rows = self._output.get_size().rows
        self._prompt.reserve_space_for_menu = max(min(MENU_ROWS, rows - 4), 0)  # what does not fit hides the prompt

    @property
    def _columns(self) -> int:
        return self._output.get_size().columns

    def _bottom_line(self) -> FormattedText:
        lines = [line for line in self._prompt.default_buffer.text.split("\n") if line.strip()]
        if len(lines) > 1:
            return formatted(bar.pasted(len(lines), self._columns))
        hint = "" if self._has_typed else said("help; lists all commands")
        return formatted(bar.bar(self._attention, self._place, self._state, self._columns, hint))

    @property
    def _state(self) -> str:
        if not self._session.connected:
            return said("connecting again") + (f" ({len(self._waiting)})" if self._waiting else "")
        return said("waiting for {number}", number=len(self._waiting)) if self._waiting else said("connected")

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        is_pasted = Condition(lambda: "\n" in self._prompt.default_buffer.text)

        @keys.add("c-c", filter=is_pasted)
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.reset()

        @keys.add("escape", "a")
        def _(event: KeyPressEvent) -> None:  # noqa: ARG001 - prompt_toolkit's signature
            self._attention.go(self._attention.next_group() or self._attention.known.current)

        return keys
