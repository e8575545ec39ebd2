"""The configuration of one camera: `cameras.<id>:`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from schemas.base import DisplayName, Identifier, LocalPath, Strict, quoted
from schemas.detection_config import DetectionConfig
from schemas.schedule_config import Rules
from schemas.settings import LONGEST_EVENT, CameraSettings
from schemas.zones import Polygon, Zone, check_zones

#: Schemes of cameras that send H.264 or H.265 as a rule, and tell when each picture is shown.
_VIDEO = ("rtsp:", "rtsps:", "rtspu:", "rtsph:", "rpicam:")


class RecordingConfig(Strict):
    """`cameras.<id>.recording:`."""

    enabled: bool = True
    format: Literal["camera", "h264", "original"] = Field(
        "camera",
        description="`camera`: H.264 and H.265 as the camera sends them, without decoding. "
        "JPEGs, and pictures to draw into or to mirror, become H.264. `h264`: "
        "everything becomes H.264. `original`: like `camera`, but JPEGs stay as "
        "they are, in Matroska, for exact replay. No encoding, no timestamp, about "
        "twelve times the size, and browsers do not play it",
    )
    pre_seconds: float = Field(
        1.0, ge=0, le=30, description="seconds that a clip has from before the motion"
    )
    post_frames: int = Field(
        10,
        ge=1,
        le=1000,
        description="the event ends after this number of judged frames; the last frame with "
        "motion is the first",
    )
    audio: bool = Field(
        False,
        description="record the camera's sound, too (RTSP with H.264 or H.265). In many countries"
        " the law forbids to record what people say: see docs/explanation/store.md",
    )
    timestamp: bool | None = Field(
        None,
        description="`true`: print the frame's local time into the picture, which decodes and "
        "encodes every recording. `false`: do not. Default: printed if pictures are"
        " encoded anyway, else subtitles of the clip",
    )


ORIGINAL_HIDES_NOTHING = (
    "format: original keeps the pictures as they are,"
    " privacy polygons cannot be blackened in them: use h264"
)


def _right_angle(value: object) -> object:
    if str(value) not in {"0", "180"}:
        raise ValueError(f"0 or 180, not {quoted(value)}")
    return int(str(value))


class CameraAudio(Strict):
    """`cameras.<id>.audio:`, what is made of the camera's sound; nothing of it is kept."""

    level: bool = Field(
        False,
        description="measure the sound of an RTSP camera with H.264 or H.265: a sensor in dBFS, and"
        " an event when it is loud. In many countries the law restricts listening:"
        " docs/explanation/store.md",
    )
    threshold: float = Field(
        -25.0, ge=-90, le=0, description="dBFS at which an event begins; 0 is the loudest"
    )
    rise: float = Field(
        10.0, ge=0, le=90, description="dB above the background that it has to reach, too"
    )


class CameraTls(Strict):
    """`cameras.<id>.tls:`, for `https:` and `rtsps:` sources."""

    ca: LocalPath | None = Field(
        None,
        description="PEM file of the camera's own certificate, or of the authority that signed it;"
        " default: public authorities",
    )
    insecure: bool = Field(
        False,
        description="accept any certificate: an attacker in between can then read the camera's "
        "password",
    )

    @field_validator("insecure")
    @classmethod
    def _one_of_both(cls, value: bool, others: ValidationInfo) -> bool:  # noqa: FBT001  pydantic's
        if value and others.data.get("ca") is not None:
            raise ValueError("looks at no certificate, so leave tls.ca out, or this")
        return value


class CameraConfig(Strict):
    """`cameras.<id>:`."""

    source: str = Field(
        max_length=2000,
        description="`hk://HOST[:PORT]`, `rtsp://…`, `http(s)://…` (MJPEG or a still),"
        " `rpicam:`, `v4l2:/dev/videoN`, `exec:COMMAND`, `file:PATH?loop=1&realtime=1`, `demo:`",
    )
    record_source: str | None = Field(
        None,
        max_length=2000,
        description="the camera's main stream, for recordings only; default: `source`",
    )
    still_interval: float = Field(
        1.0, ge=0.05, le=3600, description="seconds between two requests of an HTTP still"
    )
    tls: CameraTls | None = None
    redirect_hosts: tuple[Annotated[str, Field(min_length=1, max_length=255)], ...] = Field(
        (),
        max_length=10,
        description="other hosts to which an HTTP camera may redirect; the agent does not send "
        "user and password there",
    )
    power_cycle_after: int = Field(
        10, ge=1, le=1000, description="failed attempts after which `needs_power_cycle` is ON"
    )
    name: DisplayName | None = None
    area: DisplayName | None = Field(
        None,
        description="the area that Home Assistant suggests for it, such as `Garden`",
    )
    enabled: bool = True
    armed: bool = True
    privacy_mode: bool = Field(
        False,
        description="no session with the camera: the agent fetches, judges, records and shows"
        " nothing of it",
    )
    schedule: Rules | None = Field(
        None,
        description="the camera's own times, instead of the agent's `schedule`; `[]`: none",
    )
    rotate: Annotated[Literal[0, 180], BeforeValidator(_right_angle)] = 0
    flip_h: bool = False
    flip_v: bool = False
    mask: LocalPath | None = Field(
        None,
        description="8-bit grey PNG in the shape of the stored picture, scaled to its size: white"
        " is judged, black is not",
    )
    zones: dict[Identifier, Zone] = Field(
        {}, description="named polygons that are looked at or ignored"
    )
    privacy: tuple[Polygon, ...] = Field(
        (), description="polygons that are black in every picture and that the agent never judges"
    )
    analysis_fps: float = Field(
        3.0,
        gt=0,
        le=60,
        description="frames judged a second, at most; `recording.post_frames` counts them",
    )
    monitoring_interval_seconds: float = Field(
        900.0, ge=0, le=86400, description="between unconditional pictures, 0: none"
    )
    live_interval_seconds: float = Field(
        10.0,
        ge=0,
        le=3600,
        description="between live pictures over MQTT while nothing moves; 0: none, also while"
        " something moves",
    )
    max_event_seconds: float = Field(
        LONGEST_EVENT,
        ge=0,
        le=86400,
        description="a longer event ends with the reason `max_event_seconds`; if the motion goes"
        " on, the next event begins; 0: no limit",
    )
    clear_delay_seconds: float = Field(
        0.0, ge=0, le=600, description="seconds that motion stays ON after an event"
    )
    beep_on_motion: bool = True
    publish_scores: bool = Field(
        False, description="publish the score of each judged frame on `<camera>/score`, for tuning"
    )
    classify: bool = Field(
        True, description="name its events: person, vehicle, animal; needs `classify:`"
    )
    detection: DetectionConfig = DetectionConfig()
    recording: RecordingConfig = RecordingConfig()
    audio: CameraAudio = CameraAudio()

    @field_validator("audio")
    @classmethod
    def _level_of_rtsp(cls, value: CameraAudio, others: ValidationInfo) -> CameraAudio:
        recorded = others.data.get("record_source") or others.data.get("source") or ""
        if value.level and recorded and not recorded.lower().startswith("rtsp"):
            raise ValueError("level: true needs an RTSP camera as the source that is recorded")
        return value

    @field_validator("zones")
    @classmethod
    def _zones_that_know_each_other(cls, value: dict[str, Zone]) -> dict[str, Zone]:
        check_zones(value)
        return value

    @field_validator("recording")
    @classmethod
    def _original_hides_nothing(
        cls, value: RecordingConfig, others: ValidationInfo
    ) -> RecordingConfig:
        if value.format == "original" and others.data.get("privacy"):
            raise ValueError(ORIGINAL_HIDES_NOTHING)
        return value

    @field_validator("recording")
    @classmethod
    def _original_keeps_jpegs(
        cls, value: RecordingConfig, others: ValidationInfo
    ) -> RecordingConfig:
        url = str(others.data.get("record_source")).lower()
        if value.format == "original" and url.startswith("rtsp"):
            raise ValueError(
                "format: original keeps JPEGs, and an RTSP record_source sends video: use h264"
            )
        return value

    @field_validator("recording")
    @classmethod
    def _sound_of_rtsp(cls, value: RecordingConfig, others: ValidationInfo) -> RecordingConfig:
        recorded = others.data.get("record_source") or others.data.get("source") or ""
        if value.audio and others.data.get("source") and not recorded.lower().startswith("rtsp"):
            raise ValueError("audio: true needs an RTSP camera as the source that is recorded")
        if value.audio and value.format == "original":
            raise ValueError("audio: true needs another format than original, which keeps JPEGs")
        return value

    @property
    def sends_video(self) -> bool:
        """Whether `source` is of a kind that sends video, whose pictures need each other."""
        return self.source.lower().startswith((*_VIDEO, "exec:"))

    @property
    def recorded_as(self) -> str:
        """How clips are made: `camera`, `original`, or `h264` and why it is not `camera`."""
        recording = self.recording
        url = (self.record_source or self.source).lower()
        if recording.format != "camera":
            return recording.format
        if url.startswith("exec:"):
            return "h264: a program does not tell when its pictures are shown"
        if not url.startswith(_VIDEO):
            return "h264: what comes is no H.264 or H.265"
        if self.privacy:
            return "h264: privacy polygons are drawn"
        if recording.timestamp:
            return "h264: recording.timestamp: true"
        if self.flip_h != self.flip_v:
            return "h264: players do not mirror, as flip_h or flip_v alone wants it"
        return "camera"

    @field_validator("tls")
    @classmethod
    def _something_to_trust(
        cls, value: CameraTls | None, others: ValidationInfo
    ) -> CameraTls | None:
        urls = [str(others.data.get(key)).lower() for key in ("source", "record_source")]
        secured = any(url.startswith(("https:", "rtsps:")) for url in urls)
        if value is not None and not secured and "source" in others.data:
            raise ValueError("is for https: and rtsps: sources, and there is none here")
        return value

    @field_validator("record_source")
    @classmethod
    def _another_stream(cls, value: str | None, others: ValidationInfo) -> str | None:
        if value is not None and value == others.data.get("source"):
            raise ValueError("the same as source: leave it out")
        return value

    def settings(self) -> CameraSettings:
        """The run-time settings that this configuration starts from."""
        return CameraSettings(
            armed=self.armed,
            privacy=self.privacy_mode,
            pixel_threshold=self.detection.pixel_threshold,
            min_changed=self.detection.min_changed,
            max_changed=self.detection.max_changed,
            post_frames=self.recording.post_frames,
            max_event_seconds=self.max_event_seconds,
            clear_delay=self.clear_delay_seconds,
            record_on_motion=self.recording.enabled,
            beep_on_motion=self.beep_on_motion,
            publish_scores=self.publish_scores,
            monitoring_interval=self.monitoring_interval_seconds,
            live_interval=self.live_interval_seconds,
        )


#: Configuration key (below a camera) of each run-time setting, for provenance.
SETTING_KEYS = {
    "armed": "armed",
    "privacy": "privacy_mode",
    "sensitivity": "detection.sensitivity",
    "pixel_threshold": "detection.pixel_threshold",
    "min_changed": "detection.min_changed",
    "max_changed": "detection.max_changed",
    "post_frames": "recording.post_frames",
    "max_event_seconds": "max_event_seconds",
    "clear_delay": "clear_delay_seconds",
    "record_on_motion": "recording.enabled",
    "beep_on_motion": "beep_on_motion",
    "publish_scores": "publish_scores",
    "monitoring_interval": "monitoring_interval_seconds",
    "live_interval": "live_interval_seconds",
}
