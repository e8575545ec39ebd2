"""A file of ours is read whole or not at all, whatever has its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.runtime.atomic import write_atomic
from agent.runtime.discovery_file import load_discovery, save_discovery
from agent.runtime.health_file import read_health
from agent.runtime.settings_file import load_settings, save_settings
from agent.runtime.small_files import read_small
from agent.storage.spool.final_results import _read
from agent.storage.store.claims import known_identity
from agent.storage.store.clock_file import misdated_of
from agent.storage.store.identity import remembered
from schemas.settings import StoredSettings


def large(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 << 30)


#: What is no small file; each of the first two kept a reader for ever.
STRANGE: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "large": large,
    "deep": lambda path: path.write_bytes(b"[" * 200_000),
    "number": lambda path: path.write_bytes(b'{"a":' + b"9" * 100_000 + b"}"),
}


def test_a_file_is_read_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to("file")
    assert read_small(tmp_path / "link") == b"x" * 100
    assert read_small(tmp_path / "file", 100) == b"x" * 100
    with pytest.raises(OSError, match="more than 99 bytes"):
        read_small(tmp_path / "file", 99)
    with pytest.raises(FileNotFoundError):
        read_small(tmp_path / "nothing")


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_small_file_is_as_none(kind: str, tmp_path: Path) -> None:
    for name in ("settings", "discovery", "clock", "health", "store", "identity", "words"):
        STRANGE[kind](tmp_path / f"{name}.json")
    assert load_settings(tmp_path) == StoredSettings()
    assert load_discovery(tmp_path) == ({}, {})
    assert misdated_of(tmp_path) == ()
    assert not read_health(tmp_path)[0]
    assert remembered(tmp_path, "/mnt") is None
    assert known_identity(tmp_path) is None
    assert not _read(tmp_path / "words.json")


@pytest.mark.parametrize("kind", ["pipe", "endless", "large"])
def test_a_strange_file_is_replaced_by_what_is_saved(kind: str, tmp_path: Path) -> None:
    for name in ("settings.json", ".settings.json.part", "discovery.json", ".discovery.json.part"):
        STRANGE[kind](tmp_path / name)
    assert save_settings(tmp_path, StoredSettings())
    save_discovery(tmp_path, {"a": {"cmps": {}}}, {})
    assert load_settings(tmp_path) == StoredSettings()
    assert load_discovery(tmp_path) == ({"a": {"cmps": {}}}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["discovery.json", "settings.json"]


def test_nothing_is_written_where_a_link_leads(tmp_path: Path) -> None:
    other = tmp_path / "somebodys"
    other.write_bytes(b"theirs")
    (tmp_path / ".file.part").symlink_to(other)
    write_atomic(tmp_path / "file", b"ours")
    assert (other.read_bytes(), (tmp_path / "file").read_bytes()) == (b"theirs", b"ours")


def test_what_is_lasting_has_its_name_lasting_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is synced after the file has its name; where nobody needs it nothing is."""
    synced: list[tuple[str, bytes | None]] = []
    whole = os.fsync
    file = tmp_path / "file"

    def noted(descriptor: int) -> None:
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        synced.append((path, file.read_bytes() if file.exists() else None))
        whole(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    write_atomic(file, b"new", sync=False)
    assert not synced
    file.unlink()
    write_atomic(file, b"new")
    assert synced == [(str(tmp_path / ".file.part"), None), (str(tmp_path), b"new")]
