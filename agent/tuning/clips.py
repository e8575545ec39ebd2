"""Clips as frames with times: video files, day's files of the store, folders of JPEGs.

Luma is full range (0..255), as decoded from a camera's JPEG. Nearly all video files have limited
range: it is spread from 16..235 to 0..255. So a difference in grey levels means the same in a clip
as in the camera's picture.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange

from agent.core.errors import ConfigError
from agent.core.store_names import EVENTS, MANIFEST, is_ours
from agent.imaging.jpeg import decode_colour, decode_luma
from agent.runtime.media import open_media, upright

log = logging.getLogger(__name__)

Picture = npt.NDArray[np.uint8]

#: A folder of JPEGs has no times of its own.
FOLDER_FPS = 3.0
_JPEG = {".jpg", ".jpeg"}
#: Formats whose first plane is 8-bit luma; others are converted whole.
_LUMA_FIRST = re.compile(r"yuvj?4\d\dp|nv(12|16|21|24)|gray")
_FULL_RANGE = re.compile(r"yuvj|gray")
#: ITU-R BT.601: luma of limited-range video goes from 16 to 235.
_BLACK, _SPAN = 16, 219
_SPREAD = np.clip(np.round((np.arange(256) - _BLACK) * 255 / _SPAN), 0, 255).astype(np.uint8)


@dataclass(slots=True)
class Shot:
    """One frame of a clip; decoded when somebody asks.

    Attributes:
        index: counts the clip's frames from 0.
        at: seconds from the clip's start.
        first: True after a cut: nothing before is comparable.
    """

    index: int
    at: float
    first: bool
    _decode_luma: Callable[[], Picture | None] = field(repr=False)
    _decode_colour: Callable[[], Picture | None] = field(repr=False)
    _luma: Picture | None = field(default=None, repr=False)
    _decoded: bool = False

    def luma(self) -> Picture | None:
        """The luma plane, uint8 (H, W), read-only; None when the frame is damaged."""
        if not self._decoded:
            self._luma, self._decoded = self._decode_luma(), True
        return self._luma

    def colour(self) -> Picture | None:
        """The picture, uint8 (H, W, 3), BGR; None when the frame is damaged."""
        return self._decode_colour()


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that can be opened.

    Attributes:
        name: as the user wrote it.
        fps: frames a second, as the file says it or the user for a folder.
        frames: how many there will be; 0: not known.
        stamped: True for a file of the agent's own store with the time drawn into its pictures.
        shots: the frames, from the start; may be called again.
    """

    name: str
    fps: float
    frames: int
    stamped: bool
    shots: Callable[[], Iterator[Shot]] = field(repr=False)


def open_clip(name: str) -> Clip:
    """Finds out what `name` is: a video file, or a folder of JPEGs with `?fps=N`.

    Raises:
        ConfigError: neither.
    """
    text, _, query = name.partition("?")
    path = Path(text)
    if path.is_dir():
        return _folder(name, path, query)
    if query:
        raise ConfigError(f"clip {name}: ?{query} is for folders of JPEGs; a video has its times")
    if not path.is_file():
        raise ConfigError(f"clip {name}: no such file or folder")
    return _video(name, path)


# ------------------------------------------------------------------ folders


def _folder(name: str, path: Path, query: str) -> Clip:
    fps = FOLDER_FPS
    if query:
        key, _, value = query.partition("=")
        try:
            fps = float(value)
        except ValueError:
            fps = 0.0
        if key != "fps" or not 0 < fps <= 1000:
            raise ConfigError(f"clip {name}: after the folder comes ?fps=N, frames a second")
    files = sorted((it for it in path.iterdir() if it.suffix.lower() in _JPEG), key=_natural)
    if not files:
        raise ConfigError(f"clip {name}: the folder has no .jpg files")

    def shots() -> Iterator[Shot]:
        """The pictures in the order of their names, one in memory at a time."""
        for index, file in enumerate(files):
            jpeg = file.read_bytes()
            yield Shot(
                index,
                index / fps,
                first=index == 0,
                _decode_luma=lambda jpeg=jpeg: decode_luma(jpeg),  # type: ignore[misc]  # mypy takes no default into a Callable
                _decode_colour=lambda jpeg=jpeg: decode_colour(jpeg),  # type: ignore[misc]  # the same
            )

    return Clip(name, fps, len(files), stamped=False, shots=shots)


def _natural(path: Path) -> list[tuple[int, str]]:
    """`frame_9.jpg` before `frame_10.jpg`."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


# ------------------------------------------------------------------ videos


def _video(name: str, path: Path) -> Clip:
    try:
        with open_media(str(path)) as container:
            stream = _stream(name, container)
            rate = stream.average_rate or stream.guessed_rate or 0
            fps = float(rate)
            frames = stream.frames
            if not frames and container.duration:
                frames = round(container.duration / av.time_base * fps)
    except av.FFmpegError as error:
        raise ConfigError(f"clip {name}: is no video that can be read: {error.strerror}") from None
    day = path.parent.name if path.parent.name != EVENTS else path.parent.parent.name
    inside = (path.name,) if path.parent.name != EVENTS else (EVENTS, path.name)
    lines = _manifest(path)
    cuts = sorted(at for _, at in lines if at > 0)
    stamped = (
        is_ours(day, *inside)
        and path.suffix == ".mp4"
        and any(it for it, _ in lines or [(True, 0)])
    )
    return Clip(name, fps, frames, stamped=stamped, shots=lambda: _decoded(path, fps, cuts))


def _stream(name: str, container: av.container.InputContainer) -> av.VideoStream:
    if not container.streams.video:
        raise ConfigError(f"clip {name}: has no video")
    return container.streams.video[0]


def _decoded(path: Path, fps: float, cuts: list[float]) -> Iterator[Shot]:
    """The frames of a video in order; what cannot be decoded is a damaged frame."""
    waiting = list(cuts)
    start: float | None = None
    at, index = 0.0, 0
    with open_media(str(path)) as container:
        stream = _stream(str(path), container)
        stream.thread_type = "AUTO"
        for packet in container.demux(stream):
            try:
                frames: list[av.VideoFrame | None] = list(packet.decode())
            except av.FFmpegError:
                frames = [None]
            for frame in frames:
                if frame is None or frame.time is None:
                    at = at + 1 / fps if fps and index else at
                else:
                    start = frame.time if start is None else start
                    at = frame.time - start
                cut = bool(waiting) and at >= waiting[0]
                while waiting and at >= waiting[0]:
                    waiting.pop(0)
                yield _shot(index, at, frame, first=index == 0 or cut)
                index += 1


def _shot(index: int, at: float, frame: av.VideoFrame | None, *, first: bool) -> Shot:
    def luma() -> Picture | None:
        """Brightness alone; None: damaged."""
        return None if frame is None else _luma(frame)

    def colour() -> Picture | None:
        """As people see it, BGR; None: damaged."""
        if frame is None:
            return None
        return upright(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False), frame)

    return Shot(index, at, first, luma, colour)


def _luma(frame: av.VideoFrame) -> Picture:
    """The luma plane in full range, turned as a player shows it."""
    luma = upright(_plane(frame), frame)
    luma.flags.writeable = False
    return luma


def _plane(frame: av.VideoFrame) -> Picture:
    name = frame.format.name
    if not _LUMA_FIRST.fullmatch(name):
        return frame.to_ndarray(format="gray").astype(np.uint8, copy=False)
    plane = frame.planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    pixels = lines[: frame.height, : frame.width]
    full = frame.color_range == ColorRange.JPEG or _FULL_RANGE.match(name)
    return pixels.copy() if full else np.take(_SPREAD, pixels)


def _manifest(path: Path) -> list[tuple[bool, float]]:
    """Of each event in a file of ours: is the time drawn, and the second where it begins.

    From the manifest of its day. A line of an older agent does not say it; those drew the time.
    """
    event = path.parent.name == EVENTS
    folder = path.parent.parent if event else path.parent
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            entry: Any = json.loads(line)
            drawn = entry.get("time_drawn", True) is not False
            if event:
                files = entry.get("files", {}).values()
                found += [(drawn, 0.0) for it in files if it["name"] == f"{EVENTS}/{path.name}"]
            else:
                places = [it for it in entry.get("day", []) if it["file"] == path.name]
                found += [(drawn, it["position_ms"] / 1000) for it in places]
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("%s: a line of %s is damaged; left out", folder, MANIFEST)
    return found
