"""Who may read and write what is in the store: `store.file_mode`, with the real child process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.store_names import FileKind
from agent.runtime import umask
from agent.runtime.umask import give_back, keep_private, umask_of
from tests.support.stored_events import NAMES, events, file, run


@pytest.fixture(autouse=True)
def _own_umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(umask, "_given", None)
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("mode", "given", "files", "folders"),
    [
        ("private", 0o022, 0o640, 0o750),
        ("private", 0o077, 0o600, 0o700),
        ("group", 0o022, 0o660, 0o770),
        ("group", 0o077, 0o660, 0o770),
        ("umask", 0o002, 0o664, 0o775),
        ("umask", 0o022, 0o644, 0o755),
        ("umask", 0o077, 0o600, 0o700),
    ],
)
def test_files_and_folders_have_the_rights_that_were_chosen(
    place: Path, mode: str, given: int, files: int, folders: int
) -> None:
    os.umask(given)
    keep_private()
    picture = file(NAMES[0], FileKind.BEST, b"picture")
    run(place, *events(0)[:-1], picture, events(0)[-1], umask=umask_of(mode))
    written = list((place / "store").rglob("*"))
    endings = {path.suffix for path in written if path.is_file()}
    assert endings == {".mp4", ".jpg", ".jsonl", ""}
    assert {path.stat().st_mode & 0o777 for path in written if path.is_file()} == {files}
    assert {path.stat().st_mode & 0o777 for path in written if path.is_dir()} == {folders}


def test_a_folder_that_hands_its_group_on_does_so_to_all_in_it(place: Path) -> None:
    if os.geteuid():
        pytest.skip("only root gives a folder to any group")
    os.chown(place / "store", -1, 4242)
    (place / "store").chmod(0o2770)
    run(place, *events(0), umask=umask_of("group"))
    assert {path.stat().st_gid for path in (place / "store").rglob("*")} == {4242}


def test_a_program_that_takes_our_place_finds_the_operators_umask() -> None:
    os.umask(0o002)
    keep_private()
    keep_private()
    give_back()
    assert os.umask(0o022) == 0o002
