"""What lies in the store is moved, deleted or replaced while it is recorded into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.core.messages import StoreCode
from agent.core.store_names import MANIFEST, NOTES
from agent.storage.day import mp4_file
from agent.storage.day.camera_day import CameraDay, Outcome
from agent.storage.day.recording_result import outcome
from agent.storage.filesystem.files import Moved
from agent.storage.store import worker as store_module
from agent.storage.verify.store import verify_store
from tests.support.clock import FakeClock
from tests.support.recordings import name_of, played, whole_event
from tests.support.store_rig import NOW, StoreRig
from tests.support.waiting import wait_until

TODAY = f"{NOW.astimezone():%Y-%m-%d}"
CLIP = f"events/{NOW.astimezone():%H%M%S}_{name_of(0)}.mp4"


def put(rig: StoreRig, *numbers: int) -> None:
    for number in numbers:
        started = NOW.astimezone()
        rig.put(*whole_event(name_of(20 * number), 20 * number, started=started))


def move_day(day: Path, trash: Path) -> None:
    day.rename(trash)


def move_camera(day: Path, trash: Path) -> None:
    day.parent.rename(trash)


def replace_day(day: Path, trash: Path) -> None:
    day.rename(trash)
    shutil.copytree(trash, day)  # as a sync program that brings it back


def move_events(day: Path, trash: Path) -> None:
    (day / "events").rename(trash)


def delete_file(day: Path, _trash: Path) -> None:
    (day / f"{day.name}.mp4").unlink()


def delete_manifests(day: Path, trash: Path) -> None:
    (day / MANIFEST).rename(trash)


def edit_notes(day: Path, _trash: Path) -> None:
    (day / NOTES).write_bytes(b"")


MOVES = [
    move_day,
    move_camera,
    replace_day,
    move_events,
    delete_file,
    delete_manifests,
]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_what_is_said_to_be_saved_is_there_and_what_went_away_is_told(
    place: Path, move: Callable[[Path, Path], None]
) -> None:
    day = place / "store/front" / TODAY
    with StoreRig(place) as rig:
        put(rig, 0)
        wait_until("the first is saved", lambda: rig.saved)
        move(day, place / "trash")
        put(rig, 1, 2)
        wait_until("the others are saved", lambda: len(rig.saved) == 3)
        for saved in rig.saved[1:]:
            assert len(played(rig.store / saved.path)) == 20
            assert (rig.store / saved.day_file).exists()
            assert (
                saved.event_id
                in (rig.store / saved.path).parent.parent.joinpath(MANIFEST).read_text()
            )
        (told,) = (repaired for repaired in rig.repaired if not repaired.lossless)
        assert told.file.startswith(f"front/{TODAY}")
        assert "begun anew" in told.text
        assert {state.code for state in rig.states} == {StoreCode.STARTING, StoreCode.OK}
    report = verify_store(place / "store")
    assert not report.damaged, list(report.lines())


def test_an_event_that_runs_meanwhile_is_whole(place: Path) -> None:
    records = whole_event(name_of(20), 20, started=NOW.astimezone())
    with StoreRig(place) as rig:
        put(rig, 0)
        wait_until("the first is saved", lambda: rig.saved)
        rig.put(*records[:3])
        wait_until("half of it is sent", lambda: rig.spool.after(rig.worker._sent) is None)
        (place / "store/front" / TODAY).rename(place / "trash")
        rig.put(*records[3:])
        wait_until("it is saved", lambda: len(rig.saved) == 2)
        assert not rig.saved[1].truncated
        assert len(played(rig.store / rig.saved[1].path)) == 20


def test_a_days_file_that_is_replaced_by_its_copy_is_no_day_file_of_ours(place: Path) -> None:
    with StoreRig(place) as rig:
        put(rig, 0)
        wait_until("it is saved", lambda: rig.saved)
        film = place / "store/front" / TODAY / f"{TODAY}.mp4"
        film.rename(place / "film")
        film.write_bytes((place / "film").read_bytes())
        put(rig, 1)
        wait_until("the next is saved", lambda: len(rig.saved) == 2)
        told = [repaired for repaired in rig.repaired if not repaired.lossless]
        assert [each.file for each in told] == [f"front/{TODAY}/{TODAY}.mp4"]
        assert "replaced" in told[0].text
        assert len(played(film)) == 40


def test_the_store_is_looked_for_before_something_is_said_to_be_saved(place: Path) -> None:
    with StoreRig(place) as rig:
        put(rig, 0)
        wait_until("the first is saved", lambda: rig.saved)
        rig.store.rename(place / "renamed")
        put(rig, 1)
        rig.wait_for(StoreCode.ABSENT)
        assert len(rig.saved) == 1
        (place / "renamed").rename(rig.store)
        wait_until("it is saved", lambda: len(rig.saved) == 2)


def test_what_is_moved_away_again_and_again_is_a_problem(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PATIENCE", -1)
    with StoreRig(place) as rig:
        put(rig, 0)
        wait_until("the first is saved", lambda: rig.saved)
        (place / "store/front" / TODAY).rename(place / "trash")
        put(rig, 1)
        assert "again and again" in rig.wait_for(StoreCode.FAILING).reason


# ------------------------------------------------------------ one day, in this process


@pytest.fixture
def day(tmp_path: Path) -> Iterator[CameraDay]:
    """An open day whose second event waits for being shown."""
    store = os.open(tmp_path, os.O_RDONLY)
    clock = FakeClock()
    day = CameraDay(store, "front", TODAY, clock=clock, outcome=Outcome(), alive=lambda: None)
    number = 0
    for event in (1, 0):
        for record in whole_event(name_of(event * 20), event * 20, started=NOW.astimezone()):
            number += 1
            day.write(number, record)
    assert [entry["id"] for entry in day._outcome.finished] == [name_of(20)]
    clock.advance(mp4_file.GAP)
    yield day
    day.abandon()
    os.close(store)


def test_a_clip_that_is_taken_away_before_it_is_said_is_made_once_more(
    day: CameraDay, tmp_path: Path
) -> None:
    clip = tmp_path / "front" / TODAY / CLIP
    content = clip.read_bytes()
    clip.rename(tmp_path / "taken.mp4")
    day.tick()
    assert clip.read_bytes() == content
    entry = day._outcome.finished[-1]
    assert outcome(entry).event_id == name_of(0)
    assert f"front/{TODAY}/{CLIP}" in {file for file, _, _ in day._outcome.repaired}
    day.close()
    assert verify_store(tmp_path / "front").good


def test_a_clip_that_is_replaced_before_it_is_said_is_not_said_to_be_saved(
    day: CameraDay, tmp_path: Path
) -> None:
    (tmp_path / "front" / TODAY / CLIP).write_bytes(b"something else")
    day.tick()
    told = outcome(day._outcome.finished[-1])
    assert getattr(told, "code", None) == "moved"


@pytest.mark.parametrize("move", [*MOVES, edit_notes], ids=lambda move: move.__name__)
def test_nothing_is_done_that_is_not_where_its_name_leads(
    day: CameraDay, tmp_path: Path, move: Callable[[Path, Path], None]
) -> None:
    day.mark(name_of(20), "keep", value=True)  # so that there are notes
    before = list(day._outcome.done)
    move(tmp_path / "front" / TODAY, tmp_path / "trash")
    with pytest.raises(Moved):
        day.tick()
    assert day._outcome.done == before
    assert [entry["id"] for entry in day._outcome.finished] == [name_of(20)]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_nor_is_anything_at_the_days_end(
    day: CameraDay, tmp_path: Path, move: Callable[[Path, Path], None]
) -> None:
    move(tmp_path / "front" / TODAY, tmp_path / "trash")
    with pytest.raises(Moved):
        day.close()
    assert [entry["id"] for entry in day._outcome.finished] == [name_of(20)]
