"""Made-up scenes with known truth: visitors of all kinds, and empty ones in which much happens.

Everything is drawn for this evaluation, in luma, 640x480, three pictures a second, JPEG quality 60
as a cheap camera sends it. A scene is determined by its name and a seed: the seed chooses the
background, the visitor's clothes and path, and the noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
Light = npt.NDArray[np.float32]
Span = tuple[float, float]

WIDTH, HEIGHT = 640, 480
FPS = 3.0
QUALITY = 60
#: Sensor noise by day, grey levels.
NOISE = 2.0


@dataclass(frozen=True)
class Case:
    """Frames and the truth about them.

    Attributes:
        name: for the table.
        frames: draws them; uint8 (H, W), decoded from JPEG.
        present: seconds in which something that must give an event is in view.
        quiet: seconds in which nothing must be flagged.
        fps: frames a second.
    """

    name: str
    frames: Callable[[], Iterator[Plane]]
    present: tuple[Span, ...]
    quiet: tuple[Span, ...]
    fps: float = FPS


@dataclass(frozen=True)
class Visitor:
    """Somebody on a straight path.

    Attributes:
        enters: second in which he stands at `start`.
        leaves: second in which he is at `end`, and gone after.
        start: x, y of the feet in pixels.
        end: the same.
        height: in pixels.
        level: grey level of the clothes.
        stops: seconds on the way in which he stands, swaying a little.
    """

    enters: float
    leaves: float
    start: tuple[float, float]
    end: tuple[float, float]
    height: float
    level: float
    stops: float = 0.0

    def feet(self, second: float) -> tuple[float, float] | None:
        """Where he is, None: not there."""
        if not self.enters <= second <= self.leaves:
            return None
        walks = self.leaves - self.enters - self.stops
        done = second - self.enters
        if done > walks / 2:
            done = max(walks / 2, done - self.stops)
        part = done / walks
        x = self.start[0] + part * (self.end[0] - self.start[0])
        y = self.start[1] + part * (self.end[1] - self.start[1])
        return x, y

    def draw(self, picture: Light, second: float, grain: Light) -> None:
        """Legs, body and head, with folds in the clothes."""
        feet = self.feet(second)
        if feet is None:
            return
        x, y = feet
        tall = self.height
        shape = np.zeros((HEIGHT, WIDTH), np.uint8)
        swing = 0.12 * tall * math.sin(second * 7.0)
        hip = (int(16 * x), int(16 * (y - 0.5 * tall)))
        for foot in (x - swing, x + swing):
            cv2.line(shape, hip, (int(16 * foot), int(16 * y)), 255, max(1, int(0.1 * tall)), 8, 4)
        body = (int(16 * x), int(16 * (y - 0.62 * tall)))
        axes = (int(16 * 0.14 * tall), int(16 * 0.24 * tall))
        cv2.ellipse(shape, body, axes, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
        sway = 0.01 * tall * math.sin(second * 1.7)
        head = (int(16 * (x + sway)), int(16 * (y - 0.92 * tall)))
        cv2.circle(shape, head, int(16 * 0.08 * tall), 255, -1, cv2.LINE_AA, 4)
        cover = shape.astype(np.float32) / 255
        folds = np.roll(grain, (int(y), int(x)), (0, 1)) * 0.3
        picture += cover * (self.level + folds - picture)


def background(rng: np.random.Generator) -> Light:
    """A wall, a ground, doors and windows, and texture of several sizes; levels 20..235."""
    picture = np.empty((HEIGHT, WIDTH), np.float32)
    horizon = int(rng.integers(180, 300))
    picture[:horizon] = np.linspace(rng.uniform(110, 190), rng.uniform(90, 160), horizon)[:, None]
    ground = np.linspace(rng.uniform(70, 130), rng.uniform(80, 150), HEIGHT - horizon)
    picture[horizon:] = ground[:, None]
    for size, height in ((90, 14.0), (24, 9.0), (6, 7.0)):
        picture += height * blotches(rng, size)
    for _ in range(int(rng.integers(4, 8))):
        x, y = int(rng.integers(0, WIDTH - 90)), int(rng.integers(20, HEIGHT - 120))
        w, h = int(rng.integers(30, 120)), int(rng.integers(40, 160))
        level = float(rng.uniform(40, 215))
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + w, y + h), level, -1)
        cv2.rectangle(picture, (x, y), (x + w, y + h), level * 0.6, 3)
    return np.clip(picture, 20, 235)


def blotches(rng: np.random.Generator, size: int) -> Light:
    """Smooth random texture of about this size in pixels, mean 0, standard deviation about 0.7."""
    small = rng.normal(0, 1, (HEIGHT // size + 3, WIDTH // size + 3)).astype(np.float32)
    large = cv2.resize(small, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[size : size + HEIGHT, size : size + WIDTH], np.float32)


def as_sent(picture: Light, rng: np.random.Generator, noise: float = NOISE) -> Plane:
    """With sensor noise, through JPEG."""
    noisy = picture + rng.normal(0, noise, picture.shape).astype(np.float32)
    return through_jpeg(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))


def through_jpeg(plane: Plane) -> Plane:
    """What arrives of a plane."""
    _, jpeg = cv2.imencode(".jpg", plane, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)


# ---------------------------------------------------------------- what happens


#: Changes a drawn picture of a second; gets generator, second and a grain of the scene.
Happening = Callable[[Light, float, np.random.Generator, Light], Light]


def _nothing(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    del second, rng, grain
    return picture


def rain(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """300 bright streaks, others in each picture."""
    del second, grain
    layer = np.zeros_like(picture)
    for _ in range(300):
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        long = rng.uniform(8, 30)
        start, end = (int(x), int(y)), (int(x + long * 0.15), int(y + long))
        cv2.line(layer, start, end, float(rng.uniform(20, 70)), 1, cv2.LINE_AA)
    return picture + layer


def snow(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Flakes of 2 to 9 pixels, most of them small."""
    del second, grain
    layer = np.zeros_like(picture)
    for _ in range(250):
        centre = (int(rng.uniform(0, WIDTH)), int(rng.uniform(0, HEIGHT)))
        size = int(1 + 3.5 * rng.random() ** 4)
        cv2.circle(layer, centre, size, float(rng.uniform(30, 100)), -1, cv2.LINE_AA)
    return picture + layer


def leaves(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A bush, 200x150 pixels, whose twigs sway by up to 5 pixels, each in its own way."""
    del rng
    x0, y0, w, h = 380, 200, 200, 150
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    phase = xs * 0.05 + ys * 0.08
    gust = 3.0 + 2.0 * math.sin(second * 0.9)
    dx = gust * np.sin(second * 2.3 + phase) + 1.5 * np.sin(second * 5.1 + 2 * phase)
    dy = 0.5 * gust * np.cos(second * 2.9 + phase)
    twigs = np.asarray(grain[y0 : y0 + h, x0 : x0 + w] * 30 + 90, np.float32)
    swayed = cv2.remap(twigs, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    result = picture.copy()
    mask = np.zeros((h, w), np.uint8)
    cv2.ellipse(mask, (w // 2, h // 2), (w // 2 - 4, h // 2 - 4), 0, 0, 360, 255, -1)
    inside = mask > 0
    result[y0 : y0 + h, x0 : x0 + w][inside] = np.asarray(swayed, np.float32)[inside]
    return result


def cloud(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The sun comes and goes: +-35 % in 4 s."""
    del rng, grain
    return picture * np.float32(1 + 0.35 * math.sin(2 * math.pi * second / 4))


def cloud_edge(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A shadow of 40 % with an edge of 80 pixels crosses the picture, again and again."""
    del rng, grain
    edge = (second * 60) % (WIDTH + 700) - 30
    ramp = np.clip((np.arange(WIDTH, dtype=np.float32) - edge) / 80 + 0.5, 0, 1)
    back = np.clip((np.arange(WIDTH, dtype=np.float32) - edge + 400) / 80 + 0.5, 0, 1)
    shade = np.asarray(1 - 0.4 * (back - ramp), np.float32)
    return picture * shade[None, :]


def lamp(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """A lamp to the left, on for 7 s in 14, with the shadow of a post; else it is dusk."""
    del rng, grain
    if second % 14 < 7:
        return picture * 0.25
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    bright = 0.25 + 0.9 * np.exp(-((xs - 200) ** 2 + (ys - 160) ** 2) / (2 * 260.0**2))
    shadow = (xs > 330) & (xs < 355) & (ys > 160)
    return picture * np.where(shadow, np.float32(0.35), np.asarray(bright, np.float32))


def infrared(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The filter clicks every 10 s: another contrast, another black, no vegetation darker."""
    del rng
    if second % 20 < 10:
        return picture
    return 0.7 * picture + 45 + 6 * grain


def exposure(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """The camera hunts for the right exposure: gain in linear light, through gamma and a knee."""
    del rng, grain
    gain = 1 + 0.45 * math.sin(second * 2.1) * math.sin(second * 0.35)
    linear = (np.clip(picture, 0, 255) / 255) ** 2.2 * gain
    return np.asarray(255 * (linear / (1 + 0.15 * linear)) ** (1 / 2.2), np.float32)


def shake(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Wind moves the camera by up to 2 pixels, and fractions of them."""
    del second, grain
    dx, dy = rng.uniform(-2, 2, 2)
    step = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved = cv2.warpAffine(picture, step, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.float32)


def torn(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Every fifth second a picture's end is missing, shifted, or garbage."""
    del grain
    if round(second * FPS) % 15 != 10:
        return picture
    return tear(picture, rng)


def tear(picture: Light, rng: np.random.Generator) -> Light:
    """The lower part: filled with one grey, shifted to the side, off in level, or blocks."""
    result = picture.copy()
    line = 16 * int(rng.integers(4, picture.shape[0] // 16 - 4))
    width = picture.shape[1]
    kind = int(rng.integers(0, 4))
    if kind == 0:
        result[line:] = 128
    elif kind == 1:
        result[line:] = np.roll(result[line:], int(rng.integers(24, width // 2)), axis=1)
    elif kind == 2:
        result[line:] += rng.choice([-60.0, 60.0])
    else:
        rows = (picture.shape[0] - line + 7) // 8
        blocks = rng.uniform(0, 255, (rows, width // 8)).astype(np.float32)
        large = np.kron(blocks, np.ones((8, 8), np.float32))
        result[line:, : large.shape[1]] = large[: picture.shape[0] - line]
    return result


def noisy(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Noise of 12 grey levels."""
    del second, grain
    return picture + rng.normal(0, 12, picture.shape).astype(np.float32)


def night(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """Three tenths of the contrast, and noise of 6 grey levels."""
    del second, grain
    return picture * 0.3 + rng.normal(0, 6, picture.shape).astype(np.float32)


def dusk(picture: Light, second: float, rng: np.random.Generator, grain: Light) -> Light:
    """It gets dark in half a minute, and noisier."""
    del grain
    left = max(0.2, 1 - second / 35)
    return picture * left + rng.normal(0, 6 * (1 - left), picture.shape).astype(np.float32)


# ---------------------------------------------------------------- the list

EMPTY: dict[str, Happening] = {
    "still": _nothing,
    "rain": rain,
    "snow": snow,
    "leaves": leaves,
    "cloud": cloud,
    "cloud edge": cloud_edge,
    "lamp on and off": lamp,
    "infrared switch": infrared,
    "exposure hunting": exposure,
    "shake": shake,
    "torn frames": torn,
    "noise": noisy,
    "night": night,
    "dusk": dusk,
}


def _clothes(rng: np.random.Generator, dark: float = 25, light: float = 230) -> float:
    """Dark or light: not the grey of the background."""
    return dark + rng.uniform(0, 15) if rng.random() < 0.6 else light - rng.uniform(0, 15)


def _visitors(name: str, rng: np.random.Generator) -> list[Visitor]:
    level = _clothes(rng)
    way = 1 if rng.random() < 0.5 else -1

    def across(
        enters: float, leaves: float, feet: float, height: float, stops: float = 0
    ) -> Visitor:
        edge = 0.3 * height
        a, b = (-edge, WIDTH + edge)[::way]
        return Visitor(enters, leaves, (a, feet), (b, feet), height, level, stops)

    match name:
        case "near":
            return [across(8, 14, 470, 330)]
        case "large and near":
            return [across(8, 13, 900, 1100)]
        case "far":
            return [across(8, 26, 290, 48)]
        case "slow":
            x = float(rng.uniform(150, 450))
            return [Visitor(8, 32, (x, 300), (x + way * 60, 420), 150, level)]
        case "stands and leaves":
            return [across(8, 34, 440, 220, stops=20)]
        case "fast":
            return [across(8, 8.9, 440, 220)]
        case "cat":
            return [across(8, 14, 420, 42)]
        case "two people":
            other = Visitor(9, 16, (-50, 380), (WIDTH + 50, 390), 150, _clothes(rng))
            return [across(8, 15, 450, 240), other]
        case _:
            return [across(8, 15, 440, 190)]


#: Visitor and what happens around him.
VISITED: dict[str, tuple[str, Happening]] = {
    "walker near": ("near", _nothing),
    "walker large and near": ("large and near", _nothing),
    "walker far": ("far", _nothing),
    "walker slow": ("slow", _nothing),
    "walker stands and leaves": ("stands and leaves", _nothing),
    "walker crosses fast": ("fast", _nothing),
    "cat-sized": ("cat", _nothing),
    "two people": ("two people", _nothing),
    "walker at night": ("walker", night),
    "walker far at night": ("far", night),
    "walker in rain": ("walker", rain),
    "walker in snow": ("walker", snow),
    "walker before leaves": ("walker", leaves),
    "walker under clouds": ("walker", cloud),
    "walker under cloud edge": ("walker", cloud_edge),
    "walker comes with the lamp": ("walker", lamp),
    "walker, infrared switch": ("walker", infrared),
    "walker, exposure hunting": ("walker", exposure),
    "walker large, exposure": ("large and near", exposure),
    "walker, shake": ("walker", shake),
    "walker, torn frames": ("walker", torn),
    "walker, noise": ("walker", noisy),
    "walker at dusk": ("walker", dusk),
}

_EMPTY_SECONDS = 40.0
#: After somebody left, the last picture with him still decides for one or two frames.
_AFTER = 1.2


def cases(seed: int) -> Iterator[Case]:
    """All scenes with this seed, empty ones first."""
    for name, happening in EMPTY.items():
        yield Case(
            name, _drawing(name, seed, [], happening, _EMPTY_SECONDS), (), ((0, _EMPTY_SECONDS),)
        )
    for name, (kind, happening) in VISITED.items():
        rng = np.random.default_rng([seed, 77])
        visitors = _visitors(kind, rng)
        first = min(it.enters for it in visitors)
        last = max(it.leaves for it in visitors)
        end = last + 6
        yield Case(
            name,
            _drawing(name, seed, visitors, happening, end),
            ((first, last),),
            ((0, first - 0.1), (last + _AFTER, end)),
        )


def _drawing(
    name: str, seed: int, visitors: list[Visitor], happening: Happening, seconds: float
) -> Callable[[], Iterator[Plane]]:
    def draw() -> Iterator[Plane]:
        rng = np.random.default_rng([seed, *name.encode()])
        ground = background(np.random.default_rng([seed, 1]))
        grain = blotches(np.random.default_rng([seed, 2]), 5)
        folds = blotches(np.random.default_rng([seed, 3]), 12) * 60
        for number in range(int(seconds * FPS)):
            second = number / FPS
            picture = ground.copy()
            for visitor in visitors:
                visitor.draw(picture, second, folds)
            yield as_sent(happening(picture, second, rng, grain), rng)

    return draw
