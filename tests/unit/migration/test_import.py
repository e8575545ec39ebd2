"""Each program's configuration as ours: what is carried over, and that the rest is listed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from agent.commands import importing
from agent.config.check import checked
from agent.core.errors import ConfigError
from agent.migration.outcome import UNKNOWN
from agent.runtime.redaction import forget_all
from schemas.camera_config import CameraConfig
from schemas.config import Config
from tests.unit.migration import samples

Import = Callable[..., str]


@pytest.fixture(autouse=True)
def _forget() -> Any:  # noqa: ANN401  a generator
    yield
    forget_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The other program's folder, with masks: left half black, and a black square."""
    files = {
        "motion.conf": samples.MOTION,
        "camera1.conf": samples.MOTION_CAMERA_1,
        "camera2.conf": samples.MOTION_CAMERA_2,
        "eye.conf": samples.MOTIONEYE,
        "camera-1.conf": samples.MOTIONEYE_1,
        "camera-2.conf": samples.MOTIONEYE_2,
        "frigate.yml": samples.FRIGATE,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    mask = np.full((48, 64), 255, np.uint8)
    mask[:, :32] = 0
    mask[0, 63] = 90
    cv2.imwrite(str(tmp_path / "front.pgm"), mask)
    hidden = np.full((48, 64), 255, np.uint8)
    hidden[10:30, 20:50] = 0
    cv2.imwrite(str(tmp_path / "hidden.pgm"), hidden)
    return tmp_path


def run(
    place: Path, program: str, file: str, environ: Mapping[str, str] | None = None
) -> tuple[Config, str]:
    """What was written, checked as `check-config` does it, and what was said."""
    told: list[str] = []
    output = place / "out" / "config.yaml"
    output.parent.mkdir(exist_ok=True)
    arguments = argparse.Namespace(program=program, file=place / file, output=output)
    assert importing.run(arguments, environ or {}, told.append) == 0
    return checked(output, {}).config, "\n".join(told)


def left(told: str, key: str) -> bool:
    return f"not carried over: {key}: " in told


def test_motion(place: Path) -> None:
    config, told = run(place, "motion", "motion.conf")
    door, yard = config.cameras["front_door"], config.cameras["hof"]
    secret = samples.SECRET
    assert door.name == "Front door"
    assert door.source == f"rtsp://viewer:{secret}@192.0.2.10:554/sub"
    assert door.record_source == f"rtsp://viewer:{secret}@192.0.2.10:554/main"
    assert (door.rotate, yard.flip_h, yard.flip_v) == (180, True, False)
    assert yard.source == "v4l2:/dev/video0"
    assert (door.recording.enabled, yard.recording.enabled) == (True, False)
    assert (door.recording.pre_seconds, door.recording.post_frames) == (0.5, 60)
    assert door.monitoring_interval_seconds == 300
    assert config.store is not None
    assert (str(config.store.path), config.store.retention_days) == (
        "/var/lib/motion/surveillance",
        14,
    )
    for key in ("threshold", "webcontrol_port", "on_event_start", "schedule_params"):
        assert left(told, f"front_door: {key}"), key
    assert left(told, "hof: rotate")
    assert f"front_door: colour_of_the_moon: {UNKNOWN}" in told


def test_motions_masks_become_ours(place: Path) -> None:
    config, told = run(place, "motion", "motion.conf")
    door = config.cameras["front_door"]
    assert door.mask is not None
    mask = cv2.imread(str(door.mask), cv2.IMREAD_UNCHANGED)
    assert mask is not None
    assert mask.shape == (48, 64)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[5, 5] == 0
    assert mask[5, 50] == 255
    (corners,) = door.privacy
    assert {(round(x * 63), round(y * 47)) for x, y in corners} == {
        (20, 10),
        (20, 29),
        (49, 29),
        (49, 10),
    }
    assert "the mask's greys became black or white" in told


def test_motioneye(place: Path) -> None:
    config, told = run(place, "motioneye", "eye.conf")
    garden = config.cameras["garden"]
    assert garden.source == f"http://viewer:{samples.SECRET}@192.0.2.11:8081/video"
    assert (garden.recording.pre_seconds, garden.recording.post_frames) == (2.0, 90)
    assert config.store is not None
    assert config.store.path == Path("/data/output/garden/surveillance")
    assert "shed" not in config.cameras
    assert left(told, "shed: camera")
    assert left(told, "garden: @working_schedule")
    assert left(told, "garden: @network_password")


def test_frigate(place: Path) -> None:
    config, told = run(place, "frigate", "frigate.yml")
    yard, porch = config.cameras["yard"], config.cameras["porch"]
    assert config.mqtt.host == "192.0.2.2"
    assert config.mqtt.username == "frigate"
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == samples.SECRET
    assert yard.source == f"rtsp://admin:{samples.SECRET}@192.0.2.20/sub"
    assert yard.record_source == f"rtsp://admin:{samples.SECRET}@192.0.2.20/main"
    assert yard.analysis_fps == 5
    assert (yard.recording.pre_seconds, yard.recording.post_frames) == (5.0, 50)
    assert {name: zone.mode for name, zone in yard.zones.items()} == {
        "drive_way": "look",
        "pixels": "look",
        "clock": "ignore",
    }
    assert yard.zones["drive_way"].dwell == 4
    assert yard.zones["drive_way"].polygon[2] == (0.9, 1.0)
    assert yard.zones["pixels"].polygon[0] == (0.0, 0.5)
    assert not porch.enabled
    assert porch.source == "rtsp://viewer:CHANGE_ME@192.0.2.21/main"
    assert [zone.mode for zone in porch.zones.values()] == ["ignore"]
    assert "old" not in config.cameras
    assert "RTMP cameras are not supported" in told
    assert "store.retention_days to 14" in told
    for key in (
        "detectors",
        "objects",
        "mqtt.topic_prefix",
        "yard: onvif",
        "yard: zones.drive_way",
    ):
        assert left(told, key) or f"not carried over: {key}" in told or "zones" in key, key


def test_frigates_variables_are_taken_where_they_are_set(place: Path) -> None:
    config, _ = run(place, "frigate", "frigate.yml", {"FRIGATE_RTSP_PASSWORD": "abc"})
    assert config.cameras["porch"].source == "rtsp://viewer:abc@192.0.2.21/main"


@pytest.mark.parametrize(
    ("program", "file"),
    [("motion", "motion.conf"), ("motioneye", "eye.conf"), ("frigate", "frigate.yml")],
)
def test_secrets_are_in_the_file_alone_which_others_cannot_read(
    place: Path, program: str, file: str
) -> None:
    _, told = run(place, program, file)
    output = place / "out" / "config.yaml"
    assert samples.SECRET not in told
    assert output.stat().st_mode & 0o777 == 0o600
    comments = [line for line in output.read_text().splitlines() if line.startswith("#")]
    assert samples.SECRET not in "\n".join(comments)
    assert any("not carried over" in line for line in comments)


def test_nothing_is_overwritten(place: Path) -> None:
    run(place, "motion", "motion.conf")
    before = (place / "out" / "config.yaml").read_bytes()
    with pytest.raises(ConfigError, match="is there already and is never overwritten"):
        run(place, "frigate", "frigate.yml")
    assert (place / "out" / "config.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("program", "text", "words"),
    [
        ("motion", None, "No such file"),
        ("motion", "", "has no line `key value`"),
        ("motion", "<html>\n", "line 1: is no line"),
        ("motion", "camera gone.conf\n", "gone.conf: No such file"),
        ("motion", "threshold 5\n", "no camera can be carried over"),
        ("motion", "netcam_url ftp://h/x\n", "FTP are not fetched"),
        ("motion", "netcam_url rtsp://\n", "has no host"),
        ("motion", "\0\0", "is no text file"),
        ("motion", b"\xff\xfe", "UTF-8"),
        ("frigate", "a: [", "line 1: not valid YAML"),
        ("frigate", "- 1\n", "has no `cameras:`"),
        ("frigate", "cameras: {a: 5, b: {ffmpeg: {inputs: [7]}}}\n", "no camera can be carried"),
        ("frigate", "cameras: []\n", "no camera can be carried"),
    ],
)
def test_a_file_that_is_none_is_refused_and_nothing_is_written(
    tmp_path: Path, program: str, text: str | bytes | None, words: str
) -> None:
    file = tmp_path / "their.conf"
    if isinstance(text, bytes):
        file.write_bytes(text)
    elif text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        run(tmp_path, program, "their.conf")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("netcam_url http://h:99999/x", "source", None),
        ("netcam_url http://u:p%40ss@h/x", "source", "http://u:p%40ss@h/x"),
        ("netcam_url jpeg://h/still.jpg", "source", "http://h/still.jpg"),
        ("netcam_url rtsp://h/x\nnetcam_userpass a:b@c:d", "source", "rtsp://a:b%40c%3Ad@h/x"),
        ("netcam_url rtsp://h/x\nnetcam_userpass a:b%40c", "source", "rtsp://a:b%40c@h/x"),
        ("libcam_device camera0", "source", "rpicam:"),
        ("videodevice /dev/video2", "source", "v4l2:/dev/video2"),
        ("videodevice /dev/video2\nflip_axis h", "flip_v", True),
        ("videodevice /dev/video2\npause on", "armed", False),
        ("videodevice /dev/video2\nmovie_max_time 120", "max_event_seconds", 120.0),
        ("videodevice /dev/video2\nsnapshot_interval x", "monitoring_interval_seconds", 900.0),
        ("videodevice /dev/video2\nsnapshot_interval 999999", "monitoring_interval_seconds", 86400),
        ("videodevice /dev/video2\nmask_file gone.pgm", "mask", None),
        ("videodevice /dev/video2\nmask_file their.conf", "mask", None),
    ],
)
def test_each_line_of_motion(tmp_path: Path, line: str, key: str, expected: object) -> None:
    (tmp_path / "their.conf").write_text(line + "\n")
    if key == "source" and expected is None:
        with pytest.raises(ConfigError, match="no camera"):
            run(tmp_path, "motion", "their.conf")
        return
    config, _ = run(tmp_path, "motion", "their.conf")
    assert getattr(config.cameras["camera_1"], key) == expected


def test_two_cameras_of_one_name_both_come(tmp_path: Path) -> None:
    (tmp_path / "their.conf").write_text("camera a.conf\ncamera b.conf\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.conf").write_text("camera_name Yard\nvideodevice /dev/video0\n")
    config, _ = run(tmp_path, "motion", "their.conf")
    assert set(config.cameras) == {"yard", "yard_2"}


@pytest.mark.parametrize(
    ("program", "file"), [("motion", "camera1.conf"), ("frigate", "frigate.yml")]
)
def test_every_key_is_carried_over_or_listed(place: Path, program: str, file: str) -> None:
    """A key that nobody knows is said by its name."""
    path = place / file
    if program == "motion":
        path.write_text(path.read_text() + "strange_key 1\n")
    else:
        tree = yaml.safe_load(path.read_text())
        tree["strange_key"] = 1
        tree["cameras"]["yard"]["strange_key"] = 1
        tree["cameras"]["yard"]["motion"]["strange_key"] = 1
        path.write_text(yaml.safe_dump(tree))
    _, told = run(place, program, file)
    if program == "motion":
        assert f"front_door: strange_key: {UNKNOWN}" in told
    else:
        assert f"not carried over: strange_key: {UNKNOWN}" in told
        assert f"yard: strange_key: {UNKNOWN}" in told
        assert left(told, "yard: motion.strange_key")


def test_our_ids_and_keys_are_those_of_the_schema(place: Path) -> None:
    run(place, "frigate", "frigate.yml")
    tree = yaml.safe_load((place / "out" / "config.yaml").read_text())
    for camera in tree["cameras"].values():
        assert set(camera) <= set(CameraConfig.model_fields)


_RTSP = "{path: 'rtsp://h/x', roles: [detect]}"
_PIXELS = "zones: {z: {coordinates: '0,0,90,0,90,90'}}"
_UNFOLDS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(9 * [f'*{chr(97 + n)}'])}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{_UNFOLDS}cameras: {{x: {{friendly_name: *j}}}}\n", "too many values"),
        ("cameras: &c {x: *c}\n", "too many values, or nested too deeply"),
        (
            "go2rtc: {streams: {a: a}}\ncameras: {x: {ffmpeg: {inputs: [{path: a}]}}}\n",
            "leads back to itself",
        ),
        ("cameras: {x: {ffmpeg: {inputs: 5}}}\n", "no input with the role detect"),
        ("cameras: {x: {ffmpeg: {inputs: [{path: 'rtsp://h/x', roles: 5}]}, fps: .nan}}\n", "fps"),
        ("cameras: {x: {record: {retain: {days: .inf}}}}\n", "x.record.retain.days is no number"),
        (f"cameras: {{x: {{detect: {{width: 1{20 * '0'}}}}}}}\n", "too large a number"),
    ],
    ids=["unfolds", "in itself", "restream", "no list", "nan", "infinite", "large"],
)
def test_hostile_yaml_of_frigate_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "their.yml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        run(tmp_path, "frigate", "their.yml")


@pytest.mark.parametrize(
    "rest",
    [
        "ffmpeg: {inputs: [{path: 'rtsp://h/x', roles: 5}]}",
        "ffmpeg: {inputs: [{path: 'rtsp://h/x', roles: detect}]}",
        f"ffmpeg: {{inputs: [{_RTSP}, {{path: 'rtmp://h/y', roles: [record]}}]}}",
        f"ffmpeg: {{inputs: [{_RTSP}]}}, detect: {{width: 0}}, {_PIXELS}",
        f"ffmpeg: {{inputs: [{_RTSP}]}}, zones: {{z: {{coordinates: '0,0,nan,0,inf,1'}}}}",
    ],
    ids=["roles no list", "roles a text", "record unknown", "no size", "no coordinates"],
)
def test_what_is_wrong_in_frigates_camera_does_not_take_it_away(tmp_path: Path, rest: str) -> None:
    (tmp_path / "their.yml").write_text(f"cameras: {{x: {{{rest}}}}}\n")
    config, _ = run(tmp_path, "frigate", "their.yml")
    assert config.cameras["x"].source == "rtsp://h/x"
    assert config.cameras["x"].record_source is None


def test_a_password_with_a_number_sign_stays_whole(tmp_path: Path) -> None:
    (tmp_path / "their.yml").write_text(
        "cameras: {x: {ffmpeg: {inputs: [{path: 'ffmpeg:rtsp://u:p#w@h/x#video=copy'}]}}}\n"
    )
    config, told = run(tmp_path, "frigate", "their.yml")
    assert config.cameras["x"].source == "rtsp://u:p%23w@h/x"
    assert "p#w" not in told


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("pre_capture nan", "pre_capture"),
        ("event_gap nan", "event_gap"),
        ("netcam_high_url rtmp://h/y", "netcam_high_url"),
    ],
)
def test_a_value_of_motion_that_is_none_is_listed(tmp_path: Path, line: str, key: str) -> None:
    (tmp_path / "their.conf").write_text(f"netcam_url rtsp://h/x\n{line}\n")
    config, told = run(tmp_path, "motion", "their.conf")
    assert config.cameras["camera_1"].source == "rtsp://h/x"
    assert left(told, f"camera_1: {key}")


@pytest.mark.parametrize(
    "line", ["framerate nan\npre_capture 3", "cleandir_params action=delete,dur_val=\u00b2"]
)
def test_odd_numbers_of_motion_end_nothing(tmp_path: Path, line: str) -> None:
    (tmp_path / "their.conf").write_text(f"\ufeffnetcam_url rtsp://h/x\n{line}\n")
    config, _ = run(tmp_path, "motion", "their.conf")
    assert config.cameras["camera_1"].recording.enabled


def test_a_pipe_does_not_keep_us_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "their.conf").write_text("netcam_url rtsp://h/x\nmask_file pipe\n")
    config, told = run(tmp_path, "motion", "their.conf")
    assert config.cameras["camera_1"].mask is None
    assert left(told, "camera_1: mask_file")
    with pytest.raises(ConfigError, match="is no file"):
        run(tmp_path, "motion", "pipe")
