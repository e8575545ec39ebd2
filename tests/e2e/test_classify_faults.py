"""Names of events when something goes wrong in the midst of a look: real agent, real processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from agent.imaging.card import privacy_jpeg
from tests.e2e.test_agent import events
from tests.e2e.test_classify import PERSON, children, named, objects
from tests.e2e.test_privacy import Scene
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House, Process
from tests.support.stand_in_network import onnx, yolox_answer
from tests.support.waiting import PATIENCE, wait_until
from tests.support.web_camera import WebCamera


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def camera(house: House, scene: Scene) -> Iterator[WebCamera]:
    with WebCamera(scene.picture, fps=10) as made:
        house.config["cameras"]["yard"] = seen_by(made)
        named(house)
        yield made


def seen_by(camera: WebCamera) -> dict[str, Any]:
    """A camera's configuration, in which each change is an event."""
    return {
        "source": camera.url(),
        "analysis_fps": 10,
        "detection": {"profile": "plain", "min_changed": 0.01, "max_changed": 100},
    }


def ready(house: House) -> Process:
    agent = house.agent()
    agent.wait_for_line("classifier: own is ready")
    agent.wait_for_line("camera yard: live")
    return agent


def names(ear: Ear, event: str) -> list[str]:
    return [it["label"] for it in events(ear, "motion_classified") if it["id"] == event]


def visit(ear: Ear, scene: Scene) -> str:
    """Somebody moves; the event's id."""
    before = len(events(ear, "motion_started"))
    scene.moving = True
    return str(wait_until("an event", lambda: events(ear, "motion_started")[before:])[0]["id"])


@pytest.mark.usefixtures("camera")
def test_a_look_that_ends_in_privacy_mode_shows_nothing_of_the_camera(
    house: House, ear: Ear, scene: Scene
) -> None:
    agent = ready(house)
    (child,) = children(agent.pid)
    os.kill(child, signal.SIGSTOP)
    event = visit(ear, scene)
    wait_until("its picture", lambda: ear.payloads(YARD.motion_image))
    ear.say(YARD.setting_set("privacy"), "ON")
    card = privacy_jpeg()
    wait_until("the card", lambda: ear.payloads(YARD.motion_image)[-1] == card)
    wait_until("its end", lambda: event in {it["id"] for it in events(ear, "motion_ended")})
    shown = len(ear.payloads(YARD.motion_image)), len(ear.payloads(YARD.snapshot))
    os.kill(child, signal.SIGCONT)
    wait_until("its name", lambda: names(ear, event))
    wait_until("the last object", lambda: objects(ear)["event_id"] == event)
    assert not any(b'"present":["person"]' in it for it in ear.payloads(YARD.objects))
    assert all(it == card for it in ear.payloads(YARD.motion_image)[shown[0] :])
    assert all(it == card for it in ear.payloads(YARD.snapshot)[shown[1] :])
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_eight_cameras_with_events_at_once_are_all_named(house: House, ear: Ear) -> None:
    scene = Scene()
    with WebCamera(scene.picture, fps=5) as camera:
        cameras = {f"c{n}": seen_by(camera) | {"analysis_fps": 5} for n in range(8)}
        house.config["cameras"] = cameras
        named(house, PERSON)
        agent = house.agent()
        agent.wait_for_line("classifier: own is ready")
        for name in cameras:
            agent.wait_for_line(f"camera {name}: live")
        scene.moving = True
        for name in cameras:
            topic = TOPICS.camera(name).event_motion
            wait_until(
                f"{name} is named",
                lambda topic=topic: any(  # type: ignore[misc]
                    b'"label":"person"' in it and b"motion_classified" in it
                    for it in ear.payloads(topic)
                ),
            )
        scene.moving = False
        assert agent.stop() == 0
    assert "Traceback" not in agent.log


def persons(ear: Ear) -> list[dict[str, Any]]:
    return [it for it in events(ear, "motion_classified") if it["label"] == "person"]


def test_a_network_that_is_killed_again_and_again_names_again_each_time(
    house: House, ear: Ear
) -> None:
    """It is killed when it has named: a process that never named is begun anew ever later."""
    named(house, PERSON)
    house.simulate()
    agent = house.agent()
    killed = set[int]()
    for _ in range(3):
        before = len(persons(ear))
        wait_until("a name", lambda before=before: persons(ear)[before:], 4 * PATIENCE)  # type: ignore[misc]
        (child,) = wait_until("its process", lambda: children(agent.pid))
        assert child not in killed
        os.kill(child, signal.SIGKILL)
        killed.add(child)
    before = len(persons(ear))
    wait_until("a name again", lambda: persons(ear)[before:], 4 * PATIENCE)
    ended = {it["id"] for it in events(ear, "motion_ended")}
    wait_until("all clips", lambda: ended <= {it["id"] for it in events(ear, "recording_saved")})
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_another_network_waits_for_a_restart_and_names_then(house: House, ear: Ear) -> None:
    named(house, PERSON)
    house.simulate()
    agent = house.agent()
    wait_until("a name", lambda: persons(ear), 4 * PATIENCE)
    other = house.folder / "other.onnx"
    other.write_bytes(onnx(yolox_answer([("car", 0.9, (0, 0, 320, 320))])))
    house.config["classify"]["model"] = str(other)
    (house.folder / "config.yaml").write_text(yaml.safe_dump(house.config))
    agent.signal(signal.SIGHUP)
    agent.wait_for_line("needs a restart: classify", PATIENCE)
    before = len(persons(ear))
    wait_until("still the one before", lambda: persons(ear)[before:], 4 * PATIENCE)
    assert {it["model"] for it in persons(ear)} == {"own"}
    ear.say(TOPICS.restart, "PRESS")
    agent.wait_for_line("classifier: other is ready", 4 * PATIENCE)
    told = wait_until(
        "the other's name",
        lambda: [it for it in events(ear, "motion_classified") if it["label"] == "vehicle"],
        4 * PATIENCE,
    )
    assert {it["model"] for it in told} == {"other"}
    assert agent.stop() == 0
    assert "Traceback" not in agent.log
