"""A wish for a self test in the state folder: whatever lies there, nothing is raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.self_test.request_file import NAME, Wanted, want, wanted, withdraw


@pytest.mark.parametrize("camera", [None, "yard"])
def test_a_wish_is_read_until_it_is_taken_away(tmp_path: Path, camera: str | None) -> None:
    assert wanted(tmp_path) is None
    want(tmp_path, camera)
    assert wanted(tmp_path) == wanted(tmp_path) == Wanted(camera)
    withdraw(tmp_path)
    withdraw(tmp_path)
    assert wanted(tmp_path) is None


def test_root_gives_away_no_file_to_which_the_agent_made_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is the agent's: a hostile one puts a link in the place of a wish of root."""
    target = tmp_path / "target"

    def linked(path: Path, *_: object, **_rest: object) -> None:
        path.symlink_to(target)

    monkeypatch.setattr("agent.self_test.request_file.write_atomic", linked)
    want(tmp_path, None)  # to follow the link is FileNotFoundError here

    assert (tmp_path / NAME).is_symlink()


@pytest.mark.parametrize("content", [b"", b"[]", b"7", b'{"a": 1}', b"{" * 5000, b"[" * 4000])
def test_what_is_no_wish_is_taken_away(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert wanted(tmp_path) is None
    assert not (tmp_path / NAME).exists()


def test_a_wish_that_is_a_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert wanted(tmp_path) is None
