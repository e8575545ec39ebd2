"""Each YAML of docs/how-to/home-assistant.md, loaded into a real Home Assistant and used."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.config.loader import load
from tests.support.agent_process import House
from tests.support.home_assistant import (
    MARKS,
    ROOT,
    HomeAssistant,
    add_automation,
    make,
    wait_for_entities,
)
from tests.support.waiting import PATIENCE, wait_until

pytestmark = [*MARKS, pytest.mark.timeout(400)]

PAGE = (ROOT / "docs" / "how-to" / "home-assistant.md").read_text()
#: What the page names and the rig does not have -> what it has.
STAND_INS = {
    "notify.mobile_app_phone": "notify.persistent_notification",
    "light.porch": "switch.front_door_live_view",
}
#: Where to put the screenshots; docs/images when somebody wants to renew them.
IMAGES = os.environ.get("SCREENSHOTS")
#: Counts cards that Home Assistant replaced by an error, through all shadow roots.
ERROR_CARDS = """
(() => { const all = []; const walk = (node) => { for (const e of node.querySelectorAll('*')) {
  if (/error-card|hui-warning/.test(e.localName)) all.push(e.localName);
  if (e.shadowRoot) walk(e.shadowRoot); } }; walk(document); return all.join(' '); })()
"""
#: The addresses of the pictures that are shown, through all shadow roots.
PICTURES = """
(() => { const all = []; const walk = (node) => { for (const e of node.querySelectorAll('*')) {
  if (e.localName === 'img') all.push(e.src);
  if (e.shadowRoot) walk(e.shadowRoot); } }; walk(document); return all.join(' '); })()
"""


def blocks(kind: str) -> list[Any]:
    """The page's YAML blocks whose first line says what they are."""
    page = PAGE
    for theirs, ours in STAND_INS.items():
        page = page.replace(theirs, ours)
    texts = re.findall(rf"```yaml\n# {kind}\n(.*?)```", page, re.DOTALL)
    return [yaml.safe_load(text) for text in texts]


@pytest.fixture(scope="module")
def home_assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HomeAssistant]:
    made = make(tmp_path_factory.mktemp("page") / "ha")
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, home_assistant: HomeAssistant
) -> Iterator[House]:
    """The agent of the page, with somebody walking by every ten seconds."""
    with House(tmp_path_factory.mktemp("house"), int(home_assistant.mqtt_port)) as made:
        made.config["cameras"] = {
            "front_door": {
                **made.config["cameras"]["yard"],
                "name": "Front door",
                "area": "Garden",
            }
        }
        made.simulate()
        made.agent()
        wait_for_entities(home_assistant, "__front_door__")
        yield made


def test_the_configuration_is_one(tmp_path: Path) -> None:
    (content,) = blocks("configuration")
    content["mqtt"].pop("password_file")  # of a machine of its own
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content))
    assert list(load(path, {}).config.cameras) == ["front_door"]


def test_the_dashboard_shows_no_error_card(
    home_assistant: HomeAssistant, house: House, tmp_path: Path
) -> None:
    assert house.store.is_dir()
    (content,) = blocks("dashboard")
    home_assistant.ws(
        type="lovelace/dashboards/create", url_path="the-page", title="Camera", mode="storage"
    )
    home_assistant.ws(type="lovelace/config/save", url_path="the-page", config=content)
    home_assistant.wait_state("binary_sensor.front_door_motion", "on", 40)
    wait_until("a clip", lambda: list(house.store.rglob("*.mp4")))
    home_assistant.wait_state(
        "sensor.front_door_last_clip", lambda s: float(s["state"]) > 0, PATIENCE
    )
    folder = Path(IMAGES) if IMAGES else tmp_path
    shot = folder / "dashboard.png"
    wrong = home_assistant.screenshot(
        "/the-page/0", str(shot), 1280, 860, wait=8.0, expr=ERROR_CARDS
    )
    assert wrong == ""
    assert shot.stat().st_size > 20_000


def test_overview_and_security_show_the_picture_without_any_work(
    home_assistant: HomeAssistant, house: House, tmp_path: Path
) -> None:
    assert house.store.is_dir()
    folder = Path(IMAGES) if IMAGES else tmp_path
    for page, name in (("/home/areas-garden", "overview"), ("/security", "security")):
        shot = folder / f"{name}.png"
        cameras = home_assistant.screenshot(page, str(shot), 1000, 560, wait=8.0, expr=PICTURES)
        assert "camera.front_door" in cameras
        assert shot.stat().st_size > 10_000


def test_the_device_page_opens(home_assistant: HomeAssistant, house: House, tmp_path: Path) -> None:
    assert house.store.is_dir()
    devices = home_assistant.registry()["devices"]
    (device,) = [each["id"] for each in devices if each["name"] == "Front door"]
    folder = Path(IMAGES) if IMAGES else tmp_path
    shot = folder / "device-page.png"
    home_assistant.screenshot(f"/config/devices/device/{device}", str(shot), 1400, 1500, wait=8.0)
    assert shot.stat().st_size > 20_000
    home_assistant.wait_state("binary_sensor.front_door_motion", "on", 40)
    home_assistant.wait_state("binary_sensor.front_door_motion", "off", 40)  # the best is chosen
    picture, _kind = home_assistant.picture("image.front_door_motion_snapshot")
    (folder / "event-picture.jpg").write_bytes(picture)


def test_all_automations_load_without_a_warning(
    home_assistant: HomeAssistant, house: House
) -> None:
    assert house.store.is_dir()
    mark = home_assistant.mark()
    contents = blocks("automation")
    assert len(contents) >= 6
    for number, content in enumerate(contents):
        add_automation(home_assistant, f"page{number}", content)
    assert home_assistant.errors(mark) == []


def documented(alias: str) -> dict[str, Any]:
    """The page's automation of that name."""
    (found,) = [each for each in blocks("automation") if each["alias"] == alias]
    return dict(found)


def test_sensitivity_at_night_and_arming_reach_the_agent(
    home_assistant: HomeAssistant, house: House
) -> None:
    assert house.store.is_dir()
    sensitivity, armed = "select.front_door_sensitivity", "switch.front_door_armed"
    add_automation(home_assistant, "night", documented("Less sensitive at night"))
    for sun, value in (("below_horizon", "low"), ("above_horizon", "normal")):  # the rig has none
        home_assistant.api("POST", "/api/states/sun.sun", {"state": sun})
        home_assistant.wait_state(sensitivity, value, PATIENCE)
    leave = documented("Camera armed while nobody is at home")
    add_automation(home_assistant, "leave", leave)
    home_assistant.call("switch.turn_off", armed)
    home_assistant.wait_state(armed, "off", PATIENCE)
    # the agent was not there when everybody left; nobody lives in the rig
    home_assistant.api("POST", f"/api/states/{armed}", {"state": "unavailable"})
    home_assistant.api("POST", f"/api/states/{armed}", {"state": "off"})
    home_assistant.wait_state(armed, "on", PATIENCE)


def test_the_light_goes_on_with_an_event_and_not_with_a_repetition(
    home_assistant: HomeAssistant, house: House
) -> None:
    assert house.store.is_dir()
    light, event = STAND_INS["light.porch"], "event.front_door_motion_event"
    entity = add_automation(home_assistant, "light", documented("Light on motion"))
    home_assistant.call("switch.turn_off", light)
    home_assistant.wait_state(light, "off", PATIENCE)
    home_assistant.wait_state(light, "on", 40)  # somebody walks by every ten seconds
    home_assistant.call("switch.turn_off", "switch.front_door_armed")
    home_assistant.wait_state("binary_sensor.front_door_motion", "off", PATIENCE)
    before = home_assistant.state(entity)["attributes"]["last_triggered"]
    last = home_assistant.state(event)
    started = last["attributes"] | {"event_type": "motion_started"}
    for state in ("unavailable", last["state"]):
        home_assistant.api("POST", f"/api/states/{event}", {"state": state, "attributes": started})
    wait_until("it is shown", lambda: home_assistant.state(event)["state"] == last["state"])
    assert home_assistant.state(entity)["attributes"]["last_triggered"] == before
    home_assistant.call("switch.turn_on", "switch.front_door_armed")


def test_the_blueprint_notifies_with_the_picture_and_then_with_the_clip(
    home_assistant: HomeAssistant, house: House
) -> None:
    assert house.store.is_dir()
    mark = home_assistant.mark()
    content = documented("Tell me about motion")
    content["use_blueprint"]["input"] |= {"title": "from the blueprint"}
    entity = add_automation(home_assistant, "blueprint", content)

    def told() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = home_assistant.ws(type="persistent_notification/get")
        return [each for each in found if each["title"] == "from the blueprint"]

    notes = wait_until("picture and clip", lambda: told() if len(told()) >= 2 else None, 60)
    assert "Front door" in notes[0]["message"]
    picture = home_assistant.picture("image.front_door_motion_snapshot")
    assert picture[0].startswith(b"\xff\xd8")
    assert picture[1] == "image/jpeg"
    trace = home_assistant.ws(type="trace/list", domain="automation", item_id="blueprint")
    assert trace
    home_assistant.call("automation.turn_off", entity)
    assert home_assistant.errors(mark) == []
