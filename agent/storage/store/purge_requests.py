"""A purge as the store's thread asks for it: again, until the anchor has allowed what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple
from typing import Any

from agent.storage.store.anchor_keeper import AnchorKeeper
from agent.storage.store.clock_file import Calendar, as_json
from agent.storage.store.options import StoreOptions
from agent.storage.store.shortage import Batch, Shortage
from agent.storage.store.status_reporter import PurgeLog


class Purging:
    """Belongs to the store's thread.

    Attributes:
        removed: the purge under way has deleted something.
    """

    def __init__(
        self,
        options: StoreOptions,
        calendar: Calendar,
        clock_trusted: Callable[[], bool],
        shortage: Shortage,
        anchor: AnchorKeeper,
    ) -> None:
        self.removed = False
        self._days = options.retention_days
        self._calendar = calendar
        self._clock_trusted = clock_trusted
        self._shortage = shortage
        self._anchor = anchor
        self._log = PurgeLog()
        self._batch: Batch | None = None  # what it is to delete for the system's sake

    def begin(self, cameras: Collection[str]) -> dict[str, Any]:
        """What a new purge is told."""
        self._batch, self.removed = self._shortage.take(), False
        return self._about(cameras, ())

    def took(self, answer: dict[str, Any], cameras: Collection[str]) -> dict[str, Any] | None:
        """The child has answered; what the purge is told to go on with, None: it is over."""
        files, size = answer["for_room"]
        self.removed = self.removed or bool(answer["removed"])
        if files or not answer["wanted"]:
            self._shortage.purged(files, size, answer["cure"])
            self._batch = None
        if answer["wanted"]:
            self._log.removed(answer)
            self._anchor.allow(answer["wanted"])
            return self._about(cameras, answer["wanted"])
        self._log.say(answer)
        return None

    def _about(
        self, cameras: Collection[str], allow: Sequence[tuple[str, str, str]]
    ) -> dict[str, Any]:
        """`allow`: how far the anchor lets it go with days, besides what it did."""
        return {
            "today": self._calendar.look().isoformat(),
            "days": self._days,
            "clock_trusted": self._clock_trusted(),
            "misdated": as_json(self._calendar.misdated),
            "cameras": cameras,
            "batch": astuple(self._batch) if self._batch else None,
            "allow": allow,
        }
