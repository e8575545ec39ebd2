"""The `events` folder of a camera's day: pictures and clips, hidden until they are whole.

Small files are collected and made lasting together: one sync each, and one of the folder for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from agent.core.store_names import EVENTS, FileKind, event_file, part_name
from agent.storage.container.h264 import Codec
from agent.storage.day.clip import Clip, Piece, write_clip
from agent.storage.day.day_part import ROLL_BYTES
from agent.storage.filesystem.error_causes import Cause, cause_of
from agent.storage.filesystem.files import (
    create_part,
    is_file,
    make_folders,
    read_whole,
    settle,
    stage,
    status,
    sync_folder,
)
from agent.storage.filesystem.name_check import Held


@dataclass(frozen=True, slots=True)
class _Staged:
    """A file under its hidden name; `number` is the record that brought it, if one did."""

    name: str
    digest: str
    number: int | None


class EventFiles:
    """Writes into the folder `events` of an open day's folder; the folder is made when needed."""

    def __init__(self, day: int, alive: Callable[[], None]) -> None:
        self._day = day
        self._alive = alive
        self._folder = -1
        self._held: Held | None = None
        self._staged: list[_Staged] = []

    @property
    def waiting(self) -> bool:
        """True while files are not lasting yet."""
        return bool(self._staged)

    def stage(self, number: int, name: str, data: bytes) -> bool:
        """Takes a record's file; False when the same file is there already."""
        digest = stage(self._opened(), name, data)
        if digest is not None:
            self._staged.append(_Staged(name, digest, number))
        return digest is not None

    def make_clip(
        self,
        started: datetime,
        event: str,
        codecs: Sequence[Codec],
        pieces: Callable[[], Iterable[Piece]],
        *,
        times: bool = False,
    ) -> tuple[Clip, dict[str, Any]]:
        """Writes the event's clip; returns it and its line for the manifest.

        The files collected so far become lasting with it; `codecs` and `times` as of `write_clip`.
        """
        name = event_file(started, event, FileKind.CLIP, original=codecs[0].original)
        write = partial(write_clip, codecs=codecs, alive=self._alive, times=times)
        clip = self._write_clip(part_name(name), write, pieces)
        final = settle(self._opened(), name, clip.sha256)
        self._alive()
        about = {"name": f"{EVENTS}/{final}", "size": clip.size, "sha256": clip.sha256}
        return clip, {**about, "codec": codecs[0].name}

    def _write_clip(
        self, hidden: str, write: Callable[..., Clip], pieces: Callable[[], Iterable[Piece]]
    ) -> Clip:
        """Writes it whole, or as much of it as the file system takes in one file."""
        limit = ROLL_BYTES
        while True:
            out = create_part(self._opened(), hidden)
            try:
                return write(out, pieces=pieces(), limit=limit)
            except OSError as error:
                if cause_of(error) is not Cause.TOO_LARGE or not out.size:
                    raise
                limit = out.size * 9 // 10
            finally:
                out.close()

    def settle(self) -> list[int]:
        """Makes everything collected lasting; the numbers of the records that are done by it."""
        folder = self._opened()
        for file in self._staged:
            settle(folder, file.name, file.digest)
            self._alive()
        sync_folder(folder)
        done = [file.number for file in self._staged if file.number is not None]
        self._staged.clear()
        return done

    def describe(self, started: datetime, event: str) -> dict[str, Any]:
        """The event's pictures that are there, for the manifest."""
        files = {}
        for kind in FileKind:
            name = event_file(started, event, kind)
            if kind is not FileKind.CLIP and is_file(self._opened(), name):
                data = read_whole(self._opened(), name)
                files[kind.value] = {
                    "name": f"{EVENTS}/{name}",
                    "size": len(data),
                    "sha256": sha256(data).hexdigest(),
                }
        return files

    def check(self) -> None:
        """Returns when the folder's name leads to it.

        Raises:
            Moved: it does not.
        """
        if self._held is not None:
            self._held.check()

    def has(self, about: Mapping[str, Any]) -> bool:
        """True when a file that the manifest's line speaks of is there, as long as it was."""
        found = status(self._opened(), PurePath(str(about["name"])).name)
        return found is not None and found.st_size == about["size"]

    def close(self) -> None:
        """Closes the folder; what is not lasting is sent again by the next child."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1
            self._held = None

    def _opened(self) -> int:
        if self._folder < 0:
            self._folder = make_folders(self._day, EVENTS)
            self._held = Held(self._day, EVENTS, self._folder)
        return self._folder
