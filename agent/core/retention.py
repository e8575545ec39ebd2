"""Which files of the image store are old enough to go, and when none may go.

Age comes from the name, never from the file's time: a restored backup or a NAS without a clock
lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

#: The newest recording lies further back than this many times the retention, plus a month: then it
#: is likelier that the clock is wrong (a Pi has none of its own) than that nobody moved for so
#: long.
_PLAUSIBLE_FACTOR = 2
_PLAUSIBLE_EXTRA = 30


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
    """What to delete, oldest first; `refused` says why nothing may be deleted by age at all."""

    delete: tuple[StoredFile, ...]
    refused: str | None = None


def plan(files: Iterable[StoredFile], today: date, days: int, *, clock_trusted: bool) -> Plan:
    """Picks the files of days that lie more than `days` before `today`.

    Never of today, of the newest day there is, or of days to come; nothing while the clock is not
    to be trusted or the newest day is implausibly far from today.
    """
    known = sorted(files, key=lambda file: (file.day, file.path))
    if not known:
        return Plan(())
    if not clock_trusted:
        return Plan((), "the clock is not synchronised")
    newest = known[-1].day
    if (today - newest).days > _PLAUSIBLE_FACTOR * days + _PLAUSIBLE_EXTRA:
        return Plan((), f"newest day {newest} is implausibly far from today, {today}")
    old = (file for file in known if (today - file.day).days > days and file.day != newest)
    return Plan(tuple(old))
