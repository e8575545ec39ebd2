"""The frozen values that travel between owner threads, in the order a frame causes them.

camera -> engine, camera -> vision (`Frame`), vision -> engine, vision -> recorder,
recorder/store -> engine, mqtt -> engine; what the engine tells them is in `agent.core.orders`.
Times named `at` are monotonic seconds of the frame or the cause; `utc` is aware UTC. `camera` is
the camera's id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from agent.core.anchors import CameraAnchor
from agent.core.event_label import ClipNamed
from agent.core.frame import Frame
from agent.core.recordings import RecordingFailed as RecordingFailed  # noqa: PLC0414  a message
from agent.core.recordings import RecordingSaved as RecordingSaved  # noqa: PLC0414  a message, too
from agent.core.store_code import StoreCode as StoreCode  # noqa: PLC0414  a message's word, too
from schemas.commands import Command, CommandError, ReplyTo

# ------------------------------------------------------------------ camera -> engine


class CameraCode(StrEnum):
    """Where a camera session stands; the words are those of the health payload."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DISABLED = "disabled"
    PRIVATE = "private"  # privacy mode: nothing is fetched


@dataclass(frozen=True, slots=True)
class CameraState:
    """The session changed its state. LIVE is said with the first whole frame, never before."""

    camera: str
    code: CameraCode
    reason: str
    at: float
    session: int
    retry_in: float | None = None
    log: str | None = None  # where the failed session's packets can be read
    found: bool = True  # False: the name does not resolve or our code failed; power cures nothing
    answers: bool = False  # the camera failed, but it is there and says something


@dataclass(frozen=True, slots=True)
class RecordingLink:
    """The session of a camera's recording stream changed its state."""

    state: CameraState

    @property
    def camera(self) -> str:
        """The camera's id."""
        return self.state.camera


# ------------------------------------------------------------------ vision -> engine, recorder


class Reason(StrEnum):
    """What decided about one judged frame."""

    MOTION = "motion"
    QUIET = "quiet"
    TOO_MUCH = "too_much_changed"
    LIGHT = "light_change"
    UNCONFIRMED = "unconfirmed"  # one frame that is not clear enough alone; the next decides
    RESTLESS = "restless"  # it went on for long and got nowhere: it is part of the scene now
    DWELL = "dwell"  # motion in a zone where nobody has been for long enough yet
    DIRECTION = "direction"  # motion in a zone, but not from where it has to come
    WARMING_UP = "warming_up"
    DAMAGED = "damaged"
    MANUAL = "manual"  # nothing was judged: somebody wanted a clip
    FROZEN = "frozen"  # the same picture again, to the last pixel


#: Much changed, and yet a rule said that it is no motion: reported as suppressed.
SUPPRESSING = frozenset({Reason.TOO_MUCH, Reason.LIGHT})


class EndReason(StrEnum):
    """Why an event ended."""

    CLEARED = "cleared"
    RESTLESS = "restless"  # what moved got nowhere for long and became a part of the scene
    TOO_LONG = "max_event_seconds"  # it lasted longer than the setting of this name allows
    DISARMED = "disarmed"
    PRIVACY = "privacy"  # privacy mode was switched on
    CAMERA_LOST = "camera_lost"
    SHUTDOWN = "shutdown"
    INTERRUPTED = "interrupted"
    MANUAL = "manual"  # a clip on demand has its seconds


class Stream(StrEnum):
    """Which of a camera's streams a clip is made of; the words are configuration keys."""

    SOURCE = "source"
    RECORD_SOURCE = "record_source"
    BOTH = "both"  # the recording stream went silent, the rest is of the other one


Box = tuple[float, float, float, float]  # x, y, width, height in 0..1 of the stored orientation


class ZoneStay(NamedTuple):
    """How long something has been in a zone that asks for more than motion.

    Attributes:
        seconds: since motion began there.
        dwell: seconds that it takes; None: it counts immediately.
        came_from: the zone where it had to be before; None: anywhere.
    """

    seconds: float
    dwell: float | None = None
    came_from: str | None = None


class Detection(NamedTuple):
    """The detector's result for one judged frame, with what decided; made for each of them.

    `score`, `min_changed`, `max_changed` are percent of the unmasked pixels (0..100); the last two
    are the limits in force, also for profile `seed`, whose own limits are counts.

    Only profile `robust` measures the fields that are None for the others. `largest` is the largest
    blob's share in percent of the unmasked pixels. `noise` is the standard deviation between two
    frames, and `limit` the difference that counts as a change, both in grey levels. The present
    level is `gain` * level of the frame before + `offset`. The picture moved by `shift` (x, y)
    pixels since, in stored orientation.
    """

    seq: int
    at: float
    motion: bool
    reason: Reason
    changed_pixels: int = 0
    score: float = 0.0
    pixel_threshold: int = 0
    min_changed: float = 0.0
    max_changed: float | None = None  # None: the profile does not use it
    unmasked_pixels: int = 0
    profile: str = ""
    box: Box | None = None
    zone: str | None = None  # name of the zone that decided
    largest: float | None = None
    noise: float | None = None
    limit: float | None = None
    gain: float | None = None
    offset: float | None = None
    shift: tuple[int, int] | None = None
    stay: ZoneStay | None = None  # in `zone`, where that asks for more than motion


@dataclass(frozen=True, slots=True)
class MotionStarted:
    """An event began; its picture follows: nobody who waits for the event waits for an encoder.

    `recorded`: a clip of it is begun, or `RecordingFailed` follows.
    """

    camera: str
    event_id: str
    at: float
    utc: datetime
    detection: Detection
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class MotionPicture:
    """A picture of the running event: the first one, then better ones, at most one a second.

    Attributes:
        picture: JPEG in stored orientation.
        delta: PNG (L, 8 bit) of the changed pixels, with the first picture only.
    """

    camera: str
    event_id: str
    at: float
    utc: datetime
    detection: Detection
    width: int
    height: int
    picture: bytes = field(repr=False)
    delta: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MotionEnded:
    """The event is over; `peak` is its strongest detection."""

    camera: str
    event_id: str
    at: float
    utc: datetime
    started_utc: datetime
    duration: float
    detection: Detection
    peak: Detection
    reason: EndReason
    judged: int
    frames: int


@dataclass(frozen=True, slots=True)
class MotionSuppressed:
    """Something changed but a rule said no; one per span, at most one in 10 s."""

    camera: str
    event_id: str
    at: float
    utc: datetime
    detection: Detection
    count: int


@dataclass(frozen=True, slots=True)
class FrameScored:
    """A judged frame's result, said for each while `VisionSettings.scores` is on."""

    camera: str
    utc: datetime
    detection: Detection


@dataclass(frozen=True, slots=True)
class Shown:
    """What viewers of the re-offer see: JPEGs in stored orientation, privacy polygons black.

    `overlay` is empty until a frame was judged while somebody looked.
    """

    at: float
    picture: bytes = field(repr=False)
    overlay: bytes = field(default=b"", repr=False)


class PictureReason(StrEnum):
    """Why a still picture was taken."""

    MANUAL = "manual"
    INTERVAL = "interval"
    OVERLAY = "overlay"
    HEATMAP = "heatmap"
    PRIVACY = "privacy"  # the grey card instead of any picture
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class PictureTaken:
    """A JPEG in stored orientation, within the size cap for MQTT."""

    camera: str
    picture_id: str
    at: float
    utc: datetime
    reason: PictureReason
    width: int
    height: int
    jpeg: bytes = field(repr=False)
    request: str | None = None
    delta: bytes | None = field(default=None, repr=False)  # the grey card alone: as a PNG


@dataclass(frozen=True, slots=True)
class PictureRefused:
    """No picture could be taken for the request: no frame yet, or the last one is too old."""

    camera: str
    request: str | None
    message: str


@dataclass(frozen=True, slots=True)
class ClipOpened:
    """A clip on demand is being recorded; its id is that of an event without motion."""

    camera: str
    event_id: str
    at: float
    utc: datetime
    request: str | None


@dataclass(frozen=True, slots=True)
class ClipClosed:
    """A clip on demand is complete, or was cut short; `RecordingSaved` follows."""

    camera: str
    event_id: str
    at: float
    reason: EndReason


@dataclass(frozen=True, slots=True)
class ClipRefused:
    """No clip on demand could be begun, and why."""

    camera: str
    request: str | None
    message: str


# ------------------------------------------------------------------ vision -> recorder


@dataclass(frozen=True, slots=True)
class ClipStart:
    """Open a clip: `frames` is everything from the pre-roll up to and with N, in order of `at`.

    The UTC of any frame of the clip is `utc + (frame.at - at)`.
    """

    camera: str
    event_id: str
    at: float
    utc: datetime
    frames: tuple[Frame, ...]
    triggers: tuple[Frame, ...]  # N-2, N-1, N; none for a clip on demand
    delta: bytes = field(repr=False)
    detection: Detection
    stream: Stream = Stream.SOURCE


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """The next frame of the open clip; `best`: the best picture may be of it, not of an earlier."""

    event_id: str
    frame: Frame
    best: bool = False


@dataclass(frozen=True, slots=True)
class ClipEnd:
    """Close the clip; `best` is the frame of the peak (camera's own bytes).

    Where a frame of the recording stream was said to be the best, that is stored instead.
    """

    event_id: str
    at: float
    reason: EndReason
    best: Frame
    peak: Detection
    judged: int
    truncated: bool = False
    stream: Stream = Stream.SOURCE


@dataclass(frozen=True, slots=True)
class StorePicture:
    """Put a monitoring picture into the store (stored orientation, already a JPEG).

    With `heatmap` it is the day's heat map instead, a PNG.
    """

    camera: str
    utc: datetime
    jpeg: bytes = field(repr=False)
    heatmap: bool = False


@dataclass(frozen=True, slots=True)
class SessionLog:
    """Why a camera's session failed: its last control packets, as JSON lines; for the store."""

    camera: str
    utc: datetime
    lines: bytes = field(repr=False)


ClipPart = ClipStart | ClipFrame | ClipNamed | ClipEnd | StorePicture | SessionLog

# ------------------------------------------------------------------ recorder, store -> engine


@dataclass(frozen=True, slots=True)
class StoreState:
    """The store's state changed, or its figures did (at most once a minute).

    `helps`: what helps, where it is not what helps in most cases.
    """

    code: StoreCode
    reason: str
    at: float
    free_mib: float | None = None
    used_percent: float | None = None
    days_left: float | None = None  # at today's rate, if nothing were deleted
    stored_mib: float | None = None
    helps: str | None = None


@dataclass(frozen=True, slots=True)
class StoreRepaired:
    """A day's file was not closed in order: what was found in it, and whether anything is lost."""

    file: str
    text: str
    lossless: bool


@dataclass(frozen=True, slots=True)
class EventMarked:
    """The answer to a `MarkEvent`: `event` is the marked event, or None and why not.

    `mark` and `value` are the order's.
    """

    camera: str
    event: str | None
    message: str
    available: bool
    request: str | None
    mark: str = "keep"
    value: bool = True


@dataclass(frozen=True, slots=True)
class StoreAnchored:
    """How far the camera's manifests reach, to be known outside of the store."""

    camera: str
    anchor: CameraAnchor


# ------------------------------------------------------------------ beeper -> engine


@dataclass(frozen=True, slots=True)
class AudioState:
    """The speaker's state changed: ok, or why there is no sound."""

    ok: bool
    code: str  # ok | disabled | no_device | no_library | stalled | failed
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class BeepDone:
    """The answer to a `Beep`: played, or why not."""

    ok: bool
    message: str
    request: str | None
    at: float


# ------------------------------------------------------------------ mqtt -> engine


@dataclass(frozen=True, slots=True)
class BrokerUp:
    """Connected and subscribed; everything true is to be published now."""

    at: float
    protocol: str
    reconnects: int
    where: str = ""
    failures: int = 0  # attempts that failed before this one


@dataclass(frozen=True, slots=True)
class BrokerDown:
    """Not connected.

    `code` is one of unreachable, refused, tls, lost, taken_over, kicked, protocol, quota,
    packet_too_large.
    """

    at: float
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came; nothing parsed, nothing decided."""

    topic: str
    payload: bytes = field(repr=False)
    retain: bool
    at: float
    response_topic: str | None = None
    correlation: bytes | None = None
    #: True when this connection can tell a replayed message from a live one published with `-r`
    #: (MQTT 5: retainHandling=2, retainAsPublished): then `retain` means "live, with the flag set".
    live: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command as the router understood it."""

    command: Command
    reply: ReplyTo
    at: float
    #: Topic of a live message that was published with the retain flag: to be cleared by us.
    clear_retained: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A message on a command topic that changes nothing; `setting` is published again unchanged."""

    error: CommandError
    reply: ReplyTo
    at: float
    setting: str | None = None
    #: Topic of a live message that was published with the retain flag: to be cleared by us.
    clear_retained: str | None = None


@dataclass(frozen=True, slots=True)
class HaOnline:
    """Home Assistant said its birth: it wants discovery and all states."""

    at: float
