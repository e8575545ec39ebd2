"""A name leads to what is open, or not, or nobody can tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.storage.filesystem.files import Moved
from agent.storage.filesystem.name_check import Held, is_same
from tests.support.waiting import wait_until


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "camera" / "day").mkdir(parents=True)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def day(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "camera" / "day").mkdir(parents=True, exist_ok=True)
    descriptor = os.open(tmp_path / "camera" / "day", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def time_of_new_file(path: Path) -> int:
    path.unlink(missing_ok=True)
    path.touch()
    return path.stat().st_ctime_ns


def test_what_is_in_its_place_is_not_held_against_it(parent: int, day: int) -> None:
    Held(parent, "camera/day", day).check()


@pytest.mark.parametrize("moved", ["camera", "camera/day"])
@pytest.mark.parametrize("instead", ["nothing", "folder", "file", "link"])
def test_what_is_moved_or_replaced_is_named(
    parent: int, day: int, tmp_path: Path, moved: str, instead: str
) -> None:
    held = Held(parent, "camera/day", day)
    (tmp_path / moved).rename(tmp_path / "trash")
    if instead == "folder":
        made = os.fstat(day).st_ctime_ns
        wait_until("a file's clock goes on", lambda: time_of_new_file(tmp_path / "new") > made)
        (tmp_path / "camera" / "day").mkdir(parents=True)
    elif instead == "file":
        (tmp_path / moved).write_bytes(b"")
    elif instead == "link":
        (tmp_path / moved).symlink_to(tmp_path / "trash")
    with pytest.raises(Moved, match="camera/day"):
        held.check()
    if (tmp_path / moved).is_dir() and instead == "folder":
        (tmp_path / "camera" / "day").rmdir()
    elif instead != "nothing":
        (tmp_path / moved).unlink()
    if moved == "camera" and instead == "folder":
        (tmp_path / "camera").rmdir()
    (tmp_path / "trash").rename(tmp_path / moved)
    held.check()


def test_where_numbers_say_nothing_the_name_alone_counts(
    parent: int, day: int, tmp_path: Path
) -> None:
    (tmp_path / "camera" / "other").mkdir()
    held = Held(parent, "camera/other", day)  # as if it had been numbered anew already
    held.check()
    (tmp_path / "camera" / "other").rmdir()
    with pytest.raises(Moved):
        held.check()


def test_an_error_of_the_file_system_proves_no_loss(parent: int, day: int) -> None:
    held = Held(parent, "camera/day", day)
    held._path = "camera/" + "x" * 300  # ENAMETOOLONG stands in for ESTALE
    with pytest.raises(OSError, match="too long"):
        held.check()


def test_another_number_alone_is_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"film")
    about = (tmp_path / "film").stat()
    here = os.stat_result(about, {"st_mtime_ns": 5, "st_ctime_ns": 7})
    other = [about.st_mode, about.st_ino + 1, *about[2:]]
    assert is_same(here, os.stat_result(other, {"st_mtime_ns": 5, "st_ctime_ns": 7}))
    assert not is_same(here, os.stat_result(other, {"st_mtime_ns": 5, "st_ctime_ns": 8}))
    other[6] += 1  # longer
    assert not is_same(here, os.stat_result(other, {"st_mtime_ns": 5, "st_ctime_ns": 7}))
