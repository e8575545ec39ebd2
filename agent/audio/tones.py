"""What the beeper plays: the built-in tone, or the operator's WAV. Pure: bytes in, samples out."""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError

#: Longest sound, seconds: the beeper is deaf to further beeps while it plays, and the samples stay
#: in memory for the life of the process.
MAX_SECONDS = 10.0
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


def tone_from_wav(data: bytes, name: str, volume: float = 1.0) -> Tone:
    """The sound of a WAV file: PCM of 8, 16, 24 or 32 bit, mono or stereo, at most MAX_SECONDS.

    Args:
        data: the file's bytes; an unfinished last frame is left out.
        name: how messages call the file.
        volume: 0..1, scales linearly; 1 leaves 16-bit samples as they are.

    Raises:
        ConfigError: it is something else; the message says what, and how to convert it.
    """
    try:
        with wave.open(io.BytesIO(_plain(data))) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:  # the last: a chunk longer than its file
        raise _refusal(name, f"not a PCM WAV file ({str(error) or 'it ends too early'})") from error
    if not _MIN_RATE <= rate <= _MAX_RATE:
        raise _refusal(name, f"{rate} frames per second, allowed are {_MIN_RATE} to {_MAX_RATE}")
    if channels not in {1, 2}:
        raise _refusal(name, f"{channels} channels, allowed are 1 and 2")
    if width not in {1, 2, 3, 4}:
        raise _refusal(name, f"{8 * width} bit, allowed are 8, 16, 24 and 32")
    frames = len(raw) // (width * channels)
    if not 0 < frames <= MAX_SECONDS * rate:
        raise _refusal(name, f"{frames / rate:.1f} s long, allowed are up to {MAX_SECONDS:.0f} s")
    samples = _as_int16(raw[: frames * width * channels], width)
    return Tone(rate, channels, _scaled(samples, volume))


def _refusal(name: str, problem: str) -> ConfigError:
    return ConfigError(
        f"beep.sound: {name}: {problem}; convert it with "
        "`ffmpeg -i SOUND -ac 1 -ar 48000 -t 10 -c:a pcm_s16le beep.wav`"
        " or leave the key out for the built-in tone"
    )


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


def _plain(data: bytes) -> bytes:
    """The same file with the plain PCM tag where an extensible header says PCM.

    ffmpeg writes that header for 24 and 32 bit, and Python's `wave` knows it only from 3.12 on.
    """
    at = 12  # behind "RIFF", size, "WAVE"
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        body = at + 8
        if name == b"fmt " and size >= _SUBFORMAT + 2 and body + size <= len(data):
            (tag,) = struct.unpack_from("<H", data, body)
            (sub_format,) = struct.unpack_from("<H", data, body + _SUBFORMAT)
            if (tag, sub_format) == (_EXTENSIBLE, _PCM):
                return data[:body] + struct.pack("<H", _PCM) + data[body + 2 :]
            return data
        at = body + size + size % 2  # chunks begin at even offsets
    return data
