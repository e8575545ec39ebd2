"""Which files of the image store may go, in which order, and when none may; how long space lasts.

Age comes from the name, never from the file's time: a restored backup or a NAS without a clock
lies. Names that a clock gave which was not set yet are corrected by `agent.core.clock_corrections`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePath

from agent.core.clock_corrections import Misdated, made_on
from agent.core.store_names import EVENTS, MANIFEST, MONITORING, NOTES, SESSIONS

#: The newest recording may be older than this many times the retention, plus a month. Then a wrong
#: clock is the likely reason (a Pi has no clock chip), not that nobody moved for that time.
_PLAUSIBLE_FACTOR = 2
_PLAUSIBLE_EXTRA = 30
#: What helps where nothing may be deleted for the clock's sake.
CLOCK_CURE = (
    "switch a time service (NTP) on: `timedatectl set-ntp true`; where the clock is right and the"
    " kernel does not know it: agent.trust_clock: always"
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A regular file with a name that only the agent gives.

    Attributes:
        day: from the name of the day's folder it lies in.
        path: relative to the store.
        size: bytes.
    """

    day: date
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to delete, oldest first.

    Attributes:
        delete: what is too old.
        for_room: what else may go, in this order, as long as space is short.
        refused: why nothing may be deleted at all.
        cure: what helps against that.
    """

    delete: tuple[StoredFile, ...] = ()
    for_room: tuple[StoredFile, ...] = ()
    refused: str | None = None
    cure: str | None = None


def plan(
    files: Iterable[StoredFile],
    today: date,
    days: int,
    *,
    clock_trusted: bool,
    misdated: Collection[Misdated] = (),
) -> Plan:
    """Picks the files of days that lie more than `days` before `today`, and those next in turn.

    Never files of today or of the newest day, by their names: the agent may write to these. Nothing
    while the clock is not reliable, or the newest recording is implausibly far from today. Age and
    order of misdated files are those of the day on which they were made.
    """
    found = list(files)
    made = {day: made_on(day, misdated, today) for day in {file.day for file in found}}
    known = sorted(found, key=lambda file: (made[file.day], *_turn(file)))
    if not known:
        return Plan()
    if not clock_trusted:
        return Plan(refused="the clock is not synchronised", cure=CLOCK_CURE)
    newest = made[known[-1].day]
    if (today - newest).days > _PLAUSIBLE_FACTOR * days + _PLAUSIBLE_EXTRA:
        words = f"newest day {newest} is implausibly far from today, {today}"
        return Plan(refused=words, cure="set the clock; if it is right, move the old days away")
    written = {today, max(made)}
    past = [file for file in known if file.day not in written]
    old = tuple(file for file in past if (today - made[file.day]).days > days)
    return Plan(old, tuple(past[len(old) :]))


def days_left(room: int, per_day: Mapping[date, int], now: datetime) -> float | None:
    """Days until `room` bytes are used up at today's rate, if nothing were deleted.

    None: never, or nothing was recorded yesterday. Of a part of a day nobody knows when recording
    began, so its rate may be far too low.

    Args:
        room: bytes that recordings may still take.
        per_day: bytes recorded on each day.
        now: local time. Yesterday stands in for what is left of today.
    """
    today = now.date()
    passed = (now.hour * 60 + now.minute) / (24 * 60)
    yesterday = per_day.get(today - timedelta(days=1))
    recorded = per_day.get(today, 0)
    if yesterday is None:
        return None
    rate = recorded + yesterday * (1 - passed)
    return max(0, room) / rate if rate > 0 else None


def _turn(file: StoredFile) -> tuple[date, int, str]:
    """Oldest day first; in it the day's file (its clips stay), the manifests last."""
    folder = PurePath(file.path).parts[2]
    rank = {EVENTS: 1, MONITORING: 2, SESSIONS: 2, MANIFEST: 3, NOTES: 4}.get(folder, 0)
    return file.day, rank, file.path
