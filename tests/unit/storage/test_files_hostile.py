"""The store's folder as somebody else may have left it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.storage.filesystem.files import NotAFile, read_whole
from agent.storage.store.identity import refused_by


@pytest.mark.parametrize("name", ["pipe", "folder", "link"])
def test_what_is_no_file_is_not_read_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match=name):
            read_whole(folder, name)
    finally:
        os.close(folder)


def test_what_has_the_name_of_a_file_is_to_be_moved_away(tmp_path: Path) -> None:
    """Not called a fault of the file system."""
    (tmp_path / "events.jsonl").mkdir()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(NotAFile) as caught:
            read_whole(folder, "events.jsonl")
    finally:
        os.close(folder)
    refused = refused_by(caught.value, "/store", "events.jsonl")
    assert str(refused) == "/store: is no regular file (events.jsonl)"
    assert refused.helps == "move it away"
