"""Judges stored events again and proposes what would spare the false alarms among them.

Run as `python -m agent.tuning.propose PID` with the agent's process id. The task comes on standard
input, the proposal goes out as one line of JSON.

The store is only read. It takes the newest events up to a limit, and ends when its time is over.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from pydantic import ValidationError

from agent.core.errors import ConfigError, StoreUnavailable
from agent.core.store_names import EVENTS, FileKind
from agent.runtime.clock import Clock, SystemClock
from agent.storage.reading.library import Library, Unknown
from agent.storage.store.identity import Terms, look_at_store
from agent.tuning.proposal import Candidate, Proposal, Tried, propose
from agent.tuning.replay import Event
from agent.tuning.suggest import spot
from agent.tuning.trial import Variant, replays, variants_of
from schemas.camera_config import CameraConfig
from schemas.zones import Zone

#: Days of the store, false alarms and other events that are looked at: the newest ones.
MOST_DAYS, MOST_FALSE, MOST_OTHERS = 30, 40, 60
#: Seconds that it may take.
WITHIN = 900.0
#: The minimum is tried at these multiples of the one in force.
FACTORS = (1.5, 2.0, 3.0, 5.0)
_ZONE = "false_alarms"
#: Lets everything else on the machine go first.
_NICE = 15


@dataclass(slots=True)
class _Stored:
    """An event of the store with its clip; None: it has none."""

    id: str
    local: str
    false_alarm: bool
    clip: Path | None
    events: list[Event] = field(default_factory=list)  # as things are now
    fires_with: tuple[bool, ...] = ()
    judged: bool = False
    late: bool = False  # there was no time for it


@dataclass(slots=True)
class _Round:
    """Judges clips one after the other as long as there is time."""

    clock: Clock
    until: float
    said: Callable[[int, int], object]
    total: int
    done: int = 0

    def judge(self, events: list[_Stored], variants: list[Variant]) -> None:
        """Judges the events' clips again."""
        for one in events:
            one.judged, one.late = False, self.clock.monotonic() >= self.until
            if not one.late:
                _judge(one, variants)
            self.done += 1
            self.said(self.done, self.total)


def proposal_for(
    camera: str,
    terms: Terms,
    variant: Variant,
    clock: Clock,
    said: Callable[[int, int], object] = lambda _done, _total: None,
    *,
    within: float = WITHIN,
) -> Proposal:
    """What would spare the false alarms of a camera.

    Args:
        camera: its id.
        terms: of the store.
        variant: as the camera is judged now.
        clock: for the time that it may take.
        said: hears how many of how many events are done.
        within: seconds.

    Raises:
        StoreUnavailable, OSError: the store cannot be read.
    """
    until = clock.monotonic() + within
    library = Library(look_at_store(terms))
    try:
        stored, marked, days = _events(library, Path(terms.path), camera)
    finally:
        library.close()
    false = [it for it in stored if it.false_alarm]
    round_ = _Round(clock, until, said, len(false) + len(stored))
    round_.judge(false, [variant])
    candidates, variants = _candidates(variant, false)
    rest = [it for it in stored if it.events or not it.false_alarm] if variants else []
    round_.judge(rest, [variant, *variants])
    tried = [
        Tried(it.id, it.local, it.false_alarm, bool(it.events), it.fires_with)
        for it in rest
        if it.judged
    ]
    asked = stored if variants else false
    late = sum(it.late for it in asked)
    skipped = len(asked) - len(tried) - late
    return propose(candidates, tried, marked=marked, days=days, skipped=skipped, unfinished=late)


def as_json(camera: str, proposal: Proposal) -> dict[str, Any]:
    """The proposal for programs."""
    best = proposal.best
    false = sum(it.false_alarm for it in proposal.tried)
    return {
        "camera": camera,
        "kind": "nothing" if best is None else best.candidate.kind,
        "text": "" if best is None else best.candidate.words,
        "yaml": "" if best is None else best.candidate.yaml,
        "marked": proposal.marked,
        "days": proposal.days,
        "judged_false": false,
        "judged_others": len(proposal.tried) - false,
        "skipped": proposal.skipped,
        "unfinished": proposal.unfinished,
        "spares": [] if best is None else [it.id for it in best.spares],
        "costs": [] if best is None else [it.id for it in best.costs],
    }


def _events(library: Library, store: Path, camera: str) -> tuple[list[_Stored], int, int]:
    """The newest events, how many are marked at all, and how many days were looked at."""
    names = library.days(camera)[:MOST_DAYS]
    false: list[_Stored] = []
    others: list[_Stored] = []
    marked = 0
    for day in names:
        for one in _of_day(library, store, camera, day):
            marked += one.false_alarm
            kind, most = (false, MOST_FALSE) if one.false_alarm else (others, MOST_OTHERS)
            if len(kind) < most:
                kind.append(one)
    return [*false, *others], marked, len(names)


def _of_day(library: Library, store: Path, camera: str, day: str) -> Iterator[_Stored]:
    """The day's events, newest first."""
    try:
        told = library.day(camera, day)
    except (Unknown, OSError):
        return
    marks = set(told["false_alarms"])
    for event in reversed(told["events"]):
        clip = None
        if FileKind.CLIP.value in event["files"]:
            name = _name(library, camera, day, event)
            clip = None if name is None else store / camera / day / EVENTS / name
        local = str(event["started_local"])[:19].replace("T", " ")
        yield _Stored(str(event["id"]), local, event["id"] in marks, clip)


def _name(library: Library, camera: str, day: str, event: Mapping[str, Any]) -> str | None:
    try:
        about, _ = library.event_file(camera, day, event["id"], FileKind.CLIP.value, 0, 0)
    except (Unknown, OSError):
        return None
    return str(about["name"])


def _judge(one: _Stored, variants: list[Variant]) -> None:
    """Judges a clip; one that cannot be judged stays unjudged."""
    if one.clip is None or one.clip.is_symlink():
        return
    try:
        first, *others = replays(one.clip, variants)
    except (ConfigError, OSError, ValueError, cv2.error):
        return
    one.events, one.judged = first.events, True
    one.fires_with = tuple(bool(it.events) for it in others)


def _candidates(variant: Variant, false: list[_Stored]) -> tuple[list[Candidate], list[Variant]]:
    """What is tried: the place of the false alarms left out, then higher minimums."""
    found: list[tuple[Candidate, Variant]] = []
    events = [event for one in false for event in one.events]
    if not events:
        return [], []
    place = spot(events)
    if place is not None:
        zones = variant.camera.zones if variant.aim is None else variant.aim.zones
        name = _free(zones)
        zone = Zone(polygon=place.polygon, mode="ignore")
        corners = ", ".join(f"[{x:g}, {y:g}]" for x, y in place.polygon)
        yaml = f"zones:\n  {name}:\n    mode: ignore\n    polygon: [{corners}]\n"
        candidate = Candidate("zone", "leave out the place where false alarms happen", yaml)
        _add(found, candidate, partial(_with_zone, variant, name, zone))
    rules = variant.camera.detection
    for factor in FACTORS:
        value = float(f"{rules.min_changed * factor:.3g}")
        words = f"raise min_changed from {rules.min_changed:g} to {value:g} %"
        candidate = Candidate("min_changed", words, f"detection:\n  min_changed: {value:g}\n")
        _add(found, candidate, partial(_with_minimum, variant, value))
    return [it for it, _ in found], [it for _, it in found]


def _free(zones: Collection[str]) -> str:
    """A name that no zone has."""
    number = 1
    name = _ZONE
    while name in zones:
        number += 1
        name = f"{_ZONE}_{number}"
    return name


def _add(
    found: list[tuple[Candidate, Variant]], candidate: Candidate, made: Callable[[], Variant]
) -> None:
    """A change that the configuration would not take is none."""
    try:
        found.append((candidate, made()))
    except (ValidationError, ValueError):
        return


def _with_zone(variant: Variant, name: str, zone: Zone) -> Variant:
    camera = _changed(variant.camera, zones={**variant.camera.zones, name: zone})
    aim = variant.aim
    if aim is not None:
        aim = aim.model_copy(update={"zones": {**aim.zones, name: zone}})
    return Variant(name, camera, aim)


def _with_minimum(variant: Variant, value: float) -> Variant:
    rules = {**variant.camera.detection.model_dump(), "min_changed": value}
    return Variant(f"{value:g}", _changed(variant.camera, detection=rules), variant.aim)


def _changed(camera: CameraConfig, **keys: object) -> CameraConfig:
    """Checked as the file would be."""
    return CameraConfig.model_validate({**camera.model_dump(), **keys})


def main() -> int:
    """Reads the task, carries it out; what goes wrong is said, too."""
    os.nice(_NICE)
    cv2.setNumThreads(1)
    agent = int(sys.argv[1])

    def said(_done: int, _total: int) -> None:
        """Ends with the agent, however it ended."""
        if os.getppid() != agent:
            sys.exit("the agent has ended")

    try:
        task = json.loads(sys.stdin.read())
        camera = str(task["camera"])
        (variant,) = variants_of({"variants": [task["variant"]]})
        found = proposal_for(camera, Terms(**task["terms"]), variant, SystemClock(), said)
        answer = as_json(camera, found)
    except (StoreUnavailable, ConfigError, OSError, ValueError, KeyError, TypeError) as error:
        answer = {"failed": str(error)[:300]}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
