"""How loud a camera's sound is: decoded, measured, judged. Nothing of it is kept."""

from __future__ import annotations

import logging
import math
from typing import Any

import av
import numpy as np

from agent.core.camera_times import CameraTimes
from agent.core.frame import Frame, SoundFormat
from agent.core.loudness import SILENCE, Listener, Loudness, SoundLimits

log = logging.getLogger(__name__)

#: Seconds of a moment that has a level.
_MOMENT = 0.1
#: Units of one kind of sound that cannot be decoded, after which none is tried any more.
_MOST_BROKEN = 50


class LoudnessMeter:
    """Listens to the frames of one camera; 1 to 2 ms for a second of it.

    Args:
        camera: its id, for messages.
        limits: what makes sound an event.

    Attributes:
        listener: knows level and background.
    """

    def __init__(self, camera: str, limits: SoundLimits) -> None:
        self.listener = Listener(limits)
        self._camera = camera
        self._format: SoundFormat | None = None
        self._decoder: Any = None
        self._times = CameraTimes()  # arrival is not even enough to say when sound was heard
        self._session = 0
        self._broken = 0
        self._square = 0.0  # sum of squares of the moment so far, and its samples
        self._count = 0
        self._begin: float | None = None

    def take(self, frame: Frame) -> list[Loudness]:
        """Takes the sound that came with a frame; the events that it ends."""
        video = frame.video
        if video is None or video.sound is None or video.pts is None:
            return []
        if video.sound.format != self._format:
            self._begin_with(video.sound.format)
        if frame.session != self._session:
            self._session, self._times = frame.session, CameraTimes()
        found: list[Loudness] = []
        shift = self._times.add(frame.at, video.pts).at - video.pts
        for unit in video.sound.units:
            if self._broken < _MOST_BROKEN:
                found += self._hear(unit.data, unit.pts + shift)
        return found

    def _begin_with(self, sound: SoundFormat) -> None:
        decoder: Any = av.AudioCodecContext.create(sound.codec, "r")
        decoder.sample_rate = sound.rate
        decoder.layout = "stereo" if sound.channels > 1 else "mono"
        if sound.config:
            decoder.extradata = sound.config
        self._format, self._decoder, self._broken = sound, decoder, 0
        self._square, self._count, self._begin = 0.0, 0, None

    def _hear(self, data: bytes, at: float) -> list[Loudness]:
        try:
            frames = self._decoder.decode(av.Packet(data))
        except (av.FFmpegError, ValueError) as error:
            self._broken += 1
            if self._broken == _MOST_BROKEN:
                log.warning("camera %s: its sound cannot be measured: %s", self._camera, error)
            return []
        found = []
        for frame in frames:
            seconds = frame.samples / (frame.sample_rate or 1)
            square, count = _energy(frame.to_ndarray())
            if self._begin is None or not 0.0 <= at - self._begin < 1.0:
                self._begin, self._square, self._count = at, 0.0, 0
            self._square += square
            self._count += count
            at += seconds
            if at - self._begin >= _MOMENT:
                length = at - self._begin
                told = self.listener.hear(self._begin, self._level(), length)
                self._begin = None
                if told is not None:
                    found.append(told)
        return found

    def _level(self) -> float:
        mean = self._square / max(1, self._count)
        return 10 * math.log10(mean) if 0 < mean < math.inf else SILENCE


def _energy(samples: Any) -> tuple[float, int]:  # noqa: ANN401  any format of PyAV
    """Sum of the squares of samples from -1 to 1, and how many they are."""
    wave = samples.astype(np.float64)
    if samples.dtype.kind == "i":
        wave /= float(np.iinfo(samples.dtype).max)
    return float(np.sum(wave * wave)), int(wave.size)
