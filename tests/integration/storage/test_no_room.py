"""The system says that there is no room: real small file systems, the real child process."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from agent.core.messages import StoreCode
from agent.core.store_names import IDENTITY
from agent.storage.store import shortage
from agent.storage.store.identity import adopt_store
from agent.storage.verify.store import verify_store
from tests.support.recordings import name_of, played, whole_event
from tests.support.store_rig import NOW, StoreRig
from tests.support.waiting import wait_until

Mounting = Callable[[str], Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounting]:
    """Mounts a file system of such a size at `store`."""
    store = tmp_path / "store"
    store.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(store)]
        if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("a file system can only be mounted by root")
        return tmp_path

    yield mount
    subprocess.run(["umount", "-l", str(store)], check=False, capture_output=True)


def record(place: Path, *ages: int, **options: Any) -> None:  # noqa: ANN401
    """An event of so many days ago for each, stored by one life of the agent."""
    with StoreRig(place, retention_days=30, **options) as rig:
        for number, age in enumerate(ages):
            started = NOW - timedelta(days=age, seconds=number)
            rig.put(*whole_event(name_of(number * 20), number * 20, started=started))
        rig.wait_until_empty()


def free_bytes(place: Path) -> int:
    figures = os.statvfs(place / "store")
    return figures.f_bavail * figures.f_frsize


def old_files(place: Path, count: int, size: int, age: int = 5) -> Path:
    """Pictures of an old day, in a store that has an identity."""
    if not (place / "store" / IDENTITY).exists():
        adopt_store(place / "store")
    folder = place / f"store/front/{NOW - timedelta(days=age):%Y-%m-%d}/events"
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{100000 + number}_{name_of(number)}.jpg").write_bytes(bytes(size))
    return folder


def today(*numbers: int) -> list[Any]:
    return [
        each
        for number in numbers
        for each in whole_event(name_of(number * 20), number * 20, started=NOW)
    ]


def test_without_inodes_the_oldest_go_and_nobody_hears_of_it(mounted: Mounting) -> None:
    place = mounted("size=50m,nr_inodes=200")
    record(place, 3)
    folder = old_files(place, 170, 100)
    taken = [place / "store" / f"ballast{number}" for number in range(200)]
    for each in taken:
        if os.statvfs(place / "store").f_favail < 3:
            break
        each.touch()
    with StoreRig(place, retention_days=30) as rig:
        rig.put(*today(5, 6, 7, 8))
        rig.wait_until_empty()
    left = len(list(folder.iterdir()))
    assert 0 < left < 170  # the oldest day first, and not more than needed
    assert (folder.parents[1] / f"{NOW - timedelta(days=3):%Y-%m-%d}" / "events.jsonl").exists()
    assert len(rig.saved) == 4
    assert {state.code for state in rig.states} <= {StoreCode.STARTING, StoreCode.OK}


def test_a_full_disk_that_nothing_is_kept_free_of_makes_room_and_says_what_is_missing(
    mounted: Mounting,
) -> None:
    place = mounted("size=3m")
    record(place, 5, 4, 0)
    (place / "store/ballast").write_bytes(bytes(free_bytes(place)))
    with StoreRig(place, retention_days=30) as rig:
        rig.put(*today(5, 6))
        rig.wait_until_empty()
    assert len(rig.saved) == 2
    oldest = f"{NOW - timedelta(days=5):%Y-%m-%d}"
    assert not (place / "store/front" / oldest / f"{oldest}.mp4").exists()
    report = verify_store(place / "store")
    assert (report.missing, report.damaged, report.foreign) == ([], [], ["ballast"])


@pytest.mark.parametrize("days", [1, 20])
def test_what_deleting_does_not_cure_keeps_the_archive(mounted: Mounting, days: int) -> None:
    """Somebody's snapshots, here hard links, hold what is deleted; in one day or in many."""
    place = mounted("size=6m")
    record(place, 1)  # the camera is claimed, and the newest day is never deleted
    folders = [old_files(place, 700 // days, 4096, 5 + age) for age in range(days)]
    snapshots = place / "store/snapshots"
    snapshots.mkdir()

    def pictures() -> list[Path]:
        return [path for folder in folders if folder.exists() for path in folder.iterdir()]

    for number, path in enumerate(pictures()):
        os.link(path, snapshots / str(number))
    (place / "store/ballast").write_bytes(bytes(free_bytes(place)))
    with StoreRig(place, retention_days=30) as rig:
        rig.put(*today(5))
        gone = shortage.FILES * (2**shortage.TRIES - 1)
        words = f"{gone} files were deleted for it in vain"
        state = wait_until(
            "it is given up",
            lambda: next((s for s in rig.states if words in (s.helps or "")), None),
        )
        child = rig.child
        wait_until("it was tried again", lambda: rig.worker._link and rig.child != child)
        assert len(pictures()) == 700 - gone
        (place / "store/ballast").unlink()
        rig.wait_until_empty()
        wait_until("the store is well again", lambda: rig.states[-1].code is StoreCode.OK)
    assert state.code is StoreCode.FULL
    codes = [code for code, _ in groupby(s.code for s in rig.states)]
    assert codes == [StoreCode.STARTING, StoreCode.OK, StoreCode.FULL, StoreCode.OK]
    assert len(pictures()) == 700 - gone
    assert len(rig.saved) == 1


def test_without_a_sure_clock_that_is_named_and_nothing_goes(mounted: Mounting) -> None:
    place = mounted("size=50m,nr_inodes=50")
    folder = old_files(place, 40, 100)
    with StoreRig(place, trusted=False, retention_days=30) as rig:
        rig.put(*today(5, 6, 7, 8))
        state = wait_until(
            "the cause is said",
            lambda: next((s for s in rig.states if "trust_clock" in (s.helps or "")), None),
        )
    assert state.code is StoreCode.FULL
    assert "df -i" in state.reason
    assert len(list(folder.iterdir())) == 40


def test_a_file_system_of_small_files_gets_more_of_them(place: Path) -> None:
    """EFBIG: the day goes on in the next part, and a clip is cut at what is taken."""
    limit = 320_000
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        resource.prlimit(rig.child, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        rig.put(*whole_event(name_of(0), 0, 200, started=NOW))
        rig.wait_until_empty()
    (saved,) = rig.saved
    day = place / "store" / saved.day_file
    parts = sorted(day.parent.glob("*.mp4"), key=lambda path: (len(path.name), path.name))
    numbers = [number for part in parts for _, number in played(part)]
    assert len(parts) > 2
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 150  # a part ends at a key picture, of each two seconds
    clip = [number for _, number in played(place / "store" / saved.path)]
    assert clip == numbers[: len(clip)]
    assert saved.truncated
    assert max(path.stat().st_size for path in day.parent.rglob("*.mp4")) <= limit
    report = verify_store(place / "store")
    assert report.good, list(report.lines())


def test_a_state_folder_without_room_costs_the_memory_of_the_store_only(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (place / "state").write_text("no folder")
    with StoreRig(place) as rig:
        rig.put(*today(5))
        rig.wait_until_empty()
    assert len(rig.saved) == 1
    assert "the store is not remembered" in caplog.text
