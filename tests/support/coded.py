"""What cameras send as H.264 and H.265, and recordings made of it without decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from typing import cast

import av
import cv2
import numpy as np

from agent.core.frame import Frame, Video
from agent.core.messages import ClipEnd, ClipStart, Detection, EndReason, Reason
from agent.storage.recording.open_clip import OpenClip, RecorderOptions
from agent.storage.records import Fragment, Record
from tests.support.recordings import STARTED, numbered_jpeg

#: Pictures a second.
RATE = 10
_LIBRARIES = {"h264": "libx264", "hevc": "libx265"}
FOUND = Detection(1, 100.0, motion=True, reason=Reason.MOTION)


@cache
def camera_video(
    count: int,
    codec: str = "h264",
    *,
    first: int = 0,
    every: int = 10,
    b_frames: int = 0,
    open_gop: bool = False,
    size: tuple[int, int] = (320, 240),
) -> tuple[Video, ...]:
    """Pictures with the numbers from `first` on, in order of decoding, with the camera's times."""
    width, height = size
    encoder = cast(av.VideoCodecContext, av.CodecContext.create(_LIBRARIES[codec], "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE, 1)
    encoder.gop_size, encoder.max_b_frames = every, b_frames
    told = f"keyint={every}:min-keyint={every}:scenecut=0:bframes={b_frames}:b-adapt=0"
    told += f":open-gop={int(open_gop)}"
    if codec == "h264":
        encoder.options = {"preset": "ultrafast", "x264-params": f"{told}:b-pyramid=normal"}
    else:
        encoder.options = {
            "preset": "ultrafast",
            "x265-params": f"{told}:log-level=0:repeat-headers=1",
        }
    packets = []
    for number in range(first, first + count):
        jpeg = np.frombuffer(numbered_jpeg(number, width, height), np.uint8)
        picture = av.VideoFrame.from_ndarray(
            np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)), format="bgr24"
        )
        picture.pts = number - first
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    return tuple(
        Video(bytes(packet), codec, packet.is_keyframe, (packet.pts or 0) / RATE)
        for packet in packets
    )


def frames_of(videos: Iterable[Video], at: float = 100.0) -> tuple[Frame, ...]:
    """As they come, one each tenth of a second."""
    return tuple(Frame(b"", at + n / RATE, n, 1, video) for n, video in enumerate(videos))


def putting(records: list[Record]) -> Callable[[Record], bool]:
    """A spool that is a list."""

    def put(record: Record) -> bool:
        records.append(record)
        return True

    return put


def coded_records(
    name: str,
    frames: tuple[Frame, ...],
    options: RecorderOptions = RecorderOptions(coded=True),  # noqa: B008  frozen
    *,
    begin: int = 10,
    started: datetime = STARTED,
) -> list[Record]:
    """What the recorder makes of these; the clip begins with the first `begin` of them."""
    jpeg = numbered_jpeg(1)
    judged = tuple(Frame(jpeg, frames[0].at + n, n, 1) for n in range(3))
    start = ClipStart(
        "front", name, frames[0].at, started, frames[:begin], judged, b"\x89PNG", FOUND
    )
    records: list[Record] = []
    clip = OpenClip(start, options, UTC, putting(records))
    for frame in frames[begin:]:
        clip.add(frame)
    last = replace(judged[0], at=frames[-1].at)
    closed = clip.close(ClipEnd(name, frames[-1].at, EndReason.CLEARED, last, FOUND, 9))
    return [*records, closed]


@cache
def coded_event(
    name: str, first: int, count: int = 20, codec: str = "h264", b_frames: int = 0
) -> tuple[Fragment, ...]:
    """An event as a camera coded it; its pictures have the numbers from `first` on."""
    videos = camera_video(count, codec, first=first, b_frames=b_frames)
    records = coded_records(name, frames_of(videos))
    return tuple(record for record in records if isinstance(record, Fragment))


def shown(*events: Iterable[Fragment]) -> list[tuple[int, int]]:
    """(milliseconds, number) of each picture of whole events that begin one behind the other."""
    found = []
    base = 0
    for fragments in events:
        samples = [sample for fragment in fragments for sample in fragment.samples]
        (first,) = {int(fragment.event.rpartition("E")[2]) for fragment in fragments}
        times = []
        for sample in samples:
            times.append(base + sample.shift)
            base += sample.ms
        found += [(at, first + n) for n, at in enumerate(sorted(times))]
    return found
