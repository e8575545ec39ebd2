"""The re-offer's page in a real browser: the overlay of a running agent is seen."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.imaging.overlay import IGNORE, LOOK
from tests.support.agent_process import House
from tests.support.broker import free_port

DOOR = [[0.55, 0.25], [0.95, 0.25], [0.95, 0.95], [0.55, 0.95]]
TREE = [[0.05, 0.05], [0.4, 0.05], [0.4, 0.35], [0.05, 0.35]]


def test_a_browser_shows_the_live_overlay(house: House, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed")
    zones = {"door": {"polygon": DOOR}, "tree": {"polygon": TREE, "mode": "ignore"}}
    port = free_port()
    house.config["cameras"] = {"yard": {"source": "demo:", "zones": zones}}
    house.config["reoffer"] = {"port": port}
    agent = house.agent()
    agent.wait_for_line("yard: live")
    shot = tmp_path / "page.png"
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=760,700"]
    words += ["--timeout=4000", f"--screenshot={shot}", f"--user-data-dir={tmp_path / 'browser'}"]
    command = [browser, *words, f"http://127.0.0.1:{port}/"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    page = cv2.imread(str(shot))
    assert page is not None
    for colour in (LOOK, IGNORE):
        near = np.abs(page.astype(int) - colour).max(axis=2) < 16
        assert np.count_nonzero(near) > 500, "the outline of a zone"
    assert agent.stop() == 0
    assert "Traceback" not in agent.log
