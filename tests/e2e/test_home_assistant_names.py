"""Names of events in a real Home Assistant: its entities, its triggers, the blueprint's choice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.classify.labels import COCO
from tests.e2e.test_home_assistant_alarms import AUTOMATION, DOOR, Home, Place
from tests.support.home_assistant import MARKS, add_automation
from tests.support.stand_in_network import onnx, yolox_answer
from tests.support.waiting import PATIENCE, wait_until
from tests.support.web_camera import WebCamera

pytestmark = [*MARKS, pytest.mark.timeout(900)]

#: An event's name -> the network's word, of which it sees one all over the square.
WORDS = {"person": "person", "vehicle": "truck", "animal": "dog", "unknown": None}
SENSORS = {label: f"binary_sensor.front_door_{label}" for label in ("person", "vehicle", "animal")}
LAST = "sensor.front_door_last_object"


class NamedHome(Home):
    """Its events get the name that the test wants next."""

    def start(self) -> None:
        self._words = self.house.folder / "words"
        self._words.write_text("\n".join(COCO))
        self.home_assistant.start()
        self.name_all("unknown")
        self.wait_armed()

    def name_all(self, label: str) -> None:
        """From now on each event is called so."""
        if self.agent is not None:
            assert self.agent.stop() == 0
        word = WORDS[label]
        things = [(word, 0.9, (0.0, 0.0, 320.0, 320.0))] if word else []
        network = self.house.folder / f"{label}.onnx"
        network.write_bytes(onnx(yolox_answer(things)))
        self.house.config["classify"] = {"model": str(network), "labels": str(self._words)}
        self.start_agent()
        assert self.agent is not None
        self.agent.wait_for_line(f"classifier: {label} is ready", 2 * PATIENCE)

    def named(self, event: str) -> list[str]:
        """The names that the agent has told of this event."""
        said = [json.loads(payload) for payload in self.observer.payloads(f"{DOOR}/event/motion")]
        named = [it for it in said if it["event_type"] == "motion_classified"]
        return [it["label"] for it in named if it["id"] == event]

    def messages(self, title: str) -> list[str]:
        """Of the notifications with this title, in no order."""
        shown = self.home_assistant.ws(type="persistent_notification/get")
        return [note["message"] for note in shown if note["title"] == title]

    def on(self) -> set[str]:
        """The names of which the sensor is ON."""
        states = self.home_assistant.states("binary_sensor.front_door_*")
        return {label for label, entity in SENSORS.items() if states[entity]["state"] == "on"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[NamedHome]:
    place = Place()
    with WebCamera(place.picture, fps=5.0) as camera:
        made = NamedHome(tmp_path, camera, place)
        try:
            with made.observer:
                made.start()
                yield made
        finally:
            made.stop()


def enable_all(home: NamedHome) -> None:
    """Vehicle and animal are there at first, and disabled."""
    entries = {it["entity_id"]: it for it in home.home_assistant.registry()["entities"]}
    assert {label for label, it in SENSORS.items() if entries[it]["disabled_by"]} == {
        "vehicle",
        "animal",
    }
    for label in ("vehicle", "animal"):
        change = {"type": "config/entity_registry/update", "disabled_by": None}
        home.home_assistant.ws(**change, entity_id=SENSORS[label])
    # Home Assistant loads the integration again half a minute later
    wait_until(
        "all are there",
        lambda: set(SENSORS.values()) <= set(home.home_assistant.states("binary_sensor.*")),
        2 * PATIENCE,
    )
    wait_until("nothing moves", lambda: home.on() == set(), PATIENCE)


def add_triggers(home: NamedHome) -> None:
    """An automation for each device trigger with a name; it notes event and name."""
    entries = home.home_assistant.registry()["entities"]
    (device,) = {it["device_id"] for it in entries if it["entity_id"] == LAST}
    listed = home.home_assistant.ws(type="device_automation/trigger/list", device_id=device)
    ours = [it for it in listed if it.get("type") == "motion_classified"]
    assert {it["subtype"] for it in ours} == set(WORDS)
    for each in ours:
        label = each["subtype"]
        trigger = {key: value for key, value in each.items() if key != "metadata"}
        note: dict[str, Any] = {
            "action": "persistent_notification.create",
            "data": {"title": "trigger", "message": "{{ trigger.payload_json.id }} " + label},
        }
        content = {"alias": label, "triggers": [trigger], "actions": [note]}
        add_automation(home.home_assistant, label, content)


def add_blueprint(home: NamedHome, title: str, *objects: str) -> None:
    """The blueprint that tells of these names."""
    content = json.loads(json.dumps(AUTOMATION))
    content["use_blueprint"]["input"] |= {
        "notify": "notify.persistent_notification",
        "title": title,
        "message": "{{ event_id }}",
        "last_object": LAST,
        "objects": list(objects),
    }
    add_automation(home.home_assistant, title, content)


def test_entities_triggers_and_the_blueprint_say_what_moved(home: NamedHome) -> None:
    ha = home.home_assistant
    mark = ha.mark()
    enable_all(home)
    add_triggers(home)
    add_blueprint(home, "persons", "person")
    add_blueprint(home, "others", "vehicle", "animal")
    events: dict[str, str] = {}
    for label, word in WORDS.items():
        home.name_all(label)
        home.wait_armed()
        event = home.visit(wait=False)
        events[label] = event
        # of nothing seen it is said after the last look, else while the event runs
        if word is not None:
            wait_until("its sensor", lambda label=label: home.on() == {label})  # type: ignore[misc]
        home.leave(event)
        wait_until("nothing moves", lambda: home.on() == set())
        wait_until("its name", lambda event=event: home.named(event))  # type: ignore[misc]
        assert home.named(event) == [label]
        last = wait_until(
            "the last object",
            lambda event=event: (  # type: ignore[misc]
                it
                if (it := ha.state(LAST))["attributes"].get("event_id") == event
                and it["state"] != "unavailable"
                else None
            ),
        )
        assert (last["state"], last["attributes"]["sub_label"]) == (label, word)
        assert last["attributes"]["present"] == []
    told = {"persons": ("person", "unknown"), "others": ("vehicle", "animal", "unknown")}
    for title, labels in told.items():
        wanted = {events[label] for label in labels}
        wait_until(title, lambda t=title, w=wanted: w <= set(home.messages(t)), 2 * PATIENCE)  # type: ignore[misc]
    triggered = {f"{event} {label}" for label, event in events.items()}
    wait_until("the triggers", lambda: triggered <= set(home.messages("trigger")))
    # the event without a name is the last one: what was to be told of the others is told
    for title, labels in told.items():
        assert sorted(home.messages(title)) == sorted(events[label] for label in labels)
    assert sorted(home.messages("trigger")) == sorted(triggered)
    assert ha.errors(mark) == []
