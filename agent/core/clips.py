"""What a clip begins with: the frames before the one that started the event."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from agent.core.frame import Frame

#: Bounds what one camera can make us keep: a second of 30 frames of 1 MB just fits.
PRE_ROLL_BYTES = 32 * 2**20


def always() -> bool:
    """Of a camera without an account."""
    return True


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What the recorder gets at the start of an event.

    Attributes:
        frames: from the pre-roll up to and with N, in order of `at`, none twice.
        triggers: the judged frames N-2, N-1 and N, all of them in `frames` unless those are of the
            recording stream; none on demand.
    """

    frames: tuple[Frame, ...]
    triggers: tuple[Frame, ...]


class PreRoll:
    """Keeps the frames that an event starting now would begin with.

    These are all delivered frames of the last `seconds`, and all since the judged frame that will
    be N-2 of the next judged one, should that be longer ago. When they weigh more than `limit`
    bytes, or their camera has no room for them, the oldest go and are counted; the (at most three)
    judged frames stay even then.
    """

    def __init__(
        self, seconds: float, limit: int = PRE_ROLL_BYTES, roomy: Callable[[], bool] = always
    ) -> None:
        self._seconds = seconds
        self._limit = limit
        self._roomy = roomy
        self._ring: deque[Frame] = deque()  # bounded by `seconds` and `limit`
        self._bytes = 0
        self._judged: deque[Frame] = deque(maxlen=3)
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Frames given up for want of room since the start."""
        return self._dropped

    def add(self, frame: Frame) -> None:
        """Takes a delivered frame and lets go of those that no event needs any more."""
        since = self._since(frame.at)
        while self._ring and self._ring[0].at < since:
            self._pop_oldest()
        self._ring.append(frame)
        self._bytes += len(frame.jpeg)
        while self._bytes > self._limit or (len(self._ring) > 1 and not self._roomy()):
            self._pop_oldest()
            self._dropped += 1

    def judged(self, frame: Frame) -> None:
        """Notes that this frame, added before, was judged."""
        self._judged.append(frame)

    def plan(self) -> ClipPlan:
        """The start of a clip whose N is the last judged frame.

        Raises:
            ValueError: fewer than three frames were judged: the detector cannot have found motion.
        """
        if len(self._judged) < 3:
            raise ValueError("an event needs three judged frames")
        before, last, now = self._judged
        since = min(now.at - self._seconds, before.at)
        wanted = {frame.seq: frame for frame in self._ring if frame.at >= since}
        wanted |= {frame.seq: frame for frame in (before, last, now)}
        frames = tuple(wanted[seq] for seq in sorted(wanted) if seq <= now.seq)
        return ClipPlan(frames, (before, last, now))

    def recent(self) -> tuple[Frame, ...]:
        """The delivered frames of the last `seconds`, at least the newest, in order."""
        if not self._ring:
            return ()
        since = self._ring[-1].at - self._seconds
        return tuple(frame for frame in self._ring if frame.at >= since)

    def forget_judged(self) -> None:
        """Judging pauses: no frame is kept for its sake any more."""
        self._judged.clear()

    def forget(self) -> None:
        """The session ended: nothing before is comparable."""
        self._ring.clear()
        self._bytes = 0
        self._judged.clear()

    def _since(self, at: float) -> float:
        """The oldest time needed when the frame of `at` comes, and perhaps becomes N."""
        by_time = at - self._seconds
        if not self._judged:
            return by_time
        before = self._judged[-min(2, len(self._judged))]  # it becomes N-2, or N-1
        return min(by_time, before.at)

    def _pop_oldest(self) -> None:
        self._bytes -= len(self._ring.popleft().jpeg)


class StreamRoll:
    """Keeps what a clip of the recording stream would begin with, from a key picture on.

    That is the last key picture that is `seconds` old, or the oldest there is, and all that came
    since. When it weighs more than `limit` bytes, or its camera has no room for it, the oldest key
    picture and all that need it go and are counted. What no key picture came for is not taken, and
    counted. A new session begins anew.
    """

    def __init__(
        self, seconds: float, limit: int = PRE_ROLL_BYTES, roomy: Callable[[], bool] = always
    ) -> None:
        self._seconds = seconds
        self._limit = limit
        self._roomy = roomy
        self._groups: deque[list[Frame]] = deque()  # each begins with a key picture
        self._bytes = 0
        self._session = 0
        self._seq = -1
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Frames given up since the start, for want of room or of those that they need."""
        return self._dropped

    @property
    def frames(self) -> tuple[Frame, ...]:
        """What is kept, in order."""
        return tuple(frame for group in self._groups for frame in group)

    @property
    def newest_at(self) -> float:
        """Time of the newest frame; minus infinity when there is none."""
        return self._groups[-1][-1].at if self._groups else float("-inf")

    def add(self, frame: Frame) -> bool:
        """Takes a frame; False when it cannot be decoded: what it needs was lost."""
        follows = (frame.session, frame.seq) == (self._session, self._seq + 1)
        if frame.session != self._session:
            self._groups.clear()
            self._bytes = 0
        self._session = frame.session
        if frame.video is None or frame.video.key:
            self._groups.append([frame])
        elif follows and self._groups:
            self._groups[-1].append(frame)
        else:
            self._dropped += 1
            return False
        self._seq = frame.seq
        self._bytes += frame.size
        while len(self._groups) > 1 and self._groups[1][0].at <= frame.at - self._seconds:
            self._pop_oldest()
        while self._bytes > self._limit or (len(self._groups) > 1 and not self._roomy()):
            self._dropped += self._pop_oldest()
        return True

    def _pop_oldest(self) -> int:
        group = self._groups.popleft()
        self._bytes -= sum(frame.size for frame in group)
        return len(group)
