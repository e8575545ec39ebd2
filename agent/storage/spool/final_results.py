"""The last word on each recording: saved or failed, one of both, once, also after a restart."""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from agent.core.recordings import RecordingFailed, RecordingSaved
from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Events that are remembered; of more the oldest is forgotten.
MOST = 1000


@dataclass(frozen=True, slots=True)
class LostEvent:
    """An event that will not be in the store, or not wholly; `code` as in `RecordingFailed`."""

    camera: str
    event: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Note:
    lost: LostEvent
    told: bool


class LastWords:
    """Decides what is said at last of an event, and remembers what was said.

    ```
    what happened to the event                         the last word
    all of it went to the store                        the store's
    lost, and none of its film can be in the store     failed, now
    lost, and some of its film may be in the store     the store's, when the event is closed;
                                                       if that has nothing: failed, with this reason
    lost, and nothing is left that could close it      failed, now
    ```

    The first result is final. Not safe between threads: the caller holds the spool's lock.

    Args:
        file: where it is kept what was said of events that are not closed yet.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._notes: OrderedDict[str, _Note] = _read(file)
        self._due: list[LostEvent] = []
        self._said: OrderedDict[str, None] = OrderedDict()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._unwritten = False

    def begun(self, event: str) -> None:
        """Some of the event's film may be in the store from now on."""
        _remember(self._begun, event, None)

    def lose(self, lost: LostEvent, *, closable: bool) -> bool:
        """An event was lost, or a part of it; False when that was known.

        Args:
            lost: the event and the reason.
            closable: its end is still to come, or waits in the spool: the store will hear of it.
        """
        note = self._notes.get(lost.event)
        if lost.event in self._said or (note is not None and note.told):
            return False
        now = not closable or lost.event not in self._begun
        _remember(self._notes, lost.event, _Note(note.lost if note else lost, told=now))
        self._unwritten = True
        if now:
            self._due.append(self._notes[lost.event].lost)
        return note is None

    def take_due(self) -> list[LostEvent]:
        """What is to be said now: once."""
        due, self._due = self._due, []
        return due

    def closed(
        self, told: RecordingSaved | RecordingFailed
    ) -> RecordingSaved | RecordingFailed | None:
        """What is to be said of an event that the store has closed; None: that was said before."""
        event = told.event_id
        note = self._notes.pop(event, None)
        self._begun.pop(event, None)
        self._unwritten = self._unwritten or note is not None
        if event in self._said or (note is not None and note.told):
            return None
        _remember(self._said, event, None)
        if note is not None and isinstance(told, RecordingFailed):
            return replace(told, code=note.lost.code, message=note.lost.message)
        return told

    def unwritten(self) -> bytes | None:
        """What the file has to say, if that changed since the last call."""
        if not self._unwritten:
            return None
        self._unwritten = False
        notes = [
            [note.lost.camera, event, note.lost.code, note.lost.message, note.told]
            for event, note in self._notes.items()
        ]
        return json.dumps(notes).encode()

    def write(self, data: bytes) -> None:
        """Keeps the result; if the disk refuses it, a restart reports the result a second time."""
        try:
            write_atomic(self._file, data, sync=False)
        except OSError as error:
            log.debug("spool: %s is not written: %s", self._file.name, error)


def _remember(memory: OrderedDict[str, T], event: str, value: T) -> None:
    memory[event] = value
    while len(memory) > MOST:
        memory.popitem(last=False)


def _read(file: Path) -> OrderedDict[str, _Note]:
    """What was kept; a damaged file is as none."""
    notes: OrderedDict[str, _Note] = OrderedDict()
    with suppress(OSError, ValueError, TypeError, RecursionError):
        for camera, event, code, message, told in json.loads(read_small(file)):
            notes[str(event)] = _Note(
                LostEvent(str(camera), str(event), str(code), str(message)), told=bool(told)
            )
    return notes
