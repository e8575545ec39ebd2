"""Commands find the agent that they are about, or say in one line what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import cli
from agent.config.loader import PREFIX
from agent.demo.run import CAMERA, STATE
from agent.demo.which_agent import which_agent


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(f"{PREFIX}CONFIG", raising=False)
    places = (Path("config.yaml"), tmp_path / "etc" / "config.yaml")
    monkeypatch.setattr("agent.config.loader.DEFAULT_PLACES", places)
    monkeypatch.setattr("agent.demo.which_agent.DEFAULT_PLACES", places)


def test_beside_a_demo_it_is_the_demo(tmp_path: Path) -> None:
    STATE.mkdir()
    loaded, folder = which_agent(None, {})
    assert list(loaded.config.cameras) == [CAMERA]
    assert folder == tmp_path / STATE
    assert list(folder.iterdir()) == []


def test_a_configuration_goes_before_the_demo(tmp_path: Path) -> None:
    STATE.mkdir()
    text = f"agent: {{state_dir: {tmp_path}/own}}\ncameras: {{yard: {{source: 'demo:'}}}}\n"
    Path("config.yaml").write_text(text, encoding="utf-8")
    loaded, folder = which_agent(None, {})
    assert (list(loaded.config.cameras), folder) == (["yard"], tmp_path / "own")
    assert not folder.exists()


@pytest.mark.parametrize(
    "line", [["health"], ["explain", "yard", "14:03"], ["self-test"], ["propose", "yard"]]
)
def test_elsewhere_it_says_where_it_looked_and_what_to_type(
    line: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run_command(line) == cli.EXIT_CONFIG
    words = capsys.readouterr().err
    assert "no agent is known here" in words
    assert str(tmp_path) in words
    assert "--config FILE" in words
