"""Made-up scenes of what fools detectors: insects, light that moves, things that never rest.

And of somebody who comes straight at the camera.

As `benchmarks.scenes`: a scene is determined by its name and a seed, and nobody in it stays
without truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.scenes import (
    FPS,
    HEIGHT,
    WIDTH,
    Case,
    Happening,
    Light,
    Visitor,
    as_sent,
    background,
    blotches,
)

#: Sensor noise in infrared light, grey levels.
_NIGHT_NOISE = 3.5
_CALM = 10.0  # seconds before something begins


def infrared_lit(picture: Light) -> Light:
    """The scene by the light of the camera's own lamp: brightest in the middle."""
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    cone = 0.35 + 1.3 * np.exp(-(((xs - 320) / 330) ** 2 + ((ys - 260) / 260) ** 2))
    return np.asarray(12 + 0.35 * picture * cone, np.float32)


def _nothing(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    del second, rng, grain
    return picture


def _glow(picture: Light, mask: Light, blur: float, bright: float) -> Light:
    return picture + bright * np.asarray(cv2.GaussianBlur(mask, (0, 0), blur), np.float32)


class Flying:
    """Insects before the lamp: bright, blurred, as long as they flew in the exposure.

    Args:
        births: new ones a picture, mean.
        size: their width in pixels, least and most.
        stays: chance that one is there in the next picture, too.
    """

    def __init__(self, births: float, size: tuple[float, float], stays: float) -> None:
        self._births, self._size, self._stays = births, size, stays
        self._flying: list[list[float]] = []

    def __call__(
        self, picture: Light, second: float, rng: np.random.Generator, grain: Light
    ) -> Light:
        """Draws them where they are now, and moves them."""
        del second, grain
        for _ in range(int(rng.poisson(self._births))):
            wide = rng.uniform(*self._size)
            self._flying.append(
                [
                    rng.uniform(0, WIDTH),
                    rng.uniform(0, HEIGHT),
                    rng.normal(0, 70),
                    rng.normal(0, 70),
                    rng.uniform(1.5, 3.5) * wide,
                    wide,
                    rng.uniform(15, 120),
                ]
            )
        for fly in self._flying:
            x, y, by_x, by_y, long, wide, bright = fly
            speed = math.hypot(by_x, by_y) + 1e-6
            mask = np.zeros_like(picture)
            end = int(x + long * by_x / speed), int(y + long * by_y / speed)
            cv2.line(mask, (int(x), int(y)), end, 1.0, max(1, int(wide)))
            picture = _glow(picture, mask, max(1.0, wide / 3), bright)
            fly[0], fly[1] = x + by_x, y + by_y
            fly[2], fly[3] = by_x + rng.normal(0, 25), by_y + rng.normal(0, 25)
        self._flying = [it for it in self._flying if rng.random() < self._stays]
        return picture


class Falling:
    """Rain (streaks) or snow (flakes) before the lamp, other ones in each picture."""

    def __init__(self, count: int, *, snow: bool = False) -> None:
        self._count, self._snow = count, snow

    def __call__(
        self, picture: Light, second: float, rng: np.random.Generator, grain: Light
    ) -> Light:
        """Draws those of this moment."""
        del second, grain
        for _ in range(self._count):
            x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
            mask = np.zeros_like(picture)
            if self._snow:
                radius = 2 + 14 * rng.random() ** 3
                cv2.circle(mask, (int(x), int(y)), int(radius), 1.0, -1, cv2.LINE_AA)
                picture = _glow(picture, mask, 0.8 + radius / 4, 90)
            else:
                long, wide = rng.uniform(15, 70), int(rng.choice([1, 1, 2, 3, 5]))
                cv2.line(mask, (int(x), int(y)), (int(x + 0.15 * long), int(y + long)), 1.0, wide)
                picture = _glow(picture, mask, 0.4 * wide, 120)
        return picture


def web(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Three threads of a spider swing before the lens, out of focus."""
    del rng, grain
    for k in range(3):
        swing = 10 * math.sin(2 * math.pi * (0.23 + 0.07 * k) * second + k)
        swing += 6 * math.sin(2 * math.pi * 0.71 * second + 2 * k)
        mask, x = np.zeros_like(picture), 80 + 60 * k + swing
        cv2.line(mask, (int(x), 0), (int(x + 150 + 0.6 * swing), 300), 1.0, 7)
        picture = _glow(picture, mask, 3, 70)
    return picture


def flag(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A flag is unrolled by the wind after a calm; it flaps on, now more and now less."""
    del rng, grain
    if second < _CALM:
        return picture
    result = picture.copy()
    ys, xs = np.mgrid[0:70, 0:110].astype(np.float32)
    gust = 7 + 4 * math.sin(0.5 * second)
    wave = gust * xs / 110 * np.sin(xs / 17 - 7.3 * second)
    for number, level in enumerate((40, 130, 215)):
        inside = np.abs(ys - 12 - 23 * number - wave * 0.5) < 12
        result[100:170, 430:540][inside] = level + 14 * np.cos(xs / 17 - 7.3 * second)[inside]
    return result


def hard_shade(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """After a calm the hard shade of a branch sways over the ground."""
    del rng, grain
    if second < _CALM:
        return picture
    sway = 22 * math.sin(1.1 * second) + 14 * math.sin(2.7 * second)
    mask = np.zeros_like(picture)
    cv2.line(mask, (150, 470), (int(260 + sway), 330), 1.0, 26)
    cv2.line(mask, (int(230 + 0.7 * sway), 380), (int(330 + 1.4 * sway), 300), 1.0, 20)
    return picture * (1 - 0.45 * np.asarray(cv2.GaussianBlur(mask, (0, 0), 1.2), np.float32))


def wind_begins(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A tree and a hedge that stood still begin to sway: within seconds, by up to 8 pixels."""
    del rng
    gust = min(1.0, max(0.0, (second - _CALM) / 5)) * (4 + 3 * math.sin(0.7 * second))
    result = picture.copy()
    for x0, y0, w, h, level in ((60, 60, 170, 200, 80), (330, 230, 260, 110, 95)):
        ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
        phase = xs * 0.04 + ys * 0.06
        dx = gust * np.sin(second * 2.1 + phase) + 0.4 * gust * np.sin(second * 5.3 + 2 * phase)
        dy = 0.5 * gust * np.cos(second * 2.7 + phase)
        twigs = np.asarray(grain[y0 : y0 + h, x0 : x0 + w] * 28 + level, np.float32)
        swayed = cv2.remap(twigs, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        mask = np.zeros((h, w), np.uint8)
        cv2.ellipse(mask, (w // 2, h // 2), (w // 2 - 4, h // 2 - 4), 0, 0, 360, 255, -1)
        inside = mask > 0
        result[y0 : y0 + h, x0 : x0 + w][inside] = np.asarray(swayed, np.float32)[inside]
    return result


def fountain(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """After a calm a fountain is switched on."""
    del grain
    if second < _CALM:
        return picture
    mask = np.zeros_like(picture)
    for _ in range(160):
        spread, part = rng.normal(0, 1), rng.random()
        x, y = 470 + 45 * spread * part, 350 - 150 * (1 - (2 * part - 1) ** 2)
        cv2.circle(mask, (int(x), int(y)), int(rng.integers(1, 4)), float(rng.uniform(0.3, 1)), -1)
    return picture + 90 * np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.8), np.float32)


def headlights(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Each 15 s the soft light of a car outside sweeps over the scene in 5 s."""
    del rng, grain
    part = (second % 15) / 5
    if part >= 1:
        return picture
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    x = -150 + 940 * part
    light = np.exp(-(((xs - x) / 110) ** 2 + ((ys - 220) / 120) ** 2))
    return np.asarray(picture * (1 + 2.2 * light) + 25 * light, np.float32)


def beam(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The same with the hard edges of a low beam."""
    del rng, grain
    part = (second % 15) / 5
    if part >= 1:
        return picture
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    x = -150 + 940 * part
    lit = ((np.abs(xs - x) < 80) & (ys > 120) & (ys < 420)).astype(np.float32)
    light = np.asarray(cv2.GaussianBlur(lit, (0, 0), 5), np.float32)
    return np.asarray(picture * (1 + 2.2 * light) + 25 * light, np.float32)


def torch(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """For some seconds in each 15 a torch's round patch wanders about, from somebody unseen."""
    del rng, grain
    if second % 15 >= 6:
        return picture
    x = 320 + 230 * math.sin(0.9 * second)
    y = 260 + 110 * math.sin(1.7 * second + 1)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = np.hypot(xs - x, ys - y)
    light = np.asarray(1 / (1 + np.exp(np.clip((away - 55) / 6, -30, 30))), np.float32)
    return np.asarray(picture * (1 + 1.8 * light), np.float32)


def door_light(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Each 15 s a door outside of the picture opens: its light falls over the ground, and goes."""
    del rng, grain
    part = second % 15
    width = min(1.0, part / 2) * min(1.0, max(0.0, (9 - part) / 2))
    if width <= 0:
        return picture
    corners = [(200, 470), (200 + 220 * width, 470), (230 + 130 * width, 330), (230, 330)]
    mask = np.zeros_like(picture)
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 1.0)
    light = np.asarray(cv2.GaussianBlur(mask, (0, 0), 2), np.float32)
    return np.asarray(picture * (1 + 1.5 * light) + 10 * light, np.float32)


# ---------------------------------------------------------------- somebody


@dataclass(frozen=True)
class Approach:
    """Somebody who comes straight at the camera, with the sway and bob of a walk.

    Attributes:
        enters, leaves: seconds.
        level: grey level of the clothes.
        small, large: height in pixels at first and at last.
    """

    enters: float
    leaves: float
    level: float
    small: float = 40
    large: float = 200

    def tall(self, second: float) -> float:
        """Height in pixels: the distance shrinks evenly."""
        part = min(1.0, max(0.0, (second - self.enters) / (self.leaves - self.enters)))
        return self.small / (1 - (1 - self.small / self.large) * part)

    def draw(self, picture: Light, second: float, grain: Light) -> None:
        """As a `Visitor` of this height, who stands where he is now."""
        if not self.enters <= second <= self.leaves:
            return
        tall, turn = self.tall(second), 2 * math.pi * 0.9 * second
        x = 300 + 0.04 * tall * math.sin(turn)
        y = 330 + 0.8 * (tall - 40) + 0.02 * tall * math.sin(2 * turn)
        now = Visitor(second - 1, second + 1, (x, y), (x, y), tall, self.level)
        now.draw(picture, second, np.zeros_like(grain))


Somebody = Visitor | Approach
Drawer = Callable[[], Happening]


def _plain(happening: Happening) -> Drawer:
    return lambda: happening


def _across(rng: np.random.Generator, enters: float, leaves: float, height: float) -> Visitor:
    level = float(rng.uniform(20, 40) if rng.random() < 0.5 else rng.uniform(205, 230))
    ends = (-0.3 * height, WIDTH + 0.3 * height)[:: 1 if rng.random() < 0.5 else -1]
    return Visitor(enters, leaves, (ends[0], 440), (ends[1], 440), height, level)


#: Nobody comes: what happens, by night or not, seconds.
EMPTY: dict[str, tuple[Drawer, bool, float]] = {
    "insects": (lambda: Flying(0.35, (3, 14), 0.3), True, 180),
    "insects, many": (lambda: Flying(1.2, (3, 14), 0.6), True, 60),
    "moth": (lambda: Flying(0.06, (18, 36), 0.8), True, 60),
    "infrared rain, 6": (lambda: Falling(6), True, 60),
    "infrared rain, 12": (lambda: Falling(12), True, 60),
    "infrared rain, 25": (lambda: Falling(25), True, 60),
    "infrared snow": (lambda: Falling(15, snow=True), True, 60),
    "web": (_plain(web), True, 120),
    "flag": (_plain(flag), False, 120),
    "hard shade sways": (_plain(hard_shade), False, 120),
    "wind begins": (_plain(wind_begins), False, 80),
    "fountain": (_plain(fountain), False, 120),
    "headlights": (_plain(headlights), True, 60),
    "headlights, low beam": (_plain(beam), True, 60),
    "torch": (_plain(torch), True, 60),
    "door light": (_plain(door_light), True, 60),
}
#: Somebody comes while it happens: height, seconds he takes, seconds before.
VISITED: dict[str, tuple[Drawer, bool, float, float, float]] = {
    "walker, infrared": (_plain(_nothing), True, 190, 7, 8),
    "cat, infrared": (_plain(_nothing), True, 42, 6, 8),
    "runner, infrared": (_plain(_nothing), True, 220, 1.7, 8),
    "walker among insects": (lambda: Flying(0.35, (3, 14), 0.3), True, 190, 7, 20),
    "walker in infrared rain": (lambda: Falling(12), True, 190, 7, 20),
    "walker in infrared snow": (lambda: Falling(15, snow=True), True, 190, 7, 20),
    "walker before a web": (_plain(web), True, 190, 7, 90),
    "walker before a flag": (_plain(flag), False, 190, 7, 90),
    "walker as wind begins": (_plain(wind_begins), False, 190, 7, 40),
    "walker in headlights": (_plain(headlights), True, 190, 7, 15),
    "walker in a low beam": (_plain(beam), True, 190, 7, 15),
}
_BEFORE, _AFTER = 0.1, 1.2


def cases(seed: int) -> Iterator[Case]:
    """All scenes with this seed: nobody, somebody, somebody straight on."""
    for name, (drawer, dark, seconds) in EMPTY.items():
        frames = _drawing(name, seed, None, drawer, seconds, dark=dark)
        yield Case(name, frames, (), ((0, seconds),))
    for name, (drawer, dark, height, takes, enters) in VISITED.items():
        somebody = _across(np.random.default_rng([seed, 78]), enters, enters + takes, height)
        yield _visit(name, seed, somebody, drawer, dark=dark)
    for name, dark in (("approach", False), ("approach, infrared", True)):
        level = float(np.random.default_rng([seed, 79]).uniform(25, 45))
        yield _visit(name, seed, Approach(8, 48, level), _plain(_nothing), dark=dark)


def _visit(name: str, seed: int, who: Somebody, drawer: Drawer, *, dark: bool) -> Case:
    end = who.leaves + 6
    quiet = ((0, who.enters - _BEFORE), (who.leaves + _AFTER, end))
    frames = _drawing(name, seed, who, drawer, end, dark=dark)
    return Case(name, frames, ((who.enters, who.leaves),), quiet)


def _drawing(
    name: str, seed: int, who: Somebody | None, drawer: Drawer, seconds: float, *, dark: bool
) -> Callable[[], Iterator[np.ndarray]]:
    def draw() -> Iterator[np.ndarray]:
        rng = np.random.default_rng([seed, *name.encode()])
        ground = background(np.random.default_rng([seed, 1]))
        grain = blotches(np.random.default_rng([seed, 2]), 5)
        folds = blotches(np.random.default_rng([seed, 3]), 12) * 60
        happening = drawer()
        for number in range(int(seconds * FPS)):
            second = number / FPS
            picture = ground.copy()
            if who is not None:
                who.draw(picture, second, folds)
            if dark:
                picture = infrared_lit(picture)
            shown = happening(picture, second, rng, grain)
            yield as_sent(shown, rng, _NIGHT_NOISE if dark else 2.0)

    return draw
