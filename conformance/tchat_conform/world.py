"""The world of one case: fresh people, groups and texts, the barrier, and what was noted on the way."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeVar

from tchat_conform.connection import Address, Connection
from tchat_conform.expect import mentions
from tchat_conform.target import Target
from tchat_conform.user import User
from tchat_conform.verdict import FEATURE, Blocked, Failed, Finding, Unsupported, Untested
from tchat_conform.wirelog import WireLog

SILENCES_THAT_TELL = 2
NEWS_OF_JOIN = "server-join to others"
PATIENCE_FLOOR = 1.0
PATIENCE_FACTOR = 10
RETRY_AFTER = 0.01

T = TypeVar("T")

_in_scene: ContextVar[bool] = ContextVar("in_scene", default=False)  # each of the people of a crowd has its own


@dataclass(slots=True)
class Run:
    """What all cases of one run share.

    ``limit`` is how long an answer is waited for at most and ``slowest`` how long the slowest took, both in seconds,
    None while there was none; ``features`` is what server-hello listed; ``repeats_ids`` whether an answer ever
    carried the request's id.
    """

    target: Target
    limit: float
    slowest: float | None = None
    features: frozenset[str] = frozenset()
    repeats_ids: bool = False
    silences: Counter[str] = field(default_factory=Counter)
    answered: set[str] = field(default_factory=set)
    token: str = field(default_factory=lambda: secrets.token_hex(3))
    serial: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def patience(self) -> float:
        """How long an answer is waited for, in seconds: in proportion to the slowest one, within bounds.

        So a server that is slow, or a machine that is busy, is given time, and a fast one's silence costs little.
        """
        return (
            self.limit if self.slowest is None else min(self.limit, max(PATIENCE_FLOOR, PATIENCE_FACTOR * self.slowest))
        )

    def answered_after(self, seconds: float) -> None:
        """Note how long something took that was waited for."""
        self.slowest = max(self.slowest or 0.0, seconds)


class World:
    """Hands out people and things with names that nobody had before, on this server or any."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.log = WireLog()
        self.near_misses: list[Finding] = []
        self._at_least = 0.0
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

    def allow(self, seconds: float) -> None:
        """Wait at least so long for each answer of this case, where a sound server may be slow by design."""
        self._at_least = seconds

    def fresh(self, stem: str) -> str:
        """Return a legal name that begins with ``stem`` and is new, and of which no other is a part."""
        return f"{stem}-{self.run.token}-{next(self.run.serial):05}"

    def group(self, stem: str = "wob") -> str:
        """Return a new group name."""
        return self.fresh(stem)

    def text(self, stem: str = "hello") -> str:
        """Return a message text that was never said before."""
        return f"{stem} {self.fresh('no')}"

    def fresh_id(self) -> int:
        """Return a request id that no other request of this run has."""
        return next(self.run.serial)

    async def connect(self, who: str) -> Connection:
        """Open a connection without saying anything. Blocks the case if the server does not take it."""
        try:
            connection = await Connection.open(who, self.address, self.log, max(self.patience, 2.0))
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

        if not self.is_known_mute(NEWS_OF_JOIN):
            heard = await user.connection.wait_until(told, self.patience)
            (self.note_answer if heard else self.note_silence)(NEWS_OF_JOIN)
        for each in inbox:
            each.used = each.used or mentions(each.message, group)

    async def builds_on(self, step: Awaitable[T], *, by: str) -> T:
        """Await a step the case builds on: its failure blocks the case. ``by`` is the action at work."""
        outside = _in_scene.set(True)
        try:
            return await step
        except Failed as stopped:
            raise Blocked(replace(stopped.finding, by=by)) from stopped
        finally:
            _in_scene.reset(outside)

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

        if not await recipient.connection.wait_until(arrived, self.patience):
            self.log.remark(f"the barrier from {sender!r} to {recipient!r} did not arrive")
            sentence = "a private message must arrive before silence proves anything; it did not"
            raise Blocked(Finding(sentence, by="client-send"))
        for each in inbox:
            each.used = each.used or mentions(each.message, text)

    def near_miss(self, finding: Finding) -> None:
        """Note that the right thing happened in another form; the case goes on.

        What builds the scene has cases of its own, which count its form: here it counts no second time.
        """
        if not _in_scene.get() and finding not in self.near_misses:
            self.near_misses.append(finding)

    def note_silence(self, action: str) -> None:
        """Note that a legal request of this action was left unanswered."""
        self.run.silences[action] += 1

    def note_answer(self, action: str) -> None:
        """Note that a request of this action was answered: silences are slow moments from then on."""
        self.run.answered.add(action)

    def is_known_mute(self, action: str) -> bool:
        """Tell whether this action was left unanswered so often that waiting again would teach nothing."""
        return action not in self.run.answered and self.run.silences[action] >= SILENCES_THAT_TELL

    def needs_feature(self, feature: str) -> None:
        """End the case unless the server lists an optional feature in server-hello."""
        if feature not in self.run.features:
            raise Unsupported(Finding(f"server-hello does not list {feature!r}", by=f"{FEATURE}{feature}"))

    async def restart(self, *, kill: bool = False) -> None:
        """Restart the server, or kill it without warning and start it. Ends the case if the run may not."""
        if not self.run.target.can_restart:
            raise Untested(Finding("needs a server that the suite started: --spawn 'CMD {port}'"))
        self.log.remark("the server is " + ("killed" if kill else "stopped") + " and started again")
        await self.run.target.restart(kill=kill)

    async def end(self) -> None:
        """Close every connection of the case."""
        for connection in self.connections:
            await connection.close()
