"""One event that is being recorded: its frames in, records for the spool out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import av

from agent.core.camera_times import CameraTimes
from agent.core.event_label import Named
from agent.core.frame import Frame, Video
from agent.core.messages import ClipEnd, ClipStart, Detection, EndReason
from agent.core.store_names import FileKind
from agent.core.time_allowance import Boundless, Room
from agent.imaging.jpeg import SHRUNK, Image, as_jpeg, colour_work, private_jpeg
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons
from agent.storage.container.h264 import Codec
from agent.storage.recording.coded import BadVideo, CodedClip, Unit
from agent.storage.recording.encoder import PRESET, ClipEncoder, still, still_of
from agent.storage.recording.fragmenter import Cut, Cutter
from agent.storage.recording.order import Placed
from agent.storage.recording.passthrough import OriginalPictures
from agent.storage.recording.sound import ClipSound
from agent.storage.records import EventClosed, EventFile, EventOpened, Fragment, Record

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A player can jump to key pictures only; each costs about five ordinary ones.
_KEY_EVERY = 2.0
#: Seconds; the two streams of one camera are half a second apart at most.
_SAME_MOMENT = 1.0
_TRIGGERS = (FileKind.BEFORE_LAST, FileKind.LAST, FileKind.TRIGGER)


@dataclass(frozen=True, slots=True)
class RecorderOptions:
    """How a camera's clips look.

    Attributes:
        orientation: of what is stored.
        timestamp: the local time is drawn into pictures that are decoded.
        preset: of the encoder.
        privacy: polygons that are black.
        original: JPEGs are kept as they came.
        coded: so is video; it is turned by a half turn or not at all, and nothing is drawn into it.
        sound: the camera's sound is recorded, too.
        room: what the camera may take.
    """

    orientation: Orientation = field(default_factory=Orientation)
    timestamp: bool = True
    preset: str = PRESET
    privacy: Polygons = ()
    original: bool = False
    coded: bool = False
    sound: bool = False
    room: Room = field(default_factory=Boundless)


class OpenClip:
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
        self._coded: CodedClip | None = None
        if options.coded and all(it.video for it in start.frames):
            self._coded = CodedClip(options.orientation.half_turn, start.frames)
        self._encoder = self._new_encoder()
        self._codec: Codec | None = None  # of what the cutter has
        self._cutter = Cutter()
        self._first_at: float | None = None
        self._key_at = float("-inf")
        # time and picture, of the recording stream; or all that a decoder needs for it
        self._best: tuple[float, bytes | tuple[Video, ...]] = (float("-inf"), b"")
        self.named: Named | None = None
        self._sound: ClipSound | None = None
        self._times = CameraTimes()  # of the sound of a clip that we encode
        self.kept = self._open()

    def add(self, frame: Frame, *, best: bool = False) -> None:
        """Takes a frame; a damaged one is skipped and counted. The last `best` one is stored."""
        try:
            taken = self._take_coded(frame, self._coded) if self._coded else self._encode(frame)
        except (av.FFmpegError, ValueError) as error:
            if not self.skipped:
                log.warning("%s: frame %d not recorded: %s", self._start.camera, frame.seq, error)
            taken = False
        if not self.frames and self._sound is None:
            self._sound = self._new_sound(frame)
        if self._sound is not None and frame.video is not None:
            self._hear(frame.at, frame.video, self._sound)
        if not taken:
            self.skipped += 1
            return
        self.frames += 1
        if best and self._coded and frame.video is not None:
            self._best = (frame.at, self._coded.group())
        elif best:
            self._best = (frame.at, self._encoder.still() or b"")

    def flush(self) -> None:
        """Spools what is complete: nothing came for a while."""
        self._keep(self._cutter.flush())

    def close(self, end: ClipEnd | None) -> EventClosed:
        """Spools the rest; the closing record. Without `end` the event counts as interrupted."""
        if self._coded is not None:
            self._place(self._coded.finish())
        if self._sound is not None:
            self._sound.finish()
        self._keep(self._cutter.finish())
        if self._sound is not None and self._sound.left_out:
            words = "%s: %d units of sound are not in clip %s"
            log.warning(words, self._start.camera, self._sound.left_out, self.event)
        if end is not None:
            picture = self._best_picture(end)
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
            times=self._coded is not None and self._options.timestamp,
            time_drawn=self._stamped,
            explanation=_explain(end.peak) if end else None,
            named=self.named.fields() if self.named else None,
        )

    # ------------------------------------------------------------ pictures

    def _new_encoder(self) -> ClipEncoder | OriginalPictures:
        options = self._options
        if options.original and not any(it.video for it in self._start.frames):
            return OriginalPictures()
        # in a clip as the camera coded it a player turns all pictures, those that we encode as well
        turn = Orientation() if self._coded else options.orientation
        return ClipEncoder(turn, options.preset, options.privacy, options.room)

    def _new_sound(self, first: Frame) -> ClipSound | None:
        """None: nothing of it is to be recorded, or the clip begins without."""
        if not self._options.sound or first.video is None or first.video.sound is None:
            return None
        return ClipSound(first.video.sound.format, self._start.camera)

    def _hear(self, at: float, video: Video, sound: ClipSound) -> None:
        """Takes the sound that came with a picture; its arrival is not even enough for that."""
        shift = self._coded.shift if self._coded else None
        if shift is None and video.pts is not None:
            shift = self._times.add(at, video.pts).at - video.pts
        if video.sound is not None and shift is not None and self._first_at is not None:
            sound.add(video.sound, shift - self._first_at)

    def _take_coded(self, frame: Frame, coded: CodedClip) -> bool:
        """Takes a coded picture as it is; pictures without coded bytes are encoded."""
        if frame.video is None:
            self._place(coded.finish())
            return self._encode(frame)
        try:
            placed = coded.add(frame)
        except BadVideo as error:
            if coded.first_at is not None or not frame.video.key:
                raise
            log.warning("%s: its video is encoded anew: %s", self._start.camera, error)
            self._coded = None
            self._encoder = self._new_encoder()
            return self._encode(frame)
        if self._first_at is None:
            self._first_at = coded.first_at
        self._place(placed)
        return True

    def _place(self, placed: list[Placed[Unit]]) -> None:
        for (sample, key, codec), at_ms, shift in placed:
            self._cut(sample, at_ms, codec, key=key, shift=shift)

    @property
    def _stamped(self) -> bool:
        """The time is drawn into the clip's pictures."""
        return self._options.timestamp and not self._options.original and not self._coded

    def _encode(self, frame: Frame) -> bool:
        """Encodes a picture; False: it is damaged."""
        key = frame.at - self._key_at >= _KEY_EVERY
        text = self._text(frame.at) if self._stamped else None
        unit = self._encoder.encode(frame.coded, text, key=key)
        codec = self._encoder.codec
        if unit is None or codec is None:
            return False
        if unit.key:
            self._key_at = frame.at
        if self._first_at is None:
            self._first_at = frame.at
        if self._coded is not None:
            codec = replace(codec, turn=self._options.orientation.half_turn)
        at_ms = round((frame.at - self._first_at) * 1000)
        self._cut(unit.sample, at_ms, codec, key=unit.key)
        return True

    def _cut(self, sample: bytes, at_ms: int, codec: Codec, *, key: bool, shift: int = 0) -> None:
        if self._codec not in {None, codec}:
            self._keep(self._cutter.turn(at_ms))
        self._codec = codec
        self._keep(self._cutter.add(sample, at_ms, key=key, shift=shift))

    def _best_picture(self, end: ClipEnd) -> bytes | None:
        best_at, large = self._best
        # the recording stream may have fallen silent before the event's best moment
        if end.best.at - best_at < _SAME_MOMENT:
            if isinstance(large, tuple):
                large = self._still_of(large, best_at)
            if large:
                return large
        return self._still(end.best)

    def _still_of(self, group: tuple[Video, ...], at: float) -> bytes:
        """The last picture of a group of the recording stream."""
        if not group:
            return b""
        options = self._options
        text = self._text(at) if options.timestamp else None
        return still_of(options.orientation, group, text, options.room) or b""

    def _still(self, frame: Frame) -> bytes | None:
        options = self._options
        if options.original:
            return as_jpeg(frame.image)
        text = self._text(frame.at) if options.timestamp else None
        with options.room.work(colour_work(frame.image)) as whole:
            shrink = 1 if whole else SHRUNK
            return still(options.orientation, as_jpeg(frame.image), text, options.privacy, shrink)

    def _private(self, image: Image) -> bytes | None:
        turn, privacy = self._options.orientation, self._options.privacy
        with self._options.room.work(colour_work(image) if privacy else 0) as whole:
            return private_jpeg(image, turn, privacy, 1 if whole else SHRUNK)

    # ------------------------------------------------------------ records

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
            jpeg = self._private(frame.image)
            if jpeg is not None:
                self._file(kind, jpeg)
        if start.delta:
            self._file(FileKind.DELTA, start.delta)
        for frame in start.frames:
            self.add(frame)
        return self.kept

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
        codec = self._codec
        for cut in cuts:
            if codec is None or self._first_at is None:
                return
            first = self._utc(self._first_at) + timedelta(milliseconds=cut.at_ms)
            run, heard = None, b""
            if self._sound is not None:
                run, heard = self._sound.take(cut.at_ms, cut.at_ms + cut.ms)
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
                    entry=codec.kind,
                    turn=codec.turn,
                    sound=run,
                    track=self._sound.track if self._sound else None,
                    body=cut.data + heard,
                )
            )

    def _utc(self, at: float) -> datetime:
        return self._start.utc + timedelta(seconds=at - self._start.at)

    def _local(self, at: float) -> datetime:
        return self._utc(at).astimezone(self._tz)

    def _text(self, at: float) -> str:
        return timestamp(self._local(at))


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
