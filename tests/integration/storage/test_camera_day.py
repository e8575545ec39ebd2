"""One camera's day in the store, written in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from agent.core.store_names import NOTES, FileKind
from agent.storage.day import day_part, mp4_file
from agent.storage.day.camera_day import SETTLE_AFTER, CameraDay, Outcome
from agent.storage.day.day_part import SYNC_EVERY
from agent.storage.day.manifest import Manifest
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    Fragment,
    MonitoringPicture,
    Record,
    SessionPackets,
)
from tests.support.clock import FakeClock
from tests.support.recordings import STARTED, event, expected, name_of, played, whole_event

FOLDER = Path("front/2026-11-22")
NAMES = [name_of(number * 20) for number in range(4)]


class Rig:
    """A store with one open day; each record gets the next number."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.number = 0
        self.store = os.open(path, os.O_RDONLY)
        self.outcome = Outcome()
        self.day = self.open()

    def open(self) -> CameraDay:
        return CameraDay(
            self.store,
            "front",
            "2026-11-22",
            clock=self.clock,
            outcome=self.outcome,
            alive=lambda: None,
        )

    def write(self, *records: Record) -> None:
        for record in records:
            self.number += 1
            self.day.write(self.number, record)

    def reopen(self) -> None:
        self.day.abandon()
        self.clock.advance(60)
        self.day = self.open()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.day.close()
    os.close(rig.store)


def records(number: int) -> list[Record]:
    return whole_event(NAMES[number], number * 20)


def picture_of(number: int, kind: FileKind = FileKind.DELTA) -> EventFile:
    return EventFile(
        camera="front", event=NAMES[number], started=STARTED, kind=kind, body=b"x" * 100
    )


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_fragments_are_done_when_they_are_on_the_medium(rig: Rig) -> None:
    opened, *rest = records(0)
    rig.write(opened, *rest[:3])
    assert rig.outcome.done == []
    rig.clock.advance(SYNC_EVERY)
    rig.write(rest[3])
    assert rig.outcome.done == [2, 3, 4, 5]


def test_opening_and_closing_are_done_when_the_event_is_shown(rig: Rig) -> None:
    rig.write(*records(0), *records(1))
    first = len(records(0))
    assert {1, first} <= set(rig.outcome.done)
    assert not {first + 1, rig.number} & set(rig.outcome.done)
    assert [entry["id"] for entry in rig.outcome.finished] == NAMES[:1]
    rig.clock.advance(mp4_file.GAP)
    rig.day.tick()
    assert sorted(rig.outcome.done) == list(range(1, rig.number + 1))
    assert [entry["id"] for entry in rig.outcome.finished] == NAMES[:2]
    assert rig.day.idle


def test_an_event_that_fills_the_file_goes_on_in_the_next_part(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_part, "ROLL_BYTES", 280_000)
    rig.write(*records(0))
    first, second = (played(rig.path / FOLDER / f"2026-11-22{part}.mp4") for part in ("", "-2"))
    assert [number for _, number in first + second] == list(range(20))
    assert first
    assert second
    (entry,) = rig.outcome.finished
    assert [place["file"] for place in entry["day"]] == ["2026-11-22.mp4", "2026-11-22-2.mp4"]
    assert played(rig.path / FOLDER / entry["files"]["clip"]["name"]) == expected(
        event(NAMES[0], 0)
    )
    assert not entry["truncated"]


def test_a_record_sent_again_after_rolling_changes_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_part, "ROLL_BYTES", 280_000)
    rig.write(*records(0))
    before = {path: path.read_bytes() for path in rig.path.rglob("*") if path.is_file()}
    rig.reopen()
    rig.write(*records(0))
    assert {path: path.read_bytes() for path in rig.path.rglob("*") if path.is_file()} == before
    assert len(rig.outcome.finished) == 2


def test_an_event_without_pictures_makes_no_days_file(rig: Rig) -> None:
    rig.write(
        EventOpened(camera="front", event=NAMES[0], started=STARTED),
        EventClosed(camera="front", event=NAMES[0], started=STARTED, reason="interrupted"),
    )
    assert rig.outcome.done == [2, 1]
    assert rig.outcome.finished[0]["frames"] == 0
    assert sorted(p.name for p in (rig.path / FOLDER).iterdir()) == ["events", "events.jsonl"]


def test_an_event_whose_end_is_lost_is_not_waited_for_for_ever(rig: Rig) -> None:
    rig.write(*records(0)[:3])
    assert list(rig.day.take_unfinished()) == [NAMES[0]]
    rig.write(*records(1))
    rig.clock.advance(mp4_file.GAP)
    rig.day.tick()
    assert rig.day.idle
    assert [entry["id"] for entry in rig.outcome.finished] == [NAMES[1]]


def test_a_part_left_by_a_broken_attempt_does_not_get_into_the_way(rig: Rig) -> None:
    folder = rig.path / FOLDER / "events"
    folder.mkdir()
    (folder / f".081501_{NAMES[0]}.mp4.part").write_bytes(b"x" * 900_000)
    rig.write(*records(0))
    assert [path.name for path in folder.iterdir()] == [f"081501_{NAMES[0]}.mp4"]
    assert played(next(folder.iterdir())) == expected(event(NAMES[0], 0))


def test_the_manifest_tells_the_events_true_times(rig: Rig) -> None:
    *rest, closed = records(0)
    assert isinstance(closed, EventClosed)
    rig.write(*rest, replace(closed, ended=STARTED, duration=1.5))
    (entry,) = rig.outcome.finished
    assert entry["started"] == "2026-11-22T08:15:01.300Z"
    assert entry["started_local"] == "2026-11-22T08:15:01.300+00:00"
    assert (entry["ended"], entry["duration_s"]) == ("2026-11-22T08:15:01.300Z", 1.5)
    assert entry["day"][0]["length_ms"] == entry["clip_s"] * 1000


def test_a_heat_map_lies_in_the_day_and_never_replaces_another(rig: Rig, tmp_path: Path) -> None:
    for body in (b"first", b"second"):
        rig.write(MonitoringPicture(camera="front", started=STARTED, heatmap=True, body=body))
    found = {path.name: path.read_bytes() for path in (tmp_path / FOLDER).glob("heatmap*")}
    assert found == {"heatmap.png": b"first", "heatmap_2.png": b"second"}
    notes = (tmp_path / FOLDER / NOTES).read_text()
    assert '"picture":"heatmap.png"' in notes.replace(": ", ":")


def test_pictures_of_an_event_that_goes_on_are_done_after_some_seconds(rig: Rig) -> None:
    rig.write(records(0)[0], picture_of(0))
    rig.clock.advance(SETTLE_AFTER - 1)
    rig.write(picture_of(0, FileKind.LAST))
    rig.day.tick()
    assert rig.outcome.done == []
    assert not rig.day.idle
    rig.clock.advance(1)
    rig.day.tick()
    assert rig.outcome.done == [2, 3]
    rig.write(picture_of(0, FileKind.TRIGGER))  # counts anew
    rig.day.tick()
    assert rig.outcome.done == [2, 3]


def test_pictures_of_an_event_are_done_with_its_end_and_in_its_line(rig: Rig) -> None:
    opened, *rest = records(0)
    rig.write(opened, picture_of(0), *rest)
    assert 2 in rig.outcome.done
    (entry,) = rig.outcome.finished
    assert {"clip", "delta"} == set(entry["files"])
    assert (rig.path / FOLDER / entry["files"]["delta"]["name"]).read_bytes() == b"x" * 100


def test_a_picture_that_is_there_already_is_done_at_once(rig: Rig) -> None:
    opened, *rest = records(0)
    rig.write(opened, picture_of(0), *rest)
    rig.write(picture_of(0))
    assert rig.outcome.done[-1] == rig.number


def test_a_picture_and_the_end_that_are_sent_again_are_done(rig: Rig) -> None:
    opened, *rest = records(0)
    rig.write(opened, *rest)
    rig.reopen()
    rig.outcome.done.clear()
    rig.write(picture_of(0), rest[-1])
    assert sorted(rig.outcome.done) == [rig.number - 1, rig.number]


def test_the_packets_of_a_session_lie_in_their_folder_and_are_noted(rig: Rig) -> None:
    rig.write(SessionPackets(camera="front", started=STARTED, body=b"{}\n"))
    (path,) = (rig.path / FOLDER / "sessions").iterdir()
    assert path.read_bytes() == b"{}\n"
    assert rig.outcome.done == [1]
    assert f"sessions/{path.name}" in (rig.path / FOLDER / NOTES).read_text()


def test_a_monitoring_picture_lies_in_its_folder_and_is_done(rig: Rig) -> None:
    rig.write(MonitoringPicture(camera="front", started=STARTED, body=b"x"))
    assert [path.read_bytes() for path in (rig.path / FOLDER / "monitoring").iterdir()] == [b"x"]
    assert rig.outcome.done == [1]


def test_an_event_of_the_day_is_kept_whatever_has_become_of_it(rig: Rig) -> None:
    assert not rig.day.mark(NAMES[3], "keep", value=True)
    rig.write(records(0)[0])
    assert rig.day.mark(NAMES[0], "keep", value=True)  # it is open
    rig.write(*records(1), *records(2))
    assert rig.day.mark(NAMES[2], "keep", value=True)  # not shown yet
    assert rig.day.mark(NAMES[1], "keep", value=True)
    folder = os.open(rig.path / FOLDER, os.O_RDONLY)
    assert Manifest(folder).kept == set(NAMES[:3])
    os.close(folder)


def test_closing_a_day_makes_everything_lasting_and_shows_it(rig: Rig) -> None:
    rig.write(*records(0), *records(1), records(2)[0], picture_of(2), records(2)[1])
    rig.day.close()
    opened = rig.number - 2
    assert set(range(1, rig.number + 1)) - set(rig.outcome.done) == {opened}
    assert len(rig.outcome.finished) == 2


def test_a_closed_day_leaves_no_file_open(rig: Rig) -> None:
    rig.day.close()
    before = open_files()
    rig.day = rig.open()
    rig.write(*records(0), records(1)[0], picture_of(1))
    rig.write(SessionPackets(camera="front", started=STARTED, body=b"x"))
    rig.write(MonitoringPicture(camera="front", started=STARTED, body=b"x"))
    rig.day.close()
    assert open_files() == before
    rig.day.close()  # a second time is none


def test_an_interrupted_event_ends_with_its_last_picture(rig: Rig) -> None:
    *rest, closed = records(0)
    assert isinstance(closed, EventClosed)
    rig.write(*rest, replace(closed, ended=None, reason="interrupted"))
    (entry,) = rig.outcome.finished
    first, last = (datetime.fromisoformat(entry[name]) for name in ("clip_started", "ended"))
    fragments = [each for each in rest if isinstance(each, Fragment)]
    assert round(first.timestamp() * 1000) == fragments[0].first_ms
    assert (last - first).total_seconds() * 1000 == sum(each.ms for each in fragments)


def test_frames_that_did_not_arrive_make_a_clip_a_cut_one(rig: Rig) -> None:
    *rest, closed = records(0)
    assert isinstance(closed, EventClosed)
    rig.write(*rest, replace(closed, frames=21))
    *rest, closed = records(1)
    rig.write(*rest, closed)
    rig.day.close()
    assert [entry["truncated"] for entry in rig.outcome.finished] == [True, False]


def test_what_was_repaired_is_told_with_its_place(rig: Rig) -> None:
    rig.write(*records(0))
    rig.day.abandon()
    path = rig.path / FOLDER / "2026-11-22.mp4"
    path.write_bytes(path.read_bytes()[:-10])
    rig.day = rig.open()
    rig.write(*records(1))
    ((file, text, lossless),) = rig.outcome.repaired
    assert file == "front/2026-11-22/2026-11-22.mp4"
    assert text
    assert not lossless


def test_pictures_behind_a_lost_fragment_wait_for_the_next_key_picture(rig: Rig) -> None:
    opened, *rest, closed = records(0)
    fragments = [each for each in rest if isinstance(each, Fragment)]
    keys = [each.k for each in fragments if each.samples[0].key]
    lost = 1
    assert lost + 1 < keys[1], "the test needs more fragments between key pictures"
    rig.write(opened, *(each for each in fragments if each.k != lost), closed)
    kept = [each for each in fragments if each.k < lost or each.k >= keys[1]]
    (entry,) = rig.outcome.finished
    clip = rig.path / FOLDER / entry["files"]["clip"]["name"]
    numbers = iter(range(20))
    shown = [(each.k, next(numbers)) for each in fragments for _ in each.samples]
    wanted = [number for k, number in shown if k in {each.k for each in kept}]
    assert [number for _, number in played(clip)] == wanted
    assert entry["truncated"]


def test_each_event_knows_its_own_place_in_the_days_file(rig: Rig) -> None:
    rig.write(*records(0), *records(1))
    rig.day.close()
    (first,), (second,) = (entry["day"] for entry in rig.outcome.finished)
    assert (first["position_ms"], second["position_ms"]) == (0, first["length_ms"])


def test_an_end_that_comes_to_a_day_that_was_closed_finds_its_pictures(rig: Rig) -> None:
    *rest, closed = records(0)
    rig.write(*rest)
    rig.reopen()
    rig.write(closed)
    (entry,) = rig.outcome.finished
    assert (entry["frames"], entry["truncated"]) == (20, False)
    assert played(rig.path / FOLDER / entry["files"]["clip"]["name"]) == expected(
        event(NAMES[0], 0)
    )
