"""The files: a ring of bounded size that survives kills, full disks and odd neighbours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from agent.core.messages import Reason
from agent.verdicts.block import Block, pack
from agent.verdicts.log import Cursor, VerdictLog
from tests.support.verdicts import T0, block

ALL = (0.0, 4e9)


def read(log: VerdictLog, camera: str = "yard", since: Cursor | None = None) -> list[Block]:
    return [found for found, _ in log.read(camera, *ALL, since)]


def test_blocks_come_back_by_camera_and_time(tmp_path: Path) -> None:
    log = VerdictLog(tmp_path / "verdicts")
    assert log.begins() is None
    blocks = [block(n * 30.0, camera=name) for n in range(4) for name in ("yard", "door")]
    log.append(b"".join(map(pack, blocks)))
    assert read(log) == blocks[::2]
    assert [it for it, _ in log.read("door", T0 + 61.0, T0 + 89.0)] == [blocks[5]]
    assert log.begins() == T0
    assert read(log, "gate") == []


def test_the_oldest_file_goes_and_the_whole_stays_bounded(tmp_path: Path) -> None:
    log = VerdictLog(tmp_path, most=20_000, segment=4_000)
    blocks = [block(n * 30.0, [(1.0, Reason.QUIET, 0.01 * n)]) for n in range(400)]
    for one in blocks:
        log.append(pack(one))
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 20_000
    kept = read(log)
    assert kept == blocks[-len(kept) :]
    assert len(kept) > 50
    assert log.begins() == kept[0].begin


def test_who_reads_on_gets_what_is_new(tmp_path: Path) -> None:
    log = VerdictLog(tmp_path, segment=300)
    cursor = Cursor()
    for n in range(20):
        log.append(pack(block(n * 30.0)))
        found = list(log.read("yard", *ALL, cursor))
        assert [it for it, _ in found] == [block(n * 30.0)]
        cursor = found[-1][1]


def test_a_torn_end_costs_nothing_that_comes_later(tmp_path: Path) -> None:
    VerdictLog(tmp_path).append(pack(block(0.0)) + pack(block(30.0))[:-7])
    log = VerdictLog(tmp_path)
    log.append(pack(block(60.0)))
    assert read(log) == [block(0.0), block(60.0)]


def test_a_disk_that_gets_full_in_the_middle_leaves_whole_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = VerdictLog(tmp_path)
    log.append(pack(block(0.0)))
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    real, calls = os.write, [20, 0]

    def full(descriptor: int, data: bytes) -> int:
        room = calls.pop(0)
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:room])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.append(pack(block(30.0)))
    monkeypatch.undo()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == size
    log.append(pack(block(60.0)))
    assert read(log) == [block(0.0), block(60.0)]


def test_odd_neighbours_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "0000000001.log").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "0000000000.log")
    (tmp_path / "0000000002.log").mkdir()
    log = VerdictLog(tmp_path)
    assert read(log) == []
    with pytest.raises(OSError):  # noqa: PT011  whatever the system calls it
        log.append(pack(block(0.0)))
    assert (tmp_path / "notes.txt").read_text() == "mine"
