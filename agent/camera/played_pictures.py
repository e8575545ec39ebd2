"""Pictures to play: a clip, a folder of JPEGs, or a drawn scene. For the simulator and demos."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError

Pixels = npt.NDArray[np.uint8]  # (H, W, 3), BGR

#: What the seed camera sends (proven): width and height in pixels.
CAMERA_SIZE = (640, 480)
QUALITY = 80

#: JPEGs of a clip that are kept, so that a repetition costs nothing; the rest is decoded again.
CLIP_BYTES = 128 * 1024 * 1024

#: A folder has no rate of its own; the seed camera was set to this.
FOLDER_FPS = 3.0


class Scene(Protocol):
    """Something to look at."""

    @property
    def fps(self) -> float:
        """Its own pictures per second."""
        ...

    @property
    def duration(self) -> float:
        """Seconds until it begins again; what comes later is the caller's choice."""
        ...

    def at(self, second: float) -> bytes:
        """The JPEG to be seen at that second, 0 <= second; past the end the last one."""
        ...


def scene_for(
    source: str | None,
    *,
    size: tuple[int, int] | None = CAMERA_SIZE,
    folder_fps: float = FOLDER_FPS,
    seed: int = 1,
) -> Scene:
    """The scene of a clip's or folder's path, or the drawn scene (None).

    Args:
        source: path of a clip or of a folder with `*.jpg`.
        size: width and height of the JPEGs made from a clip; None: the clip's own.
        folder_fps: pictures per second of a folder.
        seed: of the drawn scene's noise.

    Raises:
        ConfigError: nothing there can be played.
    """
    if source is None:
        return Room(seed)
    path = Path(source)
    if path.is_dir():
        return Folder(path, folder_fps)
    if path.is_file():
        return Clip(path, size)
    raise ConfigError(f"scene {source}: no such clip or folder")


def to_jpeg(pixels: Pixels) -> bytes:
    """A baseline JPEG of the pixels."""
    done, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError(f"no JPEG of an array of shape {pixels.shape}")
    return jpeg.tobytes()


class Folder:
    """The JPEGs of a folder in order of their names, byte for byte."""

    def __init__(self, path: Path, fps: float = FOLDER_FPS) -> None:
        names = sorted(p for p in path.iterdir() if p.suffix.lower() in {".jpg", ".jpeg"})
        if not names:
            raise ConfigError(f"scene {path}: no .jpg file in this folder")
        self._names = names
        self.fps = fps
        self.duration = len(names) / self.fps

    def at(self, second: float) -> bytes:
        """The bytes of the file whose turn it is."""
        return self._names[min(int(second * self.fps + 1e-6), len(self._names) - 1)].read_bytes()


class Clip:
    """A video file, decoded as far as needed, each picture re-encoded as JPEG."""

    def __init__(self, path: Path, size: tuple[int, int] | None = CAMERA_SIZE) -> None:
        self._path = path
        self._size = size
        self._kept: dict[int, bytes] = {}
        self._kept_bytes = 0
        self._pictures: Iterator[bytes] = iter(())
        self._index = -1  # of `_last`
        self._last = b""
        self.fps, self.duration = self._probe()
        self._rewind()

    def at(self, second: float) -> bytes:
        """The picture of that second."""
        index = int(second * self.fps + 1e-6)
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        if index < self._index:
            self._rewind()
        while self._index < index:
            picture = next(self._pictures, None)
            if picture is None:
                break
            self._index += 1
            self._last = picture
            self._keep(picture)
        return self._last

    def _keep(self, picture: bytes) -> None:
        if self._index not in self._kept and self._kept_bytes + len(picture) <= CLIP_BYTES:
            self._kept[self._index] = picture
            self._kept_bytes += len(picture)

    def _probe(self) -> tuple[float, float]:
        import av

        from agent.runtime.media import open_media

        try:
            with open_media(str(self._path)) as container:
                stream = container.streams.video[0]
                next(container.decode(stream))
                fps = float(stream.average_rate or FOLDER_FPS)
                if stream.frames:
                    return fps, stream.frames / fps
                return fps, max(1.0, (container.duration or 0) / 1e6)
        except (OSError, IndexError, StopIteration, av.FFmpegError) as error:
            raise ConfigError(
                f"scene {self._path}: not a clip that can be decoded: {_why(error)}"
            ) from error

    def _rewind(self) -> None:
        self._pictures = self._decode()
        self._index = -1

    def _decode(self) -> Iterator[bytes]:
        import av

        from agent.runtime.media import open_media, upright

        # what comes behind a broken place is left out
        with suppress(av.FFmpegError), open_media(str(self._path)) as container:
            for frame in container.decode(video=0):
                pixels: Any = upright(frame.to_ndarray(format="bgr24"), frame)
                if self._size is not None and pixels.shape[1::-1] != self._size:
                    pixels = cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA)
                yield to_jpeg(pixels)


class Room:
    """A quiet scene that a dark figure crosses once in ten seconds, first after three; endless.

    Between the crossings only sensor noise changes, by less than 20 grey levels. The figure differs
    from the wall by 70 to 120 levels, within one power of two: so the seed's bitwise AND of two
    differences keeps at least 64 of them. In a third of a second it covers some 6 % of the picture.
    """

    fps = 15.0  # pictures are drawn on this grid, each phase of the cycle once
    duration = 10.0
    ENTERS, LEAVES = 3.0, 8.0  # the figure, in seconds of the cycle
    _FIGURE = (48, 190)  # half width and height in pixels
    _NOISES = 7

    def __init__(self, seed: int = 1) -> None:
        width, height = CAMERA_SIZE
        rng = np.random.default_rng(seed)
        grain = cv2.GaussianBlur(rng.normal(0, 40, (height, width)).astype(np.float32), (0, 0), 4)
        shade = np.linspace(132, 148, width, dtype=np.float32)
        grit = rng.uniform(-5, 5, (height, width))
        wall = shade[None, :] + np.clip(grain, -8, 8) + grit
        tint = np.array([-4, 0, 4], np.float32)
        self._wall: Pixels = (wall[:, :, None] + tint).astype(np.uint8)
        self._furnish()
        self._noise = [
            np.clip(rng.normal(0, 2.0, (height, width, 1)), -6, 6).astype(np.int16)
            for _ in range(self._NOISES)
        ]
        self._pictures: dict[int, bytes] = {}

    def at(self, second: float) -> bytes:
        """The scene at that second; drawn on first use, each picture of the cycle is kept."""
        phase = int(second * self.fps + 1e-6) % int(self.fps * self.duration)
        if phase not in self._pictures:
            self._pictures[phase] = self._draw(phase)
        return self._pictures[phase]

    def _furnish(self) -> None:
        """A door, a floor and a picture on the wall: edges that show when anything shakes."""
        wall = self._wall
        cv2.rectangle(wall, (470, 120), (580, 400), (150, 156, 158), 3)
        cv2.rectangle(wall, (90, 90), (190, 170), (126, 134, 138), 4)
        cv2.line(wall, (0, 420), (640, 400), (124, 130, 134), 3)

    def _draw(self, phase: int) -> bytes:
        second = phase / self.fps
        pixels = self._wall.copy()
        if self.ENTERS <= second < self.LEAVES:
            progress = (second - self.ENTERS) / (self.LEAVES - self.ENTERS)
            self._draw_figure(pixels, progress, second)
        noisy = np.clip(pixels + self._noise[phase % self._NOISES], 0, 255)
        return to_jpeg(noisy.astype(np.uint8))

    def _draw_figure(self, pixels: Pixels, progress: float, second: float) -> None:
        """Head, body and two swinging legs, from beyond one edge to beyond the other."""
        half, height = self._FIGURE
        width = CAMERA_SIZE[0]
        x = int(-half + progress * (width + 2 * half))
        top = 200 + int(4 * math.sin(second * 9))
        colour = (44, 42, 40)
        swing = int(22 * math.sin(second * 7))
        cv2.circle(pixels, (x, top - 26), 24, colour, -1)
        cv2.ellipse(pixels, (x, top + height // 3), (half, height // 2), 0, 0, 360, colour, -1)
        for foot in (x - swing, x + swing):
            cv2.line(pixels, (x, top + height // 2), (foot, top + height + 30), colour, 26)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it has no picture"
