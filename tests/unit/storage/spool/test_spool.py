"""The spool: bounded, in order, alive after a restart."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.core.store_names import FileKind
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    MonitoringPicture,
    Record,
    encode,
)
from agent.storage.spool import place
from agent.storage.spool.place import memory_spool
from agent.storage.spool.spool import Spool
from tests.support.spooled import spooled
from tests.support.waiting import PATIENCE, wait_until

STARTED = datetime(2026, 11, 22, 8, 15, 1, tzinfo=UTC)


def opened(event: str) -> EventOpened:
    return EventOpened(camera="front", event=event, started=STARTED)


def file(event: str, size: int = 10_000) -> EventFile:
    return EventFile(
        camera="front", event=event, started=STARTED, kind=FileKind.DELTA, body=bytes(size)
    )


def closed(event: str) -> EventClosed:
    return EventClosed(camera="front", event=event, started=STARTED, reason="cleared")


def picture(size: int = 10_000) -> MonitoringPicture:
    return MonitoringPicture(camera="front", started=STARTED, body=bytes(size))


def test_records_come_out_in_order_and_stay_until_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    records: list[Record] = [opened("A"), file("A"), closed("A"), picture()]
    assert all(spool.put(record) for record in records)
    assert spooled(spool) == records
    assert spooled(spool) == records
    number = spool.after(0)
    assert number is not None
    spool.remove([number])
    assert spooled(spool) == records[1:]
    assert spool.depth == 3


def test_what_is_removed_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(file("A"))
    spool.remove([1, 1, 77])
    assert (spool.depth, spool.size) == (0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_restart_finds_everything_and_goes_on_numbering(tmp_path: Path) -> None:
    Spool(tmp_path).put(picture())
    again = Spool(tmp_path)
    again.put(picture(20))
    assert [len(record.body) for record in spooled(again)] == [10_000, 20]


def test_an_event_that_nobody_closed_is_closed_as_interrupted(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for record in (opened("A"), closed("A"), opened("B"), file("B")):
        spool.put(record)
    last = spooled(Spool(tmp_path))[-1]
    assert isinstance(last, EventClosed)
    assert (last.event, last.reason, last.truncated) == ("B", "interrupted", True)
    assert len(spooled(Spool(tmp_path))) == 5


def test_an_event_that_was_killed_before_anything_of_it_came_is_closed_once(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path)
    spool.put(opened("A"))
    for event in ("A", "B", "B"):
        spool.close_unknown("front", event, STARTED)
    assert [(record.event, record.word) for record in spooled(spool)] == [
        ("A", "opened"),
        ("B", "closed"),
    ]


def test_a_full_spool_drops_the_oldest_event_to_its_frame_and_names_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=60_000)
    for event in ("A", "B", "C"):
        for record in (opened(event), file(event), closed(event)):
            assert spool.put(record)
    assert spooled(spool)[:2] == [opened("A"), closed("A")]
    assert {record.event for record in spooled(spool)[2:]} == {"B", "C"}
    assert spool.size <= 60_000
    (lost,) = spool.take_lost()
    assert (lost.camera, lost.event, lost.code) == ("front", "A", "spool_full")
    assert spool.take_lost() == []
    assert spool.lost_events == 1


def test_an_event_larger_than_the_spool_is_cut_and_closed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=40_000)
    assert spool.put(opened("A"))
    assert [spool.put(file("A")) for _ in range(4)] == [True, True, False, False]
    assert spool.put(closed("A"))
    assert spooled(spool) == [opened("A"), file("A"), file("A"), closed("A")]
    assert (spool.lost_events, spool.lost_records) == (0, 1)


def test_the_rest_of_a_dropped_event_is_refused_but_not_its_closing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=60_000)
    assert all(spool.put(record) for record in (opened("A"), file("A"), opened("B"), file("B")))
    assert spool.put(file("B", 20_000))
    assert not spool.put(file("A", 100))
    assert spool.put(closed("A"))
    assert [record.word for record in spooled(spool) if record.event == "A"] == ["opened", "closed"]
    assert [lost.event for lost in spool.take_lost()] == ["A"]


def test_frames_of_lost_events_go_when_nothing_else_is_left(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=60_000)
    for number in range(40):
        for record in (opened(f"E{number}"), file(f"E{number}", 20_000), closed(f"E{number}")):
            assert spool.put(record)
        assert spool.size <= 60_000
    assert file("E39", 20_000) in spooled(spool)


def test_a_slow_write_holds_up_nobody_else(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert spool.put(picture(1))
    os.mkfifo(tmp_path / "000000000002.tmp")  # opening it waits for a reader
    slow = threading.Thread(target=spool.put, args=(picture(2),))
    slow.start()
    wait_until("the slow one has its number", lambda: spool.depth == 2)
    assert spool.put(picture(3))
    assert spool.after(0) == 1
    assert spool.after(1) is None  # in order: the third waits for the second
    spool.wait(1, 0.01)
    assert len((tmp_path / "000000000002.tmp").read_bytes()) > 0
    slow.join(PATIENCE)
    assert not slow.is_alive()
    assert spool.after(1) == 2


def test_what_went_while_it_was_written_leaves_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=45_000)
    os.mkfifo(tmp_path / "000000000001.tmp")
    slow = threading.Thread(target=spool.put, args=(picture(20_000),))
    slow.start()
    wait_until("the slow one has its number", lambda: spool.depth == 1)
    assert spool.put(picture(20_000))
    assert spool.depth == 1
    (tmp_path / "000000000001.tmp").read_bytes()
    slow.join(PATIENCE)
    assert [path.name for path in tmp_path.iterdir()] == ["000000000002.rec"]


def test_a_full_disk_loses_the_oldest_not_the_newest(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k", "none", str(small)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a file system can only be mounted by root")
    try:
        spool = Spool(small / "spool")
        for event in "ABCDEFGH":
            for record in (opened(event), file(event, 20_000), closed(event)):
                assert spool.put(record)
        assert file("H", 20_000) in spooled(spool)
        assert "A" in [lost.event for lost in spool.take_lost()]
        kept = [record for record in spooled(spool) if record.word in {"opened", "closed"}]
        assert kept == [each for event in "ABCDEFGH" for each in (opened(event), closed(event))]
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_spool_in_memory_is_bounded_by_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, limit = memory_spool("pi", 1 << 20)
    assert folder.parent == Path("/dev/shm")  # noqa: S108
    assert limit == 1 << 20
    assert memory_spool("pi", 1 << 60)[1] < 1 << 50
    monkeypatch.setattr(place, "MEMORY", tmp_path / "none")
    with pytest.raises(ConfigError, match="memory"):
        memory_spool("pi", 1)


def test_an_oldest_picture_goes_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=51_000)
    assert all(spool.put(picture(size)) for size in (10_000, 10_001, 10_002, 10_003))
    assert [len(record.body) for record in spooled(spool)] == [10_001, 10_002, 10_003]
    assert (spool.lost_events, spool.lost_records) == (0, 1)


def test_a_record_larger_than_the_spool_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit_bytes=20_000)
    assert not spool.put(file("A", 50_000))
    assert not spool.put(picture(50_000))
    assert (spool.depth, spool.lost_events, spool.lost_records) == (0, 0, 2)


def test_a_damaged_record_is_dropped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for record in (picture(1), picture(2)):
        spool.put(record)
    first = min(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:-1])
    number = spool.after(0)
    assert number is not None
    assert spool.read(number) is None
    assert spool.lost_records == 1
    assert [len(record.body) for record in spooled(spool)] == [2]


def test_an_event_whose_end_is_damaged_is_lost_as_a_whole_and_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for record in (opened("B"), file("B"), opened("A"), file("A"), closed("A")):
        spool.put(record)
    last = max(tmp_path.iterdir())
    last.write_bytes(last.read_bytes()[:-1])
    assert spool.read(5) is None
    assert [(lost.event, lost.code) for lost in spool.take_lost()] == [("A", "spool_failed")]
    assert (spool.lost_events, spool.lost_records) == (1, 2)
    assert spooled(spool) == [opened("B"), file("B")]
    assert spool.put(file("A")), "its end has come: what comes now is another event"


def test_of_an_event_that_is_lost_before_its_end_nothing_more_is_taken(tmp_path: Path) -> None:
    one = Spool(tmp_path / "one")
    one.put(opened("A"))
    spool = Spool(tmp_path / "two", limit_bytes=2 * one.size)
    for event in ("A", "B", "C"):
        spool.put(opened(event))
    assert (spool.lost_events, spool.lost_records) == (1, 1)
    assert not spool.put(file("A", 0))
    assert spooled(spool) == [opened("B"), opened("C")]


def test_a_restart_removes_what_a_power_cut_has_left(tmp_path: Path) -> None:
    Spool(tmp_path).put(picture(1))
    (tmp_path / "000000000002.rec").write_bytes(b"")
    (tmp_path / "000000000003.rec").write_bytes(encode(picture(3))[:-1])
    (tmp_path / "000000000004.tmp").write_bytes(b"half")
    again = Spool(tmp_path)
    assert [len(record.body) for record in spooled(again)] == [1]
    assert again.lost_records == 2
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_a_mistake_of_the_operator(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="spool"):
        Spool(tmp_path / "file" / "spool")


def test_a_folder_that_cannot_be_written_loses_the_event_not_the_agent(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    (tmp_path / "spool").rmdir()
    assert not spool.put(opened("A"))
    assert not spool.put(file("A"))
    (lost,) = spool.take_lost()
    assert (lost.event, lost.code) == ("A", "spool_failed")


def test_a_disk_that_refuses_is_told_once_and_once_when_it_takes_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            folder.rename(tmp_path / "away")
            assert not any(spool.put(closed("A")) for _ in range(50))
            assert not spool.put(picture())
            (tmp_path / "away").rename(folder)
            assert all(spool.put(closed("A")) for _ in range(3))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 2
    assert caplog.messages[:2] == [
        f"spool {folder} cannot be written: No such file or directory",
        f"spool {folder}: can be written again",
    ]


def test_a_closing_that_is_given_up_makes_its_event_a_lost_one_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    assert spool.put(opened("A"))
    (tmp_path / "spool").rename(tmp_path / "away")
    assert not spool.put(opened("B"))  # named now
    for event in "AB":
        assert not spool.put(closed(event))
        spool.give_up(closed(event))
    assert [(lost.event, lost.code) for lost in spool.take_lost()] == [("B", "spool_failed")]
    assert spool.lost_events == 2, "A is told when the next start has closed it"


@pytest.mark.parametrize("limit", [50_000, 1_000_000])
def test_writers_in_several_threads_stay_within_the_bound(tmp_path: Path, limit: int) -> None:
    spool = Spool(tmp_path, limit_bytes=limit)
    sizes = []

    def write(name: str) -> None:
        for number in range(10):
            event = f"{name}{number}"
            for record in (opened(event), file(event), closed(event)):
                spool.put(record)
                sizes.append(spool.size)

    threads = [threading.Thread(target=write, args=(name,)) for name in "ABC"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert max(sizes) <= limit
    assert spool.size == sum(each.stat().st_size + 4096 for each in tmp_path.iterdir())
    assert spool.lost_events == len(spool.take_lost())
