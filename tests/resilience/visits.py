"""Which visits the agent had to see, by what the camera sent; and which it says that it saw."""

from __future__ import annotations

from datetime import datetime

from tests.resilience.observation import Interval, Observation, SentFrame, Told

#: Judged frames of a visit that arrived whole: as many must be enough (issue 8).
ENOUGH = 3
#: First frames of a visit, in which who comes is at the edge, which is not judged.
ENTERING = 2
#: Whole frames of a session before the visit: the detector's warm-up, and two to compare with.
WARM = 6
#: Whole frames without anybody just before the visit.
EMPTY = 3
#: After so many seconds without a whole frame the detector begins anew, as in a new session.
FORGOTTEN = 8.0
#: Longer without a frame: something else than a visit.
GAP = 1.0
#: Frames on their way when the agent ends, or when it begins to look again.
MARGIN = 1.0


def visits_of(frames: list[SentFrame]) -> list[list[SentFrame]]:
    """Frames with somebody in them that follow each other, each visit with all its frames."""
    visits: list[list[SentFrame]] = []
    before: SentFrame | None = None
    for frame in frames:
        if frame.visitor:
            goes_on = (
                before is not None
                and before.visitor
                and before.session == frame.session
                and frame.at - before.at < GAP
            )
            if not goes_on:
                visits.append([])
            visits[-1].append(frame)
        before = frame
    return visits


def to_be_seen(seen: Observation) -> list[Interval]:
    """The visits of which enough frames arrived whole while the agent could look."""
    wanted = []
    for visit in visits_of(seen.frames):
        span = Interval(visit[0].at, visit[-1].at)
        whole = [frame for frame in visit[ENTERING:] if frame.whole]
        if len(whole) < ENOUGH or any(busy.overlaps(span, MARGIN) for busy in seen.busy):
            continue
        alive = any(
            life.span.begun < span.begun and whole[ENOUGH - 1].at < life.span.ended - MARGIN
            for life in seen.lives
        )
        if alive and _is_prepared(seen.frames, visit):
            wanted.append(span)
    return wanted


def _is_prepared(frames: list[SentFrame], visit: list[SentFrame]) -> bool:
    """True when the detector has seen enough of the empty scene."""
    first = visit[0]
    before = [f for f in frames if f.session == first.session and f.at < first.at and f.whole]
    pauses = [n for n in range(1, len(before)) if before[n].at - before[n - 1].at > FORGOTTEN]
    before = before[max(pauses, default=0) :]
    last = before[-EMPTY:]
    empty = len(last) == EMPTY and not any(f.visitor for f in last)
    return empty and len(before) >= WARM and first.at - last[0].at < 2 * GAP


def event_spans(seen: Observation) -> list[list[Interval]]:
    """The events that were told, on CLOCK_MONOTONIC; of each one span per clock it may be by."""
    spans = []
    for told in unique(seen.motion):
        if told.what["event_type"] != "motion_ended":
            continue
        ended = datetime.fromisoformat(told.what["ts"])
        begun = datetime.fromisoformat(told.what["started_at"] or told.what["ts"])
        length = told.what["duration_s"] or max(0.0, (ended - begun).total_seconds())
        spans.append([Interval(at, at + length) for at in monotonic_times(seen, begun)])
    return spans


def monotonic_times(seen: Observation, utc: datetime) -> list[float]:
    """When the agent's clock can have shown that; more than once if it was stepped."""
    assert seen.utc_of_zero is not None
    shown = (utc - seen.utc_of_zero).total_seconds()
    ends = [at for at, _ in seen.offsets[1:]] + [float("inf")]
    found = []
    for (begun, ahead), ended in zip(seen.offsets, ends, strict=True):
        at = shown - ahead
        if begun - MARGIN <= at <= ended + MARGIN:
            found.append(at)
    return found


def unique(told: list[Told]) -> list[Told]:
    """One per number, in the order of the numbers."""
    return sorted({each.what["seq"]: each for each in told}.values(), key=lambda t: t.what["seq"])
