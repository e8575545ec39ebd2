"""Names of events: the real agent, broker and store, and a network that always sees the same."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from agent.classify.labels import COCO
from tests.e2e.test_agent import events, last, wait_event
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import CAMERA, TOPICS, YARD, House
from tests.support.stand_in_network import onnx, truncated, yolox_answer
from tests.support.waiting import wait_until

#: A person all over the square: wherever something moved.
PERSON = onnx(yolox_answer([("person", 0.9, (0, 0, 320, 320))]))


def named(house: House, network: bytes = PERSON) -> None:
    """Gives the agent a network."""
    (house.folder / "own.onnx").write_bytes(network)
    (house.folder / "words").write_text("\n".join(COCO))
    house.config["classify"] = {
        "model": str(house.folder / "own.onnx"),
        "labels": str(house.folder / "words"),
    }


def objects(ear: Ear) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(last(ear, YARD.objects))
    return shown


def ids(ear: Ear, kind: str) -> set[str]:
    """The events that were told of in that way."""
    return {it["id"] for it in events(ear, kind)}


def children(pid: int) -> list[int]:
    """The processes of the classifier below the agent's."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    ours = b"agent.classify.child"
    return [it for it in found if ours in Path(f"/proc/{it}/cmdline").read_bytes()]


def test_an_event_is_named_everywhere_and_nothing_moves_after_its_end(
    house: House, ear: Ear
) -> None:
    named(house)
    house.simulate()
    agent = house.agent()
    agent.wait_for_line("classifier: own is ready")
    # on a busy machine the first ones may be unknown: the network gives way to all else
    ended = wait_until(
        "an event with a name",
        lambda: next((it for it in events(ear, "motion_ended") if it["label"] == "person"), None),
    )
    assert ended["explanation"]["named"]["label"] == "person"
    of_it = [it for it in events(ear, "motion_classified") if it["id"] == ended["id"]]
    told = of_it[-1]
    assert (told["label"], told["sub_label"], told["model"]) == ("person", "person", "own")
    assert round(told["top_score"], 2) == 0.9
    assert ended["id"] in {it["id"] for it in events(ear, "motion_started")}
    wait_until("nothing there", lambda: objects(ear)["present"] == [])
    assert any(b'"present":["person"]' in payload for payload in ear.payloads(YARD.objects))
    saved = wait_until(
        "its clip",
        lambda: next((e for e in events(ear, "recording_saved") if e["id"] == ended["id"]), None),
    )
    day = (house.store / saved["path"]).parent.parent
    lines = [json.loads(line) for line in (day / "events.jsonl").read_text().splitlines()]
    (entry,) = [line for line in lines if line["id"] == ended["id"]]
    assert (entry["label"], entry["sub_label"], entry["model"]) == ("person", "person", "own")
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_a_killed_or_hanging_network_costs_names_only(house: House, ear: Ear) -> None:
    named(house)
    house.simulate()
    agent = house.agent()
    agent.wait_for_line("classifier: own is ready")
    (child,) = children(agent.pid)
    os.kill(child, signal.SIGSTOP)
    named_before = len(events(ear, "motion_classified"))

    def unknown() -> dict[str, Any] | None:
        later = events(ear, "motion_classified")[named_before:]
        return next((it for it in later if it["label"] == "unknown"), None)

    event = wait_until("unknown", unknown)["id"]
    wait_until("its end", lambda: event in ids(ear, "motion_ended"))
    wait_until("its clip", lambda: event in ids(ear, "recording_saved"))
    agent.wait_for_line("no answer in 30 s; events are not named")
    wait_until(
        "a name again",
        lambda: events(ear, "motion_classified")[-1]["label"] == "person",
    )
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_with_a_damaged_network_all_else_goes_on(house: House, ear: Ear) -> None:
    named(house, truncated(PERSON))
    house.simulate()
    agent = house.agent()
    event = wait_event(ear, "motion_started")["id"]
    assert wait_event(ear, "motion_classified")["label"] == "unknown"
    assert wait_event(ear, "recording_saved")["id"] == event
    wait_until("its reason", lambda: b"classifier_failed" in ear.payloads(TOPICS.health)[-1])
    health = json.loads(last(ear, TOPICS.health))
    assert "own.onnx: OpenCV cannot read it" in health["reasons"]["classifier_failed"]
    check = house.command("check-config")
    assert (check.returncode, "own.onnx: OpenCV cannot read it" in check.stdout) == (0, True)
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_the_entities_are_those_of_cameras_whose_events_are_named(house: House, ear: Ear) -> None:
    named(house)
    house.config["cameras"][CAMERA]["classify"] = False
    agent = house.agent()
    topic = TOPICS.discovery("homeassistant", CAMERA)
    wait_until("discovery", lambda: ear.payloads(topic))
    assert b"last_object" not in ear.payloads(topic)[-1]
    assert agent.stop() == 0
    assert ear.payloads(YARD.objects) == []
    house.config["cameras"][CAMERA]["classify"] = True
    agent = house.agent()
    wait_until("its entities", lambda: b"last_object" in ear.payloads(topic)[-1])
    wait_until("what is there", lambda: ear.payloads(YARD.objects))
    assert objects(ear)["present"] == []
    assert agent.stop() == 0
