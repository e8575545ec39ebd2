"""The thread that has proposals made: starts the child, bounds it, keeps what came of it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from agent.core.owner_answers import ProposalMade
from agent.runtime.atomic import write_atomic
from agent.runtime.child_link import start_module
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.small_files import read_small
from agent.runtime.worker import Worker
from schemas.proposal import Proposal

log = logging.getLogger(__name__)

NAME = "proposals.json"
#: Tasks that the worker has not seen yet.
TASKS = 16
#: Seconds of one: the child ends itself after 900.
LASTS = 1000.0
#: Children that hang in a store and cannot be killed; with more nobody is started.
MOST_HUNG = 2
_STEP = 0.25
_IDLE = 4.0  # seconds; a task ends it immediately, and so does a stop
_MOST_OUTPUT, _MOST_FILE = 1 << 16, 1 << 20


@dataclass(frozen=True, slots=True)
class ProposalTask:
    """What the child gets, as JSON."""

    camera: str
    task: dict[str, Any] = field(repr=False)


def task_box() -> Mailbox[ProposalTask]:
    """Where tasks wait."""
    return Mailbox("proposals", TASKS, WhenFull.DROP_OLDEST)


class ProposalWorker:
    """Owns the child and the file of the state folder.

    Args:
        state_dir: the folder.
        tasks: what is asked for.
        to_engine: takes the answers; never blocks.
        clock: the time.

    Attributes:
        tasks: the same mailbox.
    """

    def __init__(
        self,
        state_dir: Path,
        tasks: Mailbox[ProposalTask],
        to_engine: Callable[[ProposalMade], object],
        clock: Clock,
    ) -> None:
        self._path = state_dir / NAME
        self.tasks, self._to_engine, self._clock = tasks, to_engine, clock
        self._kept: dict[str, Proposal] = {}
        self._hung: list[subprocess.Popen[bytes]] = []
        self._waiting: dict[str, ProposalTask] = {}  # of each camera the newest task

    def run(self, worker: Worker) -> None:
        """Tells what is known, then works until `worker.stop`."""
        worker.wake = self.tasks.interrupt
        self._load()
        for camera, proposal in self._kept.items():
            self._to_engine(ProposalMade(camera, proposal))
        while not worker.stop.is_set():
            self._look(0.0 if self._waiting else _IDLE)
            worker.beat()
            if self._waiting and not worker.stop.is_set():
                self._make(worker, self._waiting.pop(next(iter(self._waiting))))

    def _look(self, seconds: float) -> None:
        """Takes what is asked for: a proposal that waits already is made once, as asked last."""
        while (task := self.tasks.get(seconds)) is not None:
            self._waiting[task.camera], seconds = task, 0.0

    def _make(self, worker: Worker, task: ProposalTask) -> None:
        try:
            said = self._child(worker, task)
            if said is None:
                return
            if "failed" in said:
                raise ValueError(str(said["failed"])[:300])  # noqa: TRY301  one answer
            proposal = Proposal.model_validate({**said, "ts": self._clock.utc()})
        except (OSError, ValueError, TypeError, ValidationError, RecursionError) as error:
            self._to_engine(ProposalMade(task.camera, None, str(error)[:300]))
            return
        self._kept[task.camera] = proposal
        self._save()
        self._to_engine(ProposalMade(task.camera, proposal))

    def _child(self, worker: Worker, task: ProposalTask) -> dict[str, Any] | None:
        """What the child says; None: the agent ends.

        Raises:
            ValueError: it says nothing, or no JSON.
        """
        self._hung = [process for process in self._hung if process.poll() is None]
        if len(self._hung) >= MOST_HUNG:
            raise ValueError("the image store does not answer: earlier children still hang")
        until = self._clock.monotonic() + LASTS
        with _held(json.dumps(task.task).encode()) as told:
            process = _started(told)
        while process.poll() is None:
            worker.beat()
            self._look(0.0)
            late = self._clock.monotonic() >= until
            if late or self._clock.wait(worker.stop, _STEP):
                self._kill(process)
                if late:
                    raise ValueError("it took too long; the image store may not answer")
                return None
        if process.stdout is None:
            raise ValueError("the child said nothing")
        with process.stdout as pipe:
            said = json.loads(pipe.read(_MOST_OUTPUT) or b"{}")
        if not isinstance(said, dict) or not said:
            raise ValueError(f"the child ended with {process.returncode} and said nothing")
        return said

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """Ends it; one that hangs in a store goes when the store answers."""
        process.kill()
        if process.stdout is not None:
            process.stdout.close()
        self._hung.append(process)

    def _load(self) -> None:
        try:
            said = json.loads(read_small(self._path, _MOST_FILE))
            self._kept = {str(name): Proposal.model_validate(it) for name, it in said.items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            log.warning("proposals: %s: unreadable, begun anew: %s", self._path, error)

    def _save(self) -> None:
        said = {name: it.model_dump(mode="json") for name, it in self._kept.items()}
        try:
            write_atomic(self._path, json.dumps(said).encode())
        except OSError as error:
            log.warning("proposals: %s: %s", self._path, error.strerror)


def _started(task: BinaryIO) -> subprocess.Popen[bytes]:
    options = {"stdin": task, "stdout": subprocess.PIPE, "start_new_session": True}
    return start_module("agent.tuning.propose", str(os.getpid()), **options)


def _held(task: bytes) -> BinaryIO:
    """The task as a file in memory: a pipe is too small for a mask, and a child may not read it."""
    file = open(os.memfd_create("task"), "w+b")  # noqa: PTH123, SIM115  the caller closes it
    file.write(task)
    file.seek(0)
    return file
