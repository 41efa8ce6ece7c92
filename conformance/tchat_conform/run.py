"""What all cases of one run share: the server, how to speak to it, how fast it is, and what it leaves unanswered."""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tchat_conform.actions import GROUP
from tchat_conform.connection import LINGERS
from tchat_conform.shape import Shape
from tchat_conform.speech import STANDARD, Adaptation, Speech
from tchat_conform.target import Target
from tchat_conform.witness import Witness
from tchat_protocol import messages

SILENCES_THAT_TELL, SILENCES_THAT_PROVE = 2, 3
MUTE_FACTOR = 4
PATIENCE_FLOOR = 1.0
PATIENCE_FACTOR = 10
QUICK = 0.05
GRACE_FACTOR = 2
SHORT_FACTOR = 4
FIRST_PATIENCE = 2.0
"""How long the first answer of all is waited for, in seconds."""
HOPELESS = 0.25
"""How long to wait, in seconds, for what never came before, from a server that never answered anything."""
REMEMBERED = 64
BREATH = 0.005
"""Seconds between two looks at who has left."""


@dataclass(slots=True)
class Run:
    """What all cases of one run share.

    ``limit`` is how long an answer is waited for at most, in seconds; ``features`` is what server-hello listed;
    ``repeats_ids`` whether an answer ever carried the request's id. What the probe found: ``speech`` and
    ``adaptations``; ``paced`` for a server that may not bear two messages in one segment; ``greetings``, the
    shapes of what it says unasked to each connection; ``forms``, those of its own answers to each action, and
    ``acceptances``, what it said where it did what it was asked;
    ``echoes`` if it sends requests back, ``relays`` if it sends them to everybody else, ``is_welcoming`` if
    it answers a hello, ``adds_invitees`` if who is invited is in the group at once; ``effective``, the actions
    whose effect was seen; ``mute_at_first``, those that had no answer; ``missing``, what never works, requests and
    news to others alike; ``witness``, where there can be one. ``malformed`` holds the first message of each action
    that was not valid against its schema.
    """

    target: Target
    limit: float
    features: frozenset[str] = frozenset()
    repeats_ids: bool = False
    speech: Speech = STANDARD
    adaptations: list[Adaptation] = field(default_factory=list)
    paced: bool = True
    greetings: tuple[Shape, ...] = ()
    forms: dict[str, frozenset[Shape]] = field(default_factory=dict)
    acceptances: dict[str, str] = field(default_factory=dict)
    echoes: bool = False
    relays: bool = False
    is_welcoming: bool = False
    adds_invitees: bool = False
    effective: set[str] = field(default_factory=set)
    mute_at_first: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    witness: Witness | None = None
    silences: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    malformed: dict[str, dict[str, Any]] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(3)[1:])
    serial: "count[int]" = field(default_factory=lambda: count(1))
    parting: set[asyncio.Transport] = field(default_factory=set)
    restarter: Callable[[bool], Awaitable[None]] | None = None
    _times: "deque[float]" = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def slowest(self) -> float | None:
        """How long the slowest of the latest answers took, in seconds; None while there was none."""
        return max(self._times, default=None)

    @property
    def patience(self) -> float:
        """How long an answer is waited for where nothing else tells that it will not come, in seconds.

        In proportion to the slowest one, within bounds: so a server that is slow, or a machine that is busy, is
        given time, and a fast one's silence costs little.
        """
        return self._scaled(PATIENCE_FLOOR, PATIENCE_FACTOR)

    @property
    def quick(self) -> float:
        """How long an answer may take, in seconds, before the witness is asked how far the server is."""
        return self.limit if self.witness is None and self.slowest is None else min(self.limit, QUICK)

    @property
    def grace(self) -> float:
        """How much longer a server may take that does not answer in order, in seconds."""
        return self._scaled(QUICK, GRACE_FACTOR)

    @property
    def short_patience(self) -> float:
        """How long to wait, in seconds, for what never came before and where there is no witness."""
        return HOPELESS if self.slowest is None else self._scaled(QUICK, SHORT_FACTOR)

    def _scaled(self, floor: float, factor: int) -> float:
        slowest = self.slowest
        if slowest is None:
            return min(self.limit, FIRST_PATIENCE)
        return min(self.limit, max(floor, factor * slowest))

    @contextmanager
    def patient_for(self, seconds: float) -> Iterator[None]:
        """Wait no longer than so many seconds for one answer, for a while."""
        limit, self.limit = self.limit, min(self.limit, seconds)
        try:
            yield
        finally:
            self.limit = limit

    def notes_form(self, said: Iterable[dict[str, Any]]) -> None:
        """Remember of what the server said what is not valid against its schema (A-FORM-1)."""
        for message in said:
            if not messages.is_valid("answers", message):
                self.malformed.setdefault(str(message.get("action", "a message without action")), message)

    def came(self, what: str, seconds: float) -> None:
        """Note that something came that was waited for, and after how long."""
        self.answered[what] += 1
        self._times.append(seconds)

    def is_mute(self, what: str) -> bool:
        """Tell whether something was waited for in vain so often that waiting again would teach nothing."""
        silences = self.silences[what] if what else 0
        return silences >= SILENCES_THAT_TELL and silences > MUTE_FACTOR * self.answered[what]

    def may_work(self, action: str, *, changes: bool) -> bool:
        """Tell whether a request that is left unanswered may do its work all the same: its effect will tell.

        ``changes`` says that it changes something. Where founding a group shows no effect at all, no group works.
        """
        if action in self.effective:
            return True
        return changes and not ("cgroupe" in self.mute_at_first and "cgroupe" not in self.effective and action in GROUP)

    def is_fact(self, what: str) -> bool:
        """Tell whether something was waited for in vain so often that luck had no part in it."""
        return self.is_mute(what) and self.silences[what] >= SILENCES_THAT_PROVE

    async def leave(self) -> None:
        """Close whatever connection is still open: the run is over."""
        if self.witness is not None:
            await self.witness.leave()
        for each in self.parting:
            each.close()
        self.parting.clear()
        await asyncio.sleep(0)

    async def parted(self) -> None:
        """Wait until the server has closed the connections of all who have left, or for as long as it is given."""
        for _ in range(int(LINGERS / BREATH)):
            if all(each.is_closing() for each in self.parting):
                return
            await asyncio.sleep(BREATH)

    async def past_all(self, limit: float) -> float | None:
        """Return how many seconds the server took to be past all that was sent so far; None if that cannot be told."""
        return None if self.witness is None else await self.witness.passes(limit)

    async def pace(self) -> bool:
        """Wait until the server is past all that was sent so far; False if that cannot be told."""
        return await self.past_all(self.patience) is not None

    async def restart(self, kill: bool) -> None:
        """Restart the server, or kill it without warning and start it, for a case. Raises TargetError."""
        await (self.restarter or self.restart_now)(kill)

    async def restart_now(self, kill: bool) -> None:
        """Restart the server without asking anybody; the witness leaves before, as all do who know of it."""
        if self.witness is not None:
            await self.witness.leave()
        await self.target.restart(kill=kill)
