"""The blueprints in a real Home Assistant with the companion app's own integration: a phone is told
what the pages say, and its buttons do it."""

from __future__ import annotations

import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.test_home_assistant_alarms import Place
from tests.support.agent_process import House, Process
from tests.support.alsa import SoundCard, need_portaudio
from tests.support.home_assistant import (
    BLUEPRINT,
    MARKS,
    ROOT,
    HomeAssistant,
    add_automation,
    make,
    wait_for_entities,
)
from tests.support.observer import Observer
from tests.support.phone import Phone
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

pytestmark = [*MARKS, pytest.mark.timeout(600)]

HOW_TO = ROOT / "docs" / "how-to"
AGENT = "surveillance/pi"
DOOR = f"{AGENT}/front_door"
EVENT = "event.front_door_motion_event"
PICTURE = "image.front_door_motion_snapshot"
#: What the page names and the rig does not have -> what it has.
STAND_INS = {"8123": "{port}", "tts.piper": "demo"}


def blocks(page: str, kind: str) -> list[str]:
    """A page's YAML blocks whose first line says what they are."""
    return re.findall(rf"```yaml\n# {kind}\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)


def automation(page: str, alias: str) -> dict[str, Any]:
    """The page's automation of that name."""
    found = [yaml.safe_load(text) for text in blocks(page, "automation")]
    (wanted,) = [each for each in found if each["alias"] == alias]
    return dict(wanted)


def configuration() -> str:
    """The page's configuration, and what the rig needs to be a house with a phone and a voice."""
    (text,) = blocks("speak.md", "home assistant")
    text = text.replace("{", "{{").replace("}", "}}")
    for theirs, ours in STAND_INS.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    return f"mobile_app:\ntts:\n  - platform: demo\n{text}"


class Home:
    """Home Assistant with a phone, an agent with a speaker, and somebody who visits."""

    def __init__(self, folder: Path, camera: WebCamera, place: Place, card: SoundCard) -> None:
        self.place = place
        self.card = card
        self.home_assistant: HomeAssistant = make(folder / "ha", configuration=configuration())
        (folder / "ha" / "secrets.yaml").write_text('agent_voice: "not known yet"\n')
        self._folder = folder
        self._camera = camera
        self.observer: Observer
        self.phone: Phone
        self.house: House
        self.agent: Process

    def start(self) -> None:
        self.home_assistant.start()
        secret = f'agent_voice: "Bearer {self.home_assistant.meta["token"]}"\n'
        (self._folder / "ha" / "secrets.yaml").write_text(secret)
        self.home_assistant.call("rest_command.reload")
        self.phone = Phone(self.home_assistant).__enter__()
        port = int(self.home_assistant.mqtt_port)
        self.observer = Observer(port).__enter__()
        (self._folder / "house").mkdir()
        self.house = House(self._folder / "house", port)
        store = self._folder / "ha" / "media" / "cctv"
        store.mkdir(parents=True)
        self.house.config |= {
            "store": {"path": str(store)},
            "home_assistant": {"media_dir": "local/cctv"},
            "beep": {"play_from": ["127.0.0.1"]},
            "cameras": {
                "front_door": {
                    "source": self._camera.url(),
                    "name": "Front door",
                    "beep_on_motion": False,
                    "zones": {"porch": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}},
                }
            },
        }
        self.agent = self.house.agent()
        self.agent.wait_for_line("front_door: live", 40)
        wait_for_entities(self.home_assistant, "__front_door__")
        said = wait_until("it is there", lambda: self.observer.of(f"{AGENT}/availability"))[-1].at
        wait_until("it listens", lambda: time.monotonic() > said + 8)

    def snoozed(self) -> int:
        """The minutes that were asked for; 0: not snoozed."""
        state = self.observer.payloads(f"{DOOR}/snooze/state")[-1]
        minutes: int = json.loads(state)["minutes"]
        return minutes

    def stop(self) -> None:
        for part in ("house", "observer", "phone"):
            if hasattr(self, part):
                getattr(self, part).__exit__(None, None, None)
        self.home_assistant.stop()

    def told(self, identity: str, **inputs: object) -> str:
        """The page's automation with more inputs; its entity."""
        content = automation("notifications.md", "Door, on my phone")
        given = {**content["use_blueprint"]["input"], "notify": self.phone.action}
        for missing in ("last_object", "objects"):
            del given[missing]
        given |= {"people": [], "title": identity, **inputs}
        content["use_blueprint"] = {**content["use_blueprint"], "input": given}
        return add_automation(self.home_assistant, identity, content)

    def visit(self) -> str:
        """Somebody walks by and leaves; the event's id."""
        before = len(self.events("motion_started"))
        self.place.visited = True
        event = wait_until("an event", lambda: self.events("motion_started")[before:])[0]
        self.place.visited = False
        wait_until("its end", lambda: event in self.events("motion_ended"))
        return event

    def recorded_visit(self) -> None:
        """As `visit`, until the clip is stored."""
        before = len(clips(self))
        self.visit()
        wait_until("its clip", lambda: len(clips(self)) > before)

    def events(self, kind: str) -> list[str]:
        said = [json.loads(payload) for payload in self.observer.payloads(f"{DOOR}/event/motion")]
        return list(dict.fromkeys(m["id"] for m in said if m["event_type"] == kind))

    def answers(self, noun: str) -> list[dict[str, Any]]:
        return [json.loads(p) for p in self.observer.payloads(f"{AGENT}/response/{noun}")]

    def answers_of_door(self, noun: str) -> list[dict[str, Any]]:
        return [json.loads(p) for p in self.observer.payloads(f"{DOOR}/response/{noun}")]

    def say_event(self, event: dict[str, Any]) -> None:
        """As the agent says it; then something else of the camera changes, as after an event."""
        self.observer.say(f"{DOOR}/home_assistant/motion", json.dumps(event))

        def shown() -> bool:
            return bool(self.home_assistant.state(EVENT)["attributes"]["id"] == event["id"])

        wait_until("Home Assistant has it", shown)
        before = len(self.answers_of_door("snapshot"))
        self.observer.say(f"{DOOR}/snapshot/take", "PRESS")
        wait_until("a picture", lambda: len(self.answers_of_door("snapshot")) > before)

    def titles(self) -> list[str]:
        return [n.get("title", "") for n in self.phone.notifications]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    need_portaudio()
    folder = tmp_path_factory.mktemp("phone")
    place = Place()
    with pytest.MonkeyPatch.context() as patch, WebCamera(place.picture, fps=5.0) as camera:
        card = SoundCard(folder, patch)
        card.plug_in()
        made = Home(folder, camera, place, card)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def test_picture_then_clip_in_one_notification_and_all_its_buttons(home: Home) -> None:
    mark = home.home_assistant.mark()
    entity = home.told("door", live="")
    event = home.visit()
    first, second = home.phone.wait(event, 2)
    assert "Front door" in first["message"]
    assert [b["title"] for b in first["data"]["actions"]] == [
        "Snooze 30 min",
        "Keep",
        "False alarm",
        "Live",
    ]
    picture, kind = home.phone.load(first["data"]["image"])
    assert (picture[:2], kind) == (b"\xff\xd8", "image/jpeg")
    assert home.home_assistant.state(PICTURE)["attributes"]["motion_id"] == event
    clip, kind = home.phone.load(second["data"]["video"])
    assert (clip[4:8], kind) == (b"ftyp", "video/mp4")
    assert second["data"]["push"] == {"interruption-level": "passive", "sound": "none"}
    assert second["data"]["alert_once"] is True
    assert "push" not in first["data"]
    assert second["data"]["actions"] == first["data"]["actions"]
    assert first["data"]["url"].startswith("/?more-info-entity-id=")

    home.phone.press(first, "Keep")
    kept = wait_until("it is kept", lambda: home.answers("keep"))[-1]
    assert (kept["ok"], kept["data"]["id"]) == (True, event)
    home.phone.press(first, "False alarm")
    marked = wait_until("it is marked", lambda: home.answers("mark"))[-1]
    assert (marked["ok"], marked["data"]["id"]) == (True, event)
    home.phone.press(first, "Snooze 30 min")
    wait_until("it is snoozed", lambda: home.snoozed() == 30)
    home.observer.say(f"{DOOR}/snooze/set", "0")
    wait_until("its end", lambda: home.snoozed() == 0)
    home.home_assistant.call("automation.turn_off", entity)
    assert home.home_assistant.errors(mark) == []


def test_a_button_of_another_phone_or_of_nobody_does_nothing(home: Home) -> None:
    mark = home.home_assistant.mark()
    entity = home.told("mine")
    event = home.visit()
    (first, *_) = home.phone.wait(event)
    before = len(home.answers("keep"))
    for action in ("keep|x|mine", f"keep|{event}|theirs", "keep", f"keep|{event}/#|mine", "REPLY"):
        home.phone.send({"action": action})
    home.phone.send({"other": 1})
    home.phone.press(first, "Keep")
    wait_until("its answer", lambda: any(a["ok"] for a in home.answers("keep")[before:]))
    assert [a["data"]["id"] for a in home.answers("keep")[before:] if a["ok"]] == [event]
    assert (
        len(home.answers("keep")) <= before + 2
    )  # the unknown event `x` is asked for, and refused
    home.home_assistant.call("automation.turn_off", entity)
    assert home.home_assistant.errors(mark) == []


def new_answers(home: Home, noun: str, before: int) -> list[tuple[bool, str]] | None:
    """The two answers that have come since, each with the event that it is about."""
    found = home.answers(noun)[before:]
    return [(it["ok"], it["data"]["id"]) for it in found] if len(found) >= 2 else None


def test_a_button_that_is_touched_twice_or_late_means_the_event_of_its_notification(
    home: Home,
) -> None:
    mark = home.home_assistant.mark()
    entity = home.told("late")
    event = home.visit()
    (first, *_) = home.phone.wait(event)
    home.phone.wait(home.visit())  # another event since
    for title, noun in (("Keep", "keep"), ("False alarm", "mark")):
        before = len(home.answers(noun))
        for _ in range(2):
            home.phone.press(first, title)
        found = wait_until("both answers", partial(new_answers, home, noun, before))
        assert found == [(True, event)] * 2
    said = len(home.observer.payloads(f"{DOOR}/snooze/state"))
    for _ in range(2):
        home.phone.press(first, "Snooze 30 min")
    both = lambda: len(home.observer.payloads(f"{DOOR}/snooze/state")) >= said + 2  # noqa: E731
    wait_until("it is snoozed twice", both)
    assert home.snoozed() == 30
    home.observer.say(f"{DOOR}/snooze/set", "0")
    wait_until("its end", lambda: home.snoozed() == 0)
    home.home_assistant.call("automation.turn_off", entity)
    assert home.home_assistant.errors(mark) == []


def test_two_phones_are_told_each_and_a_button_of_one_acts_once(home: Home) -> None:
    mark = home.home_assistant.mark()
    with Phone(home.home_assistant, "Tablet") as tablet:
        both = [home.told("phone"), home.told("tablet", notify=tablet.action)]
        event = home.visit()
        (first, *_), (second, *_) = home.phone.wait(event), tablet.wait(event)
        assert (first["title"], second["title"]) == ("phone", "tablet")
        before = len(home.answers("keep"))
        tablet.press(second, "Keep")
        home.phone.press(first, "Keep")
        found = wait_until("both answers", partial(new_answers, home, "keep", before))
        assert found == [(True, event)] * 2
        for entity in both:
            home.home_assistant.call("automation.turn_off", entity)
    assert home.home_assistant.errors(mark) == []


def test_only_the_zone_the_people_and_the_time_that_are_wanted(home: Home) -> None:
    set_state = home.home_assistant.api
    set_state("POST", "/api/states/person.anna", {"state": "home"})
    set_state("POST", "/api/states/person.ben", {"state": "not_home"})
    people = ["person.anna", "person.ben"]
    entities = [
        home.told("elsewhere", zones=["garden"]),
        home.told("at_home", people=people),
        home.told("away", people=["person.ben"], critical=True, buttons=["live", "keep"]),
    ]
    event = home.visit()
    (first, *_) = home.phone.wait(event)
    assert [b["title"] for b in first["data"]["actions"]] == ["Live", "Keep"]
    assert first["data"]["actions"][0]["uri"] == "/lovelace/cameras"
    assert first["data"]["push"]["interruption-level"] == "critical"
    assert first["data"]["push"]["sound"]["critical"] == 1
    assert (first["data"]["channel"], first["data"]["ttl"]) == ("alarm_stream", 0)
    set_state("POST", "/api/states/person.anna", {"state": "not_home"})
    second = home.visit()
    home.phone.wait(second, 2)
    told = home.titles()
    assert "elsewhere" not in told
    assert [n["title"] for n in home.phone.of(event)].count("at_home") == 0
    assert "at_home" in [n["title"] for n in home.phone.of(second)]
    for entity in entities:
        home.home_assistant.call("automation.turn_off", entity)


def test_a_snoozed_event_is_told_to_nobody(home: Home) -> None:
    entity = home.told("quiet", picture_wait=0, media_folder="")
    template = home.observer.payloads(f"{DOOR}/home_assistant/motion")[-1]
    last = json.loads(template)
    for number, snoozed in ((1, True), (2, False)):
        event = {
            **last,
            "event_type": "motion_started",
            "id": f"7ZZZZZZZZZZZZZZZZZZZZZZZ{number:02d}",
            "seq": last["seq"] + 1000 + number,
            "started_at": last["ts"],
            "late": False,
            "snoozed": snoozed,
        }
        home.say_event(event)
    home.phone.wait("7ZZZZZZZZZZZZZZZZZZZZZZZ02")
    assert home.phone.of("7ZZZZZZZZZZZZZZZZZZZZZZZ01") == []
    home.home_assistant.call("automation.turn_off", entity)


def test_the_digest_counts_and_shows_the_best_pictures(home: Home) -> None:
    mark = home.home_assistant.mark()
    for _ in range(2):
        home.recorded_visit()
    content = automation("notifications.md", "The day in three pictures")
    content["use_blueprint"]["input"]["notify"] = home.phone.action
    entity = add_automation(home.home_assistant, "digest", content)
    log = Path(home.home_assistant.dir) / "mosquitto.log"
    wait_until("it listens", lambda: "+/+/response/digest (QoS 0)" in log.read_text())
    home.home_assistant.call("automation.trigger", entity, {"skip_condition": True})
    (first,) = home.phone.wait("digest digest")
    count = int(first["message"].split()[0])
    assert count == len(home.events("motion_started"))
    assert first["title"] == "Cameras today"
    others = home.phone.wait("digest digest 1")
    for each in (first, *others):
        picture, kind = home.phone.load(each["data"]["image"])
        assert (picture[:2], kind) == (b"\xff\xd8", "image/jpeg")
    assert others[0]["data"]["push"]["sound"] == "none"
    home.observer.say(f"{AGENT}/request/digest", '{"transaction": "of somebody else"}')
    wait_until("an answer", lambda: len(home.answers("digest")) == 2)
    home.home_assistant.call("automation.turn_off", entity)
    assert len(home.phone.of("digest digest")) == 1
    assert home.home_assistant.errors(mark) == []


def clips(home: Home) -> list[bytes]:
    return [
        payload
        for payload in home.observer.payloads(f"{DOOR}/event/recording")
        if json.loads(payload)["event_type"] == "recording_saved"
    ]


def test_home_assistants_voice_is_heard_at_the_door(home: Home) -> None:
    mark = home.home_assistant.mark()
    entity = add_automation(home.home_assistant, "say", automation("speak.md", "Say what I typed"))
    before = len(home.answers("sound"))
    home.phone.send({"action": "REPLY", "reply_text": "Please leave the parcel"})
    answer = wait_until("it is said", lambda: home.answers("sound")[before:], 60)[0]
    assert answer["ok"], answer
    assert answer["data"]["seconds"] > 0.3
    home.home_assistant.call("automation.turn_off", entity)
    heard = home.card.heard()[-1]
    assert (heard.rate, heard.channels) == (48_000, 1)
    assert home.home_assistant.errors(mark) == []


def test_the_greeting_of_the_page_loads_without_a_warning(home: Home) -> None:
    mark = home.home_assistant.mark()
    content = automation("speak.md", "Speak to a visitor at night")
    entity = add_automation(home.home_assistant, "greet", content)
    home.home_assistant.call("automation.turn_off", entity)
    assert home.home_assistant.errors(mark) == []


def test_home_assistant_imports_the_blueprints_from_a_web_address(home: Home) -> None:
    folder = BLUEPRINT.parent

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401  the server's own
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            for file in folder.glob("*.yaml"):
                url = f"http://127.0.0.1:{server.server_address[1]}/{file.name}"
                found = home.home_assistant.ws(type="blueprint/import", url=url)
                assert found["validation_errors"] is None
                assert found["blueprint"]["metadata"]["domain"] == "automation"
        finally:
            server.shutdown()
            thread.join()
