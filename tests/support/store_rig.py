"""A spool, a store worker with its real child process, and what they say."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from agent.core.messages import (
    EventMarked,
    RecordingFailed,
    RecordingSaved,
    StoreCode,
    StoreRepaired,
    StoreState,
)
from agent.core.orders import MarkEvent
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.storage.records import Record
from agent.storage.spool.spool import Spool
from agent.storage.store.options import StoreOptions
from agent.storage.store.worker import StoreWorker
from tests.support.clock import SetClock
from tests.support.recordings import STARTED
from tests.support.waiting import PATIENCE, wait_until

#: What the clock of a rig shows at its start: an hour after the recordings of the tests began.
#: With the machine's day, retention would delete them.
NOW = STARTED + timedelta(hours=1)


class StoreRig:
    """One agent's storage side; `start` and `stop` are its life, the folders stay."""

    def __init__(
        self,
        path: Path,
        *,
        trusted: bool = True,
        clock: Clock | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        clock = clock or SetClock(NOW)
        self.path = path
        self.store = path / "store"
        self.said: list[object] = []
        self.orders: Mailbox[MarkEvent] = Mailbox("orders", 8, WhenFull.REFUSE)
        self.deaf = False
        self.refused = 0
        self.failures: list[BaseException] = []
        self.spool = Spool(path / "spool", options.pop("limit_bytes", 64 << 20))
        self.worker = StoreWorker(
            self.spool,
            StoreOptions(
                self.store,
                options.pop("agent", "me"),
                cameras=options.pop("cameras", ("front",)),
                **options,
            ),
            path / "state",
            self._hear,
            clock,
            lambda: trusted,
            orders=self.orders,
        )
        self._thread = Worker(
            "store", self.worker.run, clock, lambda _, error: self.failures.append(error)
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """As at the agent's end: what is left gets some seconds, then the child goes."""
        self._thread.stop.set()
        assert self._thread.join(PATIENCE)
        assert self.failures == []

    def _hear(self, message: object) -> bool:
        self.refused += self.deaf
        if not self.deaf:
            self.said.append(message)
        return not self.deaf

    def put(self, *records: Record) -> None:
        for record in records:
            assert self.spool.put(record)

    def wait_for(self, code: StoreCode, seconds: float = PATIENCE) -> StoreState:
        """The next state of that code that is or has been said."""
        return wait_until(
            f"store {code}", lambda: next((s for s in self.states if s.code is code), None), seconds
        )

    def wait_until_empty(self, seconds: float = PATIENCE) -> None:
        wait_until("the spool is empty", lambda: self.spool.depth == 0, seconds)

    @property
    def child(self) -> int:
        """The process that writes into the store."""
        link = wait_until("a child is there", lambda: self.worker._link)
        return link.pid

    @property
    def states(self) -> list[StoreState]:
        return [each for each in self.said if isinstance(each, StoreState)]

    @property
    def saved(self) -> list[RecordingSaved]:
        return [each for each in self.said if isinstance(each, RecordingSaved)]

    @property
    def kept(self) -> list[EventMarked]:
        return [each for each in self.said if isinstance(each, EventMarked)]

    @property
    def repaired(self) -> list[StoreRepaired]:
        return [each for each in self.said if isinstance(each, StoreRepaired)]

    @property
    def failed(self) -> list[RecordingFailed]:
        return [each for each in self.said if isinstance(each, RecordingFailed)]

    def manifest(self, day: str = "2026-11-22", camera: str = "front") -> list[dict[str, Any]]:
        lines = (self.store / camera / day / "events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]
