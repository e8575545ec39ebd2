"""The sound of one event: placed with its pictures, AAC as it came, everything else encoded once.

Sound with a fault is left out and counted; no picture is lost by it.
"""

from __future__ import annotations

import logging
from collections import deque

import av

from agent.core.frame import Sound, SoundFormat
from agent.storage.container.h264 import SoundTrack
from agent.storage.container.sound import SoundRun, SoundSample
from agent.storage.recording.sound_encoder import UNIT, Made, SoundEncoder, track_made

log = logging.getLogger(__name__)

#: Seconds by which a unit may be away from where the one before ends and still follows it: what a
#: network and a camera's rounding do.
_FOLLOWS = 0.04
#: Bytes that wait for their pictures; a second has 4 to 16 kB.
_MOST_WAITING = 1 << 20
#: A unit of G.711 or Opus that cannot be decoded is left out; after this number it is no
#: such sound.
_MOST_BROKEN = 50


class ClipSound:
    """Takes the sound that comes with the frames of a clip; gives it to its fragments.

    Args:
        sound: how the camera codes it; what comes otherwise is left out.
        camera: its id, for messages.

    Attributes:
        track: the parameters of all of it.
        left_out: units that could not be placed or understood.
    """

    def __init__(self, sound: SoundFormat, camera: str) -> None:
        self.left_out = 0
        self._camera = camera
        self._format = sound
        self._encoder: SoundEncoder | None = None
        if sound.codec == "aac":
            self.track = SoundTrack(sound.config, sound.rate, sound.channels)
            self._unit = sound.samples
        else:
            self.track = track_made(sound)
            self._unit = UNIT
            self._encoder = SoundEncoder(sound)
        self._next: int | None = None  # tick behind the unit before
        self._waiting: deque[Made] = deque()
        self._size = 0
        self._broken = 0

    def add(self, sound: Sound, shift: float) -> None:
        """Takes what came with a frame.

        Args:
            sound: the units.
            shift: seconds from the camera's clock to the time since the clip's first picture.
        """
        if sound.format != self._format:
            self.left_out += len(sound.units)
            return
        for unit in sound.units:
            self._place(unit.data, round((unit.pts + shift) * self.track.rate))

    def take(self, at_ms: int, end_ms: int) -> tuple[SoundRun | None, bytes]:
        """The sound of a fragment that is played from `at_ms` to `end_ms`; None: there is none."""
        first, end = (ms * self.track.rate // 1000 for ms in (at_ms, end_ms))
        found: list[Made] = []
        while self._waiting and self._waiting[0].at < end:
            found.append(self._waiting.popleft())
            self._size -= len(found[-1].data)
        if not found:
            return None, b""
        ends = [unit.at for unit in found[1:]] + [found[-1].at + self._unit]
        samples = tuple(
            SoundSample(len(unit.data), max(1, behind - unit.at))
            for unit, behind in zip(found, ends, strict=True)
        )
        return SoundRun(found[0].at - first, samples), b"".join(unit.data for unit in found)

    def finish(self) -> None:
        """Nothing more comes."""
        if self._encoder is not None:
            for made in self._encoder.finish():
                self._keep(made)

    def _place(self, data: bytes, at: int) -> None:
        reaches = self._next if self._encoder is None else self._encoder.reaches
        apart = 0 if reaches is None else at - reaches
        if apart < -_FOLLOWS * self.track.rate:  # it was there before
            self.left_out += 1
            return
        follows = reaches is not None and apart <= _FOLLOWS * self.track.rate
        if self._encoder is None:
            place = reaches if follows and reaches is not None else at
            self._next = place + self._unit
            self._keep(Made(data, place))
            return
        if self._broken >= _MOST_BROKEN:
            self.left_out += 1
            return
        try:
            for made in self._encoder.add(data, None if follows else at):
                self._keep(made)
        except (av.FFmpegError, ValueError) as error:
            if not self._broken:
                log.warning("%s: sound is not recorded: %s", self._camera, error)
            self._broken += 1
            self.left_out += 1

    def _keep(self, unit: Made) -> None:
        if unit.at < 0 or not unit.data:  # before the first picture
            return
        self._waiting.append(unit)
        self._size += len(unit.data)
        while self._size > _MOST_WAITING:
            self._size -= len(self._waiting.popleft().data)
            self.left_out += 1
