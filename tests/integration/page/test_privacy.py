"""The page of a camera in privacy mode: a grey card on every road to a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.messages import Shown
from agent.core.snooze_clock import begun as snoozed
from agent.core.state import AgentNow, CameraSetup
from agent.imaging.card import privacy_jpeg
from schemas.commands import Snooze
from schemas.settings import CameraSettings
from tests.support.engine import NOW, begun
from tests.support.jpegs import jpeg
from tests.support.page_rig import page
from tests.support.waiting import wait_until


def private() -> AgentNow:
    return begun(CameraSetup("yard", CameraSettings(privacy=True)))


@pytest.mark.parametrize("path", ["picture", "picture?overlay=1", "picture?after=0.1", "last"])
def test_every_picture_is_the_card_also_before_vision_knows(tmp_path: Path, path: str) -> None:
    with page(tmp_path, state=private()) as rig:
        rig.view.put(Shown(1.0, jpeg(), jpeg()))  # what vision made a moment before
        said = rig.friend().get(f"/api/cameras/yard/{path}")
        assert said.status == 200
        assert said.body == privacy_jpeg()
        assert float(said.headers["X-Picture-Age"]) < 60


def test_the_state_says_private_snoozed_and_nothing_of_a_problem(tmp_path: Path) -> None:
    state = private()
    yard = replace(state.cameras["yard"], snooze=snoozed(30, NOW.at, NOW.utc, sure=True))
    with page(tmp_path, state=state.with_camera(yard)) as rig:
        (camera,) = rig.friend().get("/api/state").json()["cameras"]
        assert (camera["state"], camera["private"], camera["problems"]) == ("private", True, {})
        assert camera["snoozed_until"] == "2026-11-22T08:30:00.000+00:00"


def test_a_snooze_of_the_page_is_a_command(tmp_path: Path) -> None:
    with page(tmp_path) as rig:
        friend = rig.friend()
        assert friend.post("/api/cameras/yard/snooze", {"minutes": 1441}).status == 422
        assert rig.orders == []
        friend.post("/api/cameras/yard/snooze", {"minutes": 30})
        wait_until("the order", lambda: rig.orders)
        (order,) = rig.orders
        assert getattr(order, "command", None) == Snooze(camera="yard", minutes=30)
