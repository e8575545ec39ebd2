"""G.711 and Opus as AAC, which every player of MP4 knows. The only one here that needs PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np

from agent.core.frame import SoundFormat
from agent.storage.container.h264 import SoundTrack

#: Samples of a unit of AAC.
UNIT = 1024
#: By what a camera sends: samples a second and bits a second of what is made of it, mono.
_MADE = {"opus": (48000, 64000)}
_ELSE = (16000, 32000)
#: Seconds: a gap up to this is filled with silence; after a longer one the encoder begins again.
_FILLED = 2.0
#: Indexes of sampling rates, ISO/IEC 14496-3 table 1.18.
_INDEX = {48000: 3, 16000: 8}


class Made(NamedTuple):
    """A unit of AAC and the tick of its first sample."""

    data: bytes
    at: int


def track_made(sound: SoundFormat) -> SoundTrack:
    """What the sound of this kind becomes."""
    rate, _ = _MADE.get(sound.codec, _ELSE)
    record = 2 << 11 | _INDEX[rate] << 7 | 1 << 3  # AAC LC, the rate, one channel
    return SoundTrack(record.to_bytes(2, "big"), rate, 1)


class SoundEncoder:
    """Turns the units of one clip into AAC; 3 to 8 ms for a second of it.

    Args:
        sound: how they are coded.
    """

    def __init__(self, sound: SoundFormat) -> None:
        self._rate, self._bits = _MADE.get(sound.codec, _ELSE)
        decoder: Any = av.AudioCodecContext.create(sound.codec, "r")
        decoder.sample_rate = sound.rate
        decoder.layout = "stereo" if sound.channels > 1 else "mono"
        self._decoder = decoder
        self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=self._rate)
        self._encoder: Any = None
        self._origin = self._fed = 0  # tick of the first sample, and samples since
        self._rest = np.zeros(0, np.float32)  # less than a unit

    @property
    def reaches(self) -> int | None:
        """The tick behind what was taken; None: nothing was, since the last long gap."""
        if self._encoder is None:
            return None
        return self._origin + self._fed + len(self._rest)

    def add(self, data: bytes, at: int | None) -> Iterator[Made]:
        """Takes a unit.

        Args:
            data: the unit.
            at: the tick at which it begins; None: right behind the one before.

        Raises:
            av.FFmpegError, ValueError: it cannot be decoded.
        """
        samples = self._decoded(data)
        reaches = self.reaches
        gap = 0 if at is None or reaches is None else at - reaches
        if gap > _FILLED * self._rate:
            yield from self.finish()
            reaches = None
        elif gap > 0:
            samples = np.concatenate((np.zeros(gap, np.float32), samples))
        if reaches is None:
            self._begin(at or 0)
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= UNIT:
            unit, self._rest = self._rest[:UNIT], self._rest[UNIT:]
            yield from self._encoded(unit)

    def finish(self) -> Iterator[Made]:
        """What is still in the encoder."""
        if self._encoder is None:
            return
        if len(self._rest):
            missing = np.zeros(UNIT - len(self._rest), np.float32)
            yield from self._encoded(np.concatenate((self._rest, missing)))
        yield from self._made(self._encoder.encode(None))
        self._encoder = None
        self._rest = np.zeros(0, np.float32)

    def _begin(self, at: int) -> None:
        encoder: Any = av.AudioCodecContext.create("aac", "w")
        encoder.sample_rate, encoder.layout, encoder.format = self._rate, "mono", "fltp"
        encoder.bit_rate, encoder.time_base = self._bits, Fraction(1, self._rate)
        self._encoder, self._origin, self._fed = encoder, at, 0

    def _decoded(self, data: bytes) -> Any:  # noqa: ANN401  float32 (samples)
        found = [np.zeros(0, np.float32)]
        for frame in self._decoder.decode(av.Packet(data)):
            frame.pts = None
            found += [it.to_ndarray()[0] for it in self._resampler.resample(frame)]
        return np.concatenate(found)

    def _encoded(self, unit: Any) -> Iterator[Made]:  # noqa: ANN401
        frame = av.AudioFrame.from_ndarray(unit.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._fed
        frame.time_base = Fraction(1, self._rate)
        self._fed += len(unit)
        yield from self._made(self._encoder.encode(frame))

    def _made(self, packets: list[Any]) -> Iterator[Made]:
        for packet in packets:
            yield Made(bytes(packet), self._origin + int(packet.pts or 0))
