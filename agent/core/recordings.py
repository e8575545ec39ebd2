"""What becomes of a clip; not among the messages: the store's light child needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RecordingSaved:
    """The clip is in the store and the day's file shows the event without repair."""

    camera: str
    event_id: str
    started_utc: datetime
    duration: float
    path: str
    day_file: str
    day_position: float
    size: int
    codec: str
    frames: int
    truncated: bool = False
    manual: bool = False  # somebody asked for it


@dataclass(frozen=True, slots=True)
class RecordingFailed:
    """A clip is lost, wholly, and why."""

    camera: str
    event_id: str
    code: str
    message: str
