"""Answers on topics that a requester named, outside our own: what they may cost us. Pure.

`response_topic` knows the rules that all brokers share. A broker may have more rules, and some
brokers end the connection of a client that publishes where it has no right. So each request could
cut us off. After the second time the agent answers on no response topic for an hour. Every answer
is on our own topics as well.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds. A broker that refuses a topic ends the connection immediately; a slow network adds time.
AT_ONCE = 3.0
#: After `STRIKES` lost connections no response topic gets an answer for `CLOSED_FOR` seconds.
STRIKES = 2
CLOSED_FOR = 3600.0


@dataclass(frozen=True, slots=True)
class _Strike:
    topic: str
    at: float


class Elsewhere:
    """Remembers what was under way when a connection was lost.

    Args:
        root: how our own topics begin, with the slash.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._under_way: dict[int, _Strike] = {}
        self._strikes: list[_Strike] = []
        self._struck = False  # by the last loss

    def names(self, topic: str) -> bool:
        """It is none of our own: an answer there is sent once."""
        return not topic.startswith(self._root)

    def closed(self, now: float) -> bool:
        """Nobody is answered there now."""
        self._strikes = [strike for strike in self._strikes if now - strike.at < CLOSED_FOR]
        return len(self._strikes) >= STRIKES

    def sent(self, mid: int, topic: str, now: float) -> None:
        """An answer is under way, or was when the connection ended."""
        self._under_way[mid] = _Strike(topic, now)

    def acknowledged(self, mid: int) -> None:
        """The broker has taken it, or refused it and kept the connection."""
        self._under_way.pop(mid, None)

    def lost(self, now: float) -> str | None:
        """The connection was lost; the topic that cost it, if it was one."""
        doubted = [one for one in self._under_way.values() if now - one.at <= AT_ONCE]
        self._under_way.clear()
        self._struck = bool(doubted)
        if not doubted:
            return None
        self._strikes.append(_Strike(doubted[0].topic, now))
        return doubted[0].topic

    def gone(self) -> None:
        """The broker itself was not there: the last loss says nothing."""
        if self._struck:
            del self._strikes[-1:]
        self._struck = False
