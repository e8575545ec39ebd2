"""Zones that ask for more than motion in them: for how long, and where it came from. Pure.

A stay is what an event would be in one zone alone: it begins with motion there, and is over
`post_frames` judged frames after the last motion there. What counts is said blob by blob, at the
analysis rate. A zone that asks for more decides about what is in it, also where other zones
lie over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.core.messages import Reason, ZoneStay
from schemas.zones import Zone


class Ruling(NamedTuple):
    """What became of one blob.

    Attributes:
        reason: `motion` where it counts; else why it does not.
        zone: that decided; None: it is in none.
        stay: in that zone; None: the zone does not ask for more than motion.
    """

    reason: Reason
    zone: str | None = None
    stay: ZoneStay | None = None


@dataclass(slots=True)
class _Stay:
    began_at: float
    first: int  # frame in which it began
    last: int  # frame in which something moved there last
    came: bool  # from where the zone wants it


class Stays:
    """Follows the stays in the zones of one camera.

    Args:
        zones: all of them, by name.

    Attributes:
        needed: False where no zone asks for more than motion.
    """

    def __init__(self, zones: Mapping[str, Zone]) -> None:
        self._zones = zones
        self.needed = any(zone.asks_more for zone in zones.values())
        self._stays: dict[str, _Stay] = {}
        self._frame = 0

    def forget(self) -> None:
        """Nothing before is comparable."""
        self._stays.clear()

    def update(self, at: float, blobs: Sequence[Sequence[str]], gap: int) -> list[Ruling]:
        """Takes the next judged frame.

        Args:
            at: its time, seconds.
            blobs: what moves in it: of each the zones that it is in, the one with most of it first.
            gap: judged frames from the last motion in a zone to the end of a stay there.

        Returns:
            What becomes of each blob, in the same order.
        """
        self._frame += 1
        before = {name: it for name, it in self._stays.items() if self._frame - it.last < gap}
        self._stays = dict(before)
        for name in {zone for blob in blobs for zone in blob}:
            stay = before.get(name)
            if stay is not None:
                stay.last = self._frame
                continue
            wanted = self._zones[name].came_from
            came = wanted is None or wanted in before
            self._stays[name] = _Stay(at, self._frame, self._frame, came)
        return [self._ruling(at, blob) for blob in blobs]

    def _ruling(self, at: float, blob: Sequence[str]) -> Ruling:
        """Of the zones that ask for more one is enough; the first of them is named otherwise."""
        rulings = [self._in(at, name) for name in blob if self._zones[name].asks_more]
        counts = [it for it in rulings if it.reason is Reason.MOTION]
        plain = Ruling(Reason.MOTION, next(iter(blob), None))
        return next(iter([*counts, *rulings]), plain)

    def _in(self, at: float, name: str) -> Ruling:
        zone, it = self._zones[name], self._stays[name]
        stay = ZoneStay(at - it.began_at, zone.dwell, zone.came_from)
        if zone.mode == "watch" or not it.came:
            return Ruling(Reason.DIRECTION, name, stay)
        waits = zone.dwell is not None and stay.seconds < zone.dwell
        return Ruling(Reason.DWELL if waits else Reason.MOTION, name, stay)
