"""What happened since the agent's start: scores in buckets, and spans. Bounded; one owner. Pure.

Each judged frame counts; of each five seconds the highest score is kept, with what decided then.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.core.event_payloads import sentence
from agent.core.messages import SUPPRESSING, FrameScored, Reason
from agent.core.state import CameraNow

#: Seconds of a bucket, and how many there are of each camera: two days and an hour.
BUCKET, BUCKETS = 5.0, 49 * 720
#: Spans of each camera; the oldest goes.
MOST_SPANS = 2000
#: Scores for somebody who watches; a tuning page draws the last minute.
RECENT = 256
#: Suppressed frames with less between them are one span.
_GAP = 15.0
_REASONS = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some time in which something was so: `kind` as in `schemas.page.Span`, times are epochs."""

    kind: str
    begin: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """The strongest frame of some seconds."""

    at: float
    score: float
    least: float
    most: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class Point:
    """One judged frame for somebody who watches."""

    number: int
    at: float
    score: float
    least: float
    most: float
    motion: bool
    reason: str


class Past:
    """What happened at one camera."""

    def __init__(self, now: float) -> None:
        self.since = now
        self.recent: deque[Point] = deque(maxlen=RECENT)
        self._numbers = array("q", [-1]) * BUCKETS
        self._scores = array("f", [0.0]) * BUCKETS
        self._least = array("f", [0.0]) * BUCKETS
        self._most = array("f", [0.0]) * BUCKETS
        self._reasons = array("B", [0]) * BUCKETS
        self._spans: deque[Stretch] = deque(maxlen=MOST_SPANS)
        self._open: dict[str, Stretch] = {}
        self._count = 0

    def scored(self, scored: FrameScored) -> None:
        """A frame was judged."""
        found, at = scored.detection, scored.utc.timestamp()
        self._count += 1
        limits = (found.min_changed, found.max_changed)
        self.recent.append(
            Point(self._count, at, found.score, *limits, found.motion, found.reason.value)
        )
        number = int(at // BUCKET)
        place = number % BUCKETS
        if self._numbers[place] != number or found.score >= self._scores[place]:
            self._numbers[place] = number
            self._scores[place] = found.score
            self._least[place], self._most[place] = limits
            self._reasons[place] = _REASONS.index(found.reason)
        if found.reason in SUPPRESSING:
            self._lasts("suppressed", at, sentence(found), within=_GAP)

    def looked(self, camera: CameraNow, now: float) -> None:
        """How the camera is now; looked at some times a second."""
        link = camera.link
        self._while("disarmed", now, None if camera.settings.armed else "disarmed")
        away = None if link is None or camera.live else link.reason or link.code.value
        self._while("away", now, away)

    def buckets(self, begin: float, end: float) -> Iterator[Bucket]:
        """The buckets with judged frames of some time, in order."""
        for number in range(int(begin // BUCKET), math.ceil(end / BUCKET)):
            place = number % BUCKETS
            if self._numbers[place] == number:
                yield Bucket(
                    number * BUCKET,
                    self._scores[place],
                    self._least[place],
                    self._most[place],
                    _REASONS[self._reasons[place]],
                )

    def spans(self, begin: float, end: float) -> list[Stretch]:
        """What was so at some moment in between, in order of its beginning."""
        every = [*self._spans, *self._open.values()]
        return sorted(
            (it for it in every if it.end >= begin and it.begin <= end), key=lambda it: it.begin
        )

    def _while(self, kind: str, now: float, text: str | None) -> None:
        """Something is so now, or (None) is not."""
        running = self._open.get(kind)
        if running is not None and running.text == text:
            self._open[kind] = replace(running, end=now)
            return
        if running is not None:
            self._spans.append(replace(running, end=now))
            del self._open[kind]
        if text is not None:
            self._open[kind] = Stretch(kind, now, now, text)

    def _lasts(self, kind: str, at: float, text: str, *, within: float) -> None:
        """Something was so for a moment; moments near each other are one span."""
        running = self._open.get(kind)
        if running is not None and at - running.end <= within:
            self._open[kind] = replace(running, end=at)
            return
        if running is not None:
            self._spans.append(running)
        self._open[kind] = Stretch(kind, at, at, text)


def why_nothing(past: Past, at: float, now: float) -> str:
    """Why no event fired at some moment, as a sentence."""
    if at > now:
        return "That moment is still to come."
    if at < past.since:
        return "The agent was not running then, or has been restarted since: it does not know."
    for span in reversed(past.spans(at, at)):
        if span.begin <= at <= span.end and span.kind == "away":
            return f"The camera gave no pictures: {span.text}."
        if span.begin <= at <= span.end and span.kind == "disarmed":
            return "The camera was disarmed: nothing was judged."
    near = list(past.buckets(at - BUCKET, at + BUCKET))
    if not near:
        return "No frame was judged at that moment."
    best = max(near, key=lambda bucket: bucket.score)
    return _why(best)


def _why(bucket: Bucket) -> str:
    said = f"The strongest frame changed {bucket.score:.3f} % of what is looked at"
    words = {
        Reason.QUIET: f"{said}; more than {bucket.least:.3f} % would have been motion.",
        Reason.UNCONFIRMED: f"{said}, but the next frame did not confirm it.",
        Reason.TOO_MUCH: f"{said}: as much as {bucket.most:.1f} % is a change of light, no motion.",
        Reason.LIGHT: f"{said}, but it looked like a change of light.",
        Reason.WARMING_UP: "The detector had only begun: it needs some frames to compare.",
        Reason.DAMAGED: "The frames of that moment were damaged.",
        Reason.FROZEN: "The camera repeated the same picture.",
    }
    return words.get(bucket.reason, f"{said}: that was motion, see the event.")
