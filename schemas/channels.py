"""Every topic with what travels on it: the table behind AsyncAPI, the docs and the test observer.

`{base}`, `{agent}`, `{camera}`, `{setting}` and `{noun}` stand for one level each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas import commands, events, frames, modes, proposal, self_test, state
from schemas.base import Strict
from schemas.settings import AgentSettings, CameraSettings, setting_names
from schemas.topics import AgentTopics

AGENT = AgentTopics("{base}", "{agent}")
CAMERA = AGENT.camera("{camera}")

Media = Literal["text/plain", "application/json", "image/jpeg", "image/png"]

ON_OFF = ("ON", "OFF")
LINK = ("online", "offline")
PRESS = ("PRESS",)


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic, or one for each camera, setting or answer.

    Attributes:
        name: its id in the AsyncAPI document.
        topic: with placeholders.
        summary: one line for people.
        media: content type of the payload.
        model: the payload's schema, where it is JSON; for commands without the transaction.
        words: the payload's words, where it is text with a fixed set of them.
        retained: kept by the broker.
        qos: 0 for pictures, else 1.
        command: travels to the agent.
    """

    name: str
    topic: str
    summary: str
    media: Media = "text/plain"
    model: type[Strict] | None = None
    words: tuple[str, ...] = ()
    retained: bool = True
    qos: int = 1
    command: bool = False


def _json(
    name: str, topic: str, model: type[Strict], summary: str, *, kept: bool = True
) -> Channel:
    return Channel(name, topic, summary, "application/json", model, retained=kept)


def _picture(name: str, topic: str, summary: str, media: Media = "image/jpeg") -> Channel:
    return Channel(name, topic, summary, media, qos=0)


def _command(
    name: str,
    topic: str,
    summary: str,
    model: type[Strict] | None = None,
    words: tuple[str, ...] = (),
) -> Channel:
    media: Media = "text/plain" if words or model is None else "application/json"
    return Channel(name, topic, summary, media, model, words, retained=False, command=True)


#: Of each operation of `request/<operation>`: what it takes, and a line about it.
REQUESTS: dict[str, tuple[type[Strict], str]] = {
    "snapshot": (commands.TakeSnapshot, "a picture now"),
    "overlay": (commands.TakeOverlay, "mask, zones and last motion over a picture, now"),
    "record": (commands.RecordNow, "a clip of some seconds now, also without motion"),
    "keep": (commands.KeepRecording, "the agent does not delete this event's files"),
    "mark": (commands.MarkMistake, "an event was a false alarm, or its label was wrong"),
    "propose": (commands.Propose, "propose a change that would avoid the marked false alarms"),
    "explain": (commands.Explain, "why there was, or was not, an event at some moment"),
    "live": (commands.ShowLive, "live pictures twice a second for some time; 0 s ends it"),
    "beep": (commands.PlayBeep, "play the sound once"),
    "sound": (commands.PlaySound, "play a WAV file from a URL"),
    "silence": (commands.Silence, "end the sound that `play` began"),
    "arm": (commands.SetSetting, 'arm or disarm: `{"camera": …, "value": true}`'),
    "snooze": (
        commands.Snooze,
        "notifications and beep rest for some minutes; without `camera`: of all cameras",
    ),
    "settings": (
        commands.PatchSettings,
        "several settings, all or nothing; `null` resets one to the configuration",
    ),
    "status": (commands.GetStatus, "the agent's health as the answer"),
    "discovery": (commands.SendDiscovery, "publish discovery and all states again"),
    "self_test": (commands.RunSelfTest, "a drawn visitor goes the whole way, marked as a test"),
    "events": (commands.GetEvents, "the motion events after number `since`, at most 100"),
    "digest": (commands.GetDigest, "counts and the three best pictures of the last hours"),
}

STATES = (
    Channel(
        "availability", AGENT.availability, "whether the agent is there; also its will", words=LINK
    ),
    _json("health", AGENT.health, state.AgentHealth, "each 60 s and on change"),
    _json("info", AGENT.info, state.AgentInfo, "facts that do not change while the agent runs"),
    _json("error", AGENT.error, state.LastError, "the last error; code `ok` when it is over"),
    _json(
        "selfTest",
        AGENT.self_test,
        self_test.SelfTestResult,
        "the self test that runs, or the last one: result, duration and where it broke",
    ),
    Channel(
        "agentSetting",
        AGENT.setting_state("{setting}"),
        f"value in force of {', '.join(setting_names(AgentSettings))}",
    ),
    _json("snooze", AGENT.snooze, modes.SnoozeState, "until when all cameras are snoozed"),
    Channel(
        "cameraAvailability",
        CAMERA.availability,
        "online while frames come, and in privacy mode",
        words=LINK,
    ),
    Channel("motion", CAMERA.motion, "whether there is motion", words=ON_OFF),
    _json(
        "motionAttributes",
        CAMERA.motion_attributes,
        state.MotionAttributes,
        "the running or last event",
    ),
    _json(
        "objects",
        CAMERA.objects,
        state.ObjectState,
        "what moves now, and what moved last; only with `classify`",
    ),
    _json(
        "motionImageMeta",
        CAMERA.motion_image_meta,
        state.PictureMeta,
        "description of the picture, directly after it",
    ),
    _picture("motionImage", CAMERA.motion_image, "best frame of the last event, for a day"),
    _picture(
        "motionDelta", CAMERA.motion_delta, "the pixels that made the last event", "image/png"
    ),
    _json(
        "snapshotMeta",
        CAMERA.snapshot_meta,
        state.PictureMeta,
        "description of the picture, directly after it",
    ),
    _picture("snapshot", CAMERA.snapshot, "last picture on demand or by the interval, for a day"),
    _json(
        "overlayMeta",
        CAMERA.overlay_meta,
        state.PictureMeta,
        "description of the picture, directly after it",
    ),
    _picture("overlay", CAMERA.overlay, "mask, zones and last motion over the picture, for a day"),
    _json(
        "heatmapMeta",
        CAMERA.heatmap_meta,
        state.PictureMeta,
        "description of the picture, directly after it",
    ),
    _picture("heatmap", CAMERA.heatmap, "where motion was today, for a day"),
    _json(
        "liveMeta",
        CAMERA.live_meta,
        state.PictureMeta,
        "description of the picture, directly after it",
    ),
    _picture("live", CAMERA.live_image, "the camera's picture of now, small"),
    Channel(
        "liveView", CAMERA.live_view, "whether live pictures come twice a second", words=ON_OFF
    ),
    Channel("recording", CAMERA.recording, "whether a clip is recorded now", words=ON_OFF),
    _json(
        "lastClip", CAMERA.recording_last, events.RecordingEvent, "the last recording event, again"
    ),
    _json("cameraHealth", CAMERA.health, state.CameraHealth, "each 60 s and on change"),
    _json(
        "proposal",
        CAMERA.proposal,
        proposal.Proposal,
        "what would spare marked false alarms, and what it would cost",
    ),
    _json(
        "storeAnchor",
        CAMERA.store_anchor,
        state.StoreAnchor,
        "how far the manifests in the store reach, for `verify --against`; at most once a minute",
    ),
    _json(
        "schedule",
        CAMERA.schedule,
        modes.ScheduleState,
        "what is in force, who set it, and until when",
    ),
    _json("cameraSnooze", CAMERA.snooze, modes.SnoozeState, "until when the camera is snoozed"),
    Channel("cameraSetting", CAMERA.setting_state("{setting}"), "value in force of a setting"),
)

EVENTS = (
    _json(
        "motionEvent",
        CAMERA.event_motion,
        events.MotionEvent,
        "motion_started, motion_classified, motion_ended, motion_suppressed",
        kept=False,
    ),
    _json(
        "recordingEvent",
        CAMERA.event_recording,
        events.RecordingEvent,
        "recording_saved, recording_failed",
        kept=False,
    ),
    _json(
        "soundEvent",
        CAMERA.event_sound,
        events.SoundEvent,
        "sound_heard, where audio.level is on",
        kept=False,
    ),
    _json(
        "homeAssistantSound",
        CAMERA.ha_sound,
        events.SoundEvent,
        "likewise",
        kept=False,
    ),
    _json(
        "homeAssistantMotion",
        CAMERA.ha_motion,
        events.MotionEvent,
        "the same event again, when Home Assistant is there",
        kept=False,
    ),
    _json(
        "homeAssistantRecording",
        CAMERA.ha_recording,
        events.RecordingEvent,
        "likewise",
        kept=False,
    ),
)

FRAMES = (
    Channel(
        "score",
        CAMERA.score,
        "each judged frame, while publish_scores is on",
        "application/json",
        frames.FrameScore,
        retained=False,
        qos=0,
    ),
)

ANSWERS = (
    _json(
        "response", AGENT.response("{noun}"), commands.Response, "answer to a command", kept=False
    ),
    _json(
        "cameraResponse",
        CAMERA.response("{noun}"),
        commands.Response,
        "answer to a camera's command",
        kept=False,
    ),
    _json(
        "selfTestEcho",
        AGENT.self_test_echo,
        self_test.SelfTestEcho,
        "what the self test sends through the broker to the agent itself",
        kept=False,
    ),
)

COMMANDS = (
    _command(
        "playBeep",
        AGENT.beep_play,
        "play the sound once; a WAV file or its URL as payload: play that",
        words=PRESS,
    ),
    _command("restart", AGENT.restart, "restart the agent", words=PRESS),
    _command(
        "setAgentSetting",
        AGENT.setting_set("{setting}"),
        f"change {', '.join(setting_names(AgentSettings))}: a value, or `reset`",
    ),
    _command(
        "setCameraSetting", CAMERA.setting_set("{setting}"), "change a setting: a value, or `reset`"
    ),
    _command(
        "resetSettings",
        CAMERA.settings_reset,
        "all settings as configured, but for privacy",
        words=PRESS,
    ),
    _command("snoozeAll", AGENT.snooze_set, "snooze all cameras: minutes 0..1440, 0 ends it"),
    _command("snoozeCamera", CAMERA.snooze_set, "snooze the camera: minutes, 0 ends it"),
    _command("takeSnapshot", CAMERA.snapshot_take, "take a picture now", words=PRESS),
    _command("keepEvent", CAMERA.recording_keep, "keep the last event's files", words=PRESS),
    _command(
        "markFalseAlarm", CAMERA.false_alarm_mark, "the last event was a false alarm", words=PRESS
    ),
    _command("takeOverlay", CAMERA.overlay_take, "draw the overlay now", words=PRESS),
    _command("recordClip", CAMERA.recording_start, "record 30 s now", words=PRESS),
    _command(
        "showLive",
        CAMERA.live_view_set,
        "live pictures twice a second for 60 s, or for a number of seconds; OFF ends it",
    ),
    *(
        _command(f"request{name.capitalize()}", AGENT.request(name), summary, model)
        for name, (model, summary) in REQUESTS.items()
    ),
)

CHANNELS = (*STATES, *EVENTS, *FRAMES, *ANSWERS, *COMMANDS)

#: What the placeholders stand for.
PLACEHOLDERS = {
    "base": "`mqtt.base_topic`, default `surveillance`",
    "agent": "`agent.id`, default: the host name in small letters (`check-config` prints it)",
    "camera": "the camera's key in the configuration",
    "setting": f"of a camera: {', '.join(setting_names(CameraSettings))}",
    "noun": "the command: a setting, `restart`, or what stands after `request/`",
}
