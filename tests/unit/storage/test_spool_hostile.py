"""The spool's folder as somebody else may have left it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.storage.records import EventOpened, encode
from agent.storage.spool.place import memory_spool
from agent.storage.spool.spool import Spool

STARTED = datetime(2026, 11, 22, 8, 15, 1, tzinfo=UTC)


def test_what_lies_in_the_folder_and_is_no_record_is_left_alone(tmp_path: Path) -> None:
    """A pipe would hang the start, a link lead elsewhere, a number of its own never be sent."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")
    folder = tmp_path / "spool"
    folder.mkdir()
    os.mkfifo(folder / "000000000001.rec")
    (folder / "000000000002.rec").symlink_to(secret)
    (folder / "000000000003.rec").mkdir()
    for name in ("-00000000005.rec", "7.rec", "000000000000.rec", "٠٠٠٠٠٠٠٠٠٠٠٩.rec", "x.rec"):
        (folder / name).write_bytes(encode(EventOpened(camera="front", event="A", started=STARTED)))

    spool = Spool(folder)

    assert spool.depth == 0
    assert spool.after(0) is None
    assert len(list(folder.iterdir())) == 8
    assert secret.read_bytes() == b"x"


def test_a_folder_in_memory_that_another_user_has_made_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.storage.spool.place.MEMORY", tmp_path)
    (tmp_path / "surveillance").mkdir()
    Spool(tmp_path / "surveillance")
    monkeypatch.setattr("os.geteuid", lambda: 12345)

    with pytest.raises(ConfigError, match="another user"):
        Spool(tmp_path / "surveillance")


@pytest.mark.parametrize("squat", ["folder", "file", "link"])
def test_a_squatted_name_in_memory_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, squat: str
) -> None:
    monkeypatch.setattr("agent.storage.spool.place.MEMORY", tmp_path)
    wanted = memory_spool("pi", 1 << 20)[0]
    if squat == "folder":
        wanted.mkdir()
        _give_away(wanted)
    elif squat == "file":
        wanted.write_bytes(b"")
    else:
        (tmp_path / "elsewhere").mkdir()
        wanted.symlink_to(tmp_path / "elsewhere")
    folder = memory_spool("pi", 1 << 20)[0]
    assert folder != wanted
    assert Spool(folder).put(EventOpened(camera="front", event="A", started=STARTED))
    assert memory_spool("pi", 1 << 20)[0] == folder  # the next start finds it again
    assert memory_spool("pi2", 1 << 20)[0].name.endswith("-pi2")
    assert list(tmp_path.glob("elsewhere/*")) == []


def _give_away(folder: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12345, 12345)
