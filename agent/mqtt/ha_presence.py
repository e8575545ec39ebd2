"""Is Home Assistant there to hear an event? Pure.

It connects with a clean session, so what comes before it has subscribed is lost to it although the
broker acknowledges it. It says `online` (its birth) when it has started and subscribed, and the
broker or itself says `offline` when it goes. Neither is retained by default: after a connection of
ours nobody knows. A broker that has been up for minutes has seen it come; one that has just begun
has not.
"""

from __future__ import annotations

#: Seconds from our discovery to an event entity that listens: 1 s is too short, 6 s is enough
#: (measured with a new device).
SETTLE = 6.0
#: A broker and a Home Assistant that start together, on a small machine: the birth comes last.
BOOT = 300.0
#: Home Assistant's birth cannot come so soon after the broker's start (16 s measured): who connects
#: within these seconds has not missed it.
FIRST_BIRTH = 10.0
#: A broker says how long it has been up, and that each 10 s.
STALE = 10.0
#: The presence is unknown. The broker does not say its uptime (another make, an ACL), or it is
#: young, or Home Assistant was away when we last heard of it. The birth may have come before our
#: connection.
UNKNOWN = 30.0
#: Our answer to a birth comes after 1 to 5 s.
ANSWERED = 15.0
#: Seconds to wait for the birth after no client received our device when we connected. The birth
#: may have come while the broker was away.
ABSENT = 120.0
#: Nobody subscribes to what we offered (MQTT 5 says so): tried again, ever more seldom.
FIRST_RETRY, LONGEST_RETRY = 10.0, 600.0

NEVER = float("inf")


class Presence:
    """From when on events may be offered to Home Assistant.

    Attributes:
        away: it said `offline`, and nothing since. To be kept over restarts.
    """

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self._ready_at = NEVER
        self._born = False
        self._asked = False
        self._birth_at = -NEVER
        self._announced_at: float | None = None
        self._news_at = -NEVER
        self._connected_at = 0.0
        self._connections = 0
        self._unsure_until = -NEVER

    def unsure(self, now: float) -> bool:
        """It may still be starting: what is offered now must be offered again at its birth."""
        return now < self._unsure_until

    def ready(self, now: float) -> bool:
        """Events may be offered."""
        return now >= self._ready_at

    def wait(self, now: float) -> float:
        """Seconds until they may, as far as is known."""
        return max(0.0, self._ready_at - now)

    def connected(self, now: float) -> None:
        """We have a connection; what was said over the last one need not be true any more."""
        self._born = self._asked = False
        self._announced_at = None
        self._connected_at = now
        self._connections += 1
        self._ready_at = now + UNKNOWN
        self._unsure_until = now + BOOT

    def broker_up(self, seconds: float, now: float, *, old: float = 0.0) -> None:
        """Takes the broker's uptime in seconds; only the first one in a connection is news.

        Args:
            seconds: as the broker said.
            now: monotonic seconds.
            old: seconds since it said so, at most.
        """
        if not (self._asked or self._birth_at >= self._connected_at or self.away):
            came = self._birth_at + STALE >= now - seconds  # since the broker has
            booted_at = now + max(0.0, BOOT - seconds)
            if came or booted_at <= now:
                self._ready_at, self._unsure_until = self._settled(now), -NEVER
            elif self._connected_at <= now - seconds - old + FIRST_BIRTH:
                self._ready_at = booted_at
            else:
                if self._connections == 1:  # most likely only the agent has restarted
                    self._ready_at = self._settled(now)
                self._unsure_until = booted_at
        self._asked = True

    def nobody(self) -> None:
        """The broker says that nobody heard of our device: it has still to come, and says so."""
        if self._birth_at < self._connected_at:
            self._ready_at = max(self._ready_at, self._connected_at + ABSENT)

    def said(self, now: float, *, online: bool, retained: bool) -> None:
        """Home Assistant's birth or will.

        A retained birth may be of a Home Assistant that went down with the broker: no news. The
        birth comes 5 s after the last discovery that it found at the broker: where ours was there,
        it listens already.
        """
        if online and retained:
            return
        self._unsure_until = -NEVER
        self.away, self._born = not online, online and self._announced_at is None
        if not online:
            self._ready_at = NEVER
            return
        self._birth_at = now
        since = self._announced_at
        self._ready_at = now + ANSWERED if since is None else max(now, since + SETTLE)

    def _settled(self, now: float) -> float:
        """When it listens to all that was announced so far, if it is there."""
        return max(now, self._news_at + SETTLE)

    def announced(self, now: float, *, news: bool) -> None:
        """We have said that we are there; `news`: with a device or entity that was not said before.

        After a birth that came before everything is news.
        """
        if news:
            self._news_at = now
        if news or self._announced_at is None:
            self._announced_at = now
        if self._born:
            self._born, self._asked = False, True
            self._ready_at = now + SETTLE
        elif news:
            self._ready_at = max(self._ready_at, now + SETTLE)


class Unheard:
    """Topics to which nobody subscribes: Home Assistant is away, or its user disabled the entity.

    Only the topic waits: what the others have to say is not held up.
    """

    def __init__(self) -> None:
        self._waits: dict[str, tuple[float, float]] = {}  # until when, and for how long

    def forget(self) -> None:
        """Another connection, or Home Assistant has just come."""
        self._waits.clear()

    def nobody(self, topic: str, now: float) -> None:
        """An event was offered there for nothing."""
        until, seconds = self._waits.get(topic, (-NEVER, FIRST_RETRY / 2))
        if until <= now:
            seconds = min(2 * seconds, LONGEST_RETRY)
            self._waits[topic] = now + seconds, seconds

    def waits(self, topic: str, now: float) -> bool:
        """Nothing is offered there now."""
        return topic in self._waits and self._waits[topic][0] > now

    def next(self, now: float) -> float:
        """When a topic is to be tried again; never, where none waits."""
        return min((until for until, _ in self._waits.values() if until > now), default=NEVER)
