"""The thread that turns one camera's clip parts into records in the spool."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from agent.core.event_label import ClipNamed
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    SessionLog,
    StorePicture,
)
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker
from agent.storage.recording.open_clip import OpenClip, RecorderOptions
from agent.storage.records import MonitoringPicture, SessionPackets
from agent.storage.spool.pending_closings import Closings
from agent.storage.spool.spool import Spool

_POLL = 0.45
#: Seconds without new pictures after which what is complete goes to the spool.
_FLUSH_AFTER = 1.0
#: Seconds to work on the rest of the mailbox at a stop, at most; the agent has 8 s for everything.
_DRAIN = 1.5
#: Seconds. Opening an encoder keeps interpreter and disk busy for some 10 ms. At that moment the
#: event itself is journalled and sent. The clip can wait, because its frames are safe.
_EVENT_FIRST = 0.02


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """A snapshot of the counters; `skipped` frames were damaged or could not be encoded."""

    events: int = 0
    frames: int = 0
    skipped: int = 0


class RecorderWorker:
    """Owns one camera's encoder: clip parts from its mailbox become records in the spool."""

    def __init__(
        self,
        camera_id: str,
        options: RecorderOptions,
        parts: Mailbox[ClipPart],
        spool: Spool,
        clock: Clock,
        tz: tzinfo | None = None,
    ) -> None:
        self._camera = camera_id
        self._options = options
        self._parts = parts
        self._spool = spool
        self._clock = clock
        self._tz = tz
        self._clip: OpenClip | None = None
        self._closings = Closings(spool, clock)
        self._fed_at = 0.0
        self.stats = RecorderStats()

    def run(self, worker: Worker) -> None:
        """The thread's body; on stop what is in the mailbox is worked off first."""
        try:
            while not worker.stop.is_set():
                worker.beat()
                self._closings.look()
                part = self._parts.get(_POLL)
                if part is not None:
                    if isinstance(part, ClipStart):
                        self._clock.wait(worker.stop, _EVENT_FIRST)
                    self._take(part)
                elif self._clip and self._clock.monotonic() - self._fed_at >= _FLUSH_AFTER:
                    self._clip.flush()
            deadline = self._clock.monotonic() + _DRAIN
            while self._clock.monotonic() < deadline and (part := self._parts.get()) is not None:
                worker.beat()
                self._take(part)
        finally:
            self._close(None)
            self._closings.finish()

    def _take(self, part: ClipPart) -> None:
        self._fed_at = self._clock.monotonic()
        self._options.room.spend()
        match part:
            case ClipStart():
                self._close(None)
                self._closings.write()  # before the opening, if it can be
                self._clip = OpenClip(part, self._options, self._tz, self._spool.put)
            case ClipFrame():
                # frames of an event that the spool has lost are not worth their encoding
                if self._clip and self._clip.event == part.event_id and self._clip.kept:
                    self._clip.add(part.frame, best=part.best)
            case ClipNamed():
                if self._clip and self._clip.event == part.event_id:
                    self._clip.named = part.named
            case ClipEnd():
                if self._clip and self._clip.event == part.event_id:
                    self._close(part)
            case StorePicture():
                local = part.utc.astimezone(self._tz)
                picture = MonitoringPicture(
                    camera=self._camera, started=local, heatmap=part.heatmap, body=part.jpeg
                )
                self._spool.put(picture)
            case SessionLog():
                local = part.utc.astimezone(self._tz)
                self._spool.put(SessionPackets(camera=self._camera, started=local, body=part.lines))

    def _close(self, end: ClipEnd | None) -> None:
        clip, self._clip = self._clip, None
        if clip is None:
            return
        # also of an event that the spool has lost or cut: what the store has of it gets its clip
        self._closings.add(clip.close(end))
        self.stats = RecorderStats(
            self.stats.events + 1,
            self.stats.frames + clip.frames,
            self.stats.skipped + clip.skipped,
        )
