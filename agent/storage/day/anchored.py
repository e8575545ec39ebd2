"""The child's side of the anchor: is a day as it was left, and how far does it reach now?

The agent reports a difference once, and from then on anchors the present content. The break stays
in the anchor, so nobody can hide a change of the store by waiting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from agent.core.anchors import DayAnchor, Going, day_from, explained
from agent.core.store_names import (
    MANIFEST,
    MARKS,
    NOTES,
    day_of,
    is_camera,
    is_event,
    is_self_test,
)
from agent.storage.day.manifest import Manifest
from agent.storage.filesystem.files import exists, folders_in, open_folder

#: Events that are named in one message.
_NAMED = 3

Key = tuple[str, str]  # camera, day


@dataclass(slots=True)
class Changes:
    """What the agent has to anchor, since it was last asked.

    Attributes:
        days: (camera, how far its day reaches).
        gone: days that have left.
        breaks: (camera, day, what was found).
        known: cameras of which each day is anchored from now on.
    """

    days: dict[Key, DayAnchor] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)
    breaks: list[tuple[str, str, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def wire(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "days": [[camera, day.wire()] for (camera, _), day in self.days.items()],
            "gone": sorted(self.gone),
            "breaks": self.breaks,
            "known": sorted(self.known),
        }


class Anchored:
    """The days of an open store, as they were left; belongs to the child.

    Args:
        store: its folder.
        uuid: whose anchor it has to be.
        said: what `AnchorKeeper.wire` has said; None: nothing is anchored, everything allowed.
        alive: called before each day that is looked at: there may be many.

    Attributes:
        cameras: that are to be recorded, there or not.
    """

    def __init__(
        self,
        store: int,
        uuid: str,
        said: Mapping[str, Any] | None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._alive = alive
        self._off = said is None
        ours = said if said is not None and said["store"] == uuid else {}
        self._days: dict[Key, DayAnchor] = {}
        for camera, day in ours.get("days", ()):
            anchor = day_from(day)
            self._days[camera, anchor.day] = anchor
        self._known: set[str] = set(ours.get("known", ()))
        self._writing: dict[str, str] = dict(ours.get("writing", {}))
        self._changes = Changes()
        self.cameras: Collection[str] = ()

    def settle(self) -> None:
        """Looks whether what was under way when the last child ended has become a line."""
        for camera in sorted(filter(is_camera, self._writing)):
            known = {day for each, day in self._days if each == camera}
            for day in sorted(known | self._found(camera)):  # the line may be the first of its day
                self._look_at(camera, day)
        self._writing.clear()

    def opened(self, camera: str, day: str, manifest: Manifest) -> None:
        """A day's manifest was opened: is it as it was left?"""
        anchor = self._days.get((camera, day))
        empty = not (manifest.chain.head.count or manifest.notes.head.count)
        for what in self._differences(camera, day, anchor, manifest):
            self._changes.breaks.append((camera, day, what))
        # a day that leaves stays known, however empty, until its folder has gone
        if anchor is not None or not empty:
            self.wrote(camera, day, manifest)

    def wrote(self, camera: str, day: str, manifest: Manifest) -> None:
        """A day's manifest has a line more; one of a self test, which goes again, is no matter."""
        if is_self_test(camera):
            return
        before = self._days.get((camera, day), DayAnchor(day))
        newest = manifest.newest
        now = replace(
            before,
            events=manifest.chain.head,
            notes=manifest.notes.head,
            newest=newest if newest is not None and is_event(newest) else None,
        )
        if now != self._days.get((camera, day)):
            self._set(camera, now)

    def allow(self, camera: str, day: str, going: Going) -> None:
        """The agent has anchored that retention may take this step with a day."""
        before = self._days.get((camera, day), DayAnchor(day))
        if not before.allows(going):
            self._set(camera, replace(before, going=going))

    def allows(self, camera: str, day: str, going: Going) -> bool:
        """True when retention may take this step with a day now."""
        free = self._off or is_self_test(camera)
        return free or self._days.get((camera, day), DayAnchor(day)).allows(going)

    def listed(self, days: Mapping[str, Iterable[str]]) -> None:
        """All days that there are, of each camera of ours; what is missing or new shows."""
        known = {*days, *self.cameras, *(camera for camera, _ in self._days)}
        for camera in sorted(it for it in known if not is_self_test(it)):
            if camera in days or not exists(self._store, camera):
                self._compare(camera, set(days.get(camera, ())))

    def _compare(self, camera: str, found: set[str]) -> None:
        for key, anchor in [(k, a) for k, a in self._days.items() if k[0] == camera]:
            if anchor.day not in found:
                if anchor.going is not Going.LEAVING and anchor.events.count + anchor.notes.count:
                    self._changes.breaks.append((camera, anchor.day, f"is gone, {told(anchor)}"))
                self._forget(key)
        for day in sorted(found - {day for each, day in self._days if each == camera}):
            self._look_at(camera, day)
        if camera not in self._known:
            self._known.add(camera)
            self._changes.known.add(camera)

    def take(self) -> dict[str, Any]:
        """What is to be anchored now."""
        changes, self._changes = self._changes, Changes()
        return changes.wire()

    def _forget(self, key: Key) -> None:
        del self._days[key]
        self._changes.days.pop(key, None)
        self._changes.gone.add(key)

    def _set(self, camera: str, anchor: DayAnchor) -> None:
        self._days[camera, anchor.day] = anchor
        self._changes.days[camera, anchor.day] = anchor
        self._changes.gone.discard((camera, anchor.day))

    def _found(self, camera: str) -> set[str]:
        """The days that a camera has in the store; none where its folder cannot be read."""
        with suppress(OSError):
            folder = open_folder(self._store, camera)
            try:
                return {name for name in folders_in(folder) if day_of(name)}
            finally:
                os.close(folder)
        return set()

    def _look_at(self, camera: str, day: str) -> None:
        """Opens a day's manifest only to see it; what cannot be read is looked at when it can."""
        self._alive()
        with suppress(OSError):
            folder = open_folder(self._store, f"{camera}/{day}")
            try:
                self.opened(camera, day, Manifest(folder))
            finally:
                os.close(folder)

    def _differences(
        self, camera: str, day: str, anchor: DayAnchor | None, manifest: Manifest
    ) -> list[str]:
        if self._off or (anchor is None and camera not in self._known):
            return []
        left = anchor or DayAnchor(day)
        writing = self._writing.get(camera)
        found = []
        for name, chain, head in (
            (MANIFEST, manifest.chain, left.events),
            (NOTES, manifest.notes, left.notes),
        ):
            if left.going is Going.LEAVING and not chain.head.count:
                continue
            behind = chain.behind(head)
            if behind is None:
                found.append(f"{name}: {cut(head.count, chain.head.count)}, {told(left)}")
            else:
                added = unexplained(behind, writing, left.going)
                if added:
                    found.append(f"{name}: {words_of(added)} that this agent did not write")
        return found


def unexplained(
    behind: list[dict[str, Any]], writing: str | None, going: Going
) -> list[dict[str, Any]]:
    """The lines behind an anchor that the agent has not written."""
    others = sum("purged" not in entry for entry in behind)
    return [e for e in behind if not explained(e, writing, going, only=others == 1)]


def cut(wanted: int, found: int) -> str:
    """What has become of a manifest that does not reach its anchor any more, in words."""
    if found < wanted:
        return f"{wanted - found} of {wanted} lines are gone"
    return f"the {wanted} lines that were written are not those that are there"


def told(anchor: DayAnchor) -> str:
    """What a day held, in words."""
    newest = f", the newest {anchor.newest}" if anchor.newest else ""
    return f"it had {anchor.events.count} events{newest}"


def words_of(added: list[dict[str, Any]]) -> str:
    """Lines in words: the events they are of, or what else they say."""
    kinds = [_kind(entry) for entry in added[:_NAMED]]
    more = ", …" if len(added) > _NAMED else ""
    return f"{len(added)} lines ({', '.join(kinds)}{more})"


def _kind(entry: dict[str, Any]) -> str:
    for word in ("id", *sorted(MARKS), "picture"):
        if word in entry:
            name = "event" if word == "id" else word
            return f"{name} {str(entry[word])[:80]}"
    return "purged" if "purged" in entry else "nothing known"
