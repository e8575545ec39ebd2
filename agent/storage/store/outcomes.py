"""What has become of records in the store: said first, and only then forgotten by the spool."""

from __future__ import annotations

import logging
from typing import Any

from agent.core.messages import RecordingSaved, StoreRepaired
from agent.core.store_names import is_self_test
from agent.storage.day.recording_result import outcome
from agent.storage.spool.spool import Spool
from agent.storage.store.anchor_reporter import AnchorVoice
from agent.storage.store.status_reporter import Voice

log = logging.getLogger(__name__)


class Outcomes:
    """Belongs to the store's thread.

    Attributes:
        saved: clips that are in the store; those of a self test do not count.
    """

    def __init__(self, spool: Spool, voice: Voice, anchor: AnchorVoice) -> None:
        self.saved = 0
        self._spool, self._voice, self._anchor = spool, voice, anchor
        self._done: list[int] = []  # to leave the spool when all is said

    def take(self, answer: dict[str, Any]) -> None:
        """What the child has answered."""
        for file, text, lossless in answer["repaired"]:
            log.log(logging.INFO if lossless else logging.WARNING, "store: %s: %s", file, text)
            self._voice.say(StoreRepaired(file, text, lossless))
        for entry in answer["finished"]:
            self._finished(entry)
        self._done += answer["done"]
        self.clear()

    def clear(self) -> bool:
        """Lets records leave the spool after all messages; False while the inbox is full."""
        if not self._voice.flush():
            return False
        self._spool.remove(self._done)
        self._done.clear()
        self._spool.keep_words()
        return True

    def _finished(self, entry: dict[str, Any]) -> None:
        told = self._spool.last_word(outcome(entry))
        if isinstance(told, RecordingSaved):
            if not is_self_test(told.camera):
                self.saved += 1
                self._anchor.saved()
            log.debug("store: saved %s (%d frames)", told.path, told.frames)
        if told is not None:
            self._voice.say(told)
