"""The thread of the self test: whatever its camera, its disk or its store do, a result is said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from agent.core.messages import (
    Detection,
    EndReason,
    FrameScored,
    MotionEnded,
    MotionStarted,
    Reason,
    RecordingFailed,
    StoreRepaired,
)
from agent.core.orders import BeginSelfTest, EchoCame, VisionSettings
from agent.core.self_test_stages import EchoWanted, Plan, SelfTestSaid, SelfTestWanted, Stage, plan
from agent.runtime.worker import Worker
from agent.self_test import last_result
from agent.self_test import worker as module
from agent.self_test.last_result import FAULT, INTERRUPTED, load
from agent.self_test.request_file import want, wanted
from agent.self_test.worker import Body, SelfTestWorker, Store, Task
from schemas.self_test import SelfTestResult
from tests.support.clock import SetClock
from tests.support.waiting import PATIENCE, wait_until

AT = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
CAMERA = "self_test_0"
SETTINGS = VisionSettings(True, 50, 0.08, 30.0, 3, True, 0.0)
QUIET = Detection(1, 1.0, motion=False, reason=Reason.QUIET)
MOTION = Detection(2, 2.0, motion=True, reason=Reason.MOTION)
SEEN = (
    FrameScored(CAMERA, AT, QUIET),
    FrameScored(CAMERA, AT, MOTION),
    MotionStarted(CAMERA, "E1", 2.0, AT, MOTION),
)


def ended(reason: EndReason) -> MotionEnded:
    return MotionEnded(CAMERA, "E1", 3.0, AT, AT, 1.0, QUIET, MOTION, reason, 3, 3)


@dataclass
class Drawn:
    """A camera that says what it was made with, and then does as it is told."""

    hear: Callable[[object], bool]
    says: tuple[object, ...]
    then: Callable[[Worker], None]
    clips: int = 0
    silenced: bool = False

    def bodies(self) -> dict[str, Body]:
        return {f"{CAMERA}.camera": self._run}

    def silence(self) -> None:
        self.silenced = True

    def _run(self, worker: Worker) -> None:
        for each in self.says:
            self.hear(each)
        self.then(worker)


def obedient(worker: Worker) -> None:
    worker.stop.wait(PATIENCE)


@dataclass
class Rig:
    """A running thread of the self test; `said` is what the engine would have got."""

    folder: Path
    store: Store | None = None
    said: list[object] = field(default_factory=list)
    echoes: bool = True
    cameras: list[Drawn] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.test = SelfTestWorker(CAMERA, self.folder, self.store, self._hear, SetClock(AT))
        self.worker = Worker("self_test", self.test.run, SetClock(AT), lambda *_: None)
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.halt()
        assert self.worker.join(PATIENCE)

    def _hear(self, message: object) -> bool:
        self.said.append(message)
        if isinstance(message, EchoWanted) and self.echoes:
            self.test.box.put(EchoCame("of another test"))
            self.test.box.put(EchoCame(message.run))
        return True

    @property
    def results(self) -> list[SelfTestResult]:
        return [it.result for it in self.said if isinstance(it, SelfTestSaid)]

    def run(
        self,
        *says: object,
        then: Callable[[Worker], None] = obedient,
        within: float = PATIENCE,
        clips: int = 1,
        **more: Any,  # noqa: ANN401
    ) -> SelfTestResult:
        """One test, to its end; each stage may take so long."""
        wait_until("the last result", lambda: self.results)
        before = len(self.results)
        self.begin(*says, then=then, within=within, clips=clips, **more)
        wait_until("a result", lambda: len(self.results) > before)
        return self.results[-1]

    def begin(
        self,
        *says: object,
        then: Callable[[Worker], None] = obedient,
        within: float = PATIENCE,
        clips: int = 1,
        **more: Any,  # noqa: ANN401
    ) -> None:
        wanted: Plan = plan(SETTINGS, 3.0, store=self.store is not None)
        wanted = replace(wanted, within=dict.fromkeys(Stage, within))

        def build(hear: Callable[[object], bool]) -> Drawn:
            self.cameras.append(Drawn(hear, says, then, clips))
            return self.cameras[-1]

        self.test.box.put(Task(BeginSelfTest("yard", AT), wanted, build, **more))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as made:
        yield made


def test_without_a_store_it_passes_and_says_what_it_left_out(rig: Rig) -> None:
    result = rig.run(*SEEN, ended(EndReason.CLEARED))
    assert (result.result, result.stage, result.reason) == ("passed", None, "")
    assert set(result.stages) == {"picture", "motion", "event", "mqtt"}
    assert set(result.skipped) == {"clip", "store", "playback"}
    assert (result.camera, result.at) == ("yard", AT)
    assert load(rig.folder) == result


def test_a_wish_in_the_state_folder_is_passed_on_until_its_test_begins(rig: Rig) -> None:
    want(rig.folder, "yard")
    wait_until("it is said twice", lambda: rig.said.count(SelfTestWanted("yard")) > 1)
    assert wanted(rig.folder) is not None
    rig.run(*SEEN, ended(EndReason.CLEARED))
    assert wanted(rig.folder) is None


def test_a_wish_for_another_camera_waits(rig: Rig) -> None:
    want(rig.folder, "gate")
    rig.run(*SEEN, ended(EndReason.CLEARED))  # with the settings of `yard`
    assert wanted(rig.folder) is not None


@pytest.mark.parametrize(
    ("says", "stage"),
    [
        ((), "picture"),
        ((FrameScored(CAMERA, AT, QUIET._replace(reason=Reason.DAMAGED)),), "picture"),
        (SEEN[:1], "motion"),
        (SEEN, "event"),
    ],
)
def test_the_stage_that_does_not_pass_in_time_is_named(
    rig: Rig, says: tuple[object, ...], stage: str
) -> None:
    result = rig.run(*says, within=0.5)
    assert (result.result, result.stage) == ("failed", stage)
    assert "within" in result.reason


def test_an_event_that_did_not_end_by_itself_has_not_passed(rig: Rig) -> None:
    result = rig.run(*SEEN, ended(EndReason.INTERRUPTED))
    assert (result.stage, result.reason) == ("event", "it ended with interrupted")


def test_a_broker_that_says_nothing_back_is_named(rig: Rig) -> None:
    rig.echoes = False
    result = rig.run(*SEEN, ended(EndReason.CLEARED), within=0.5)
    assert (result.result, result.stage) == ("failed", "mqtt")
    result = rig.run(*SEEN, ended(EndReason.CLEARED), within=0.5, old_protocol=True)
    assert result.result == "passed"
    assert "3.1.1" in result.skipped["mqtt"]


def test_a_thread_that_fails_is_named_at_its_stage(rig: Rig) -> None:
    def fails(_: Worker) -> None:
        raise RuntimeError("no encoder")

    result = rig.run(*SEEN[:2], then=fails)
    assert (result.stage, result.reason) == (
        "event",
        f"thread {CAMERA}.camera failed: no encoder",
    )


def test_a_camera_that_cannot_be_built_is_named(rig: Rig) -> None:
    def build(_: object) -> Drawn:
        raise ValueError("no such mask")

    wait_until("the last result", lambda: rig.results)
    wanted = plan(SETTINGS, 3.0, store=False)
    rig.test.box.put(Task(BeginSelfTest("yard", AT), wanted, build))
    wait_until("a result", lambda: len(rig.results) > 1)
    assert (rig.results[-1].stage, rig.results[-1].reason) == ("picture", "no such mask")


def test_a_thread_that_hangs_is_left_alone_and_no_further_test_begins_until_it_is_back(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ENDS_WITHIN", 0.3)
    hangs = threading.Event()

    def hang(_: Worker) -> None:
        hangs.wait(PATIENCE)

    result = rig.run(*SEEN, then=hang, within=0.3)
    assert (result.result, result.stage) == ("failed", "event")
    result = rig.run(*SEEN, ended(EndReason.CLEARED))
    assert result.result == "failed"
    assert result.reason == f"threads of an earlier test still hang: {CAMERA}.camera"
    hangs.set()

    def passes() -> bool:
        return rig.run(*SEEN, ended(EndReason.CLEARED)).result == "passed"

    wait_until("it is back", passes)


def test_an_error_in_the_tests_own_thread_ends_the_test_and_its_camera(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_: module._Run) -> None:
        monkeypatch.undo()
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(module._Run, "look", look)
    result = rig.run(*SEEN)
    assert (result.result, result.reason) == ("failed", FAULT)
    assert rig.cameras[-1].silenced
    assert rig.run(*SEEN, ended(EndReason.CLEARED)).result == "passed"


def test_a_disk_that_hangs_costs_the_memory_of_the_result_only(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(module, "_DISK_WITHIN", 0.3)
    monkeypatch.setattr(module, "keep", lambda *_: hangs.wait(PATIENCE))
    result = rig.run(*SEEN, ended(EndReason.CLEARED))
    assert result.result == "failed"
    assert "self_test.file" in result.reason
    hangs.set()


def test_an_agent_that_ends_in_the_middle_says_so_and_so_does_the_next_start(
    tmp_path: Path,
) -> None:
    with Rig(tmp_path) as rig:
        rig.begin(*SEEN)
        wait_until("it runs", (tmp_path / last_result.NAME).exists)
    assert rig.results[-1].reason == INTERRUPTED
    with Rig(tmp_path) as rig:
        wait_until("the last result", lambda: rig.results)
    (result,) = rig.results
    assert (result.result, result.reason) == ("failed", INTERRUPTED)


def test_a_lost_clip_is_named_and_nothing_of_it_stays(tmp_path: Path) -> None:
    done: list[str] = []
    store = Store(dict, lambda: done.append("spool"), lambda: done.append("store"))
    with Rig(tmp_path, store) as rig:
        wait_until("the last result", lambda: rig.results)
        rig.begin(*SEEN, ended(EndReason.CLEARED))
        lost = RecordingFailed(CAMERA, "E1", "spool_full", "no room")

        def told() -> bool:
            assert rig.test.took(lost)
            return len(rig.results) > 1

        wait_until("a result", told, every=0.1)
    assert (rig.results[-1].stage, rig.results[-1].reason) == ("store", "spool_full: no room")
    assert done == ["spool", "store"]


def test_what_is_said_of_the_tests_camera_is_for_the_test_alone(tmp_path: Path) -> None:
    test = SelfTestWorker(CAMERA, tmp_path, None, lambda _: True, SetClock(AT))
    assert test.took(RecordingFailed(CAMERA, "E1", "x", "y"))
    assert test.took(StoreRepaired(f"{CAMERA}/2026-11-22", "torn", lossless=False))
    assert test.took(MotionStarted(CAMERA, "E1", 2.0, AT, MOTION))
    assert test.box.depth == 1
    assert not test.took(RecordingFailed("yard", "E1", "x", "y"))
    assert not test.took(StoreRepaired("yard/2026-11-22", "torn", lossless=False))
    assert not test.took(SelfTestSaid(SelfTestResult()))
