"""The blueprint in a real Home Assistant: each event is told once, with its own picture.

Broker, Home Assistant and agent are restarted; the way from agent to broker may be slow.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.agent_process import House, Process
from tests.support.broker import Broker
from tests.support.faulty_link import FaultyLink
from tests.support.home_assistant import MARKS, HomeAssistant, add_automation, make
from tests.support.observer import Observer
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

pytestmark = [*MARKS, pytest.mark.timeout(900)]

DOOR = "surveillance/pi/front_door"
EVENT = "event.front_door_motion_event"
#: `script.note` is the phone: it fetches the picture, and writes down what it was told.
PHONE = """
shell_command:
  note: 'sh {dir}/note.sh "{{{{ told }}}}"'
script:
  note:
    mode: parallel
    max: 50
    sequence:
      - if: "{{{{ data.image is defined }}}}"
        then:
          - action: image.snapshot
            target: {{entity_id: image.front_door_motion_snapshot}}
            data: {{filename: "{dir}/media/{{{{ data.tag }}}}.jpg"}}
      - action: shell_command.note
        data:
          told: >-
            {{{{ data.tag }}}}
            {{{{ 'picture' if data.image is defined else 'clip' if data.video is defined
            else 'nothing' }}}}
"""
AUTOMATION = {
    "alias": "Tell me about motion",
    "use_blueprint": {
        "path": "surveillance_agent/motion_notify.yaml",
        "input": {
            "picture": "image.front_door_motion_snapshot",
            "recording": "sensor.front_door_last_clip",
            "notify": "script.note",
        },
    },
}


class Place:
    """What the camera sees; while `visited` a dark block walks through it."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        rough = rng.integers(40, 200, (480, 640), dtype=np.uint8)
        self._room = np.asarray(cv2.GaussianBlur(rough, (9, 9), 2), np.uint8)
        self._noise = rng.integers(0, 5, (16, 480, 640), dtype=np.uint8)
        self.visited = False

    def picture(self, number: int) -> bytes:
        """Picture `number` of the stream."""
        shown = self._room + self._noise[number % 16]
        if self.visited:
            left = 40 * (number % 12)
            shown[160:400, left : left + 100] = 10
        return cv2.imencode(".jpg", shown)[1].tobytes()


class Home:
    """Broker, Home Assistant, agent and somebody who visits; the phone's notes."""

    def __init__(self, folder: Path, camera: WebCamera, place: Place) -> None:
        self.place = place
        (folder / "broker").mkdir()
        self.broker = Broker(folder / "broker").start()
        self.line = FaultyLink(self.broker.port).__enter__()
        self.home_assistant: HomeAssistant = make(
            folder / "ha", self.broker.port, configuration=PHONE
        )
        self._notes = folder / "notes"
        self._notes.touch()
        (folder / "ha" / "note.sh").write_text(f'echo "$1" >> {self._notes}\n')
        (folder / "house").mkdir()
        self.house = House(folder / "house", self.line.port)
        self.house.config["cameras"] = {
            "front_door": {"source": camera.url(), "name": "Front door"}
        }
        self.agent: Process | None = None
        self.observer = Observer(self.broker.port)

    def start(self) -> None:
        """All run, and the automation is there."""
        self.home_assistant.start()
        self.start_agent()
        self.wait_armed()
        add_automation(self.home_assistant, "tell", AUTOMATION)
        # Home Assistant needs a moment to listen to a device that it has just met
        said = wait_until("it is there", lambda: self.observer.of("surveillance/pi/availability"))
        time_of_birth = said[-1].at
        wait_until("it listens", lambda: time.monotonic() > time_of_birth + 8)

    def stop(self) -> None:
        self.observer.__exit__(None, None, None)
        self.house.__exit__(None, None, None)
        self.home_assistant.stop()
        self.line.__exit__(None, None, None)
        self.broker.kill()

    def start_agent(self) -> None:
        self.agent = self.house.agent()
        self.agent.wait_for_line("front_door: live", 40)

    def restart_agent(self) -> None:
        assert self.agent is not None
        assert self.agent.stop() == 0
        self.start_agent()

    def restart_broker(self) -> None:
        self.broker.kill()
        self.broker.start()

    def wait_armed(self) -> None:
        def armed() -> bool:
            states: dict[str, Any] = self.home_assistant.states("switch.front_door_armed")
            return any(state["state"] == "on" for state in states.values())

        wait_until("Home Assistant has the camera", armed, 60)

    def visit(self, *, wait: bool = True) -> str:
        """Somebody walks by; the event's id, after its end where wanted."""
        before = len(self.started())
        self.place.visited = True
        event = wait_until("an event", lambda: self.started()[before:])[0]
        if wait:
            self.leave(event)
        return event

    def unheard_visit(self, before: int) -> str:
        """Somebody walks by while the broker cannot be reached; the event's id."""
        agent = self.agent
        assert agent is not None
        self.place.visited = True
        (event,) = wait_until(
            "an event", lambda: re.findall(r"motion (\w+): ", agent.log)[before:], 20
        )
        self.place.visited = False
        agent.wait_for_line(f"motion {event} ended")
        return str(event)

    def leave(self, event: str) -> None:
        """Nobody is there any more."""
        self.place.visited = False
        wait_until("its end", lambda: event in self.said("motion_ended"))

    def said(self, kind: str) -> list[str]:
        """Ids of the events of which the agent said this."""
        messages = [
            json.loads(payload) for payload in self.observer.payloads(f"{DOOR}/event/motion")
        ]
        return list(dict.fromkeys(m["id"] for m in messages if m["event_type"] == kind))

    def started(self) -> list[str]:
        return self.said("motion_started")

    def notes(self) -> list[str]:
        """Each an event's id and what came with it, in order."""
        return self._notes.read_text().splitlines()

    def told(self) -> list[str]:
        """Ids of the events of which the phone was told."""
        return [note.split()[0] for note in self.notes()]

    def wait_told(self, *events: str, seconds: float = 60.0) -> None:
        wait_until("the phone is told", lambda: set(events) <= set(self.told()), seconds)

    def wait_unchanged(self, seconds: float = 12.0) -> None:
        """Long enough for what restarts bring with them."""
        before, end = self.notes(), time.monotonic() + seconds
        wait_until("nothing is told", lambda: time.monotonic() > end, seconds + 5)
        assert self.notes() == before

    def wrong_pictures(self) -> list[str]:
        """Events whose notification had another event's picture."""
        own: dict[str, set[bytes]] = defaultdict(set)
        picture = b""
        for message in self.observer.heard:
            if message.topic == f"{DOOR}/motion/image":
                picture = message.payload
            elif message.topic == f"{DOOR}/motion/image_meta" and message.payload:
                own[json.loads(message.payload)["motion_id"]].add(picture)
        media = Path(self.home_assistant.dir) / "media"
        shown = {note.split()[0] for note in self.notes() if note.endswith(" picture")}
        return [event for event in shown if (media / f"{event}.jpg").read_bytes() not in own[event]]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    place = Place()
    with WebCamera(place.picture, fps=5.0) as camera:
        made = Home(tmp_path, camera, place)
        try:
            with made.observer:
                made.start()
                yield made
        finally:
            made.stop()


def test_the_first_event_and_two_in_a_minute_are_told_each_with_its_own_picture(home: Home) -> None:
    mark = home.home_assistant.mark()
    picture = home.home_assistant.state("image.front_door_motion_snapshot")
    assert picture["state"] == "unknown"  # so the first one is news, too
    quiet = json.loads(json.dumps(AUTOMATION))
    more = {"notify": "notify.persistent_notification", "title": "quiet", "cooldown": 3600}
    quiet["use_blueprint"]["input"] |= more
    add_automation(home.home_assistant, "quiet", quiet)
    events = [home.visit(), home.visit()]
    home.wait_told(*events)
    home.wait_unchanged()
    assert home.notes() == [f"{event} picture" for event in events]
    shown = home.home_assistant.ws(type="persistent_notification/get")
    assert [note["title"] for note in shown].count("quiet") == 1
    assert home.wrong_pictures() == []
    assert home.home_assistant.errors(mark) == []


@pytest.mark.parametrize("what", ["agent", "broker", "home assistant"])
def test_a_restart_with_nothing_moving_tells_nothing_and_the_next_event_is_told(
    home: Home, what: str
) -> None:
    first = home.visit()
    home.wait_told(first)
    restart(home, what)
    home.wait_armed()
    home.wait_unchanged(20.0)
    second = home.visit()
    home.wait_told(second)
    assert home.notes() == [f"{first} picture", f"{second} picture"]
    assert home.wrong_pictures() == []


@pytest.mark.parametrize("what", ["killed agent", "broker", "home assistant"])
def test_an_event_that_runs_over_a_restart_is_told_once_and_the_next_one_too(
    home: Home, what: str
) -> None:
    first = home.visit(wait=False)
    home.wait_told(first)
    if what == "killed agent":
        home.place.visited = False  # or else the new agent sees a second event
    restart(home, what)
    home.wait_armed()
    home.leave(first)
    home.wait_unchanged(20.0)
    second = home.visit()
    home.wait_told(second)
    assert home.told() == [first, second]


def test_events_of_an_outage_are_told_once_each_and_never_with_another_ones_picture(
    home: Home,
) -> None:
    events = [home.visit()]
    home.wait_told(*events)
    home.line.refusing = True
    home.line.cut()
    assert home.agent is not None
    home.agent.wait_for_line("broker: lost")
    for _ in range(2):
        events.append(home.unheard_visit(len(events)))
    home.line.refusing = False
    home.wait_told(*events, seconds=120)
    # of the first one in the outage no picture was sent: the second one's had taken its place
    first, middle, last = events
    assert sorted(home.notes()) == sorted(
        [f"{first} picture", f"{middle} nothing", f"{last} picture"]
    )
    assert home.wrong_pictures() == []


def test_on_a_slow_line_the_notification_waits_for_its_own_picture(home: Home) -> None:
    events = [home.visit()]
    home.wait_told(*events)
    home.line.rate = 12_000
    events += [home.visit(), home.visit()]
    home.wait_told(*events, seconds=120)
    assert home.told() == events
    assert home.wrong_pictures() == []


def restart(home: Home, what: str) -> None:
    """Restarts one of the three; comes back when it runs."""
    match what:
        case "agent":
            home.restart_agent()
        case "killed agent":
            assert home.agent is not None
            home.agent.kill()
            home.start_agent()
        case "broker":
            home.restart_broker()
        case _:
            home.home_assistant.restart()
