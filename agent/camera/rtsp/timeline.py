"""The time of RTP packets (RFC 3550): timestamps of a camera's clock as seconds. Pure."""

from __future__ import annotations

import math
from collections import deque

#: A jump of the camera's clock, in seconds: pictures of a stream lie closer together.
_JUMP = 10.0
#: A picture may be shown before those that were coded before it (B pictures), at most this number
#: of seconds.
_BACK = 2.0
#: A clock that stood still once is watched for this number of pictures.
_STOOD = 50
#: The least step, in seconds, of what comes later.
_LEAST = 0.001
#: The camera's clock is compared with ours over spans of this number of seconds. It counts at a
#: false rate if it was slower, or faster, than these parts of ours in each of the last spans. A
#: network that holds pictures back makes one span slow and the next one fast.
_SPAN, _SPANS = 1.5, 4
_SLOW, _FAST = 0.7, 1.4


class _Pace:
    """Whether a camera's clock goes as fast as ours.

    Attributes:
        false: it does not.
    """

    def __init__(self) -> None:
        self.false = False
        self._said = self._arrived = 0.0
        self._spans: deque[int] = deque(maxlen=_SPANS)

    def add(self, said: float, arrived: float) -> None:
        """Takes the seconds that passed on both."""
        self._said += said
        self._arrived += arrived
        if self._arrived < _SPAN:
            return
        pace = self._said / self._arrived
        self._spans.append((pace > _FAST) - (pace < _SLOW))
        self._said = self._arrived = 0.0
        if abs(sum(self._spans)) == _SPANS:
            self.false = True
        elif not any(self._spans):
            self.false = False


class Timeline:
    """Timestamps of 32 bits that wrap, jump or begin again, as seconds that only grow.

    Where the camera's clock cannot be believed, the arrival tells the time: where it jumps, stands
    still, is set back, or counts at another rate than the camera says.

    Args:
        rate: ticks a second.

    Attributes:
        jumps: how often the camera's clock did not go on.
    """

    def __init__(self, rate: int) -> None:
        self.jumps = 0
        self._rate = rate
        self._last: int | None = None
        self._at = 0.0
        self._seconds = self._elapsed = 0.0  # since the first picture: as told, and on our clock
        self._ahead = 0.0  # seconds that were told while the clock stood still
        self._pace = _Pace()
        self._pictures = 0
        self._stood_at = -_STOOD  # at which picture, the last time
        # seconds by which the last picture, and that which was the latest before, lie behind the
        # latest one
        self._behind, self._between = 0.0, math.inf

    @property
    def stands(self) -> bool:
        """Whether only the arrival tells when something was shown: each must be taken alone."""
        return self._pace.false or self._pictures - self._stood_at < _STOOD

    def seconds(self, timestamp: int, at: float) -> float:
        """Seconds since the first picture.

        Args:
            timestamp: of the packet.
            at: monotonic seconds of its arrival.
        """
        if self._last is not None:
            ticks = ((timestamp - self._last + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
            self._seconds += self._passed(ticks / self._rate, at - self._at)
        self._last, self._at = timestamp, at
        return self._seconds

    def _passed(self, said: float, arrived: float) -> float:
        """Seconds from the picture before to this one."""
        self._pictures += 1
        self._elapsed += arrived
        if not said:
            self._pace.add(0.0, arrived)
            self._stood_at = self._pictures
            self._ahead += arrived
            return arrived
        if self._jumped(said, arrived):
            self._pace.add(arrived, arrived)
            self.jumps += 1
            self._ahead = 0.0
            return arrived
        believed = not self._pace.false
        self._pace.add(said, arrived)
        if self._pace.false:
            self._ahead = 0.0
            missing = self._elapsed - self._seconds if believed else 0.0
            return max(arrived, missing)
        passed = max(_LEAST, said - self._ahead) if self._ahead else said
        self._ahead = max(0.0, self._ahead + passed - said)
        return passed

    def _jumped(self, said: float, arrived: float) -> bool:
        """Whether the clock was set.

        A B picture lies between the latest one and that which was the latest before. What lies
        before both shows that the clock was set back.
        """
        ahead = said - self._behind
        if said < -_BACK or abs(said - arrived) > _JUMP or -ahead >= self._between:
            self._behind = self._between = 0.0
            return True
        if ahead > 0:
            self._between = ahead
        self._behind = max(0.0, -ahead)
        return False
