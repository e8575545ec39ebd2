"""How loud coded sound is, and that nothing in it can hurt."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from agent.core.frame import Frame, Sound, SoundUnit
from agent.core.loudness import SoundLimits
from agent.vision.loudness_meter import LoudnessMeter, _energy
from tests.support.coded import camera_video, frames_of
from tests.support.sounding import FORMATS, sounding, units

LIMITS = SoundLimits(threshold=-25.0, rise=10.0)


@pytest.mark.parametrize("codec", FORMATS)
def test_a_tone_is_as_loud_as_it_was_in_each_codec_and_told_at_its_time(codec: str) -> None:
    ear = LoudnessMeter("yard", LIMITS)
    heard = units(codec, 10.0, (6.0, 6.5))
    frames = frames_of(sounding(camera_video(100), codec, heard=heard))
    (told,) = [it for frame in frames for it in ear.take(frame)]
    # a sine of half of the full scale has -9 dBFS
    assert told.level == pytest.approx(-9.0, abs=1.0)
    assert told.background < -60.0
    assert told.at - 100.0 == pytest.approx(6.0, abs=0.15)
    assert told.duration == pytest.approx(0.5, abs=0.25)
    assert ear.listener.level == told.level


@pytest.mark.parametrize("codec", FORMATS)
def test_pictures_that_come_unevenly_do_not_make_the_ear_forget(codec: str) -> None:
    ear = LoudnessMeter("yard", LIMITS)
    heard = units(codec, 10.0, (6.0, 6.5))
    frames = frames_of(sounding(camera_video(100), codec, heard=heard))
    # every fifth is held back with those behind it, as on a link that stands still for a moment
    came = [replace(it, at=it.at + (4 - it.seq % 5) / 10) for it in frames]
    (told,) = [it for frame in came for it in ear.take(frame)]
    assert told.background < -60.0
    assert told.at - 100.0 == pytest.approx(6.4, abs=0.15), "by the first picture's arrival"


def test_the_level_of_each_format_is_relative_to_full_scale() -> None:
    for full in (np.full((1, 9), 32767, np.int16), np.ones((1, 9), np.float32)):
        square, count = _energy(full)
        assert square / count == pytest.approx(1.0)


@pytest.mark.parametrize("codec", FORMATS)
def test_noise_in_place_of_sound_is_borne(codec: str) -> None:
    chance = random.Random(20261132)
    ear = LoudnessMeter("yard", LIMITS)
    for number in range(100):
        broken = SoundUnit(chance.randbytes(chance.randrange(1, 300)), chance.uniform(-5, 5))
        video = replace(camera_video(1)[0], sound=Sound(FORMATS[codec], (broken,) * 5))
        ear.take(Frame(b"", 100.0 + number / 10, number, 1, video))
    assert len(ear.listener._shown) <= 62


def test_pictures_without_sound_have_none() -> None:
    ear = LoudnessMeter("yard", LIMITS)
    for frame in frames_of(camera_video(10)):
        assert ear.take(frame) == []
    assert ear.listener.level is None
