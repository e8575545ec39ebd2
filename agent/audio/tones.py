"""What the beeper plays: the built-in tone, or the operator's WAV. Pure: bytes in, samples out."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError

#: Longest sound of the operator, seconds: the beeper is deaf to further beeps while it plays, and
#: the samples stay in memory for the life of the process.
MAX_SECONDS = 10.0
#: Longest sound of a `play`, seconds: some sentences.
LONGEST_PLAY = 30.0
#: Largest body of a `play`, bytes: LONGEST_PLAY at 48 kHz, stereo, 16 bit, and other chunks.
MAX_PLAY = 6 * 1024 * 1024
#: Largest WAV file worth reading: MAX_SECONDS at 192 kHz, stereo, 32 bit, and other chunks.
MAX_BYTES = 16 * 1024 * 1024

_MIN_RATE, _MAX_RATE = 8_000, 192_000  # what sound cards are known to take
_RATE = 48_000  # the one rate that HDMI, USB and analogue outputs all have
_NOTES = (
    (880.0, 0.2),
    (1320.0, 0.2),
)  # Hz, seconds: a rising fifth, carries well, not a smoke alarm
_FADE = 0.01  # seconds; an edge in the wave is a click in the speaker
_PEAK = 0.5  # of full scale: small speakers distort above

_MOST_CHUNKS = 1000  # before the sound; hundreds of thousands of empty ones would cost seconds
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE  # WAVE format tags, RFC 2361 and Microsoft's mmreg.h
_SUBFORMAT = (
    24  # offset of the sub-format in an extensible fmt chunk; its first word is a plain tag
)

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Tone:
    """A sound, ready for the device.

    Attributes:
        rate: frames per second.
        channels: 1 or 2, interleaved.
        samples: int16, little-endian, whole frames.
    """

    rate: int
    channels: int
    samples: bytes = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return len(self.samples) / (2 * self.channels * self.rate)


def built_in_tone(volume: float = 1.0) -> Tone:
    """The project's own sound: two notes, 0.4 s, mono, 48 kHz; `volume` 0..1 scales linearly."""
    pitch = np.concatenate([np.full(round(_RATE * length), hertz) for hertz, length in _NOTES])
    # The phase is summed up over both notes, so that the second starts where the first ends.
    wave_form = np.sin(2 * np.pi * np.cumsum(pitch) / _RATE)
    ramp = np.minimum(1.0, np.arange(len(pitch)) / (_FADE * _RATE))
    samples = wave_form * ramp * ramp[::-1] * _PEAK * np.iinfo(np.int16).max
    return Tone(_RATE, 1, _scaled(samples.round().astype(np.int16), volume))


class NoSound(ValueError):
    """What was given is no sound that can be played; the text says why."""


def tone_from_wav(data: bytes, name: str, volume: float = 1.0) -> Tone:
    """The operator's sound: as `read_wav`, at most MAX_SECONDS.

    Args:
        data: the file's bytes.
        name: how messages call the file.
        volume: 0..1.

    Raises:
        ConfigError: it is something else; the message says what, and how to convert it.
    """
    try:
        return read_wav(data, volume, MAX_SECONDS)
    except NoSound as no:
        raise ConfigError(
            f"beep.sound: {name}: {no}; convert it with "
            "`ffmpeg -i SOUND -ac 1 -ar 48000 -t 10 -c:a pcm_s16le beep.wav`"
            " or leave the key out for the built-in tone"
        ) from no


def read_wav(data: bytes, volume: float, longest: float) -> Tone:
    """The sound of a WAV file: PCM of 8, 16, 24 or 32 bit, mono or stereo.

    Args:
        data: the file's bytes; an unfinished last frame is left out. The sizes in its header may be
            too large, or 0: a server that makes the sound while it sends it does not know them.
        volume: 0..1, scales linearly; 1 leaves 16-bit samples as they are.
        longest: seconds that it may last.

    Raises:
        NoSound: it is something else.
        ConfigError: the volume is not within 0 and 1.
    """
    try:
        with wave.open(io.BytesIO(_plain(_whole(data)))) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # the last: a chunk longer than its file
        raise NoSound(f"not a PCM WAV file ({str(error) or 'it ends too early'})") from error
    if not _MIN_RATE <= rate <= _MAX_RATE:
        raise NoSound(f"{rate} frames per second, allowed are {_MIN_RATE} to {_MAX_RATE}")
    if channels not in {1, 2}:
        raise NoSound(f"{channels} channels, allowed are 1 and 2")
    if width not in {1, 2, 3, 4}:
        raise NoSound(f"{8 * width} bit, allowed are 8, 16, 24 and 32")
    frames = len(raw) // (width * channels)
    if not 0 < frames <= longest * rate:
        raise NoSound(f"{frames / rate:.1f} s long, allowed are up to {longest:.0f} s")
    samples = _as_int16(raw[: frames * width * channels], width)
    return Tone(rate, channels, _scaled(samples, volume))


def _scaled(samples: Samples, volume: float) -> bytes:
    if not 0.0 <= volume <= 1.0:
        raise ConfigError(f"beep.volume: {volume} is not within 0 and 1")
    return (samples * volume).round().astype("<i2").tobytes()


def _as_int16(raw: bytes, width: int) -> Samples:
    """The upper 16 bits of each sample; `raw` holds whole samples of `width` bytes."""
    if width == 1:  # the only unsigned one
        return (np.frombuffer(raw, np.uint8).astype(np.int16) - 128) * np.int16(256)
    columns = np.frombuffer(raw, np.uint8).reshape(-1, width)[:, width - 2 :]
    return np.ascontiguousarray(columns).view("<i2").reshape(-1).astype(np.int16)


def _whole(data: bytes) -> bytes:
    """The same file with its size in the header, also where the header ends before the sound.

    A server that sends the sound while it makes it may write there the size of an empty file.
    """
    if len(data) < 12 or data[:4] != b"RIFF":
        return data
    chunks = list(islice(_chunks(data), _MOST_CHUNKS + 1))
    if len(chunks) > _MOST_CHUNKS:
        raise NoSound(f"more than {_MOST_CHUNKS} chunks before the sound")
    said = struct.unpack_from("<I", data, 4)[0] + 8
    begin = b"RIFF" + struct.pack("<I", min(len(data) - 8, 0xFFFF_FFFF))
    name, body, size = chunks[-1] if chunks else (b"", 0, 0)
    if name == b"data" and not size and said <= body:
        return begin + data[8 : body - 4] + struct.pack("<I", len(data) - body) + data[body:]
    return begin + data[8:]


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and size of each chunk, up to the one with the sound."""
    at, name = 12, b""  # behind "RIFF", size, "WAVE"
    while at + 8 <= len(data) and name != b"data":
        name, size = struct.unpack_from("<4sI", data, at)
        yield name, at + 8, size
        at += 8 + size + size % 2  # chunks begin at even offsets


def _plain(data: bytes) -> bytes:
    """The same file with the plain PCM tag where an extensible header says PCM.

    ffmpeg writes that header for 24 and 32 bit, and Python's `wave` knows it only from 3.12 on.
    """
    for name, body, size in _chunks(data):
        if name == b"fmt " and size >= _SUBFORMAT + 2 and body + size <= len(data):
            (tag,) = struct.unpack_from("<H", data, body)
            (sub_format,) = struct.unpack_from("<H", data, body + _SUBFORMAT)
            if (tag, sub_format) == (_EXTENSIBLE, _PCM):
                return data[:body] + struct.pack("<H", _PCM) + data[body + 2 :]
            return data
    return data
