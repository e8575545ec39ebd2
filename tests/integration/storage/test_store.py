"""Spool, store worker and its child process together, on real files."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import StoreUnavailable
from agent.core.messages import StoreCode
from agent.core.naming import IDENTITY, FileKind
from agent.core.orders import KeepEvent
from agent.runtime.clock import SystemClock
from agent.storage import store as store_module
from agent.storage import voice as voice_module
from agent.storage.dayfile import open_day_file
from agent.storage.files import DataFile, write_new
from agent.storage.guard import adopt_store
from agent.storage.records import (
    EventClosed,
    EventFile,
    EventOpened,
    MonitoringPicture,
    Record,
    SessionPackets,
)
from tests.support.recordings import (
    STARTED,
    event,
    expected,
    name_of,
    played,
    whole_event,
)
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until

DAY = Path("store/front/2026-11-22")
NAMES = [name_of(number * 20) for number in range(8)]


def events(*numbers: int) -> list[Record]:
    return [record for number in numbers for record in whole_event(NAMES[number], number * 20)]


def shown(*numbers: int) -> list[tuple[int, int]]:
    return expected(*(event(NAMES[number], number * 20) for number in numbers))


def file(name: str, kind: FileKind, body: bytes) -> EventFile:
    return EventFile(camera="front", event=name, started=STARTED, kind=kind, body=body)


def run(place: Path, *records: Record, **options: Any) -> StoreRig:  # noqa: ANN401
    """One life of the agent's storage: everything put is stored, then it stops."""
    with StoreRig(place, **options) as rig:
        rig.put(*records)
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    assert rig.spool.depth == 0
    return rig


def test_an_event_is_stored_with_clip_files_and_manifest(place: Path) -> None:
    records = events(0)
    originals: dict[FileKind, bytes] = {
        kind: kind.value.encode() * 99 for kind in FileKind if kind is not FileKind.CLIP
    }
    files = [file(NAMES[0], kind, body) for kind, body in originals.items()]
    with StoreRig(place) as rig:
        rig.put(records[0], *files, *records[1:])
        saved = wait_until("the event is saved", lambda: rig.saved)[0]
    assert played(place / DAY / "2026-11-22.mp4") == shown(0)
    assert played(place / "store" / saved.path) == shown(0)
    stem = f"081501_{NAMES[0]}"
    assert sorted(path.name for path in (place / DAY / "events").iterdir()) == sorted(
        stem + ending for ending in (".mp4", ".jpg", "_n-2.jpg", "_n-1.jpg", "_n.jpg", "_delta.png")
    )
    (entry,) = rig.manifest()
    assert (entry["id"], entry["seq"], entry["frames"]) == (NAMES[0], 1, 20)
    for kind, about in entry["files"].items():
        content = (place / DAY / about["name"]).read_bytes()
        assert (about["size"], about["sha256"]) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        assert kind == "clip" or content == originals[FileKind(kind)]
    assert (saved.camera, saved.event_id, saved.frames) == ("front", NAMES[0], 20)
    assert (saved.day_file, saved.day_position) == ("front/2026-11-22/2026-11-22.mp4", 0.0)
    assert (saved.started_utc, saved.truncated) == (STARTED, False)
    assert saved.duration * 1000 == shown(0, 1)[20][0]


def test_saved_is_said_only_when_the_days_file_shows_the_event(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.put(*events(0))
        wait_until("the first is saved", lambda: len(rig.saved) == 1)
        rig.put(*events(1))
        clip = place / DAY / "events" / f"081501_{NAMES[1]}.mp4"
        wait_until("the second clip is there", clip.exists)
        assert played(place / DAY / "2026-11-22.mp4") == shown(0)
        assert len(rig.saved) == 1
        assert rig.spool.depth == 2  # its opening and its closing: a kill now must not forget it
    assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)
    assert [saved.event_id for saved in rig.saved] == NAMES[:2]
    assert rig.worker.stats.saved == 2


def test_a_postponed_event_is_shown_after_the_pause(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.put(*events(0, 1))
        wait_until("both are saved", lambda: len(rig.saved) == 2, 20)
        assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)


def test_a_restart_on_the_same_day_appends_and_overwrites_nothing(place: Path) -> None:
    run(place, *events(0), MonitoringPicture(camera="front", started=STARTED, body=b"one"))
    before = {path: path.read_bytes() for path in place.glob("store/front/*/*/*")}
    rig = run(place, *events(1), MonitoringPicture(camera="front", started=STARTED, body=b"two"))
    assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)
    assert {path: path.read_bytes() for path in before} == before
    assert (place / DAY / "monitoring" / "081501_2.jpg").read_bytes() == b"two"
    assert [entry["seq"] for entry in rig.manifest()] == [1, 2]


def test_a_failed_sessions_packets_get_a_file_of_their_own(place: Path) -> None:
    run(place, *events(0), SessionPackets(camera="front", started=STARTED, body=b"one\n"))
    run(place, SessionPackets(camera="front", started=STARTED, body=b"two\n"))
    assert (place / DAY / "sessions" / "081501.jsonl").read_bytes() == b"one\n"
    assert (place / DAY / "sessions" / "081501_2.jsonl").read_bytes() == b"two\n"


def test_records_that_come_twice_change_nothing(place: Path) -> None:
    records = [*events(0), file(NAMES[0], FileKind.BEST, b"best"), *events(1)]
    records.append(MonitoringPicture(camera="front", started=STARTED, body=b"one"))
    run(place, *records)
    before = {path: path.read_bytes() for path in place.glob("store/**/*") if path.is_file()}
    rig = run(place, *records)
    after = {path: path.read_bytes() for path in place.glob("store/**/*") if path.is_file()}
    assert after == before
    assert len(rig.saved) == 2


def test_changed_parameters_open_the_next_part(place: Path) -> None:
    wide = event(NAMES[1], 20, width=192)
    closing = EventClosed(camera="front", event=NAMES[1], started=STARTED, reason="cleared")
    rig = run(place, *events(0), *wide, closing, *events(2))
    assert [saved.day_file[-16:] for saved in rig.saved] == [
        "2/2026-11-22.mp4",
        "2026-11-22-2.mp4",
        "2026-11-22-3.mp4",
    ]
    assert played(place / DAY / "2026-11-22.mp4") == shown(0)
    assert played(place / DAY / "2026-11-22-2.mp4") == expected(wide)
    assert played(place / DAY / "2026-11-22-3.mp4") == shown(2)
    assert played(place / "store" / rig.saved[1].path) == expected(wide)
    again = run(place, *events(3))
    assert again.saved[0].day_file.endswith("2026-11-22-3.mp4")
    assert again.saved[0].day_position == shown(2, 3)[20][0] / 1000


def test_an_event_without_pictures_is_said_to_have_failed(place: Path) -> None:
    rig = run(
        place, *(record for record in events(0) if isinstance(record, EventOpened | EventClosed))
    )
    assert rig.saved == []
    assert [(failed.event_id, failed.code) for failed in rig.failed] == [(NAMES[0], "no_frames")]
    assert rig.manifest()[0]["files"] == {}


def test_frames_that_did_not_arrive_make_an_event_truncated(place: Path) -> None:
    records = events(0)
    del records[3]
    rig = run(place, *records)
    assert rig.saved[0].truncated
    assert rig.manifest()[0]["truncated"]


def test_an_absent_store_is_waited_for_and_never_created(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as rig:
        rig.put(*events(0))
        state = rig.wait_for(StoreCode.ABSENT)
        assert "No such file" in state.reason
        assert not (tmp_path / "store").exists()
        (tmp_path / "store").mkdir()
        wait_until("the event is saved", lambda: rig.saved)
    assert played(tmp_path / DAY / "2026-11-22.mp4") == shown(0)
    assert [state.code for state in rig.states][:3] == [
        StoreCode.STARTING,
        StoreCode.ABSENT,
        StoreCode.OK,
    ]


def test_a_store_that_was_unmounted_is_not_written_below_its_mount_point(place: Path) -> None:
    run(place, *events(0))
    (place / "store").rename(place / "unplugged")
    (place / "store").mkdir()
    with StoreRig(place) as rig:
        rig.put(*events(1))
        rig.wait_for(StoreCode.ABSENT)
        assert list((place / "store").iterdir()) == []
        (place / "store").rmdir()
        (place / "unplugged").rename(place / "store")
        wait_until("the event is saved", lambda: rig.saved)
    assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)


def test_another_store_is_refused_until_it_is_adopted_by_hand(place: Path) -> None:
    run(place)
    (place / "store" / IDENTITY).unlink()
    adopt_store(place / "store")
    with StoreRig(place) as rig:
        rig.put(*events(0))
        rig.wait_for(StoreCode.WRONG)
        assert [path.name for path in (place / "store").iterdir()] == [IDENTITY]
        adopt_store(place / "store", state_dir=place / "state")
        wait_until("the event is saved", lambda: rig.saved)


def test_a_folder_in_use_is_not_adopted(place: Path) -> None:
    (place / "store" / "holiday.jpg").write_text("x")
    with StoreRig(place) as rig:
        rig.put(*events(0))
        rig.wait_for(StoreCode.NOT_ADOPTED)
    assert [path.name for path in (place / "store").iterdir()] == ["holiday.jpg"]
    assert rig.spool.depth == len(events(0))


def test_figures_are_said_once_the_store_is_ok(place: Path) -> None:
    with StoreRig(place) as rig:
        state = wait_until("figures", lambda: next((s for s in rig.states if s.free_mib), None))
    assert state.code is StoreCode.OK
    assert state.used_percent is not None
    assert 0 <= state.used_percent <= 100


def test_a_child_killed_in_mid_event_costs_nothing(place: Path) -> None:
    records = events(0, 1)
    with StoreRig(place) as rig:
        for record in records:
            rig.put(record)
            if isinstance(record, EventOpened) or len(record.body) % 3 == 0:
                os.kill(rig.child, signal.SIGKILL)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None, 20)
    assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)
    assert sorted({saved.event_id for saved in rig.saved}) == NAMES[:2]
    assert [entry["id"] for entry in rig.manifest()] == NAMES[:2]
    assert len(list((place / DAY / "events").iterdir())) == 2


def test_a_child_that_hangs_is_waited_for_and_not_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "STALLED_AFTER", 0.5)
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        child = rig.child
        os.kill(child, signal.SIGSTOP)
        rig.put(*events(0))
        state = rig.wait_for(StoreCode.STALLED)
        assert "no answer" in state.reason
        wait_until("the worker still beats", lambda: rig.worker.stats.spool_records > 3)
        assert rig.child == child
        os.kill(child, signal.SIGCONT)
        wait_until("the event is saved", lambda: rig.saved)
        assert rig.child == child
    assert [state.code for state in rig.states if state.free_mib is None][-1] is StoreCode.OK


def test_the_agent_stops_although_the_child_hangs(place: Path) -> None:
    rig = StoreRig(place)
    with rig:
        rig.wait_for(StoreCode.OK)
        child = rig.child
        os.kill(child, signal.SIGSTOP)
        rig.put(*events(0))
    assert rig.spool.depth == len(events(0))
    os.kill(child, signal.SIGCONT)
    wait_until(
        "the child has ended", lambda: rig.worker._former is None or rig.worker._former.ended()
    )


def test_a_record_that_crashes_the_child_is_given_up(place: Path) -> None:
    poison = replace(event(NAMES[0], 0)[0], avcc="no hex")
    with StoreRig(place) as rig:
        rig.put(poison, *events(1))
        wait_until("the other event is saved", lambda: rig.saved, 20)
        assert rig.worker.stats.lost_records == 1
    assert played(place / DAY / "2026-11-22.mp4") == shown(1)


def test_lost_events_are_named(place: Path) -> None:
    (place / "store" / "holiday.jpg").write_text("x")
    room = sum(len(record.body) + 6000 for record in events(0, 1))
    with StoreRig(place, limit_bytes=room) as rig:
        rig.put(*events(0, 1, 2))
        failed = wait_until("the loss is said", lambda: rig.failed)
        assert [(each.event_id, each.code) for each in failed] == [(NAMES[0], "spool_full")]
        (place / "store" / "holiday.jpg").unlink()
        wait_until("the rest goes to the store", lambda: rig.saved)
    assert played(place / DAY / "2026-11-22.mp4") == shown(1, 2)


def test_old_days_are_purged_with_a_line_for_each_file(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    today = SystemClock().utc()
    run(place)
    paths = {}
    for age in (0, 4, 5, 30):
        local = (today - timedelta(days=age)).astimezone()
        paths[age] = f"front/{local:%Y-%m-%d}/{local:%Y-%m-%d}.mp4"
        target = place / "store" / paths[age]
        target.parent.mkdir(parents=True)
        target.write_bytes(b"x" * 100)
        (target.parent / "notes.txt").write_text("mine")
    with caplog.at_level(logging.INFO):
        run(place, retention_days=4)
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MB."""
    (tmp_path / "store").mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(tmp_path / "store")]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a file system can only be mounted by root")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path / "store")], check=True)


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place / "store")], check=True)


def test_a_full_disk_keeps_a_playable_file_and_goes_on_when_there_is_room(
    small_disk: Path,
) -> None:
    with StoreRig(small_disk) as rig:
        rig.wait_for(StoreCode.OK)
        (small_disk / "store" / "ballast").write_bytes(bytes(560_000))
        rig.put(*events(0, 1, 2, 3, 4))
        rig.wait_for(StoreCode.FULL)
        stored = played(small_disk / DAY / "2026-11-22.mp4")
        assert stored == shown(0, 1, 2, 3, 4)[: len(stored)]
        remount(small_disk, "size=20m")
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None, 20)
        wait_until("the store is ok", lambda: rig.states[-1].code is StoreCode.OK)
    assert rig.spool.depth == 0
    assert played(small_disk / DAY / "2026-11-22.mp4") == shown(0, 1, 2, 3, 4)
    assert sorted({saved.event_id for saved in rig.saved}) == NAMES[:5]


def test_a_read_only_store_is_named_and_used_when_it_is_writable(small_disk: Path) -> None:
    remount(small_disk, "ro")
    with StoreRig(small_disk, require_mount=True) as rig:
        rig.put(*events(0))
        rig.wait_for(StoreCode.READ_ONLY)
        remount(small_disk, "rw")
        wait_until("the event is saved", lambda: rig.saved)


def test_an_unmounted_store_is_absent_when_a_mount_is_required(small_disk: Path) -> None:
    run(small_disk, require_mount=True)
    subprocess.run(["umount", "-l", str(small_disk / "store")], check=True)
    with StoreRig(small_disk, require_mount=True) as rig:
        rig.put(*events(0))
        rig.wait_for(StoreCode.ABSENT)
    assert list((small_disk / "store").iterdir()) == []
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small_disk / "store")], check=True
    )


def test_each_camera_and_each_day_has_its_folder(place: Path) -> None:
    late = datetime.fromisoformat("2026-11-22T23:59:58+01:00")
    early = datetime.fromisoformat("2026-11-23T00:00:07+01:00")
    night = [replace(record, started=late) for record in events(0)]
    picture = MonitoringPicture(camera="front", started=early, body=b"x")
    morning = [replace(record, started=early) for record in events(1)]
    other = [replace(record, camera="back") for record in events(2)]
    run(place, *night[:4], picture, *night[4:], *morning, *other)
    assert played(place / DAY / "2026-11-22.mp4") == shown(0)
    assert played(place / "store/front/2026-11-23/2026-11-23.mp4") == shown(1)
    assert played(place / "store/back/2026-11-22/2026-11-22.mp4") == shown(2)
    assert (place / "store/front/2026-11-23/monitoring/000007.jpg").exists()
    assert (place / f"store/front/2026-11-22/events/235958_{NAMES[0]}.mp4").exists()


def test_in_the_hour_that_autumn_repeats_nothing_is_overwritten(place: Path) -> None:
    summer = datetime.fromisoformat("2026-10-25T02:30:00+02:00")
    winter = datetime.fromisoformat("2026-10-25T02:30:00+01:00")
    records: list[Record] = []
    for number, started in enumerate((summer, winter)):
        records += [replace(record, started=started) for record in events(number)]
        body = f"picture {number}".encode()
        records.append(MonitoringPicture(camera="front", started=started, body=body))
    rig = run(place, *records)
    folder = place / "store/front/2026-10-25"
    assert played(folder / "2026-10-25.mp4") == shown(0, 1)
    assert (folder / "monitoring/023000.jpg").read_bytes() == b"picture 0"
    assert (folder / "monitoring/023000_2.jpg").read_bytes() == b"picture 1"
    assert [entry["started"] for entry in rig.manifest("2026-10-25")] == [
        "2026-10-25T00:30:00.000Z",
        "2026-10-25T01:30:00.000Z",
    ]


def test_what_the_engine_has_no_room_for_is_said_again(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        rig.deaf = True
        rig.put(*events(0))
        wait_until("it was refused", lambda: rig.refused > 2)
        assert rig.spool.depth >= 2  # a kill now must not forget that it is unsaid
        assert rig.saved == []
        rig.deaf = False
        wait_until("the event is said", lambda: rig.saved)
    assert rig.spool.depth == 0
    assert len(rig.saved) == 1


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


def test_an_event_that_the_spool_lost_is_told_in_the_manifest_and_once(place: Path) -> None:
    (place / "store" / "holiday.jpg").write_text("x")
    room = sum(len(record.body) + 6000 for record in events(0, 1)) + 70_000
    with StoreRig(place, limit_bytes=room) as rig:
        rig.put(*events(0, 1, 2))
        wait_until("the loss is said", lambda: rig.failed)
        (place / "store" / "holiday.jpg").unlink()
        wait_until("the rest goes to the store", lambda: len(rig.saved) == 2, 30)
    assert [each.event_id for each in rig.failed] == NAMES[:1]
    assert [(entry["id"], entry["frames"]) for entry in rig.manifest()] == [
        (NAMES[0], 0),
        (NAMES[1], 20),
        (NAMES[2], 20),
    ]


def test_an_event_cut_by_the_spool_is_saved_as_far_as_it_goes(place: Path) -> None:
    (place / "store" / "holiday.jpg").write_text("x")
    records = events(0)
    room = sum(len(record.body) + 6000 for record in records) // 2 + 20_000
    with StoreRig(place, limit_bytes=room) as rig:
        kept = [rig.spool.put(record) for record in records]
        assert not all(kept)
        assert kept[-1]
        (place / "store" / "holiday.jpg").unlink()
        (saved,) = wait_until("what is there is saved", lambda: rig.saved)
    assert saved.truncated
    clip = played(place / "store" / saved.path)
    assert clip == shown(0)[: len(clip)]
    assert len(clip) > 3


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
        day = open_day_file(folder, "w.mp4", SystemClock())
        monkeypatch.setattr(DataFile, "read", flipped)
        day.append(event(NAMES[0], 0)[0])
        with pytest.raises(StoreUnavailable, match="reads back"):
            day.finish_event()
        day.close(checkpoint=False)
    finally:
        os.close(folder)


def test_the_store_process_is_light(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.put(*events(0))
        wait_until("the event is saved", lambda: rig.saved)
        maps = Path(f"/proc/{rig.child}/smaps_rollup").read_text().splitlines()
        mapped = Path(f"/proc/{rig.child}/maps").read_text()
    own = next(int(line.split()[1]) for line in maps if line.startswith("Pss_Anon"))
    assert own / 1024 <= 15, f"{own} kB"  # what the machine would have back without it
    for heavy in ("numpy", "cv2", "av.libs", "pydantic"):
        assert heavy not in mapped


@pytest.mark.parametrize("deleted", [True, False])
def test_a_store_renamed_or_deleted_while_it_is_used_is_said_and_taken_back(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    deleted: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(voice_module, "FIGURES_EVERY", 0.2)
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        rig.store.rename(place / "renamed")
        if deleted:
            shutil.rmtree(place / "renamed")
        state = rig.wait_for(StoreCode.ABSENT)
        assert "adopt-store" in state.reason
        assert not rig.store.exists()
        if not deleted:
            (place / "renamed").rename(rig.store)
            rig.put(*whole_event(name_of(0), 0))
            wait_until("it is stored", lambda: rig.saved, 20)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_only_named_like_a_day_is_named_and_left_alone(
    place: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    strange = place / "store/front/2026-11-23"  # newer than the event's day
    strange.parent.mkdir(parents=True)
    (place / "elsewhere").mkdir()
    if kind == "file":
        strange.write_text("mine")
    else:
        strange.symlink_to(place / "elsewhere")
    adopt_store(place / "store")
    with StoreRig(place) as rig:
        rig.put(*whole_event(name_of(0), 0))
        wait_until("it is stored", lambda: rig.saved, 20)
        child = rig.child
        assert rig.orders.put(KeepEvent("front", None, True, "1"))
        wait_until("it is answered", lambda: rig.kept)
        assert rig.kept[0].event == name_of(0)
        assert rig.child == child
    assert "left alone: 1, first front/2026-11-23" in caplog.text
    assert strange.is_symlink() is (kind == "link")
    assert strange.is_file() is (kind == "file")
    assert list((place / "elsewhere").iterdir()) == []


def test_a_file_where_a_days_folder_has_to_be_is_named(place: Path) -> None:
    day = place / "store/front/2026-11-22"
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        day.parent.mkdir()
        day.write_text("mine")
        rig.put(*whole_event(name_of(0), 0))
        assert (
            "2026-11-22 (front/2026-11-22) is no folder" in rig.wait_for(StoreCode.FAILING).reason
        )
        day.unlink()
        wait_until("it is stored", lambda: rig.saved, 20)
