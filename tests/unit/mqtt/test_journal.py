from __future__ import annotations

import _sqlite3
import ctypes
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.mqtt.ha_queue import MAX_OFFERS
from agent.mqtt.journal import MAX_UNSAVED, Journal
from agent.mqtt.journal_entries import OpenEvent
from schemas.messages import Publish, Record
from tests.support.clock import START, FakeClock

DAY = 86_400.0


def ts(seq: int) -> str:
    return f"2026-11-22T08:15:01.{seq:06d}+00:00"


def record(
    seq: int,
    event_type: str = "motion_suppressed",
    *,
    camera: str = "door",
    stream: str = "motion",
    size: int = 0,
    event: str = "",
) -> Record:
    content = {"event_type": event_type, "id": event or f"E{seq}", "ts": ts(seq), "pad": "x" * size}
    return Record(
        camera, stream, seq, Publish(f"a/{camera}/{stream}", json.dumps(content).encode())
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path, clock: FakeClock) -> Iterator[Journal]:
    journal = Journal(path, clock)
    yield journal
    journal.close()


def waiting(journal: Journal) -> list[int]:
    return [entry.seq for entry in journal.waiting(100_000)]


def test_records_wait_in_the_order_they_came(journal: Journal) -> None:
    journal.append([record(1), record(2)])
    journal.append([record(1, stream="recording"), record(3)])
    entries = journal.waiting(10)
    assert [(entry.stream, entry.seq) for entry in entries] == [
        ("motion", 1),
        ("motion", 2),
        ("recording", 1),
        ("motion", 3),
    ]
    assert entries[0].topic == "a/door/motion"
    assert json.loads(entries[0].payload)["id"] == "E1"
    assert entries[0].at == START.timestamp()


def test_a_reader_goes_on_behind_the_last_it_has(journal: Journal) -> None:
    first = journal.append([record(seq) for seq in range(1, 6)])[1]
    assert [entry.seq for entry in journal.waiting(2, after=first.id)] == [3, 4]


def test_an_acknowledged_record_does_not_wait_any_more(journal: Journal) -> None:
    entries = journal.append([record(1), record(2)])
    journal.acknowledge(entries[0].id)
    assert waiting(journal) == [2]
    assert journal.waiting_count == 1
    journal.flush()
    assert waiting(journal) == [2]
    assert journal.waiting_count == 1


def test_what_was_on_disk_is_there_after_a_restart(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    entries = journal.append([record(1), record(2), record(3)])
    journal.acknowledge(entries[0].id)
    journal.close()
    again = Journal(path, clock)
    assert waiting(again) == [2, 3]
    assert again.waiting_count == 2
    again.append([record(4)])
    assert waiting(again) == [2, 3, 4]
    again.close()


def test_the_count_goes_on_for_each_camera_and_stream(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    journal.append([record(7), record(3, stream="recording"), record(9, camera="yard")])
    journal.close()
    again = Journal(path, clock)
    assert again.last_seq("door", "motion") == 7
    assert again.last_seq("door", "recording") == 3
    assert again.last_seq("yard", "motion") == 9
    assert again.last_seq("yard", "recording") == 0
    again.close()


def test_an_event_is_open_until_it_is_said_to_have_ended(journal: Journal) -> None:
    start = record(1, "motion_started")
    journal.append([start, record(2, "motion_suppressed")])
    journal.append(
        [
            record(1, "motion_started", camera="yard"),
            record(2, "motion_ended", camera="yard", event="E1"),
        ]
    )
    assert journal.open_events() == [OpenEvent("door", "E1", start.publish.payload.decode())]
    journal.append([record(3, "motion_ended", event="another")])  # late, of a camera replaced
    assert len(journal.open_events()) == 1
    journal.append([record(4, "motion_ended", event="E1")])
    assert journal.open_events() == []


def test_a_missed_stretch_can_be_read_again_acknowledged_or_not(journal: Journal) -> None:
    entries = journal.append([record(seq) for seq in range(1, 8)])
    journal.append([record(1, camera="yard")])
    for entry in entries[:4]:
        journal.acknowledge(entry.id)
    assert [entry.seq for entry in journal.since("door", "motion", 2, 3)] == [3, 4, 5]


def test_too_many_messages_lose_acknowledged_ones_first(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock, max_messages=5)
    entries = journal.append([record(seq) for seq in range(1, 6)])
    for entry in entries[2:4]:
        journal.acknowledge(entry.id)
    journal.append([record(6), record(7)])
    assert waiting(journal) == [1, 2, 5, 6, 7]
    assert journal.lost == 0
    journal.append([record(8)])
    assert waiting(journal) == [2, 5, 6, 7, 8]
    assert (journal.lost, journal.waiting_count) == (1, 5)
    journal.close()


def test_too_many_bytes_lose_the_oldest(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock, max_bytes=5000)
    for seq in range(1, 8):
        journal.append([record(seq, size=1000)])
    assert waiting(journal) == [4, 5, 6, 7]
    assert journal.lost == 3
    journal.close()


def test_the_bound_holds_over_a_restart(path: Path, clock: FakeClock) -> None:
    for seq in range(1, 8):
        journal = Journal(path, clock, max_messages=3)
        journal.append([record(seq)])
        journal.close()
    journal = Journal(path, clock, max_messages=3)
    assert waiting(journal) == [5, 6, 7]
    journal.close()


def test_what_is_older_than_a_month_goes_and_is_counted(journal: Journal, clock: FakeClock) -> None:
    journal.append([record(1), record(2)])
    clock.advance(29 * DAY)
    journal.append([record(3)])
    journal.flush()
    assert waiting(journal) == [1, 2, 3]
    clock.advance(2 * DAY)
    journal.flush()
    assert waiting(journal) == [3]
    assert (journal.lost, journal.waiting_count) == (2, 1)


def test_the_count_outlives_the_messages(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    journal.append([record(12)])
    clock.advance(40 * DAY)
    journal.close()
    again = Journal(path, clock)
    assert waiting(again) == []
    assert again.last_seq("door", "motion") == 12
    again.close()


def test_a_second_agent_is_told_to_use_its_own_folder(
    journal: Journal, path: Path, clock: FakeClock
) -> None:
    journal.append([record(1)])
    with pytest.raises(ConfigError, match="another agent"):
        Journal(path, clock)
    journal.append([record(2)])
    assert waiting(journal) == [1, 2]


_HOLDER = """
import sys
from pathlib import Path
from agent.mqtt.journal import Journal
from agent.runtime.clock import SystemClock
journal = Journal(Path(sys.argv[1]), SystemClock())
print("open", flush=True)
sys.stdin.read()
"""


def test_the_process_that_has_the_journal_open_is_named(path: Path, clock: FakeClock) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(ConfigError, match=rf"another agent \(process {holder.pid}\) has"):
            Journal(path, clock)
        holder.communicate()
    Journal(path, clock).close()


def damage(path: Path, begin: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(os.urandom(length))


def test_a_file_that_is_no_database_is_put_aside(path: Path, clock: FakeClock) -> None:
    for number in (1, 2):
        path.write_bytes(b"this is no database at all" * 100)
        journal = Journal(path, clock)
        journal.append([record(number)])
        assert waiting(journal) == [number]
        assert path.with_name(f"journal.db.damaged-{number}").exists()
        journal.close()


def test_lost_counts_go_on_above_everything_that_was(path: Path, clock: FakeClock) -> None:
    path.write_bytes(b"this is no database at all" * 100)
    journal = Journal(path, clock)
    floor = journal.last_seq("door", "motion")
    assert floor == int(START.timestamp())
    journal.append([record(floor + 1)])
    journal.close()
    again = Journal(path, clock)
    assert again.last_seq("door", "motion") == floor + 1
    again.close()


def test_what_can_be_read_of_a_damaged_file_is_saved(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    journal.append([record(seq, size=3000) for seq in range(1, 40)])
    journal.append([record(40, "motion_started")])
    journal.close()
    damage(path, path.stat().st_size - 2 * 4096, 4096)
    again = Journal(path, clock)
    assert path.with_name("journal.db.damaged-1").exists()
    assert len(waiting(again)) >= 10
    again.close()


def test_a_file_that_breaks_while_it_is_open_is_put_aside(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    journal.append([record(seq, size=3000) for seq in range(1, 40)])
    journal.close()
    journal = Journal(path, clock)
    damage(path, 4096, path.stat().st_size - 4096)
    journal._file.db.execute("PRAGMA shrink_memory")
    journal.append([record(40)])
    journal.append([record(41)])
    assert waiting(journal)[-2:] == [40, 41]
    assert path.with_name("journal.db.damaged-1").exists()
    journal.close()


def test_a_full_disk_loses_no_event_and_is_counted(journal: Journal) -> None:
    journal.append([record(1, size=100)])
    pages = journal._file.db.execute("PRAGMA page_count").fetchone()[0]
    journal._file.db.execute(f"PRAGMA max_page_count = {pages}")
    journal.append([record(seq, size=6000) for seq in (2, 3)])
    assert journal.unjournalled == 2
    assert waiting(journal) == [1, 2, 3]
    assert [entry.seq for entry in journal.since("door", "motion", 1, 9)] == [2, 3]
    journal.acknowledge(journal.waiting(9)[1].id)
    assert waiting(journal) == [1, 3]
    assert (journal.waiting_count, journal.failing) == (2, True)
    journal._file.db.execute("PRAGMA max_page_count = 100000")
    journal.flush()
    assert (journal.waiting_count, journal.failing) == (2, False)
    journal.append([record(4)])
    assert waiting(journal) == [1, 3, 4]
    assert (journal.unjournalled, journal.lost) == (2, 0)


def test_a_number_that_was_sent_while_the_disk_was_full_is_not_given_again(
    journal: Journal, path: Path, clock: FakeClock
) -> None:
    journal._file.db.execute("PRAGMA query_only = ON")
    (entry,) = journal.append([record(1)])
    journal.acknowledge(entry.id)
    assert journal.waiting_count == 0
    journal._file.db.execute("PRAGMA query_only = OFF")
    journal.flush()
    journal.close()
    again = Journal(path, clock)
    assert again.last_seq("door", "motion") == 1
    assert [entry.seq for entry in again.since("door", "motion", 0, 9)] == [1]
    assert again.waiting_count == 0
    again.close()


def test_a_disk_that_stays_full_does_not_fill_the_memory(journal: Journal) -> None:
    journal._file.db.execute("PRAGMA query_only = ON")
    journal.append([record(seq) for seq in range(1, MAX_UNSAVED + 11)])
    assert journal.lost == 10
    assert journal.waiting_count == MAX_UNSAVED
    assert waiting(journal)[0] == 11
    journal.acknowledge(journal.waiting(1)[0].id)
    journal.append([record(MAX_UNSAVED + 11)])
    assert journal.lost == 10
    assert journal.waiting_count == MAX_UNSAVED


def test_where_no_file_can_be_made_events_are_kept_in_memory(
    tmp_path: Path, clock: FakeClock
) -> None:
    journal = Journal(tmp_path / "absent" / "journal.db", clock)
    journal.append([record(1), record(2)])
    assert waiting(journal) == [1, 2]
    assert journal.unjournalled == 2
    assert journal.last_seq("yard", "motion") == int(START.timestamp())
    journal.close()


def test_a_payload_that_is_no_event_is_kept_all_the_same(journal: Journal) -> None:
    for payload in (b"\xff", b"[1]", b""):
        journal.append([Record("door", "motion", 1, Publish("t", payload))])
    assert len(waiting(journal)) == 3
    assert journal.open_events() == []


def test_acknowledgements_cost_no_disk_wait_of_their_own(journal: Journal, path: Path) -> None:
    entries = journal.append([record(seq) for seq in range(1, 11)])
    size = Path(f"{path}-wal").stat().st_size
    for entry in entries:
        journal.acknowledge(entry.id)
    assert Path(f"{path}-wal").stat().st_size == size
    journal.append([record(11)])
    journal.close()
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT seq FROM message WHERE acknowledged = 0").fetchall()
    db.close()
    assert rows == [(11,)]


def test_a_growing_file_takes_no_more_memory(journal: Journal) -> None:
    sqlite = ctypes.CDLL(_sqlite3.__file__)  # finds the library that the module uses
    if not hasattr(sqlite, "sqlite3_memory_used"):
        pytest.skip("SQLite is a part of the interpreter")
    sqlite.sqlite3_memory_used.restype = ctypes.c_int64

    def used_after(events: range) -> int:
        for seq in events:
            journal.append([record(seq, size=2000)])
            journal.acknowledge(journal.waiting(1)[0].id)
        return int(sqlite.sqlite3_memory_used())

    before = used_after(range(1, 300))
    assert used_after(range(300, 1300)) < before + 100_000


def test_the_newest_recordings_that_were_told_are_known_after_a_restart(
    path: Path, clock: FakeClock
) -> None:
    first = Journal(path, clock)
    first.append([record(1), *(record(n, "recording_saved", stream="recording") for n in (2, 3))])
    first.append([record(4, "recording_failed", camera="yard", stream="recording")])
    damaged = Publish("a/door/recording", b"\xff{")
    first.append([Record("door", "recording", 5, damaged)])
    first.close()
    second = Journal(path, clock)
    assert second.recordings(10) == ["E2", "E3", "E4"]
    assert second.recordings(2) == ["E4"]
    second.close()


BACK_AND_FORTH = [88 * DAY, -88 * DAY, 20 * 365 * DAY]


@pytest.mark.parametrize("step", BACK_AND_FORTH)
def test_no_setting_of_the_clock_makes_an_event_old(
    journal: Journal, clock: FakeClock, step: float
) -> None:
    (entry,) = journal.append([record(1)])
    clock.step_utc(step)
    clock.advance(7200)  # past the hourly look for what is old
    journal.flush()
    assert waiting(journal) == [1]
    assert journal.lost == 0
    assert journal.age(entry) == pytest.approx(7200)


@pytest.mark.parametrize("step", BACK_AND_FORTH)
@pytest.mark.parametrize("boot", ["one", "two"])
def test_an_age_goes_on_over_restarts_of_agent_and_machine(
    path: Path, step: float, boot: str
) -> None:
    clock = FakeClock()
    before = Journal(path, clock, boot="one")
    before.append([record(1)])
    clock.advance(10 * DAY)
    before.flush()
    before.close()
    if boot == "two":
        clock = FakeClock(at=60.0, utc=clock.utc())
    clock.step_utc(step)
    again = Journal(path, clock, boot=boot)
    assert waiting(again) == [1]
    clock.advance(19 * DAY)
    again.flush()
    assert waiting(again) == [1]
    clock.advance(2 * DAY)
    again.flush()
    assert (waiting(again), again.lost) == ([], 1)
    again.close()


def test_a_journal_of_an_earlier_version_keeps_its_events(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    journal.append([record(1)])
    journal.close()
    old = sqlite3.connect(path)
    for table in ("note", "offer"):
        old.execute(f"DROP TABLE {table}")
    old.commit()
    old.close()
    clock.advance(DAY)
    again = Journal(path, clock)
    assert waiting(again) == [1]
    assert again.age(again.waiting(1)[0]) == pytest.approx(DAY)
    again.close()


def offered(seq: int) -> Record:
    return replace(record(seq), offer="a/door/home")


def test_what_home_assistant_has_not_had_is_there_after_a_restart(
    path: Path, clock: FakeClock
) -> None:
    journal = Journal(path, clock)
    entries = journal.append([record(1), offered(2), offered(3), offered(4)])
    for entry in entries:
        journal.acknowledge(entry.id)
    journal.offers.done(entries[2].id)
    journal.close()
    again = Journal(path, clock)
    assert waiting(again) == []
    assert [entry.seq for entry in again.offered(9)] == [2, 4]
    assert [entry.seq for entry in again.offered(1, after=entries[1].id)] == [4]
    assert again.offers.topic(entries[1].id) == "a/door/home"
    again.close()


def test_offers_are_bounded_and_counted(journal: Journal) -> None:
    journal.append([offered(seq) for seq in range(1, MAX_OFFERS + 3)])
    assert (len(journal.offers), journal.offers.lost) == (MAX_OFFERS, 2)
    assert journal.offered(1)[0].seq == 3
    assert journal.lost == 0


def test_what_the_journal_no_longer_has_is_not_offered(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock, max_messages=3)
    journal.append([offered(seq) for seq in range(1, 6)])
    assert [entry.seq for entry in journal.offered(9)] == [3, 4, 5]
    assert journal.offers.lost == 2
    journal.close()


def test_offers_survive_a_damaged_file(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    (entry,) = journal.append([offered(1)])
    journal.acknowledge(entry.id)
    journal.append([record(seq, size=3000) for seq in range(2, 40)])
    journal.close()
    damage(path, path.stat().st_size - 2 * 4096, 4096)
    again = Journal(path, clock)
    assert path.with_name("journal.db.damaged-1").exists()
    assert [entry.seq for entry in again.offered(9)] == [1]
    again.close()


def test_a_word_is_kept(path: Path, clock: FakeClock) -> None:
    journal = Journal(path, clock)
    assert journal.note("home_assistant") is None
    journal.keep_note("home_assistant", "away")
    assert journal.note("home_assistant") == "away"
    journal.close()
    again = Journal(path, clock)
    assert again.note("home_assistant") == "away"
    again.close()


def test_a_page_of_offers_is_full_although_a_record_of_it_is_gone(journal: Journal) -> None:
    journal.append([replace(record(n), offer="a/home") for n in range(1, 7)])
    journal._file.db.execute("DELETE FROM message WHERE seq = 2")
    journal._file.db.commit()
    assert [entry.seq for entry in journal.offered(3)] == [1, 3, 4]
    assert journal.offers.lost == 1
