"""The child process of the store's thread: the only thing that ever touches the image store.

A call into a dead network share cannot be ended from outside, not even by SIGKILL; here it hangs
alone. One request at a time, one answer each; `alive` in between when something takes long. After
any error of
the store the process ends: the next one starts afresh, checks the store and repairs what it finds.

Run as `python -m agent.storage.store.child FD`, with the descriptor of a connected socket.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple
from datetime import date
from typing import Any

from agent.core.anchors import Going
from agent.core.errors import StoreUnavailable
from agent.core.store_code import StoreCode
from agent.core.store_names import day_name, day_of, is_camera, is_self_test
from agent.runtime.allocator import keep_small
from agent.runtime.clock import Clock, SystemClock
from agent.runtime.framing import Message, messages, pack
from agent.storage.day.anchored import Anchored
from agent.storage.day.camera_day import CameraDay, Outcome
from agent.storage.filesystem.error_causes import Cause, cause_of
from agent.storage.filesystem.files import Moved, NoFolder, folders_in, open_folder
from agent.storage.records import EventClosed, EventOpened, Fragment, Record, decode
from agent.storage.store.camera_access import Cameras
from agent.storage.store.claims import Owner, Taken
from agent.storage.store.clock_file import from_json
from agent.storage.store.discarding import remove_camera
from agent.storage.store.identity import StoreRefused, Terms, check_place, open_store, refused_by
from agent.storage.store.purge import NO_ROOM, Purge, Rules
from agent.storage.store.purge_report import SoFar
from agent.storage.store.quota import Room
from agent.storage.store.shortage import Batch

#: Says `alive` at most this often, in seconds.
_ALIVE_EVERY = 1.0
#: What is larger, some pictures and tables, goes back to the system once it is written. A second of
#: film does not: mapping its pages again for each copy took a fifth of this process's time.
_LARGEST_KEPT = 1 << 20
#: Nobody but us and our group, where nothing else is said.
_PRIVATE = 0o027
#: What a purge has found and not deleted; the log says the number and the first of each.
_LISTS = ("stuck", "strange", "others", "unclaimed", "left")
#: Exit status after an error that was reported: nothing unexpected.
STORE_ERROR = 3


class Child:
    """Answers requests; `alive` sends a sign of life."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._alive_at = clock.monotonic()
        self._store = -1
        self._path = ""
        self._room = Room(-1, 0, None)
        self._days: dict[tuple[str, str], CameraDay] = {}
        self._outcome = Outcome()
        self._cameras = Cameras(-1, Owner("", ""))
        self._anchored = Anchored(-1, "", None)
        # whose end is late or lost; as many as there are such records in the spool
        self._unfinished: dict[str, tuple[int, EventOpened]] = {}

    def run(self) -> None:
        """Serves until the connection is closed; then shows everything and closes all files."""
        for message in messages(self._connection):
            self._send(self._answer(message))
        self._finish()

    def _answer(self, message: Message) -> dict[str, Any]:
        match message.says["do"]:
            case "open":
                os.umask(message.says.get("umask", _PRIVATE))
                return self._open(Terms(**message.says["terms"]), message.says.get("anchor"))
            case "record":
                return self._write(message.says["number"], message.body)
            case "purge":
                return self._purge(message.says)
            case "mark":
                return self._mark(message.says)
            case "discard":
                return self._discard(message.says["camera"])
            case "finish":
                return self._finish()
            case _:
                return self._tick()

    def _open(self, terms: Terms, anchor: dict[str, Any] | None) -> dict[str, Any]:
        opened = open_store(terms)
        self._store, self._path = opened.fd, terms.path
        self._room = Room(opened.fd, terms.keep_free, terms.max_size)
        self._cameras = Cameras(opened.fd, Owner(terms.identity, terms.agent))
        self._anchored = Anchored(opened.fd, opened.uuid, anchor, self._alive)
        self._anchored.settle()
        about = {"uuid": opened.uuid, "adopted": opened.adopted, "anchor": self._anchored.take()}
        return {**about, **self._room.figures()}

    def _write(self, number: int, data: bytes) -> dict[str, Any]:
        record = decode(data)
        took = self._cameras.claim(record.camera)
        if took:
            try:
                self._write_record(number, record)
            except NoFolder as error:
                self._block(record.camera, day_name(record.started), str(error))
                took = False
        return {**self._report(), "took": took}

    def _write_record(self, number: int, record: Record) -> None:
        key = (record.camera, day_name(record.started))
        self._room.claim(key[1], _claim(record))
        if key not in self._days:
            self._days[key] = self._make_day(*key)
        camera_days = [day for day in self._days.values() if day.camera == record.camera]
        if isinstance(record, EventOpened):
            for day in camera_days:  # nothing is held open for an end that may never come
                self._unfinished |= day.take_unfinished()
        elif isinstance(record, EventClosed) and record.event in self._unfinished:
            self._days[key].write(*self._unfinished.pop(record.event))
        self._days[key].write(number, record)
        self._close_idle_days(camera_days, max(day.day for day in camera_days))

    def _block(self, camera: str, day: str, reason: str) -> None:
        """What is no folder costs its camera only: its records wait, nothing of it stays open."""
        for key in [key for key in self._days if key[0] == camera]:
            self._days.pop(key).abandon()
        self._cameras.block(camera, day, reason)

    def _close_idle_days(self, days: Iterable[CameraDay], before: str) -> None:
        """Closes the files of days gone by for which nothing more can come."""
        for day in list(days):
            if day.idle and day.day < before:
                day.close()
                del self._days[day.camera, day.day]

    def _tick(self) -> dict[str, Any]:
        check_place(self._store, self._path)
        self._cameras.look()
        for day in self._days.values():
            day.tick()
            day.check()
        return {**self._report(), **self._room.figures()}

    def _finish(self) -> dict[str, Any]:
        for day in self._days.values():
            day.close()
        self._days.clear()
        return self._report()

    def _discard(self, camera: str) -> dict[str, Any]:
        """Removes all that was recorded of a self test's camera, and its claim."""
        for key in [key for key in self._days if key[0] == camera]:
            self._days.pop(key).abandon()
        others = {e: it for e, it in self._unfinished.items() if it[1].camera != camera}
        self._unfinished = others
        if is_self_test(camera) and self._cameras.is_ours(camera):
            remove_camera(self._store, camera, self._alive)
            self._cameras.release(camera)
        return self._report()

    def _purge(self, says: dict[str, Any]) -> dict[str, Any]:
        self._close_idle_days(self._days.values(), says["today"])
        rules = Rules(
            date.fromisoformat(says["today"]),
            says["days"],
            clock_trusted=says["clock_trusted"],
            max_size=self._room.purge_to_size,
            keep_free=self._room.purge_to_free,
            misdated=from_json(says["misdated"]),
            batch=self._batch(says.get("batch")),
            so_far=SoFar(*says.get("so_far", ())),
        )
        cameras = says["cameras"]
        self._cameras.claim_old(cameras)
        self._anchored.cameras = cameras
        for camera, day, going in says.get("allow", ()):
            self._anchored.allow(camera, day, Going(going))

        def stranger(camera: str) -> str | None:
            """None for a camera's folder that is ours, else the owner, "" for nobody."""
            return self._cameras.stranger(camera, cameras)

        free = self._room.free
        about = (self._store, self._days.keys(), free, self._clock, self._alive, stranger)
        done = Purge(*about, anchored=self._anchored).run(rules)
        self._room.stored = done.stored
        said = {
            "removed": done.told(),
            "for_room": done.total(NO_ROOM),
            "refused": done.refused,
            "cure": done.cure,
            "wanted": done.wanted,
            "so_far": astuple(done.so_far),
            "anchor": self._anchored.take(),
        }
        said |= {name: _counted(getattr(done, name)) for name in _LISTS}
        return {**said, **self._room.figures()}

    def _batch(self, said: list[int] | None) -> Batch | None:
        if said is None:
            return None
        files, size = said
        # a large file is one inode, too
        return Batch(files, sys.maxsize if self._room.lacks_inodes() else size)

    def failure(self, error: Exception) -> dict[str, Any]:
        """The last answer: what the error that ends this process means, and what helps."""
        if isinstance(error, Moved):
            return {"moved": error.name, "reason": error.words}
        refused = self._refused(error)
        about = {"failed": refused.code.value, "reason": str(refused), "helps": refused.helps}
        return {**about, "no_room": isinstance(error, OSError) and cause_of(error) is Cause.NO_ROOM}

    def _refused(self, error: Exception) -> StoreRefused:
        """The error, with what is known of this store."""
        if isinstance(error, StoreRefused):
            return error
        if not isinstance(error, OSError):
            taken = isinstance(error, Taken)
            return StoreRefused(StoreCode.TAKEN if taken else StoreCode.FAILING, str(error))
        refused = refused_by(error, self._path, os.fsdecode(error.filename or ""))
        words = ""
        if cause_of(error) is Cause.NO_ROOM:
            with suppress(OSError):
                words = self._room.words()
        reason = f"{refused}; {words}" if words else str(refused)
        return StoreRefused(refused.code, reason, refused.helps)

    def _mark(self, says: dict[str, Any]) -> dict[str, Any]:
        """Marks an event of a camera; `event` null: its newest one."""
        camera, event = says["camera"], says["event"]
        if not self._cameras.is_ours(camera):
            return {"marked": None, "anchor": self._anchored.take()}
        open_days = [day for day in self._days.values() if day.camera == camera]
        names = {day.day for day in open_days} | set(self._day_names(camera))
        for name in sorted(names, reverse=True):
            day = self._days.get((camera, name)) or self._make_day(camera, name)
            try:
                event = event or day.newest
                if event and day.mark(event, says["mark"], value=says["value"]):
                    return {"marked": event, "anchor": self._anchored.take()}
            finally:
                if (camera, name) not in self._days:
                    day.abandon()
            self._alive()
        return {"marked": None, "anchor": self._anchored.take()}

    def _day_names(self, camera: str) -> list[str]:
        if not is_camera(camera):
            return []
        try:
            folder = open_folder(self._store, camera)
        except FileNotFoundError:
            return []
        try:
            return [name for name in folders_in(folder) if day_of(name)]
        finally:
            os.close(folder)

    def _make_day(self, camera: str, day: str) -> CameraDay:
        return CameraDay(
            self._store,
            camera,
            day,
            clock=self._clock,
            outcome=self._outcome,
            alive=self._alive,
            anchored=self._anchored,
        )

    def _report(self) -> dict[str, Any]:
        """What has become lasting and shown since the last answer."""
        outcome = self._outcome
        if outcome.done or outcome.finished:
            check_place(self._store, self._path)
        answer = {
            "done": list(outcome.done),
            "finished": list(outcome.finished),
            "repaired": list(outcome.repaired),
        }
        outcome.done.clear()
        outcome.finished.clear()
        outcome.repaired.clear()
        waiting = any(not day.idle for day in self._days.values())
        blocked = [(code.value, reason) for code, reason in self._cameras.blocked]
        about = {"waiting": waiting, "short": self._room.short, "blocked": blocked}
        about["anchor"] = self._anchored.take()
        return {**answer, **about}

    def _alive(self) -> None:
        now = self._clock.monotonic()
        if now - self._alive_at >= _ALIVE_EVERY:
            self._alive_at = now
            self._send({"alive": True})

    def _send(self, says: dict[str, Any]) -> None:
        self._connection.sendall(pack(Message(says)))


def _counted(things: list[str]) -> str | None:
    """How many, and the first one; None: there is none."""
    return f"{len(things)}, first {things[0]}" if things else None


def _claim(record: Record) -> int:
    """Bytes that a record will take: pictures are written twice, to the day's file and the clip."""
    if isinstance(record, Fragment):
        return 2 * len(record.body)
    return len(record.body)


def main() -> None:
    """Serves the connection whose descriptor is the first argument."""
    keep_small(_LARGEST_KEPT)
    # the agent ends this process by closing the connection; a signal to the group is not meant for
    # it
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    child = Child(connection, SystemClock())
    try:
        child.run()
    except (BrokenPipeError, ConnectionResetError):
        os._exit(STORE_ERROR)  # the agent is gone in the middle of a sentence
    except (StoreUnavailable, OSError) as error:
        _give_up(connection, child.failure(error))


def _give_up(connection: socket.socket, says: dict[str, Any]) -> None:
    """Reports and ends immediately: closing files on a failing store may hang."""
    try:
        connection.sendall(pack(Message(says)))
    finally:
        os._exit(STORE_ERROR)


if __name__ == "__main__":
    main()
