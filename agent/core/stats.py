"""Snapshots of the owners' counters since the start; each owner hands out a new one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from agent.core.image_quality import Sight


@dataclass(frozen=True, slots=True)
class CameraStats:
    """A snapshot of a source's counters since the agent's start; the source replaces it whole."""

    frames: int = 0
    frames_damaged: int = 0
    sound_damaged: int = 0
    fragments: int = 0
    fragments_lost: int = 0
    fragments_repeated: int = 0
    fragments_reordered: int = 0
    datagrams_foreign: int = 0
    datagrams_short: int = 0
    datagrams_bad: int = 0
    sessions: int = 0
    reconnects: int = 0
    fps: float = 0.0
    last_frame_at: float | None = None


@dataclass(slots=True)
class VisionStats:
    """The vision worker's counters since the agent's start; who asks for them gets a copy.

    `detections` and `suppressed` are frames. `problem` says why nothing is judged although the
    camera is armed (a mask of the wrong shape); empty: all is well. `judged` frames got a verdict:
    what was torn, or only learnt, has none. `undecided` says why the newest frame that was to be
    judged got none; empty: it got one.
    """

    frames: int = 0
    judged: int = 0
    damaged: int = 0
    detections: int = 0
    suppressed: int = 0
    clips_truncated: int = 0
    clips_replaced: int = 0  # of `source`, because `record_source` did not come
    preroll_dropped: int = 0
    cpu_per_judged: float = 0.0  # seconds of thread CPU time, moving average
    last_score: float = 0.0
    width: int = 0
    height: int = 0
    problem: str = ""
    undecided: str = ""
    sound_level: float | None = None  # dBFS
    sound_background: float | None = None
    sight: Sight = field(default_factory=Sight)
    light_changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoreStats:
    """A snapshot of the spool's counters."""

    spool_records: int = 0
    spool_bytes: int = 0
    lost_events: int = 0
    lost_records: int = 0
    saved: int = 0


@dataclass(frozen=True, slots=True)
class ClassifyStats:
    """A snapshot of the classifier's counters; `state` is starting, ok or failed, `reason` why."""

    model: str
    state: str = "starting"
    reason: str = ""
    looks: int = 0
    unanswered: int = 0  # questions that were too late, or found no process
    failures: int = 0  # of its process
    cpu: float = 0.0  # seconds of all looks
    last_cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class MqttStats:
    """A snapshot of the mqtt worker's counters."""

    connected: bool = False
    reconnects: int = 0
    dropped: int = 0
    journal_waiting: int = 0
    journal_lost: int = 0
    journal_failed: int = 0  # records sent without being on disk
    journal_failing: bool = False  # the disk refuses them now
    home_waiting: int = 0  # records that Home Assistant has still to get
    home_lost: int = 0
    withheld: tuple[tuple[str, int], ...] = ()  # topics with messages larger than the broker takes
    picture_limit: int | None = None  # bytes of a picture that it takes, as far as is known
    deaf_to: tuple[str, ...] = ()  # subscriptions that the broker refused when we last connected
