"""Faults of the image store, of the disk below it and of /tmp."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tests.resilience.fault import Fault
from tests.resilience.gather import FILLER
from tests.resilience.lab import Lab

#: More than the folders that can be filled hold.
_SMALL = 32 << 20


class _Disk(Fault):
    """The faulty file system misbehaves until it is told to stop."""

    needs = frozenset({"disk"})
    limit = 30.0  # the store is tried again after 1, 2, 5, 10 s
    once = "disk"
    rule: ClassVar[dict[str, object]]

    def inject(self, lab: Lab) -> None:
        lab.disk.set(**self.rule)

    def heal(self, lab: Lab) -> None:
        lab.disk.clear()


class StoreHangs(_Disk):
    name = "store: hangs"
    rule: ClassVar = {"ops": "*", "hang": True}
    hold = (1.0, 5.0)


class StoreErrors(_Disk):
    name = "store: EIO on write and sync"
    rule: ClassVar = {"ops": "write,fsync", "error": "EIO"}


class StoreReadErrors(_Disk):
    name = "store: EIO on everything"
    rule: ClassVar = {"ops": "*", "error": "EIO"}


class StoreNoSpace(_Disk):
    name = "store: ENOSPC in the middle of a write"
    rule: ClassVar = {"ops": "write", "error": "ENOSPC", "after": 20_000}


class StoreNoInodes(_Disk):
    """What is there can be written, nothing new can be made."""

    name = "store: no inodes"
    rule: ClassVar = {"ops": "create,mkdir", "error": "ENOSPC"}
    hold = (2.0, 6.0)


class StoreQuota(_Disk):
    name = "store: over quota"
    rule: ClassVar = {"ops": "write", "error": "EDQUOT"}
    hold = (2.0, 6.0)


class StoreReadOnly(_Disk):
    name = "store: read-only"
    rule: ClassVar = {
        "ops": "write,create,truncate,mkdir,unlink,rename,fsync",
        "error": "EROFS",
    }


class StoreStale(_Disk):
    name = "store: stale handles"
    rule: ClassVar = {"ops": "*", "error": "ESTALE"}


class StoreSlow(_Disk):
    name = "store: slow, 0.1 s for each write and sync"
    rule: ClassVar = {"ops": "write,fsync", "delay": 0.1}
    hold = (2.0, 5.0)


class StoreFull(Fault):
    name = "store: full"
    needs = frozenset({"disk"})
    limit = 40.0
    once = "disk"

    def inject(self, lab: Lab) -> None:
        lab.disk.quota(lab.disk.stats()["used"] + self.chance.randint(0, 60_000))

    def heal(self, lab: Lab) -> None:
        lab.disk.quota(None)


class StoreUnmounted(Fault):
    name = "store: unmounted and mounted again"
    needs = frozenset({"disk"})
    limit = 40.0
    once = "disk"

    def inject(self, lab: Lab) -> None:
        lab.disk.vanish()
        lab.disk.die()

    def heal(self, lab: Lab) -> None:
        below = [path.name for path in lab.store.iterdir()]
        lab.strays += [f"below the mount point: {name}" for name in below]
        lab.mount_disk()


class StoreServerDies(StoreUnmounted):
    name = "store: server process dies (ENOTCONN)"

    def inject(self, lab: Lab) -> None:
        lab.disk.die()

    def heal(self, lab: Lab) -> None:
        lab.disk.vanish()
        super().heal(lab)


class StoreExchanged(StoreUnmounted):
    name = "store: another disk in its place"

    def inject(self, lab: Lab) -> None:
        super().inject(lab)
        other = lab.folder / "other"
        other.mkdir(exist_ok=True)
        (other / "holiday.txt").write_text("not yours")
        lab.mount_disk("other")

    def heal(self, lab: Lab) -> None:
        there = [path.name for path in Path(lab.disk.backing).iterdir()]
        lab.strays += [f"on the other disk: {name}" for name in there if name != "holiday.txt"]
        lab.disk.vanish()
        lab.disk.die()
        super().heal(lab)


class TmpFull(Fault):
    name = "temporary folder: full"
    needs = frozenset({"tmp"})
    folder: ClassVar[str] = "tmp"

    def inject(self, lab: Lab) -> None:
        try:
            with (lab.folder / self.folder / FILLER).open("wb", buffering=0) as file:
                while file.write(bytes(1 << 12)):
                    assert file.tell() < _SMALL, f"{self.folder} is not small"
        except OSError:
            pass  # that was the aim

    def heal(self, lab: Lab) -> None:
        (lab.folder / self.folder / FILLER).unlink(missing_ok=True)


class StateFull(TmpFull):
    name = "state folder: full, with journal, spool and settings"
    needs = frozenset({"state"})
    limit = 20.0
    once = "process"  # who has no disk and is killed cannot know its numbers
    folder = "state"


ALL = (
    StoreHangs,
    StoreErrors,
    StoreReadErrors,
    StoreNoSpace,
    StoreNoInodes,
    StoreQuota,
    StoreReadOnly,
    StoreStale,
    StoreSlow,
    StoreFull,
    StoreUnmounted,
    StoreServerDies,
    StoreExchanged,
    TmpFull,
    StateFull,
)
