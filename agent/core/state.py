"""The engine's state: what the agent knows and has decided. Frozen; replaced, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from agent.core.anchors import CameraAnchor
from agent.core.event_label import Label, Named
from agent.core.messages import AudioState, BrokerDown, CameraState, Detection, StoreState
from agent.core.orders import VisionSettings
from agent.core.problem import Problem
from agent.core.recordings import RecordingSaved
from agent.core.schedule import Planned, Schedule
from agent.core.snooze_clock import Snoozed
from agent.core.stats import CameraStats, ClassifyStats, MqttStats, StoreStats, VisionStats
from agent.core.time_allowance import Costs
from agent.core.trusted_clock import TrustedClock
from schemas.commands import ErrorCode, ReplyTo
from schemas.events import RecordingEvent
from schemas.modes import ScheduledValue, StoredModes
from schemas.proposal import Proposal
from schemas.self_test import SelfTestResult
from schemas.settings import (
    AgentSettings,
    CameraSettings,
    Provenance,
    StoredSettings,
    StoredValue,
    idle_settings,
    numbers_behind,
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
    recorded_as: str = ""  # see `CameraHealth`
    profile: str = "robust"  # of the detector
    hides: str = ""  # the parts of its pictures that are blackened, as a text
    schedule: Schedule = field(default_factory=Schedule)

    @property
    def shown(self) -> tuple[str, ...]:
        """The run-time settings that do something here."""
        idle = idle_settings(self.profile)
        return tuple(name for name in setting_names(CameraSettings) if name not in idle)


@dataclass(frozen=True, slots=True)
class Setup:
    """What does not change while the agent runs.

    `birth_delay` is the pause in seconds between Home Assistant's birth and our answer. The shell
    draws it at random from 1..5 s, so that the agents of a house do not all answer together.
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
    self_test_at: str | None = None  # local time; None: on command only
    trust_clock: bool = False  # also while the kernel does not call it synchronised


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
    verdicts_lost: int = 0  # blocks of the log that the disk did not take
    aims: Mapping[str, str] = field(default_factory=dict)  # why one is not in force, or not whole


@dataclass(frozen=True, slots=True)
class Tick:
    """A second has passed."""

    gauges: Gauges


@dataclass(frozen=True, slots=True)
class Stopping:
    """The process must end: say farewell."""


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
        said: the label that was published last; None: none.
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
    live_until: float | None = None  # monotonic seconds; None: nobody looks
    last_clip: RecordingEvent | None = None  # since the agent's start
    snapshot: Picture | None = None
    overlay: Picture | None = None
    heatmap: Picture | None = None
    motion_picture: Picture | None = None
    picture_said_at: float | None = None  # frame time of the last published one
    picture_waits: bool = False  # it is better, and not published yet
    namings: tuple[Naming, ...] = ()  # oldest first, the running event's last
    objects: ObjectState | None = None  # None: no event was named yet
    delta: bytes | None = field(default=None, repr=False)
    anchor: CameraAnchor | None = None  # of its days in the store
    motion_seq: int = 0
    recording_seq: int = 0
    sound_seq: int = 0
    events: int = 0
    suppressed: int = 0
    saved: int = 0
    failed: int = 0
    last_saved: RecordingSaved | None = None
    marks: frozenset[str] = frozenset()  # false alarms since a proposal was last asked for
    proposal: Proposal | None = None
    last_motion_utc: datetime | None = None
    last_suppressed: str | None = None
    last_snapshot_at: float = -1e9
    scheduled: Mapping[str, ScheduledValue] = field(default_factory=dict)  # by setting
    plan: Mapping[str, Planned] = field(default_factory=dict)  # of the schedule, at the last look
    unsure: frozenset[str] = frozenset()  # settings of commands while the clock was unsure
    snooze: Snoozed | None = None

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
        """True after the number of failed attempts at which only pulling the plug may help."""
        return self.failed_attempts >= self.setup.power_cycle_after

    def provenance(self) -> dict[str, Provenance]:
        """Where the value of each setting that does something here comes from."""
        return {
            name: provenance_of(self._since(name), in_file=name in self.setup.in_file)
            for name in self.setup.shown
        }

    def _since(self, name: str) -> datetime | None:
        """When a command last set it; of `sensitivity`, one of its numbers."""
        times = [self.stored[it].since for it in numbers_behind({name: None}) if it in self.stored]
        return max(times, default=None)

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
        max_event_seconds=settings.max_event_seconds,
        record=settings.record_on_motion,
        monitoring_interval=settings.monitoring_interval,
        scores=settings.publish_scores,
        private=settings.privacy,
        live_interval=settings.live_interval,
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """A command whose answer is still to come from an owner."""

    reply: ReplyTo
    until: float
    code: ErrorCode  # if nothing comes
    within: float  # seconds, as it is said


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
    picture_limit: int | None = None  # the limit that vision has
    beeps: int = 0
    sounds: int = 0
    sounds_failed: int = 0
    play_at: float = -1e9
    beep_at: float = -1e9
    beep_command_at: float = -1e9
    discovery_at: float = -1e9
    saved_at: float = -1e9  # the settings file
    unsaved: bool = False
    pending: Mapping[str, Pending] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    refusals_since: float = -1e9  # the minute to which the number of refusals belongs
    refusals_logged: int = 0
    gauges: Gauges = field(default_factory=Gauges)
    health_at: float = -1e9
    alive_at: float | None = None
    problems: tuple[Problem, ...] = ()
    words: tuple[str, ...] = ()  # of health: where the owners stand
    error: LastError | None = None
    recordings: tuple[str, ...] = ()  # those whose end was reported, newest last
    error_owner: str = ""  # id of the camera that it is about
    self_test: SelfTestResult | None = None  # None: its thread has not said yet what it knows
    self_test_at: datetime | None = None  # when the next one is planned
    self_test_begun_at: float = -1e9
    clock: TrustedClock = field(default_factory=TrustedClock)
    schedules_due: datetime | None = None  # UTC; None: they are to be looked at
    schedules_seen: datetime | None = None  # UTC
    saved_modes: StoredModes = field(default_factory=StoredModes)
    absent: StoredSettings = field(default_factory=StoredSettings)  # of cameras that may come back
    absent_modes: StoredModes = field(default_factory=StoredModes)  # likewise
    absent_anchors: Mapping[str, CameraAnchor] = field(default_factory=dict)
    absent_proposals: Mapping[str, Proposal] = field(default_factory=dict)

    def with_camera(self, camera: CameraNow) -> AgentNow:
        """The state with one camera replaced."""
        return replace(self, cameras={**self.cameras, camera.camera_id: camera})

    def stored_settings(self) -> StoredSettings:
        """What the settings file is to say."""
        here = {c.camera_id: dict(c.stored) for c in self.cameras.values() if c.stored}
        return StoredSettings(agent=dict(self.stored), cameras={**self.absent.cameras, **here})

    def stored_modes(self) -> StoredModes:
        """What the file of the modes is to say."""
        cameras, absent = self.cameras.values(), self.absent_modes
        schedule = {c.camera_id: dict(c.scheduled) for c in cameras if c.scheduled}
        snoozes = {c.camera_id: c.snooze.stored() for c in cameras if c.snooze}
        unsure = {c.camera_id: sorted(c.unsure) for c in cameras if c.unsure}
        return StoredModes(
            schedule={**absent.schedule, **schedule},
            snoozes={**absent.snoozes, **snoozes},
            unsure={**absent.unsure, **unsure},
        )
