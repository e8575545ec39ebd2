"""`overlay` over a stored picture, and over the live picture of a simulated camera."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
from agent.core.errors import ConfigError
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from agent.tuning import overlay_command
from agent.tuning.overlay_command import add_arguments, run
from tests.support.broker import free_port
from tests.support.waiting import PATIENCE

CONFIG = """\
cameras:
  yard:
    source: "hk://127.0.0.1:{port}"
    detection: {{profile: plain}}
    zones:
      lawn: {{polygon: [[0, 0.4], [1, 0.4], [1, 1], [0, 1]]}}
    privacy: [[[0, 0], [0.3, 0], [0.3, 0.3], [0, 0.3]]]
"""


def overlay(*words: str) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config")
    add_arguments(parser)
    said: list[str] = []
    assert run(parser.parse_args(words), {}, said.append) == 0
    assert len(said) == 1


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(port=5000))
    cv2.imwrite(str(tmp_path / "scene.jpg"), np.full((240, 320, 3), 150, np.uint8))
    return path


def drawn(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None
    return np.asarray(picture)


def test_a_stored_picture_gets_the_overlay(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    overlay("--config", str(config), "--image", str(tmp_path / "scene.jpg"), "-o", str(out))
    picture = drawn(out)
    assert not picture[20:60, 5:80].any()
    assert tuple(picture[160, 160]) == (150, 150, 150)
    assert picture[80, 160].max() < 110


def test_the_live_picture_gets_the_overlay(tmp_path: Path) -> None:
    clock = SystemClock()
    simulator = Simulator(SimulatorOptions(port=0), clock)
    camera = Worker("simulator", simulator.run, clock, lambda *_: None)
    camera.start()
    config, out = tmp_path / "config.yaml", tmp_path / "out.png"
    config.write_text(CONFIG.format(port=simulator.port))
    try:
        overlay("--config", str(config), "-o", str(out))
    finally:
        camera.stop.set()
        camera.join(PATIENCE)
    assert drawn(out).shape == (480, 640, 3)
    assert not drawn(out)[30:130, 10:170].any()


def test_where_no_picture_comes_the_other_ways_to_one_are_named(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay_command, "_PATIENCE", 0.5)
    config.write_text("agent: {id: attic}\n" + CONFIG.format(port=free_port()))
    ways = r"no picture in 0.5 s: .* PRESS on surveillance/attic/yard/overlay/take, .* --image FILE"
    with pytest.raises(ConfigError, match=ways):
        overlay("--config", str(config), "-o", "out.png")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--image", "gone.jpg"], "No such file"),
        (["--image", "config.yaml"], "is no picture"),
        (["--camera", "roof"], "known: yard"),
        (["--image", "scene.jpg", "-o", "missing/out.png"], "No such file"),
    ],
)
def test_mistakes_are_named(
    config: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    with pytest.raises(ConfigError, match=message):
        overlay(
            "--config", "config.yaml", *(["-o", "out.png"] if "-o" not in words else []), *words
        )
