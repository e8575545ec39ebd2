"""Made-up scenes of what a home shows besides visitors, and of visitors at the limit of sight.

Faults: what cameras do (a clock in the picture, exposure that jumps, pictures sent twice, coarse
JPEG) and what moves in a room (a fan, a television). At the limit: visitors so far away, so pale or
so slow that the place of `sensitivity` decides.

As `benchmarks.scenes`: a scene is determined by its name and a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import cv2
import numpy as np

from benchmarks.nuisances import infrared_lit
from benchmarks.scenes import (
    FPS,
    WIDTH,
    Case,
    Happening,
    Light,
    Plane,
    Visitor,
    as_sent,
    background,
    blotches,
    noisy,
)

_CALM, _AFTER = 10.0, 1.2
#: How often a camera that repeats itself sends each picture.
_TWICE = (3, 2, 1, 2)


def _nothing(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    del second, rng, grain
    return picture


def clock(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Date and time with seconds, as cameras write them into the picture."""
    del rng, grain
    shown = int(second) + 55
    text = f"2026-11-29 07:{28 + shown // 60:02d}:{shown % 60:02d}"
    result = np.clip(picture, 0, 255).astype(np.uint8)
    for level, wide in ((0, 6), (255, 2)):
        cv2.putText(result, text, (16, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, level, wide, cv2.LINE_AA)
    return result.astype(np.float32)


def fan(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Four blades of a fan at the ceiling, which turns 1.37 times a second."""
    del rng, grain
    mask = np.zeros_like(picture)
    for blade in range(4):
        turn = 2 * math.pi * (1.37 * second + blade / 4)
        end = int(430 + 95 * math.cos(turn)), int(90 + 38 * math.sin(turn))
        cv2.line(mask, (430, 90), end, 1.0, 14, cv2.LINE_AA)
    return picture + mask * (60 - picture)


def fan_begins(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The same, switched on after a calm."""
    return fan(picture, max(0.0, second - _CALM), rng, grain)


def television(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A screen in the room: another film each 3 s, things that move in it, its light around it."""
    del rng
    scene = int(second / 3)
    film = np.random.default_rng(scene)
    x0, y0, w, h = 420, 180, 120, 70
    level, shift = film.uniform(30, 200), int(film.integers(0, 300) + 25 * second)
    result = picture * (1 + 0.05 * math.sin(scene))
    result[y0 : y0 + h, x0 : x0 + w] = level + 45 * np.roll(grain, shift, 1)[:h, :w]
    x = x0 + 10 + int(30 * (second % 3))
    result[y0 + 20 : y0 + 60, x : x + 16] = film.uniform(0, 255)
    return result


def exposure_jumps(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The camera is too bright, corrects itself in three pictures, and begins again."""
    del rng, grain
    gain = (1.5, 1.25, 1.1, 1.0, 0.85, 0.95)[min(5, round(second * FPS) % 14)]
    return np.asarray(255 * (np.clip(picture, 0, 255) / 255 * gain) ** 0.9, np.float32)


def coarse(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A dark night, much noise, and JPEG so coarse that its blocks are seen."""
    dark = np.clip(noisy(infrared_lit(picture), second, rng, grain), 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", dark, [cv2.IMWRITE_JPEG_QUALITY, 12])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.float32)


def patrol(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The camera turns to another view each 20 s; it needs a second for that."""
    del rng, grain
    views = int(second / 20) + min(1.0, second % 20) - 1
    return np.roll(picture, int(-230 * views), 1)


def night(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """By the light of the camera's lamp."""
    del second, rng, grain
    return infrared_lit(picture)


#: Nobody comes: what happens, and seconds.
EMPTY: dict[str, tuple[Happening, float]] = {
    "clock in the picture": (clock, 60),
    "fan": (fan, 90),
    "fan is switched on": (fan_begins, 100),
    "television": (television, 90),
    "exposure jumps": (exposure_jumps, 60),
    "pictures sent twice": (_nothing, 40),
    "coarse JPEG at night": (coarse, 60),
    "patrol": (patrol, 60),
}
#: Somebody comes meanwhile: what happens, his height and the seconds that he takes.
VISITED: dict[str, tuple[Happening, float, float]] = {
    "walker before a fan": (fan, 190, 7),
    "walker before a television": (television, 190, 7),
    "walker, exposure jumps": (exposure_jumps, 190, 7),
    "walker, pictures sent twice": (_nothing, 190, 7),
    "walker, coarse JPEG at night": (coarse, 190, 7),
}
#: At the limit: what happens, height, seconds that he takes, pixels that he walks, contrast.
LIMIT: dict[str, tuple[Happening, float, float, float, float]] = {
    "far, 24 pixels": (_nothing, 24, 12, 160, 60),
    "far, 20 pixels": (_nothing, 20, 12, 140, 60),
    "far, 16 pixels": (_nothing, 16, 12, 120, 60),
    "pale, 9 levels": (_nothing, 60, 12, 300, 9),
    "pale, 12 levels": (_nothing, 60, 12, 300, 12),
    "far at night": (night, 34, 12, 160, 60),
    "pale at night": (night, 80, 12, 300, 26),
    "very slow": (_nothing, 40, 60, 60, 30),
}


def cases(seed: int) -> Iterator[Case]:
    """What a home shows besides visitors, empty scenes first."""
    for name, (happening, seconds) in EMPTY.items():
        yield Case(name, _drawing(name, seed, None, happening, seconds), (), ((0, seconds),))
    for name, (happening, height, takes) in VISITED.items():
        level = float(np.random.default_rng([seed, 78]).choice([30.0, 220.0]))
        ends = (-0.3 * height, 440.0), (WIDTH + 0.3 * height, 440.0)
        yield _visit(name, seed, Visitor(30, 30 + takes, *ends, height, level), happening)


def limits(seed: int) -> Iterator[Case]:
    """Visitors who are hardly to be seen."""
    for name, (happening, height, takes, way, contrast) in LIMIT.items():
        rng = np.random.default_rng([seed, 81])
        x, y = float(rng.uniform(60, 560 - way)), float(rng.uniform(300, 330))
        ground = background(np.random.default_rng([seed, 1]))
        here = ground[int(y - height) : int(y), int(x) : int(x + way)]
        level = float(here.mean() + contrast * rng.choice([-1.0, 1.0]))
        who = Visitor(12, 12 + takes, (x, y), (x + way, y), height, level)
        yield _visit(name, seed, who, happening)


def _visit(name: str, seed: int, who: Visitor, happening: Happening) -> Case:
    end = who.leaves + 6
    quiet = ((0, who.enters - 0.1), (who.leaves + _AFTER, end))
    frames = _drawing(name, seed, who, happening, end)
    return Case(name, frames, ((who.enters, who.leaves),), quiet)


def _drawing(
    name: str, seed: int, who: Visitor | None, happening: Happening, seconds: float
) -> Callable[[], Iterator[Plane]]:
    def draw() -> Iterator[Plane]:
        rng = np.random.default_rng([seed, *name.encode()])
        ground = background(np.random.default_rng([seed, 1]))
        grain = blotches(np.random.default_rng([seed, 2]), 5)
        flat = np.zeros_like(ground)
        sent, again = flat.astype(np.uint8), 0
        for number in range(int(seconds * FPS)):
            picture = ground.copy()
            if who is not None:
                who.draw(picture, number / FPS, flat)
            if again == 0:
                shown = happening(picture, number / FPS, rng, grain)
                sent = as_sent(np.asarray(shown, np.float32), rng)
                again = _TWICE[number % len(_TWICE)] if "twice" in name else 1
            again -= 1
            yield sent

    return draw
