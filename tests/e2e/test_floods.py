"""Many commands at once: the last word counts, also where it comes while others are carried out."""

from __future__ import annotations

import json
from typing import Any

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House
from tests.support.scene import jpeg_of, places
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

#: What the agent promises to read in a row of one topic is 200.
MANY = 190


def test_a_slider_moved_to_and_fro_delays_no_other_order(house: House, ear: Ear) -> None:
    # two pictures a second: vision looks for orders that seldom
    with WebCamera(lambda number: jpeg_of(places(number), (480, 640)), fps=2) as camera:
        house.config["cameras"]["yard"] = {"source": camera.url()}
        agent = house.agent()
        wait_until("live", lambda: said(ear, YARD.health).get("state") == "live")
        for number in range(MANY):
            ear.post(YARD.setting_set("pixel_threshold"), str(1 + number))
        ear.post(YARD.setting_set("publish_scores"), "ON")
        wait_until(
            "it is in force", lambda: b"ON" in ear.payloads(YARD.setting_state("publish_scores"))
        )
        wait_until("vision has it, too", lambda: ear.payloads(YARD.score))
        ear.say(TOPICS.request("status"), "{}")
        status = json.loads(ear.wait_for(TOPICS.response("status")).payload)["data"]
        assert len(ear.payloads(YARD.response("pixel_threshold"))) == MANY
        assert [name for name, box in status["mailboxes"].items() if box["dropped"]] == []
        assert agent.stop() == 0


def said(ear: Ear, topic: str) -> dict[str, Any]:
    heard = ear.payloads(topic)
    found: dict[str, Any] = json.loads(heard[-1]) if heard else {}
    return found
