"""Many commands at once: the last word counts, also where it comes while others are carried out."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House
from tests.support.broker import Broker
from tests.support.needs import need
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


def test_each_command_of_mosquitto_pub_has_its_answer(
    house: House, ear: Ear, broker: Broker
) -> None:
    """A hundred in a row with each QoS, half of them to no camera that exists; and retained."""
    house.config["cameras"] = {"yard": {"source": "demo:"}}
    agent = house.agent()
    wait_until("live", lambda: said(ear, YARD.health).get("state") == "live")
    requests = "settings", "record", "overlay"  # each topic has its own limit
    for qos, request in enumerate(requests):
        orders = [
            {"camera": camera, "transaction": f"{request}-{number}-{camera}"}
            | ({"values": {"armed": number % 4 > 0}} if request == "settings" else {})
            for number in range(50)
            for camera in ("yard", "nowhere")
        ]
        publish(broker, TOPICS.request(request), qos, *map(json.dumps, orders))
        wanted = {str(order["transaction"]) for order in orders}
        answered(ear, wanted)
        codes = {answers(ear)[it].get("code") for it in wanted if it.endswith("nowhere")}
        assert codes == {"invalid_payload"}
        old = json.dumps(orders[0] | {"transaction": f"old-{qos}"})
        publish(broker, TOPICS.request(request), qos, old, "-r")
        answered(ear, {f"old-{qos}"})
        assert answers(ear)[f"old-{qos}"]["code"] == "retained_command"
    assert agent.stop() == 0


def publish(broker: Broker, topic: str, qos: int, *payloads: str) -> None:
    """Each payload as a message; `-r` as the last one: retained."""
    program = shutil.which("mosquitto_pub")
    need("" if program else "mosquitto_pub is missing")
    retained = [it for it in payloads if it == "-r"]
    lines = "".join(f"{it}\n" for it in payloads if it != "-r")
    where = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", str(qos), "-t", topic, "-l"]
    subprocess.run([str(program), *where, *retained], input=lines, text=True, check=True)


def answered(ear: Ear, transactions: set[str]) -> None:
    wait_until("all answers", lambda: transactions <= {*answers(ear)})


def answers(ear: Ear) -> dict[str, dict[str, Any]]:
    """The errors of all answers, by their transactions; empty where there is none."""
    told = [json.loads(it.payload) for it in list(ear.heard) if "/response/" in it.topic]
    return {str(it["transaction"]): it.get("error") or {} for it in told}


def said(ear: Ear, topic: str) -> dict[str, Any]:
    heard = ear.payloads(topic)
    found: dict[str, Any] = json.loads(heard[-1]) if heard else {}
    return found
