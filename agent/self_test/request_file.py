"""A request for a self test from another process of this machine: a file in the state folder.

It needs no broker, so a test can be asked for while the broker is what is broken. A second
connection with the agent's own login could end the agent's.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock
from agent.runtime.small_files import read_small

log = logging.getLogger(__name__)

NAME = "self_test_wanted.json"
_LIMIT = 4096
#: Seconds between two looks.
_EVERY = 1.0
#: Seconds after which a wish is taken away that no test follows: who asked is gone, or soon is.
FORGOTTEN_AFTER = 120.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A test is wanted with the settings of `camera`; None: of the first one."""

    camera: str | None


def want(state_dir: Path, camera: str | None) -> None:
    """Asks the running agent for a test; it takes the wish away as that begins.

    Raises:
        OSError: the folder cannot be written.
    """
    path = state_dir / NAME
    data = json.dumps({"camera": camera}).encode() + b"\n"
    write_atomic(path, data, 0o644, sync=False)  # nothing of it is secret, and the agent reads it
    owner = state_dir.stat()
    with suppress(PermissionError):  # of a wish by root the agent must be the owner, to read it
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def wanted(state_dir: Path) -> Wanted | None:
    """What is wanted; None: nothing, or nothing that can be read."""
    try:
        camera = json.loads(read_small(state_dir / NAME, _LIMIT))["camera"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("self test: %s is taken away: %s", state_dir / NAME, error)
        withdraw(state_dir)
        return None
    return Wanted(camera if isinstance(camera, str) else None)


def withdraw(state_dir: Path) -> None:
    """Nothing is wanted any more."""
    try:
        (state_dir / NAME).unlink(missing_ok=True)
    except OSError as error:
        log.warning("self test: %s cannot be removed: %s", state_dir / NAME, error)


class Wishes:
    """Looks for a wish once a second, until its test has begun."""

    def __init__(self, state_dir: Path, clock: Clock) -> None:
        self._state_dir, self._clock = state_dir, clock
        self._next = 0.0
        self._waiting: tuple[Wanted, float] | None = None  # and since when

    def look(self) -> Wanted | None:
        """What is wanted; None also between two looks."""
        now = self._clock.monotonic()
        if now < self._next:
            return None
        self._next = now + _EVERY
        wish = wanted(self._state_dir)
        if wish is None:
            self._waiting = None
        elif self._waiting is None or self._waiting[0] != wish:
            self._waiting = wish, now
        elif now - self._waiting[1] >= FORGOTTEN_AFTER:
            log.warning("self test: one was wanted and could not begin; it is forgotten")
            withdraw(self._state_dir)
            return None
        return wish

    def begun(self, camera: str) -> None:
        """A test with the settings of this camera has begun: that was the wish, or it was not."""
        wish = wanted(self._state_dir)
        if wish is not None and wish.camera in {None, camera}:
            withdraw(self._state_dir)
            self._waiting = None
