"""Remembers in the state folder when the clock was set: see `agent.core.clock_corrections`."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from datetime import date, timedelta, tzinfo
from pathlib import Path

from agent.core.clock_corrections import Misdated, Shown, look
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock, clock_is_synchronised
from agent.runtime.host import boot_id
from agent.runtime.small_files import read_small
from agent.runtime.time_zone import ZoneWatch

log = logging.getLogger(__name__)

_FILE = "clock.json"
#: Seconds, far beyond each clock's, with sums that dates still reach; more is a damaged file.
_LEAST, _MOST = -1e9, 1e11
#: Seconds from one attempt to write it to the next.
_AGAIN = 60.0


class Calendar:
    """Looks at the clock; belongs to the store's thread."""

    def __init__(
        self,
        state_dir: Path,
        clock: Clock,
        tz: tzinfo | None = None,
        synchronised: Callable[[], bool] = clock_is_synchronised,
    ) -> None:
        self._state_dir = state_dir
        self._clock = clock
        self._tz = tz
        self._synchronised = synchronised
        self._boot = boot_id() or secrets.token_hex(8)
        self._shown = _load(state_dir)
        self._failed_at: float | None = None
        self._zone = ZoneWatch(clock.monotonic)

    @property
    def misdated(self) -> tuple[Misdated, ...]:
        """The dates that are not to be believed."""
        return self._shown.misdated if self._shown else ()

    def look(self) -> date:
        """Today, by the wall clock and its zone; remembers it when the clock was set."""
        self._zone.look()
        local = self._clock.utc().astimezone(self._tz)
        sure = not (self._shown and self._shown.sure) and self._synchronised()
        shown = look(self._shown, self._boot, self._clock.since_boot(), local, sure=sure)
        if shown is not self._shown:
            if shown.misdated != self.misdated:
                log.info("store: the clock was set; what it misdated counts as of when it was made")
            self._shown = shown
            self._save(shown)
        elif self._failed_at is not None and self._clock.monotonic() >= self._failed_at + _AGAIN:
            self._save(shown)
        return local.date()

    def _save(self, shown: Shown) -> None:
        """Tried again while it fails, which is said once."""
        content = {
            "boot": shown.boot,
            "zero": shown.zero,
            "since": shown.since.isoformat(),
            "until": shown.until,
            "sure": shown.sure,
            "own": as_json(shown.own),
            "doubted": as_json(shown.doubted),
            "earlier": as_json(shown.earlier),
        }
        try:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            write_atomic(self._state_dir / _FILE, json.dumps(content).encode() + b"\n")
        except OSError as error:
            if self._failed_at is None:
                log.warning("store: %s cannot be written: %s", self._state_dir / _FILE, error)
            self._failed_at = self._clock.monotonic()
        else:
            self._failed_at = None


def misdated_of(state_dir: Path) -> tuple[Misdated, ...]:
    """What the agent of this state folder remembers."""
    shown = _load(state_dir)
    return shown.misdated if shown else ()


def as_json(misdated: tuple[Misdated, ...]) -> list[tuple[str, str, int]]:
    """For the file and for the store's child process."""
    return [(m.first.isoformat(), m.last.isoformat(), m.later) for m in misdated]


def from_json(said: list[tuple[str, str, int]]) -> tuple[Misdated, ...]:
    """The way back.

    Raises:
        ValueError, TypeError, OverflowError: it is something else.
    """
    days = date.fromisoformat
    for _, _, later in said:
        timedelta(seconds=int(later))  # as it will be asked for
    return tuple(Misdated(days(first), days(last), int(later)) for first, last, later in said)


def _time(seconds: float) -> float:
    """Seconds since 1970 that can be reckoned with, of a file that may be damaged."""
    if not _LEAST < seconds < _MOST:
        msg = f"{seconds} is no time of a clock"
        raise ValueError(msg)
    return float(seconds)


def _spans(said: list[tuple[str, str, int]]) -> tuple[Misdated, ...]:
    """Likewise."""
    spans = from_json(said)
    if any(abs(each.later) >= _MOST for each in spans):
        msg = "no clock was ever set by so much"
        raise ValueError(msg)
    return spans


def _load(state_dir: Path) -> Shown | None:
    try:
        said = json.loads(read_small(state_dir / _FILE))
        since = date.fromisoformat(said["since"])
        spans = {name: _spans(said[name]) for name in ("own", "doubted", "earlier")}
        zero, until = _time(said["zero"]), _time(said["until"])
        return Shown(str(said["boot"]), zero, since, until, bool(said["sure"]), **spans)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        log.warning("store: %s cannot be read: %s", state_dir / _FILE, error)
        return None
