"""Which files of the image store may go, in which order, and when none may; how long room lasts.

Age comes from the name, never from the file's time: a restored backup or a NAS without a clock
lies. Names that a clock gave which was not set yet are corrected by `agent.core.clock_corrections`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePath

from agent.core.clock_corrections import Misdated, made_on
from agent.core.naming import EVENTS, MANIFEST, MONITORING, NOTES, SESSIONS

#: The newest recording lies further back than this many times the retention, plus a month: then it
#: is likelier that the clock is wrong (a Pi has none of its own) than that nobody moved for so
#: long.
_PLAUSIBLE_FACTOR = 2
_PLAUSIBLE_EXTRA = 30
#: What helps where nothing may be deleted for the clock's sake.
CLOCK_CURE = (
    "switch a time service (NTP) on: `timedatectl set-ntp true`; where the clock is right and the"
    " kernel does not know it: agent.trust_clock: always"
)
#: A day that has just begun says little about its rate: it counts as at least one hour.
_LEAST_PART_OF_A_DAY = 1 / 24


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
        for_room: what else may go, in this order, as long as room is short.
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

    Never of today or of the newest day there is, by their names: those may be written to; nothing
    while the clock is not to be trusted or the newest recording is implausibly far from today. Age
    and turn are those of the day on which what is misdated was made.
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
    """Days until `room` bytes are used up at today's rate, if nothing were deleted; None: never.

    Args:
        room: bytes that recordings may still take.
        per_day: bytes recorded on each day.
        now: local time. Yesterday stands in for what is left of today, when there is one.
    """
    today = now.date()
    passed = (now.hour * 60 + now.minute) / (24 * 60)
    yesterday = per_day.get(today - timedelta(days=1))
    recorded = per_day.get(today, 0)
    if yesterday is None:
        rate = recorded / max(passed, _LEAST_PART_OF_A_DAY)
    else:
        rate = recorded + yesterday * (1 - passed)
    return max(0, room) / rate if rate > 0 else None


def _turn(file: StoredFile) -> tuple[date, int, str]:
    """Oldest day first; in it the day's file (its clips stay), the manifests last."""
    folder = PurePath(file.path).parts[2]
    rank = {EVENTS: 1, MONITORING: 2, SESSIONS: 2, MANIFEST: 3, NOTES: 4}.get(folder, 0)
    return file.day, rank, file.path
