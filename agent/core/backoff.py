"""How long to wait before trying again. Pure: the randomness is an argument."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Delays in seconds that grow by `factor` from `first` up to `limit`.

    Each is shortened by up to `jitter` (0..1) of itself, so that many agents that lost the same
    peer do not come back in step.
    """

    def __init__(
        self,
        first: float,
        factor: float,
        limit: float,
        *,
        jitter: float = 0.1,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first = first
        self._factor = factor
        self._limit = limit
        self._jitter = jitter
        self._chance = chance
        self._next = first

    def next(self) -> float:
        """The next delay, at most `limit`."""
        delay = min(self._next, self._limit)
        self._next = min(delay * self._factor, self._limit)
        return delay * (1.0 - self._jitter * self._chance())

    def reset(self) -> None:
        """It worked: the next delay is the first again."""
        self._next = self._first
