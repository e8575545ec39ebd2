"""When a camera's sound is an event: loud, and much louder than it is there. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

#: Below this no levels are distinguished: silence has no level.
SILENCE = -100.0
#: Seconds after which the background is known well enough for events.
LEARNT = 5.0
#: The background follows what is louder by `_UP` dB a second, and what is quieter by `_DOWN`. A
#: bang must not raise it. A fan that stops is soon forgotten.
_UP, _DOWN = 0.5, 5.0
#: Seconds below the limits that end an event: pauses between two barks are shorter.
_QUIET = 0.6
#: Seconds after which an event is reported at the latest, also while it goes on.
LONGEST = 2.0
#: Seconds after an event in which a further one is only counted.
REST = 10.0
#: Seconds of which the loudest moment is the level that is shown.
_SHOWN = 60.0


@dataclass(frozen=True, slots=True)
class SoundLimits:
    """What makes sound an event.

    Attributes:
        threshold: dBFS that it reaches.
        rise: dB above the background that it reaches, too.
    """

    threshold: float
    rise: float


class Loudness(NamedTuple):
    """An event of sound, with what decided.

    Attributes:
        at: monotonic seconds of its begin.
        level: dBFS of its loudest moment.
        background: dBFS of what was there before.
        duration: seconds; `whole` False: it goes on.
        suppressed: others since the last reported one, only counted.
    """

    at: float
    level: float
    background: float
    duration: float
    whole: bool
    suppressed: int


@dataclass(frozen=True, slots=True)
class SoundHeard:
    """A camera's sound was loud; said once for each event, after 2 s at the latest."""

    camera: str
    event_id: str
    utc: datetime  # when it began
    loudness: Loudness
    limits: SoundLimits


class Listener:
    """Takes the level of each moment, in order; says what is an event.

    Args:
        limits: what makes it one.
    """

    def __init__(self, limits: SoundLimits) -> None:
        self._limits = limits
        self._background: float | None = None
        self._heard = 0.0  # seconds since the background began
        self._last: float | None = None
        self._event: tuple[float, float, float] | None = None  # begin, background, loudest
        self._told = False  # the event of now
        self._loud_at = 0.0
        self._rests_until = float("-inf")
        self._suppressed = 0
        self._shown: deque[tuple[float, float]] = deque()  # a second each, and its loudest

    @property
    def background(self) -> float | None:
        """DBFS of what is always there; None: nothing was heard yet."""
        return self._background

    @property
    def level(self) -> float | None:
        """DBFS of the loudest moment of the last minute; None: nothing was heard."""
        return max((level for _, level in self._shown), default=None)

    def hear(self, at: float, level: float, seconds: float) -> Loudness | None:
        """Takes a moment.

        Args:
            at: monotonic seconds of its begin.
            level: dBFS, the mean square of its samples.
            seconds: how long it is.
        """
        level = max(SILENCE, level)
        if self._last is not None and not 0.0 <= at - self._last < LEARNT:
            self._forget()
        self._last = at
        self._show(at, level)
        if self._background is None:
            self._background = level
        told = self._decide(at, level, seconds)
        if self._event is None or self._told:
            self._follow(level, seconds)
        self._heard += seconds
        return told

    def _decide(self, at: float, level: float, seconds: float) -> Loudness | None:
        background = self._background or 0.0
        limits = self._limits
        loud = level >= limits.threshold and level - background >= limits.rise
        if self._event is None:
            if not loud or self._heard < LEARNT:
                return None
            if at < self._rests_until:
                self._suppressed += 1
            self._event, self._told = (at, background, level), at < self._rests_until
            self._loud_at = at + seconds
            return None
        begin, before, loudest = self._event
        self._event = begin, before, max(loudest, level)
        if loud:
            self._loud_at = at + seconds
        quiet = at + seconds - self._loud_at >= _QUIET
        told = None
        if not self._told and (quiet or at + seconds - begin >= LONGEST):
            self._told = True
            self._rests_until = at + seconds + REST
            length = self._loud_at - begin
            told = Loudness(begin, self._event[2], before, length, quiet, self._suppressed)
            self._suppressed = 0
        if quiet:
            self._event = None
        return told

    def _follow(self, level: float, seconds: float) -> None:
        background = self._background if self._background is not None else level
        most, least = background + _UP * seconds, background - _DOWN * seconds
        self._background = max(least, min(most, level))

    def _show(self, at: float, level: float) -> None:
        if self._shown and at - self._shown[-1][0] < 1.0:
            begin, loudest = self._shown[-1]
            self._shown[-1] = begin, max(loudest, level)
        else:
            self._shown.append((at, level))
        while at - self._shown[0][0] > _SHOWN:
            self._shown.popleft()

    def _forget(self) -> None:
        """The sound was away: what it was like then says nothing."""
        self._background = self._event = None
        self._heard = 0.0
        self._shown.clear()
