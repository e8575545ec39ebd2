"""What only the operator may set: the configuration file and the environment.

Reading, merging and reporting of mistakes is `agent.config.loader`; here are the keys, their
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

from schemas.base import (
    BindAddress,
    DisplayName,
    HostName,
    Identifier,
    LocalPath,
    Strict,
    local,
    quoted,
)
from schemas.camera_config import CameraConfig
from schemas.page_config import SHORTEST_TOKEN as SHORTEST_TOKEN  # noqa: PLC0414  a limit of both
from schemas.page_config import PageConfig
from schemas.schedule_config import Location, Rule, Rules
from schemas.self_test import SelfTestConfig
from schemas.sizes import Size
from schemas.topics import RESERVED, SELF_TEST


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
    words = None
    if value in RESERVED:
        words = "that is a topic of the agent"
    elif value.startswith(f"{SELF_TEST}_"):
        words = "names that begin like that belong to the self test"
    if words is not None:
        raise ValueError(f"a camera cannot be called {value!r}: {words}; choose another name")
    return value


CameraId = Annotated[Identifier, AfterValidator(_no_topic)]


class AgentConfig(Strict):
    """`agent:`."""

    id: Identifier | None = Field(
        None,
        description="default: the host name in small letters, with `_` for all other characters",
    )
    name: DisplayName | None = Field(None, description="shown in Home Assistant")
    state_dir: LocalPath | None = Field(
        None,
        description="settings, event journal, store identity, spool; default:"
        " /var/lib/surveillance-agent, else ~/.local/state/surveillance-agent",
    )
    trust_clock: Literal["auto", "always"] = Field(
        "auto",
        description="always: delete old days and follow schedules also while the kernel does not "
        "call the clock synchronised",
    )
    memory_max: Annotated[Size, Field(ge=2**28)] | None = Field(
        None,
        description="memory of the whole agent, which limits the cameras' pictures. Default: "
        "the limit that systemd or Docker set, else half of the machine's memory "
        "and at least 512 MiB",
    )


class TlsConfig(Strict):
    """`mqtt.tls:`."""

    ca: LocalPath | None = Field(None, description="certificate authority; default: the system's")
    cert: LocalPath | None = Field(None, description="our own certificate")
    key: LocalPath | None = Field(None, description="our own key")
    insecure: bool = Field(False, description="do not check the broker's host name")


def _five(value: object) -> object:
    """A number in YAML is the one of that name."""
    return str(value) if type(value) is int else value


class MqttConfig(Strict):
    """`mqtt:`."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    password_file: LocalPath | None = Field(None, description="instead of `password`")
    tls: TlsConfig | None = None
    base_topic: Annotated[Identifier, Field(description="first level of every topic")] = (
        "surveillance"
    )
    client_id: str | None = Field(
        None,
        max_length=60,
        description="default: base topic, agent, and 20 digits that differ for each machine",
    )
    keepalive: int = Field(30, ge=5, le=600, description="seconds")
    protocol: Annotated[Literal["auto", "5", "3.1.1"], BeforeValidator(_five)] = Field(
        "auto", description="auto: 5, and 3.1.1 if the broker refuses it"
    )
    obey_retained: bool = Field(
        False,
        description="obey a command with the retain flag (MQTT 5). A bridge sends such commands"
        " of any age at each connection",
    )
    publish_images: bool = Field(True, description="pictures over MQTT")
    max_image_kb: int = Field(500, ge=20, le=10_000, description="larger pictures are scaled")

    @field_validator("host")
    @classmethod
    def _bare_host(cls, value: str) -> str:
        bare = value.strip()
        if bare.startswith("[") and bare.endswith("]"):  # an address of IPv6, as in a URL
            bare = bare[1:-1]
        if not bare or set("/[]") & set(bare) or bare.count(":") == 1:
            raise ValueError("a name or an address alone; the port goes to mqtt.port")
        return bare

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
    discovery_format: Literal["device", "components"] = Field(
        "device",
        description="device: one message for each device. components: one for each entity, for"
        " readers that know no device message, such as openHAB before February 2026",
    )
    prefix: Topic = "homeassistant"
    status_topic: Topic = "homeassistant/status"
    media_dir: Annotated[str, Field(max_length=200), AfterValidator(_media_dir)] | None = Field(
        None,
        description="the store's place in Home Assistant: a name of its `media_dirs` and the "
        "folder below it, such as `local/cctv`. Then recordings have a "
        "`media_content_id`",
    )
    arming: Literal["switch", "alarm_control_panel"] = Field(
        "switch",
        description="the entity that arms a camera in Home Assistant; the panel asks for no code",
    )

    @property
    def discovery_topics(self) -> str | None:
        """How the topics of discovery begin; None: there are none."""
        if not self.discovery:
            return None
        return f"{self.prefix}/device/" if self.discovery_format == "device" else f"{self.prefix}/"


def _path_text(value: object) -> object:
    """One sentence instead of one for each kind of value."""
    if not isinstance(value, str | Path | None):
        raise ValueError(f"`memory`, or a path in quotes, not {quoted(value)}")  # noqa: TRY004  pydantic's
    return local(value)


class SpoolConfig(Strict):
    """`store.spool:`."""

    path: Annotated[Literal["memory"] | Path | None, BeforeValidator(_path_text)] = Field(
        None,
        description="default: state_dir/spool; `memory` spares an SD card, but loses the "
        "spool at a reboot",
    )
    max_size: Annotated[
        Size, Field(validate_default=True, description="if it is full, the oldest events are lost")
    ] = 256 * 2**20


class StoreConfig(Strict):
    """`store:`."""

    path: LocalPath = Field(description="a folder that exists, empty at its first use")
    adopt: Literal["auto", "manual"] = Field(
        "auto", description="manual: only `adopt-store` makes a folder the store (for a NAS)"
    )
    require_mount: bool = Field(False, description="the folder must be a mount point")
    retention_days: int = Field(4, ge=1, le=3650, description="older recordings are deleted")
    keep_free: Annotated[
        Size,
        Field(
            validate_default=True,
            description="free space that always stays; the agent deletes the oldest days for it",
        ),
    ] = 500 * 2**20
    max_size: Annotated[Size, Field(ge=2**20)] | None = Field(
        None, description="space for recordings, at most; the agent deletes the oldest days for it"
    )
    file_mode: Literal["private", "group", "umask"] = Field(
        "private",
        description="rights of new files and folders. `private`: the agent writes, its group "
        "reads. `group`: both read and write, for the users of a share. `umask`: "
        "the umask with which the agent was started",
    )
    anchor_key: str | None = Field(
        None,
        min_length=1,
        description="signs the published anchors for `verify --against`. `auto` makes "
        "`anchor.key` in the state folder, else the path of a file with 16 bytes or"
        " more",
    )
    spool: SpoolConfig = SpoolConfig()


class BeepConfig(Strict):
    """`beep:`."""

    enabled: bool = True
    sound: LocalPath | None = Field(None, description="a WAV file; default: a generated sound")
    device: str | None = Field(None, description="part of the sound device's name")
    cooldown_seconds: float = Field(60.0, ge=0, le=86400, description="between two beeps")
    volume: float = Field(1.0, ge=0, le=1)
    play_from: tuple[HostName, ...] | None = Field(
        None,
        description="hosts from which `play` may fetch sounds. Default: any, but not this machine"
        " and no link-local address; `[]`: none",
    )


class ReofferConfig(Strict):
    """`reoffer:`."""

    bind: BindAddress = Field("127.0.0.1", description="addresses other than loopback need a token")
    port: int = Field(8654, ge=1, le=65535)
    token: SecretStr | None = Field(None, description="for `?token=` or `Authorization: Bearer`")
    token_file: LocalPath | None = Field(None, description="instead of `token`")

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


class ClassifyConfig(Strict):
    """`classify:`. Without it no event is named."""

    model: LocalPath = Field(
        description="the network's file: the path that `surveillance-agent model add` printed, "
        "or your own network (`.onnx`: YOLOX, `.pb` with its `.pbtxt`: SSD)"
    )
    labels: LocalPath | None = Field(
        None, description="for your own network: a file with its words, one a line; `van: vehicle`"
    )
    min_score: float = Field(
        0.6,
        ge=0.1,
        le=0.99,
        description="the score that names an event immediately; YOLOX: two thirds of it are "
        "enough with a second picture",
    )


def _placed(where: str, rules: Rules, others: ValidationInfo) -> None:
    found = next((rule.at for rule in rules if rule.of_the_sun), None)
    if found is not None and others.data.get("location", 0) is None:
        raise ValueError(
            f"{where}{found!r} needs a place: add `location: {{latitude: 52.52, longitude: 13.40}}`"
            " with your own numbers"
        )


class Config(Strict):
    """The whole configuration."""

    agent: AgentConfig = AgentConfig()
    mqtt: MqttConfig = MqttConfig()
    home_assistant: HomeAssistantConfig = HomeAssistantConfig()
    store: StoreConfig | None = None
    beep: BeepConfig = BeepConfig()
    reoffer: ReofferConfig | None = None
    classify: ClassifyConfig | None = None
    page: PageConfig | None = None
    self_test: SelfTestConfig = SelfTestConfig()
    location: Location | None = Field(None, description="for sunrise and sunset in schedules")
    schedule: Rules = Field(
        (),
        description="times at which something changes, of cameras without their own; at most 100",
    )
    cameras: dict[CameraId, CameraConfig] = Field(min_length=1)

    def rules_of(self, camera: str) -> tuple[Rule, ...]:
        """The times that hold for a camera: its own, else the agent's."""
        own = self.cameras[camera].schedule
        return self.schedule if own is None else own

    @field_validator("schedule")
    @classmethod
    def _where_the_sun_rises(cls, value: Rules, others: ValidationInfo) -> Rules:
        _placed("", value, others)
        return value

    @field_validator("cameras")
    @classmethod
    def _where_it_rises_for_cameras(
        cls, value: dict[str, CameraConfig], others: ValidationInfo
    ) -> dict[str, CameraConfig]:
        for name, camera in value.items():
            _placed(f"{name}.schedule: ", camera.schedule or (), others)
        return value
