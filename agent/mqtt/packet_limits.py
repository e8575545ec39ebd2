"""How large a packet the broker takes: what it says, and what it teaches by cutting us off. Pure.

Only MQTT 5 can announce the limit, and few brokers do. A broker that gets a larger packet ends the
connection, immediately and without a reason. So every message under way at that moment is a
suspect: a picture after the first time, because the next one is smaller; a state or device after
the second. Acknowledged messages are no suspects. Nothing is, if the broker itself was gone. A size
that the broker took before is a suspect after the second time: the broker may have another
configuration now.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

#: Bytes that every broker takes.
SMALL = 4_096
#: A picture of less is none.
LEAST_PICTURE = 8_192
#: A broker cuts as soon as it reads the length; seconds, for a slow network.
AT_ONCE = 3.0
#: Then a larger one is tried again: somebody may have changed the broker's configuration.
FORGOTTEN = 6 * 3600.0
#: Bytes for topic and properties of a picture.
ROOM = 256


@dataclass(frozen=True, slots=True)
class Suspect:
    """What cost the connection: a message for its size, or for its topic (`size` is None)."""

    topic: str
    size: int | None


@dataclass(slots=True)
class _Sent:
    mid: int
    topic: str
    size: int
    picture: bool
    written_at: float | None = None


class PacketLimits:
    """What may be sent; sizes in bytes, of whole packets."""

    def __init__(self) -> None:
        self._announced: int | None = None
        self._doubted: deque[_Sent] = deque()
        self._proven = SMALL
        self._broken: int | None = None
        self._breaks = 0
        self._broken_at = 0.0
        self._before: tuple[int | None, int] | None = None  # to be taken back
        self._suspect = ""

    def connected(self, announced: int | None, now: float) -> None:
        """There is a connection; `announced` is the broker's own word."""
        self._announced = announced
        self._doubted.clear()
        self._before = None
        if now - self._broken_at > FORGOTTEN:
            self._broken, self._breaks = None, 0

    def sent(self, mid: int, topic: str, size: int, *, picture: bool) -> None:
        """It is under way."""
        self._doubted.append(_Sent(mid, topic, size, picture))

    def written(self, mid: int, now: float) -> None:
        """A message without acknowledgement has left us."""
        for sent in self._doubted:
            if sent.mid == mid:
                sent.written_at = now

    def acknowledged(self, mid: int) -> None:
        """The broker has this one, and so all before it."""
        if not any(sent.mid == mid for sent in self._doubted):
            return
        while self._doubted:
            sent = self._doubted.popleft()
            self._proven = max(self._proven, sent.size)
            if sent.topic == self._suspect:
                self._suspect = ""
            if sent.mid == mid:
                return

    def lost(self, now: float, *, certain: bool) -> Suspect | None:
        """The connection was lost; `certain`: the broker said that a packet was too large."""
        doubted = [
            sent
            for sent in self._doubted
            if sent.size > SMALL and (sent.written_at is None or now - sent.written_at <= AT_ONCE)
        ]
        self._doubted.clear()
        if not doubted:
            return None
        worst = max(doubted, key=lambda sent: sent.size)
        proven = worst.size <= self._proven
        at_once = certain or (worst.picture and not proven)
        if not (at_once or worst.topic == self._suspect):
            self._suspect = worst.topic
            return None
        if proven:
            self._proven = SMALL
        self._before = None if certain else (self._broken, self._breaks)
        self._broken = min(worst.size, self._broken or worst.size)
        self._breaks += 1
        self._broken_at = now
        return Suspect(worst.topic, worst.size)

    def gone(self) -> None:
        """The broker itself was not there: what it lost says nothing."""
        self._suspect = ""
        if self._before is not None:
            (self._broken, self._breaks), self._before = self._before, None

    def takes(self, size: int) -> bool:
        """Such a packet may be sent."""
        return self._announced_takes(size) and self._learnt_takes(size)

    @property
    def most(self) -> int | None:
        """The largest packet that may be sent; None: no limit is known."""
        learnt = None
        if self._broken is not None:
            learnt = self._proven if self._breaks > 1 else max(self._proven, self._broken // 2)
        known = [limit for limit in (self._announced, learnt) if limit is not None]
        return min(known, default=None)

    @property
    def picture(self) -> int | None:
        """Bytes of a picture that fits; None: no limit is known, or none would be left of it."""
        most = self.most
        return None if most is None or most < LEAST_PICTURE else most - ROOM

    def _announced_takes(self, size: int) -> bool:
        return self._announced is None or size <= self._announced

    def _learnt_takes(self, size: int) -> bool:
        if self._broken is None or size <= self._proven:
            return True
        return self._breaks < 2 and size <= self._broken // 2
