"""Is each loss said? Compares what the camera sent and the store holds with what was published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.resilience.observation import Health, Interval, Observation, SentFrame, Told
from tests.resilience.visits import MARGIN, monotonic_times, unique

#: Frames on their way while counters are read, or while an event begins or ends.
ON_THE_WAY = 2
#: Frames that a camera sends to a session that was given up, until it notices (6 a second, 3 s).
GIVEN_UP = 18
#: Counters may be so many seconds old when they are said: gathered and handed on each second.
COUNTED_EVERY = 2.0
#: Seconds until a day's film shows what it was given (docs/explanation/store.md).
UNSHOWN = 10.0
#: Published counters of a camera that say why a frame is missing.
COUNTERS = ("fragments_lost", "frames_damaged", "frames_dropped", "datagrams_bad")


def events_without_a_clip(seen: Observation) -> Iterator[str]:
    """What failed says why; what was saved has pictures."""
    for told in unique(seen.recordings):
        what = told.what
        if what["event_type"] == "recording_failed" and not what["error"]:
            yield f"recording {what['id']} failed without a code"
        if what["event_type"] == "recording_saved" and not (what["path"] and what["frames"]):
            yield f"recording {what['id']} is said to be saved and has no pictures"


def shortened_clips(seen: Observation) -> Iterator[str]:
    """A clip has every whole frame of its event, or is told as `truncated`."""
    ended = {t.what["id"]: t for t in seen.motion if t.what["event_type"] == "motion_ended"}
    for told in unique(seen.recordings):
        clip, event = told.what, ended.get(told.what["id"])
        if not clip["frames"] or clip["truncated"] or event is None:
            continue
        sent = min(_frames_of(seen, event), default=0)
        if not _is_said(seen.healths, sent - clip["frames"]):
            yield f"clip {clip['id']} has {clip['frames']} of {sent} frames, and nobody says so"


def _frames_of(seen: Observation, event: Told) -> list[int]:
    """Whole frames that the camera sent during an event, by each clock that it may be dated by."""
    length = event.what["duration_s"] or 0.0  # None: nobody saw its end
    begun = datetime.fromisoformat(event.what["started_at"] or event.what["ts"])
    spans = [Interval(at, at + length) for at in monotonic_times(seen, begun)]
    if any(span.overlaps(busy, MARGIN) for span in spans for busy in seen.busy):
        return []  # a process that was kept from reading dates frames by when it read them
    return [sum(f.whole and s.begun <= f.at <= s.ended for f in seen.frames) for s in spans]


def was_being_taken(seen: Observation, line: dict[str, Any]) -> bool:
    """True for an event of which the day's film that went away need not show every picture.

    A film shows what it has been given some seconds later, and whoever takes it away meanwhile
    keeps that from it. It has to be told, and the event's clip has to be there all the same.
    """
    for taken in seen.taken:
        told = min((at for at in seen.repairs if at > taken.at), default=None)
        if told is not None and line["ended"] is not None:
            begun, ended = map(datetime.fromisoformat, (line["started"], line["ended"]))
            length = (ended - begun).total_seconds()
            spans = [Interval(at, at + length) for at in monotonic_times(seen, begun)]
            if any(span.overlaps(Interval(taken.at - UNSHOWN, told)) for span in spans):
                return True
    return False


def missing_frames(seen: Observation) -> Iterator[str]:
    """Each frame that was sent to a process arrived, or its counters say that it did not.

    What the camera sent just before it was told to end may still wait in its socket.
    """
    for life in seen.lives:
        healths = [h for h in seen.healths if life.span.begun < h.at < life.span.ended]
        if not healths:
            continue
        last = healths[-1]
        dated = monotonic_times(seen, datetime.fromisoformat(last.of["ts"]))
        until = min([*dated, last.at, life.told]) - COUNTED_EVERY
        sent = [f for f in _opened_since(seen.frames, life.span.begun) if f.at < until]
        missing = len(sent) - last.of["frames"]
        if not _is_said([last], missing):
            yield f"{missing} of {len(sent)} frames never arrived, and no counter says so"


def _opened_since(frames: list[SentFrame], begun: float) -> list[SentFrame]:
    """The frames of all sessions that were opened since then."""
    first = {frame.session: frame.at for frame in reversed(frames)}
    return [frame for frame in frames if first[frame.session] > begun]


def _is_said(healths: list[Health], missing: int) -> bool:
    """True when published counters say of so many frames why they are missing."""
    for health in healths or [Health(0.0, {})]:
        counted = sum(health.of.get(counter, 0) for counter in COUNTERS)
        if missing <= ON_THE_WAY + counted + GIVEN_UP * health.of.get("reconnects", 0):
            return True
    return False
