"""Messages about single frames. QoS 0, never retained: the next one comes soon."""

from __future__ import annotations

from pydantic import Field

from schemas.base import Payload, UtcTime
from schemas.events import Box


class FrameScore(Payload):
    """`<C>/score`: one judged frame, while `publish_scores` is on."""

    ts: UtcTime
    frame: int = Field(ge=0, description="number of the frame since the agent's start")
    score: float = Field(ge=0, le=100, description="percent of unmasked pixels that changed")
    changed_pixels: int = Field(ge=0)
    motion: bool
    reason: str = Field(description="as in the event's explanation")
    min_changed: float = Field(description="limits in force, percent")
    max_changed: float | None = Field(description="null: the profile does not use it")
    pixel_threshold: int
    zone: str | None = Field(default=None, description="name of the zone that decided")
    box: Box | None = None
