"""How long to wait before each attempt to connect again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays that double from ``first`` to ``most`` seconds, each shortened by up to half at random.

    The chance keeps the clients of a whole class from coming back in the same moment. After ``give_up`` seconds
    without a connection no further attempt is made; None for never.
    """

    first: float = 0.5
    most: float = 30.0
    give_up: float | None = None

    def __iter__(self) -> Iterator[float]:
        """Yield one delay after the other, without end."""
        delay = self.first
        while True:
            yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret
            delay = min(delay * 2, self.most)
