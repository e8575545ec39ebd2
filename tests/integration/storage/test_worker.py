"""Spool, store worker and its child process together, on real files: what becomes of events."""

from __future__ import annotations

import hashlib
import os
import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.core.store_names import FileKind
from agent.storage.records import (
    EventClosed,
    EventOpened,
    MonitoringPicture,
    Record,
    SessionPackets,
)
from tests.support.recordings import (
    STARTED,
    event,
    expected,
    played,
)
from tests.support.store_rig import StoreRig
from tests.support.stored_events import DAY, NAMES, events, file, run, shown
from tests.support.waiting import wait_until


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
        # its opening and its closing stay: a kill now must not forget it
        wait_until("its film has left the spool", lambda: rig.spool.depth == 2)
        os.kill(rig.child, signal.SIGSTOP)  # ten seconds after the first it would show the second
        assert played(place / DAY / "2026-11-22.mp4") == shown(0)
        assert len(rig.saved) == 1
        assert rig.spool.depth == 2
        os.kill(rig.child, signal.SIGCONT)
    assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)
    assert [saved.event_id for saved in rig.saved] == NAMES[:2]
    assert rig.worker.stats.saved == 2


def test_a_postponed_event_is_shown_after_the_pause(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.put(*events(0, 1))
        wait_until("both are saved", lambda: len(rig.saved) == 2)
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


def test_an_event_that_the_spool_lost_is_told_in_the_manifest_and_once(place: Path) -> None:
    (place / "store" / "holiday.jpg").write_text("x")
    room = sum(len(record.body) + 6000 for record in events(0, 1)) + 70_000
    with StoreRig(place, limit_bytes=room) as rig:
        rig.put(*events(0, 1, 2))
        wait_until("the loss is said", lambda: rig.failed)
        (place / "store" / "holiday.jpg").unlink()
        wait_until("the rest goes to the store", lambda: len(rig.saved) == 2)
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
