"""The world of one case: fresh people, groups and texts, the barrier, and what was noted on the way."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeVar

from tchat_conform.actions import news
from tchat_conform.address import Address
from tchat_conform.connection import Connection
from tchat_conform.expect import mentions, words
from tchat_conform.requirements import Requirement
from tchat_conform.run import Run
from tchat_conform.scene import Scene
from tchat_conform.speech import Speech
from tchat_conform.user import User
from tchat_conform.verdict import FEATURE, Blocked, Failed, Finding, Message, Unsupported, Untested
from tchat_conform.wirelog import WireLog

RETRY_AFTER = 0.01
ABOUT_ANSWERS = ("W-ACTION-", "W-FORM-", "E-CODE-", "E-ECHO-", "E-ORDER-1", *(f"W-BAD-{each}" for each in range(1, 7)))
"""How the numbers of the requirements begin that are about the answer itself."""
ABOUT_REFUSALS = ("W-OPEN-", "E-CODE-", "E-ECHO-")
"""How the numbers of the requirements begin that are about refusals in general."""

T = TypeVar("T")

_in_scene: ContextVar[bool] = ContextVar("in_scene", default=False)  # each of the people of a crowd has its own


class World:
    """Hands out people and things with names that nobody had before, on this server or any."""

    def __init__(self, run: Run, speech: Speech | None = None, requirement: Requirement | None = None) -> None:
        self.run = run
        self.requirement = requirement
        self.speech = run.speech if speech is None else speech
        self.log = WireLog()
        self.scene = Scene()
        self.near_misses: list[Finding] = []
        self.missed: set[str] = set()
        self.proof = ""
        self._at_least = 0.0
        self._groups: set[str] = set()
        self._serials: set[str] = set()
        self._find_serials = re.compile(rf"x{run.token}x(\d{{5}})").findall
        self.connections: list[Connection] = []

    # -- people and things --------------------------------------------------------------------------------

    @property
    def address(self) -> Address:
        """Where the server listens."""
        return self.run.target.address

    @property
    def patience(self) -> float:
        """How long an answer is waited for, in seconds."""
        return max(self.run.patience, self._at_least)

    @property
    def is_about_answers(self) -> bool:
        """Whether the case is about how a request is answered, and not about what it does: silence fails it."""
        return self.requirement is not None and self.requirement.id.startswith(ABOUT_ANSWERS)

    @property
    def is_about_refusals(self) -> bool:
        """Whether the case is about refusals of whatever kind: that one is missing is the fault of another rule."""
        return self.requirement is not None and self.requirement.id.startswith(ABOUT_REFUSALS)

    def last_departure(self) -> float:
        """Return when somebody last went, on the monotonic clock."""
        return max((each.departed or 0.0 for each in self.connections), default=0.0)

    def allow(self, seconds: float) -> None:
        """Wait at least so long for each answer of this case, where a sound server may be slow by design."""
        self._at_least = seconds

    def fresh(self, stem: str) -> str:
        """Return a legal name that begins with ``stem`` and is new, and of which no other is a part."""
        serial = f"{next(self.run.serial):05}"
        self._serials.add(serial)
        return f"{stem}x{self.run.token}x{serial}"

    def group(self, stem: str = "wob") -> str:
        """Return a new group name."""
        name = self.fresh(stem)
        self._groups.add(name)
        return name

    def people_in(self, text: str) -> set[str]:
        """Return the names in a text that this run gave to people."""
        names = set(re.findall(rf"[^\s,;:\"'\[\]()]+x{self.run.token}x\d{{5}}", text))
        return names - self._groups

    def is_noise(self, message: Message) -> bool:
        """Tell whether a message is presence of other cases' people, as most of what arrives is, or was relayed."""
        if self.run.relays:
            return self.is_about_others(message)
        name = message.get("from")
        return message.get("action") == "server-presence" and isinstance(name, str) and self._are_others(name)

    def is_about_others(self, message: Message) -> bool:
        """Tell whether a message names people or things of other cases, and none of this one."""
        return self._are_others(" ".join(words(message)))

    def _are_others(self, text: str) -> bool:
        serials = self._find_serials(text)
        return bool(serials) and self._serials.isdisjoint(serials)

    def text(self, stem: str = "hello") -> str:
        """Return a message text that was never said before."""
        return f"{stem} {self.fresh('no')}"

    def fresh_id(self) -> int:
        """Return a request id that no other request of this run has."""
        return next(self.run.serial)

    async def connect(self, who: str) -> Connection:
        """Open a connection without saying anything. Blocks the case if the server does not take it."""
        try:
            connection = await Connection.open(
                who,
                self.address,
                self.log,
                max(self.patience, 2.0),
                self.speech,
                pacer=self.run.pace if self.run.paced else None,
                greetings=self.run.greetings,
                echoes=self.run.echoes,
                is_noise=self.is_noise,
            )
        except (OSError, TimeoutError) as error:
            cause = str(error) or "timed out"
            raise Blocked(Finding(f"the server takes no connection: {cause}", by="a connection")) from error
        self.connections.append(connection)
        return connection

    async def stranger(self, who: str = "eve", name: str | None = None) -> User:
        """Return somebody who is connected and has said nothing yet."""
        return User(self, name or self.fresh(who), await self.connect(who))

    async def user(self, who: str, name: str | None = None) -> User:
        """Return somebody who has said hello."""
        user = await self.stranger(who, name)
        await user.given("client-hello")
        return user

    async def users(self, *whos: str) -> list[User]:
        """Return several people who have said hello."""
        return [await self.user(who) for who in whos]

    async def returns(self, user: User, **hello: Any) -> User:
        """Return the same user on a new connection, after hello; a failure blocks the case."""
        return await self.builds_on(self.comes_back(user, **hello), by="client-hello")

    async def comes_back(self, user: User, **hello: Any) -> User:
        """Return the same user on a new connection, after hello; a failure fails the case.

        Says hello again while it is refused, but for its password: a server may need a moment to notice that the
        old connection has ended.
        """
        deadline = time.monotonic() + self.patience
        while True:
            again = await self.stranger(user.connection.who, user.name)
            try:
                await again.asks("client-hello", **hello)
            except Failed as stopped:
                refusal = stopped.finding.received
                wrong_password = isinstance(refusal, Mapping) and refusal.get("code") == "auth-failed"
                if wrong_password or time.monotonic() > deadline:
                    raise
                await again.leaves()
                await asyncio.sleep(RETRY_AFTER)
            else:
                return again

    async def group_of(self, owner: User, *members: User, private: bool = False) -> str:
        """Return a new group with these members, all of whom know of all joins, where the server tells them."""
        group = self.group("den" if private else "wob")
        await owner.given("cgroupe", group=group, **({"private": True} if private else {}))
        for number, member in enumerate(members):
            if private:
                await owner.given("invite", group=group, dest=member.name)
            await member.given("join", group=group)
            for other in (owner, *members[:number]):
                await self._learns_of_join(other, member, group)
        return group

    async def _learns_of_join(self, user: User, member: User, group: str) -> None:
        inbox = user.connection.inbox

        def told() -> bool:
            return any(mentions(each.message, group) and mentions(each.message, member.name) for each in inbox)

        await self.wait(user.connection, told, news("server-join"))
        user.uses_up(group)

    async def builds_on(self, step: Awaitable[T], *, by: str, in_form: bool = False) -> T:
        """Await a step the case builds on: its failure blocks the case. ``by`` is the action at work.

        ``in_form`` says that its form counts all the same, as where the case is about just this action.
        """
        outside = _in_scene.set(not in_form)
        try:
            return await step
        except Failed as stopped:
            raise Blocked(replace(stopped.finding, by=by)) from stopped
        finally:
            _in_scene.reset(outside)

    # -- waiting ------------------------------------------------------------------------------------------

    async def wait(self, connection: Connection, condition: Callable[[], bool], what: str = "") -> bool:
        """Wait until something has come over a connection; False once it is proven, or most likely, that it will not.

        The proof is the witness: once the server has answered it, it is past all that was sent before. A server
        that cannot be asked so is given time, in proportion to its slowest answer. ``what`` is waited for, in words
        that are the same in every case: what never came before is not given more time than the proof takes.
        """
        began, hopeless = time.monotonic(), self.run.is_mute(what)
        limit = 0.0 if hopeless else max(self.run.quick, self._at_least)
        if not await connection.wait_until(condition, limit) and not connection.closed:
            await self._wait_longer(connection, condition, limit, hopeless=hopeless)
        if condition():
            self.run.came(what, time.monotonic() - began)
            return True
        if connection.closed:
            self.proof = "the server had closed the connection"
        self.run.silences[what] += 1
        self.missed.add(what)
        return False

    async def settle(self, connection: Connection, condition: Callable[[], bool]) -> None:
        """Wait until something has come over a connection or the server is past all that was sent so far."""
        if not condition() and not connection.closed:
            await self._wait_longer(connection, condition, 0.0, hopeless=True)

    async def stream(self, connection: Connection, arrived: Callable[[], int], wanted: int) -> None:
        """Wait until so many things have arrived, or, the server being past all that was sent, no more of them do."""
        before = -1
        while before < arrived() < wanted and not connection.closed:
            before = arrived()
            await self._wait_longer(connection, lambda: arrived() >= wanted, 0.0, hopeless=False)

    async def _wait_longer(
        self, connection: Connection, condition: Callable[[], bool], waited: float, *, hopeless: bool
    ) -> None:
        began = time.monotonic()
        passed = await self.run.past_all(self.patience)
        if passed is None:
            limit = self.run.short_patience if hopeless else self.patience
            await connection.wait_until(condition, limit - waited - (time.monotonic() - began))
            self.proof = f"nothing came within {limit:.1f} s, and no other answer could show how far the server was"
            return
        grace = 0.0 if hopeless else self.run.grace
        await connection.wait_until(condition, grace)
        self.proof = f"the server answered two later requests of another user within {passed * 1000:.0f} ms"

    # -- proofs -------------------------------------------------------------------------------------------

    async def barrier(self, sender: User, recipient: User) -> None:
        """Wait for a private message sent now, behind which nothing earlier can still be on its way.

        Blocks the case if it does not arrive: without it nothing can be said about silence.
        """
        text = self.text("barrier")
        await sender.says("client-send", to=recipient.name, msg=text)
        inbox = recipient.connection.inbox

        def arrived() -> bool:
            return any(mentions(each.message, text) for each in inbox)

        if not await self.wait(recipient.connection, arrived):
            self.log.remark(f"the barrier from {sender!r} to {recipient!r} did not arrive")
            sentence = "a private message must arrive before silence proves anything; it did not"
            raise Blocked(Finding(sentence, by="client-send"))
        recipient.uses_up(text)

    def should_be(self, holds: bool, sentence: str, expected: Message | str, received: Message | str) -> None:
        """Note a near miss unless something holds that is a matter of form."""
        if not holds:
            self.near_miss(Finding(sentence, expected, received))

    def near_miss(self, finding: Finding) -> None:
        """Note that the right thing happened in another form; the case goes on.

        What builds the scene has cases of its own, which count its form: here it counts no second time.
        """
        if not _in_scene.get() and finding not in self.near_misses:
            self.near_misses.append(finding)

    def needs_feature(self, feature: str) -> None:
        """End the case unless the server lists an optional feature in server-hello."""
        if feature not in self.run.features:
            raise Unsupported(Finding(f"server-hello does not list {feature!r}", by=f"{FEATURE}{feature}"))

    def needs_restarts(self) -> None:
        """End the case if the run may not restart the server."""
        if not self.run.target.can_restart:
            raise Untested(Finding("needs a server that the suite started: --spawn 'CMD {port}'"))

    async def restart(self, *, kill: bool = False) -> None:
        """Restart the server, or kill it without warning and start it."""
        self.log.remark("the server is " + ("killed" if kill else "stopped") + " and started again")
        await self.run.restart(kill)

    async def end(self) -> None:
        """Let everybody leave, and keep what shows how the server speaks."""
        for connection in self.connections:
            connection.part(self.run.parting)
            self.run.notes_form(each.message for each in connection.inbox)
