"""Whether the broker takes a live picture now: one at a time, few where it is slow or nobody looks.

A broker of MQTT 5 says of a message with QoS 1 that nobody subscribes to it. A live picture has
QoS 0, but its description has QoS 1. If nobody hears the description, the next picture is sent with
QoS 1, too: it asks who sees it. While nobody does, pictures are seldom, and each of them asks.
"""

from __future__ import annotations

import threading

from agent.runtime.clock import Clock

#: Seconds until the broker has acknowledged what came behind a picture: more is a slow line.
SLOW = 1.0
#: Of a slow line live pictures take one part in this many: events and their pictures go first.
SPARING = 30
#: Seconds between two pictures that nobody sees; who comes finds one that is no older.
UNSEEN_EVERY = 3.0
#: Seconds for which it is believed that somebody sees the pictures, though not their description.
SEEN_FOR = 30.0


class LiveGate:
    """Asked by the vision threads before a live picture is made; told by the mqtt thread.

    A picture has QoS 0, and nobody acknowledges it. Its description follows it with QoS 1: when
    that is acknowledged, the broker has read the picture, too.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open = False
        self._under_way: dict[str, float] = {}  # topic: since when
        self._not_before = float("-inf")
        self._live: set[str] = set()  # their topics, one of each camera
        self._asks: set[str] = set()  # topics whose next picture asks
        self._seen_until: dict[str, float] = {}
        self._unseen: dict[str, float] = {}  # topic: since which picture

    def takes(self, topic: str) -> bool:
        """Whether a picture for this topic may be made now; any thread."""
        with self._lock:
            self._live.add(topic)
            if not self._open or topic in self._under_way:
                return False
            now = self._clock.monotonic()
            unseen = self._unseen.get(topic, float("-inf"))
            return now >= max(self._not_before, unseen + UNSEEN_EVERY)

    def asks(self, topic: str) -> bool:
        """Whether the next picture is to be sent so that the broker says if somebody sees it."""
        with self._lock:
            return topic in self._asks

    def open(self) -> None:
        """There is a connection."""
        with self._lock:
            self._open = True

    def close(self) -> None:
        """The connection is gone, with what was under way."""
        with self._lock:
            self._open = False
            self._under_way.clear()
            self._asks.clear()
            self._seen_until.clear()
            self._unseen.clear()

    def left(self, topic: str) -> None:
        """A picture is on its way to the broker."""
        with self._lock:
            self._under_way[topic] = self._clock.monotonic()

    def acknowledged(self, topic: str, behind: str = "", *, heard: bool = True) -> None:
        """The broker has a message with QoS 1, which somebody has `heard` or not.

        Args:
            topic: of the message.
            behind: topic of the picture that it describes; the broker has that, too.
            heard: False where the broker says that nobody subscribes to the topic.
        """
        with self._lock:
            now = self._clock.monotonic()
            if behind:
                self._arrived(behind, now, heard=heard)
            elif topic in self._asks:
                self._answered(topic, now, seen=heard)

    def _answered(self, topic: str, now: float, *, seen: bool) -> None:
        """The broker has said whether somebody sees the picture that asked."""
        if seen:
            self._asks.discard(topic)
            self._unseen.pop(topic, None)
            self._seen_until[topic] = now + SEEN_FOR
        else:
            self._unseen[topic] = now

    def _arrived(self, topic: str, now: float, *, heard: bool) -> None:
        """After a slow one the line is left to others for a while."""
        if not heard and topic in self._live and now >= self._seen_until.get(topic, float("-inf")):
            self._asks.add(topic)
        took = now - self._under_way.pop(topic, now)
        if took > SLOW:
            self._not_before = now + SPARING * took
