"""The journal's own clock: seconds that only go forward, over restarts of agent and machine.

It begins with the wall clock's time and then counts the time that the machine is on, so that
setting the wall clock makes no event older or younger. For how long the machine was off nobody
knows for sure: that time is not counted.
"""

from __future__ import annotations

import json
import secrets
from math import isfinite

from agent.runtime.clock import Clock
from agent.runtime.host import boot_id


class JournalClock:
    """Goes on from what `memory` said when the journal was written last."""

    def __init__(self, clock: Clock, memory: str | None, boot: str | None = None) -> None:
        """Reads what was kept.

        Args:
            clock: the machine's.
            memory: of an earlier `JournalClock`; None: there was none.
            boot: of the machine's present start; None: its own.
        """
        self._clock = clock
        self._boot = boot or boot_id() or secrets.token_hex(8)
        since = clock.since_boot()
        zero = _zero_of(memory, self._boot, since)
        self._zero = clock.utc().timestamp() - since if zero is None else zero

    def now(self) -> float:
        """Seconds; comparable with those of earlier processes."""
        return self._zero + self._clock.since_boot()

    @property
    def memory(self) -> str:
        """To be kept with what is dated by it."""
        return json.dumps([self._boot, self._zero, self.now()])


def _zero_of(memory: str | None, boot: str, since: float) -> float | None:
    """What the clock showed at the start of this boot; in another one: when it was kept last."""
    if memory is None:
        return None
    try:
        known, zero, kept = json.loads(memory)
        same = known == boot and float(kept) <= float(zero) + since
        found = float(zero) if same else float(kept)
    except (ValueError, TypeError):
        return None
    return found if isfinite(found) else None
