"""When pictures came that have no time of their own, and of which one read brings several. Pure."""

from __future__ import annotations

from collections import deque
from statistics import median

#: Steps from one picture to the next that are remembered.
_REMEMBERED = 15


class Arrivals:
    """Spreads pictures that came together, as a camera makes them: evenly.

    The last one came now. The others came before it by the usual step each, but all of them after
    the last one of those before.
    """

    def __init__(self) -> None:
        self._last: float | None = None
        self._steps: deque[float] = deque(maxlen=_REMEMBERED)

    def times(self, count: int, at: float) -> list[float]:
        """The time of each.

        Args:
            count: pictures that came together.
            at: monotonic seconds when they were taken.
        """
        if not count:
            return []
        step = 0.0
        if self._last is not None:
            even = max(0.0, at - self._last) / count
            self._steps.append(even)
            step = min(even, median(self._steps))
        self._last = at
        return [at - step * (count - 1 - number) for number in range(count)]
