"""The recorder: clip parts in, records out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest

from agent.core.frame import Frame
from agent.core.messages import (
    ClipEnd,
    ClipFrame,
    ClipPart,
    ClipStart,
    Detection,
    EndReason,
    Reason,
    SessionLog,
    StorePicture,
)
from agent.core.store_names import FileKind
from agent.imaging.orientation import Orientation
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.storage.recording.open_clip import RecorderOptions, timestamp
from agent.storage.recording.recorder import RecorderWorker
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
    SessionPackets,
    decode,
    encode,
)
from agent.storage.spool.spool import Spool
from tests.support.clock import FakeClock
from tests.support.recordings import WIDTH, numbered_jpeg
from tests.support.spooled import spooled
from tests.support.waiting import PATIENCE, wait_until

EVENT = "01JD9Z3V5X8Q2M4N6P7R9S0T1W"
UTC_START = datetime(2026, 11, 22, 7, 15, 1, tzinfo=UTC)
TRIGGERS = {FileKind.BEFORE_LAST, FileKind.LAST, FileKind.TRIGGER}
BERLIN = ZoneInfo("Europe/Berlin")
FOUND = Detection(3, 101.0, motion=True, reason=Reason.MOTION, score=2.5, changed_pixels=700)


def frame(number: int, at: float) -> Frame:
    return Frame(numbered_jpeg(number), at, number, 1)


def start(event: str = EVENT) -> ClipStart:
    frames = tuple(frame(number, 100.0 + number / 4) for number in range(5))
    triggers = (frames[0], frames[2], frames[4])
    return ClipStart("front", event, 101.0, UTC_START, frames, triggers, b"\x89PNG", FOUND)


def end(event: str = EVENT, at: float = 104.0) -> ClipEnd:
    return ClipEnd(event, at, EndReason.CLEARED, frame(2, 100.5), FOUND, 10)


class Rig:
    """A recorder with its mailbox; `work` lets it work off what is in there."""

    def __init__(
        self,
        path: Path,
        limit_bytes: int = 1 << 20,
        options: RecorderOptions = RecorderOptions(),  # noqa: B008  frozen
    ) -> None:
        self.clock = FakeClock()
        self.parts: Mailbox[ClipPart] = Mailbox("parts", 100, WhenFull.REFUSE)
        self.spool = Spool(path, limit_bytes)
        self.recorder = RecorderWorker("front", options, self.parts, self.spool, self.clock, BERLIN)

    def work(self, *parts: ClipPart) -> list[Record]:
        for part in parts:
            assert self.parts.put(part)
        worker = Worker("recorder", self.recorder.run, self.clock, lambda *_: None)
        worker.stop.set()
        self.recorder.run(worker)
        return spooled(self.spool)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "spool")


def test_an_event_becomes_opening_files_fragments_best_and_closing(rig: Rig) -> None:
    more = [ClipFrame(EVENT, frame(number, 100.0 + number / 4)) for number in range(5, 16)]
    records = rig.work(start(), *more, end())
    assert isinstance(records[0], EventOpened)
    assert isinstance(records[-1], EventClosed)
    kinds = [record.kind for record in records if isinstance(record, EventFile)]
    assert sorted(kinds) == sorted(set(FileKind) - {FileKind.CLIP})
    fragments = [record for record in records if isinstance(record, Fragment)]
    assert [each.k for each in fragments] == list(range(len(fragments)))
    assert sum(len(each.samples) for each in fragments) == 16
    assert all(each.ms <= 1000 for each in fragments)
    assert {record.camera for record in records} == {"front"}


def test_trigger_pictures_are_the_cameras_own_bytes(rig: Rig) -> None:
    files = {r.kind: r.body for r in rig.work(start(), end()) if isinstance(r, EventFile)}
    assert files[FileKind.BEFORE_LAST] == numbered_jpeg(0)
    assert files[FileKind.LAST] == numbered_jpeg(2)
    assert files[FileKind.TRIGGER] == numbered_jpeg(4)
    assert files[FileKind.DELTA] == b"\x89PNG"
    assert files[FileKind.BEST] not in (b"", numbered_jpeg(2))


@pytest.mark.parametrize(("peak", "of_the_stream"), [(10, True), (14, False)])
def test_the_best_picture_is_of_the_recording_stream_unless_that_fell_silent_before_the_peak(
    tmp_path: Path, peak: int, *, of_the_stream: bool
) -> None:
    def best_picture(folder: str, *, flagged: bool) -> bytes:
        numbers = range(5, 16)
        more = [ClipFrame(EVENT, frame(n, 100.0 + n / 4), best=flagged and n == 8) for n in numbers]
        last = replace(end(), best=frame(peak, 100.0 + peak / 4))
        records = Rig(tmp_path / folder).work(start(), *more, last)
        (best,) = [r for r in records if isinstance(r, EventFile) and r.kind is FileKind.BEST]
        return best.body

    plain, streamed = best_picture("a", flagged=False), best_picture("b", flagged=True)
    assert (streamed != plain) is of_the_stream


def test_with_privacy_polygons_trigger_pictures_are_black_there(tmp_path: Path) -> None:
    left = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    private = Rig(tmp_path, options=RecorderOptions(Orientation(rotate=180), privacy=left))
    records = private.work(start(), end())
    bodies = [r.body for r in records if isinstance(r, EventFile) and r.kind in TRIGGERS]
    assert len(bodies) == 3
    for body in bodies:
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert picture[:, WIDTH // 2 + 8 :].max() < 12, "the camera hangs upside down"
        assert picture[:60, : WIDTH // 2 - 8].mean() > 80


def test_names_come_from_the_local_start_and_times_from_the_frames(rig: Rig) -> None:
    records = rig.work(start(), end())
    assert {str(record.started) for record in records} == {"2026-11-22 08:15:01+01:00"}
    first = next(record for record in records if isinstance(record, Fragment))
    assert first.first_ms == round(UTC_START.timestamp() * 1000) - 1000  # the pre-roll
    closed = records[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.duration, closed.frames, closed.reason) == (3.0, 5, "cleared")
    assert closed.ended == UTC_START + timedelta(seconds=3)
    assert closed.explanation is not None
    assert closed.explanation["score"] == 2.5
    assert "at" not in closed.explanation


def test_key_pictures_come_at_least_every_two_seconds(rig: Rig) -> None:
    more = [ClipFrame(EVENT, frame(number, 100.0 + number / 4)) for number in range(5, 40)]
    records = rig.work(start(), *more, end())
    keys, at = [], 0
    for record in records:
        for sample in record.samples if isinstance(record, Fragment) else ():
            keys += [at] * sample.key
            at += sample.ms
    assert keys == [0, 2000, 4000, 6000, 8000]


def test_damaged_frames_are_skipped_and_counted(rig: Rig) -> None:
    bad = ClipFrame(EVENT, Frame(b"\xff\xd8 nothing", 101.5, 9, 1))
    closed = rig.work(start(), bad, end())[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.frames, closed.skipped) == (5, 1)
    assert (rig.recorder.stats.frames, rig.recorder.stats.skipped) == (5, 1)


def test_an_event_without_any_good_frame_is_closed_all_the_same(rig: Rig) -> None:
    broken = tuple(replace(each, jpeg=b"x") for each in start().frames)
    records = rig.work(replace(start(), frames=broken), end())
    assert not [record for record in records if isinstance(record, Fragment)]
    assert isinstance(records[-1], EventClosed)


def test_a_closing_waits_until_it_can_be_written(rig: Rig, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.rename(tmp_path / "away")
    assert rig.work(start(), end()) == []
    assert [lost.event for lost in rig.spool.take_lost()] == [EVENT]
    (tmp_path / "away").rename(spool)
    records = rig.work(start("01B"), end("01B"))
    closed = [record.event for record in records if isinstance(record, EventClosed)]
    assert closed == [EVENT, "01B"]


def test_a_closing_that_waited_comes_before_the_next_opening(rig: Rig, tmp_path: Path) -> None:
    rig.recorder._take(start())
    (tmp_path / "spool").rename(tmp_path / "away")
    rig.recorder._take(end())
    (tmp_path / "away").rename(tmp_path / "spool")
    frames = [(each.event, each.word) for each in rig.work(start("01B"), end("01B"))]
    framing = [(event, word) for event, word in frames if word in {"opened", "closed"}]
    assert framing == [(event, word) for event in (EVENT, "01B") for word in ("opened", "closed")]


def test_a_closing_that_waits_is_tried_again_when_the_recorder_ends(
    rig: Rig, tmp_path: Path
) -> None:
    rig.recorder._take(start())
    (tmp_path / "spool").rename(tmp_path / "away")
    rig.recorder._take(end())
    (tmp_path / "away").rename(tmp_path / "spool")
    assert [each.word for each in rig.work()][-1] == "closed"


def test_an_event_that_is_open_when_the_recorder_ends_counts_as_interrupted(rig: Rig) -> None:
    closed = rig.work(start())[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.reason, closed.truncated, closed.ended) == ("interrupted", True, None)


def test_a_new_event_closes_a_forgotten_one(rig: Rig) -> None:
    other = EVENT[:-1] + "X"
    closed = [r for r in rig.work(start(), start(other), end(other)) if isinstance(r, EventClosed)]
    assert [(each.event, each.reason) for each in closed] == [
        (EVENT, "interrupted"),
        (other, "cleared"),
    ]


def test_parts_of_an_event_that_is_not_open_are_ignored(rig: Rig) -> None:
    assert rig.work(ClipFrame("other", frame(1, 100.0)), end("other")) == []


def test_the_end_of_another_event_does_not_end_the_one_that_runs(rig: Rig) -> None:
    (closed,) = [r for r in rig.work(start(), end("01B"), end()) if isinstance(r, EventClosed)]
    assert (closed.event, closed.reason, rig.recorder.stats.events) == (EVENT, "cleared", 1)
    rig.work(start("01C"), end("01C"))
    assert rig.recorder.stats.events == 2


def test_each_fragment_knows_when_its_first_picture_was_taken(rig: Rig) -> None:
    more = [ClipFrame(EVENT, frame(number, 100.0 + number / 4)) for number in range(5, 16)]
    fragments = [each for each in rig.work(start(), *more, end()) if isinstance(each, Fragment)]
    at_ms = round(UTC_START.timestamp() * 1000) - 1000  # the first picture is of a second before
    assert len(fragments) > 2
    for each in fragments:
        assert each.first_ms == at_ms
        at_ms += each.ms


def test_there_are_no_files_of_pictures_that_there_are_not(tmp_path: Path) -> None:
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    rig = Rig(tmp_path / "spool", options=RecorderOptions(privacy=(square,)))
    damaged = Frame(b"\xff\xd8 nothing", 100.5, 2, 1)
    triggers = (damaged, *start().triggers[1:])
    first = replace(start(), triggers=triggers, delta=b"")
    records = rig.work(first, replace(end(), best=damaged))
    kinds = {record.kind for record in records if isinstance(record, EventFile)}
    assert kinds == TRIGGERS - {FileKind.BEFORE_LAST}
    assert isinstance(records[-1], EventClosed)


def test_a_recorder_at_work_writes_what_is_complete_and_ends_that_wait_by_itself(
    rig: Rig, tmp_path: Path
) -> None:
    worker = Worker("recorder", rig.recorder.run, rig.clock, lambda *_: None)
    worker.start()
    try:
        rig.parts.put(start())
        wait_until("it is begun", lambda: len(spooled(rig.spool)) == 5)
        rig.clock.advance(5.0)
        wait_until("pictures come", lambda: isinstance(spooled(rig.spool)[-1], Fragment))
        (tmp_path / "spool").rename(tmp_path / "away")
        rig.parts.put(end())
        wait_until("its end waits", lambda: rig.recorder.stats.events == 1)
        (tmp_path / "away").rename(tmp_path / "spool")
        rig.clock.advance(5.0)
        wait_until("it comes", lambda: isinstance(spooled(rig.spool)[-1], EventClosed))
    finally:
        worker.halt()
        assert worker.join(PATIENCE)


def test_a_failed_sessions_packets_go_straight_to_the_spool(rig: Rig) -> None:
    (record,) = rig.work(SessionLog("front", UTC_START, b"{}\n"))
    assert isinstance(record, SessionPackets)
    assert (record.body, str(record.started)) == (b"{}\n", "2026-11-22 08:15:01+01:00")


def test_a_monitoring_picture_goes_straight_to_the_spool(rig: Rig) -> None:
    (record,) = rig.work(StorePicture("front", UTC_START, b"\xff\xd8\xff\xd9"))
    assert isinstance(record, MonitoringPicture)
    assert (record.body, str(record.started)) == (
        b"\xff\xd8\xff\xd9",
        "2026-11-22 08:15:01+01:00",
    )


def test_a_heat_map_is_told_from_a_monitoring_picture(rig: Rig) -> None:
    (record,) = rig.work(StorePicture("front", UTC_START, b"\x89PNG", heatmap=True))
    assert isinstance(record, MonitoringPicture)
    assert record.heatmap
    assert decode(encode(record)) == record


def test_frames_of_an_event_that_the_spool_has_lost_are_not_encoded(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "spool", limit_bytes=40_000)
    more = [ClipFrame(EVENT, frame(number, 100.0 + number / 4)) for number in range(5, 60)]
    records = rig.work(start(), *more, end())
    assert rig.recorder.stats.frames < 30
    assert isinstance(records[0], EventOpened)
    assert isinstance(records[-1], EventClosed)  # what the store has of it gets its clip
    assert records[-1].truncated


def test_pictures_that_are_complete_do_not_wait_for_the_next_one(rig: Rig) -> None:
    rig.recorder._take(start())
    assert rig.recorder._clip is not None
    assert not [each for each in spooled(rig.spool) if isinstance(each, Fragment)]
    rig.recorder._clip.flush()
    (early,) = [each for each in spooled(rig.spool) if isinstance(each, Fragment)]
    assert len(early.samples) == 4  # the fifth is held back: its duration is not known yet
    closed = rig.work(end())
    assert sum(len(each.samples) for each in closed if isinstance(each, Fragment)) == 5


def test_an_encoder_that_fails_costs_the_frames_not_the_thread(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "spool", options=RecorderOptions(preset="no such preset"))
    closed = rig.work(start(), end())[-1]
    assert isinstance(closed, EventClosed)
    assert (closed.frames, closed.skipped) == (0, 5)


def test_the_timestamp_has_local_time_tenths_and_offset() -> None:
    local = datetime(2026, 11, 22, 8, 15, 1, 399_999, timezone(-timedelta(hours=3, minutes=30)))
    assert timestamp(local) == "2026-11-22 08:15:01.3 -03:30"
