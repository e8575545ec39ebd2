"""The store's folder as somebody else may have left it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.storage.files import read_whole


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
