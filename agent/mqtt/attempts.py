"""When to try the broker again, and with which protocol. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from agent.core.backoff import Backoff
from agent.mqtt.connection_errors import Why

Protocol = Literal["5", "3.1.1"]
ProtocolChoice = Literal["auto", "5", "3.1.1"]

#: Seconds before the first new attempt; doubled by each failure.
FIRST_DELAY = 0.5
#: A broker that has been there will be back: its restart must not cost more than 5 s.
KNOWN_CAP = 4.0
#: Nobody has answered yet, or only a person can help.
LONGEST_DELAY = 30.0
#: Seconds. After a connection that lasted as long, the next delay is the first one again.
STABLE = 5.0
#: After this number of short connections in a row another client takes our client id. MQTT 5 has a
#: reason code for it, but Mosquitto 2.0 does not send it and 3.1.1 does not know it.
FLAPPING = 3
#: A fleet that lost one broker must not come back as one.
JITTER = 0.5
#: Unanswered MQTT 5 connects before 3.1.1 is tried; one may be a broker that is just starting.
UNANSWERED = 2
#: Time to boot, for a broker that took MQTT 5 before our last start: a quarter of an hour. It may
#: boot with us while Docker's proxy hangs up in its place, or an older broker may have replaced it.
UNANSWERED_KNOWN = 40


class Attempts:
    """Delays, and the fall back to MQTT 3.1.1.

    With `auto`, MQTT 5 is offered first. 3.1.1 is offered to a broker that refuses MQTT 5, or that
    closes the connection twice without an answer. The first version that it takes is final. A
    broker that took MQTT 5 and does not answer is only away (Docker's proxy hangs up in its place),
    or somebody made it hang up.

    Attributes:
        protocol: of the next attempt.
        as_bridge: with 3.1.1, connect as a bridge does: only so a broker passes the retain flag on
            with what it hands over. One that does not know that refuses it, and is asked plainly.
    """

    def __init__(
        self, choice: ProtocolChoice, chance: Callable[[], float], *, took_5: bool = False
    ) -> None:
        """Makes the rules for one broker.

        Args:
            choice: `mqtt.protocol`.
            chance: a random number 0..1 at each call.
            took_5: this broker took MQTT 5 before our last start.
        """
        self.protocol: Protocol = "3.1.1" if choice == "3.1.1" else "5"
        self.as_bridge = True
        self._settled = choice != "auto"
        self._chance = chance
        self._backoff = self._new_backoff(LONGEST_DELAY)
        self._patience = Backoff(LONGEST_DELAY, 1.0, LONGEST_DELAY, jitter=JITTER, chance=chance)
        self._unanswered = 0
        self._most_unanswered = UNANSWERED_KNOWN if took_5 else UNANSWERED
        self._known = False
        self._up_since: float | None = None
        self._short_lived = 0

    @property
    def known(self) -> bool:
        """The broker took a connection since our start."""
        return self._known

    def accepted(self, now: float) -> None:
        """The broker took the connection."""
        if not self._known:
            self._backoff = self._new_backoff(KNOWN_CAP)
        self._known = True
        self._up_since = now
        self._unanswered = 0
        self._settled = True

    def failed(self, why: Why, now: float, *, answered: bool) -> tuple[Why, float]:
        """An attempt or a connection came to its end.

        Returns why, with what the attempts before say about it, and the seconds to wait.

        Args:
            why: what is known about it.
            now: monotonic seconds.
            answered: False when the broker closed the connection without any answer.
        """
        if self._plainly(why, answered=answered):
            return why, FIRST_DELAY
        if not self._settled and self._turned(why, answered=answered):
            return why, FIRST_DELAY
        why = self._seen_in_a_row(why, now)
        return why, (self._patience if why.patient else self._backoff).next()

    def _seen_in_a_row(self, why: Why, now: float) -> Why:
        lasted = None if self._up_since is None else now - self._up_since
        self._up_since = None
        if lasted is None or lasted > STABLE:
            self._short_lived = 0
            if lasted is not None:
                self._backoff.reset()
            return why
        if why.code != "lost":  # who takes our client id gives no reason
            return why
        self._short_lived += 1
        if self._short_lived < FLAPPING:
            return why
        words = "again within 5 s of connecting; does another client use our mqtt.client_id?"
        return Why("taken_over", f"{why.reason}, {words}")

    def _plainly(self, why: Why, *, answered: bool) -> bool:
        """True when 3.1.1 is to be tried once more, not as a bridge."""
        if self.protocol == "5" or self._known:
            return False
        refused = self.as_bridge and (why.code == "protocol" or not answered)
        self.as_bridge = not refused
        return refused

    def _turned(self, why: Why, *, answered: bool) -> bool:
        """Decides which protocol is next; True when 3.1.1 is to be tried now."""
        if self.protocol == "3.1.1":
            self.protocol, self._unanswered = "5", 0
        elif why.code == "protocol":
            self.protocol = "3.1.1"
        elif not answered:
            self._unanswered += 1
            self.protocol = "3.1.1" if self._unanswered >= self._most_unanswered else "5"
        return self.protocol == "3.1.1"

    def _new_backoff(self, limit: float) -> Backoff:
        return Backoff(FIRST_DELAY, 2.0, limit, jitter=JITTER, chance=self._chance)
