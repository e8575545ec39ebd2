"""Retained state: what is true now. Published again on every connect."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Payload, Strict, UtcTime
from schemas.events import Box, Label
from schemas.settings import Provenance

Health = Literal["ok", "degraded", "error"]


class MotionAttributes(Payload):
    """`<C>/motion/attributes`: the running or last event."""

    event_id: str | None = None
    started_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    score: float | None = None
    peak_score: float | None = None
    changed_pixels: int | None = None
    box: Box | None = None
    explanation: str | None = None


class ObjectState(Payload):
    """`<C>/objects`: what moves now, and what the last event that was named was.

    Only of cameras whose events are named.
    """

    present: tuple[Label, ...] = Field(
        (), description="names of the running event until now; empty after its end"
    )
    event_id: str | None = None
    ts: UtcTime | None = Field(None, description="time of the name")
    label: Label | None = None
    sub_label: str | None = Field(None, description="the network's own word, such as `dog`")
    top_score: float | None = None
    object_box: Box | None = None
    model: str | None = None


class PictureMeta(Payload):
    """`<C>/snapshot/meta`, `<C>/motion/image_meta`: sent right behind the picture it describes."""

    id: str
    captured_at: UtcTime
    reason: Literal["motion", "manual", "interval", "overlay", "heatmap", "privacy", "live"]
    motion_id: str | None = None
    width: int
    height: int
    bytes: int
    content_type: str = "image/jpeg"
    request_id: str | None = None


class SightHealth(Strict):
    """How well a camera sees, within its health."""

    light: Literal["day", "night"] | None = Field(
        description="night: the picture is grey (infrared) or dark; null before the first look"
    )
    brightness_pct: float | None = Field(description="mean of the picture, % of white")
    light_changed: UtcTime | None = Field(description="last sudden change of light")
    frozen: bool = Field(description="nothing new in the picture for 30 s, not even noise")
    dark: bool = Field(description="nothing bright in the picture: lens covered, no light")
    blurred: bool = Field(description="much less detail than usual: focus lost, lens dirty")
    shifted: bool = Field(description="the view has moved: masks and zones are wrong")
    shift_pct: tuple[float, float] = Field(description="right and down, % of the picture")


class RecordingStreamHealth(Strict):
    """The session with `record_source`, within a camera's health."""

    state: str = Field(description="as the camera's state")
    state_reason: str
    state_since: UtcTime
    fps: float
    frames: int
    reconnects: int
    clips_without: int = Field(
        description="clips made of `source`, completely or in part, because the recording "
        "stream was silent"
    )


class CameraHealth(Payload):
    """`<C>/health`, each 60 s and on change."""

    status: Health
    problems: list[str]
    reasons: dict[str, str] = Field(description="for each problem: why, and what helps")
    ts: UtcTime
    state: str
    state_reason: str
    state_since: UtcTime
    session_log: str | None = Field(
        None, description="file of the store with the last packets of the last failed session"
    )
    fps: float
    width: int
    height: int
    last_frame_age_s: float | None
    armed: bool
    privacy: bool = Field(False, description="privacy mode is on; `state` is `private` then")
    frames: int
    frames_judged: int
    frames_damaged: int
    sound_damaged: int = Field(
        0, description="units of the camera's sound that came broken; see `recording.audio`"
    )
    sound_level_dbfs: float | None = Field(
        None, description="of the last minute's loudest moment; null: audio.level is off, or silent"
    )
    sound_background_dbfs: float | None = Field(None, description="of what is always there")
    frames_dropped: int
    frames_refused: int = Field(
        description="frames that were not judged, because the camera takes too much from the others"
    )
    pictures_reduced: int = Field(
        description="pictures and clips that were made smaller, because memory is short"
    )
    fragments: int
    fragments_lost: int
    fragments_repeated: int
    fragments_reordered: int
    datagrams_bad: int
    datagrams_foreign: int
    datagrams_short: int
    reconnects: int
    failed_attempts: int = Field(
        description="failed attempts in a row since the last frame; switching its power may help"
    )
    needs_power_cycle: bool = Field(description="true after `power_cycle_after` failed attempts")
    events: int
    events_suppressed: int
    last_suppressed: str | None
    recordings_saved: int
    recordings_failed: int
    clips_truncated: int = Field(description="clips that ended early: the encoder was too slow")
    preroll_dropped: int = Field(description="pictures from before an event that did not fit")
    last_motion: UtcTime | None
    recorded_as: str = Field(
        "",
        description="`camera`: H.264 and H.265 as the camera sends them; `original`; or `h264` "
        "and why the agent decodes and encodes",
    )
    recording_stream: RecordingStreamHealth | None = Field(
        None, description="null: the camera has no `record_source`"
    )
    detector_ms: float
    sight: SightHealth
    settings: dict[str, Provenance]


class StorageHealth(Strict):
    """The image store within the agent's health."""

    state: str
    reason: str
    free_mib: float | None
    used_pct: float | None
    stored_mib: float | None = Field(None, description="size of our recordings")
    days_left: int | None = Field(
        None,
        description="whole days until it is full at today's rate, if nothing is deleted; null:"
        " nothing was recorded yesterday, so nobody can say",
    )
    repairs: int = Field(0, description="files found damaged, with a loss, moved or deleted")
    spool_records: int
    spool_kib: int
    lost_events: int
    lost_records: int = Field(description="parts of events, single pictures and damaged records")


class AnchoredDay(Strict):
    """A day of a camera in the store, within its anchor."""

    day: str = Field(description="the local date")
    events: int = Field(description="lines of `events.jsonl`")
    events_head: str | None = Field(description="SHA-256 of the last one; null: no line")
    notes: int = Field(description="lines of `notes.jsonl`")
    notes_head: str | None = Field(description="SHA-256 of the last one; null: no line")
    newest: str | None = Field(description="id of the event of the last line")
    going: Literal["whole", "purged", "leaving"] = Field(
        description="whole: nothing may be missing; purged: files of events that are not kept may;"
        " leaving: the whole day may"
    )


class AnchoredOlder(Strict):
    """Days before the listed ones, within an anchor."""

    days: int
    digest: str = Field(
        description="SHA-256 of a line `DAY EVENTS EVENTS_HEAD` of each day with events that is not"
        " leaving"
    )


class AnchorBreak(Strict):
    """What the agent found otherwise than it had left it, within an anchor."""

    ts: UtcTime
    day: str
    what: str


class StoreAnchor(Payload):
    """`<C>/store/anchor`: how far the camera's manifests in the store reach."""

    store: str = Field(description="uuid of the store")
    agent: str
    camera: str
    ts: UtcTime
    since: UtcTime | None = Field(
        description="from this time on each day has an anchor; null: not yet"
    )
    settled: bool = Field(description="the agent has ended and wrote nothing after it")
    days: list[AnchoredDay] = Field(description="the newest ten, in order")
    older: AnchoredOlder | None = Field(description="the days before; null: none")
    breaks: list[AnchorBreak] = Field(description="the newest four")
    broken: int = Field(description="breaks in all")
    writing: str | None = Field(
        description="only in the state folder's file: the event whose line may already be written"
    )
    mac: str | None = Field(
        description="HMAC-SHA256 with `store.anchor_key`, of this object with `mac` null, as JSON"
        " with sorted keys and without blanks; null: not signed"
    )


class MqttHealth(Strict):
    """The broker connection within the agent's health."""

    state: str = Field(description="connected, or why not: see `last_trouble`")
    protocol: str
    reconnects: int
    last_trouble: str | None = Field(
        description="why there was no connection the last time: unreachable, refused, tls, "
        "lost, taken_over, kicked, protocol, quota, packet_too_large"
    )
    last_trouble_reason: str
    last_trouble_at: UtcTime | None
    dropped: int
    journal_waiting: int
    journal_lost: int
    journal_failed: int = Field(description="events that were sent but were not on disk")
    home_assistant_waiting: int = Field(
        description="events that wait until Home Assistant is there"
    )
    home_assistant_lost: int = Field(
        description="events that it missed because it was away for too long"
    )


class AudioHealth(Strict):
    """The speaker within the agent's health."""

    state: str
    reason: str
    beeps: int
    sounds: int = Field(0, description="sounds that `play` played, to the end or until silenced")
    sounds_failed: int = Field(0, description="sounds that it could not get, read or play")


class ClassifyHealth(Strict):
    """The classifier within the agent's health; `mailboxes` counts questions that were dropped."""

    state: Literal["starting", "ok", "failed"]
    reason: str
    model: str
    looks: int
    unanswered: int = Field(description="questions without an answer: too late, or no network")
    failures: int = Field(description="failures of its process; the agent starts it again")
    look_ms: float = Field(description="CPU of a picture, two looks, on average")


class MailboxHealth(Strict):
    """One hand-over within the agent's health."""

    depth: int
    dropped: int


class DescriptorHealth(Strict):
    """Open files and connections of the agent's process."""

    open: int | None
    most: int | None = Field(description="limit")


class AgentHealth(Payload):
    """`<A>/health`, each 60 s and on change."""

    status: Health
    problems: list[str]
    reasons: dict[str, str] = Field(description="for each problem: why, and what helps")
    ts: UtcTime
    started_at: UtcTime
    version: str
    storage: StorageHealth
    mqtt: MqttHealth
    audio: AudioHealth
    classify: ClassifyHealth | None = Field(None, description="null: `classify:` is not set")
    mailboxes: dict[str, MailboxHealth]
    restarts: dict[str, int]
    commands_refused: int
    verdicts_lost: int = Field(
        0, description="blocks of the log of verdicts that the disk did not take"
    )
    memory_mib: float | None
    cpu_temp_c: float | None
    load1: float | None
    descriptors: DescriptorHealth
    clock_synchronised: bool


class AgentInfo(Payload):
    """`<A>/info`: what does not change while the agent runs."""

    version: str
    agent: str
    name: str
    cameras: list[str]
    topics: dict[str, str]
    settings: dict[str, str] = Field(description="setting -> its allowed values in words")
    operations: list[str]


class LastError(Payload):
    """`<A>/error`: the last thing that went wrong; code `ok` once it is over."""

    code: str
    message: str
    source: Literal["camera", "storage", "mqtt", "audio", "command", "agent"]
    count: int
    ts: UtcTime
