"""A made-up garden at 4 frames a second: a restless bush, visitors, a lamp. For replays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

HEIGHT, WIDTH, FPS = 240, 320, 4
#: Seconds at which the bush moves for a second, a visitor crosses for six, the lamp goes on.
BUSH_AT = (8, 22, 36, 50, 64)
VISITOR_AT = (14, 42)
LAMP_AT = (58,)
SECONDS = 72
#: The bush, in pixels: rows, columns.
BUSH = (slice(40, 64), slice(250, 274))

Picture = npt.NDArray[np.uint8]


def pictures(seconds: int = SECONDS) -> Iterator[Picture]:
    """The frames, uint8 (H, W, 3) BGR."""
    random = np.random.default_rng(5)
    ground = np.linspace(60, 110, HEIGHT)[:, None].repeat(WIDTH, 1)
    texture = cv2.GaussianBlur(random.normal(0, 60, (HEIGHT, WIDTH)), (0, 0), 3) * 2
    for number in range(seconds * FPS):
        at = number / FPS
        scene = ground + texture + random.normal(0, 1.5, (HEIGHT, WIDTH))
        if any(lamp <= at for lamp in LAMP_AT):
            scene = scene + 70
        if any(0 <= at - bush < 1 for bush in BUSH_AT):
            leaves = random.integers(0, 2, (4, 4)).repeat(6, 0).repeat(6, 1)
            scene[BUSH] = 30 + 150 * leaves
        for start in VISITOR_AT:
            if 0 <= at - start < 6:
                left = int((at - start) / 6 * (WIDTH - 40))
                scene[110:220, left : left + 34] = 235
        yield np.clip(scene, 0, 255).astype(np.uint8)[:, :, None].repeat(3, 2)


def write_folder(folder: Path, seconds: int = SECONDS) -> Path:
    """The frames as JPEGs, named so that only their numbers are in order."""
    folder.mkdir()
    for number, picture in enumerate(pictures(seconds)):
        cv2.imwrite(str(folder / f"frame_{number}.jpg"), picture)
    return folder


def write_video(path: Path, seconds: int = SECONDS, title: bytes = b"") -> Path:
    """The frames as H.264 in limited range, as nearly all video files are; `title` as it is."""
    plain = "t" * len(title)
    with av.open(str(path), "w") as container:
        if title:
            container.metadata["title"] = plain
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in pictures(seconds):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    if title:
        path.write_bytes(path.read_bytes().replace(plain.encode(), title))
    return path
