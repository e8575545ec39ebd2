from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.camera.played_pictures import Clip, Folder, Room, scene_for, to_jpeg
from agent.core.errors import ConfigError
from agent.imaging.jpeg import dimensions
from tests.support.garden import write_video
from tests.support.jpegs import jpegs

SEED_THRESHOLD = 50
SEED_LIMITS = (250, 50_000)
CLIP = (
    Path(__file__).resolve().parents[3] / ".." / "shared" / "clips" / "intel_bottle-detection.mp4"
)


def luma(jpeg: bytes) -> npt.NDArray[np.uint8]:
    plane = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert plane is not None
    return plane.astype(np.uint8)


def seed_counts(room: Room, fps: float, seconds: float) -> list[tuple[float, int]]:
    """The seed's count of changed pixels for each frame, with its time."""
    planes = [luma(room.at(n / fps)) for n in range(int(seconds * fps))]
    counts = []
    for n in range(2, len(planes)):
        one = cv2.absdiff(planes[n], planes[n - 2])
        two = cv2.absdiff(planes[n], planes[n - 1])
        counts.append((n / fps, int((cv2.bitwise_and(one, two) > SEED_THRESHOLD).sum())))
    return counts


@pytest.mark.parametrize("fps", [3.0, 15.0])
def test_the_seeds_detector_sees_the_figure_and_nothing_else(fps: float) -> None:
    counts = seed_counts(Room(), fps, 12.0)

    low, high = SEED_LIMITS
    assert all(count == 0 for at, count in counts if at < 2.9 or 8.7 < at < 12.9)
    assert all(low < count < high for at, count in counts if 3.5 < at < 7.8)


def test_quiet_is_quiet_by_a_wide_margin() -> None:
    room = Room()
    planes = [luma(room.at(n / 3)) for n in (25, 26, 27, 28, 29, 30, 31)]

    worst = max(int(cv2.absdiff(a, b).max()) for a in planes for b in planes)

    assert worst < SEED_THRESHOLD / 2


def test_a_seed_always_draws_the_same_room() -> None:
    assert Room(1).at(4.0) == Room(1).at(4.0) == Room(1).at(14.0)
    assert Room(1).at(4.0) != Room(2).at(4.0)


def test_a_folder_is_played_byte_for_byte_in_order_of_names(tmp_path: Path) -> None:
    pictures = jpegs(3)
    for name, picture in zip(("b.JPG", "c.jpeg", "a.jpg"), pictures, strict=True):
        (tmp_path / name).write_bytes(picture)
    (tmp_path / "notes.txt").write_text("not a picture")

    folder = Folder(tmp_path, fps=4.0)

    assert [folder.at(n / 4) for n in range(4)] == [pictures[i] for i in (2, 0, 1, 1)]
    assert folder.duration == 0.75


def test_nothing_to_play_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise.mp4").write_bytes(bytes(1000))

    for name in ("absent", "empty", "noise.mp4"):
        with pytest.raises(ConfigError, match=name):
            scene_for(str(tmp_path / name))


def test_a_clip_that_cannot_be_decoded_is_a_configuration_error(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", seconds=1)
    unknown = path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzC")
    path.write_bytes(unknown)
    with pytest.raises(ConfigError, match="not a clip that can be decoded"):
        scene_for(str(path), size=None)


def test_a_clip_is_played_up_to_where_it_is_broken(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", seconds=8)
    first = scene_for(str(path), size=None).at(0.0)
    content = bytearray(path.read_bytes())
    begin = content.index(b"mdat") + 4
    size = int.from_bytes(content[begin - 8 : begin - 4], "big") - 8
    content[begin + size * 3 // 4 : begin + size] = b"\xff" * (size - size * 3 // 4)
    path.write_bytes(content)
    broken = scene_for(str(path), size=None)
    assert broken.at(0.0) == first
    assert dimensions(broken.at(7.9)) == dimensions(first)


def test_no_source_is_the_room() -> None:
    assert isinstance(scene_for(None), Room)


def test_a_clip_plays_in_its_own_time_forward_and_back() -> None:
    if not CLIP.is_file():
        pytest.skip("the shared clips are not beside this checkout")
    clip = scene_for(str(CLIP))
    assert isinstance(clip, Clip)

    first, second = clip.at(0.0), clip.at(1.0)

    assert luma(first).shape == (480, 640)
    assert clip.at(0.0) == first != second
    assert clip.duration == pytest.approx(40.0, abs=1.0)
    assert luma(Clip(CLIP, None).at(0.5)).shape == (360, 640)


def test_pixels_that_are_none_have_no_jpeg() -> None:
    with pytest.raises((ValueError, cv2.error)):
        to_jpeg(np.zeros((0, 0, 3), np.uint8))
