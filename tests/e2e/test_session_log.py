"""Why a session failed can be read in the store, and health says where."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.agent_process import CAMERA, YARD, House
from tests.support.broker import Broker
from tests.support.observer import Observer
from tests.support.waiting import wait_until


@pytest.mark.parametrize("dialect", ["1", "2"])
def test_a_camera_that_falls_silent_leaves_its_last_packets(
    tmp_path: Path, broker: Broker, dialect: str
) -> None:
    with House(tmp_path, broker.port) as house, Observer(broker.port) as observer:
        if dialect == "2":
            house.config["cameras"][CAMERA]["source"] += "?dialect=2&id=5000"
        camera = house.simulate("--dialect", dialect)
        house.agent()
        wait_until("frames", lambda: observer.payloads(YARD.availability)[-1:] == [b"online"])
        camera.signal(signal.SIGSTOP)
        try:
            log = wait_until("health names a log", lambda: named(observer))
        finally:
            camera.signal(signal.SIGCONT)
        file = house.store / log
        wait_until(f"the file {file}", file.is_file)

    assert file.parent.name == "sessions"
    said = [json.loads(line) for line in file.read_text().splitlines()]
    assert any(line.get("sent") == "session start" for line in said)
    assert said[-1]["note"] == "no datagram for 2 s"


def named(observer: Observer) -> str | None:
    """The log that the camera's last health names."""
    health = observer.payloads(YARD.health)
    return json.loads(health[-1])["session_log"] if health else None
