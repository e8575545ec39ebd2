"""The thread of the self test: starts the drawn camera, looks how far it comes, takes it away.

The camera's threads belong to the test. The agent does not watch them, and they run with low
priority. One that hangs is left alone; no further test begins before it has come back.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent.core.messages import (
    EndReason,
    FrameScored,
    MotionEnded,
    MotionStarted,
    Reason,
    StoreRepaired,
)
from agent.core.orders import BeginSelfTest, EchoCame
from agent.core.recordings import RecordingFailed, RecordingSaved
from agent.core.self_test_stages import (
    CameraDiscarded,
    Course,
    EchoWanted,
    Plan,
    SelfTestSaid,
    SelfTestWanted,
    Stage,
)
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.self_test.last_result import FAULT, interrupted, keep, load
from agent.self_test.request_file import Wishes
from schemas.self_test import SelfTestResult

if TYPE_CHECKING:
    from agent.self_test.clip_check import Terms

log = logging.getLogger(__name__)

#: Seconds between two looks while a test runs.
_STEP = 0.2
_IDLE = 4.0  # seconds between tests; a task ends it immediately, and so does a stop
#: Seconds for the end of the camera's threads, together, and for a call that may hang in a disk.
_ENDS_WITHIN = 5.0
_DISK_WITHIN = 5.0
#: Seconds until the store has taken the test's camera away; then it does so later.
_DISCARDED_WITHIN = 20.0
#: How much less of the processor the test gets, as `nice` has it. With more the others would wait:
#: a thread that holds Python's lock, and does not get the processor, holds up all threads.
_NICE = 5
_MESSAGES = 256
#: Stages in which the camera is drawn; afterwards it costs nothing any more.
_DRAWN = {Stage.PICTURE, Stage.MOTION, Stage.EVENT, Stage.CLIP}

Body = Callable[[Worker], None]
#: What is said to the engine.
ToEngine = SelfTestSaid | EchoWanted | SelfTestWanted
#: What the parts of the test's camera say; the rest is of no matter.
_HEARD = FrameScored | MotionStarted | MotionEnded


class Camera(Protocol):
    """The test's camera, as `agent.service.camera_wiring` builds every camera."""

    def bodies(self) -> dict[str, Body]:
        """The threads to run, consumers first."""
        ...

    def silence(self) -> None:
        """Nothing more is heard of its sessions."""
        ...

    @property
    def clips(self) -> int:
        """Clips with pictures in them that its recorder has closed."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """One test.

    Attributes:
        begin: who asked for it, and when.
        plan: what is tested.
        build: makes the camera; what it hears goes where the argument says.
        old_protocol: with MQTT 3.1.1 our own message may not come back.
    """

    begin: BeginSelfTest
    plan: Plan
    build: Callable[[Callable[[object], bool]], Camera]
    old_protocol: bool = False


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a part of the test's camera has said; `run`: of which test."""

    run: str
    what: _HEARD


@dataclass(frozen=True, slots=True)
class _Crashed:
    """A thread of the test's camera has ended with an error."""

    run: str
    thread: str
    error: str


Told = Task | EchoCame | RecordingSaved | RecordingFailed | CameraDiscarded | _Heard | _Crashed


@dataclass(frozen=True, slots=True)
class Store:
    """What the test needs of the store; `discard` forgets the spool's records of the camera."""

    terms: Terms
    discard: Callable[[], None]
    want_discarded: Callable[[], None]


class SelfTestWorker:
    """Owns the test's threads and its file of the state folder.

    Args:
        camera: id of the test's camera.
        state_dir: the folder.
        store: None: there is none.
        to_engine: takes what is said; False: the inbox is full.
        clock: the time.

    Attributes:
        camera: the same id.
        box: where orders and news come.
    """

    def __init__(
        self,
        camera: str,
        state_dir: Path,
        store: Store | None,
        to_engine: Callable[[ToEngine], object],
        clock: Clock,
    ) -> None:
        self.camera = camera
        self.box: Mailbox[Told] = Mailbox("self_test", _MESSAGES, WhenFull.DROP_OLDEST)
        self._state_dir, self._store = state_dir, store
        self._to_engine, self._clock = to_engine, clock
        self._hung: list[Worker] = []
        self._running: SelfTestResult | None = None
        self._wishes = Wishes(state_dir, clock)

    def run(self, worker: Worker) -> None:
        """Says what came of the last test, then waits for the next one until `worker.stop`."""
        worker.wake = self.box.interrupt
        last = load(self._state_dir)
        if self._running is not None:  # this thread failed in the middle of a test
            last, self._running = interrupted(self._running, FAULT), None
        self._say(worker, SelfTestSaid(last))
        while not worker.stop.is_set():
            worker.beat()
            told = self.box.get(_STEP if self._hung else _IDLE)
            if isinstance(told, Task):
                self._test(worker, told)
            elif self._hung and not self._still_hung():  # they may have written meanwhile
                self._take_away(worker, patient=False)
            elif (wish := self._wishes.look()) is not None:
                self._to_engine(SelfTestWanted(wish.camera))

    def took(self, message: object) -> bool:
        """True for what is about the test's camera: the engine must not get it. Main thread."""
        if isinstance(message, StoreRepaired):
            return message.file.startswith(f"{self.camera}/")
        if getattr(message, "camera", None) != self.camera:
            return False
        if isinstance(message, RecordingSaved | RecordingFailed | CameraDiscarded):
            self.box.put(message)
        return True

    def _test(self, worker: Worker, task: Task) -> None:
        began, begin = self._clock.monotonic(), task.begin
        running = SelfTestResult(result="running", at=begin.utc, camera=begin.camera)
        self._running = running
        self._keep(worker, running)
        self._wishes.begun(begin.camera)
        run = _Run(task, self.camera, self._clock, self.box, self._to_engine)
        if hung := self._still_hung():
            words = f"threads of an earlier test still hang: {', '.join(hung)}"
            run.course.broke(task.plan.stages[0], words, began)
        try:
            if not run.course.over:
                run.start()
            self._follow(worker, run)
        finally:
            self._hung += run.end(worker)
        course, seconds = run.course, self._clock.monotonic() - began
        self._take_away(worker, patient=course.stage not in {Stage.STORE, Stage.PLAYBACK})
        result = running.model_copy(
            update={
                "result": "passed" if course.stage is None else "failed",
                "seconds": round(seconds, 1),
                "stage": None if course.stage is None else course.stage.value,
                "reason": course.reason or "",
                "stages": {stage.value: took for stage, took in course.took.items()},
                "skipped": {stage.value: why for stage, why in course.skipped.items()},
            }
        )
        if not course.over:
            result = interrupted(result)
        self._keep(worker, result)
        self._say(worker, SelfTestSaid(result))
        self._running = None

    def _follow(self, worker: Worker, run: _Run) -> None:
        while not (run.course.over or worker.stop.is_set()):
            worker.beat()
            told = self.box.get(_STEP)
            if told is not None:
                run.take(told)
            run.look()
            if run.course.stage not in _DRAWN:
                self._hung += run.end(worker)
            if run.course.stage is Stage.PLAYBACK and run.saved and self._store:
                self._play(worker, run, self._store, run.saved)

    def _play(self, worker: Worker, run: _Run, store: Store, saved: RecordingSaved) -> None:
        from agent.self_test.clip_check import CannotPlay, play  # and asyncio: 1.5 MiB

        try:
            play(worker, store.terms, saved)
        except (CannotPlay, OSError) as error:
            run.course.broke(Stage.PLAYBACK, str(error), self._clock.monotonic())
        else:
            run.course.passed(Stage.PLAYBACK, self._clock.monotonic())

    # ------------------------------------------------------------ afterwards

    def _take_away(self, worker: Worker, *, patient: bool) -> None:
        """Nothing of the test stays in spool and store; waits for that if the store answers."""
        if self._store is None:
            return
        self._aside(worker, "self_test.spool", self._store.discard)
        self._store.want_discarded()
        until = self._clock.monotonic() + (_DISCARDED_WITHIN if patient else 0.0)
        while not worker.stop.is_set() and self._clock.monotonic() < until:
            worker.beat()
            if isinstance(self.box.get(_STEP), CameraDiscarded):
                return
        if not worker.stop.is_set():
            log.warning("self test: its clip leaves the store as soon as that answers")

    def _keep(self, worker: Worker, result: SelfTestResult) -> None:
        self._aside(worker, "self_test.file", lambda: keep(self._state_dir, result))

    def _aside(self, worker: Worker, name: str, job: Callable[[], None]) -> None:
        """Does it in a thread of its own, which is left alone when the disk hangs."""
        if name in self._still_hung():
            return
        thread = Worker(name, lambda _: job(), self._clock, _ignore)
        thread.start()
        until = self._clock.monotonic() + _DISK_WITHIN
        while not thread.join(_STEP) and self._clock.monotonic() < until:
            worker.beat()
        if not thread.join(0.0):
            log.warning("self test: %s hangs and is left alone", name)
            self._hung.append(thread)

    def _still_hung(self) -> list[str]:
        self._hung = [thread for thread in self._hung if not thread.join(0.0)]
        return [thread.name for thread in self._hung]

    def _say(self, worker: Worker, message: SelfTestSaid) -> None:
        """Repeats it while the inbox is full."""
        while self._to_engine(message) is False and not worker.stop.is_set():
            worker.beat()
            self._clock.wait(worker.stop, _STEP)


class _Run:
    """A test under way: its camera's threads, and what was seen of it."""

    def __init__(
        self,
        task: Task,
        camera: str,
        clock: Clock,
        box: Mailbox[Told],
        to_engine: Callable[[EchoWanted], object],
    ) -> None:
        self.id = f"{camera}_{task.begin.utc.timestamp():.3f}"
        self.saved: RecordingSaved | None = None
        self.course = Course(task.plan, clock.monotonic())
        self._task, self._clock, self._box, self._to_engine = task, clock, box, to_engine
        self._camera: Camera | None = None
        self._threads: list[Worker] = []
        self._event: str | None = None  # the first one
        self._asked = False  # for the echo

    def start(self) -> None:
        """Builds the camera and starts its threads."""
        try:
            self._camera = self._task.build(self._hear)
        except Exception as error:
            log.exception("self test: its camera cannot be built")
            self.course.broke(Stage.PICTURE, str(error)[:200], self._clock.monotonic())
            return
        for name, body in self._camera.bodies().items():
            thread = Worker(name, self._humble(name, body), self._clock, _ignore)
            self._threads.append(thread)
            thread.start()

    def end(self, worker: Worker) -> list[Worker]:
        """Stops the threads, sources first; once, those that hang."""
        threads, self._threads = self._threads, []
        if worker.stop.is_set():  # the agent ends: nothing of it will be looked at any more
            for thread in threads:
                thread.halt()
        until = self._clock.monotonic() + _ENDS_WITHIN
        for thread in reversed(threads):
            thread.halt()
            while not thread.join(_STEP) and self._clock.monotonic() < until:
                worker.beat()
        if self._camera is not None:
            self._camera.silence()
        return [thread for thread in threads if not thread.join(0.0)]

    def take(self, told: Told) -> None:
        """What was heard; of another test, or of another event, it is nothing."""
        now = self._clock.monotonic()
        match told:
            case _Heard(run, what) if run == self.id:
                self._heard(what, now)
            case _Crashed(run, thread, error) if run == self.id:
                stage = self.course.stage or Stage.PICTURE
                self.course.broke(stage, f"thread {thread} failed: {error}", now)
            case RecordingSaved() if told.event_id == self._event:
                self.saved = told
                self.course.passed(Stage.STORE, now)
            case RecordingFailed() if told.event_id == self._event:
                words = f"{told.code}: {told.message}"
                self.course.broke(Stage.CLIP, words, now)
                self.course.broke(Stage.STORE, words, now)
            case EchoCame(run) if run == self.id:
                self.course.passed(Stage.MQTT, now)
            case _:
                pass

    def look(self) -> None:
        """What has to be asked for, and the time."""
        now, course = self._clock.monotonic(), self.course
        if course.stage is Stage.CLIP and self._camera and self._camera.clips:
            course.passed(Stage.CLIP, now)
        if course.stage is Stage.MQTT and not self._asked:
            self._asked = self._to_engine(EchoWanted(self.id)) is not False
        course.look(now)
        if course.stage is Stage.MQTT and course.reason is not None and self._task.old_protocol:
            course.reason = None
            course.skip(Stage.MQTT, "MQTT 3.1.1: the broker may keep our own messages", now)

    def _heard(self, what: _HEARD, now: float) -> None:
        match what:
            case FrameScored():
                if what.detection.reason is not Reason.DAMAGED:
                    self.course.passed(Stage.PICTURE, now)
                if what.detection.motion:
                    self.course.passed(Stage.MOTION, now)
            case MotionStarted():
                self._event = self._event or what.event_id
            case MotionEnded() if what.event_id == self._event:
                if what.reason is EndReason.CLEARED:
                    self.course.passed(Stage.EVENT, now)
                else:
                    self.course.broke(Stage.EVENT, f"it ended with {what.reason.value}", now)

    def _hear(self, told: object) -> bool:
        if isinstance(told, _HEARD):
            self._box.put(_Heard(self.id, told))
        return True

    def _humble(self, name: str, body: Body) -> Body:
        def run(worker: Worker) -> None:
            """With low priority; an error is the end of the thread, and the test hears of it."""
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
            try:
                body(worker)
            except Exception as error:
                log.exception("self test: %s failed", name)
                self._box.put(_Crashed(self.id, name, str(error)[:200]))

        return run


def _ignore(_name: str, _error: BaseException) -> None:
    """Its end was said already."""
