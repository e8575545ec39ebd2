"""Judges a day's stored clips again, for the page: a child process, told and heard in JSON lines.

Run as `python -m agent.tuning.trial`; the task comes on standard input. It reads the store, so it
may hang; who started it has a deadline, and kills it. It writes nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import cv2

from agent.core.errors import ConfigError, StoreUnavailable
from agent.core.store_names import EVENTS, FileKind, day_of, is_camera
from agent.imaging.orientation import Orientation
from agent.imaging.strokes import painted_plane
from agent.storage.reading.library import Library, Unknown
from agent.storage.store.identity import Terms, look_at_store
from agent.tuning.clips import open_clip
from agent.tuning.replay import Replay, replay
from agent.vision.detector.masks import load_mask, mask_of
from agent.vision.zones import View
from schemas.camera_config import CameraConfig
from schemas.page import Aim

#: Clips of one trial: the newest ones of the day.
MOST_CLIPS = 300
#: Lets everything else on the machine go first.
_NICE = 15


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to judge: a name for people, the configuration, and strokes instead of its mask."""

    name: str
    camera: CameraConfig
    aim: Aim | None = None

    def view(self, height: int, width: int) -> View:
        """What of a picture of this size is judged.

        Raises:
            ConfigError: a mask that cannot be used, or nothing left to look at.
        """
        camera, as_stored = self.camera, Orientation()
        mask = load_mask(camera.mask, as_stored) if camera.mask else None
        zones, privacy = camera.zones, camera.privacy
        if self.aim is not None:
            zones, privacy = self.aim.zones, self.aim.privacy
            if self.aim.mask:
                mask = mask_of(painted_plane(self.aim.mask, height, width), as_stored)
        view = View(mask, zones, privacy, as_stored)
        view.areas(height, width)
        return view


def variants_of(task: dict[str, Any]) -> list[Variant]:
    """The ways to judge that the task asks for.

    Raises:
        ValueError: it makes no sense.
    """
    return [
        Variant(
            str(it["name"]),
            CameraConfig.model_validate(it["camera"]),
            None if it.get("aim") is None else Aim.model_validate(it["aim"]),
        )
        for it in task["variants"]
    ]


def judged(path: Path, variants: list[Variant]) -> list[bool]:
    """Whether the clip has an event, in each of the ways.

    Raises:
        ConfigError: it cannot be read, or a mask does not fit it.
    """
    return [bool(result.events) for result in replays(path, variants)]


def replays(path: Path, variants: list[Variant]) -> list[Replay]:
    """What the clip gives, in each of the ways.

    Raises:
        ConfigError: it cannot be read, or a mask does not fit it.
    """
    clip = open_clip(str(path))
    first = next((luma for shot in clip.shots() if (luma := shot.luma()) is not None), None)
    if first is None:
        raise ConfigError("no frame can be decoded")
    return replay(clip, [(variant.camera, variant.view(*first.shape)) for variant in variants])


def clips_of(task: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Path | None]]:
    """The day's events with their clips, newest last.

    Raises:
        StoreUnavailable, OSError, Unknown: the store, or the day, is not there.
    """
    camera, day = str(task["camera"]), str(task["day"])
    if not is_camera(camera) or day_of(day) is None:
        raise Unknown("no such day")
    terms = Terms(**task["terms"])
    library = Library(look_at_store(terms))
    folder = Path(terms.path) / camera / day / EVENTS
    for event in library.day(camera, day)["events"][-MOST_CLIPS:]:
        path = None
        if FileKind.CLIP.value in event["files"]:
            about, _ = library.event_file(camera, day, event["id"], FileKind.CLIP.value, 0, 0)
            path = folder / about["name"]
        yield event, path


def run(task: dict[str, Any], out: TextIO) -> None:
    """Carries out a task; says how far it is after each clip, and the result at the end."""

    def say(**words: object) -> None:
        """A line for who listens."""
        out.write(json.dumps(words) + "\n")
        out.flush()

    variants, events, skipped = variants_of(task), [], 0
    clips = list(clips_of(task))
    say(done=0, total=len(clips))
    for number, (event, path) in enumerate(clips, 1):
        try:
            if path is None or path.is_symlink():
                raise ConfigError("there is no clip")  # noqa: TRY301  one way to skip
            fires = judged(path, variants)
            local = str(event["started_local"])[11:19]
            events.append({"id": event["id"], "local": local, "fires": fires})
        except (ConfigError, cv2.error):  # the latter: a clip that no decoder should have let by
            skipped += 1
        say(done=number, total=len(clips))
    names = [variant.name for variant in variants]
    say(result={"variants": names, "events": events, "skipped": skipped})


def main() -> int:
    """Reads the task, carries it out; what goes wrong is a line, too."""
    os.nice(_NICE)
    cv2.setNumThreads(1)
    try:
        run(json.loads(sys.stdin.read()), sys.stdout)
    except Unknown:
        sys.stdout.write(json.dumps({"result": {"variants": [], "events": [], "skipped": 0}}))
    except (StoreUnavailable, ConfigError, OSError, ValueError, KeyError, TypeError) as error:
        sys.stdout.write(json.dumps({"failed": str(error)[:500]}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
