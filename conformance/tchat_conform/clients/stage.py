"""The stage of a case: the client at its terminal, the server that the case plays, and what either does."""

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tchat_conform.clients.arrival import Arrival
from tchat_conform.clients.compare import departures, in_standard_form, sender_of, wrong_with
from tchat_conform.clients.forms import answer, message, refusal
from tchat_conform.clients.manners import WHOLE, Manner, line_each
from tchat_conform.clients.player import HOST, Player, Received
from tchat_conform.clients.pulse import Pulse
from tchat_conform.clients.run import NAME, ClientRun
from tchat_conform.clients.terminal import ERROR, CannotStart, Terminal
from tchat_conform.expect import mentions
from tchat_conform.verdict import Blocked, Failed, Finding, Stopped, Unsupported, must
from tchat_conform.wirelog import WireLog
from tchat_protocol import schemas
from tchat_protocol.framing import BadInput, Message
from tchat_protocol.messages import is_valid, request_name_field

OBITUARY_LIMIT = 1.0
"""Seconds that a client has to end after its connection."""
REACTION_LIMIT = 0.3
"""Seconds between messages that must not arrive in one, where nothing on the screen shows that the first was read."""


class Stage:
    """One case's client and server. ``me`` is the client's user; ``departures`` is what it does in another form.

    ``missed`` says that the case waited for something in vain, and so may be a victim of haste.
    """

    def __init__(self, run: ClientRun, case: str) -> None:
        self.run = run
        self.me = NAME
        self.log = WireLog()
        self.pulse = Pulse()
        self.player = Player(NAME, self.log, self.pulse)
        self.departures: list[Finding] = []
        self.missed = False
        self.may_end = False
        self.hello: Message | None = None
        self._terminal: Terminal | None = None
        self._token = hashlib.sha256(case.encode()).hexdigest()[:6]
        self._serial = 0
        self._seen = 0
        self._answered = 0
        self._typed_at = 0.0
        self._line_is_done = True
        self._said_at: int | None = None
        self._said = ""

    # -- fresh words --------------------------------------------------------------------------------------

    def fresh(self, stem: str) -> str:
        """Return a name or text that nothing else holds, the same in every run."""
        self._serial += 1
        return f"{stem}-{self._token}-{self._serial:05d}"

    @property
    def terminal(self) -> Terminal:
        """The client's terminal."""
        assert self._terminal is not None  # noqa: S101 - every case starts its client first
        return self._terminal

    # -- the beginning and the end ------------------------------------------------------------------------

    async def start(self, *, greet: bool = True) -> None:
        """Start the client, answer what it asks, and greet it, so that commands can be typed.

        Raises Blocked if it does not come so far.
        """
        await self.open()
        first = await Arrival(self).first_message()
        if first is not None:
            self.me = sender_of(first) or self.me
            if first.get("action") == "client-hello":
                self.hello = {"action": "client-hello", "from": self.me, **_id_of(first)}
        if greet:
            await self.greet()

    async def open(self) -> None:
        """Start the client, with a server that listens. Raises Blocked if there is no such program."""
        await self.player.listen()
        environment = self.run.environment(HOST, self.player.port)
        try:
            self._terminal = await Terminal.start(
                self.run.argv(HOST, self.player.port), environment, self.pulse, self.run.cwd
            )
        except CannotStart as error:
            raise Blocked(Finding(str(error), by="a client that starts")) from error

    async def greet(self) -> None:
        """Answer the client's hello, if it says one, and wait until it has shown that."""
        welcome = self.fresh("welcome")
        mark = self.terminal.mark
        if self.hello is not None:
            await self.says(answer(self.hello, msg=welcome))
        delay = max(self.run.description.line_delay, self.run.description.start_delay)
        await asyncio.sleep(self.run.description.start_delay)
        await self.pulse.until(lambda: self.terminal.shows(welcome, mark) or self.terminal.ended, delay)
        await self.pulse.until(self._has_begun, self.run.patience)
        await self.answer_unasked()

    def _has_begun(self) -> bool:
        """Tell whether the client has sent all that it sends unasked."""
        sent = {each.content.get("action") for each in self.player.received if isinstance(each.content, dict)}
        return self.run.spontaneous <= sent or not self.is_alive()

    async def close(self) -> None:
        """End the client, however it is, and the server."""
        if self._terminal is not None:
            for line in self._terminal.lines[-12:]:
                self.log.add("screen", "·", line.encode())
            await asyncio.gather(self.player.close(), self._terminal.close())
        else:
            await self.player.close()

    def is_alive(self) -> bool:
        """Tell whether the client runs and has kept its connection."""
        return not self.terminal.ended and self.player.is_open

    async def must_live(self, after: str) -> None:
        """Fail the case if the client has ended or left; ``after`` says what came before."""
        if not self.player.is_open:
            await self.pulse.until(lambda: self.terminal.ended, OBITUARY_LIMIT)
        if self.terminal.ended:
            raise Failed(Finding(f"the client ended after {after}: {self.terminal.obituary}"))
        if not self.player.is_open:
            raise Failed(Finding(f"the client closed the connection after {after}", None, self.screen()))

    def screen(self) -> str:
        """Return what the screen shows last, for a finding."""
        last = self.terminal.last_lines
        return f"on the screen: {last}" if last else "an empty screen"

    # -- what the user types ------------------------------------------------------------------------------

    def press(self, line: str) -> None:
        """Type a line."""
        self.log.add("user", "·", f"types {line}".encode())
        self._typed_at = time.monotonic()
        self._line_is_done = False
        self.terminal.press(line + self.run.description.enter)

    async def types(self, action: str, *, means: bool = False, **fields: Any) -> Message:
        """Type the command for a request, and return the request as it was meant, with the id that it came with.

        ``means`` says that the case is about something else: then what is wrong here blocks it. Raises Failed,
        Unsupported or Blocked.
        """
        meant = self.meant(action, **fields)
        try:
            sent = await self._sent(action, meant)
        except (Failed, Unsupported) as stopped:
            if means:
                raise _blocked(stopped, action) from stopped
            raise
        if not means:
            self._note_form(action, meant, sent)
        return in_standard_form(sent, meant)

    async def sends(self, action: str, **fields: Any) -> None:
        """Type the command for a request, and answer whatever comes for it. Raises Blocked if nothing does."""
        meant = self.meant(action, **fields)
        try:
            received = await self._received(action, meant)
        except (Failed, Unsupported) as stopped:
            raise _blocked(stopped, action) from stopped
        sent = received.content
        await self.answers(in_standard_form(sent if isinstance(sent, dict) else {}, meant))

    def meant(self, action: str, **fields: Any) -> Message:
        """Return the request that a command asks for."""
        name = request_name_field(action)
        return {"action": action, **({name: self.me} if name else {}), **fields}

    async def _sent(self, action: str, meant: Message) -> Message:
        received = await self._received(action, meant)
        return self._right(_joined(self.run.description.lines(action, meant) or []), meant, received)

    async def _received(self, action: str, meant: Message) -> Received:
        """Type a command, and return the first thing that comes for it."""
        lines = self.run.description.lines(action, meant)
        if lines is None:
            raise Unsupported(Finding(f"its description has no command for {action}", by=action))
        for name in self.run.description.cannot_say(action, meant):
            raise Unsupported(Finding(f"its description has no place for {name} in {action}", by=action))
        if action in self.run.lacking:
            raise Unsupported(self.run.lacking[action])
        typed = _joined(lines)
        await self._type_lines(lines)
        began, seen = time.monotonic(), self._seen
        if not await self.pulse.until(lambda: self._next(action) is not None or not self.is_alive(), self.run.patience):
            await self._nothing_was_sent(typed, meant)
            self._seen = seen
        received = self._next(action)
        if received is None:
            await self.must_live(f"{typed} was typed")
            raise Failed(Finding(f"{typed} sent nothing", meant))
        self.run.note(time.monotonic() - began)
        self._line_is_done = True
        self._seen = self.player.received.index(received, self._seen) + 1
        return received

    def _right(self, typed: str, meant: Message, received: Received) -> Message:
        sent = received.content
        if isinstance(sent, BadInput):
            raise Failed(Finding(f"{typed} sent what is no message: {sent.reason}", meant, repr(sent.raw)))
        if wrong_with(meant, sent):
            raise Failed(Finding(f"{typed} was typed, and {wrong_with(meant, sent)}", meant, sent))
        return sent

    def _note_form(self, action: str, meant: Message, sent: Message) -> None:
        if departures(meant, sent):
            found = "; ".join(departures(meant, sent))
            self.departures.append(Finding(f"{action} is understood, with another form: {found}", meant, sent))

    async def type_raw(self, line: str) -> None:
        """Type a line that is no command."""
        await self._type_lines([line])

    async def answer_unasked(self) -> None:
        """Answer what the client has sent unasked, which it may be waiting for."""
        waiting = [each.content for each in self.player.received[self._answered :] if self._is_unasked(each.content)]
        self._answered = len(self.player.received)
        for content in waiting:
            if isinstance(content, dict) and is_valid("requests", content) and content["action"] != "client-error":
                await self.says(answer(content))

    async def _type_lines(self, lines: Sequence[str]) -> None:
        await self.answer_unasked()
        if not self._line_is_done:
            await asyncio.sleep(max(0.0, self._typed_at + self.run.description.line_delay - time.monotonic()))
        self._seen = len(self.player.received)
        delay = self.run.description.line_delay
        if len(lines) > 1:
            await self.terminal.is_drawn(delay)  # a question that comes late is none about what is typed
        self.press(lines[0])
        for line in lines[1:]:
            await self.pulse.until(self.terminal.has_asked, delay)
            self.press(line)

    def _next(self, action: str) -> Received | None:
        """Return the next thing sent that is not sent unasked."""
        for each in self.player.received[self._seen :]:
            content = each.content
            if isinstance(content, BadInput) or content.get("action") == action or not self._is_unasked(content):
                return each
        return None

    async def _nothing_was_sent(self, typed: str, meant: Message) -> None:
        """End the case unless it came late: the command is unknown if a later one is sent; else the client hangs."""
        barrier, before = self.run.barrier, len(self.player.received)
        if barrier and barrier != meant["action"] and await self.obeys():
            if len(self.sent_since(before)) > 1:
                return
            proof = f"{barrier}, asked for afterwards, was sent"
            sentence = f"{typed} sends nothing, and the client goes on"
            if not _is_plain(meant) and await self._sends_when_plain(meant):
                raise Failed(Finding(sentence, meant, self.screen(), proof="with a word for a text it was sent"))
            self.run.lacking[meant["action"]] = Finding(sentence, meant, self.screen(), meant["action"], proof)
            raise Unsupported(self.run.lacking[meant["action"]])
        await self.must_live(f"{typed} was typed")
        self.missed = True
        if barrier == meant["action"] or barrier is None:
            raise Unsupported(Finding(f"{typed} sends nothing", meant, self.screen(), meant["action"]))
        raise Failed(Finding(f"after {typed} the client sends nothing more", meant, self.screen()))

    async def _sends_when_plain(self, meant: Message) -> bool:
        """Tell whether a command sends its request if there is nothing special in its texts."""
        words = {name: each if _is_word(each) else self.fresh("word") for name, each in meant.items()}
        await self._type_lines(self.run.description.lines(meant["action"], words) or [])
        await self.pulse.until(lambda: self._has(meant["action"]) or not self.is_alive(), self.run.patience)
        return self._has(meant["action"])

    async def obeys(self) -> bool:
        """Tell whether the client still sends what is typed."""
        if self.run.barrier is None:
            return self.is_alive()
        lines = self.run.description.lines(self.run.barrier, self.meant(self.run.barrier, **self.barrier_fields)) or []
        await self._type_lines(lines)
        barrier = self.run.barrier
        await self.pulse.until(lambda: self._has(barrier) or not self.is_alive(), self.run.patience)
        self._line_is_done = self._has(barrier)
        return self._has(barrier)

    @property
    def barrier_fields(self) -> dict[str, Any]:
        """The fields of the command that is typed to see whether the client still obeys."""
        return {"msg": self.fresh("here")} if self.run.barrier == "client-broadcast" else {}

    def _has(self, action: str) -> bool:
        return any(
            not isinstance(each.content, BadInput) and mentions(each.content, action)
            for each in self.player.received[self._seen :]
        )

    def sent_since(self, begin: int) -> list[Message | BadInput]:
        """Return what the client sent after so many messages, what it sends unasked aside."""
        return [each.content for each in self.player.received[begin:] if not self._is_unasked(each.content)]

    def _is_unasked(self, content: Message | BadInput) -> bool:
        return isinstance(content, dict) and content.get("action") in self.run.spontaneous

    # -- what the server says -----------------------------------------------------------------------------

    async def says(self, *messages: Message, manner: Manner = line_each) -> None:
        """Send messages to the client, in a manner; none of them in one segment with what was sent before."""
        if manner not in WHOLE:
            await self.says_raw(manner(messages))
            return
        for each in messages:
            await self.says_raw(manner([each]))
            self._said = str(each.get("msg", ""))

    async def says_raw(self, pieces: Sequence[bytes]) -> None:
        """Send bytes, a segment each, none of them in one with what was sent before."""
        if self._said_at is not None:
            await self._let_it_react()
        self._said_at, self._said = self.terminal.mark, ""
        await self.player.write(pieces)

    async def _let_it_react(self) -> None:
        """Wait until the client has taken what was sent last, and is done with drawing where that is all one sees."""
        await self.pulse.until(self._has_reacted, REACTION_LIMIT)
        if not self._said:
            await self.terminal.is_drawn(REACTION_LIMIT)

    def _has_reacted(self) -> bool:
        """Tell whether the client has taken what was sent last, as far as its screen tells."""
        mark = self._said_at or 0
        if self._said:
            return self.terminal.shows(self._said, mark) or not self.is_alive()
        return self.terminal.mark != mark or not self.is_alive()

    async def answers(self, request: Message, **fields: Any) -> None:
        """Answer a request as a server does that lets it through."""
        await self.says(answer(request, **fields))

    async def refuses(self, request: Message, code: str | None = None) -> str:
        """Refuse a request, and return the sentence that says why."""
        sentence = self.fresh("refused")
        await self.says(refusal(request, sentence, code))
        return sentence

    async def shows(
        self, *messages: Message, texts: Mapping[str, str], manner: Manner = line_each, what: str = ""
    ) -> None:
        """Send messages, and fail the case unless the screen then shows these texts, named for what they are."""
        mark = self.terminal.mark
        await self.says(*messages, manner=manner)
        await self.sees(texts, mark, what or str(messages[-1]["action"]))

    async def sees(self, texts: Mapping[str, str], mark: int, after: str, *, longer: int = 1) -> None:
        """Fail the case unless these texts appear that were not drawn before a mark.

        ``after`` says what was sent; ``longer`` says how many times as long as usual is waited.
        """
        began = time.monotonic()

        def missing() -> list[str]:
            return [name for name, text in texts.items() if not self.terminal.shows(text, mark)]

        await self.pulse.until(lambda: not missing() or self.terminal.ended, longer * self.run.patience)
        if not missing():
            self.run.note((time.monotonic() - began) / longer)
            return
        lost = missing()[0]
        await self.must_live(after)
        proof = await self._proof(mark, longer)
        await self.must_live(after)
        if not missing():  # what came last is shown, and so was this before it: the screen is slow, nothing more
            return
        sentence = f"after {after} the screen does not show {lost} ({texts[lost]})"
        raise Failed(Finding(sentence, texts[lost], self.screen(), proof=proof))

    async def _proof(self, mark: int, longer: int) -> str:
        """Return how sure it is that something is not shown: a later message was, an error was, or nothing at all."""
        if self.has_complained(mark):
            return "an error is on the screen instead"
        if await self.is_shown(longer):
            return "a later message was shown"
        self.missed = True
        return f"nothing that came later was shown either, within {self.run.patience:.1f} s"

    def has_complained(self, mark: int) -> bool:
        """Tell whether the screen shows an error of the program that was not there before a mark."""
        return ERROR.search(self.terminal.drawn_since(mark)) is not None

    async def is_shown(self, longer: int = 1) -> bool:
        """Send a message from somebody, and tell whether the screen shows it; ``longer`` as in ``sees``."""
        text, mark = self.fresh("proof"), self.terminal.mark
        began = time.monotonic()
        await self.says(message("server-send", **{"from": "bob", "to": self.me, "msg": text}))
        limit = longer * self.run.patience
        shown = await self.pulse.until(lambda: self.terminal.shows(text, mark) or self.terminal.ended, limit)
        if shown and not self.terminal.ended:
            self.run.note((time.monotonic() - began) / longer)
        return self.terminal.shows(text, mark)

    async def survives(self, what: str) -> None:
        """Fail the case unless the client lives, shows what comes next, and obeys what is typed."""
        if not self.run.shows:
            raise Blocked(Finding("the client shows no messages, by which one sees what it survives", by="server-send"))
        mark = self._said_at or 0
        shown = await self.is_shown()
        await self.must_live(what)
        if not shown:
            self.missed = not self.has_complained(mark)
            raise Failed(Finding(f"after {what} the client shows nothing more", None, self.screen()))
        obeys = await self.obeys()
        await self.must_live(what)
        if not obeys:
            self.missed = True
            raise Failed(Finding(f"after {what} the client sends nothing more", None, self.screen()))

    async def ends(self, limit: float) -> bool:
        """Wait for the client to end, and tell whether it has."""
        self.may_end = True
        return await self.pulse.until(lambda: self.terminal.ended, limit)


def _joined(lines: Sequence[str]) -> str:
    return " ⏎ ".join(lines)


def _is_word(value: Any) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[\w-]+", value) is not None


def _is_plain(request: Message) -> bool:
    """Tell whether there is nothing in a request that is hard to type, read or write."""
    return all(map(_is_word, request.values()))


def _blocked(stopped: Stopped, action: str) -> Blocked:
    """Return that a case cannot look, because a command that it needs does not work."""
    return Blocked(Finding(stopped.finding.sentence, by=action, proof=stopped.finding.proof))


def sender_is(request: Message, name: str) -> None:
    """Fail the case unless a request carries a name."""
    must(sender_of(request) == name, f"{request.get('action')} does not carry the user's name", name, dict(request))


def _id_of(request: Message) -> dict[str, Any]:
    return {"id": request["id"]} if "id" in request else {}


def list_of_groups(*names: str, private: bool = False) -> list[Message]:
    """Return the rows of a list of groups."""
    row = schemas.schema("answers", "server-groups")["examples"][0]["groups"][0]
    return [{**row, "group": name, "private": private} for name in names]
