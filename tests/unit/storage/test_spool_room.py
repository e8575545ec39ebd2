"""What a spool counts, to the byte, and what it forgets; on a disk that is full, too."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.store_names import self_test_camera
from agent.storage.records import EventClosed, Record
from agent.storage.spool import place
from agent.storage.spool import spool as spool_module
from agent.storage.spool.spool import Spool
from tests.support.spooled import spooled
from tests.support.waiting import PATIENCE
from tests.unit.storage.spool.test_spool import closed, file, opened, picture


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A disk that has room for so many bytes in `room`, in files of any spool."""
    left = {"room": 1 << 20}
    write = Path.write_bytes

    def limited(path: Path, data: bytes) -> int:
        used = sum(each.stat().st_size for each in path.parent.iterdir())
        if used + len(data) > left["room"]:
            write(path, data[:1])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", limited)
    return left


def on_disk(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.iterdir())


def test_what_fits_to_the_byte_is_kept_and_one_byte_more_is_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "any")
    assert spool.put(opened("A"))
    size = spool.size
    assert Spool(tmp_path / "fits", size).put(opened("A"))
    assert not Spool(tmp_path / "small", size - 1).put(opened("A"))


def test_a_restart_counts_the_same_bytes(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert all(spool.put(record) for record in (picture(10), picture(10_000)))
    assert Spool(tmp_path).size == spool.size == on_disk(tmp_path) + 2 * 4096


def test_a_record_that_somebody_deleted_is_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(picture())
    next(tmp_path.iterdir()).unlink()
    assert spool.read(1) is None
    assert (spool.depth, spool.size, spool.lost_records) == (0, 0, 0)


def test_what_is_given_up_is_counted_once_and_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(picture())
    for _ in range(2):
        spool.drop(1)
    assert (spool.depth, spool.lost_records) == (0, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_is_too_large_is_not_the_end_of_all_pictures(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=20_000)
    assert not spool.put(picture(50_000))
    assert spool.put(picture(10))


def test_a_lost_event_is_remembered_until_its_end_and_no_longer(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=60_000)
    assert all(spool.put(record) for record in (opened("A"), file("A"), opened("B"), file("B")))
    assert spool.put(file("B", 20_000))  # A goes
    assert not spool.put(file("A", 10))
    assert spool.put(closed("A"))
    assert spool.put(file("A", 10))


def test_an_event_that_is_lost_behind_its_end_is_not_remembered(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=60_000)
    assert all(spool.put(record) for record in (opened("A"), file("A"), closed("A"), opened("B")))
    assert all(spool.put(file("B", size)) for size in (10_000, 20_000))
    assert [lost.event for lost in spool.take_lost()] == ["A"]
    assert spool.put(file("A", 10))


def test_a_record_behind_the_limit_of_all_records_is_removed_at_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    assert all(spool.put(picture(size)) for size in (10_000, 10_001))
    limit = (tmp_path / "000000000001.rec").stat().st_size
    monkeypatch.setattr(spool_module, "LIMIT", limit)
    again = Spool(tmp_path)
    assert ([len(each.body) for each in spooled(again)], again.lost_records) == ([10_000], 1)


def test_who_waits_for_a_record_is_woken_by_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    woken = threading.Event()

    def wait() -> None:
        spool.wait(0, 600.0)
        woken.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    assert not woken.wait(0.05)
    spool.put(picture())
    assert woken.wait(PATIENCE)
    waiter.join()


def test_a_full_disk_takes_pictures_of_others_first(tmp_path: Path, disk: dict[str, int]) -> None:
    spool = Spool(tmp_path)
    assert all(spool.put(record) for record in (opened("A"), file("A"), closed("A"), opened("B")))
    disk["room"] = on_disk(tmp_path)
    assert spool.put(file("B", 9_000))
    assert [each.word for each in spooled(spool)] == ["opened", "closed", "opened", "file"]
    assert [(each.event, each.code) for each in spool.take_lost()] == [("A", "spool_full")]


def test_where_the_disk_has_frames_of_events_only_they_stay(
    tmp_path: Path, disk: dict[str, int]
) -> None:
    spool = Spool(tmp_path)
    assert all(spool.put(record) for record in (opened("A"), closed("A"), opened("B")))
    disk["room"] = on_disk(tmp_path)
    assert not spool.put(file("B", 9_000))
    assert not any(spool.put(closed("B")) for _ in range(3))  # its recorder keeps it
    assert not spool.put(picture())
    assert [(each.event, each.code) for each in spool.take_lost()] == [("B", "spool_failed")]
    assert (spool.lost_events, spool.lost_records) == (1, 1)
    assert spooled(spool) == [opened("A"), closed("A"), opened("B")]
    assert on_disk(tmp_path) == disk["room"]


def test_a_record_that_cannot_get_its_name_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "000000000001.rec").mkdir()
    assert not spool.put(picture())
    assert [each.name for each in tmp_path.iterdir()] == ["000000000001.rec"]
    assert spool.put(picture())


def test_an_end_without_room_is_not_counted_and_comes_once_there_is_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "any")
    assert all(spool.put(record) for record in (opened("A"), closed("A")))
    small = Spool(tmp_path / "small", spool.size - 1)
    assert small.put(opened("A"))
    assert not any(small.put(closed("A")) for _ in range(3))
    assert (small.lost_events, small.lost_records) == (0, 0)
    small.remove([1])
    assert small.put(closed("A"))


def test_a_spool_in_memory_takes_nine_tenths_of_it_at_most_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    figures = os.statvfs_result((4096, 1 << 20, 20, *[0] * 7))
    monkeypatch.setattr(os, "statvfs", lambda _: figures)
    assert place.memory_spool("pi", 19 << 20)[1] == 18 << 20
    assert "has room for 18 MiB only" in caplog.text
    caplog.clear()
    assert place.memory_spool("pi", 18 << 20)[1] == 18 << 20
    assert caplog.text == ""


def of_a_test(record: Record) -> Record:
    return replace(record, camera=self_test_camera("0"))


def test_a_self_test_pushes_out_nobody_and_what_is_lost_of_it_is_not_counted(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path, 200_000)
    real: list[Record] = [opened("A"), file("A", 60_000), closed("A")]
    assert all(spool.put(record) for record in real)
    assert spool.put(of_a_test(opened("T")))
    assert not spool.put(of_a_test(file("T", 150_000)))
    assert not spool.put(of_a_test(picture(150_000)))
    assert spooled(spool) == [*real, of_a_test(opened("T"))]
    assert spool.put(of_a_test(closed("T")))
    assert spool.put(of_a_test(picture(60_000)))
    assert spool.put(file("B", 110_000))  # a real one pushes out what a test has put there
    assert (spool.lost_events, spool.lost_records) == (1, 0)  # the pictures of A
    spool.discard(self_test_camera("0"))
    assert {record.camera for record in spooled(spool)} == {"front"}


def test_what_is_discarded_leaves_no_file_and_no_end_that_waits(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(of_a_test(opened("T")))
    spool.put(picture())
    ended = of_a_test(closed("T"))
    assert isinstance(ended, EventClosed)
    spool.left.append(ended)
    spool.discard(self_test_camera("0"))
    assert spooled(spool) == [picture()]
    assert len(list(tmp_path.glob("*.rec"))) == 1
    assert not spool.left
