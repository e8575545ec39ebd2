"""Motion's and motionEye's keys, as ours. Pure.

Sources: Motion's motion_config.html (5.0) for names, meaning and defaults; its guide for the older
names. motionEye keeps its own keys in the same files, as comments: `# @preserve_movies 7`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.config.loader import slug
from agent.migration.outcome import Keys, Outcome, Reasons, Tree, free_id, given, whole
from agent.migration.sources import NoSource, device_source, network_source

#: Frames that the agent judges a second, unless somebody changes `analysis_fps`.
_JUDGED = 3.0
_OURS = "the agent has its own detector: begin with `detection.sensitivity: normal`"
_FILES = "the agent names and orders its files itself: docs/explanation/store.md"
_SCHEDULE = "schedules of other programs are not carried over yet"

REASONS: Reasons = (
    ("threshold", _OURS),
    ("noise", _OURS),
    ("despeckle", _OURS),
    ("smart_mask", _OURS),
    ("lightswitch", _OURS),
    ("minimum_motion_frames", _OURS),
    ("static_object_time", _OURS),
    ("area_detect", "draw zones instead: docs/how-to/masks-and-zones.md"),
    ("secondary", "another detector: see `classify:` in docs/how-to/classify.md"),
    ("schedule_params", _SCHEDULE),
    ("@working_schedule", _SCHEDULE),
    ("on_", "commands: use an automation on the MQTT events instead"),
    ("@upload", "uploads: copy the store by rsync or rclone instead"),
    ("@clean_cloud", "uploads: copy the store by rsync or rclone instead"),
    ("@network_", "network shares are mounted by the system: docs/how-to/nas.md"),
    ("@storage_device", "network shares are mounted by the system: docs/how-to/nas.md"),
    ("stream_", "live view is on the page, and `reoffer:` offers MJPEG"),
    ("@webcam", "live view is on the page, and `reoffer:` offers MJPEG"),
    ("webcontrol_", "set `page:` instead: docs/reference/page.md"),
    ("@admin", "set `page:` instead: docs/reference/page.md"),
    ("@normal", "set `page:` instead: docs/reference/page.md"),
    ("text_", "the agent prints the time only: `recording.timestamp`"),
    ("locate_motion", "Home Assistant's overlay picture shows what moved"),
    ("ptz_", "the agent does not move cameras"),
    ("track", "the agent does not move cameras"),
    ("database", "the agent needs no database"),
    ("sql_", "the agent needs no database"),
    ("sound", "sounds of a microphone are not judged; see `audio:` for RTSP cameras"),
    ("snd_", "sounds of a microphone are not judged; see `audio:` for RTSP cameras"),
    ("picture_", _FILES),
    ("snapshot_filename", _FILES),
    ("timelapse", _FILES),
    ("movie_", _FILES),
    ("ffmpeg_", _FILES),
    ("video_pipe", "no loopback device: use `reoffer:`"),
    ("framerate", "the agent judges 3 pictures a second (`analysis_fps`) and records all"),
    ("width", "the camera's own size is used"),
    ("height", "the camera's own size is used"),
    ("netcam_", "options of the connection: the agent finds them out"),
    ("rtsp_uses_tcp", "options of the connection: the agent finds them out"),
    ("v4l2_", "options of the device: set them with v4l2-ctl"),
    ("vid_control", "options of the device: set them with v4l2-ctl"),
    ("video_params", "options of the device: set them with v4l2-ctl"),
    ("libcam_params", "options of the device: write them into the source `rpicam:?…`"),
    ("mmalcam_", "options of the device: write them into the source `rpicam:?…`"),
    ("auto_brightness", "options of the device: set them with v4l2-ctl"),
    ("@preserve_pictures", "pictures are kept as long as recordings: `store.retention_days`"),
    ("@manual", "Home Assistant has a button for a snapshot"),
    ("@lang", "the page is in English"),
    ("emulate_motion", "the agent records events only"),
    ("cleandir", "only the action `delete` in days or weeks is carried over"),
)
#: Of the program itself: nobody misses them here.
_SILENT = (
    "daemon", "setup_mode", "pid_file", "process_id_file", "log_", "logfile", "native_language",
    "watchdog", "device_id", "camera_id", "camera_dir", "config_dir", "conf_filename", "quiet",
    "@id", "@enabled", "@proto", "@relay", "@client_secret", "@admin_only", "target_dir",
    "device_tmo", "pause",
)  # fmt: skip
_DAYS = {"d": 1, "w": 7, "h": 1 / 24, "m": 1 / 1440}


def imported(main: Mapping[str, Any], cameras: Sequence[Mapping[str, Any]]) -> Outcome:
    """The whole configuration.

    Args:
        main: keys of the main file. They are the defaults of each camera.
        cameras: keys of each camera's file; none: the main file is the only camera.
    """
    outcome = Outcome()
    found: Tree = {}
    kept: list[int] = []
    folder = None
    for number, own in enumerate(cameras or [main], 1):
        values = {**main, **own}
        name = str(values.get("camera_name") or values.get("device_name") or f"camera {number}")
        camera_id = free_id(slug(name, f"camera_{number}"), found)
        keys = Keys(_without_silent(values), f"{camera_id}: ", outcome)
        try:
            found[camera_id] = _camera(keys, values, name, camera_id, outcome)
        except NoSource as error:
            outcome.leave(f"{camera_id}: camera", str(error))
            outcome.masks.pop(camera_id, None)
            outcome.privacy.pop(camera_id, None)
        kept.append(_kept_days(keys, values))
        folder = folder or values.get("target_dir")
        keys.leave_rest(REASONS)
    _store(outcome, folder, kept)
    outcome.tree["cameras"] = found
    return outcome


def _without_silent(values: Mapping[str, Any]) -> Tree:
    return {key: value for key, value in values.items() if not key.startswith(_SILENT)}


def _camera(
    keys: Keys, values: Mapping[str, Any], name: str, camera_id: str, outcome: Outcome
) -> Tree:
    keys.take("camera_name", "device_name")
    source, record = _sources(keys, values)
    mask, hidden = keys.take("mask_file"), keys.take("mask_privacy")
    if mask:
        outcome.masks[camera_id] = str(mask)
    if hidden:
        outcome.privacy[camera_id] = str(hidden)
    off = [str(values.get(key, "")).lower() for key in ("@enabled", "@motion_detection")]
    keys.take("@motion_detection")
    paused = str(values.get("pause", "")).lower() in {"on", "true", "1"}
    return given(
        {
            "name": name,
            "source": source,
            "record_source": record,
            "enabled": False if off[0] in {"off", "false"} else None,
            "armed": False if off[1] in {"off", "false"} or paused else None,
            **_turned(keys),
            "monitoring_interval_seconds": keys.number("snapshot_interval", least=0, most=86400),
            "max_event_seconds": keys.number(
                "movie_max_time", "max_movie_time", "max_mpeg_time", least=0, most=86400
            ),
            "recording": _recording(keys, values),
        }
    )


def _sources(keys: Keys, values: Mapping[str, Any]) -> tuple[str, str | None]:
    """What is looked at, and what is recorded where that is another stream."""
    login = keys.take("netcam_userpass")
    url, high = keys.take("netcam_url"), keys.take("netcam_high_url", "netcam_highres")
    pi = keys.take("libcam_device", "mmalcam_name")
    device = keys.take("v4l2_device", "video_device", "videodevice")
    if values.get("@proto") == "motioneye":
        raise NoSource("a camera of another motionEye: import the file of that one")
    if values.get("@proto") == "mjpeg" and keys.take("@url"):
        user, password = keys.take("@username"), keys.take("@password")
        return network_source(str(values["@url"]), f"{user}:{password or ''}" if user else None), (
            None
        )
    if url:
        source = network_source(str(url), login)
        try:
            record = network_source(str(high), login) if high else None
        except NoSource as error:  # what is looked at is recorded, too
            keys.leave("netcam_high_url", str(error))
            record = None
        return source, record if record != source else None
    if pi:
        return "rpicam:", None
    if device:
        return device_source(str(device)), None
    raise NoSource("has no source: netcam_url, v4l2_device or libcam_device is missing")


def _turned(keys: Keys) -> Tree:
    """Motion's axis is the line over which the picture's rows or columns change places."""
    turned: Tree = {}
    rotate = str(keys.take("rotate") or 0)
    if rotate in {"90", "270"}:
        keys.leave("rotate", "a quarter turn is not possible: turn it in the camera's settings")
    elif rotate == "180":
        turned["rotate"] = 180
    axis = str(keys.take("flip_axis") or "none").lower()
    if axis in {"horizontal", "h"}:
        turned["flip_v"] = True
    elif axis in {"vertical", "v"}:
        turned["flip_h"] = True
    return turned


def _recording(keys: Keys, values: Mapping[str, Any]) -> Tree:
    made = keys.switch("movie_output", "ffmpeg_output_movies")
    pre = keys.number("pre_capture", least=0, most=1000)
    gap = keys.number("event_gap", "gap", least=0, most=300)
    keys.take("post_capture", "movie_passthrough")
    try:
        rate = float(values.get("framerate") or 15)
    except ValueError:
        rate = 15.0
    rate = rate if 0.1 <= rate <= 1000 else 15.0
    return given(
        {
            "enabled": False if made is False else None,
            "pre_seconds": None if pre is None else round(min(pre / rate, 30.0), 1),
            "post_frames": None if gap is None else min(max(round(gap * _JUDGED), 1), 1000),
        }
    )


def _kept_days(keys: Keys, values: Mapping[str, Any]) -> int:
    """Days for which recordings of this camera are kept; 0: nobody deletes them."""
    own = whole(keys.number("@preserve_movies", least=0, most=3650))
    text = str(values.get("cleandir_params") or "")
    params = dict(re.findall(r"(\w+)\s*=\s*\"?([\w-]+)", text))
    if own is None and text and params.get("action", "delete") == "delete":
        keys.take("cleandir_params")
        unit = _DAYS.get(params.get("dur_unit", "d"), 1)
        value = params.get("dur_val", "7")
        own = max(1, round(int(value) * unit)) if re.fullmatch(r"[0-9]{1,6}", value) else 7
    return min(own or 0, 3650)


def _store(outcome: Outcome, folder: object, kept: Sequence[int]) -> None:
    if not folder:
        outcome.notes.append("nothing is recorded yet: set store.path to an empty folder")
        return
    path = f"{str(folder).rstrip('/')}/surveillance"
    outcome.tree["store"] = {"path": path}
    outcome.notes.append(f"make the folder of store.path, or name another empty one: {path}")
    if all(kept):
        outcome.tree["store"]["retention_days"] = max(kept)
        if len(set(kept)) > 1:
            outcome.notes.append("store.retention_days is for all cameras: the longest was taken")
    else:
        outcome.notes.append(
            "nobody deleted old recordings there; here store.retention_days (4) does: change it"
        )
