"""Room in the store: by age, size and free space; what is kept; what nobody may touch."""

from __future__ import annotations

import errno
import json
import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from agent.core.messages import StoreCode
from agent.core.orders import Mark, MarkEvent
from agent.core.store_names import NOTES
from agent.storage.reading.library import Library
from agent.storage.store import quota as room_module
from agent.storage.store import status_reporter as voice_module
from agent.storage.store.dry_run import would_remove
from agent.storage.store.purge import Purge, Rules
from agent.storage.store.purge_report import Purged
from agent.storage.verify.store import verify_store
from schemas.config import StoreConfig
from tests.support.clock import FakeClock
from tests.support.recordings import name_of, whole_event
from tests.support.store_rig import NOW, StoreRig
from tests.support.users import as_anybody, give, immutable
from tests.support.waiting import wait_until

MIB = 1 << 20


def day_name(age: int) -> str:
    return f"{(NOW - timedelta(days=age)).astimezone():%Y-%m-%d}"


def days(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "store/front").iterdir())


def record(place: Path, *ages: int, **options: Any) -> StoreRig:  # noqa: ANN401
    """Events that began so many days ago, one for each, stored by one life of the agent."""
    with StoreRig(place, **options) as rig:
        for age in ages:
            started = NOW - timedelta(days=age)
            rig.put(*whole_event(name_of(age * 20), age * 20, started=started.astimezone()))
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    return rig


def _more_than(rig: StoreRig, answers: int) -> bool:
    return len(rig.kept) > answers


def keep(rig: StoreRig, event: str | None, *, keep: bool = True) -> str | None:
    before = len(rig.kept)
    assert rig.orders.put(MarkEvent("front", event, keep, "7"))
    wait_until("the order is answered", lambda: len(rig.kept) > before)
    assert rig.kept[-1].request == "7"
    return rig.kept[-1].event


def test_a_kept_event_stays_when_its_day_goes(place: Path) -> None:
    record(place, 0, 2, 3, retention_days=9)
    with StoreRig(place, retention_days=9) as rig:
        rig.wait_for(StoreCode.OK)
        assert keep(rig, name_of(60)) == name_of(60)
    record(place, retention_days=1)
    assert days(place) == [day_name(3), day_name(0)]
    left = [p.name for p in (place / "store/front" / day_name(3)).rglob("*") if p.is_file()]
    clip = f"{(NOW - timedelta(days=3)).astimezone():%H%M%S}_{name_of(60)}.mp4"
    assert sorted(left) == sorted([clip, "events.jsonl", NOTES])
    report = verify_store(place / "store")
    assert report.good, list(report.lines())


def test_a_mark_that_was_taken_away_spares_nothing(place: Path) -> None:
    record(place, 0, 3, retention_days=9)
    with StoreRig(place, retention_days=9) as rig:
        rig.wait_for(StoreCode.OK)
        assert keep(rig, name_of(60))
        assert keep(rig, name_of(60), keep=False)
    record(place, retention_days=1)
    assert days(place) == [day_name(0)]


def test_a_false_alarm_is_told_to_readers_and_spares_nothing(place: Path) -> None:
    record(place, 0, 3, retention_days=9)
    with StoreRig(place, retention_days=9) as rig:
        rig.wait_for(StoreCode.OK)
        for age in (0, 3):
            mark = MarkEvent("front", name_of(age * 20), True, "7", Mark.FALSE_ALARM)
            before = len(rig.kept)
            assert rig.orders.put(mark)
            wait_until("the order is answered", partial(_more_than, rig, before))
    library = Library(os.open(place / "store", os.O_RDONLY))
    told = library.day("front", day_name(0))
    library.close()
    assert (told["false_alarms"], told["kept"]) == ([name_of(0)], [])
    record(place, retention_days=1)
    assert days(place) == [day_name(0)]
    assert verify_store(place / "store").good


def test_without_an_id_the_newest_event_is_kept(place: Path) -> None:
    record(place, 0, 3, retention_days=9)
    with StoreRig(place, retention_days=9) as rig:
        rig.wait_for(StoreCode.OK)
        assert keep(rig, None) == name_of(0)
        assert keep(rig, "NONE") is None
        assert "no such event" in rig.kept[-1].message
        assert rig.kept[-1].available
    notes = (place / "store/front" / day_name(0) / NOTES).read_text().splitlines()
    assert [json.loads(line)["keep"] for line in notes] == [name_of(0)]


def test_a_running_event_can_be_kept(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        rig.put(*whole_event(name_of(0), 0)[:3])
        wait_until("it is known", lambda: rig.spool.after(rig.worker._sent) is None)
        assert keep(rig, name_of(0)) == name_of(0)


def test_an_order_without_a_store_is_refused_at_once(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as rig:
        rig.wait_for(StoreCode.ABSENT)
        assert keep(rig, name_of(0)) is None
        assert not rig.kept[-1].available


def test_max_size_deletes_the_oldest_days_and_never_today(place: Path) -> None:
    record(place, 0, 1, 2, 3, retention_days=9)
    sizes = {day: size_of(place / "store/front" / day) for day in days(place)}
    room = sum(sorted(sizes.values())[:2]) * 10 // 9 + 10_000
    record(place, retention_days=9, max_size=room)
    assert days(place)[-2:] == [day_name(1), day_name(0)]
    assert not list((place / "store/front").glob(f"{day_name(3)}/*.mp4"))
    assert sum(size_of(place / "store/front" / day) for day in days(place)) <= room
    report = verify_store(place / "store")
    assert report.good, list(report.lines())


def test_what_does_not_fit_max_size_waits_and_the_state_says_why(place: Path) -> None:
    with StoreRig(place, max_size=40_000) as rig:
        rig.put(*whole_event(name_of(0), 0, started=NOW))
        state = rig.wait_for(StoreCode.FULL)
    assert "max_size" in state.reason
    assert rig.spool.depth > 0


def test_keep_free_is_checked_before_writing(place: Path) -> None:
    free = free_bytes(place)
    with StoreRig(place, keep_free=free + 64 * MIB) as rig:
        rig.put(*whole_event(name_of(0), 0, started=NOW))
        state = rig.wait_for(StoreCode.FULL)
    assert "keep_free" in state.reason
    assert not list((place / "store").rglob("*.mp4"))


def ours(_camera: str) -> None:
    """Every camera's folder is."""


def purged(
    place: Path,
    free: Any,  # noqa: ANN401
    *open_days: tuple[str, str],
    dry: bool = False,
    **rules: Any,  # noqa: ANN401
) -> Purged:
    store = os.open(place / "store", os.O_RDONLY)
    try:
        today = NOW.astimezone().date()
        wanted = {"days": 99, "clock_trusted": True, **rules}
        run = Purge(store, open_days, free, FakeClock(), lambda: None, ours, dry=dry)
        return run.run(Rules(today, **wanted))
    finally:
        os.close(store)


def purge(place: Path, free: Any, **rules: Any) -> list[str]:  # noqa: ANN401
    return [path for path, _, _ in purged(place, free, **rules).removed]


def test_free_space_is_made_from_the_oldest_on_and_not_more_than_needed(place: Path) -> None:
    for age in (0, 1, 2, 3):
        fake_day(place, age)
    files = place / "store/front"

    def free() -> int:
        return 100 * MIB - size_of(files)

    removed = purge(place, free, keep_free=free() + 5 * MIB)
    assert removed == [f"front/{day_name(3)}/{day_name(3)}.mp4", *clips(3)[:1]]


def test_deleting_stops_when_it_does_not_help(place: Path) -> None:
    for age in (0, 1, 2, 3):
        fake_day(place, age)
    assert len(purge(place, lambda: 0, keep_free=MIB)) == 2


def test_nothing_is_purged_for_room_while_the_clock_is_unsure(place: Path) -> None:
    for age in (0, 1, 2):
        fake_day(place, age)
    done = purged(place, lambda: 0, keep_free=MIB, max_size=1, clock_trusted=False)
    assert (done.removed, done.refused) == ([], "the clock is not synchronised")


def test_a_day_that_is_being_written_stays_however_old_it_is_and_of_that_camera_only(
    place: Path,
) -> None:
    for age in (0, 8, 9):
        fake_day(place, age)
    copytree(place / "store/front", place / "store/yard")
    done = purged(place, lambda: 0, ("front", day_name(9)), days=4, keep_free=MIB, max_size=1)
    assert done.refused is None
    assert days(place) == [day_name(9), day_name(0)]
    assert [path.name for path in (place / "store/yard").iterdir()] == [day_name(0)]
    assert len(list((place / "store/front" / day_name(9)).rglob("*.mp4"))) == 1 + len(clips(9))
    assert {day for day, size in done.stored.items() if size} == {day_name(9), day_name(0)}


def test_what_cannot_be_deleted_keeps_nothing_else_from_it(place: Path) -> None:
    for age in (0, 7, 8, 9):
        fake_day(place, age)
    give(place / "store")
    (place / "store/front" / day_name(9)).chmod(0o555)  # as a backup that another user restored
    (place / "store/front" / day_name(8) / "events").chmod(0o555)
    private = place / "store" / "private"
    private.mkdir(mode=0)
    place.chmod(0o711)
    store = os.open(place / "store", os.O_RDONLY)
    run = Purge(store, (), lambda: 0, FakeClock(), lambda: None, ours)
    with as_anybody():
        done = run.run(Rules(NOW.astimezone().date(), 1, clock_trusted=True))
    os.close(store)
    removed = [path for path, _, _ in done.removed]
    assert len(done.stuck) == 1 + len(clips(8))
    assert f"front/{day_name(8)}/{day_name(8)}.mp4" in removed
    assert {f"front/{day_name(7)}/{day_name(7)}.mp4", *clips(7)} <= set(removed)
    assert days(place) == [day_name(9), day_name(8), day_name(0)]


def test_a_folder_of_somebody_elses_is_named_and_recording_goes_on(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record(place, 0, 9, retention_days=99)
    with immutable(place / "store/front" / day_name(9)), StoreRig(place) as rig:
        rig.put(*whole_event(name_of(20), 20, started=NOW))
        wait_until("it is stored", lambda: rig.saved)
        assert {state.code for state in rig.states} == {StoreCode.STARTING, StoreCode.OK}
    assert "cannot be deleted: " in caplog.text
    assert f"front/{day_name(9)}" in caplog.text


def test_links_and_strangers_are_left_alone(place: Path) -> None:
    fake_day(place, 0)
    fake_day(place, 9)
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{day_name(8)}.mp4").write_bytes(b"x")
    (place / "store/front" / day_name(8)).symlink_to(elsewhere)
    (place / "store/front" / day_name(9) / "holiday.mp4").write_bytes(b"x")
    clip = place / "store/front" / day_name(9) / "events" / "081501_LINK.mp4"
    clip.symlink_to(elsewhere / f"{day_name(8)}.mp4")
    assert purge(place, lambda: 0, days=1)
    assert (elsewhere / f"{day_name(8)}.mp4").exists()
    assert clip.is_symlink()
    assert (place / "store/front" / day_name(9) / "holiday.mp4").exists()


def test_the_dry_run_says_what_would_go_and_deletes_nothing(place: Path) -> None:
    record(place, 0, 3, retention_days=9)
    store = StoreConfig(path=place / "store", retention_days=1, keep_free=0)
    clock = FakeClock(utc=NOW)
    lines = list(would_remove(store, place / "state", "me", (), clock, always_trusted=True))
    day = f"front/{day_name(3)}"
    names = [f"{day}/{day_name(3)}.mp4", f"{day}/events/{clip_name(3)}", f"{day}/events.jsonl"]
    assert [line.partition(" ")[0] for line in lines[:-1]] == names
    assert "3 files" in lines[-1]
    assert days(place) == [day_name(3), day_name(0)]


def test_a_dry_run_for_room_names_what_a_real_one_deletes(place: Path) -> None:
    for age in (0, 1, 2, 9):
        fake_day(place, age)
    files = place / "store/front"
    full = size_of(files)
    for keep_free in (7 * MIB, 15 * MIB):
        rules: dict[str, Any] = {"days": 4, "keep_free": 100 * MIB + keep_free}
        dry = purged(place, lambda: 100 * MIB, dry=True, **rules)
        assert size_of(files) == full
        again = place.with_name(f"again{keep_free}")
        copytree(place, again)
        real = purged(
            again, lambda at=again: 100 * MIB + full - size_of(at / "store/front"), **rules
        )
        assert dry.removed == real.removed
        assert len(dry.removed) == 4 + (keep_free > 10 * MIB) * 2


def test_a_purge_leaves_no_file_open_whatever_it_meets(place: Path) -> None:
    for age in (0, 8, 9):
        fake_day(place, age)
    (place / "store/front" / day_name(8) / "sessions").write_text("no folder")
    (place / "store/front" / "2026-01-01").symlink_to(place)
    (place / "store/not a camera").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    done = purged(place, lambda: 0, days=4)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert len(done.removed) == 8
    assert done.strange == ["front/2026-01-01"]


def test_an_error_of_the_store_ends_a_purge(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age in (0, 9):
        fake_day(place, age)
    monkeypatch.setattr(os, "unlink", dying)
    with pytest.raises(OSError, match="Input/output error"):
        purged(place, lambda: 0, days=4)


def test_figures_tell_the_days_that_are_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_module, "FIGURES_EVERY", 0.2)
    record(place, 0, 1, 2, retention_days=9)  # yesterday was recorded whole
    with StoreRig(place, retention_days=9) as rig:
        wait_until("figures", lambda: next((s for s in rig.states if s.days_left), None))
    state = next(s for s in rig.states if s.days_left)
    assert state.stored_mib is not None
    assert state.stored_mib > 0.5


def test_room_is_short_before_it_is_gone(place: Path) -> None:
    store = os.open(place / "store", os.O_RDONLY)
    try:
        free = free_bytes(place)
        assert not room_module.Room(store, free // 2, None).short
        assert room_module.Room(store, free - MIB, None).short
        assert room_module.Room(store, 1 << 60, None).purge_to_free == 0
    finally:
        os.close(store)


def clip_name(age: int) -> str:
    return f"{(NOW - timedelta(days=age)).astimezone():%H%M%S}_{name_of(age * 20)}.mp4"


def clips(age: int) -> list[str]:
    return [f"front/{day_name(age)}/events/08150{n}_E{n}.mp4" for n in range(3)]


def fake_day(place: Path, age: int) -> None:
    folder = place / "store/front" / day_name(age)
    (folder / "events").mkdir(parents=True)
    (folder / f"{day_name(age)}.mp4").write_bytes(bytes(4 * MIB))
    for clip in clips(age):
        (place / "store" / clip).write_bytes(bytes(2 * MIB))


def dying(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def free_bytes(place: Path) -> int:
    figures = os.statvfs(place / "store")
    return figures.f_bavail * figures.f_frsize


JUNK = ["events/@eaDir/x", ".DS_Store", "Thumbs.db", "events/._clip.mp4", "#recycle/y"]


def test_a_day_with_others_files_is_left_as_empty_as_can_be_and_said_once(place: Path) -> None:
    record(place, 0, 5, retention_days=9)
    old = place / "store/front" / day_name(5)
    (old / "monitoring").mkdir()
    for name in JUNK:
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text("not ours")
    done = purged(place, lambda: 1, days=1)
    left = sorted(str(path.relative_to(old)) for path in old.rglob("*") if path.is_file())
    assert left == sorted(JUNK)
    assert not (old / "monitoring").exists()
    assert [each.rpartition("/front/")[2] for each in done.left] == [
        f"front/{day_name(5)}/#recycle"
    ]
    assert purged(place, lambda: 1, days=1).left == []


def test_an_empty_folder_in_an_old_day_goes_with_it(place: Path) -> None:
    record(place, 0, 5, retention_days=9)
    old = place / "store/front" / day_name(5)
    (old / "sessions").mkdir()
    assert purged(place, lambda: 1, days=1).left == []
    assert not old.exists()


def test_very_many_files_are_told_in_few_lines(place: Path) -> None:
    record(place, 0, retention_days=9)
    for age in range(5, 35):
        folder = place / "store/front" / day_name(age) / "monitoring"
        folder.mkdir(parents=True)
        for number in range(30):
            (folder / f"{100000 + number}.jpg").write_bytes(b"12345")
    done = purged(place, lambda: 1, days=1)
    assert len(done.removed) == 900
    told = done.told()
    assert len(told) == 21
    assert told[0] == (f"30 files of front/{day_name(34)}", 150, "older than 1 days")
    assert told[-1][:2] == ("10 more days", 1500)
