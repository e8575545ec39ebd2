"""The child process of the store's thread: the only thing that ever touches the image store.

A call into a dead network share cannot be ended from outside, not even by SIGKILL; here it hangs
alone. One request at a time, one answer each; `alive` in between when something takes long. After
any error of
the store the process ends: the next one starts afresh, checks the store and repairs what it finds.

Run as `python -m agent.storage.child FD`, with the descriptor of a connected socket.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterable
from datetime import date
from typing import Any

from agent.core.errors import StoreUnavailable
from agent.core.naming import day_name
from agent.core.retention import plan
from agent.core.store_code import StoreCode
from agent.runtime.clock import Clock, SystemClock
from agent.storage.camera_day import CameraDay, Outcome
from agent.storage.guard import StoreRefused, Terms, code_of, open_store
from agent.storage.pipe import Message, Unpacker, pack
from agent.storage.purge import remove, stored_files
from agent.storage.records import EventOpened, decode

_MIB = 1 << 20
#: Says `alive` at most this often, in seconds.
_ALIVE_EVERY = 1.0
#: Exit status after an error that was reported: nothing unexpected.
STORE_ERROR = 3


class Child:
    """Answers requests; `alive` sends a sign of life."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._alive_at = clock.monotonic()
        self._store = -1
        self._days: dict[tuple[str, str], CameraDay] = {}
        self._outcome = Outcome()

    def run(self) -> None:
        """Serves until the connection is closed; then shows everything and closes all files."""
        unpacker = Unpacker()
        while data := self._connection.recv(1 << 20):
            unpacker.feed(data)
            while (message := unpacker.next()) is not None:
                self._send(self._answer(message))
        self._finish()

    def _answer(self, message: Message) -> dict[str, Any]:
        match message.says["do"]:
            case "open":
                return self._open(Terms(**message.says["terms"]))
            case "record":
                return self._write(message.says["number"], message.body)
            case "purge":
                return self._purge(message.says)
            case "finish":
                return self._finish()
            case _:
                return self._tick()

    def _open(self, terms: Terms) -> dict[str, Any]:
        opened = open_store(terms)
        self._store = opened.fd
        return {"uuid": opened.uuid, "adopted": opened.adopted, **self._space()}

    def _write(self, number: int, data: bytes) -> dict[str, Any]:
        record = decode(data)
        key = (record.camera, day_name(record.started))
        if key not in self._days:
            self._days[key] = CameraDay(
                self._store, *key, clock=self._clock, outcome=self._outcome, alive=self._alive
            )
        camera_days = [day for day in self._days.values() if day.camera == record.camera]
        if isinstance(record, EventOpened):
            for day in camera_days:
                day.forget_unfinished()
        self._days[key].write(number, record)
        self._close_idle_days(camera_days, max(day.day for day in camera_days))
        return self._report()

    def _close_idle_days(self, days: Iterable[CameraDay], before: str) -> None:
        """Closes the files of days gone by for which nothing more can come."""
        for day in list(days):
            if day.idle and day.day < before:
                day.close()
                del self._days[day.camera, day.day]

    def _tick(self) -> dict[str, Any]:
        for day in self._days.values():
            day.tick()
        return {**self._report(), **self._space()}

    def _finish(self) -> dict[str, Any]:
        for day in self._days.values():
            day.close()
        self._days.clear()
        return self._report()

    def _purge(self, says: dict[str, Any]) -> dict[str, Any]:
        self._close_idle_days(self._days.values(), says["today"])
        files = stored_files(self._store, self._alive)
        decided = plan(
            files,
            date.fromisoformat(says["today"]),
            says["days"],
            clock_trusted=says["clock_trusted"],
        )
        removed = []
        for file in decided.delete:
            if remove(self._store, file):
                removed.append([file.path, file.size])
            self._alive()
        return {"removed": removed, "refused": decided.refused}

    def _report(self) -> dict[str, Any]:
        """What has become lasting and shown since the last answer."""
        outcome = self._outcome
        answer = {"done": list(outcome.done), "finished": list(outcome.finished)}
        outcome.done.clear()
        outcome.finished.clear()
        return {**answer, "waiting": any(not day.idle for day in self._days.values())}

    def _space(self) -> dict[str, Any]:
        figures = os.fstatvfs(self._store)
        free = figures.f_bavail * figures.f_frsize  # what we may use, without root's reserve
        total = (figures.f_blocks - figures.f_bfree) * figures.f_frsize + free
        used = 100.0 * (1 - free / total) if total else 0.0
        return {"free_mib": free / _MIB, "used_percent": used}

    def _alive(self) -> None:
        now = self._clock.monotonic()
        if now - self._alive_at >= _ALIVE_EVERY:
            self._alive_at = now
            self._send({"alive": True})

    def _send(self, says: dict[str, Any]) -> None:
        self._connection.sendall(pack(Message(says)))


def main() -> None:
    """Serves the connection whose descriptor is the first argument."""
    # the agent ends this process by closing the connection; a signal to the group is not meant for
    # it
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    try:
        Child(connection, SystemClock()).run()
    except StoreRefused as error:
        _give_up(connection, error.code, str(error))
    except (BrokenPipeError, ConnectionResetError):
        os._exit(STORE_ERROR)  # the agent is gone in the middle of a sentence
    except OSError as error:
        _give_up(connection, code_of(error), f"{error.strerror} ({error.filename or 'store'})")
    except StoreUnavailable as error:
        _give_up(connection, StoreCode.FAILING, str(error))


def _give_up(connection: socket.socket, code: StoreCode, reason: str) -> None:
    """Reports and ends at once: closing files on a failing store may hang."""
    try:
        connection.sendall(pack(Message({"failed": code.value, "reason": reason})))
    finally:
        os._exit(STORE_ERROR)


if __name__ == "__main__":
    main()
