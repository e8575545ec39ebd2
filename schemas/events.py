"""Records: motion and recording events. Never retained, QoS 1, journalled before sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Payload, Strict, UtcTime

Box = Annotated[
    tuple[float, float, float, float],
    Field(description="x, y, width, height in 0..1 of the stored picture"),
]


#: Of each event.
_SNOOZED = "its camera was snoozed when this was said: notify nobody"
Label = Literal["person", "vehicle", "animal", "unknown"]


class ObjectName(Strict):
    """What moved, as the classifier says it."""

    label: Label
    sub_label: str | None = Field(description="the network's own word, such as `dog`")
    top_score: float | None = Field(ge=0, le=1)
    object_box: Box | None = Field(
        description="where the classifier saw it; `box` is where the motion is"
    )
    model: str = Field(description="the network's name")


class Explanation(Strict):
    """What decided: the figures of one judged frame and the limits in force."""

    rule: str = Field(
        description="motion | quiet | unconfirmed | restless | too_much_changed | light_change"
        " | dwell | direction | warming_up | damaged | frozen"
    )
    profile: str
    changed_pixels: int = Field(ge=0)
    changed_percent: float = Field(ge=0, le=100)
    unmasked_pixels: int = Field(ge=0)
    pixel_threshold: int
    min_changed: float
    max_changed: float | None = Field(description="null: the profile does not use it")
    zone: str | None = Field(default=None, description="name of the zone that decided")
    inside_s: float | None = Field(
        default=None, description="seconds of motion in the zone; of zones that ask for more"
    )
    dwell_s: float | None = Field(default=None, description="seconds that the zone asks for")
    came_from: str | None = Field(
        default=None, description="the zone from which it has to come into this one"
    )
    largest_percent: float | None = Field(
        default=None,
        description="share of the largest blob; this and the next fields: profile robust",
    )
    noise: float | None = Field(
        default=None, description="standard deviation between two frames, grey levels"
    )
    limit: float | None = Field(
        default=None,
        description="difference that counts as a change, grey levels; never above the threshold",
    )
    gain: float | None = Field(
        default=None, description="present level = gain * level of the frame before + offset"
    )
    offset: float | None = None
    shift: tuple[int, int] | None = Field(
        default=None, description="x, y in pixels by which the stored picture moved since"
    )
    named: ObjectName | None = Field(
        default=None, description="the classifier's name; null: it is off"
    )
    text: str = Field(description="the same as a sentence")


class MotionEvent(Payload):
    """`<C>/event/motion`. `id` is the same in start, end, recording, manifest and file names.

    The figures are null only at the end of an `interrupted` event whose start cannot be read.
    """

    event_type: Literal["motion_started", "motion_ended", "motion_suppressed", "motion_classified"]
    id: str = Field(description="ULID of the event")
    seq: int = Field(
        ge=1, description="counts this camera's motion messages; it never starts again"
    )
    ts: UtcTime
    camera: str
    agent: str
    score: float | None = Field(ge=0, le=100, description="percent of unmasked pixels that changed")
    changed_pixels: int | None = Field(ge=0)
    threshold: float | None = Field(description="min_changed in force, percent")
    box: Box | None = None
    armed: bool | None
    late: bool = Field(default=False, description="sent more than 5 s after `ts`")
    snoozed: bool = Field(default=False, description=_SNOOZED)
    started_at: UtcTime | None = None
    duration_s: float | None = Field(
        default=None, description="null for an interrupted event: its end is unknown"
    )
    peak_score: float | None = Field(
        default=None,
        description="null for an interrupted event: its figures are those of the start",
    )
    reason: str | None = Field(
        default=None,
        description="cleared | restless | max_event_seconds | disarmed | privacy | camera_lost"
        " | shutdown | interrupted;"
        " suppressed: too_much_changed | light_change",
    )
    frames: int | None = Field(default=None, description="frames delivered during the event")
    suppressed_frames: int | None = None
    label: Label | None = Field(
        default=None,
        description="what moved, in motion_classified and motion_ended; null: `classify` is off, or"
        " there is no answer yet",
    )
    sub_label: str | None = Field(default=None, description="the network's own word, such as `dog`")
    top_score: float | None = Field(default=None, ge=0, le=1)
    object_box: Box | None = Field(default=None, description="where the classifier saw it")
    model: str | None = Field(default=None, description="the network's name")
    explanation: Explanation | None


class RecordingEvent(Payload):
    """`<C>/event/recording`: published only when the clip is safe, or permanently lost."""

    event_type: Literal["recording_saved", "recording_failed"]
    id: str = Field(description="ULID of the event that was recorded")
    motion_id: str | None = Field(
        default=None, description="the motion event; null for a clip on demand"
    )
    seq: int = Field(
        ge=1, description="counts this camera's recording messages; it never starts again"
    )
    ts: UtcTime
    camera: str
    agent: str
    late: bool = False
    snoozed: bool = Field(default=False, description=_SNOOZED)
    started_at: UtcTime | None = None
    duration_s: float | None = None
    path: str | None = Field(default=None, description="the clip, relative to the store")
    media_content_id: str | None = Field(
        default=None, description="the clip for Home Assistant's media player, see media_dir"
    )
    day_file: str | None = None
    day_position_s: float | None = Field(
        default=None, description="its position in day_file, seconds"
    )
    size_bytes: int | None = None
    frames: int | None = None
    codec: str | None = None
    truncated: bool = False
    error: str | None = None
    message: str | None = None


class SoundExplanation(Strict):
    """What decided: levels are the mean square of a tenth of a second, dB below full scale."""

    level: float = Field(description="dBFS of the loudest moment")
    threshold: float = Field(description="dBFS that it has to reach, `audio.threshold`")
    background: float = Field(description="dBFS of what was there before")
    rise: float = Field(description="dB above the background that it has to reach, `audio.rise`")
    duration_s: float = Field(description="from the first to the last loud moment")
    text: str = Field(description="the same as a sentence")


class SoundEvent(Payload):
    """`<C>/event/sound`, where `audio.level` is on: a bang, a bark. At most one in 10 s."""

    event_type: Literal["sound_heard"]
    id: str = Field(description="ULID of the event; of no recording")
    seq: int = Field(ge=1, description="counts this camera's sound messages, for ever")
    ts: UtcTime = Field(description="when it began")
    camera: str
    agent: str
    late: bool = False
    snoozed: bool = Field(default=False, description=_SNOOZED)
    level: float = Field(description="dBFS of its loudest moment; 0 is the loudest there is")
    duration_s: float = Field(description="said after 2 s at the latest")
    goes_on: bool = Field(description="it was still loud when this was said")
    suppressed: int = Field(ge=0, description="others since the last one that was said")
    explanation: SoundExplanation
