"""What all cases of one run share: the server, how to speak to it, how fast it is, and what it leaves unanswered."""

import secrets
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from tchat_conform.speech import STANDARD, Adaptation, Speech
from tchat_conform.target import Target
from tchat_conform.witness import Witness

SILENCES_THAT_TELL, SILENCES_THAT_PROVE = 2, 3
MUTE_FACTOR = 4
PATIENCE_FLOOR = 1.0
PATIENCE_FACTOR = 10
QUICK_FLOOR = 0.05
QUICK_FACTOR = 2
SHORT_FACTOR = 4
FIRST_PATIENCE = 2.0
"""How long the first answer of all is waited for, in seconds."""
REMEMBERED = 64


@dataclass(slots=True)
class Run:
    """What all cases of one run share.

    ``limit`` is how long an answer is waited for at most, in seconds; ``features`` is what server-hello listed;
    ``repeats_ids`` whether an answer ever carried the request's id. What the probe found: ``speech`` and
    ``adaptations``; ``paced`` for a server that may not bear two messages in one segment; ``greetings``, how many
    things it says unasked to each connection; ``echoes`` if it sends requests back; ``effective``, the actions that
    work without an answer; ``witness``, where there can be one.
    """

    target: Target
    limit: float
    features: frozenset[str] = frozenset()
    repeats_ids: bool = False
    speech: Speech = STANDARD
    adaptations: list[Adaptation] = field(default_factory=list)
    paced: bool = True
    greetings: int = 0
    echoes: bool = False
    effective: set[str] = field(default_factory=set)
    witness: Witness | None = None
    silences: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    token: str = field(default_factory=lambda: secrets.token_hex(3))
    serial: "count[int]" = field(default_factory=lambda: count(1))
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
        return self._scaled(QUICK_FLOOR, QUICK_FACTOR)

    @property
    def grace(self) -> float:
        """How much longer a server may take that does not answer in order, in seconds."""
        return self.quick

    @property
    def short_patience(self) -> float:
        """How long to wait, in seconds, for what never came before and where there is no witness."""
        return self._scaled(QUICK_FLOOR, SHORT_FACTOR)

    def _scaled(self, floor: float, factor: int) -> float:
        slowest = self.slowest
        if slowest is None:
            return min(self.limit, FIRST_PATIENCE)
        return min(self.limit, max(floor, factor * slowest))

    def came(self, what: str, seconds: float) -> None:
        """Note that something came that was waited for, and after how long."""
        self.answered[what] += 1
        self._times.append(seconds)

    def is_mute(self, what: str) -> bool:
        """Tell whether something was waited for in vain so often that waiting again would teach nothing."""
        silences = self.silences[what] if what else 0
        return silences >= SILENCES_THAT_TELL and silences > MUTE_FACTOR * self.answered[what]

    def is_fact(self, what: str) -> bool:
        """Tell whether something was waited for in vain so often that luck had no part in it."""
        return self.is_mute(what) and self.silences[what] >= SILENCES_THAT_PROVE

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
        """Restart the server without asking anybody; the witness leaves before, so as not to take it for a crash."""
        if self.witness is not None:
            await self.witness.leave()
        await self.target.restart(kill=kill)
