"""What is damaged in the store, and what is deleted of it."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.core.errors import StoreUnavailable
from agent.storage.day.mp4_file import open_day_file
from agent.storage.filesystem.files import DataFile, write_new
from agent.storage.store.identity import adopt_store
from tests.support.clock import FakeClock, SetClock
from tests.support.recordings import (
    event,
    played,
)
from tests.support.stored_events import DAY, NAMES, events, run, shown


@pytest.mark.parametrize(
    "today",
    [
        pytest.param(datetime(2026, 11, 22, 9, tzinfo=UTC), id="any_day"),
        pytest.param(datetime(2027, 1, 1, 9, tzinfo=UTC), id="new_year"),
        pytest.param(datetime(2028, 2, 29, 9, tzinfo=UTC), id="leap_day"),
        pytest.param(datetime(2028, 3, 1, 9, tzinfo=UTC), id="after_a_leap_day"),
    ],
)
def test_old_days_are_purged_with_a_line_for_each_file(
    place: Path, today: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    run(place, clock=SetClock(today))
    paths = {}
    for age in (0, 4, 5, 30):
        local = (today - timedelta(days=age)).astimezone()
        paths[age] = f"front/{local:%Y-%m-%d}/{local:%Y-%m-%d}.mp4"
        target = place / "store" / paths[age]
        target.parent.mkdir(parents=True)
        target.write_bytes(b"x" * 100)
        (target.parent / "notes.txt").write_text("mine")
    with caplog.at_level(logging.INFO):
        run(place, clock=SetClock(today), retention_days=4)
    there = {age: (place / "store" / path).exists() for age, path in paths.items()}
    assert there == {0: True, 4: True, 5: False, 30: False}
    removed = [line for line in caplog.messages if "removed" in line]
    assert removed == [
        f"store: removed {paths[age]} (100 bytes, older than 4 days)" for age in (30, 5)
    ]
    assert len(list(place.glob("store/front/*/notes.txt"))) == 4


def test_nothing_is_purged_while_the_clock_is_not_trusted(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(place)
    old = place / "store/front/2026-01-01/2026-01-01.mp4"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    run(place, trusted=False)
    assert old.exists()
    assert "store: nothing is purged: the clock is not synchronised" in caplog.messages


def test_a_repaired_file_is_reported_with_what_was_lost(place: Path) -> None:
    run(place, *events(0))
    day_file = place / DAY / "2026-11-22.mp4"
    data = bytearray(day_file.read_bytes())
    data[:48] = bytes(48)
    day_file.write_bytes(data)
    rig = run(place, *events(1))
    (repaired,) = rig.repaired
    assert repaired.file == "front/2026-11-22/2026-11-22.mp4"
    assert not repaired.lossless
    assert "table" in repaired.text
    assert played(day_file) == shown(0, 1)


def test_a_file_nothing_of_which_can_be_read_is_put_aside_and_named(place: Path) -> None:
    (place / DAY).mkdir(parents=True)
    adopt_store(place / "store", state_dir=place / "state")
    (place / DAY / "2026-11-22.mp4").write_bytes(b"\xff" * 300_000)
    rig = run(place, *events(0))
    assert "damaged-1" in rig.repaired[0].text
    assert (place / DAY / "2026-11-22.mp4.damaged-1").read_bytes() == b"\xff" * 300_000
    assert played(place / DAY / "2026-11-22.mp4") == shown(0)


def test_an_unfinished_fragment_is_cut_off_and_told_of_without_alarm(place: Path) -> None:
    run(place, *events(0))
    with (place / DAY / "2026-11-22.mp4").open("ab") as file:
        file.write(b"half a fragment")
    rig = run(place, *events(1))
    (repaired,) = rig.repaired
    assert repaired.lossless
    assert "15 bytes" in repaired.text


def test_a_gap_in_the_chain_of_fragments_shows_no_broken_pictures(place: Path) -> None:
    records = events(0)
    del records[3]
    rig = run(place, *records)
    numbers = [number for _, number in played(place / "store" / rig.saved[0].path)]
    assert len(numbers) < 20
    assert numbers == sorted(numbers)
    assert rig.saved[0].truncated


def test_a_medium_that_gives_back_something_else_is_not_trusted(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.open(place, os.O_RDONLY)
    read = DataFile.read

    def flipped(self: DataFile, size: int, at: int) -> bytes:
        data = bytearray(read(self, size, at))
        data[:1] = bytes(byte ^ 1 for byte in data[:1])
        return bytes(data)

    try:
        monkeypatch.setattr(DataFile, "read", flipped)
        with pytest.raises(StoreUnavailable, match="reads back"):
            write_new(folder, "a.jpg", b"picture")
        assert not (place / "a.jpg").exists()
        monkeypatch.undo()
        day = open_day_file(folder, "w.mp4", FakeClock())
        monkeypatch.setattr(DataFile, "read", flipped)
        day.append(event(NAMES[0], 0)[0])
        with pytest.raises(StoreUnavailable, match="reads back"):
            day.finish_event()
        day.close(checkpoint=False)
    finally:
        os.close(folder)
