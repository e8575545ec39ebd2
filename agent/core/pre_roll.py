"""The beginning of a clip: the frames before the frame that started the event."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.core.frame import Frame, Sound

#: Bounds what one camera can make us keep: a second of 30 frames of 1 MB just fits.
PRE_ROLL_BYTES = 32 * 2**20

#: Bytes of sound that wait for the next picture: a minute of G.711 and of AAC.
SOUND_BYTES = 512 * 1024

#: Seconds from a key picture to the next one, at most. Cameras send one each 1 to 10 s, some each
#: minute; one that sends none any more must not fill the memory.
LONGEST_GROUP = 65.0


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


class StreamRoll:
    """Keeps what a clip of one stream would begin with, from a key picture on.

    That is the last key picture that is `seconds` old, or else the oldest one, and all pictures
    since. A JPEG is a key picture. The roll may get more than `limit` bytes, or older than
    `LONGEST_GROUP`, or its camera may have no memory for it. Then the oldest key picture and all
    that need it go, and are counted. A picture without its key picture, or that needs a lost
    picture, is not taken, and counted: its sound goes with the next one that is. A new session
    begins again.
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
        self._newest_at = float("-inf")
        self._whole = False  # all came since the last key picture
        self._sound: Sound | None = None  # of pictures that were not taken
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Frames given up since the start: no memory, or a picture that they need is missing."""
        return self._dropped

    @property
    def frames(self) -> tuple[Frame, ...]:
        """What is kept, in order."""
        return tuple(frame for group in self._groups for frame in group)

    @property
    def newest_at(self) -> float:
        """Time of the newest frame that can be decoded; minus infinity when there is none."""
        return self._newest_at

    def add(self, frame: Frame, since: float | None = None) -> Frame | None:
        """Takes a frame; as it is recorded, or None when it cannot be decoded: it needs a lost one.

        `since`: the oldest time that a clip would need now; None: `seconds` ago.
        """
        follows = (frame.session, frame.seq) == (self._session, self._seq + 1)
        if frame.session != self._session:
            self.forget()
        self._session, self._seq = frame.session, frame.seq
        self._whole = begins(frame) or (self._whole and follows)
        if not self._whole:
            self._dropped += 1
            self._sound = _longer(self._sound, frame)
            return None
        if self._sound is not None:
            frame, self._sound = _sounding(frame, _longer(self._sound, frame)), None
        self._newest_at = frame.at
        if begins(frame):
            self._groups.append([frame])
        elif self._groups:
            self._groups[-1].append(frame)
        else:
            self._dropped += 1  # that which it needs was too much to keep
            return frame
        self._bytes += frame.size
        since = frame.at - self._seconds if since is None else since
        while len(self._groups) > 1 and self._groups[1][0].at <= since:
            self._pop_oldest()
        while self._groups and self._too_much(since):
            self._dropped += self._pop_oldest()
        return frame

    def since(self, at: float) -> tuple[Frame, ...]:
        """What is kept from then on, and what was before that it needs."""
        groups = list(self._groups)
        while len(groups) > 1 and groups[1][0].at <= at:
            del groups[0]
        frames = (frame for group in groups for frame in group)
        return tuple(frame for frame in frames if frame.video or frame.at >= at)

    def forget(self) -> None:
        """Nothing that came is kept, and nothing begins with it."""
        self._groups.clear()
        self._bytes = 0
        self._newest_at, self._whole, self._sound = float("-inf"), False, None

    def _too_much(self, since: float) -> bool:
        if self._bytes > self._limit or since - self._groups[0][0].at > LONGEST_GROUP:
            return True
        return len(self._groups) > 1 and not self._roomy()

    def _pop_oldest(self) -> int:
        group = self._groups.popleft()
        self._bytes -= sum(frame.size for frame in group)
        return len(group)


class PreRoll:
    """Keeps the frames that an event starting now would begin with.

    These are all delivered frames of the last `seconds`. If the judged frame that will be N-2 of
    the next judged one is older, they are all frames since that one. They are kept as in a
    `StreamRoll`. The (at most three) judged frames stay even without memory for them.
    """

    def __init__(
        self, seconds: float, limit: int = PRE_ROLL_BYTES, roomy: Callable[[], bool] = always
    ) -> None:
        self._seconds = seconds
        self._roll = StreamRoll(seconds, limit, roomy)
        self._judged: deque[Frame] = deque(maxlen=3)

    @property
    def dropped(self) -> int:
        """Frames given up since the start: no memory, or a picture that they need is missing."""
        return self._roll.dropped

    def add(self, frame: Frame) -> Frame | None:
        """Takes a delivered frame and lets go of those that no event needs any more.

        As it is recorded, without its planes; None: it cannot be decoded, what it needs was lost.
        """
        return self._roll.add(frame.without_planes(), self._since(frame.at))

    def judged(self, frame: Frame) -> None:
        """Notes that this frame, added before, was judged."""
        self._judged.append(frame)

    def decided(self) -> None:
        """No event begins with the last judged frame: it will be N-1, and what was N-2 may go."""
        if len(self._judged) == self._judged.maxlen:
            self._judged.popleft()

    def plan(self) -> ClipPlan:
        """The start of a clip whose N is the last judged frame.

        Raises:
            ValueError: fewer than three frames were judged: the detector cannot have found motion.
        """
        if len(self._judged) < 3:
            raise ValueError("an event needs three judged frames")
        before, last, now = self._judged
        since = min(now.at - self._seconds, before.at)
        wanted = {frame.seq: frame for frame in self._roll.since(since)}
        wanted |= {frame.seq: frame for frame in self._judged if frame.video is None}
        frames = tuple(wanted[seq] for seq in sorted(wanted) if seq <= now.seq)
        return ClipPlan(frames, (before, last, now))

    def recent(self) -> tuple[Frame, ...]:
        """The delivered frames of the last `seconds`, at least the newest, in order."""
        return self._roll.since(self._roll.newest_at - self._seconds)

    def forget_judged(self) -> None:
        """Judging pauses: no frame is kept for its sake any more."""
        self._judged.clear()

    def forget(self) -> None:
        """The session ended: nothing before is comparable."""
        self._roll.forget()
        self._judged.clear()

    def _since(self, at: float) -> float:
        """The oldest time needed when the frame of `at` comes, and perhaps becomes N."""
        by_time = at - self._seconds
        if not self._judged:
            return by_time
        before = self._judged[-min(2, len(self._judged))]  # it becomes N-2, or N-1
        return min(by_time, before.at)


def _longer(sound: Sound | None, frame: Frame) -> Sound | None:
    """That sound and the frame's behind it: the newest of both, as far as it may be kept."""
    came = frame.video.sound if frame.video is not None else None
    if sound is None or came is None or came.format != sound.format:
        return came or sound
    units, size = [*sound.units, *came.units], sound.size + came.size
    while size > SOUND_BYTES:
        size -= len(units.pop(0).data)
    return Sound(sound.format, tuple(units))


def _sounding(frame: Frame, sound: Sound | None) -> Frame:
    """The frame with that sound."""
    if frame.video is None:
        return frame
    return replace(frame, video=replace(frame.video, sound=sound))


def begins(frame: Frame) -> bool:
    """Whether decoding can begin with it."""
    return frame.video is None or frame.video.key
