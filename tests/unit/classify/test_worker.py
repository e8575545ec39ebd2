"""The classifier's thread with a stand-in for its process, and a clock that stands still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.classify.adapters import Seen
from agent.classify.geometry import Box
from agent.classify.link import Answer, Failed, Looked, Ready
from agent.classify.model_files import ModelFiles
from agent.classify.questions import ASKED, Asked, EventOver, Look, asked_box, tapped
from agent.classify.worker import (
    FIRST_WAIT,
    HANGS_AFTER,
    ClassifierWorker,
    ClassifyOptions,
)
from agent.core.classified import ANSWER_WITHIN
from agent.core.event_label import Label, MotionClassified
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from tests.support.clock import FakeClock
from tests.support.engine_rig import ended, shown, started
from tests.support.stand_in_network import garbage

BOX: Box = (0.4, 0.4, 0.2, 0.2)
PERSON = Looked((Seen("person", Label.PERSON, 0.8, BOX),), 0.02)
CAR = Looked((Seen("car", Label.VEHICLE, 0.8, BOX),), 0.02)
NOTHING = Looked((), 0.02)


class StandIn:
    """A process that says what it is told to; None: nothing, while time passes."""

    def __init__(self, clock: FakeClock, answers: list[Answer | None]) -> None:
        self.clock, self.answers = clock, answers
        self.asked: list[tuple[bytes, Box | None]] = []
        self.closed = False

    def look(self, jpeg: bytes, box: Box | None) -> None:
        self.asked.append((jpeg, box))

    def poll(self, timeout: float) -> Answer | None:
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if answer is None:
            self.clock.advance(timeout)
        return answer

    def close(self) -> None:
        self.closed = True


class Rig:
    """Questions in, answers out; the thread's body runs until no question is left."""

    def __init__(self, folder: Path, *processes: list[Answer | None]) -> None:
        self.clock = FakeClock()
        self.asked: Mailbox[Asked] = asked_box()
        self.said: list[MotionClassified] = []
        self.made: list[StandIn] = []
        self._processes = list(processes)
        (folder / "own.onnx").write_bytes(garbage())
        (folder / "words").write_text("person\n")
        options = ClassifyOptions(folder / "own.onnx", folder / "words")
        self.worker = ClassifierWorker(
            options, self.asked, self._told, self.clock, start=self._start
        )

    def _start(self, _files: ModelFiles) -> StandIn:
        self.made.append(StandIn(self.clock, self._processes.pop(0)))
        return self.made[-1]

    def _told(self, message: object) -> None:
        assert isinstance(message, MotionClassified)
        self.said.append(message)

    def ask(self, event: str = "01A", at: float | None = None) -> None:
        self.asked.put(Look("yard", event, self.clock.monotonic() if at is None else at, BOX, b"j"))

    def rest(self, seconds: float, times: int) -> None:
        """Nobody asks anything, so often for so long."""
        worker = Worker("classify", lambda _: None, self.clock, lambda *_: None)
        left = times

        def nothing(_timeout: float | None = 0.0) -> None:
            nonlocal left
            left -= 1
            self.clock.advance(seconds)
            if left < 0:
                worker.stop.set()

        self.asked.get = nothing  # type: ignore[method-assign,assignment]
        self.worker.run(worker)

    def run(self) -> list[MotionClassified]:
        """Works off what was asked; what was said in it."""
        before = len(self.said)
        worker = Worker("classify", lambda _: None, self.clock, lambda *_: None)
        get = self.asked.get

        def stop_when_empty(_timeout: float | None = 0.0) -> Asked | None:
            if self.asked.depth == 0:
                worker.stop.set()
            return get(0.0)

        self.asked.get = stop_when_empty  # type: ignore[method-assign,assignment]
        try:
            self.worker.run(worker)
        finally:
            self.asked.get = get  # type: ignore[method-assign]
        return self.said[before:]


def labels(said: list[MotionClassified]) -> list[tuple[str, bool]]:
    return [(it.named.label.value, it.final) for it in said]


def test_an_event_is_named_and_then_no_longer_looked_at(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Ready(320), CAR, PERSON, NOTHING])
    for _ in range(4):
        rig.ask()
    assert labels(rig.run()) == [("vehicle", False), ("person", True)]
    assert len(rig.made[0].asked) == 2
    assert (rig.worker.stats.state, rig.worker.stats.looks) == ("ok", 2)
    assert rig.made[0].closed


def test_events_of_cameras_are_kept_apart_and_forgotten_at_their_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Ready(320), CAR, NOTHING])
    rig.ask("01A")
    rig.ask("01B")
    rig.asked.put(EventOver("yard", "01A"))
    rig.asked.put(EventOver("yard", "01B"))
    assert labels(rig.run()) == [
        ("vehicle", False),
        ("unknown", False),
        ("vehicle", True),
        ("unknown", True),
    ]


def test_the_oldest_question_goes_and_is_counted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Ready(320), NOTHING])
    for number in range(ASKED + 3):
        rig.ask(f"0{number:02}")
    assert rig.asked.dropped == 3
    assert [it.event_id for it in rig.run()] == [f"0{n:02}" for n in range(3, ASKED + 3)]


def test_a_question_that_waited_too_long_is_not_asked(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Ready(320), PERSON])
    rig.ask(at=rig.clock.monotonic() - ANSWER_WITHIN - 1)
    assert rig.run() == []
    assert rig.made[0].asked == []
    assert rig.worker.stats.unanswered == 1


def test_a_network_that_hangs_is_killed_and_replaced_after_a_wait(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Ready(320), None], [Ready(320), PERSON])
    rig.ask()
    rig.ask()
    began = rig.clock.monotonic()
    assert rig.run() == []
    assert rig.clock.monotonic() - began == pytest.approx(HANGS_AFTER)
    assert rig.made[0].closed
    assert len(rig.made) == 1, "not again at once"
    assert rig.worker.stats.state == "failed"
    assert "no answer in 30 s" in rig.worker.stats.reason
    assert (rig.worker.stats.failures, rig.worker.stats.unanswered) == (1, 2)
    rig.clock.advance(FIRST_WAIT)
    rig.ask()
    assert labels(rig.run()) == [("person", True)]
    assert (rig.worker.stats.state, rig.worker.stats.reason) == ("ok", "")


@pytest.mark.parametrize("answer", [Failed("OpenCV cannot read it"), None, Looked((), 0.0)])
def test_a_network_that_cannot_be_loaded_is_said_with_its_file(
    tmp_path: Path, answer: Answer | None
) -> None:
    rig = Rig(tmp_path, [answer])
    rig.ask()
    rig.asked.put(EventOver("yard", "01A"))
    assert labels(rig.run()) == [("unknown", True)]
    assert rig.worker.stats.state == "failed"
    assert str(tmp_path / "own.onnx") in rig.worker.stats.reason


def test_a_missing_file_ends_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "own.onnx").unlink()
    rig.ask()
    assert rig.run() == []
    assert rig.worker.stats.state == "failed"


class Heard(Mailbox[Asked]):
    """A mailbox that notes when it is used."""

    def __init__(self, order: list[str]) -> None:
        super().__init__("classify", ASKED, WhenFull.DROP_OLDEST)
        self._order = order

    def put(self, message: Asked, size: int = 0, **more: Any) -> bool:  # noqa: ANN401
        self._order.append("classifier")
        return super().put(message, size, **more)


def test_the_tap_tells_the_engine_first_and_never_blocks() -> None:
    order: list[str] = []
    asked, clock = Heard(order), FakeClock()

    def to_engine(message: object) -> bool:
        order.append(type(message).__name__)
        return True

    tell = tapped(to_engine, asked, clock)
    for message in (started(), shown(), ended()):
        assert tell(message)
    assert order == ["MotionStarted", "MotionPicture", "classifier", "MotionEnded", "classifier"]
    look, over = asked.get(), asked.get()
    assert look == Look("yard", "01A", clock.monotonic(), (0.1, 0.2, 0.3, 0.4), b"jpeg")
    assert over == EventOver("yard", "01A")


def test_a_process_that_ends_at_rest_is_replaced_before_the_next_event(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Ready(320), Failed("signal 9")], [Ready(320), None])
    rig.rest(FIRST_WAIT / 2, 1)
    assert (rig.worker.stats.state, len(rig.made)) == ("failed", 1)
    rig = Rig(tmp_path, [Ready(320), Failed("signal 9")], [Ready(320), None])
    rig.rest(FIRST_WAIT, 3)
    assert (rig.worker.stats.state, len(rig.made)) == ("ok", 2)
    assert all(it.closed for it in rig.made)


def test_what_fails_again_is_replaced_only_when_somebody_asks(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [Failed("a bad file")], [Failed("a bad file")])
    rig.rest(1000.0, 20)
    assert (rig.worker.stats.state, len(rig.made)) == ("failed", 2)
