"""How many messages of one topic are heard: who may write one topic must not use us up. Pure."""

from __future__ import annotations

#: Messages of one topic in a row, and a second then. A slider of Home Assistant sends some ten a
#: second, a client that fetches all events 200 in a row.
BURST, EACH_SECOND = 200.0, 20.0
#: Seconds between two lines of the log about the same cause.
LINE_EVERY = 60.0
#: Topics that have their own limit. Ten cameras have fewer commands; all other topics share one.
MOST_TOPICS = 512
#: Seconds between two looks for topics to forget: a look costs as much as hundreds of messages.
_LOOK_EVERY = 1.0


class Flood:
    """Counts messages by their topic, so that a flood of one costs the others nothing.

    Attributes:
        refused: messages that were too many.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._left: dict[str, tuple[float, float]] = {}  # messages left, and when that was so
        self._looked = float("-inf")

    def takes(self, topic: str, now: float) -> bool:
        """Whether one more message of that topic is to be heard.

        Args:
            topic: where it came.
            now: monotonic seconds.
        """
        if topic not in self._left and len(self._left) >= MOST_TOPICS:
            self._forget(now)
            if len(self._left) >= MOST_TOPICS:
                topic = ""
        left = self._now(self._left.get(topic, (BURST, now)), now)
        if left < 1.0:
            self.refused += 1
            self._left[topic] = left, now
            return False
        self._left[topic] = left - 1.0, now
        return True

    def _forget(self, now: float) -> None:
        """Drops the topics of which nothing has come for long enough."""
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        self._left = {t: kept for t, kept in self._left.items() if self._now(kept, now) < BURST}

    @staticmethod
    def _now(kept: tuple[float, float], now: float) -> float:
        left, at = kept
        return min(BURST, left + (now - at) * EACH_SECOND)


class Seldom:
    """Says of each counter at most once in `LINE_EVERY` seconds by how much it has grown."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, int]] = {}  # cause -> when, and the count then

    def grown(self, cause: str, count: int, now: float) -> int:
        """By how much since it was said last; 0: say nothing now."""
        at, said = self._said.get(cause, (float("-inf"), 0))
        if count == said or now - at < LINE_EVERY:
            return 0
        self._said[cause] = now, count
        return count - said
