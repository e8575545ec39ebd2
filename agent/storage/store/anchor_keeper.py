"""The agent's side of the anchor: `anchor.json` in the state folder, and what is published of it.

Written before a line is asked for (which event's it will be) and after the child's answer (how far
the manifests reach then), each time lasting. So whenever the agent is killed, the store is at most
that one line ahead of the anchor, and never behind it: what retention deletes, the anchor has
allowed before.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.core.anchors import (
    MOST_BREAKS,
    MOST_DAYS,
    Break,
    CameraAnchor,
    DayAnchor,
    Going,
    anchor_from,
    day_from,
    readable_from,
    short,
)
from agent.core.errors import ConfigError
from agent.core.store_names import is_event
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock
from agent.runtime.small_files import read_small
from schemas.base import utc_text

log = logging.getLogger(__name__)

NAME = "anchor.json"
#: The anchor of the store before this one.
FORMER = "anchor-former.json"
#: What could not be read as a whole.
DAMAGED = "anchor.json.damaged"
KEY = "anchor.key"
#: A camera's anchor is published this often at most, in seconds.
SAY_EVERY = 60.0
#: Bytes of a file with anchors; longer ones are none.
LIMIT = 32 << 20
SHORTEST_KEY = 16
_LONGEST_KEY = 4096


class AnchorKeeper:
    """Belongs to the store's thread.

    Args:
        state_dir: the agent's.
        agent: its id.
        clock: for what is said with an anchor.
        key: signs each anchor; None: they are not signed.
    """

    def __init__(self, state_dir: Path, agent: str, clock: Clock, key: bytes | None) -> None:
        self._file = state_dir / NAME
        self._agent = agent
        self._clock = clock
        self._key = key
        self._cameras = _load(self._file)
        self._store = ""
        self._unsaid: set[str] = set()
        self._said_at: dict[str, float] = {}
        self._failing = False

    def wire(self) -> dict[str, Any]:
        """The anchors for the child."""
        anchors = self._cameras.values()
        return {
            "store": next((anchor.store for anchor in anchors), ""),
            "days": [[a.camera, day.wire()] for a in anchors for day in a.days],
            "known": [a.camera for a in anchors if a.since],
            "writing": {a.camera: a.writing for a in anchors if a.writing is not None},
        }

    def opened(self, store: str) -> None:
        """The child has opened this store; another one's anchor is put aside."""
        if any(anchor.store != store for anchor in self._cameras.values()):
            log.warning("store: it is another one: its anchor begins anew (%s: the old)", FORMER)
            with suppress(OSError):
                self._file.replace(self._file.with_name(FORMER))
            self._cameras = {}
        self._store = store
        self._unsaid = set(self._cameras)
        self._said_at.clear()

    def begin(self, camera: str, event: str) -> None:
        """A line is going to be written: that of an event, or "" another one."""
        event = event if is_event(event) else ""  # it comes from a command, too
        if self._camera(camera).writing != event:
            self._put(replace(self._camera(camera), writing=event))
            self._save()

    def take(self, changes: dict[str, Any]) -> list[tuple[str, str, str]]:
        """The child has answered.

        Returns:
            What it found otherwise than it was left: (camera, day, words).
        """
        before = dict(self._cameras)
        for anchor in before.values():
            if anchor.writing is not None:
                self._put(replace(anchor, writing=None))
        for camera, said in changes["days"]:
            self._set(camera, day_from(said))
        for camera, day in changes["gone"]:
            anchor = self._camera(camera)
            self._put(replace(anchor, days=tuple(d for d in anchor.days if d.day != day)))
        breaks = [(str(camera), str(day), short(what)) for camera, day, what in changes["breaks"]]
        for camera, day, what in breaks:
            anchor = self._camera(camera)
            known = (*anchor.breaks, Break(self._now(), day, what))[-MOST_BREAKS:]
            self._put(replace(anchor, breaks=known, broken=anchor.broken + 1))
        for camera in changes["known"]:
            self._put(replace(self._camera(camera), since=self._now()))
        if self._cameras != before or self._failing:
            self._save()
        return breaks

    def allow(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        """Retention may take these steps: (camera, day, `Going`)."""
        for camera, day, going in wanted:
            days = {each.day: each for each in self._camera(camera).days}
            self._set(camera, replace(days.get(day, DayAnchor(day)), going=Going(going)))
        self._save()

    def due(self) -> list[CameraAnchor]:
        """What is to be published now: each camera's at most once a minute."""
        now = self._clock.monotonic()
        due = [c for c in self._unsaid if now - self._said_at.get(c, -SAY_EVERY) >= SAY_EVERY]
        for camera in due:
            self._said_at[camera] = now
            self._unsaid.discard(camera)
        return [self._shown(camera, settled=False) for camera in sorted(due)]

    def settled(self) -> list[CameraAnchor]:
        """The last word: nothing more will be written."""
        return [self._shown(camera, settled=True) for camera in sorted(self._cameras)]

    def _shown(self, camera: str, *, settled: bool) -> CameraAnchor:
        anchor = replace(self._cameras[camera], ts=self._now(), settled=settled, writing=None)
        return anchor.shown().signed(self._key)

    def _camera(self, camera: str) -> CameraAnchor:
        known = self._cameras.get(camera)
        return known or CameraAnchor(self._store, self._agent, camera, self._now(), settled=True)

    def _set(self, camera: str, day: DayAnchor) -> None:
        anchor = self._camera(camera)
        days = {**{each.day: each for each in anchor.days}, day.day: day}
        ordered = tuple(days[name] for name in sorted(days))
        self._put(replace(anchor, days=ordered[-MOST_DAYS:]))

    def _put(self, anchor: CameraAnchor) -> None:
        before = self._cameras.get(anchor.camera)
        self._cameras[anchor.camera] = anchor
        if before is None or replace(before, writing=anchor.writing) != anchor:
            self._unsaid.add(anchor.camera)

    def _now(self) -> str:
        return utc_text(self._clock.utc())

    def _save(self) -> None:
        """Tried again with each change while it fails, which is said once."""
        anchors = [replace(a, ts=self._now()).signed(self._key) for a in self._cameras.values()]
        content = {"v": 1, "cameras": [anchor.wire() for anchor in anchors]}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, json.dumps(content).encode() + b"\n")
        except OSError as error:
            if not self._failing:
                log.warning("store: %s cannot be written: %s", self._file, error)
            self._failing = True
        else:
            self._failing = False


def anchors_in(said: object) -> list[CameraAnchor]:
    """The anchors of the state folder's file, or a published one.

    Raises:
        ValueError: there is none in it.
    """
    if isinstance(said, dict) and "cameras" in said:
        return [anchor_from(each) for each in _cameras_in(said)]
    return [anchor_from(said)]


def _cameras_in(said: object) -> list[Any]:
    cameras = said.get("cameras") if isinstance(said, dict) and said.get("v") == 1 else None
    if not isinstance(cameras, list):
        raise ValueError("no file of anchors of version 1")  # noqa: TRY004  bad input
    return cameras


def signing_key(wanted: str | None, state_dir: Path) -> bytes | None:
    """The key that `store.anchor_key` says: `auto` is made in the state folder, None is none.

    Raises:
        ConfigError: it cannot be read or made, or is too short.
    """
    if wanted is None:
        return None
    path = state_dir / KEY if wanted == "auto" else Path(wanted)
    try:
        if wanted == "auto" and not path.exists():
            state_dir.mkdir(parents=True, exist_ok=True)
            write_atomic(path, secrets.token_hex(32).encode() + b"\n", 0o600)
        return key_in(path)
    except OSError as error:
        raise ConfigError(f"store.anchor_key: {path}: {error.strerror or error}") from error


def key_in(path: Path) -> bytes:
    """The key in a file, without the blanks around it.

    Raises:
        ConfigError: it cannot be read, is too short, or no file.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"anchor key {path}: is no file")
        with path.open("rb") as file:
            key = file.read(_LONGEST_KEY).strip()
    except OSError as error:
        raise ConfigError(f"anchor key {path}: {error.strerror}") from error
    if len(key) < SHORTEST_KEY:
        raise ConfigError(f"anchor key {path}: has less than {SHORTEST_KEY} bytes")
    return key


def _load(file: Path) -> dict[str, CameraAnchor]:
    """What can be read of the file; what cannot costs no other camera its anchor."""
    try:
        data = read_small(file, LIMIT)
        cameras = _cameras_in(json.loads(data))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("store: %s cannot be read, the anchor begins anew: %s", file, error)
        with suppress(OSError):
            file.replace(file.with_name(DAMAGED))
        return {}
    anchors: dict[str, CameraAnchor] = {}
    damaged = False
    for said in cameras:
        try:
            anchor = readable_from(said)
        except ValueError as error:
            log.warning("store: %s: a camera's anchor begins anew: %s", file, error)
            damaged = True
        else:
            damaged |= len(anchor.breaks) != len(said["breaks"])
            anchors[anchor.camera] = replace(anchor, mac=None)
    if damaged:
        log.warning("store: %s has what is no anchor: kept as %s", file, DAMAGED)
        with suppress(OSError):
            write_atomic(file.with_name(DAMAGED), data)
    return anchors
