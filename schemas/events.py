"""Records: motion and recording events. Never retained, QoS 1, journalled before sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Payload, Strict, UtcTime

Box = Annotated[
    tuple[float, float, float, float],
    Field(description="x, y, width, height in 0..1 of the stored picture"),
]


Label = Literal["person", "vehicle", "animal", "unknown"]


class ObjectName(Strict):
    """What moved, as the classifier says it."""

    label: Label
    sub_label: str | None = Field(description="the network's own word, such as `dog`")
    top_score: float | None = Field(ge=0, le=1)
    object_box: Box | None = Field(description="where it was seen; `box` is where something moved")
    model: str = Field(description="the network's name")


class Explanation(Strict):
    """What decided: the figures of one judged frame and the limits in force."""

    rule: str = Field(
        description="motion | quiet | unconfirmed | restless | too_much_changed | light_change"
        " | warming_up | damaged | frozen"
    )
    profile: str
    changed_pixels: int = Field(ge=0)
    changed_percent: float = Field(ge=0, le=100)
    unmasked_pixels: int = Field(ge=0)
    pixel_threshold: int
    min_changed: float
    max_changed: float
    zone: str | None = Field(default=None, description="name of the zone that decided")
    largest_percent: float | None = Field(
        default=None, description="share of the largest blob; this and the next: profile robust"
    )
    noise: float | None = Field(
        default=None, description="standard deviation between two frames, grey levels"
    )
    limit: float | None = Field(
        default=None, description="difference that counted, grey levels; never above the threshold"
    )
    gain: float | None = Field(
        default=None, description="today's light is gain * level + offset of the frame before"
    )
    offset: float | None = None
    shift: tuple[int, int] | None = Field(
        default=None, description="x, y in pixels that the stored picture moved since"
    )
    named: ObjectName | None = Field(
        default=None, description="what the classifier says it was; null: it is off"
    )
    text: str = Field(description="the same as a sentence")


class MotionEvent(Payload):
    """`<C>/event/motion`. `id` is the same in start, end, recording, manifest and file names.

    The figures are null only at the end of an `interrupted` event whose start cannot be read.
    """

    event_type: Literal["motion_started", "motion_ended", "motion_suppressed", "motion_classified"]
    id: str = Field(description="ULID of the event")
    seq: int = Field(ge=1, description="counts this camera's motion messages, for ever")
    ts: UtcTime
    camera: str
    agent: str
    score: float | None = Field(ge=0, le=100, description="percent of unmasked pixels that changed")
    changed_pixels: int | None = Field(ge=0)
    threshold: float | None = Field(description="min_changed in force, percent")
    box: Box | None = None
    armed: bool | None
    late: bool = Field(default=False, description="sent more than 5 s after `ts`")
    started_at: UtcTime | None = None
    duration_s: float | None = Field(
        default=None, description="null at the end of an interrupted event: nobody saw it"
    )
    peak_score: float | None = Field(
        default=None, description="null where interrupted: the figures are those of the start"
    )
    reason: str | None = Field(
        default=None,
        description="cleared | restless | disarmed | camera_lost | shutdown | interrupted;"
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
    object_box: Box | None = Field(default=None, description="where it was seen")
    model: str | None = Field(default=None, description="the network's name")
    explanation: Explanation | None


class RecordingEvent(Payload):
    """`<C>/event/recording`: said only when the clip is safe, or lost for good."""

    event_type: Literal["recording_saved", "recording_failed"]
    id: str = Field(description="ULID of the event that was recorded")
    motion_id: str | None = Field(
        default=None, description="the motion event; null where somebody asked for the clip"
    )
    seq: int = Field(ge=1, description="counts this camera's recording messages, for ever")
    ts: UtcTime
    camera: str
    agent: str
    late: bool = False
    started_at: UtcTime | None = None
    duration_s: float | None = None
    path: str | None = Field(default=None, description="the clip, relative to the store")
    media_content_id: str | None = Field(
        default=None, description="the clip for Home Assistant's media player, see media_dir"
    )
    day_file: str | None = None
    day_position_s: float | None = Field(default=None, description="where it begins in day_file")
    size_bytes: int | None = None
    frames: int | None = None
    codec: str | None = None
    truncated: bool = False
    error: str | None = None
    message: str | None = None
