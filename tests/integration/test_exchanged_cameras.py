"""A camera that is exchanged in the running agent, and what is wanted in that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.config.loader import Loaded
from agent.core.messages import CameraCode, Parsed
from agent.runtime.clock import SystemClock
from agent.service.aiming import Applied, Fitted
from agent.service.app import App
from schemas.commands import Command, Propose, ReplyTo, SetSetting
from schemas.config import Config
from schemas.page import Aim, StoredAim
from tests.support.waiting import wait_until


def loaded(folder: Path, **camera: Any) -> Loaded:  # noqa: ANN401
    config = {
        "mqtt": {"host": "127.0.0.1", "port": 1},
        "store": {"path": str(folder / "store")},
        "cameras": {"yard": {"source": "demo:", **camera}},
    }
    return Loaded(Config.model_validate(config), None, {})


def wants(app: App, command: Command, noun: str) -> None:
    """A command waits when the exchange begins."""
    reply = ReplyTo(noun=noun, camera="yard")
    app._inbox.put(Parsed(command, reply, SystemClock().monotonic()))


def test_privacy_mode_that_is_wanted_meanwhile_lets_the_new_camera_open_no_session(
    tmp_path: Path,
) -> None:
    app = App(loaded(tmp_path), tmp_path)
    wants(app, SetSetting(camera="yard", name="privacy", value=True), "privacy")
    new = loaded(tmp_path, clear_delay_seconds=3)
    app._take_over(Applied(new, new))

    def told() -> CameraCode | None:
        app._drain()
        link = app._state.cameras["yard"].link
        return link.code if link else None

    try:
        wait_until("the camera's thread says it", lambda: told() is CameraCode.PRIVATE)
        source = app._cameras["yard"].source
        assert source is not None
        assert source.stats.sessions == 0
    finally:
        app._shut_down()


def test_a_proposal_that_is_wanted_meanwhile_is_made_for_what_was_drawn_last(
    tmp_path: Path,
) -> None:
    app = App(loaded(tmp_path), tmp_path)
    wants(app, Propose(camera="yard"), "propose")
    new = loaded(tmp_path, clear_delay_seconds=3)
    aim = Aim.model_validate({"privacy": [[[0.0, 0.0], [0.2, 0.0], [0.2, 0.2]]]})
    stored = StoredAim(aim=aim, since=SystemClock().utc())
    fitted = Fitted(stored, new.config.cameras["yard"], aim)
    try:
        app._take_over(Applied(new, new, {"yard": fitted}))
        assert app._parts.proposals is not None
        made = app._parts.proposals.tasks.get()
        assert made is not None
        assert made.task["variant"]["aim"] == aim.model_dump(mode="json")
    finally:
        app._shut_down()
