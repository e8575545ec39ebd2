"""The owner of the log: two writes a minute, whatever clocks, disks and cameras do."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.core.messages import CameraCode, CameraState, FrameScored, Reason, RecordingSaved
from agent.core.moments import moment_of
from agent.core.orders import ExplainMoment
from agent.core.owner_answers import MomentExplained
from agent.core.state import AgentNow
from agent.verdicts.log import VerdictLog
from agent.verdicts.worker import MOST_WAITING, WRITE_EVERY, VerdictBoxes, VerdictWorker
from tests.support.clock import START, FakeClock
from tests.support.engine import begun
from tests.support.verdicts import detection


def live(state: AgentNow, *, armed: bool = True) -> AgentNow:
    camera = state.cameras["yard"]
    settings = camera.settings.model_copy(update={"armed": armed})
    link = CameraState("yard", CameraCode.LIVE, "", 0.0, 1)
    return state.with_camera(replace(camera, link=link, settings=settings))


class Rig:
    """The worker with a clock of its own; three frames a second."""

    def __init__(self, folder: Path, utc: datetime = START) -> None:
        self.clock = FakeClock(utc=utc)
        self.boxes = VerdictBoxes()
        self.answers: list[MomentExplained] = []
        self.state = live(begun())
        self.boxes.now.put(self.state)
        self.worker = VerdictWorker(folder, self.boxes, self.answers.append, self.clock)
        self.due = self.clock.monotonic() + WRITE_EVERY

    def pass_seconds(self, seconds: float, reason: Reason = Reason.QUIET) -> None:
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            found = detection(self.clock.monotonic(), reason, 0.05)
            self.boxes.scores.put(FrameScored("yard", self.clock.utc(), found))
            self.worker.look()
            if self.clock.monotonic() >= self.due:
                self.worker.write()
                self.due = self.clock.monotonic() + WRITE_EVERY

    def why(self, utc: datetime | None = None) -> str:
        moment = moment_of(utc or self.clock.utc())
        self.worker.answer(ExplainMoment("yard", (moment,), "1"))
        return " ".join(self.answers[-1].moments[0]["sentences"])


def test_it_answers_of_what_no_file_has_yet_and_of_what_one_has(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.pass_seconds(10)
    assert "50 % of min_changed" in rig.why()
    rig.pass_seconds(60)
    again = Rig(tmp_path, rig.clock.utc())  # the agent was started anew
    again.pass_seconds(1)
    assert "50 % of min_changed" in again.why(START.replace(second=20))


def test_frames_of_hours_are_two_writes_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, writes = Rig(tmp_path), []
    monkeypatch.setattr(VerdictLog, "append", lambda _log, data: writes.append(len(data)))
    rig.pass_seconds(600)
    assert len(writes) == 20


def test_a_clock_that_is_set_ends_a_block_and_durations_stay_true(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.pass_seconds(15)
    rig.clock.step_utc(-3600.0)
    rig.pass_seconds(10)
    rig.worker.write()
    blocks = [it for it, _ in VerdictLog(tmp_path / "verdicts").read("yard", 0.0, 4e9)]
    assert [round(it.begin - START.timestamp()) for it in blocks] == [0, 15 - 3600]
    assert [it.seconds for it in blocks] == pytest.approx([15.0, 10.0], abs=0.6)


def test_a_disk_that_refuses_costs_nothing_until_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(tmp_path)

    def full(_log: VerdictLog, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(VerdictLog, "append", full)
        rig.pass_seconds(90)
        assert "50 % of min_changed" in rig.why(START.replace(second=5))
        assert len([it for it in caplog.messages if "No space left" in it]) == 1
    rig.pass_seconds(30)
    assert rig.worker.lost == 0
    log = VerdictLog(tmp_path / "verdicts")
    assert sum(it.seconds for it, _ in log.read("yard", 0.0, 4e9)) == pytest.approx(120, abs=1)


def test_what_memory_has_no_room_for_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    (tmp_path / "verdicts").write_text("a file where a folder should be")
    monkeypatch.setattr("agent.verdicts.worker.MOST_WAITING", MOST_WAITING // 1000)
    rig.pass_seconds(300)
    assert rig.worker.lost > 0
    assert (tmp_path / "verdicts").read_text() == "a file where a folder should be"


def test_what_was_armed_stored_and_gone_is_known_afterwards(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.pass_seconds(10)
    camera = replace(
        live(begun(), armed=False).cameras["yard"],
        last_saved=RecordingSaved(
            "yard", "A", START, 2.0, "yard/2026-11-22/events/070000_A.mp4", "x", 0.0, 1, "h264", 1
        ),
    )
    rig.boxes.now.put(rig.state.with_camera(camera))
    rig.worker.look()
    rig.pass_seconds(10)
    said = rig.why()
    assert "disarmed" in said
    assert "070000_A.mp4" in said
    rig.boxes.now.put(replace(rig.state, cameras={}))  # it is taken out of the configuration
    rig.pass_seconds(90)
    assert "did not run" in rig.why(rig.clock.utc() - timedelta(seconds=75))


def test_a_day_that_is_asked_for_again_is_told_with_what_is_new(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    begin = START.timestamp()
    for count in (10, 20, 60, 90):
        rig.pass_seconds(count - round((rig.clock.utc() - START).total_seconds()))
        curve = rig.worker.past("yard", begin, begin + 86400).curve()
        assert len(curve) == pytest.approx(count / 5, abs=1.1)
        assert curve[0].at == datetime(2026, 11, 22, 7, tzinfo=UTC).timestamp()
