"""Days as the page shows them: what the store and the log of verdicts say. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from agent.core.event_payloads import sentence
from agent.core.messages import Detection, Reason, ZoneStay
from agent.core.state import CameraNow
from agent.verdicts.curve import Past
from schemas.page import DayEvent, EventName, Film, Span

#: Points of a curve that are sent; a screen has fewer.
MOST_POINTS = 3000


def bounds(day: date) -> tuple[datetime, datetime]:
    """A local day's first moment and its end, in UTC; 23 or 25 hours where the clock is changed."""
    begin, end = (datetime(d.year, d.month, d.day) for d in (day, day + timedelta(days=1)))  # noqa: DTZ001  local on purpose
    return begin.astimezone(UTC), end.astimezone(UTC)


def clock_change(begin: datetime, end: datetime) -> tuple[float, float] | None:
    """At which second of a day the local clock is changed, and how many it is put ahead.

    To the minute; None: it is not.
    """

    def offset(minute: int) -> float:
        """Seconds that the local clock is ahead of UTC."""
        ahead = (begin + timedelta(minutes=minute)).astimezone().utcoffset()
        return 0.0 if ahead is None else ahead.total_seconds()

    low, high = 0, int((end - begin).total_seconds() // 60)
    before, after = offset(low), offset(high)
    if before == after:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset(middle) == before else (low, middle)
    return high * 60.0, after - before


def stored_events(camera: str, told: Mapping[str, Any]) -> tuple[list[DayEvent], int]:
    """The events that the store tells of, and how many lines of it made no sense."""
    kept, marks = set(told.get("kept", ())), set(told.get("false_alarms", ()))
    wrong = set(told.get("wrong_labels", ()))
    found, bad = [], 0
    for entry in told.get("events", ()):
        try:
            found.append(_event(camera, entry, kept, marks, wrong))
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError):
            bad += 1
    return found, bad


def films(told: Mapping[str, Any]) -> list[Film]:
    """The parts of the day's film."""
    return [Film.model_validate(film) for film in told.get("films", ())]


def running_event(camera: CameraNow, known: Container[str]) -> list[DayEvent]:
    """The event that runs now, which the store cannot know yet."""
    motion = camera.motion
    if motion is None or motion.event_id in known:
        return []
    return [
        DayEvent(
            id=motion.event_id,
            camera=camera.camera_id,
            begin=motion.started_utc,
            local=motion.started_utc.astimezone().strftime("%H:%M:%S"),
            seconds=None,
            score=round(motion.peak.score, 4),
            text=sentence(motion.peak),
            zone=motion.peak.zone,
            box=motion.peak.box,
            files=[],
            stored=False,
        )
    ]


def spans(past: Past | None) -> list[Span]:
    """What was so for some time."""
    if past is None:
        return []
    first, last = past.begin, past.end
    return [
        Span(
            kind=it.kind,
            begin=_utc(max(it.begin, first)),
            end=_utc(min(it.end, last)),
            text=it.text,
        )
        for it in past.spans()
    ]


def curve(past: Past | None) -> list[tuple[float, float, float]]:
    """Seconds since its beginning, score and limit; the highest of those that share a point."""
    if past is None:
        return []
    points = [
        (round(b.at - past.begin, 1), round(b.score, 4), round(b.least, 4)) for b in past.curve()
    ]
    step = -(-len(points) // MOST_POINTS) or 1
    return [max(points[n : n + step], key=lambda p: p[1]) for n in range(0, len(points), step)]


def event_at(events: Iterable[DayEvent], at: datetime, now: datetime) -> DayEvent | None:
    """The event that ran at some moment; one that has no end yet runs until now."""
    for event in events:
        lasts = event.seconds
        end = now if lasts is None else event.begin + timedelta(seconds=lasts)
        if event.begin <= at <= end:
            return event
    return None


def _event(
    camera: str,
    entry: Mapping[str, Any],
    kept: Container[str],
    marks: Container[str],
    wrong: Container[str],
) -> DayEvent:
    explained = entry.get("explanation") or {}
    peak = explained.get("peak") or explained.get("start")
    found = None if peak is None else detection_of(peak)
    place = entry.get("place") or {}
    begin, seconds = datetime.fromisoformat(entry["started"]), entry.get("duration_s")
    if not begin <= begin + timedelta(seconds=seconds or 0.0):  # also where one cannot reckon so
        raise ValueError("it ends before it begins")
    return DayEvent(
        id=entry["id"],
        camera=camera,
        begin=begin,
        local=str(entry["started_local"])[11:19],
        seconds=seconds,
        score=None if found is None else round(found.score, 4),
        text="" if found is None else sentence(found),
        zone=None if found is None else found.zone,
        box=None if found is None else found.box,
        **_named(entry),
        reason=entry.get("reason"),
        files=entry["files"],
        playable=entry["playable"],
        film=place.get("part"),
        film_at=place.get("at"),
        kept=entry["id"] in kept,
        false_alarm=entry["id"] in marks,
        wrong_label=entry["id"] in wrong,
        stored=True,
    )


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the classifier called it; nothing of it where it makes no sense."""
    try:
        named = EventName.model_validate({n: entry.get(n) for n in EventName.model_fields})
    except ValueError:
        named = EventName()
    return named.model_dump()


def detection_of(said: Mapping[str, Any]) -> Detection | None:
    """A detection as the store keeps it; None where it is none."""
    fields = {name: said[name] for name in Detection._fields if name in said}
    try:
        figures = {"seq": 0, "at": 0.0, "motion": False, **fields}
        stay = None if fields.get("stay") is None else ZoneStay(*fields["stay"])  # JSON has a list
        found = Detection(**{**figures, "reason": Reason(fields["reason"]), "stay": stay})
        sentence(found)  # every figure is one
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError):
        return None
    return found


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
