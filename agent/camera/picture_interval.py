"""How long a camera may be without a picture before it counts as stalled: by its own rhythm. Pure.

A camera of 20 pictures a second has stalled after some seconds, one of a picture in 10 s has not.
"""

from __future__ import annotations

from collections import deque

#: Seconds that are waited while the rhythm of a camera is not known.
UNKNOWN = 30.0
#: Seconds to wait at most, at any rhythm.
MOST = 60.0
#: The wait is this number of the camera's pauses between pictures.
_PAUSES = 3.0
#: Pauses that are remembered, and the number after which the rhythm is known.
_REMEMBERED, _KNOWN = 8, 2
#: Seconds with pictures in one session after which an earlier doubt is forgotten.
_CALM = 600.0


class Rhythm:
    """The pauses between a camera's pictures, over all its sessions.

    Args:
        unknown: seconds that are waited, at least, while they are not known; None: `UNKNOWN`.
    """

    def __init__(self, unknown: float | None = None) -> None:
        self._unknown = UNKNOWN if unknown is None else unknown
        self._pauses: deque[float] = deque(maxlen=_REMEMBERED)
        self._least = 0.0  # seconds, after a session that was given up too early, perhaps
        self._first: float | None = None  # of this session
        self._last: float | None = None

    def begin(self) -> None:
        """A new session; what lies between two of them is no pause of the camera's."""
        self._first = self._last = None

    def add(self, at: float) -> None:
        """A whole picture came at `at`."""
        if self._first is None or self._last is None:
            self._first = at
        else:
            self._pauses.append(at - self._last)
            if at - self._first >= _CALM:
                self._least = 0.0
        self._last = at

    def limit(self, least: float) -> float:
        """Seconds without a picture that are borne, at least `least` of them."""
        known = len(self._pauses) >= _KNOWN
        own = _PAUSES * max(self._pauses) if known else self._unknown
        return max(least, min(MOST, max(own, self._least)))

    def stalled(self, limit: float) -> None:
        """The session was given up after `limit` seconds without a picture.

        Where pictures had come in a short time only, the camera may be slower than we thought: the
        next session is given twice the time.
        """
        if self._first is not None and self._last is not None and self._last - self._first < limit:
            self._least = min(MOST, 2.0 * limit)
