"""`check-config`: every mistake in one go, and what is in force as people read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.config.check import checked, effective, notes
from agent.config.video_notes import shared_streams
from agent.core.errors import ConfigError
from agent.runtime.clock import SystemClock
from schemas.camera_config import CameraConfig
from schemas.settings import PLACES

GOOD = """
mqtt: {username: pi, password: hunter2}
store: {path: /mnt/imagestore, max_size: 2000000000}
cameras:
  front_door: {source: "hk://10.0.0.9"}
"""
#: One mistake a line, of every kind: keys, values, what contradicts, what leads nowhere.
BAD = """
agent: {id: Front Door}
mqtt: {port: 70000, username: a, username: b}
store:
  path: /x
  keep_free: 3 parsecs
  retention_days: 0
reoffer: {token_file: /no/token}
beep: {volum: 1}
cameras:
  a:
    source: 10.0.0.9
    rotate: 90
    mask: /no/mask.png
    detection: {profile: plain, min_changed: 50}
    privacy: [[[0, 0], [1, 0], [1, 1]]]
    recording: {format: original}
  b__c: {source: "gopher://x"}
  health: {source: "demo:"}
  d:
    source: "demo:"
    zones: {all: {mode: ignore, polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}}
  e: {}
  f: demo
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def mistakes(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        checked(path, {})
    head, *lines = str(raised.value).splitlines()
    assert head == f"configuration {path}:"
    return [line.removeprefix("  config.yaml:") for line in lines]


def test_mistakes_of_every_kind_are_told_at_once_with_line_and_key(path: Path) -> None:
    told = mistakes(path, BAD)
    assert {line[: line.index(": ", 4)] for line in told} == {
        "2: agent.id",
        "3: mqtt.username",
        "3: mqtt.port",
        "6: store.keep_free",
        "7: store.retention_days",
        "8: reoffer.token_file",
        "9: beep.volum",
        "12: cameras.a.source",
        "13: cameras.a.rotate",
        "14: cameras.a.mask",
        "15: cameras.a.detection",
        "17: cameras.a.recording",
        "18: cameras.b__c",
        "18: cameras.b__c.source",
        "19: cameras.health",
        "20: cameras.d",
        "23: cameras.e.source",
        "24: cameras.f",
    }
    assert len(told) == 18


@pytest.mark.parametrize(
    "words",
    [
        "port: must be at most 65535, not '70000'",
        "keep_free: '3 parsecs' is no size: write a number with B, KiB, MiB, GiB or TiB",
        "token_file: /no/token: No such file or directory",
        "volum: no such key; did you mean volume?",
        "a.source: 10.0.0.9: begins with no scheme; known: demo:",
        "; did you mean rtsp://10.0.0.9 or hk://10.0.0.9?",
        "rotate: 0 or 180, not '90'",
        "detection: max_changed (16.28 %) must be above min_changed (50 %)",
        "b__c: an id has small letters and digits, joined by single underscores, at most 32",
        "health: a camera cannot be called 'health'",
        "a.mask: /no/mask.png: no such file",
        "d: nothing is left to look at; covered by: ignored zone all",
        "e.source: is required and missing",
    ],
)
def test_a_mistake_names_the_value_and_what_would_be_right(path: Path, words: str) -> None:
    assert words in "\n".join(mistakes(path, BAD))


def test_a_cameras_certificates_are_looked_at(path: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    start = "mqtt: {username: pi, password: hunter2}\ncameras:\n  yard: {source: "
    own = f"{start}'https://192.0.2.1/x', tls: {{ca: {tmp_path}/ca.pem}}}}\n"
    (line,) = mistakes(path, own)
    assert line.endswith(
        f"yard.tls.ca: {tmp_path}/ca.pem: no certificate in it; a PEM file is needed"
    )
    (line,) = mistakes(path, f"{start}'rtsp://192.0.2.1/x', tls: {{insecure: true}}}}\n")
    assert line.endswith("yard.tls: is for https: and rtsps: sources, and there is none here")
    (line,) = mistakes(path, own.replace("https:", "rtsps:"))
    assert line.endswith("no certificate in it; a PEM file is needed")
    (line,) = mistakes(path, own.replace("ca.pem", "ca.pem, insecure: true"))
    assert "yard.tls.insecure: looks at no certificate, so leave tls.ca out, or this" in line


def test_files_that_keys_lead_to_are_looked_at(path: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("")
    (tmp_path / "beep.wav").write_bytes(b"RIFF")
    tls = f"mqtt: {{tls: {{ca: {tmp_path}/ca.crt, cert: /no/cert.pem, key: {tmp_path}}}}}"
    text = GOOD.replace("mqtt: {username: pi, password: hunter2}", tls)
    cert, key, sound = mistakes(path, text + f"beep: {{sound: {tmp_path}/beep.wav}}\n")
    pem = "; name a PEM file that the agent may read"
    assert cert == f"2: mqtt.tls.cert: /no/cert.pem: No such file or directory{pem}"
    assert key == f"2: mqtt.tls.key: {tmp_path}: Is a directory{pem}"
    assert sound.startswith(f"6: beep.sound: {tmp_path}/beep.wav: ")
    assert "convert it with `ffmpeg" in sound
    (line,) = mistakes(path, GOOD + "beep: {sound: /no/beep.wav}\n")
    assert "/no/beep.wav: No such file or directory; give the path of a WAV file" in line


def test_a_sound_that_is_never_played_need_not_be_there(path: Path) -> None:
    path.write_text(GOOD + "beep: {enabled: false, sound: /no/beep.wav}\n")
    assert not checked(path, {}).config.beep.enabled


def test_a_mistyped_scheme_is_told_what_was_meant(path: Path) -> None:
    (line,) = mistakes(path, GOOD.replace("hk://10.0.0.9", "rtps://10.0.0.9/a"))
    assert line.endswith("; did you mean rtsps: or rtsp:?")


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("10.0.0.9", "rtsp://10.0.0.9 or hk://10.0.0.9"),
        ("camera.lan", "rtsp://camera.lan or hk://camera.lan"),
        ("10.0.0.9:5000", "rtsp://10.0.0.9:5000 or hk://10.0.0.9:5000"),
        ("10.0.0.9/mjpeg", "rtsp://10.0.0.9/mjpeg or http://10.0.0.9/mjpeg"),
        ("admin:geheim@10.0.0.9/x", "rtsp://**hidden**@10.0.0.9/x or http://**hidden**@10.0.0.9/x"),
        ("geheim@10.0.0.9:80", "rtsp://**hidden**@10.0.0.9:80 or http://**hidden**@10.0.0.9:80"),
        ("/dev/video0", "v4l2:/dev/video0"),
        ("/srv/clip.mp4", "file:/srv/clip.mp4"),
        ("./clip.mp4", "file:./clip.mp4"),
    ],
)
def test_a_source_without_its_scheme_is_told_what_was_meant(
    path: Path, source: str, meant: str
) -> None:
    (line,) = mistakes(path, GOOD.replace("hk://10.0.0.9", source))
    assert line.endswith(f"; did you mean {meant}?")


def test_what_may_yet_come_is_a_note_and_no_mistake(path: Path, tmp_path: Path) -> None:
    text = GOOD.replace("hk://10.0.0.9", "v4l2:/dev/no-video")
    path.write_text(text.replace("/mnt/imagestore", "images"))
    store, device = notes(checked(path, {}).config, SystemClock())
    assert f"store.path {tmp_path}/images is no folder now; it is never created: mount it" in store
    assert device.startswith("cameras.front_door.source /dev/no-video is not there now: plug it in")
    path.write_text(GOOD.replace("/mnt/imagestore", str(tmp_path)))
    assert notes(checked(path, {}).config, SystemClock()) == []
    path.write_text("cameras: {a: {source: 'demo:'}}\n")
    assert notes(checked(path, {}).config, SystemClock()) == [
        "without store.path nothing is recorded"
    ]


@pytest.mark.parametrize("store", ["smb://nas/cam", "\\\\nas\\cam", "C:\\cam", "http://nas/cam"])
@pytest.mark.parametrize("key", ["path: '{}'", "path: /x, spool: {{path: '{}'}}"])
def test_a_store_that_no_system_call_finds_is_a_mistake(path: Path, store: str, key: str) -> None:
    (line,) = mistakes(path, GOOD.replace("path: /mnt/imagestore", key.format(store)))
    assert "path: that is no path of this machine: mount the share first, and write" in line


def test_a_share_is_no_mask_either(path: Path) -> None:
    told = mistakes(path, GOOD.replace('"hk://10.0.0.9"', "'demo:', mask: 'smb://nas/mask.png'"))
    assert ["front_door.mask: that is no path of this machine" in line for line in told] == [True]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("rtsp://me:pw-123@cam/live", "rtsp://Cam:554/live", True),
        ("rtsp://cam/live", "rtsp://cam/live2", False),
        ("rtsp://cam/live?ch=1", "rtsp://cam/live?ch=2", False),
        ("http://cam/x", "http://cam:80/x", True),
        ("http://cam/x", "https://cam/x", False),
        ("hk://10.0.0.9", "hk://10.0.0.9:5001", False),
        ("hk://10.0.0.9", "hk://10.0.0.9/", True),
        ("v4l2:/dev/video0", "v4l2:/dev/video0", True),
        ("demo:", "demo:", False),
        ("file:/x.mp4", "file:/x.mp4", False),
    ],
)
def test_a_stream_that_two_cameras_take_is_noted(one: str, other: str, *, same: bool) -> None:
    cameras = {"a": CameraConfig(source=one), "b": CameraConfig(source=other)}
    told = shared_streams(cameras)
    assert ["cameras a, b take the same stream" in note for note in told] == [True] * same
    assert "pw-123" not in str(told)
    off = cameras | {"b": cameras["b"].model_copy(update={"enabled": False})}
    assert shared_streams(off) == []


def test_the_note_of_a_shared_stream_is_in_check_config(path: Path) -> None:
    path.write_text("cameras: {a: {source: 'http://h/x'}, b: {source: 'http://h/x'}}\n")
    told = notes(checked(path, {}).config, SystemClock())
    assert any("cameras a, b take the same stream" in note for note in told)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("analysis_fps: 3", []),
        ("analysis_fps: 5", []),
        ("analysis_fps: 30", ["10 are 0.3 s at that rate", "set recording.post_frames: 90,"]),
        ("analysis_fps: 30, recording: {post_frames: 10}", []),  # somebody wants it
    ],
)
def test_an_event_that_ends_after_a_part_of_a_second_is_noted(
    path: Path, tmp_path: Path, more: str, told: list[str]
) -> None:
    start = f"store: {{path: {tmp_path}}}\n"
    path.write_text(f"{start}cameras: {{yard: {{source: 'demo:', {more}}}}}\n")
    found = "".join(notes(checked(path, {}).config, SystemClock()))
    assert bool(found) == bool(told)
    assert [words for words in told if words not in found] == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", []),
        ("recording: {timestamp: true}", ["(recording.timestamp: true)"]),
        ("flip_h: true", ["(players do not mirror"]),
        ("privacy: [[[0, 0], [1, 0], [1, 1]]]", ["(privacy polygons are drawn)"]),
    ],
)
def test_what_makes_recording_dear_is_noted(
    path: Path, tmp_path: Path, more: str, told: list[str]
) -> None:
    text = GOOD.replace("/mnt/imagestore", str(tmp_path))
    camera = f"cameras: {{yard: {{source: 'rtsp://me:hunter2@h/live', {more}}}}}\n"
    path.write_text(text[: text.index("cameras:")] + camera)
    found = notes(checked(path, {}).config, SystemClock())
    assert len(found) == len(told)
    assert all(words in note for words, note in zip(told, found, strict=True))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("/stream1", "main stream of a TP-Link camera; its small one is usually at /stream2 "),
        ("/stream2", "small stream of a TP-Link camera; its main one is usually at /stream1 "),
    ],
)
def test_a_cameras_other_stream_is_named_without_its_password(
    path: Path, tmp_path: Path, asked: str, words: str
) -> None:
    text = GOOD.replace("/mnt/imagestore", str(tmp_path))
    begin = text[: text.index("cameras:")]
    path.write_text(begin + f"cameras: {{yard: {{source: 'rtsp://me:hunter2@h{asked}'}}}}\n")
    (note,) = notes(checked(path, {}).config, SystemClock())
    assert words in note
    assert "hunter2" not in note
    both = "source: 'rtsp://h/stream2', record_source: 'rtsp://h/stream1'"
    path.write_text(begin + f"cameras: {{yard: {{{both}}}}}\n")
    assert notes(checked(path, {}).config, SystemClock()) == []


def test_a_source_is_refused_without_its_password(path: Path) -> None:
    (line,) = mistakes(path, GOOD.replace("hk://10.0.0.9", "rtsp://me:hunter2@"))
    assert "hunter2" not in line


def test_the_environment_is_checked_as_the_file_is(path: Path) -> None:
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match=r"SURVEILLANCE_CAMERAS__FRONT_DOOR__SOURCE: cameras\."):
        checked(path, {"SURVEILLANCE_CAMERAS__FRONT_DOOR__SOURCE": "ftp://x"})


def test_what_was_given_is_shown_with_its_origin_and_without_secrets(path: Path) -> None:
    path.write_text(GOOD.replace("hk://", "http://me:hunter2@"))
    told = effective(checked(path, {"SURVEILLANCE_MQTT__PORT": "1884"}), defaults=False)
    assert told[:-1] == [
        "mqtt.port = 1884  (SURVEILLANCE_MQTT__PORT)",
        "mqtt.username = **hidden**  (config.yaml:2)",
        "mqtt.password = **hidden**  (config.yaml:2)",
        "store.path = /mnt/imagestore  (config.yaml:3)",
        "store.max_size = 2 GB  (config.yaml:3)",
        "cameras.front_door.source = http://**hidden**@10.0.0.9  (config.yaml:5)",
    ]
    assert told[-1].endswith("more keys have their defaults: --all shows them")


def test_defaults_are_shown_when_asked_for(path: Path) -> None:
    path.write_text(GOOD)
    told = effective(checked(path, {}), defaults=True)
    assert "store.retention_days = 4  (default)" in told
    assert "store.keep_free = 500 MiB  (default)" in told
    assert not [line for line in told if line.startswith("#")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mqtt:\n  host: [a, b\n  port: 1\n", ", line 3, column 7: not valid YAML: while parsing"),
        ("a: {b: 'c\n", ", line 2, column 1: .*unexpected end of stream .begun in line 1."),
        ("source: demo: x\n", ", line 1, column 13: .*in quotes"),
        ("a: {b: 'c'd}\n", ", line 1, column 11: .*expected ',' or '}', but got '<scalar>'"),
        ("a: 1\nb: \x01\n", r", line 2: not valid YAML: a control character \(#x01\)"),
        ("a:\n\tb: 1\n", ", line 2, column 1: .*'.t' that cannot start"),
    ],
)
def test_unfinished_yaml_is_told_with_file_line_and_column(
    path: Path, text: str, words: str
) -> None:
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as raised:
        checked(path, {})
    assert str(raised.value).startswith(f"configuration {path}, line ")
    assert "unicode string" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_source_with_what_is_no_letter_is_told_not_raised(path: Path) -> None:
    told = mistakes(path, 'cameras: {b: {source: "http://xn--a/"}}')
    assert sum("no URL" in line for line in told) == 1
    path.write_text('cameras: {yard: {source: "http://127.0.0.1/?\\ud800"}}')
    with pytest.raises(ConfigError, match="line 1: half a character"):
        checked(path, {})
    variable = {"SURVEILLANCE_CAMERAS__YARD__SOURCE": os.fsdecode(b"http://127.0.0.1/\xff")}
    path.write_text("")
    with pytest.raises(ConfigError, match="no URL"):
        checked(path, variable)


@pytest.mark.parametrize("key", ["password", "password_file"])
def test_a_password_without_a_user_is_a_mistake(path: Path, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    value = tmp_path / "secret" if key == "password_file" else "hunter2"
    text = GOOD.replace("mqtt: {username: pi, password: hunter2}", f"mqtt: {{{key}: {value}}}")
    (line,) = mistakes(path, text)
    assert line == f"2: mqtt.{key}: a password without a user: set mqtt.username, too"


def test_what_does_nothing_in_a_profile_is_noted_and_not_listed(path: Path, tmp_path: Path) -> None:
    text = GOOD.replace("/mnt/imagestore", str(tmp_path))
    keys = "detection: {max_changed: 30}, zones: {a: {polygon: [[0, 0], [1, 0], [1, 1]]}}"
    path.write_text(text.replace('10.0.0.9"', f'10.0.0.9", {keys}'))
    loaded = checked(path, {})
    (note,) = notes(loaded.config, SystemClock())
    assert note.startswith(
        "cameras.front_door.detection.max_changed does nothing in profile robust"
    )
    assert not any(".detection.max_changed" in it for it in effective(loaded, defaults=True))
    path.write_text(path.read_text().replace("{max_changed", "{profile: plain, max_changed"))
    loaded = checked(path, {})
    assert notes(loaded.config, SystemClock()) == []
    assert any("detection.max_changed = 30" in it for it in effective(loaded, defaults=False))


def test_the_place_of_sensitivity_gives_the_numbers_that_are_not_given(path: Path) -> None:
    place = "detection: {sensitivity: high, pixel_threshold: 60}"
    path.write_text(GOOD.replace('10.0.0.9"', f'10.0.0.9", {place}'))
    loaded = checked(path, {})
    settings = loaded.config.cameras["front_door"].settings()
    assert (settings.pixel_threshold, settings.min_changed) == (60, PLACES["high"][1])
    assert settings.sensitivity == "custom"
    named = loaded.named_settings("front_door")
    assert named == {"sensitivity", "pixel_threshold", "min_changed"}
