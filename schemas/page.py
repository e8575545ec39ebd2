"""What the page's JSON interface says and takes; documented as OpenAPI by `schemas.page_api`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, model_validator

from schemas.base import Identifier, Payload, Strict, UtcTime
from schemas.events import Box
from schemas.modes import LONGEST_SNOOZE
from schemas.proposal import Proposal
from schemas.settings import CameraSettings, Provenance
from schemas.state import Health
from schemas.zones import Polygon, Zone

#: Of one drawn mask: its strokes, and the points of one of them; a hand makes some hundred.
MOST_STROKES, MOST_POINTS = 200, 500
MOST_ZONES, MOST_PRIVACY = 32, 32
#: Of all strokes together, and of all polygons together: each one costs time.
ALL_POINTS, ALL_CORNERS = 5000, 400

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Stroke(Strict):
    """One stroke of the brush that paints a mask, in 0..1 of the stored picture."""

    hides: bool = Field(description="true: what is painted is not looked at; false: it is again")
    width: float = Field(gt=0.0, le=0.5, description="of the brush, part of the picture's width")
    points: tuple[tuple[Fraction, Fraction], ...] = Field(min_length=1, max_length=MOST_POINTS)


class Aim(Strict):
    """What of a camera's picture is looked at, as drawn on the page; replaces the file's keys."""

    zones: dict[Identifier, Zone] = Field({}, max_length=MOST_ZONES)
    privacy: tuple[Polygon, ...] = Field((), max_length=MOST_PRIVACY)
    mask: tuple[Stroke, ...] = Field(
        (), max_length=MOST_STROKES, description="none: the mask of the configuration, if any"
    )

    @model_validator(mode="before")
    @classmethod
    def _not_too_much(cls, raw: object) -> object:
        """Counts before anything is looked at: to look at a polygon costs the square of it."""
        if not isinstance(raw, dict):
            return raw
        if _count(raw.get("mask"), "points") > ALL_POINTS:
            raise ValueError(f"a mask has at most {ALL_POINTS} points in all its strokes")
        zones = raw.get("zones")
        corners = _count(list(zones.values()) if isinstance(zones, dict) else (), "polygon")
        if corners + _count(raw.get("privacy"), None) > ALL_CORNERS:
            raise ValueError(
                f"zones and privacy polygons have at most {ALL_CORNERS} corners in all"
            )
        return raw


class StoredAim(Strict):
    """An aim that is in force, and since when."""

    aim: Aim
    since: UtcTime
    mask_size: tuple[int, int] | None = Field(
        None, description="height and width of the picture that its mask was painted for"
    )


class StoredAims(Strict):
    """The file of the state folder with what was drawn on the page."""

    v: Literal[1] = 1
    cameras: dict[str, StoredAim] = Field(default_factory=dict)
    unreadable: dict[str, str] = Field(
        default_factory=dict, description="why an aim was lost, by camera; key empty: of all others"
    )


def _count(shapes: object, name: str | None) -> int:
    """How many corners there are; each shape is a list of them, or has one under a name."""
    if not isinstance(shapes, list | tuple):
        return 0
    found = 0
    for shape in shapes:
        named = shape.get(name) if isinstance(shape, dict) else getattr(shape, name or "", shape)
        found += len(named) if isinstance(named, list | tuple) else 0
    return found


class AimView(Payload):
    """What is looked at now, and where that comes from."""

    camera: str
    aim: Aim
    origin: Literal["file", "page"]
    since: UtcTime | None = None
    mask_in_file: bool = Field(description="the configuration names a mask file")
    looks_at_pct: float = Field(description="percent of the picture that is judged")
    yaml: str = Field(description="the same as keys of the configuration")


class CameraView(Strict):
    """One camera on the page."""

    id: str
    name: str
    state: str
    reason: str = Field(description="why it is so, and what helps; empty: all is well")
    since: UtcTime | None
    live: bool
    armed: bool
    private: bool = False
    snoozed_until: UtcTime | None = Field(None, description="null: not snoozed")
    schedule: str = Field("", description="what is in force until when; empty: no schedule")
    moving: bool
    recording: bool
    fps: float
    width: int
    height: int
    events: int
    last_motion: UtcTime | None
    explanation: str | None = Field(description="of the running or last event")
    problems: dict[str, str] = Field(description="for each problem: why, and what helps")
    profile: str = Field("", description="that judges its pictures: robust, plain or seed")
    settings: CameraSettings
    origins: dict[str, Provenance]
    proposal: Proposal | None = Field(None, description="what would spare marked false alarms")


class StoreView(Strict):
    """The image store on the page."""

    state: str
    reason: str
    free_mib: float | None
    days_left: float | None


class PageState(Payload):
    """Everything that the page shows of now."""

    name: str
    version: str
    status: Health
    problems: dict[str, str]
    broker: str
    store: StoreView
    cameras: list[CameraView]


class EventName(Strict):
    """What the classifier called an event."""

    label: str | None = Field(None, description="person, vehicle, animal or unknown")
    sub_label: str | None = Field(None, description="the network's own word, such as `car`")
    top_score: float | None = Field(None, ge=0, le=1)
    object_box: Box | None = Field(None, description="where it was seen; `box`: where it moved")
    model: str | None = None


class DayEvent(EventName):
    """One event of a day."""

    id: str
    camera: str
    begin: UtcTime
    local: str = Field(description="time of the day where the agent is")
    seconds: float | None
    score: float | None = Field(description="of its strongest frame, percent")
    text: str = Field(description="why it was an event")
    zone: str | None = None
    box: Box | None = None
    reason: str | None = Field(None, description="why it ended")
    files: list[str] = Field(description="clip, best, n-2, n-1, n, delta: what there is of it")
    playable: bool = Field(False, description="a browser can play the clip")
    film: int | None = Field(None, description="part of the day's film that it is in")
    film_at: float | None = Field(None, description="where it begins there, in seconds")
    kept: bool = False
    false_alarm: bool = False
    wrong_label: bool = Field(False, description="somebody has said that its label is wrong")
    stored: bool = Field(description="its files are in the store")


class Span(Strict):
    """Some time in which something was so."""

    kind: Literal["disarmed", "away", "suppressed", "stopped"]
    begin: UtcTime
    end: UtcTime
    text: str


class Film(Strict):
    """A part of the day's film."""

    part: int
    size: int
    playable: bool


class DayView(Payload):
    """A day of one camera: `curve` has seconds since `begin`, highest score, lowest limit."""

    camera: str
    day: str
    begin: UtcTime
    end: UtcTime
    clock_change: tuple[float, float] | None = Field(
        description="at which second of the day the local clock is put ahead by how many seconds"
    )
    known_from: UtcTime | None = Field(description="the log of curves and spans begins here")
    curve: list[tuple[float, float, float]]
    events: list[DayEvent]
    left_out: int = Field(description="earlier events of the day, too many for one answer")
    spans: list[Span]
    films: list[Film]
    store: str = Field(description="why the store tells nothing; empty: it did")


class Days(Payload):
    """The days of which there is something to see, newest first."""

    days: list[str]
    store: str = Field(description="why the store tells nothing; empty: it did")


class Why(Payload):
    """Why there was, or was not, an event at some moment."""

    at: UtcTime
    text: str
    event: str | None = None


class Trial(Strict):
    """Judge a day's clips again: as things are, with another aim, or with other numbers."""

    day: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    aim: Aim | None = None
    sweep: Literal["sensitivity", "min_changed", "pixel_threshold"] | None = None


class TrialEvent(Strict):
    """What one stored event becomes, in the order of `TrialResult.variants`."""

    id: str
    local: str
    fires: list[bool]


class TrialResult(Strict):
    """The outcome of a trial; the first variant is what is in force."""

    variants: list[str]
    events: list[TrialEvent]
    skipped: int = Field(description="events without a clip that can be read")


class JobView(Payload):
    """How far a trial is."""

    id: str
    done: int
    total: int
    state: Literal["running", "done", "failed", "cancelled"]
    message: str = ""
    result: TrialResult | None = None


class Answer(Payload):
    """What became of an order; the values in force come with the next state."""

    ok: bool
    code: str = ""
    message: str = ""


class KeepOrder(Strict):
    """Keep an event's files, or let them go when old ones do."""

    keep: bool


class FalseAlarm(Strict):
    """Mark an event as a false alarm, or take the mark away."""

    value: bool


class WrongLabel(Strict):
    """Mark an event's label as wrong, or take the mark away."""

    value: bool


class SettingsOrder(Strict):
    """Settings of a camera to change, all or nothing; null gives one back to the configuration."""

    values: dict[str, StrictBool | StrictInt | StrictFloat | None] = Field(
        min_length=1, max_length=20
    )


class SnoozeOrder(Strict):
    """Let notifications and beep rest."""

    minutes: int = Field(ge=0, le=LONGEST_SNOOZE, description="0 ends it")


class RecordOrder(Strict):
    """Record a clip now."""

    seconds: float = Field(30.0, ge=1.0, le=300.0)
