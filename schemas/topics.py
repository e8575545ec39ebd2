"""Every topic name, as functions of the ids; the only place with a slash in a string."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

#: What the self test's own camera is called, and then `_` and more.
SELF_TEST = "self_test"

#: Words that are topics of the agent; a camera must not be called like one.
RESERVED = frozenset(
    {
        "availability",
        "health",
        "info",
        "error",
        "beep",
        "beep_enabled",
        "restart",
        "snooze",
        "request",
        "response",
        SELF_TEST,
    },
)

#: Operations of `<A>/request/<op>`.
OPERATIONS = (
    "snapshot",
    "overlay",
    "record",
    "keep",
    "mark",
    "propose",
    "explain",
    "live",
    "beep",
    "sound",
    "silence",
    "arm",
    "snooze",
    "settings",
    "status",
    "discovery",
    "events",
    "digest",
    SELF_TEST,
)


class _Topics(ABC):
    """What the agent and each camera have."""

    __slots__ = ()

    @property
    @abstractmethod
    def root(self) -> str:
        """What each of these topics begins with."""

    @property
    def snooze(self) -> str:
        """JSON `schemas.modes.SnoozeState`: until when, retained."""
        return f"{self.root}/snooze/state"

    @property
    def snooze_set(self) -> str:
        """Command: snooze the camera, or all cameras, for some minutes."""
        return f"{self.root}/snooze/set"

    def setting_state(self, name: str) -> str:
        """The value in force of a setting, retained."""
        return f"{self.root}/{name}/state"

    def setting_set(self, name: str) -> str:
        """Command: a new value for a setting."""
        return f"{self.root}/{name}/set"

    def response(self, noun: str) -> str:
        """The answer to a command."""
        return f"{self.root}/response/{noun}"


@dataclass(frozen=True, slots=True)
class AgentTopics(_Topics):
    """Topics of the agent itself: `<base>/<agent_id>/…`."""

    base: str
    agent_id: str

    @property
    def root(self) -> str:
        """`<A>` of the contract."""
        return f"{self.base}/{self.agent_id}"

    @property
    def availability(self) -> str:
        """`online` or `offline`, retained; also the will."""
        return f"{self.root}/availability"

    @property
    def health(self) -> str:
        """JSON `schemas.state.AgentHealth`, retained."""
        return f"{self.root}/health"

    @property
    def info(self) -> str:
        """JSON `schemas.state.AgentInfo`, retained."""
        return f"{self.root}/info"

    @property
    def error(self) -> str:
        """JSON `schemas.state.LastError`, retained."""
        return f"{self.root}/error"

    @property
    def self_test(self) -> str:
        """JSON `schemas.self_test.SelfTestResult`, retained."""
        return f"{self.root}/self_test"

    @property
    def self_test_echo(self) -> str:
        """What the self test sends through the broker to the agent itself, never retained."""
        return f"{self.root}/self_test/echo"

    @property
    def beep_play(self) -> str:
        """Command: play the sound once, or another sound: see `schemas.commands.PlayWav`."""
        return f"{self.root}/beep/play"

    @property
    def restart(self) -> str:
        """Command: stop and let the supervisor start the agent again."""
        return f"{self.root}/restart"

    def request(self, operation: str) -> str:
        """Command with a transaction."""
        return f"{self.root}/request/{operation}"

    def camera(self, camera_id: str) -> CameraTopics:
        """Topics of one camera."""
        return CameraTopics(self, camera_id)

    def discovery(self, prefix: str, camera_id: str | None = None) -> str:
        """Home Assistant's device topic of the agent, or of one of its cameras."""
        return f"{prefix}/device/{device_id(self.base, self.agent_id, camera_id)}/config"


@dataclass(frozen=True, slots=True)
class CameraTopics(_Topics):
    """Topics of one camera: `<base>/<agent_id>/<camera_id>/…`."""

    agent: AgentTopics
    camera_id: str

    @property
    def root(self) -> str:
        """`<C>` of the contract."""
        return f"{self.agent.root}/{self.camera_id}"

    @property
    def availability(self) -> str:
        """`online` or `offline`: is the camera usable, retained."""
        return f"{self.root}/availability"

    @property
    def motion(self) -> str:
        """ON | OFF, retained."""
        return f"{self.root}/motion/state"

    @property
    def motion_attributes(self) -> str:
        """JSON `schemas.state.MotionAttributes`, retained."""
        return f"{self.root}/motion/attributes"

    @property
    def motion_image(self) -> str:
        """JPEG, the best frame of the last event, retained."""
        return f"{self.root}/motion/image"

    @property
    def motion_image_meta(self) -> str:
        """JSON `schemas.state.PictureMeta` of the motion image, retained, sent before it."""
        return f"{self.root}/motion/image_meta"

    @property
    def motion_delta(self) -> str:
        """PNG, the binary image that triggered the last event, retained."""
        return f"{self.root}/motion/delta"

    @property
    def objects(self) -> str:
        """JSON `schemas.state.ObjectState`, retained; where the camera's events are named."""
        return f"{self.root}/objects"

    @property
    def event_motion(self) -> str:
        """JSON `schemas.events.MotionEvent`, never retained."""
        return f"{self.root}/event/motion"

    @property
    def event_recording(self) -> str:
        """JSON `schemas.events.RecordingEvent`, never retained."""
        return f"{self.root}/event/recording"

    @property
    def event_sound(self) -> str:
        """JSON `schemas.events.SoundEvent`, never retained; where `audio.level` is on."""
        return f"{self.root}/event/sound"

    @property
    def ha_sound(self) -> str:
        """The same as `event_sound`, for Home Assistant: sent when it is there to hear it."""
        return f"{self.root}/home_assistant/sound"

    @property
    def ha_motion(self) -> str:
        """The same as `event_motion`, for Home Assistant: sent when it is there to hear it."""
        return f"{self.root}/home_assistant/motion"

    @property
    def ha_recording(self) -> str:
        """The same as `event_recording`, for Home Assistant: sent when it is there to hear it."""
        return f"{self.root}/home_assistant/recording"

    @property
    def snapshot(self) -> str:
        """JPEG, retained."""
        return f"{self.root}/snapshot/image"

    @property
    def snapshot_meta(self) -> str:
        """JSON `schemas.state.PictureMeta` of the snapshot, retained, sent before it."""
        return f"{self.root}/snapshot/meta"

    @property
    def snapshot_take(self) -> str:
        """Command: take a picture now."""
        return f"{self.root}/snapshot/take"

    @property
    def live_image(self) -> str:
        """JPEG, the camera's picture of now, small; retained while the camera is live."""
        return f"{self.root}/live/image"

    @property
    def live_meta(self) -> str:
        """JSON `schemas.state.PictureMeta` of the live picture, retained, sent behind it."""
        return f"{self.root}/live/meta"

    @property
    def live_view(self) -> str:
        """ON | OFF: live pictures come twice a second, retained."""
        return f"{self.root}/live_view/state"

    @property
    def live_view_set(self) -> str:
        """Command: begin or end the live view."""
        return f"{self.root}/live_view/set"

    @property
    def score(self) -> str:
        """JSON `schemas.frames.FrameScore` of each judged frame, QoS 0, never retained."""
        return f"{self.root}/score"

    @property
    def overlay(self) -> str:
        """JPEG, what is looked at over the live picture, retained."""
        return f"{self.root}/overlay/image"

    @property
    def overlay_meta(self) -> str:
        """JSON `schemas.state.PictureMeta` of the overlay, retained, sent before it."""
        return f"{self.root}/overlay/meta"

    @property
    def overlay_take(self) -> str:
        """Command: draw the overlay now."""
        return f"{self.root}/overlay/take"

    @property
    def heatmap(self) -> str:
        """JPEG, where motion was today, retained."""
        return f"{self.root}/heatmap/image"

    @property
    def heatmap_meta(self) -> str:
        """JSON `schemas.state.PictureMeta` of the heat map, retained, sent before it."""
        return f"{self.root}/heatmap/meta"

    @property
    def recording(self) -> str:
        """ON | OFF: is a clip being recorded, retained."""
        return f"{self.root}/recording/state"

    @property
    def recording_last(self) -> str:
        """JSON `schemas.events.RecordingEvent`: the last clip, retained."""
        return f"{self.root}/recording/last"

    @property
    def recording_start(self) -> str:
        """Command: record a clip now."""
        return f"{self.root}/recording/start"

    @property
    def settings_reset(self) -> str:
        """Command: give all settings back to the configuration."""
        return f"{self.root}/settings/reset"

    @property
    def recording_keep(self) -> str:
        """Command: spare the last event's files when old ones are deleted."""
        return f"{self.root}/recording/keep"

    @property
    def false_alarm_mark(self) -> str:
        """Command: the last event was a false alarm."""
        return f"{self.root}/false_alarm/mark"

    @property
    def proposal(self) -> str:
        """JSON `schemas.proposal.Proposal`, retained."""
        return f"{self.root}/proposal"

    @property
    def store_anchor(self) -> str:
        """JSON `schemas.state.StoreAnchor`, retained."""
        return f"{self.root}/store/anchor"

    @property
    def schedule(self) -> str:
        """JSON `schemas.modes.ScheduleState`, retained."""
        return f"{self.root}/schedule"

    @property
    def health(self) -> str:
        """JSON `schemas.state.CameraHealth`, retained."""
        return f"{self.root}/health"


def device_id(base: str, agent_id: str, camera_id: str | None = None) -> str:
    """Home Assistant's device identifier; ids have no `__`, so it keeps them apart."""
    parts = [base, agent_id] if camera_id is None else [base, agent_id, camera_id]
    return "__".join(parts)


def component_topic(prefix: str, platform: str, owner: str, key: str) -> str:
    """Home Assistant's topic of a single entity; `owner` is its device's identifier."""
    return f"{prefix}/{platform}/{owner}/{key}/config"


def unique_id(base: str, agent_id: str, camera_id: str | None, key: str) -> str:
    """Home Assistant's key for one entity: never changes after release."""
    return f"{device_id(base, agent_id, camera_id)}__{key}"
