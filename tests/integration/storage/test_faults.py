"""A store that fails, hangs, fills up, vanishes and forgets: everything is in it once, afterwards.

Uses the fault-injecting file system of the team's shared folder; skips where that is not there.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.core.messages import StoreCode
from agent.storage.records import EventClosed, Record
from agent.storage.store import worker as store_module
from tests.support.recordings import event, expected, name_of, played, whole_event
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until

FAULTFS = Path(__file__).resolve().parents[3] / ".." / "shared/tools/store/faultfs.py"
# the rig leaves files to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NAMES = [name_of(number * 20) for number in range(8)]
Disk = Any  # faultfs.FaultFS: a script of the team's, not a package
DAY_FILE = "front/2026-11-22/2026-11-22.mp4"


def _faultfs() -> Disk:
    if not FAULTFS.exists():
        pytest.skip("shared/tools/store is not beside the checkout")
    if os.geteuid() or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("needs root and /dev/fuse")
    spec = importlib.util.spec_from_file_location("faultfs", FAULTFS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, OSError) as error:
        pytest.skip(f"mfusepy, or libfuse for it, is missing: {error}")
    return module


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "STALLED_AFTER", 0.5)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """The faulty file system, mounted at `store`."""
    yield from _mounted(tmp_path, volatile=False)


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[Disk]:
    """The same, able to lose what was not synced."""
    yield from _mounted(tmp_path, volatile=True)


def _mounted(path: Path, *, volatile: bool) -> Iterator[Disk]:
    module = _faultfs()
    (path / "medium").mkdir()
    (path / "store").mkdir()
    disk = module.FaultFS(path / "medium", path / "store", volatile=volatile).start()
    yield disk
    if disk.mounted():
        disk.clear()
    disk.stop()


def remounted(disk: Disk) -> Disk:
    return type(disk)(disk.backing, disk.mnt).start()


def events(*numbers: int) -> list[Record]:
    return [record for number in numbers for record in whole_event(NAMES[number], number * 20)]


def shown(*numbers: int) -> list[tuple[int, int]]:
    return expected(*(event(NAMES[number], number * 20) for number in numbers))


def wait_until_sent(rig: StoreRig) -> None:
    wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    wait_until("the store is ok", lambda: rig.states[-1].code is StoreCode.OK)


def check(path: Path, rig: StoreRig, count: int) -> None:
    """Every event is there once: in the day's file, as a clip, in the manifest."""
    assert rig.spool.depth == 0
    store = path / "medium"
    assert played(store / DAY_FILE) == shown(*range(count))
    lines = (store / DAY_FILE).with_name("events.jsonl").read_text().splitlines()
    assert len([line for line in lines if line.startswith('{"v":1,"id"')]) == count
    clips = sorted((store / DAY_FILE).with_name("events").iterdir())
    assert len(clips) == count
    for number, clip in enumerate(clips):
        assert played(clip) == shown(number)
    assert {saved.event_id for saved in rig.saved} == set(NAMES[:count])


FAULTS: dict[str, dict[str, object]] = {
    "io error on write and sync": {"ops": "write,fsync", "error": "EIO", "times": 3},
    "io error on sync": {"ops": "fsync", "error": "EIO", "times": 2},
    "io error on close": {"ops": "flush", "error": "EIO", "times": 1},
    "io error on truncate": {"ops": "truncate", "error": "EIO", "times": 2},
    "stale handles": {"ops": "*", "error": "ESTALE", "times": 12},
    "read-only for a while": {"ops": "write,create,truncate", "error": "EROFS", "times": 4},
    "no rename": {"ops": "rename", "error": "EACCES", "times": 2},
    "no folder": {"ops": "mkdir", "error": "EIO", "times": 1},
    "short write, then full": {"ops": "write", "error": "ENOSPC", "after": 5000, "times": 3},
    "quota at sync, as NFS tells it": {"ops": "fsync", "error": "EDQUOT", "times": 2},
    "full at close, as NFS tells it": {"ops": "flush", "error": "ENOSPC", "times": 1},
    "no inode for a folder": {"ops": "mkdir", "error": "ENOSPC", "times": 1},
    "quota at rename": {"ops": "rename", "error": "EDQUOT", "times": 2},
    "quota for a new file": {"ops": "create", "error": "EDQUOT", "times": 2},
    "slow writes": {"ops": "write", "delay": 0.1, "times": 10},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_passing_fault_costs_nothing(
    disk: Disk,
    tmp_path: Path,
    fault: dict[str, object],
) -> None:
    with StoreRig(tmp_path) as rig:
        rig.put(*events(0))
        wait_until_sent(rig)
        disk.set(**fault)
        rig.put(*events(1, 2, 3))
        wait_until_sent(rig)
        disk.clear()
        rig.put(*events(4))
        wait_until_sent(rig)
    check(tmp_path, rig, 5)


def test_a_hanging_store_is_named_and_holds_nobody_up(disk: Disk, tmp_path: Path) -> None:
    with StoreRig(tmp_path) as rig:
        rig.put(*events(0))
        wait_until_sent(rig)
        child = rig.child
        disk.set("*", hang=True)
        rig.put(*events(1, 2))  # who waited for the disk would wait for ever
        rig.wait_for(StoreCode.STALLED)
        assert rig.child == child
        disk.clear()
        wait_until_sent(rig)
        assert rig.child == child
    check(tmp_path, rig, 3)


def test_a_store_that_vanishes_gets_everything_when_it_is_back(disk: Disk, tmp_path: Path) -> None:
    with StoreRig(tmp_path) as rig:
        rig.put(*events(0))
        wait_until_sent(rig)
        disk.vanish()
        disk.die()
        rig.put(*events(1, 2))
        rig.wait_for(StoreCode.ABSENT)
        assert list((tmp_path / "store").iterdir()) == []  # nothing below the mount point
        again = remounted(disk)
        rig.put(*events(3))
        wait_until_sent(rig)
    check(tmp_path, rig, 4)
    again.stop()


def test_a_full_disk_resumes_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    with StoreRig(tmp_path) as rig:
        rig.put(*events(0))
        wait_until_sent(rig)
        disk.quota(disk.stats()["used"] + 150_000)
        rig.put(*events(1, 2, 3))
        rig.wait_for(StoreCode.FULL)
        stored = played(tmp_path / "medium" / DAY_FILE)
        assert stored == shown(0, 1, 2, 3)[: len(stored)]
        disk.quota(None)
        wait_until_sent(rig)
    check(tmp_path, rig, 4)


def test_what_a_server_forgets_that_it_had_not_synced_is_sent_again(
    forgetful: Disk,
    tmp_path: Path,
) -> None:
    unfinished = [record for record in events(2) if not isinstance(record, EventClosed)]
    with StoreRig(tmp_path) as rig:
        rig.put(*events(0, 1), *unfinished)
        wait_until_sent(rig)
        assert forgetful.crash("all")["undone"]
        again = remounted(forgetful)
        rig.put(*events(2)[len(unfinished) :])
        wait_until("nothing waits any more", lambda: rig.spool.depth == 0)
    check(tmp_path, rig, 3)
    again.stop()
