"""The configuration of one camera: `cameras.<id>:`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas.base import Identifier, Strict, quoted
from schemas.settings import (
    SEED_MAX_CHANGED,
    SEED_MIN_CHANGED,
    CameraSettings,
    check_limits,
)
from schemas.zones import Polygon, Zone


class DetectionConfig(Strict):
    """`cameras.<id>.detection:`."""

    profile: Literal["robust", "plain", "seed"] = Field(
        "robust",
        description="robust: tells light, noise and weather from visitors; seed: the original",
    )
    pixel_threshold: int = Field(50, ge=1, le=255, description="grey levels a pixel must change")
    min_changed: float = Field(
        SEED_MIN_CHANGED, ge=0, le=100, description="% of the pixels looked at: more is motion"
    )
    max_changed: float = Field(
        SEED_MAX_CHANGED, ge=0, le=100, description="%: as much is a change of light, no motion"
    )

    @model_validator(mode="after")
    def _limits_in_order(self) -> DetectionConfig:
        check_limits(self.min_changed, self.max_changed)
        return self


class RecordingConfig(Strict):
    """`cameras.<id>.recording:`."""

    enabled: bool = True
    format: Literal["h264", "original"] = Field(
        "h264",
        description="original: the camera's own pictures in Matroska, for exact replay: nothing is"
        " encoded, no timestamp, about twelve times the size, and browsers do not play it",
    )
    pre_seconds: float = Field(1.0, ge=0, le=30, description="recorded from before the motion")
    post_frames: int = Field(
        10,
        ge=1,
        le=1000,
        description="the event ends this number of judged frames after the last one with motion,"
        " which counts, too",
    )
    timestamp: bool = Field(True, description="burn the frame's local time in")


ORIGINAL_HIDES_NOTHING = (
    "format: original keeps the pictures as they are,"
    " privacy polygons cannot be blackened in them: use h264"
)


def _right_angle(value: object) -> object:
    if str(value) not in {"0", "180"}:
        raise ValueError(f"0 or 180, not {quoted(value)}")
    return int(str(value))


class CameraTls(Strict):
    """`cameras.<id>.tls:`, for `https:` and `rtsps:` sources."""

    ca: Path | None = Field(
        None,
        description="PEM file of the camera's own certificate, or of the authority that signed it;"
        " default: public authorities",
    )
    insecure: bool = Field(
        False,
        description="believe any certificate: who stands between may read the camera's password",
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
        " `v4l2:/dev/videoN`, `file:PATH?loop=1&realtime=1`, `demo:`",
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
        description="hosts to which an HTTP camera may redirect, besides its own; user and password"
        " are not sent there",
    )
    power_cycle_after: int = Field(
        10, ge=1, le=1000, description="failed attempts after which `needs_power_cycle` is ON"
    )
    name: str | None = Field(None, max_length=60)
    enabled: bool = True
    armed: bool = True
    rotate: Annotated[Literal[0, 180], BeforeValidator(_right_angle)] = 0
    flip_h: bool = False
    flip_v: bool = False
    mask: Path | None = Field(
        None, description="8-bit grey PNG as the stored picture: white looks, black does not"
    )
    zones: dict[Identifier, Zone] = Field(
        {}, description="named polygons that are looked at or ignored"
    )
    privacy: tuple[Polygon, ...] = Field(
        (), description="polygons that are black in every picture and never judged"
    )
    analysis_fps: float = Field(3.0, gt=0, le=60, description="frames judged a second, at most")
    monitoring_interval_seconds: float = Field(
        900.0, ge=0, le=86400, description="between unconditional pictures, 0: none"
    )
    clear_delay_seconds: float = Field(
        0.0, ge=0, le=600, description="motion stays ON so long after an event"
    )
    beep_on_motion: bool = True
    publish_scores: bool = Field(
        False, description="say the score of each judged frame on `<camera>/score`, for tuning"
    )
    classify: bool = Field(
        True, description="name its events: person, vehicle, animal; where `classify:` is set"
    )
    detection: DetectionConfig = DetectionConfig()
    recording: RecordingConfig = RecordingConfig()

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
            pixel_threshold=self.detection.pixel_threshold,
            min_changed=self.detection.min_changed,
            max_changed=self.detection.max_changed,
            post_frames=self.recording.post_frames,
            clear_delay=self.clear_delay_seconds,
            record_on_motion=self.recording.enabled,
            beep_on_motion=self.beep_on_motion,
            publish_scores=self.publish_scores,
            monitoring_interval=self.monitoring_interval_seconds,
        )


#: Configuration key (below a camera) of each run-time setting, for provenance.
SETTING_KEYS = {
    "armed": "armed",
    "pixel_threshold": "detection.pixel_threshold",
    "min_changed": "detection.min_changed",
    "max_changed": "detection.max_changed",
    "post_frames": "recording.post_frames",
    "clear_delay": "clear_delay_seconds",
    "record_on_motion": "recording.enabled",
    "beep_on_motion": "beep_on_motion",
    "publish_scores": "publish_scores",
    "monitoring_interval": "monitoring_interval_seconds",
}
