"""The self test's camera: a drawn scene that a visitor crosses once, as JPEGs or as H.264.

The pictures go the way of every other camera's: a session, a keeper, frames. As H.264 they are
coded here and decoded again like those of an RTSP camera.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import Any, NamedTuple

import av
import cv2
import numpy as np

from agent.camera.decoding import Decoding
from agent.camera.interruptible_wait import Patience
from agent.camera.played_pictures import CAMERA_SIZE, Room
from agent.camera.session import Opener, Picture, Session
from agent.core.pacing import EACH_PICTURE, Looks
from agent.core.self_test_stages import Visit
from agent.core.time_allowance import Room as Memory
from agent.imaging.nal import H264, SETS, begins_anew, split, type_of

#: Pictures between two key pictures.
_KEY_EVERY = 10
_START = b"\0\0\0\1"


def drawn_opener(
    visit: Visit, *, video: bool, memory: Memory | None = None, looks: Looks = EACH_PICTURE
) -> Opener:
    """Opens sessions that show a visit and then a quiet scene for as long as they are read.

    Args:
        visit: what is shown when.
        video: as H.264.
        memory: what the camera may take.
        looks: says which pictures of video are looked at.
    """

    def opened(patience: Patience) -> Session:
        """A session from the first picture on."""
        coded = Decoding("the drawn camera", H264, memory, coded=False, looks=looks)
        return DrawnSession(visit, patience, coded if video else None)

    return opened


class DrawnSession:
    """One visit, in real time."""

    silence = 60.0
    why = "drawing takes too long"
    answers = True

    def __init__(self, visit: Visit, patience: Patience, decoding: Decoding | None) -> None:
        self._visit = visit
        self._patience = patience
        self._decoding = decoding
        self._encoder = None if decoding is None else _Encoder(visit.rate)
        self._room = Room()
        self._began = patience.clock.monotonic()
        self._count = 0
        self._ready: deque[Picture] = deque()

    @property
    def damaged(self) -> int:
        """Pictures that could not be decoded."""
        return 0 if self._decoding is None else self._decoding.damaged

    def read(self) -> Picture | None:
        """The next picture when it is its time."""
        if self._ready:
            return self._ready.popleft()
        second = self._count / self._visit.rate
        due = self._began + second
        self._patience.wait(max(0.0, due - self._patience.clock.monotonic()))
        self._count += 1
        jpeg = self._room.at(moment(self._visit, second))
        if self._decoding is None or self._encoder is None:
            return Picture(jpeg, due)
        for unit in self._encoder.encode(jpeg):
            self._ready.extend(self._decoding.take(unit, due, second))
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Gives back what the decoder has taken."""
        if self._decoding is not None:
            self._decoding.close()


def moment(visit: Visit, second: float) -> float:
    """The second of `Room` to be seen at a second of the visit."""
    enters, leaves = Room.ENTERS, Room.LEAVES
    if second < visit.quiet:
        return second % enters
    walked = (second - visit.quiet) / visit.walk
    if walked < 1.0:
        return enters + walked * (leaves - enters)
    return leaves + (second - visit.quiet - visit.walk) % (Room.duration - leaves)


class _Coded(NamedTuple):
    """A coded picture; see `agent.camera.decoding.Unit`."""

    data: bytes
    key: bool
    sets: bytes


class _Encoder:
    """A camera's encoder: H.264 in Annex B, without B pictures."""

    def __init__(self, rate: float) -> None:
        encoder: Any = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height = CAMERA_SIZE
        encoder.pix_fmt = "yuv420p"
        encoder.time_base = Fraction(1, 1000)
        encoder.framerate = Fraction(round(rate * 1000), 1000)
        encoder.thread_count = 1
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "x264-params": f"keyint={_KEY_EVERY}:scenecut=0:repeat-headers=1:annexb=1",
        }
        self._encoder, self._step = encoder, round(1000 / rate)
        self._count = 0
        self._sets = b""

    def encode(self, jpeg: bytes) -> list[_Coded]:
        """The next picture, coded."""
        pixels: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        frame = av.VideoFrame.from_ndarray(pixels, format="bgr24").reformat(format="yuv420p")
        frame.pts = self._count * self._step
        self._count += 1
        return [self._coded(bytes(packet)) for packet in self._encoder.encode(frame)]

    def _coded(self, data: bytes) -> _Coded:
        units = [unit for unit in split(data) if type_of(H264, unit) in SETS[H264]]
        if units:
            self._sets = b"".join(_START + unit for unit in units)
        return _Coded(data, begins_anew(H264, data), self._sets)
