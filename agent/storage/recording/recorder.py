"""The thread that turns one camera's clip parts into records in the spool."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import av

from agent.core.frame import Frame
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    Detection,
    EndReason,
    SessionLog,
    StorePicture,
)
from agent.core.named import ClipNamed, Named
from agent.core.naming import FileKind
from agent.core.time_allowance import Boundless, Room
from agent.imaging.jpeg import SHRUNK, colour_work, private_jpeg
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker
from agent.storage.recording.encoder import PRESET, ClipEncoder, still
from agent.storage.recording.fragmenter import Cut, Cutter
from agent.storage.recording.passthrough import OriginalPictures
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
    SessionPackets,
)
from agent.storage.spool.pending_closings import Closings
from agent.storage.spool.spool import Spool

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A player can jump to key pictures only; each costs about five ordinary ones.
_KEY_EVERY = 2.0
_POLL = 0.25
#: Without new pictures what is complete goes to the spool after so many seconds.
_FLUSH_AFTER = 1.0
#: What is left in the mailbox at a stop is worked off for so long; the agent has 8 s for
#: everything.
_DRAIN = 1.5
#: Seconds: an encoder that is opened keeps interpreter and disk busy for some 10 ms, in which the
#: event itself is just being journalled and sent; the clip can wait, its frames are safe.
_EVENT_FIRST = 0.02
#: Seconds; the two streams of one camera are half a second apart at most.
_SAME_MOMENT = 1.0
_TRIGGERS = (FileKind.BEFORE_LAST, FileKind.LAST, FileKind.TRIGGER)


@dataclass(frozen=True, slots=True)
class RecorderOptions:
    """How a camera's clips look; `original` keeps the camera's own pictures instead.

    `room` is what the camera may take.
    """

    orientation: Orientation = field(default_factory=Orientation)
    timestamp: bool = True
    preset: str = PRESET
    privacy: Polygons = ()
    original: bool = False
    room: Room = field(default_factory=Boundless)


@dataclass(frozen=True, slots=True)
class RecorderStats:
    """A snapshot of the counters; `skipped` frames were damaged or could not be encoded."""

    events: int = 0
    frames: int = 0
    skipped: int = 0


class _OpenClip:
    """The event that is being recorded: frames in, records out."""

    def __init__(
        self,
        start: ClipStart,
        options: RecorderOptions,
        tz: tzinfo | None,
        put: Callable[[Record], bool],
    ) -> None:
        self.event = start.event_id
        self.frames = 0
        self.skipped = 0
        self._start = start
        self._options = options
        self._tz = tz
        self._put = put
        self._started = start.utc.astimezone(tz)
        self._encoder: ClipEncoder | OriginalPictures = OriginalPictures()
        if not options.original:
            turn, privacy = options.orientation, options.privacy
            self._encoder = ClipEncoder(turn, options.preset, privacy, options.room)
        self._cutter = Cutter()
        self._first_at: float | None = None
        self._key_at = float("-inf")
        self._best = (float("-inf"), b"")  # time and picture, of the recording stream
        self.named: Named | None = None
        self.kept = self._open()

    def add(self, frame: Frame, *, best: bool = False) -> None:
        """Encodes a frame; a damaged one is skipped and counted. The last `best` one is stored."""
        key = frame.at - self._key_at >= _KEY_EVERY
        stamped = self._options.timestamp and not self._options.original
        text = self._text(frame.at) if stamped else None
        try:
            unit = self._encoder.encode(frame.coded, text, key=key)
        except (av.FFmpegError, ValueError) as error:
            if not self.skipped:
                log.warning("%s: frame %d not encoded: %s", self._start.camera, frame.seq, error)
            unit = None
        if unit is None:
            self.skipped += 1
            return
        self.frames += 1
        if best:
            self._best = (frame.at, self._encoder.still() or b"")
        if unit.key:
            self._key_at = frame.at
        if self._first_at is None:
            self._first_at = frame.at
        at_ms = round((frame.at - self._first_at) * 1000)
        self._keep(self._cutter.add(unit.sample, at_ms, key=unit.key))

    def flush(self) -> None:
        """Spools what is complete: nothing came for a while."""
        self._keep(self._cutter.flush())

    def close(self, end: ClipEnd | None) -> EventClosed:
        """Spools the rest; the closing record. Without `end` the event counts as interrupted."""
        self._keep(self._cutter.finish())
        if end is not None:
            best_at, large = self._best
            # the recording stream may have fallen silent before the event's best moment
            shows_it = end.best.at - best_at < _SAME_MOMENT
            picture = (large if shows_it else b"") or self._still(end.best)
            if picture is not None:
                self._file(FileKind.BEST, picture)
        return EventClosed(
            camera=self._start.camera,
            event=self.event,
            started=self._started,
            reason=(end.reason if end else EndReason.INTERRUPTED).value,
            ended=self._local(end.at) if end else None,
            duration=round(end.at - self._start.at, 3) if end else None,
            frames=self.frames,
            skipped=self.skipped,
            judged=end.judged if end else None,
            truncated=end.truncated or not self.kept if end else True,
            stream=(end or self._start).stream.value,
            explanation=_explain(end.peak) if end else None,
            named=self.named.fields() if self.named else None,
        )

    def _still(self, frame: Frame) -> bytes | None:
        options = self._options
        if options.original:
            return frame.jpeg
        text = self._text(frame.at) if options.timestamp else None
        with options.room.work(colour_work(frame.jpeg)) as whole:
            shrink = 1 if whole else SHRUNK
            return still(options.orientation, frame.jpeg, text, options.privacy, shrink)

    def _open(self) -> bool:
        start = self._start
        opened = EventOpened(
            camera=start.camera,
            event=self.event,
            started=self._started,
            explanation=_explain(start.detection),
        )
        self.kept = self._put(opened)
        for kind, frame in zip(_TRIGGERS, start.triggers, strict=bool(start.triggers)):
            jpeg = self._private(frame.jpeg)
            if jpeg is not None:
                self._file(kind, jpeg)
        if start.delta:
            self._file(FileKind.DELTA, start.delta)
        for frame in start.frames:
            self.add(frame)
        return self.kept

    def _private(self, jpeg: bytes) -> bytes | None:
        turn, privacy = self._options.orientation, self._options.privacy
        with self._options.room.work(colour_work(jpeg) if privacy else 0) as whole:
            return private_jpeg(jpeg, turn, privacy, 1 if whole else SHRUNK)

    def _file(self, kind: FileKind, body: bytes) -> None:
        record = EventFile(
            camera=self._start.camera,
            event=self.event,
            started=self._started,
            kind=kind,
            body=body,
        )
        self.kept = self.kept and self._put(record)

    def _keep(self, cuts: list[Cut]) -> None:
        codec = self._encoder.codec
        for cut in cuts:
            if codec is None or self._first_at is None:
                return
            first = self._utc(self._first_at) + timedelta(milliseconds=cut.at_ms)
            self.kept = self.kept and self._put(
                Fragment(
                    camera=self._start.camera,
                    event=self.event,
                    started=self._started,
                    k=cut.k,
                    first_ms=round((first - _EPOCH) / timedelta(milliseconds=1)),
                    samples=cut.samples,
                    avcc=codec.avcc.hex(),
                    width=codec.width,
                    height=codec.height,
                    body=cut.data,
                )
            )

    def _utc(self, at: float) -> datetime:
        return self._start.utc + timedelta(seconds=at - self._start.at)

    def _local(self, at: float) -> datetime:
        return self._utc(at).astimezone(self._tz)

    def _text(self, at: float) -> str:
        return timestamp(self._local(at))


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
        self._clip: _OpenClip | None = None
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
                self._clip = _OpenClip(part, self._options, self._tz, self._spool.put)
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


def timestamp(local: datetime) -> str:
    """The text in the picture: `2026-11-22 08:15:01.3 +01:00`, tenths cut, not rounded."""
    zone = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 100_000} {zone[:3]}:{zone[3:5]}"


def _explain(detection: Detection) -> dict[str, Any]:
    """What decided, as the manifest has it."""
    about = detection._asdict()
    del about["at"]  # seconds of a clock that means nothing outside this process
    about["reason"] = detection.reason.value
    return about
