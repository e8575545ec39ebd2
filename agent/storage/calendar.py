"""The file in the state folder that remembers when the clock was set: see `agent.core.dating`."""

from __future__ import annotations

import json
import logging
from datetime import date, tzinfo
from pathlib import Path

from agent.core.dating import Misdated, Shown, look
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock
from agent.runtime.host import boot_id

log = logging.getLogger(__name__)

_FILE = "clock.json"
#: Seconds from one attempt to write it to the next.
_AGAIN = 60.0


class Calendar:
    """Looks at the clock; belongs to the store's thread."""

    def __init__(self, state_dir: Path, clock: Clock, tz: tzinfo | None = None) -> None:
        self._state_dir = state_dir
        self._clock = clock
        self._tz = tz
        self._boot = boot_id()
        self._shown = _load(state_dir)
        self._failed_at: float | None = None

    @property
    def misdated(self) -> tuple[Misdated, ...]:
        """The dates that are not to be believed."""
        return self._shown.misdated if self._shown else ()

    def look(self) -> date:
        """Today, by the wall clock; remembers it when that was set."""
        local = self._clock.utc().astimezone(self._tz)
        shown = look(self._shown, self._boot, self._clock.since_boot(), local)
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
            "own": as_json(shown.own),
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
    return tuple(Misdated(days(first), days(last), int(later)) for first, last, later in said)


def _load(state_dir: Path) -> Shown | None:
    try:
        said = json.loads((state_dir / _FILE).read_text())
        since = date.fromisoformat(said["since"])
        own, earlier = from_json(said["own"]), from_json(said["earlier"])
        return Shown(str(said["boot"]), float(said["zero"]), since, own, earlier)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        log.warning("store: %s cannot be read: %s", state_dir / _FILE, error)
        return None
