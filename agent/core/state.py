"""The engine's state: what the agent knows and has decided. Frozen; replaced, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from agent.core.anchors import CameraAnchor
from agent.core.messages import AudioState, BrokerDown, CameraState, Detection, StoreState
from agent.core.named import Label, Named
from agent.core.orders import VisionSettings
from agent.core.problem import Problem
from agent.core.stats import CameraStats, ClassifyStats, MqttStats, StoreStats, VisionStats
from agent.core.time_allowance import Costs
from schemas.commands import ErrorCode, ReplyTo
from schemas.settings import (
    AgentSettings,
    CameraSettings,
    Provenance,
    StoredSettings,
    StoredValue,
    provenance_of,
    setting_names,
)
from schemas.state import LastError, MotionAttributes, ObjectState, PictureMeta
from schemas.topics import AgentTopics, CameraTopics


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """What the configuration says about one camera; `in_file` names the settings it sets.

    `scheme` and `record_scheme` are those of its sources: what helps depends on them.
    """

    camera_id: str
    base: CameraSettings
    in_file: frozenset[str] = frozenset()
    power_cycle_after: int = 10  # failed attempts in a row
    scheme: str = "hk"
    record_scheme: str = ""
    analysis_fps: float = 3.0  # frames judged a second, at most
    classify: str | None = None  # name of the network that names its events; None: nobody does


@dataclass(frozen=True, slots=True)
class Setup:
    """What does not change while the agent runs.

    `birth_delay` is the pause in seconds between Home Assistant's birth and our answer; the shell
    draws it at random from 1..5 s, so that a house full of agents does not answer at once.
    """

    topics: AgentTopics
    name: str
    version: str
    started_utc: datetime
    cameras: tuple[CameraSetup, ...]
    agent_base: AgentSettings = field(default_factory=AgentSettings)
    beep_cooldown: float = 60.0
    publish_images: bool = True
    media_dir: str | None = None
    birth_delay: float = 1.0


class Now(NamedTuple):
    """The time of an input: monotonic seconds and aware UTC; made for each frame."""

    at: float
    utc: datetime


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What the machine says about itself; None where it does not."""

    memory_mib: float | None = None
    cpu_temp_c: float | None = None
    load1: float | None = None
    clock_synchronised: bool = True
    descriptors: int | None = None  # open ones
    most_descriptors: int | None = None


@dataclass(frozen=True, slots=True)
class Gauges:
    """The counters of all owners, gathered by the shell for one `Tick`."""

    cameras: Mapping[str, CameraStats] = field(default_factory=dict)
    recording: Mapping[str, CameraStats] = field(default_factory=dict)  # streams for recording
    vision: Mapping[str, VisionStats] = field(default_factory=dict)
    costs: Mapping[str, Costs] = field(default_factory=dict)
    store: StoreStats = field(default_factory=StoreStats)
    mqtt: MqttStats = field(default_factory=MqttStats)
    classify: ClassifyStats | None = None  # None: there is no classifier
    mailboxes: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # name: depth, dropped
    restarts: Mapping[str, int] = field(default_factory=dict)
    silent: tuple[str, ...] = ()  # workers without a beat
    hung: tuple[str, ...] = ()  # workers that were left alone, another one runs for each
    host: HostFigures = field(default_factory=HostFigures)
    aims: Mapping[str, str] = field(default_factory=dict)  # why one is not in force, or not whole


@dataclass(frozen=True, slots=True)
class Tick:
    """A second has passed."""

    gauges: Gauges


@dataclass(frozen=True, slots=True)
class Stopping:
    """The process is told to end: say farewell."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Cameras and store have ended; the broker hears the last of what they counted."""

    gauges: Gauges


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is published, with its description."""

    meta: PictureMeta
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MotionNow:
    """The running event."""

    event_id: str
    started_utc: datetime
    detection: Detection
    peak: Detection
    recorded: bool


@dataclass(frozen=True, slots=True)
class Naming:
    """An event that the classifier is asked about.

    Attributes:
        event_id: the event.
        until: monotonic seconds; without an answer until then it is said to be `unknown`.
        detection: what started it.
        named: its name so far; None: no answer yet.
        said: the label that was told last; None: none.
        running: the event has not ended.
    """

    event_id: str
    until: float
    detection: Detection
    named: Named | None = None
    said: Label | None = None
    running: bool = True


@dataclass(frozen=True, slots=True)
class Watch:
    """What the owners had counted when a frame of a live and armed camera last got a verdict.

    Attributes:
        since: monotonic seconds.
        frames: delivered by the source.
        judged: with a verdict.
        unjudged: why no later frame got one, once that took too long; empty: all is well.
    """

    since: float
    frames: int
    judged: int
    unjudged: str = ""


@dataclass(frozen=True, slots=True)
class CameraNow:
    """Everything about one camera."""

    setup: CameraSetup
    topics: CameraTopics
    settings: CameraSettings
    stored: Mapping[str, StoredValue]
    link: CameraState | None = None
    link_utc: datetime | None = None
    recording_link: CameraState | None = None  # of the recording stream, where there is one
    recording_link_utc: datetime | None = None
    failed_attempts: int = 0  # in a row, since frames came; only those that power may cure
    watch: Watch | None = None  # None: nothing has to be judged now
    session_log: str | None = None  # of the last session that failed
    motion: MotionNow | None = None
    clip: str | None = None  # id of the clip on demand that is being recorded
    motion_shown: bool = False
    motion_off_at: float | None = None
    attributes: MotionAttributes | None = None
    snapshot: Picture | None = None
    overlay: Picture | None = None
    heatmap: Picture | None = None
    motion_picture: Picture | None = None
    namings: tuple[Naming, ...] = ()  # oldest first, the running event's last
    objects: ObjectState | None = None  # None: no event was named yet
    delta: bytes | None = field(default=None, repr=False)
    anchor: CameraAnchor | None = None  # of its days in the store
    motion_seq: int = 0
    recording_seq: int = 0
    events: int = 0
    suppressed: int = 0
    saved: int = 0
    failed: int = 0
    last_motion_utc: datetime | None = None
    last_suppressed: str | None = None
    last_snapshot_at: float = -1e9

    @property
    def camera_id(self) -> str:
        """The camera's id."""
        return self.setup.camera_id

    @property
    def live(self) -> bool:
        """True while frames come."""
        return self.link is not None and self.link.code == "live"

    @property
    def needs_power_cycle(self) -> bool:
        """True when so many attempts failed that only pulling the plug may help."""
        return self.failed_attempts >= self.setup.power_cycle_after

    def provenance(self) -> dict[str, Provenance]:
        """Where each setting's value comes from."""
        return {
            name: provenance_of(
                self.stored[name].since if name in self.stored else None,
                in_file=name in self.setup.in_file,
            )
            for name in setting_names(CameraSettings)
        }

    def vision_settings(self) -> VisionSettings:
        """The part of the settings that vision needs."""
        return vision_settings(self.settings)


def vision_settings(settings: CameraSettings) -> VisionSettings:
    """The part of a camera's settings that vision needs."""
    return VisionSettings(
        armed=settings.armed,
        pixel_threshold=settings.pixel_threshold,
        min_changed=settings.min_changed,
        max_changed=settings.max_changed,
        post_frames=settings.post_frames,
        record=settings.record_on_motion,
        monitoring_interval=settings.monitoring_interval,
        scores=settings.publish_scores,
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """A command whose answer is still to come from an owner."""

    reply: ReplyTo
    until: float
    code: ErrorCode  # if nothing comes


@dataclass(frozen=True, slots=True)
class AgentNow:
    """Everything."""

    setup: Setup
    cameras: Mapping[str, CameraNow]
    settings: AgentSettings
    stored: Mapping[str, StoredValue] = field(default_factory=dict)
    connected: bool = False
    protocol: str = ""
    trouble: BrokerDown | None = None  # why there was no broker the last time
    trouble_utc: datetime | None = None
    announce_at: float | None = None
    store: StoreState | None = None
    repairs: int = 0
    audio: AudioState | None = None
    picture_limit: int | None = None  # what vision was told of it
    beeps: int = 0
    beep_at: float = -1e9
    beep_command_at: float = -1e9
    discovery_at: float = -1e9
    saved_at: float = -1e9  # the settings file
    unsaved: bool = False
    pending: Mapping[str, Pending] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    refusals_since: float = -1e9  # the minute in which so many refusals were logged
    refusals_logged: int = 0
    gauges: Gauges = field(default_factory=Gauges)
    health_at: float = -1e9
    alive_at: float | None = None
    problems: tuple[Problem, ...] = ()
    words: tuple[str, ...] = ()  # of health: where the owners stand
    error: LastError | None = None
    recordings: tuple[str, ...] = ()  # of whose end was told, newest last
    error_owner: str = ""  # id of the camera that it is about

    def with_camera(self, camera: CameraNow) -> AgentNow:
        """The state with one camera replaced."""
        return replace(self, cameras={**self.cameras, camera.camera_id: camera})

    def stored_settings(self) -> StoredSettings:
        """What the settings file is to say."""
        return StoredSettings(
            agent=dict(self.stored),
            cameras={c.camera_id: dict(c.stored) for c in self.cameras.values() if c.stored},
        )
