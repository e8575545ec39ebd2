"""One camera's thread hangs in a call for good: the other cameras go on, and so does the agent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from agent.imaging.card import privacy_jpeg
from tests.e2e.test_reload import reload
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House
from tests.support.scene import jpeg_of
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

LAUNCHER = Path(__file__).parents[1] / "support" / "hanging_call.py"


def test_a_camera_whose_thread_hangs_gets_another_one(house: House, ear: Ear) -> None:
    def last(topic: str) -> dict[str, Any]:
        return dict(json.loads((ear.payloads(topic) or [b"{}"])[-1]))

    picture = jpeg_of(None, (240, 320))
    with WebCamera(lambda _n: picture, fps=5) as door, WebCamera(lambda _n: picture, fps=5) as yard:
        house.config["cameras"] = {
            "door": {"source": door.url(user="hangs:x")},
            "yard": {"source": yard.url()},
        }
        house.before = [sys.executable, str(LAUNCHER), "replaced"]
        agent = house.agent()
        agent.wait_for_line("worker door.camera: no sign of life .* another one is started")
        agent.wait_for_line("door: live")
        wait_until("it is counted", lambda: last(TOPICS.health).get("restarts"))
        told = last(TOPICS.health)
        assert told["restarts"] == {"door.camera": 1}
        assert "door.camera_hung" in told["problems"]
        assert "another one does the work" in told["reasons"]["door.camera_hung"]
        assert agent.log.count("yard: live") == 1
        assert yard.requests == 1
        assert agent.stop() == 0


def test_commands_that_come_while_a_camera_is_being_ended_are_obeyed(
    house: House, ear: Ear
) -> None:
    picture = jpeg_of(None, (240, 320))
    with WebCamera(lambda _n: picture, fps=5) as door, WebCamera(lambda _n: picture, fps=5) as yard:
        house.config["cameras"] = {
            "door": {"source": door.url(user="hangs:x")},
            "yard": {"source": yard.url()},
        }
        house.before = [sys.executable, str(LAUNCHER), "left alone"]
        agent = house.agent()
        agent.wait_for_line("yard: live")
        del house.config["cameras"]["door"]
        house.config["cameras"]["yard"]["name"] = "Back yard"
        reload(house, agent)
        agent.wait_for_line("configuration: read again")  # the end of the door takes its time
        ear.say(YARD.setting_set("privacy"), "ON")
        ear.say(TOPICS.request("self_test"), '{"camera": "door"}')
        answer = json.loads(ear.wait_for(TOPICS.response("self_test")).payload)
        assert "there is no camera 'door'" in json.dumps(answer), "it was for the cameras that come"
        agent.wait_for_line("still busy, left alone: door.camera")
        private = lambda: json.loads(ear.payloads(YARD.health)[-1])["state"] == "private"  # noqa: E731
        wait_until("it is private", private)
        wait_until("the card", lambda: ear.payloads(YARD.snapshot)[-1:] == [privacy_jpeg()])
        wait_until("no session", lambda: yard.viewers == 0)
        assert agent.stop() == 0
        assert "Traceback" not in agent.log
