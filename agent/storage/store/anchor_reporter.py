"""What the store's thread tells the anchor before and after each request, and says of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from agent.core.anchors import CameraAnchor
from agent.core.messages import StoreAnchored, StoreRepaired
from agent.core.store_names import is_self_test
from agent.storage.records import EventClosed, MonitoringPicture, Record, SessionPackets
from agent.storage.store.anchor_keeper import AnchorKeeper
from agent.storage.store.status_reporter import Voice

log = logging.getLogger(__name__)


class AnchorVoice:
    """Belongs to the store's thread."""

    def __init__(self, keeper: AnchorKeeper, voice: Voice) -> None:
        self._keeper = keeper
        self._voice = voice
        self._moved = ""  # what was reported as gone, since the last event was saved

    def begin_record(self, record: Record) -> None:
        """A record is going to be sent: whose line it may make is anchored before."""
        if is_self_test(record.camera):
            return
        if isinstance(record, EventClosed):
            self._keeper.begin(record.camera, record.event)
        elif isinstance(record, MonitoringPicture | SessionPackets):
            self._keeper.begin(record.camera, "")

    def begin_mark(self, order: dict[str, Any]) -> None:
        """An order to mark an event, likewise; `event` null: the newest."""
        self._keeper.begin(order["camera"], order["event"] or "")

    def heed(self, asked: str, answer: dict[str, Any]) -> None:
        """The child has answered: anchors it, and reports files that others have changed."""
        if asked == "open":
            self._keeper.opened(answer["uuid"])
        for camera, day, words in self._keeper.take(answer["anchor"]):
            log.warning("store: %s/%s is not as it was left: %s", camera, day, words)
            what = f"{camera}/{day}/"
            if not (self._moved and (what.startswith(self._moved) or self._moved.startswith(what))):
                self._voice.say(StoreRepaired(f"{camera}/{day}", words, lossless=False))

    def moved(self, what: str) -> None:
        """This was reported as gone: the anchor's missing lines of it are not reported again."""
        self._moved = f"{what}/"

    def saved(self) -> None:
        """An event was saved: what is missed from now on is another matter."""
        self._moved = ""

    def say_due(self) -> None:
        """Publishes what is due."""
        self._say(self._keeper.due())

    def say_settled(self) -> None:
        """The last word: nothing more will be written."""
        self._say(self._keeper.settled())

    def _say(self, anchors: Iterable[CameraAnchor]) -> None:
        for anchor in anchors:
            self._voice.say(StoreAnchored(anchor.camera, anchor))
