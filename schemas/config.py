"""What only the operator may set: the configuration file and the environment.

Reading, merging and reporting of mistakes is `agent.configuration`; here are the keys, their
defaults and limits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas.base import ID_LIMIT, ID_PATTERN, Strict, quoted
from schemas.settings import (
    SEED_MAX_CHANGED,
    SEED_MIN_CHANGED,
    CameraSettings,
    check_limits,
)
from schemas.sizes import Size
from schemas.topics import RESERVED
from schemas.zones import Polygon, Zone

Identifier = Annotated[str, Field(pattern=ID_PATTERN, max_length=ID_LIMIT)]

#: A token is guessed at the speed of a LAN.
SHORTEST_TOKEN = 12


def _plain_topic(value: str) -> str:
    if (
        not value
        or set(value) & set("+#\0 ")
        or value.startswith(("/", "$"))
        or value.endswith("/")
    ):
        raise ValueError(f"{value!r} is no topic: no spaces, no + or #, no slash at either end")
    return value


Topic = Annotated[str, Field(max_length=200), AfterValidator(_plain_topic)]


def _no_topic(value: str) -> str:
    if value in RESERVED:
        raise ValueError(f"a camera cannot be called {value!r}: that is a topic of the agent")
    return value


CameraId = Annotated[Identifier, AfterValidator(_no_topic)]


class AgentConfig(Strict):
    """`agent:`."""

    id: Identifier | None = Field(
        None,
        description="default: the host name in small letters, `_` for all but letters and digits",
    )
    name: str | None = Field(None, max_length=60, description="shown in Home Assistant")
    state_dir: Path | None = Field(
        None,
        description="settings, event journal, store identity, spool; default:"
        " /var/lib/surveillance-agent, else ~/.local/state/surveillance-agent",
    )
    trust_clock: Literal["auto", "always"] = Field(
        "auto", description="always: purge although the kernel does not call the clock synchronised"
    )


class TlsConfig(Strict):
    """`mqtt.tls:`."""

    ca: Path | None = Field(None, description="certificate authority; default: the system's")
    cert: Path | None = Field(None, description="our own certificate")
    key: Path | None = Field(None, description="our own key")
    insecure: bool = Field(False, description="do not check the broker's host name")


class MqttConfig(Strict):
    """`mqtt:`."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = Field(None, description="instead of `password`")
    tls: TlsConfig | None = None
    base_topic: Annotated[Identifier, Field(description="first level of every topic")] = (
        "surveillance"
    )
    client_id: str | None = Field(
        None, max_length=60, description="default: from base topic, agent and machine id"
    )
    keepalive: int = Field(30, ge=5, le=600, description="seconds")
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        "auto", description="auto: 5, and 3.1.1 where the broker refuses it"
    )
    publish_images: bool = Field(True, description="pictures over MQTT")
    max_image_kb: int = Field(500, ge=20, le=10_000, description="larger pictures are scaled")

    @field_validator("host")
    @classmethod
    def _bare_host(cls, value: str) -> str:
        if "/" in value or value.count(":") == 1 or not value.strip():
            raise ValueError("a name or an address alone; the port goes to mqtt.port")
        return value

    @field_validator("password_file")
    @classmethod
    def _one_password(cls, value: Path | None, others: ValidationInfo) -> Path | None:
        if value is not None and others.data.get("password") is not None:
            raise ValueError("password and password_file are both set: keep one")
        return value


def _media_dir(value: str) -> str:
    parts = value.strip("/").split("/")
    if not all(parts) or {".", ".."} & set(parts) or set(value) & set("?#%\\\0"):
        raise ValueError(f"{value!r}: write a media folder's name, such as local/cctv")
    return "/".join(parts)


class HomeAssistantConfig(Strict):
    """`home_assistant:`."""

    discovery: bool = True
    prefix: Topic = "homeassistant"
    status_topic: Topic = "homeassistant/status"
    media_dir: Annotated[str, Field(max_length=200), AfterValidator(_media_dir)] | None = Field(
        None,
        description="where Home Assistant sees the store: a name of its `media_dirs` and the folder"
        " below it, such as `local/cctv`; then recordings carry a `media_content_id`",
    )
    arming: Literal["switch", "alarm_control_panel"] = Field(
        "switch", description="what arms a camera in Home Assistant; a panel asks for no code"
    )


def _path_text(value: object) -> object:
    """One sentence instead of one for each kind of value."""
    if not isinstance(value, str | Path | None):
        raise ValueError(f"`memory`, or a path in quotes, not {quoted(value)}")  # noqa: TRY004  pydantic's
    return value


class SpoolConfig(Strict):
    """`store.spool:`."""

    path: Annotated[Literal["memory"] | Path | None, BeforeValidator(_path_text)] = Field(
        None, description="default: state_dir/spool; `memory` spares an SD card, until a reboot"
    )
    max_size: Annotated[
        Size, Field(validate_default=True, description="beyond it the oldest events are lost")
    ] = 256 * 2**20


class StoreConfig(Strict):
    """`store:`."""

    path: Path = Field(description="a folder that exists, empty at its first use")
    adopt: Literal["auto", "manual"] = Field(
        "auto", description="manual: only `adopt-store` makes a folder the store (for a NAS)"
    )
    require_mount: bool = Field(False, description="the folder must be a mount point")
    retention_days: int = Field(4, ge=1, le=3650, description="older recordings are deleted")
    keep_free: Annotated[
        Size,
        Field(
            validate_default=True,
            description="nothing is written beyond; the oldest days are deleted for it",
        ),
    ] = 500 * 2**20
    max_size: Annotated[Size, Field(ge=2**20)] | None = Field(
        None, description="recordings take at most this; the oldest days are deleted for it"
    )
    spool: SpoolConfig = SpoolConfig()


class BeepConfig(Strict):
    """`beep:`."""

    enabled: bool = True
    sound: Path | None = Field(None, description="a WAV file; default: a generated sound")
    device: str | None = Field(None, description="part of the sound device's name")
    cooldown_seconds: float = Field(60.0, ge=0, le=86400, description="between two beeps")
    volume: float = Field(1.0, ge=0, le=1)


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
        description="judged frames from the last one with motion, the first of them, to the"
        " event's end",
    )
    timestamp: bool = Field(True, description="burn the frame's local time in")


def _right_angle(value: object) -> object:
    if str(value) not in {"0", "180"}:
        raise ValueError(f"0 or 180, not {quoted(value)}")
    return int(str(value))


class CameraTls(Strict):
    """`cameras.<id>.tls:`, for `https:` sources."""

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
    detection: DetectionConfig = DetectionConfig()
    recording: RecordingConfig = RecordingConfig()

    @field_validator("recording")
    @classmethod
    def _original_hides_nothing(
        cls, value: RecordingConfig, others: ValidationInfo
    ) -> RecordingConfig:
        if value.format == "original" and others.data.get("privacy"):
            raise ValueError(
                "format: original keeps the pictures as they are,"
                " privacy polygons cannot be blackened in them: use h264"
            )
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
        secured = any(url.startswith("https:") for url in urls)
        if value is not None and not secured and "source" in others.data:
            raise ValueError("is for https: sources, and there is none here")
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


class ReofferConfig(Strict):
    """`reoffer:`."""

    bind: str = Field("127.0.0.1", max_length=60, description="beyond loopback a token is needed")
    port: int = Field(8654, ge=1, le=65535)
    token: SecretStr | None = Field(None, description="for `?token=` or `Authorization: Bearer`")
    token_file: Path | None = Field(None, description="instead of `token`")

    @model_validator(mode="after")
    def _token_where_needed(self) -> ReofferConfig:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file are both set: keep one")
        if self.token is not None and len(self.token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"token: at least {SHORTEST_TOKEN} characters")
        named = self.token is not None or self.token_file is not None
        if not named and self.bind not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("without a token only 127.0.0.1, ::1 or localhost can be bound")
        return self


class Config(Strict):
    """The whole configuration."""

    agent: AgentConfig = AgentConfig()
    mqtt: MqttConfig = MqttConfig()
    home_assistant: HomeAssistantConfig = HomeAssistantConfig()
    store: StoreConfig | None = None
    beep: BeepConfig = BeepConfig()
    reoffer: ReofferConfig | None = None
    cameras: dict[CameraId, CameraConfig] = Field(min_length=1)
