"""Small files: whole or not at all, never over another one."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.errors import StoreUnavailable
from agent.core.retention import StoredFile
from agent.storage.day.manifest import Manifest
from agent.storage.filesystem.files import (
    append_line,
    make_folders,
    open_data_file,
    read_whole,
    write_new,
)
from agent.storage.store.purge import remove
from agent.storage.store.purge_report import Purged
from agent.storage.store.stored_files import stored_files
from tests.support.waiting import wait_until

DAY = "front/2026-11-10"
EVENT = "081501_01JD9Z3V5X8Q2M4N6P7R9S0T1W"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def put(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def listed(fd: int) -> dict[str, StoredFile]:
    return {file.path: file for file in stored_files(fd, lambda: None, lambda _: None, Purged())}


def test_a_name_that_is_taken_gets_a_number(folder: int, tmp_path: Path) -> None:
    names = [write_new(folder, "023000.jpg", data) for data in (b"one", b"two", b"three")]
    assert names == ["023000.jpg", "023000_2.jpg", "023000_3.jpg"]
    assert [(tmp_path / name).read_bytes() for name in names] == [b"one", b"two", b"three"]
    assert len(list(tmp_path.iterdir())) == 3


def test_the_same_file_again_changes_nothing(folder: int, tmp_path: Path) -> None:
    for data in (b"one", b"two", b"two", b"one"):
        write_new(folder, "023000.jpg", data)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["023000.jpg", "023000_2.jpg"]


def test_a_broken_attempt_is_replaced(folder: int, tmp_path: Path) -> None:
    (tmp_path / ".a.jpg.part").write_bytes(b"much longer than the right one")
    write_new(folder, "a.jpg", b"right")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]
    assert (tmp_path / "a.jpg").read_bytes() == b"right"


def test_folders_are_made_below_and_links_are_not_followed(folder: int, tmp_path: Path) -> None:
    os.close(make_folders(folder, "front/2026-11-22"))
    os.close(make_folders(folder, "front/2026-11-22"))
    assert (tmp_path / "front/2026-11-22").is_dir()
    (tmp_path / "back").symlink_to(tmp_path / "front")
    with pytest.raises(StoreUnavailable, match=r"back \(back.* move it away"):
        make_folders(folder, "back/2026-11-22")


def test_a_line_after_a_torn_one_stands_for_itself(folder: int, tmp_path: Path) -> None:
    append_line(folder, "log", b"one")
    with (tmp_path / "log").open("ab") as file:
        file.write(b"tor")
    append_line(folder, "log", b"two")
    assert (tmp_path / "log").read_bytes() == b"one\ntor\ntwo\n"


def test_the_manifest_counts_its_lines_also_after_a_restart(folder: int, tmp_path: Path) -> None:
    manifest = Manifest(folder)
    assert manifest.append({"id": "A"})["seq"] == 1
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"v":1,"id":"B","se')
    again = Manifest(folder)
    assert again.find("B") is None
    assert again.append({"id": "B", "frames": 3})["seq"] == 2
    found = Manifest(folder).find("B")
    assert found is not None
    assert found["frames"] == 3
    whole = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()[::2]]
    assert [entry["id"] for entry in whole] == ["A", "B"]


def test_only_our_files_are_listed(folder: int, tmp_path: Path) -> None:
    ours = [
        put(tmp_path / DAY / "2026-11-10.mp4"),
        put(tmp_path / DAY / "events.jsonl"),
        put(tmp_path / DAY / "events" / f"{EVENT}.mp4"),
        put(tmp_path / DAY / "events" / f".{EVENT}.mp4.part"),
        put(tmp_path / DAY / "monitoring" / "081501.jpg"),
    ]
    put(tmp_path / DAY / "notes.txt")
    put(tmp_path / DAY / "events" / "mine.mp4")
    put(tmp_path / "front" / "old" / "2026-11-10.mp4")
    put(tmp_path / "Front Door" / "2026-11-10" / "2026-11-10.mp4")
    put(tmp_path / "2026-11-10.mp4")
    assert set(listed(folder)) == {str(path.relative_to(tmp_path)) for path in ours}


def test_links_are_neither_listed_nor_followed(folder: int, tmp_path: Path) -> None:
    real = put(tmp_path / "elsewhere" / "2026-11-10" / "2026-11-10.mp4")
    (tmp_path / "front").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "2026-11-10").symlink_to(real.parent)
    put(tmp_path / "side" / "2026-11-10" / "events.jsonl").unlink()
    (tmp_path / "side" / "2026-11-10" / "2026-11-10.mp4").symlink_to(real)
    assert set(listed(folder)) == {"elsewhere/2026-11-10/2026-11-10.mp4"}
    linked = StoredFile(listed(folder).popitem()[1].day, "side/2026-11-10/2026-11-10.mp4", 1)
    assert not remove(folder, linked)
    assert real.exists()


def test_removing_the_last_file_removes_the_days_folder(folder: int, tmp_path: Path) -> None:
    put(tmp_path / DAY / "2026-11-10.mp4")
    put(tmp_path / DAY / "events" / f"{EVENT}.mp4")
    for file in listed(folder).values():
        assert remove(folder, file)
    assert [path.name for path in tmp_path.rglob("*")] == ["front"]


def test_what_is_not_ours_keeps_its_folder(folder: int, tmp_path: Path) -> None:
    put(tmp_path / DAY / "2026-11-10.mp4")
    kept = put(tmp_path / DAY / "notes.txt")
    for file in listed(folder).values():
        remove(folder, file)
        assert not remove(folder, file)
    assert kept.exists()


def cached(fd: int, at: int) -> bool:
    """Whether a byte of an open file would be read from memory."""
    try:
        return os.preadv(fd, [bytearray(1)], at, os.RWF_NOWAIT) == 1
    except BlockingIOError:
        return False
    except OSError as error:
        pytest.skip(f"this file system does not tell: {error}")


def test_what_is_read_back_comes_from_the_medium_to_the_last_byte(folder: int) -> None:
    file = open_data_file(folder, "day")
    file.write(b"x" * 100, 0)
    file.sync()
    if not cached(file._fd, 50):
        pytest.skip("this file system keeps nothing in memory")

    def gone() -> bool:
        """The kernel keeps a page that is still being written, or read by another process."""
        file.forget_cached(10, 80)
        return not cached(file._fd, 50)

    wait_until("it is forgotten", gone)
    file.close()


def test_a_small_file_is_read_without_a_large_buffer(folder: int, tmp_path: Path) -> None:
    put(tmp_path / "events.jsonl", "{}\n")
    tracemalloc.start()
    try:
        assert read_whole(folder, "events.jsonl") == b"{}\n"
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
