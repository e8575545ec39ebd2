"""A camera's sound is measured: its level in health, an event when it is loud."""

from __future__ import annotations

import json

import pytest

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.rtsp_camera_process import RtspCamera
from tests.support.waiting import wait_until


@pytest.mark.parametrize("two_streams", [False, True])
def test_a_bang_is_told_with_what_decided(house: House, ear: Ear, *, two_streams: bool) -> None:
    with RtspCamera("viewer", "pw-123") as camera:
        source, loud = camera.url("/h264"), camera.url("/sound")
        streams = {"source": source, "record_source": loud} if two_streams else {"source": loud}
        house.config["cameras"]["yard"] = {**streams, "audio": {"level": True}}
        agent = house.agent(SURVEILLANCE_LOG_LEVEL="DEBUG")
        agent.wait_for_line("yard: live")
        camera.say("hush")

        def quiet() -> bool:
            camera.say("hush")  # also where the stream began after the first one
            healths = ear.payloads(YARD.health)
            said = json.loads(healths[-1]) if healths else {}
            return (said.get("sound_background_dbfs") or 0.0) < -50.0

        wait_until("the background is known", quiet)
        camera.say("bang")
        (told, *_) = wait_until("an event", lambda: ear.payloads(YARD.event_sound))
        agent.stop()
    event = json.loads(told)
    assert event["event_type"] == "sound_heard"
    assert event["level"] > -10
    assert event["explanation"]["background"] < -20
    assert "above the background" in event["explanation"]["text"]
