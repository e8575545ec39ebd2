"""What the store's thread tells the engine: nothing is lost when the engine has no room for it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import date, tzinfo
from typing import Any

from agent.core.messages import RecordingFailed, StoreCode, StoreState
from agent.core.retention import days_left
from agent.runtime.clock import Clock
from agent.storage.spool import LostEvent

log = logging.getLogger(__name__)

#: Free space is looked at, and published, this often, in seconds.
FIGURES_EVERY = 60.0
#: Lost events whose names are remembered, so that none is said to be lost twice.
_NAMED = 1000
_MIB = 1 << 20


class Voice:
    """Messages in order; what is refused is said again by `flush`.

    Attributes:
        code: the state that was said last.
    """

    def __init__(
        self, to_engine: Callable[[object], object], clock: Clock, tz: tzinfo | None
    ) -> None:
        self.code: StoreCode | None = None
        self._reason = ""
        self._to_engine = to_engine
        self._clock = clock
        self._tz = tz
        self._unsaid: deque[object] = deque()
        self._lost: deque[str] = deque(maxlen=_NAMED)
        self._figures_at = float("-inf")

    def say(self, message: object) -> None:
        """Says a message, now or as soon as the engine takes it."""
        self._unsaid.append(message)
        self.flush()

    def flush(self) -> bool:
        """Says what waits; False while the engine has no room for it."""
        while self._unsaid:
            if self._to_engine(self._unsaid[0]) is False:
                return False
            self._unsaid.popleft()
        return True

    def lost(self, event: LostEvent) -> None:
        """Says that the spool has lost an event."""
        self._lost.append(event.event)
        self.say(RecordingFailed(event.camera, event.event, event.code, event.message))

    def has_lost(self, event: str) -> bool:
        """True when that was said of this event."""
        return event in self._lost

    def state(self, code: StoreCode, reason: str) -> None:
        """Says the state when it changes; the first of a row of failures is a warning."""
        if code is self.code:
            if code is not StoreCode.OK:
                log.debug("store: %s: %s", code, reason)
            return
        known, self.code = self.code, code
        self._reason = reason
        if code is StoreCode.OK:
            log.debug("store: ok, was %s", known)
        elif code is not StoreCode.STARTING:
            log.debug("store: %s: %s", code, reason)
        self.say(StoreState(code, reason, self._clock.monotonic()))

    def figures(self, answer: dict[str, Any]) -> None:
        """Says how much room there is, now and then, while the store is well."""
        now = self._clock.monotonic()
        if (
            self.code not in {StoreCode.OK, StoreCode.TAKEN}
            or now - self._figures_at < FIGURES_EVERY
        ):
            return
        self._figures_at = now
        per_day = {date.fromisoformat(day): size for day, size in answer["stored"].items()}
        local = self._clock.utc().astimezone(self._tz)
        self.say(
            StoreState(
                self.code,
                self._reason,
                now,
                answer["free_mib"],
                answer["used_percent"],
                days_left(answer["room"], per_day, local),
                sum(per_day.values()) / _MIB,
            )
        )
