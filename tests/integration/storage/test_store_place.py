"""The place of the store: absent, unmounted, full, read-only, another one, somebody else's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.messages import StoreCode
from agent.core.orders import MarkEvent
from agent.core.store_names import IDENTITY
from agent.storage.store import status_reporter as voice_module
from agent.storage.store.identity import adopt_store
from tests.support.recordings import (
    name_of,
    played,
    whole_event,
)
from tests.support.store_rig import StoreRig
from tests.support.stored_events import DAY, NAMES, events, run, shown
from tests.support.waiting import wait_until


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
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
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
            wait_until("it is stored", lambda: rig.saved)


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
        wait_until("it is stored", lambda: rig.saved)
        child = rig.child
        assert rig.orders.put(MarkEvent("front", None, True, "1"))
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
        wait_until("it is stored", lambda: rig.saved)


@pytest.mark.parametrize("inside", ["", "/events"])
def test_what_is_no_folder_costs_its_camera_only(place: Path, inside: str) -> None:
    """As `store/front/2026-11-22` or the folder `events` in it."""
    blocked = place / f"store/front/2026-11-22{inside}"
    with StoreRig(place, cameras=["front", "yard"]) as rig:
        rig.wait_for(StoreCode.OK)
        blocked.parent.mkdir(parents=True)
        blocked.symlink_to(place)
        rig.put(*whole_event(name_of(0), 0))
        rig.put(*[replace(record, camera="yard") for record in whole_event(name_of(20), 20)])
        wait_until("the other camera is recorded", lambda: rig.saved)
        assert rig.saved[0].camera == "yard"
        assert "is no folder" in rig.wait_for(StoreCode.FAILING).reason
        blocked.unlink()
        wait_until("it is stored", lambda: len(rig.saved) == 2)
        wait_until("all is well", lambda: rig.states[-1].code is StoreCode.OK)
