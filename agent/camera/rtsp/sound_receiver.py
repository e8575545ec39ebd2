"""The sound of one session: out of its packets, onto the pictures' clock, kept for a picture. Pure.

A fault of the sound costs no picture: what cannot be understood is left out and counted.
"""

from __future__ import annotations

from collections import deque

from agent.camera.rtsp.rtp import Order, sender_report
from agent.camera.rtsp.sdp import Media
from agent.camera.rtsp.sound import depacketizer, format_of
from agent.camera.rtsp.sound_clock import SoundClock
from agent.camera.rtsp.timeline import Timeline
from agent.core.frame import Sound, SoundUnit

#: Bytes that wait for the next picture: 20 s of G.711, a minute of AAC.
_MOST_WAITING = 256 * 1024

#: Sessions with sound and without a picture, and seconds without sound after them.
_TRIED, _DEAF = 2, 600.0


class Deafness:
    """Sees to it that the sound never costs the pictures; one for all sessions of a camera.

    Two sessions in a row asked for the sound and gave no picture, or did not open: then one is
    tried without. If that gives pictures, it was the sound, which is not asked for in the next ten
    minutes. If not, it was something else.
    """

    def __init__(self) -> None:
        self._silent = 0  # sessions with sound since the last picture
        self._tries = False  # the session of now is the one without
        self._until = float("-inf")

    def hears(self, now: float) -> bool:
        """Whether a session that begins now asks for the sound."""
        if now < self._until:
            return False
        self._tries = self._silent >= _TRIED
        self._silent = 0 if self._tries else self._silent + 1
        return not self._tries

    def pictured(self, now: float) -> None:
        """A picture came, with sound or without."""
        if self._tries:
            self._tries, self._until = False, now + _DEAF
        self._silent = 0


class SoundReceiver:
    """Takes the packets of the sound, and says what came since the picture before.

    Args:
        media: the sound's description.
        pictures: ticks a second of the pictures' timestamps.
        waits: packets may overtake each other.

    Attributes:
        format: how it is coded.
        damaged: units that came broken, or that nobody took.

    Raises:
        NoSound: it is of a kind that is not recorded.
    """

    def __init__(self, media: Media, pictures: int, *, waits: bool) -> None:
        self.format = format_of(media)
        self.damaged = 0
        self._units = depacketizer(media, self.format)
        self._order = Order(media.payload, waits=waits)
        self._clock = SoundClock(pictures, media.rate)
        self._waiting: deque[SoundUnit] = deque()
        self._size = 0

    def add(self, data: bytes, at: float) -> None:
        """Takes a packet of RTP that came at `at`, monotonic seconds."""
        for packet in self._order.add(data):
            begin = self._clock.sound(packet.timestamp, at)
            for piece in self._units.add(packet):
                if not piece.data:
                    self.damaged += 1
                elif begin is not None:  # before the first picture there is nothing to go with
                    self._keep(SoundUnit(piece.data, begin + piece.after / self.format.rate))

    def report(self, data: bytes, *, sound: bool) -> None:
        """Takes a packet of RTCP, of the sound or of the pictures."""
        report = sender_report(data)
        if report is not None:
            self._clock.reported(report, sound=sound)

    def picture(self, timestamp: int, timeline: Timeline, seconds: float, at: float) -> None:
        """A picture came; see `SoundClock.picture`."""
        self._clock.picture(timestamp, timeline, seconds, at)

    def take(self) -> Sound:
        """What came since the last call."""
        found = Sound(self.format, tuple(self._waiting))
        self._waiting.clear()
        self._size = 0
        return found

    def _keep(self, unit: SoundUnit) -> None:
        self._waiting.append(unit)
        self._size += len(unit.data)
        while self._size > _MOST_WAITING:
            self._size -= len(self._waiting.popleft().data)
            self.damaged += 1
