"""The time of RTP packets (RFC 3550): timestamps of a camera's clock as seconds. Pure."""

from __future__ import annotations

#: A jump of the camera's clock, in seconds: pictures of a stream lie closer together.
_JUMP = 10.0
#: A picture may be shown before those that were coded before it (B pictures), at most this number
#: of seconds.
_BACK = 2.0


class Timeline:
    """Timestamps of 32 bits that wrap, jump or begin again, as seconds that only grow.

    Args:
        rate: ticks a second.

    Attributes:
        jumps: how often the camera's clock did not go on.
        stands: it says the same as before: only the arrival tells when something was shown.
    """

    def __init__(self, rate: int) -> None:
        self.jumps = 0
        self.stands = False
        self._rate = rate
        self._last: int | None = None
        self._at = 0.0
        self._seconds = 0.0

    def seconds(self, timestamp: int, at: float) -> float:
        """Seconds since the first picture.

        Args:
            timestamp: of the packet.
            at: monotonic seconds of its arrival; counts where the camera's clock jumps.
        """
        if self._last is not None:
            ticks = ((timestamp - self._last + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
            passed, arrived = ticks / self._rate, at - self._at
            if not passed or passed < -_BACK or abs(passed - arrived) > _JUMP:
                passed = arrived
                self.jumps += ticks != 0
            self.stands = not ticks
            self._seconds += passed
        self._last, self._at = timestamp, at
        return self._seconds
