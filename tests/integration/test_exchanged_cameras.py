"""A camera that is exchanged in the running agent, and what is wanted in that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.config.loader import Loaded
from agent.core.messages import CameraCode, Parsed
from agent.runtime.clock import SystemClock
from agent.service.app import App
from schemas.commands import ReplyTo, SetSetting
from schemas.config import Config
from tests.support.waiting import wait_until


def loaded(**camera: Any) -> Loaded:  # noqa: ANN401
    broker = {"host": "127.0.0.1", "port": 1}
    cameras = {"yard": {"source": "demo:", **camera}}
    return Loaded(Config.model_validate({"mqtt": broker, "cameras": cameras}), None, {})


def test_privacy_mode_that_is_wanted_meanwhile_lets_the_new_camera_open_no_session(
    tmp_path: Path,
) -> None:
    app = App(loaded(), tmp_path)
    private = SetSetting(camera="yard", name="privacy", value=True)
    reply = ReplyTo(noun="privacy", camera="yard")
    app._inbox.put(Parsed(private, reply, SystemClock().monotonic()))
    app._take_over(loaded(clear_delay_seconds=3))

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
