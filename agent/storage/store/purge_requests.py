"""A purge as the store's thread asks for it: again, until the anchor has allowed what is wanted.

Each round must want something new. The number of days in a store is finite, so every purge ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import astuple
from typing import Any

from agent.storage.store.anchor_keeper import AnchorKeeper
from agent.storage.store.clock_file import Calendar, as_json
from agent.storage.store.options import StoreOptions
from agent.storage.store.shortage import Batch, Shortage
from agent.storage.store.status_reporter import PurgeLog

log = logging.getLogger(__name__)

#: With this number of free bytes no record is refused for its size.
_ROOM_ENOUGH = 64 << 20


class Purging:
    """Belongs to the store's thread.

    Attributes:
        goes_on: one is under way; its next round is to be asked for.
    """

    def __init__(
        self,
        options: StoreOptions,
        calendar: Calendar,
        clock_trusted: Callable[[], bool],
        shortage: Shortage,
        anchor: AnchorKeeper,
    ) -> None:
        self.goes_on = self._removed = False
        self._days = options.retention_days
        self._calendar = calendar
        self._clock_trusted = clock_trusted
        self._shortage = shortage
        self._anchor = anchor
        self._log = PurgeLog()
        self._batch: Batch | None = None  # what it is to delete for the system's sake
        self._allow: list[tuple[str, str, str]] = []  # what the last round has wanted
        self._wanted: set[tuple[str, str, str]] = set()  # what all rounds have wanted
        self._for_room = (0, 0)  # files and bytes that went for the system's sake
        self._so_far: list[int] = []  # what the child says of the rounds up to now
        self._may_pause = False

    def next(self, cameras: Collection[str]) -> dict[str, Any]:
        """The order for the child: the next round of the purge under way, else of a new one."""
        if not self.goes_on:
            self._batch, self._removed = self._shortage.take(), False
            self._allow, self._so_far = [], []
            self._wanted.clear()
            self._for_room = (0, 0)
        self.goes_on = False
        return {
            "today": self._calendar.look().isoformat(),
            "days": self._days,
            "clock_trusted": self._clock_trusted(),
            "misdated": as_json(self._calendar.misdated),
            "cameras": cameras,
            "batch": astuple(self._batch) if self._batch else None,
            "allow": self._allow,
            "so_far": self._so_far,
        }

    def took(self, answer: dict[str, Any]) -> bool:
        """The child has answered a round: the purge goes on, or it is over.

        Returns:
            True when it is over in vain: the system has no space, and nothing was deleted.
        """
        before, now = self._for_room, answer["for_room"]
        self._for_room = (before[0] + now[0], before[1] + now[1])
        self._removed = self._removed or bool(answer["removed"])
        self._allow = [(camera, day, going) for camera, day, going in answer["wanted"]]
        self._so_far = answer["so_far"]
        self._may_pause = answer["room"] >= _ROOM_ENOUGH and not self._shortage.acute
        self.goes_on = not self._wanted.issuperset(self._allow)
        if self.goes_on:
            self._wanted.update(self._allow)
            self._log.removed(answer)
            self._anchor.allow(self._allow)
            return False
        if self._allow:
            log.warning("store: what the purge may delete does not go: %s/%s", *self._allow[0][:2])
        self._shortage.purged(*self._for_room, answer["cure"])
        self._log.say(answer)
        return self._shortage.acute and not self._removed

    def pauses(self) -> bool:
        """True once after each round: a record may go first, unless it might be refused."""
        pauses, self._may_pause = self._may_pause, False
        return pauses

    def give_up(self) -> None:
        """The child is gone; the next purge begins again."""
        self.goes_on = False
