"""Messages of the store's thread to the engine: none is lost when the engine's inbox is full."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import date
from typing import Any

from agent.core.engine_inputs import FromStore
from agent.core.messages import StoreCode, StoreState
from agent.core.retention import days_left
from agent.core.store_code import USABLE
from agent.runtime.clock import Clock

log = logging.getLogger(__name__)

#: Free space is looked at, and published, this often, in seconds.
FIGURES_EVERY = 60.0
#: A store that was full is `ok` again after this number of seconds without a refusal. The number
#: doubles if it was full shortly before, up to the most.
WELL_AFTER = 5.0
WELL_AT_MOST = 320.0
#: Seconds; a store that was well for this time begins with the shortest again.
LONG_WELL = 600.0
#: What a purge may have to complain of, and how it is said.
_PURGE_WORDS = {
    "refused": "nothing is purged",
    "stuck": "cannot be deleted",
    "strange": "named as ours and not made by us, left alone",
    "others": "cameras of other agents, left alone",
    "unclaimed": "recorded by nobody that is known, never deleted (ours of old: `adopt-store"
    " --take`)",
}
_LEFT = "days whose recordings have gone keep files that are not ours"
_MIB = 1 << 20


class PurgeLog:
    """The log's lines about purges: complaints when they change, others' files once."""

    def __init__(self) -> None:
        self._said: dict[str, str | None] = {}

    def say(self, answer: dict[str, Any]) -> None:
        """Says what the child has answered."""
        self.removed(answer)
        if answer["left"] and _LEFT not in self._said:
            self._said[_LEFT] = answer["left"]
            log.info("store: %s: %s", _LEFT, answer["left"])
        for what, words in _PURGE_WORDS.items():
            if answer[what] != self._said.get(what):
                self._said[what] = answer[what]
                if answer[what]:
                    level = logging.INFO if what == "others" else logging.WARNING
                    log.log(level, "store: %s: %s", words, answer[what])

    def removed(self, answer: dict[str, Any]) -> None:
        """Says what was deleted."""
        for what, size, reason in answer["removed"]:
            log.info("store: removed %s (%d bytes, %s)", what, size, reason)


class Voice:
    """Messages in order; `flush` repeats what the engine refused.

    Attributes:
        code: the state that was said last.
    """

    def __init__(self, to_engine: Callable[[FromStore], object], clock: Clock) -> None:
        self.code: StoreCode | None = None
        self._reason = ""
        self._helps: str | None = None
        self._full_at = self._well_at = float("-inf")
        self._well_after = WELL_AFTER
        self._to_engine = to_engine
        self._clock = clock
        self._unsaid: deque[FromStore] = deque()
        self._figures_at = float("-inf")

    def say(self, message: FromStore) -> None:
        """Says a message, now or as soon as the engine takes it."""
        self._unsaid.append(message)
        self.flush()

    def flush(self) -> bool:
        """Sends what waits; False while the engine's inbox is full."""
        while self._unsaid:
            if self._to_engine(self._unsaid[0]) is False:
                return False
            self._unsaid.popleft()
        return True

    def state(self, code: StoreCode, reason: str, helps: str | None = None) -> None:
        """Says the state when it changes, or what helps does."""
        # a path may have any bytes; what is published is text
        reason = reason.encode(errors="backslashreplace").decode()
        if self._full_lately(code):
            return
        if code is self.code and helps == self._helps:
            self._reason = reason  # said with the next figures
            if code is not StoreCode.OK:
                log.debug("store: %s: %s", code, reason)
            return
        known, self.code, self._reason, self._helps = self.code, code, reason, helps
        if code is StoreCode.OK:
            log.debug("store: ok, was %s", known)
        elif code is not StoreCode.STARTING:
            log.debug("store: %s: %s", code, reason)
        self.say(StoreState(code, reason, self._clock.monotonic(), helps=helps))

    def _full_lately(self, code: StoreCode) -> bool:
        """True if it is too early to call a full store `ok`: it would be full again immediately."""
        now = self._clock.monotonic()
        if code is StoreCode.FULL:
            if self.code is not StoreCode.FULL:
                again = now - self._well_at < LONG_WELL
                self._well_after = min(2 * self._well_after, WELL_AT_MOST) if again else WELL_AFTER
            self._full_at = now
        elif code in USABLE and self.code is StoreCode.FULL:
            if now - self._full_at < self._well_after:
                return True
            self._well_at = now
        return False

    def figures(self, answer: dict[str, Any]) -> None:
        """Reports the free space from time to time, while the store is well."""
        now = self._clock.monotonic()
        if self.code not in USABLE or now - self._figures_at < FIGURES_EVERY:
            return
        self._figures_at = now
        per_day = {date.fromisoformat(day): size for day, size in answer["stored"].items()}
        local = self._clock.utc().astimezone()
        self.say(
            StoreState(
                self.code,
                self._reason,
                now,
                answer["free_mib"],
                answer["used_percent"],
                days_left(answer["room"], per_day, local),
                sum(per_day.values()) / _MIB,
                self._helps,
            )
        )
