"""Clips as frames with times."""

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest

from agent.camera.played_pictures import scene_for
from agent.core.errors import ConfigError
from agent.tuning.clips import Clip, open_clip
from tests.support.garden import FPS, HEIGHT, WIDTH, write_folder, write_video
from tests.support.needs import need

Size = tuple[int, int]


def video(path: Path, *levels: int, pix_fmt: str = "yuv420p", rate: int = 4) -> Path:
    """A video of flat pictures with these full-range grey levels."""
    with av.open(str(path), "w") as container:
        codec = "ffv1" if pix_fmt != "yuv420p" else "libx264"
        stream = cast("av.VideoStream", container.add_stream(codec, rate=rate))
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for level in levels:
            picture = np.full((48, 64, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def lumas(clip: Clip) -> list[int]:
    found = []
    for shot in clip.shots():
        luma = shot.luma()
        assert luma is not None
        found.append(int(np.median(luma)))
    return found


def test_a_folder_is_played_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number in (2, 10, 1):
        cv2.imwrite(str(tmp_path / f"f{number}.jpg"), np.full((48, 64), number * 10, np.uint8))
    clip = open_clip(str(tmp_path))
    assert lumas(clip) == [10, 20, 100]
    assert (clip.fps, clip.frames, clip.stamped) == (3.0, 3, False)


def test_a_folder_takes_its_frame_rate(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "garden", seconds=1)
    clip = open_clip(f"{folder}?fps=4")
    assert [shot.at for shot in clip.shots()] == [0.0, 0.25, 0.5, 0.75]
    assert [shot.first for shot in clip.shots()] == [True, False, False, False]


def test_a_damaged_jpeg_has_no_luma_and_no_colours(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 torn")
    (shot,) = open_clip(str(tmp_path)).shots()
    assert shot.luma() is None
    assert shot.colour() is None


def test_a_video_has_times_sizes_and_colours(tmp_path: Path) -> None:
    clip = open_clip(str(write_video(tmp_path / "garden.mp4", seconds=2)))
    shots = list(clip.shots())
    assert (clip.fps, clip.frames, len(shots)) == (FPS, 2 * FPS, 2 * FPS)
    assert [shot.at for shot in shots] == [n / FPS for n in range(2 * FPS)]
    luma, colour = shots[3].luma(), shots[3].colour()
    assert luma is not None
    assert colour is not None
    assert luma.shape == (HEIGHT, WIDTH)
    assert not luma.flags.writeable
    assert colour.shape == (HEIGHT, WIDTH, 3)


def test_a_video_may_have_a_title_in_any_encoding(tmp_path: Path) -> None:
    path = write_video(tmp_path / "garden.mp4", seconds=1, title=b"\xc9\xe3\xcf\xf1 of the yard")
    assert path.read_bytes().count(b"\xc9\xe3\xcf\xf1 of") == 1
    assert len(list(open_clip(str(path)).shots())) == FPS
    assert scene_for(str(path), size=None).fps == FPS


def test_limited_range_video_is_spread_to_the_levels_of_a_jpeg(tmp_path: Path) -> None:
    clip = open_clip(str(video(tmp_path / "v.mp4", 0, 60, 128, 200, 255)))
    assert lumas(clip) == pytest.approx([0, 60, 128, 200, 255], abs=2)


def test_formats_without_a_luma_plane_are_converted(tmp_path: Path) -> None:
    clip = open_clip(str(video(tmp_path / "v.mkv", 60, 200, pix_fmt="bgr0")))
    assert lumas(clip) == pytest.approx([60, 200], abs=2)


def test_full_range_video_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        picture = np.full((48, 64), 77, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode(None))
    assert lumas(open_clip(str(path))) == pytest.approx([77], abs=1)


def test_the_rest_of_a_broken_video_is_played(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", seconds=4)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(bytes(data))
    assert len(list(open_clip(str(path)).shots())) >= 8


def test_a_days_file_is_cut_where_its_events_begin(tmp_path: Path) -> None:
    day = tmp_path / "2026-11-22"
    day.mkdir()
    path = write_video(day / "2026-11-22.mp4", seconds=3)
    entries = [
        {"day": [{"file": path.name, "position_ms": 0}]},
        {"day": [{"file": path.name, "position_ms": 1500}, {"file": "x.mp4", "position_ms": 9}]},
    ]
    text = "\n".join([json.dumps(entries[0]), "torn {", json.dumps(entries[1])])
    (day / "events.jsonl").write_text(text)
    clip = open_clip(str(path))
    assert clip.stamped
    assert [shot.at for shot in clip.shots() if shot.first] == [0.0, 1.5]


def test_an_events_clip_is_our_own_and_other_files_are_not(tmp_path: Path) -> None:
    events = tmp_path / "2026-11-22" / "events"
    events.mkdir(parents=True)
    name = "081501_01JD9Z3V5X8Q2M4N6P7R9S0T1W.mp4"
    path = write_video(events / name, seconds=1)
    assert open_clip(str(path)).stamped
    assert not open_clip(str(write_video(events / "holiday.mp4", seconds=1))).stamped


@pytest.mark.parametrize("drawn", [True, False, None])
def test_the_manifest_says_if_the_time_is_drawn(
    tmp_path: Path,
    drawn: bool | None,  # noqa: FBT001
) -> None:
    events = tmp_path / "2026-11-22" / "events"
    events.mkdir(parents=True)
    clip = write_video(events / "081501_01JD9Z3V5X8Q2M4N6P7R9S0T1W.mp4", seconds=1)
    film = write_video(tmp_path / "2026-11-22" / "2026-11-22.mp4", seconds=1)
    about = {} if drawn is None else {"time_drawn": drawn}
    files = {"clip": {"name": f"events/{clip.name}"}}
    line = {**about, "files": files, "day": [{"file": film.name, "position_ms": 0}]}
    (tmp_path / "2026-11-22" / "events.jsonl").write_text(json.dumps(line))
    for path in (clip, film):
        assert open_clip(str(path)).stamped is (drawn is not False)


def test_the_cameras_own_jpegs_have_no_time(tmp_path: Path) -> None:
    day = tmp_path / "2026-11-22"
    day.mkdir()
    assert not open_clip(str(write_video(day / "2026-11-22.mkv", seconds=1))).stamped


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_video_is_turned_as_players_show_it(tmp_path: Path, quarters: int) -> None:
    path = write_video(tmp_path / "phone.mp4", seconds=1)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 0x10000
    a, b = [(one, 0), (0, one), (-one, 0), (0, -one)][quarters]
    data[at : at + 36] = struct.pack(">9i", a, b, 0, -b, a, 0, 0, 0, 0x40000000)
    path.write_bytes(bytes(data))

    need("" if shutil.which("ffmpeg") else "ffmpeg is not installed")
    asked = ["ffmpeg", "-v", "error", "-i", str(path), "-frames:v", "1", "-f", "image2pipe"]
    shown = subprocess.run([*asked, "-c:v", "png", "-"], capture_output=True, check=True).stdout
    expected = cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR)
    assert expected is not None
    first = next(iter(open_clip(str(path)).shots()))
    colour, luma = first.colour(), first.luma()
    assert colour is not None
    assert luma is not None
    assert colour.shape == expected.shape
    assert luma.shape == expected.shape[:2]
    assert np.abs(colour.astype(int) - expected).mean() < 3
    assert np.abs(luma.astype(int) - cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY)).mean() < 3
    scene = cv2.imdecode(np.frombuffer(scene_for(str(path), size=None).at(0), np.uint8), 1)
    assert scene is not None
    assert scene.shape == expected.shape
    assert np.abs(scene.astype(int) - expected).mean() < 6


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.mp4", "no such file or folder"),
        ("text.mp4", "is no video that can be read"),
        ("text.mp4?fps=3", "for folders of JPEGs"),
        ("empty", "has no .jpg files"),
        ("empty?speed=3", r"\?fps=N"),
        ("empty?fps=x", r"\?fps=N"),
        ("empty?fps=0", r"\?fps=N"),
    ],
)
def test_what_is_no_clip_is_said(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=words):
        open_clip(str(tmp_path / name))


def test_a_file_with_sound_only_has_no_video(tmp_path: Path) -> None:
    path = tmp_path / "v.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(ConfigError, match="has no video"):
        open_clip(str(path))
