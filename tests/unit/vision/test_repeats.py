"""A camera that hangs is told from one that sees, also behind an encoder that goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
import cv2
import numpy as np
import pytest

from agent.camera.decoding import planes_of
from agent.core.frame import Frame
from agent.vision.image_quality import Eye
from tests.support.rtp import encoder_of

WIDTH, HEIGHT, FPS = 160, 96, 5
#: Without threads of its own: x265 with one thread in its pool waits for itself now and then.
QUIETLY = {
    "libx264": {},
    "libx265": {"x265-params": "log-level=none:pools=none:frame-threads=1"},
}


def house() -> np.ndarray:
    """A scene with structure."""
    coarse = np.random.default_rng(3).integers(40, 200, (12, 20), dtype=np.uint8)
    return cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def sensed(number: int) -> np.ndarray:
    """The scene with a sensor's noise."""
    noise = np.random.default_rng(number).normal(0, 2, (HEIGHT, WIDTH))
    return np.clip(house() + noise, 0, 255).astype(np.uint8)


def walked(number: int) -> np.ndarray:
    """The scene without any noise, and somebody who walks through it in 20 s, again and again."""
    shown = house()
    at = number % 100
    shown[20:80, at : at + 20] = 20
    return shown


def known(codec: str, scene: Callable[[int], np.ndarray], seconds: int) -> list[bool]:
    """After each second of a stream with a key picture each 2 s, whether it counts as frozen."""
    eye, found = Eye(), []
    encoder = encoder_of(codec, (WIDTH, HEIGHT), {"g": str(2 * FPS), **QUIETLY[codec]})
    encoder.bit_rate = 300_000
    decoder: Any = av.CodecContext.create("h264" if codec == "libx264" else "hevc", "r")
    for number in range(seconds * FPS):
        yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        yuv[:HEIGHT] = scene(number)
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        frame.pts = number
        for shown in (it for packet in encoder.encode(frame) for it in decoder.decode(packet)):
            at = number / FPS
            eye.frame(Frame(b"", at, number, 1, decoded=planes_of(shown)), None)
        if number % FPS == FPS - 1:
            found.append(eye.sight.frozen)
    return found


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_camera_that_hangs_behind_an_encoder_that_goes_on_is_frozen(codec: str) -> None:
    found = known(codec, lambda number: sensed(min(number, 50)), 75)
    assert not any(found[:40])
    assert found[-1]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("scene", [sensed, walked])
def test_a_quiet_scene_and_a_film_that_is_played_again_are_not(
    codec: str, scene: Callable[[int], np.ndarray]
) -> None:
    assert not any(known(codec, scene, 60))


def test_a_camera_that_wakes_up_is_no_longer_frozen() -> None:
    found = known("libx264", lambda number: sensed(50 if 50 < number < 400 else number), 90)
    assert any(found)
    assert not found[-1]
