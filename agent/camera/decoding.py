"""From the coded pictures of a stream to what a session hands on: PyAV decodes, at least cost."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple, Protocol, cast

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace

from agent.camera.decoder_memory import DecoderMemory, most_pixels
from agent.camera.session import Picture
from agent.core.frame import Video
from agent.core.pacing import EACH_PICTURE, Looks
from agent.core.time_allowance import Room
from agent.imaging.decoded import Planes
from agent.imaging.jpeg import allowed, encode
from agent.imaging.nal import H264, HEVC, begins_anew
from agent.runtime.media import open_decoder

#: Codecs that are passed on coded, together with the planes; all others become JPEGs.
CODED = frozenset({H264, HEVC})
#: Formats of PyAV whose planes we read as they are.
_PLANAR = frozenset({"yuv420p", "yuvj420p"})
#: Of the JPEGs that we make; more only grows the files, the video was compressed before.
_QUALITY = 88
#: Pictures that no other picture refers to are decoded without the loop filter. That changes one
#: picture by a grey level or two, and saves a sixth of its decoding. All others need the filter,
#: because the error would grow until the next key picture.
_CHEAPLY = {"skip_loop_filter": "noref"}
#: Pictures that a decoder keeps to put them in order, at most (ITU-T H.264, A.3.1).
_MOST_KEPT = 16
#: Pictures that are left undecoded until one behind them is looked at, at most.
_MOST_BEHIND = 64


class Unit(Protocol):
    """A coded picture; see `agent.camera.rtsp.depacketizer.Coded`."""

    @property
    def data(self) -> bytes:
        """In Annex B, or a JPEG."""
        ...

    @property
    def key(self) -> bool:
        """Decoding can begin here."""
        ...

    @property
    def sets(self) -> bytes:
        """The parameter sets in force."""
        ...


class _Pending(NamedTuple):
    """A coded picture that waits for its planes."""

    at: float
    video: Video


class _Decoded(NamedTuple):
    """What the decoder was given: its number, and what waits for it; None: it is handed on."""

    number: int
    pending: _Pending | None


class Decoding:
    """Turns the coded pictures of one session, in order, into pictures to hand on.

    Of H.264 and H.265 every picture is handed on coded, and those that somebody looks at with their
    planes. What lies before them is decoded then, all together, since they refer to it: a processor
    that does the same thing several times is faster at it. What lies before a key picture and was
    not needed until then is never decoded. With B pictures every one is decoded as it comes.

    Nothing is decoded before the first key picture: it would be decoded to grey. A decoder may show
    fewer pictures than it is given: of two fields one, and none until all parts came where each
    picture refreshes one part. So its pictures are known by numbers. All coded ones are handed on
    in the order in which they came. With B pictures the decoder shows them in another
    order and later. Then the k-th that it shows goes with the k-th coded one, and the planes on a
    frame may be those of its neighbour. What is judged is in the order of time, what is recorded in
    the order of coding.

    What they demand is read before they are decoded, or handed on for others to decode.

    Args:
        where: the camera, for messages.
        codec: FFmpeg's name.
        memory: what the camera may take; None: it is alone with the machine.
        coded: H.264 and H.265 are handed on undecoded.
        context: an open decoder that knows what is not in the pictures; None: one is made.
        looks: says which pictures are looked at.

    Attributes:
        started: a key picture came, and nothing that it needs was lost since.
        damaged: pictures that could not be decoded.
    """

    def __init__(
        self,
        where: str,
        codec: str,
        memory: Room | None = None,
        *,
        coded: bool,
        context: Any = None,  # noqa: ANN401
        looks: Looks = EACH_PICTURE,
    ) -> None:
        self._codec = codec
        self._looks = looks
        self._owed = False  # what was to be looked at was damaged, or not shown: the next one is
        self._as_it_came = codec == "mjpeg"
        self._undecoded = coded and codec in CODED
        self._memory = DecoderMemory(where, codec, memory, decodes=not self._undecoded)
        self.started = False
        self.damaged = 0
        self._given = self._context = context
        self._waiting: deque[_Decoded] = deque()  # as many as the decoder puts in order
        self._number = 0  # of what the decoder was given last
        self._behind: list[Video] = []  # handed on, and not decoded yet

    def lost(self) -> list[Picture]:
        """A coded picture is missing: what refers to it would be smeared, which looks like motion.

        So nothing is shown until the next key picture. Those that the decoder has not shown yet
        came whole: they are handed on to be recorded.
        """
        self.started = False
        waited = [it.pending for it in self._waiting if it.pending is not None]
        self._waiting.clear()
        return [Picture(b"", *it) for it in waited] if self._codec in CODED else []

    def afford(self, sets: bytes) -> None:
        """Takes the memory that parameter sets from outside the stream demand.

        Raises:
            CameraRefused: it is more than there is.
        """
        self._memory.afford(sets)

    def close(self) -> None:
        """Gives back what it has taken."""
        self._memory.close()

    def take(self, unit: Unit, at: float, pts: float | None = None) -> list[Picture]:
        """Takes the next coded picture.

        Args:
            unit: the picture.
            at: monotonic seconds of its last byte.
            pts: seconds on the camera's clock.

        Raises:
            CameraRefused: it demands more memory than there is.
        """
        if self._as_it_came:
            self.started = True
            return [Picture(unit.data, at)]
        if unit.key and not self.started:
            self._context, self.started = self._given, True
            self._behind.clear()
        if not self.started:
            return []
        self._memory.afford(unit.data)
        video = Video(unit.data, self._codec, unit.key, pts, unit.sets)
        if self._undecoded:
            return [Picture(b"", at, video)]
        return self._looked_at(_Pending(at, video))

    def _looked_at(self, pending: _Pending) -> list[Picture]:
        """The picture, with its planes where they are wanted."""
        at, video = pending
        sorts = self._context is not None and self._context.has_b_frames
        looks = self._looks.admit(at) or self._owed or sorts or self._codec not in CODED
        if self._behind and video.key and begins_anew(self._codec, video.data):
            self._behind.clear()  # nothing that comes refers to it
        if not looks and len(self._behind) < _MOST_BEHIND:
            self._behind.append(video)
            return [*self._left_out(0), Picture(b"", at, video)]
        for each in self._behind:
            self._decoded(None, each)
        self._behind.clear()
        damaged = self.damaged
        found = self._decoded(pending, video)
        # where there is no memory for the planes, it is not there a moment later either
        self._owed = not found or self.damaged != damaged
        return found

    def _decoded(self, pending: _Pending | None, video: Video) -> list[Picture]:
        if self._context is None:
            self._context = open_decoder(self._codec, most_pixels(self._codec), _CHEAPLY)
        self._number += 1
        self._waiting.append(_Decoded(self._number, pending))
        packet = av.Packet(video.data)
        packet.pts = self._number
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError:
            return self._left_out(0)
        if video.key and not self._context.has_b_frames:
            return self._left_out(1) + self._shown(frames)
        return self._shown(frames) + self._left_out(_MOST_KEPT)

    def _shown(self, frames: list[av.VideoFrame]) -> list[Picture]:
        found: list[Picture] = []
        for frame in frames:
            if frame.pts is not None and not self._context.has_b_frames:
                found += self._left_out(0, before=frame.pts)
            if not self._waiting:  # more than one of a coded picture, or one that came too late
                break
            pending = self._waiting.popleft().pending
            try:
                if frame.is_corrupt or not allowed(frame.height, frame.width):
                    found += self._without_planes(pending)
                elif pending is not None:
                    found.append(self._picture(pending, frame))
            except MemoryError:  # above what FFmpeg may take for one block
                found += self._without_planes(pending)
        return found

    def _left_out(self, kept: int, before: float = math.inf) -> list[Picture]:
        """Those with a number below `before` that come no more; the newest `kept` may."""
        found: list[Picture] = []
        while len(self._waiting) > kept and self._waiting[0].number < before:
            found += self._without_planes(self._waiting.popleft().pending)
        return found

    def _without_planes(self, pending: _Pending | None) -> list[Picture]:
        """A picture that is damaged: recorded as it came, since others may need it; not judged."""
        self.damaged += 1
        return [Picture(b"", *pending)] if pending and self._codec in CODED else []

    def _picture(self, pending: _Pending, frame: av.VideoFrame) -> Picture:
        at, video = pending
        if self._codec not in CODED:
            return Picture(encode(planes_of(frame).colour(), _QUALITY), at)
        held = self._memory.planes(frame.height, frame.width)
        return Picture(b"", at, video, decoded=planes_of(frame, held) if held else None)


def planes_of(frame: av.VideoFrame, held: object = None) -> Planes:
    """The decoder's own planes, not copied, where it has 4:2:0 of 8 bits; else converted.

    `held` is the memory that they take.
    """
    name = frame.format.name
    full = name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    hd = frame.colorspace == Colorspace.ITU709
    if name not in _PLANAR:
        frame = frame.reformat(format="yuvj420p" if full else "yuv420p")
    luma, blue, red = map(_plane, frame.planes)
    return Planes(luma, (blue, red), full=full, hd=hd, held=held)


def _plane(plane: VideoPlane) -> Any:  # noqa: ANN401  uint8 (H, W)
    rows = np.frombuffer(cast("Any", plane), np.uint8).reshape(-1, plane.line_size)
    view = rows[: plane.height, : plane.width]
    view.setflags(write=False)
    return view
