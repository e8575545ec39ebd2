"""Sound and pictures of one camera on one clock. Pure.

Each stream has a clock of its own. A camera says in its reports (RTCP) how both go together.
Until it does, or where what it says cannot be, the packets that came with the least delay tell it.
"""

from __future__ import annotations

from agent.camera.rtsp.rtp import Report
from agent.camera.rtsp.timeline import Timeline

#: Seconds: a report's time and the time of arrival may differ by this, at most.
_BELIEVED = 1.0
#: Part of a second by which the least delay grows each second: two clocks drift apart by less.
_FORGOTTEN = 0.001
_WORD, _HALF = 0xFFFF_FFFF, 0x8000_0000


class _Stream:
    """One stream: its seconds against ours, and against the camera's own clock."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.delay: float | None = None  # ours less the stream's, the least
        self.ntp: float | None = None  # the camera's less the stream's
        self._last: tuple[int, float, float] | None = None  # timestamp, seconds, arrival
        self._report: Report | None = None  # that came before the first packet

    def came(self, timestamp: int, seconds: float, at: float) -> None:
        """A packet came, or several together."""
        passed = 0.0 if self._last is None else max(0.0, at - self._last[2])
        known = at if self.delay is None else self.delay + passed * _FORGOTTEN
        self.delay = at - seconds if self.delay is None else min(known, at - seconds)
        self._last = timestamp, seconds, at
        if self._report is not None:
            self.said(self._report)

    def said(self, report: Report) -> None:
        """The camera reported."""
        if self._last is None:
            self._report = report
            return
        self._report = None
        timestamp, seconds, _ = self._last
        ticks = ((report.timestamp - timestamp + _HALF) & _WORD) - _HALF
        self.ntp = report.ntp - seconds - ticks / self.rate

    def forget(self) -> None:
        """Its clock jumped."""
        self.delay = self.ntp = self._last = self._report = None


class SoundClock:
    """Says when sound is heard, on the clock of the pictures.

    Args:
        pictures: ticks a second of their timestamps.
        sound: likewise.
    """

    def __init__(self, pictures: int, sound: int) -> None:
        self._pictures, self._sound = _Stream(pictures), _Stream(sound)
        self._timeline = Timeline(sound)
        self._jumps = [0, 0]

    def picture(self, timestamp: int, timeline: Timeline, seconds: float, at: float) -> None:
        """A picture came.

        Args:
            timestamp: of its packets.
            timeline: of the pictures.
            seconds: what that has said of it.
            at: when it came, monotonic seconds.
        """
        self._look(0, timeline.jumps, self._pictures)
        self._pictures.came(timestamp, seconds, at)

    def sound(self, timestamp: int, at: float) -> float | None:
        """Seconds on the pictures' clock at which a packet's sound begins; None: not known yet."""
        seconds = self._timeline.seconds(timestamp, at)
        self._look(1, self._timeline.jumps, self._sound)
        self._sound.came(timestamp, seconds, at)
        shift = self._shift()
        return None if shift is None else seconds + shift

    def reported(self, report: Report, *, sound: bool) -> None:
        """A sender's report came."""
        (self._sound if sound else self._pictures).said(report)

    def _shift(self) -> float | None:
        """The pictures' seconds less the sound's."""
        one, other = self._pictures, self._sound
        if one.delay is None or other.delay is None:
            return None
        arrived = other.delay - one.delay
        if one.ntp is None or other.ntp is None:
            return arrived
        said = other.ntp - one.ntp
        return said if abs(said - arrived) <= _BELIEVED else arrived

    def _look(self, which: int, jumps: int, stream: _Stream) -> None:
        if jumps != self._jumps[which]:
            self._jumps[which] = jumps
            stream.forget()
