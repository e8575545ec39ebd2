"""Restarts of Home Assistant, broker and agent, and upgrades: always right, never a warning."""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.support.agent_process import House, Process
from tests.support.broker import Broker
from tests.support.home_assistant import (
    MARKS,
    HomeAssistant,
    entities,
    make,
    wait_for_entities,
)
from tests.support.observer import Observer
from tests.support.scene import still
from tests.support.waiting import wait_until

pytestmark = [*MARKS, pytest.mark.timeout(900)]

#: Issue 5: states are right so soon after Home Assistant's birth, or the agent's connection.
RIGHT_WITHIN = 10.0
#: Home Assistant's own words about the broker's absence, which it cannot leave out.
OWN_WORDS = re.compile(r"homeassistant\.components\.mqtt\.client.*(isconnect|onnection|rror)")
#: All six orders take four minutes; three of them in the short form.
ORDERS = list(itertools.permutations(("home_assistant", "broker", "agent")))
ORDERS = ORDERS if os.environ.get("LONG") == "1" else ORDERS[::2]

#: What the entities show once everything is right.
RIGHT = {
    "switch.front_door_armed": "on",
    "number.front_door_pixel_threshold": "44",
    "binary_sensor.front_door_camera_link": "on",
    "binary_sensor.front_door_motion": "off",
    "sensor.front_door_camera_state": "live",
    "sensor.front_door_status": "ok",
    "switch.pi_beep_enabled": "off",
    "sensor.pi_storage_state": "ok",
}


class Home:
    """A broker, a Home Assistant and an agent, each of which can be restarted."""

    def __init__(self, folder: Path) -> None:
        (folder / "broker").mkdir()
        self.folder = folder
        self.broker = Broker(folder / "broker").start()
        self.home_assistant: HomeAssistant = make(folder / "ha", self.broker.port)
        (folder / "house").mkdir()
        self.house = House(folder / "house", self.broker.port)
        self.house.config["cameras"] = {
            "front_door": {**self.house.config["cameras"]["yard"], "name": "Front door"}
        }
        self.agent: Process | None = None

    def stop(self) -> None:
        self.house.__exit__(None, None, None)
        self.home_assistant.stop()
        self.broker.kill()

    def restart(self, what: str) -> None:
        """Restarts one of the three; comes back when it says that it runs."""
        if what == "home_assistant":
            self.home_assistant.restart()
        elif what == "broker":
            self.broker.kill()
            self.broker.start()
        else:
            self.restart_agent()

    def restart_agent(self) -> None:
        if self.agent is not None:
            assert self.agent.stop() == 0
        self.agent = self.house.agent()

    def wrong(self) -> dict[str, str]:
        """Entities that do not show what is true, with what they show."""
        states = self.home_assistant.states()
        shown = {name: states.get(name, {"state": "missing"})["state"] for name in RIGHT}
        ours = set(entities(self.home_assistant).values())
        away = {n: s["state"] for n, s in states.items() if s["state"] == "unavailable"}
        return {n: s for n, s in shown.items() if s != RIGHT[n]} | {
            n: s for n, s in away.items() if n in ours
        }

    def warnings(self, mark: int) -> list[str]:
        return [w for w in self.home_assistant.errors(mark) if not OWN_WORDS.search(w)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    try:
        made.home_assistant.start()
        yield made
    finally:
        made.stop()


def wait_right(home: Home, since: float, what: str) -> float:
    """Seconds from `since` until everything is right."""
    try:
        wait_until("right", lambda: not home.wrong(), RIGHT_WITHIN + since - time.monotonic())
    except AssertionError:
        pytest.fail(f"{what}: after {RIGHT_WITHIN} s still wrong: {home.wrong()}")
    return time.monotonic() - since


def connected(home: Home, count: int) -> bool:
    assert home.agent is not None
    return home.agent.log.count(": connected, MQTT") >= count


def restart_each(home: Home, order: Sequence[str]) -> dict[str, float]:
    """Restarts one after the other; the seconds that each took to be right again."""
    took: dict[str, float] = {}
    for what in order:
        assert home.agent is not None
        before = home.agent.log.count(": connected, MQTT")
        home.restart(what)
        begin = time.monotonic()
        if what == "broker":
            wait_until("agent is back", partial(connected, home, before + 1), 5.0)
            # Home Assistant tries again on its own terms, and says its birth when it is there
            wait_until("HA is back", lambda: not home.wrong(), 60)
            took[what] = time.monotonic() - begin
        elif what == "agent":
            wait_until("agent connects", partial(connected, home, before + 1), 20)
            took[what] = wait_right(home, time.monotonic(), what)
        else:
            took[what] = wait_right(home, begin, what)
    return took


def test_after_restarts_in_every_order_all_states_are_right_and_nothing_is_warned_of(
    home: Home,
) -> None:
    mark = home.home_assistant.mark()
    home.house.simulate("--source", str(still(home.folder)))
    with Observer(home.broker.port) as observer:
        home.restart_agent()
        wait_for_entities(home.home_assistant, "__front_door__")
        observer.say("surveillance/pi/front_door/pixel_threshold/set", "44")
        wait_right(home, time.monotonic() + 20.0, "the beginning")
        figures = {" ".join(order): restart_each(home, order) for order in ORDERS}
        assert observer.complaints == []
    assert home.warnings(mark) == []
    print(json.dumps(figures, indent=1))  # noqa: T201  shown with -s: the figures of the report


@pytest.mark.parametrize("sleeping", [False, True], ids=["running", "not running"])
def test_an_upgrade_leaves_no_ghost_in_a_home_assistant_that_is(
    home: Home, *, sleeping: bool
) -> None:
    cameras = home.house.config["cameras"]
    home.house.config["cameras"] = {**cameras, "shed": {**cameras["front_door"], "name": "Shed"}}
    home.restart_agent()
    wait_for_entities(home.home_assistant, "__front_door__")
    wait_for_entities(home.home_assistant, "__shed__")
    memory = home.house.folder / "state" / "discovery.json"
    assert home.agent is not None
    assert home.agent.stop() == 0
    # as an earlier version would have left it: one button more
    content = json.loads(memory.read_text())
    (topic,) = [name for name in content["published"] if "front_door" in name]
    older = content["published"][topic]
    older["cmps"]["dance"] = {
        **older["cmps"]["take_snapshot"],
        "uniq_id": "surveillance__pi__front_door__dance",
        "def_ent_id": "button.front_door_dance",
        "name": "Dance",
    }
    memory.write_text(json.dumps(content))
    with Observer(home.broker.port) as observer:
        observer.say(topic, json.dumps(older), retain=True)
    dance = "surveillance__pi__front_door__dance"
    wait_until("the old button", lambda: dance in entities(home.home_assistant))
    mark = home.home_assistant.mark()

    if sleeping:
        home.home_assistant.stop()  # the broker is not the rig's: it stays
    home.house.config["cameras"] = cameras
    home.restart_agent()
    wait_until("connected", lambda: connected(home, 1), 20)
    if sleeping:
        home.home_assistant.start()

    def ghosts() -> list[str]:
        return [n for n in entities(home.home_assistant) if n == dance or "__shed__" in n]

    wait_until("no ghosts", lambda: not ghosts(), 30)
    names = [device["name"] for device in home.home_assistant.registry()["devices"]]
    assert "Shed" not in names
    wait_for_entities(home.home_assistant, "__front_door__")
    assert home.warnings(mark) == []
    assert home.house.command("discovery", "--clean").returncode == 0
    wait_until("all is removed", lambda: not entities(home.home_assistant), 15)
    assert home.warnings(mark) == []
