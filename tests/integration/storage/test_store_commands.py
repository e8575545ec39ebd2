"""`verify`, `purge --dry-run` and `adopt-store` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import run_command
from agent.core.store_names import IDENTITY
from agent.storage.store.identity import remembered


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a store and a state folder."""
    (tmp_path / "store").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(
        f"agent: {{id: pi, state_dir: {tmp_path / 'state'}, trust_clock: always}}\n"
        f"store: {{path: {tmp_path / 'store'}, keep_free: 0}}\n"
        "cameras: {yard: {source: 'hk://192.0.2.1'}}\n"
    )
    return path


def old_file(store: Path) -> Path:
    path = store / "yard/2020-01-01/2020-01-01.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 100)
    return path


def test_an_adopted_store_is_remembered(config: Path, tmp_path: Path) -> None:
    assert run_command(["adopt-store", "--config", str(config)]) == 0
    identity = json.loads((tmp_path / "store" / IDENTITY).read_text())
    assert identity["agent"] == "pi"
    assert remembered(tmp_path / "state", str(tmp_path / "store")) == identity["uuid"]


def test_another_folder_is_adopted_but_not_taken_for_ours(config: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert run_command(["adopt-store", str(tmp_path / "other"), "--config", str(config)]) == 0
    assert (tmp_path / "other" / IDENTITY).exists()
    assert remembered(tmp_path / "state", str(tmp_path / "store")) is None


def test_verify_tells_good_from_bad_by_its_exit_code(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["adopt-store", "--config", str(config)]) == 0
    assert run_command(["verify", str(tmp_path / "store")]) == 0
    (tmp_path / "store" / "holiday.jpg").write_bytes(b"x")
    assert run_command(["verify", str(tmp_path / "store")]) == 1
    assert "foreign: holiday.jpg" in capsys.readouterr().out
    assert run_command(["verify", str(tmp_path / "none")]) == 2


def test_a_dry_run_deletes_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["adopt-store", "--config", str(config)]) == 0
    old, new = old_file(tmp_path / "store"), tmp_path / "store/yard/2020-02-01/2020-02-01.mp4"
    new.parent.mkdir()
    new.write_bytes(b"y")
    assert run_command(["purge", "--dry-run", "--config", str(config)]) == 0
    assert old.exists()
    assert "implausibly far" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run_command(["purge", "--config", str(config)])


def test_a_dry_run_does_not_send_to_adopt_what_the_agent_adopts_itself(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said() -> str:
        assert run_command(["purge", "--dry-run", "--config", str(config)]) == 2
        return capsys.readouterr().err

    assert "the agent makes it its store at its start" in said()
    config.write_text(config.read_text().replace("keep_free: 0", "keep_free: 0, adopt: manual"))
    assert "is empty, and store.adopt is manual: run" in said()


def test_a_store_that_is_not_ours_is_no_matter_of_a_dry_run(config: Path, tmp_path: Path) -> None:
    old_file(tmp_path / "store")
    assert run_command(["purge", "--dry-run", "--config", str(config)]) == 2


def test_a_camera_that_is_nowhere_cannot_be_taken(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["adopt-store", "--config", str(config), "--take", "front_dor"]) == 2
    assert "--take front_dor: there is no such camera" in capsys.readouterr().err
