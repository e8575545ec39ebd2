"""Sound as cameras code it, with a tone at a known time, and where the tone is in a recording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from agent.core.frame import Sound, SoundFormat, SoundUnit, Video
from agent.storage.recording.open_clip import RecorderOptions
from agent.storage.records import Fragment
from tests.support.coded import camera_video, coded_records, frames_of
from tests.support.recordings import name_of

#: Seconds of the tone, since the camera's first picture.
TONE = 0.7, 0.9
FORMATS = {
    "aac": SoundFormat("aac", 16000, 1, bytes.fromhex("1408"), 1024),
    "pcm_mulaw": SoundFormat("pcm_mulaw", 8000, 1),
    "pcm_alaw": SoundFormat("pcm_alaw", 8000, 1),
    "opus": SoundFormat("opus", 48000, 1),
}
_ENCODERS = {"opus": "libopus"}
_SAMPLES = {"pcm_mulaw": 160, "pcm_alaw": 160, "opus": 960, "aac": 1024}


@cache
def units(codec: str, seconds: float, tone: tuple[float, float] = TONE) -> tuple[SoundUnit, ...]:
    """Silence with the tone in it."""
    sound = FORMATS[codec]
    encoder: Any = av.AudioCodecContext.create(_ENCODERS.get(codec, codec), "w")
    encoder.sample_rate, encoder.layout = sound.rate, "mono"
    encoder.format = {"aac": "fltp"}.get(codec, "s16")
    encoder.time_base = Fraction(1, sound.rate)
    at = np.arange(round(seconds * sound.rate)) / sound.rate
    heard = (at >= tone[0]) & (at < tone[1])
    wave = 0.5 * np.sin(2 * np.pi * 1000 * at) * heard
    found = []
    size = _SAMPLES[codec]
    for begin in range(0, len(wave) - size + 1, size):
        part = wave[begin : begin + size].astype(np.float32)
        plane = part if codec == "aac" else (part * 32767).astype(np.int16)
        layout = "fltp" if codec == "aac" else "s16"
        frame = av.AudioFrame.from_ndarray(plane.reshape(1, -1), format=layout, layout="mono")
        frame.sample_rate, frame.pts = sound.rate, begin
        frame.time_base = Fraction(1, sound.rate)
        found += encoder.encode(frame)
    found += encoder.encode(None)
    return tuple(
        SoundUnit(bytes(packet), int(packet.pts or 0) / sound.rate)
        for packet in found
        if packet.size
    )


def sounding(
    videos: Iterable[Video],
    codec: str,
    *,
    late: float = 0.0,
    heard: tuple[SoundUnit, ...] | None = None,
) -> tuple[Video, ...]:
    """The pictures with their sound; `late`: it comes so many seconds after them."""
    pictures = list(videos)
    last = max(picture.pts or 0.0 for picture in pictures)
    waiting = list(units(codec, last + 0.5) if heard is None else heard)
    found = []
    for number, picture in enumerate(pictures):
        shown = sorted(it.pts or 0.0 for it in pictures)[number]
        taken = [it for it in waiting if it.pts + late <= shown]
        waiting = waiting[len(taken) :]
        found.append(replace(picture, sound=Sound(FORMATS[codec], tuple(taken))))
    return tuple(found)


def tones(path: Path) -> list[tuple[float, float]]:
    """Begin and end of each tone, in seconds of the film, as FFmpeg plays it."""
    found: list[tuple[float, float]] = []
    with av.open(str(path)) as film:
        for frame in film.decode(audio=0):
            wave = frame.to_ndarray().astype(np.float64)[0]
            if frame.format.name.startswith("s16"):
                wave /= 32768
            size = max(1, frame.sample_rate // 200)
            for begin in range(0, len(wave), size):
                at = float(frame.time or 0) + begin / frame.sample_rate
                if np.sqrt(np.mean(wave[begin : begin + size] ** 2)) < 0.1:
                    continue
                if found and at - found[-1][1] < 0.06:
                    found[-1] = found[-1][0], at + size / frame.sample_rate
                else:
                    found.append((at, at + size / frame.sample_rate))
    return found


def sounding_event(first: int, codec: str) -> tuple[Fragment, ...]:
    """As `tests.support.coded.coded_event`, with sound."""
    frames = frames_of(sounding(camera_video(20, first=first), codec))
    records = coded_records(name_of(first), frames, RecorderOptions(coded=True, sound=True))
    return tuple(record for record in records if isinstance(record, Fragment))
