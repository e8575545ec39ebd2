"""The re-offer's page in a real browser: the overlay of a running agent is seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.imaging.overlay import IGNORE, LOOK
from tests.support.agent_process import House
from tests.support.broker import free_port
from tests.support.browser import browsing, program
from tests.support.waiting import wait_until

DOOR = [[0.55, 0.25], [0.95, 0.25], [0.95, 0.95], [0.55, 0.95]]
TREE = [[0.05, 0.05], [0.4, 0.05], [0.4, 0.35], [0.05, 0.35]]


def outlined(page: npt.NDArray[Any], colour: tuple[int, int, int]) -> bool:
    """The outline of a zone is in the picture."""
    near = np.abs(page.astype(int) - colour).max(axis=2) < 16
    return bool(np.count_nonzero(near) > 500)


def test_a_browser_shows_the_live_overlay(house: House, tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("chromium is not installed")
    zones = {"door": {"polygon": DOOR}, "tree": {"polygon": TREE, "mode": "ignore"}}
    port = free_port()
    house.config["cameras"] = {"yard": {"source": "demo:", "zones": zones}}
    house.config["reoffer"] = {"port": port}
    agent = house.agent()
    agent.wait_for_line("yard: live")
    shot = tmp_path / "page.png"
    with browsing(tmp_path / "browser") as browser:
        browser.size(760, 700)
        browser.begin(f"http://127.0.0.1:{port}/")

        def both() -> bool:
            """Its pictures never end to load: it is looked at again and again."""
            browser.shot(shot)
            page = cv2.imread(str(shot))
            return page is not None and all(outlined(page, colour) for colour in (LOOK, IGNORE))

        wait_until("the outline of both zones", both)
    assert agent.stop() == 0
    assert "Traceback" not in agent.log
