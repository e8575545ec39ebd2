"""Frigate's keys, as ours. Pure.

Source: Frigate's reference of its configuration, 0.13 to 0.18; masks and zones of all their forms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from agent.config.loader import slug
from agent.migration.outcome import Keys, Outcome, Reasons, Tree, free_id, given, whole
from agent.migration.sources import NoSource, network_source

_JUDGED = 3.0
_MOST_RESTREAMS = 4  # of a restream
_OBJECTS = "the agent looks for motion; `classify:` names what moved: docs/how-to/classify.md"
_VIDEO = "the agent decodes on the processor, and records without decoding"
_PAGE = "see `page:` in docs/reference/page.md"

REASONS: Reasons = (
    ("detectors", _OBJECTS),
    ("model", _OBJECTS),
    ("objects", _OBJECTS),
    ("review", _OBJECTS),
    ("detect", _OBJECTS),
    ("face_recognition", "faces are not recognised"),
    ("lpr", "licence plates are not read"),
    ("semantic_search", "there is no search by words"),
    ("genai", "no language model describes pictures"),
    ("classification", _OBJECTS),
    ("ffmpeg", _VIDEO),
    ("go2rtc", "live view is on the page, and `reoffer:` offers MJPEG"),
    ("live", _PAGE),
    ("birdseye", _PAGE),
    ("ui", _PAGE),
    ("camera_groups", _PAGE),
    ("auth", _PAGE),
    ("proxy", _PAGE),
    ("tls", _PAGE),
    ("networking", _PAGE),
    ("webui_url", _PAGE),
    ("snapshots", "each event has a picture"),
    ("timestamp_style", "`recording.timestamp` prints the time"),
    ("audio", "sounds are not named; see `audio.level` for loud ones"),
    ("onvif", "the agent does not move cameras"),
    ("notifications", "Home Assistant notifies: docs/how-to/home-assistant.md"),
    ("telemetry", "health is on MQTT"),
    ("database", "the agent needs no database"),
    ("motion", "the agent has its own detector: begin with `detection.sensitivity: normal`"),
    ("record", "the agent records events, and a film of each day"),
    ("profiles", "modes of Frigate are not carried over"),
    ("environment_vars", "set variables where the agent is started"),
    ("logger", "use --log-level"),
    ("best_image_timeout", _OBJECTS),
    ("mqtt", "pictures are on MQTT with every event"),
    ("type", _OBJECTS),
)
#: Nobody misses them here.
_SILENT = frozenset({"version", "safe_mode"})


def imported(config: Mapping[str, Any], environ: Mapping[str, str]) -> Outcome:
    """The whole configuration.

    Args:
        config: of Frigate, as YAML says it.
        environ: variables that the configuration may name: `{FRIGATE_RTSP_PASSWORD}`.
    """
    outcome = Outcome()
    keys = Keys({k: v for k, v in config.items() if k not in _SILENT}, "", outcome)
    _mqtt(block(keys.take("mqtt")), environ, outcome)
    streams = block(block(keys.take("go2rtc")).get("streams"))
    defaults = {name: block(config.get(name)) for name in ("record", "motion", "detect", "review")}
    found: Tree = {}
    kept: list[int] = []
    for name, camera in block(keys.take("cameras")).items():
        camera_id = free_id(slug(str(name), "camera"), found)
        reader = _Camera(camera_id, block(camera), defaults, environ, streams, outcome)
        try:
            found[camera_id] = reader.read(str(name))
        except NoSource as error:
            outcome.leave(f"{camera_id}: ffmpeg.inputs", str(error))
        kept.append(reader.kept)
    for name in defaults:
        keys.take(name)  # each camera has them
    keys.leave_rest(REASONS)
    outcome.tree["cameras"] = found
    outcome.notes.append("nothing is recorded yet: set store.path to an empty folder")
    if any(kept):
        outcome.notes.append(f"and store.retention_days to {max(kept)}, as it was there")
    return outcome


def block(value: object) -> dict[str, Any]:
    """A mapping; anything else counts as empty."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}


def listed(value: object) -> list[object]:
    """A list; a text alone counts as its only one, anything else as empty."""
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _mqtt(mqtt: Mapping[str, Any], environ: Mapping[str, str], outcome: Outcome) -> None:
    keys = Keys(mqtt, "mqtt.", outcome)
    if keys.take("enabled") is False:
        outcome.leave("mqtt.enabled", "the agent speaks MQTT always")
    password = _filled(keys.take("password"), environ)
    if password is not None and "{FRIGATE_" in password:
        keys.leave("password", "its variable is not set here: write mqtt.password_file")
        password = None
    user = _filled(keys.take("user"), environ)
    if user is not None and "{FRIGATE_" in user:
        keys.leave("user", "its variable is not set here: write mqtt.username")
        user = password = None
    if password is not None and user is None:
        keys.leave("password", "a password without a user")
        password = None
    tls = given(
        {
            "ca": keys.take("tls_ca_certs"),
            "cert": keys.take("tls_client_cert"),
            "key": keys.take("tls_client_key"),
            "insecure": keys.take("tls_insecure"),
        }
    )
    files = [key for key in ("ca", "cert", "key") if key in tls]
    if files:
        outcome.notes.append(f"copy the files of mqtt.tls ({', '.join(files)}) to this machine")
    found = {
        "host": keys.take("host"),
        "port": whole(keys.number("port", least=1, most=65535)),
        "username": user,
        "password": password,
        "tls": tls if files else None,
    }
    keys.leave_rest(
        (
            ("topic_prefix", "topics and payloads are others: docs/reference/mqtt.md"),
            ("client_id", "each program has its own"),
            ("stats_interval", "health says it once a minute"),
            ("qos", "events come with QoS 1"),
        )
    )
    if given(found):
        outcome.tree["mqtt"] = given(found)


class _Camera:
    """One camera; where a key is missing, the value for all cameras counts."""

    def __init__(
        self,
        camera_id: str,
        camera: Mapping[str, Any],
        defaults: Mapping[str, Mapping[str, Any]],
        environ: Mapping[str, str],
        streams: Mapping[str, Any],
        outcome: Outcome,
    ) -> None:
        self._keys = Keys(camera, f"{camera_id}: ", outcome)
        self._id = camera_id
        self._defaults = defaults
        self._camera = camera
        self._environ = environ
        self._streams = streams
        self._outcome = outcome
        self.kept = 0

    def read(self, name: str) -> Tree:
        """Our keys; raises `NoSource` where it has none of ours."""
        source, record = self._sources()
        detect = self._merged("detect")
        self._keys.take("detect", "ffmpeg", "record")
        rate = detect.get("fps")
        found = given(
            {
                "name": str(self._keys.take("friendly_name") or name),
                "source": source,
                "record_source": record,
                "enabled": False if self._keys.take("enabled") is False else None,
                "analysis_fps": rate if isinstance(rate, int) and 0 < rate <= 60 else None,
                "zones": self._zones(detect),
                "recording": self._recording(rate),
            }
        )
        self._keys.leave_rest(REASONS)
        return found

    def _merged(self, name: str) -> dict[str, Any]:
        return {**self._defaults.get(name, {}), **block(self._camera.get(name))}

    def _sources(self) -> tuple[str, str | None]:
        by_role: dict[str, str] = {}
        for given_input in listed(block(self._camera.get("ffmpeg")).get("inputs")):
            one = block(given_input)
            for role in listed(one.get("roles")) or ["detect"]:
                by_role.setdefault(str(role), str(one.get("path") or ""))
        looked = by_role.get("detect") or by_role.get("record")
        if not looked:
            raise NoSource("has no input with the role detect")
        source = self._source(looked)
        recorded = by_role.get("record")
        try:
            record = self._source(recorded) if recorded else source
        except NoSource as error:  # what is looked at is recorded, too
            self._outcome.leave(f"{self._id}: ffmpeg.inputs with the role record", str(error))
            record = source
        return source, None if record == source else record

    def _source(self, path: str, depth: int = 0) -> str:
        """Of Frigate's own restream (go2rtc) the camera behind it."""
        user, at, rest = path.removeprefix("ffmpeg:").rpartition("@")  # a password may have a #
        text = _filled(user + at + rest.partition("#")[0], self._environ) or ""
        ours = re.match(r"rtsp://(?:127\.0\.0\.1|localhost):8554/([^?/]+)", text)
        if ours is None and text in self._streams:
            ours = re.match(r"(.*)", text)
        if ours is not None:
            if depth == _MOST_RESTREAMS:
                raise NoSource("is a restream of go2rtc that leads back to itself")
            behind = self._streams.get(ours[1])
            first = behind[0] if isinstance(behind, list) and behind else behind
            if not isinstance(first, str):
                raise NoSource("is a restream of go2rtc that the file does not describe")
            return self._source(first, depth + 1)
        if "{FRIGATE_" in text:
            text = re.sub(r"\{FRIGATE_\w+\}", "CHANGE_ME", text)
            words = "a variable of its address is not set here: replace CHANGE_ME in the source"
            self._outcome.leave(f"{self._id}: user or password", words)
        return network_source(text)

    def _recording(self, rate: object) -> Tree:
        record = self._merged("record")
        alerts, found = block(record.get("alerts")), block(record.get("detections"))
        old = block(record.get("events"))
        kept = [
            block(it.get("retain")).get("days") or block(it.get("retain")).get("default") or 0
            for it in (record, alerts, found, old)
        ] + [block(record.get(name)).get("days") or 0 for name in ("continuous", "motion")]
        days = [it for it in kept if isinstance(it, int | float)]
        self.kept = min(max(1, round(max(days))), 3650) if days and max(days) > 0 else 0
        pre, post = (
            next((it[key] for it in (alerts, found, old) if _is_number(it.get(key))), None)
            for key in ("pre_capture", "post_capture")
        )
        judged = rate if isinstance(rate, int) and 0 < rate <= 60 else _JUDGED
        return given(
            {
                "enabled": None if record.get("enabled") is True else False,
                "pre_seconds": None if pre is None else min(max(float(pre), 0.0), 30.0),
                "post_frames": None if post is None else min(max(round(post * judged), 1), 1000),
            }
        )

    def _zones(self, detect: Mapping[str, Any]) -> Tree:
        """Zones of theirs are looked at, motion masks are ignored."""
        size = detect.get("width"), detect.get("height")
        zones: Tree = {}
        for name, zone in block(self._keys.take("zones")).items():
            self._zone(zones, name, block(zone), size)
        required = _required(self._merged("review"))
        if zones and not required:
            self._outcome.notes.append(
                f"{self._id}: only its zones are judged here; remove them to watch all"
            )
        motion = Keys(self._merged("motion"), f"{self._id}: motion.", self._outcome)
        self._keys.take("motion")
        for name, mask in _masks(motion.take("mask")):
            polygon = self._polygon(mask, size, f"motion.mask {name}")
            if polygon:
                zones[free_id(slug(name, "mask"), zones)] = {"polygon": polygon, "mode": "ignore"}
        motion.leave_rest((("", dict(REASONS)["motion"]),))
        return zones

    def _zone(self, zones: Tree, name: str, zone: Mapping[str, Any], size: object) -> None:
        keys = Keys(zone, f"{self._id}: zones.{name}.", self._outcome)
        if keys.take("enabled") is False:
            self._outcome.leave(f"{self._id}: zones.{name}", "is switched off there")
            return
        polygon = self._polygon(keys.take("coordinates"), size, f"zones.{name}")
        keys.take("friendly_name")
        dwell = keys.take("loitering_time")
        if isinstance(dwell, Mapping):
            keys.leave("loitering_time", "differs by object, and the agent looks for motion")
            dwell = None
        if polygon:
            wait = float(dwell) if _is_number(dwell) and 0 < dwell <= 3600 else None
            zones[free_id(slug(name, "zone"), zones)] = given({"polygon": polygon, "dwell": wait})
        keys.leave_rest((("", _OBJECTS),))

    def _polygon(self, text: object, size: object, where: str) -> list[list[float]] | None:
        """`x1,y1,x2,y2,…` as corners; older files have pixels instead of parts of the picture."""
        parts = text if isinstance(text, list) else str(text or "").split(",")
        try:
            numbers = [float(part) for part in parts]
        except (TypeError, ValueError):
            numbers = []
        if not all(math.isfinite(it) for it in numbers):
            numbers = []
        if len(numbers) < 6 or len(numbers) % 2:
            self._outcome.leave(f"{self._id}: {where}", "has no coordinates x1,y1,x2,y2,x3,y3")
            return None
        width, height = size if isinstance(size, tuple) else (None, None)
        pixels = max(numbers) > 2
        if pixels and not (_is_size(width) and _is_size(height)):
            words = "is in pixels, and detect.width and detect.height are not given"
            self._outcome.leave(f"{self._id}: {where}", words)
            return None
        across, down = (float(width), float(height)) if pixels else (1.0, 1.0)
        corners = zip(numbers[::2], numbers[1::2], strict=True)
        return [[_part(x / across), _part(y / down)] for x, y in corners]


def _part(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and value >= 1


def _required(review: Mapping[str, Any]) -> bool:
    return any(block(review.get(kind)).get("required_zones") for kind in ("alerts", "detections"))


def _masks(value: object) -> Iterable[tuple[str, object]]:
    """Each motion mask with a name: one text, a list of texts, or named blocks."""
    if isinstance(value, str):
        yield "mask", value
    elif isinstance(value, list):
        numbers = all(_is_number(it) for it in value)
        yield from [("mask", value)] if numbers else (("mask", it) for it in value)
    elif isinstance(value, Mapping):
        for name, mask in value.items():
            inner = block(mask)
            if inner.get("enabled") is not False:
                yield str(name), inner.get("coordinates")


def _filled(value: object, environ: Mapping[str, str]) -> str | None:
    """With the variables that are set here; the others stay."""
    if value is None:
        return None
    return re.sub(r"\{(FRIGATE_\w+)\}", lambda found: environ.get(found[1], found[0]), str(value))
