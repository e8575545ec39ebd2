"""Privacy mode of a running agent: no session, no picture anywhere, also after a restart."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from agent.imaging.card import privacy_jpeg, privacy_png
from agent.imaging.jpeg import decode_colour, encode
from tests.e2e.test_reload import reload
from tests.e2e.test_self_test import ask, result
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS, YARD, House
from tests.support.broker import free_port
from tests.support.page_rig import TOKEN, Visitor
from tests.support.scene import jpeg_of
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

EMPTY, SOMEBODY = jpeg_of(None, (480, 640)), jpeg_of((96, 96), (480, 640))
CARD = privacy_jpeg()
PICTURES = (YARD.snapshot, YARD.motion_image, YARD.overlay, YARD.heatmap, YARD.live_image)


class Scene:
    """Somebody comes and goes each three pictures while `moving`."""

    def __init__(self) -> None:
        self.moving = False
        self.empty, self.somebody = EMPTY, SOMEBODY

    def picture(self, number: int) -> bytes:
        return self.somebody if self.moving and number % 6 < 3 else self.empty


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def camera(house: House, scene: Scene) -> Iterator[WebCamera]:
    with WebCamera(scene.picture, fps=10) as made:
        house.config["cameras"]["yard"] = {
            "source": made.url(),
            "analysis_fps": 10,
            "detection": {"profile": "plain", "min_changed": 0.01, "max_changed": 100},
        }
        yield made


def last(ear: Ear, topic: str) -> bytes:
    heard = ear.payloads(topic)
    return heard[-1] if heard else b"nothing yet"


def wait_state(ear: Ear, topic: str, value: bytes) -> None:
    wait_until(f"{topic} = {value[:20]!r}", lambda: last(ear, topic) == value)


def health(ear: Ear) -> dict[str, Any]:
    heard = ear.payloads(YARD.health) or [b'{"state": "", "state_reason": ""}']
    said: dict[str, Any] = json.loads(heard[-1])
    return said


def events(ear: Ear) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in ear.payloads(YARD.event_motion)]


def is_of_card(ear: Ear, topic: str) -> bool:
    return bool(json.loads(last(ear, topic))["reason"] == "privacy")


def left_alone(camera: WebCamera) -> None:
    """Nobody has a connection to it any more."""
    wait_until("the session is closed at the camera", lambda: camera.viewers == 0)


def test_privacy_mode_closes_the_session_and_every_picture_and_ends_the_event(
    house: House, ear: Ear, camera: WebCamera, scene: Scene
) -> None:
    port = free_port()
    house.config["reoffer"] = {"port": port}
    agent = house.agent()
    wait_until("frames", lambda: camera.sent > 20)
    ear.say(YARD.snapshot_take, "PRESS")
    wait_until("a real picture", lambda: ear.payloads(YARD.snapshot))
    wait_until("a live one", lambda: ear.payloads(YARD.live_image))
    ear.say(YARD.live_view_set, "600")
    wait_state(ear, YARD.live_view, b"ON")
    scene.moving = True
    wait_until("an event", lambda: events(ear))
    wait_until("its picture", lambda: ear.payloads(YARD.motion_image))

    ear.say(YARD.setting_set("privacy"), "ON")
    wait_state(ear, YARD.setting_state("privacy"), b"ON")
    left_alone(camera)
    asked = camera.requests
    for topic in PICTURES:
        wait_state(ear, topic, CARD)
    wait_state(ear, YARD.motion_delta, privacy_png())
    for topic in (YARD.snapshot_meta, YARD.live_meta):
        wait_until("the card's", partial(is_of_card, ear, topic))
    wait_state(ear, YARD.live_view, b"OFF")
    wait_until("the end", lambda: events(ear)[-1]["event_type"] == "motion_ended")
    assert events(ear)[-1]["reason"] == "privacy"
    wait_state(ear, YARD.motion, b"OFF")
    wait_until("health says it", lambda: health(ear)["state"] == "private")
    wait_until("and why", lambda: "privacy mode is on" in health(ear)["state_reason"])
    assert health(ear)["problems"] == []
    assert health(ear)["status"] == "ok"
    assert last(ear, YARD.availability) == b"online"

    ear.say(YARD.snapshot_take, "PRESS")
    answer = YARD.response("snapshot")
    wait_until("a refusal", lambda: b"privacy mode is on" in last(ear, answer))
    assert json.loads(last(ear, answer))["error"]["code"] == "camera_unavailable"
    ear.say(YARD.live_view_set, "ON")
    wait_until("a refusal", lambda: b"privacy mode is on" in last(ear, YARD.response("live_view")))
    ear.say(YARD.recording_start, "PRESS")
    wait_until("a refusal", lambda: b"privacy mode is on" in last(ear, YARD.response("record")))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/yard/latest.jpg") as picture:
        assert picture.read() == CARD
    shown = house.command("overlay", "--camera", "yard", "-o", str(house.folder / "o.png"))
    assert shown.returncode == 2
    assert "is in privacy mode" in shown.stderr
    assert camera.requests == asked
    assert last(ear, YARD.live_image) == CARD

    ear.say(YARD.setting_set("privacy"), "OFF")
    wait_until("a session", lambda: camera.requests > asked)
    wait_until("a real picture again", lambda: last(ear, YARD.snapshot) != CARD)
    wait_until("live", lambda: health(ear)["state"] == "live")
    wait_until("a live one again", lambda: last(ear, YARD.live_image) not in {CARD, b""})
    assert agent.stop() == 0
    assert "Traceback" not in agent.log


def test_privacy_mode_for_a_moment_leaves_a_camera_that_is_judged_again(
    house: House, ear: Ear, camera: WebCamera, scene: Scene
) -> None:
    agent = house.agent()
    wait_until("frames", lambda: camera.sent > 5)
    asked = camera.requests
    ear.say(YARD.setting_set("privacy"), "ON")
    ear.say(YARD.setting_set("privacy"), "OFF")
    wait_until("another session", lambda: camera.requests > asked)
    ear.say(YARD.snapshot_take, "PRESS")
    wait_until("an answer", lambda: ear.payloads(YARD.response("snapshot")))
    scene.moving = True
    wait_until("an event", lambda: events(ear))
    assert agent.stop() == 0


def test_a_private_camera_that_leaves_the_configuration_and_comes_back_is_private(
    house: House, ear: Ear, camera: WebCamera
) -> None:
    house.config["cameras"]["porch"] = {"source": "demo:"}
    agent = house.agent()
    wait_until("frames", lambda: camera.sent > 5)
    ear.say(YARD.setting_set("privacy"), "ON")
    wait_state(ear, YARD.setting_state("privacy"), b"ON")
    left_alone(camera)
    asked = camera.requests
    yard = house.config["cameras"].pop("yard")
    reload(house, agent)
    wait_state(ear, YARD.setting_state("privacy"), b"")
    house.config["cameras"]["yard"] = yard
    reload(house, agent)
    wait_state(ear, YARD.setting_state("privacy"), b"ON")
    wait_until("private", lambda: ear.payloads(YARD.health)[-1] and health(ear)["privacy"])
    assert camera.requests == asked
    assert agent.stop() == 0


def test_privacy_mode_outlives_a_kill_and_no_request_is_made_at_the_next_start(
    house: House, ear: Ear, camera: WebCamera
) -> None:
    agent = house.agent()
    wait_until("frames", lambda: camera.sent > 5)
    ear.say(YARD.setting_set("privacy"), "ON")
    wait_state(ear, YARD.setting_state("privacy"), b"ON")
    left_alone(camera)
    saved = house.folder / "state" / "settings.json"
    wait_until("it is kept", lambda: saved.exists() and '"privacy"' in saved.read_text())
    wait_state(ear, YARD.snapshot, CARD)
    agent.kill()
    wait_state(ear, TOPICS.availability, b"offline")
    asked, cards = camera.requests, ear.payloads(YARD.snapshot).count(CARD)
    again = house.agent()
    wait_state(ear, TOPICS.availability, b"online")
    wait_until("the card again", lambda: ear.payloads(YARD.snapshot).count(CARD) > cards)
    wait_until("private", lambda: health(ear)["state_reason"].startswith("privacy mode is on"))
    checked = house.command("check-config", "--ask").stdout
    assert "cameras.yard is in privacy mode: it was not asked" in checked
    ear.say(YARD.settings_reset, "PRESS")
    wait_until("the answer", lambda: ear.payloads(YARD.response("settings")))
    assert last(ear, YARD.setting_state("privacy")) == b"ON"
    assert camera.requests == asked
    assert again.stop() == 0


def test_a_camera_that_is_configured_private_is_never_asked_until_a_command_says_so(
    house: House, ear: Ear, camera: WebCamera
) -> None:
    house.config["cameras"]["yard"]["privacy_mode"] = True
    agent = house.agent()
    wait_state(ear, YARD.snapshot, CARD)
    wait_until("private", lambda: health(ear)["state_reason"].startswith("privacy mode is on"))
    assert camera.requests == 0
    ask(ear)
    assert result(ear)["result"] == "passed"  # with its settings, of a drawn scene
    assert camera.requests == 0
    assert last(ear, YARD.live_image) == CARD
    ear.say(YARD.setting_set("privacy"), "off")
    wait_until("frames", lambda: camera.sent > 5)
    ear.say(YARD.setting_set("privacy"), "reset")
    wait_state(ear, YARD.setting_state("privacy"), b"ON")
    left_alone(camera)
    assert agent.stop() == 0


def test_a_camera_that_a_new_configuration_makes_private_has_the_card_everywhere(
    house: House, ear: Ear, camera: WebCamera
) -> None:
    agent = house.agent()
    wait_until("a live picture", lambda: ear.payloads(YARD.live_image))
    house.config["cameras"]["yard"]["privacy_mode"] = True
    reload(house, agent)
    for topic in PICTURES:
        wait_state(ear, topic, CARD)
    left_alone(camera)
    assert agent.stop() == 0


PAST = "/api/cameras/yard/days"
STILLS = {"best", "n-2", "n-1", "n", "delta"}


@pytest.fixture
def visitor(house: House) -> Visitor:
    """Somebody who logs in at the page of the agent that is started next."""
    port = free_port()
    house.config["page"] = {"port": port, "token": TOKEN}
    return Visitor(port)


def got(visitor: Visitor, path: str) -> bytes:
    said = visitor.get(path)
    assert said.status == 200, (path, said.status, said.body)
    return said.body


def recorded(visitor: Visitor) -> dict[str, bytes]:
    """All that the page's *Day* hands out of saved events, by its path."""
    found: dict[str, bytes] = {}
    for day in json.loads(got(visitor, PAST))["days"]:
        told = json.loads(got(visitor, f"{PAST}/{day}"))
        assert told["store"] == ""
        for event in told["events"]:
            if event["stored"]:
                files = f"{PAST}/{day}/events/{event['id']}/files"
                found |= {f"{files}/{it}": got(visitor, f"{files}/{it}") for it in event["files"]}
        for film in told["films"]:
            path = f"{PAST}/{day}/films/{film['part']}?download"
            found[path] = got(visitor, path)
    return found


def is_still(path: str) -> bool:
    return path.rpartition("/")[2] in STILLS - {"delta"}


def saved(ear: Ear) -> int:
    """Of how many events the store has said that it has them."""
    heard = [json.loads(payload) for payload in ear.payloads(YARD.event_recording)]
    return sum(it["event_type"] == "recording_saved" for it in heard)


def begun(ear: Ear) -> int:
    """How many events have begun."""
    return sum(it["event_type"] == "motion_started" for it in events(ear))


def visit(ear: Ear, scene: Scene) -> None:
    """Somebody comes and goes, and that is recorded."""
    known = begun(ear)
    scene.moving = True
    wait_until("an event", lambda: begun(ear) > known)
    scene.moving = False
    wait_until("it is saved", lambda: saved(ear) == begun(ear))


def test_what_was_recorded_before_privacy_mode_stays_as_it_is_and_nothing_is_added(
    house: House, ear: Ear, camera: WebCamera, scene: Scene, visitor: Visitor
) -> None:
    agent = house.agent()
    wait_until("frames", lambda: camera.sent > 20)
    agent.wait_for_line("page: at http")
    visitor.log_in(token=TOKEN)
    scene.moving = True
    wait_until("an event", lambda: events(ear))
    ear.say(YARD.setting_set("privacy"), "ON")
    wait_until("the end", lambda: events(ear)[-1]["event_type"] == "motion_ended")
    left_alone(camera)
    wait_until("what came before is saved", lambda: saved(ear) == begun(ear))
    asked, before = camera.requests, recorded(visitor)
    kinds = {path.rpartition("/")[2] for path in before}
    assert kinds >= {"clip", "n"}
    assert any("/films/" in path for path in before)
    assert CARD not in before.values()

    for wanted, answer in ((YARD.snapshot_take, "snapshot"), (YARD.recording_start, "record")):
        ear.say(wanted, "PRESS")
        topic = YARD.response(answer)
        wait_until("a refusal", partial(refused, ear, topic))
    assert got(visitor, "/api/cameras/yard/last") == CARD
    assert recorded(visitor) == before
    assert camera.requests == asked

    scene.moving = False
    ear.say(YARD.setting_set("privacy"), "OFF")
    wait_until("live", lambda: health(ear)["state"] == "live")
    visit(ear, scene)
    after = recorded(visitor)
    assert {path for path in before if is_still(path)} < {path for path in after if is_still(path)}
    assert {path: after[path] for path in before if "/events/" in path}.items() <= before.items()
    assert agent.stop() == 0


def refused(ear: Ear, topic: str) -> bool:
    return b"privacy mode is on" in last(ear, topic)


def right_half(jpeg: bytes) -> int:
    """How bright its brightest place is."""
    picture = decode_colour(jpeg)
    assert picture is not None
    return int(picture[:, picture.shape[1] // 2 + 16 :].max())


def with_lamp(jpeg: bytes) -> bytes:
    """The picture with a lamp in its right half that shines all the time."""
    picture = decode_colour(jpeg)
    assert picture is not None
    picture[200:240, 480:520] = 220
    return encode(picture)


def test_a_new_polygon_is_black_in_what_is_recorded_from_then_on_and_in_nothing_of_before(
    house: House, ear: Ear, camera: WebCamera, scene: Scene, visitor: Visitor
) -> None:
    scene.empty, scene.somebody = with_lamp(EMPTY), with_lamp(SOMEBODY)
    agent = house.agent()
    wait_until("frames", lambda: camera.sent > 20)
    agent.wait_for_line("page: at http")
    visitor.log_in(token=TOKEN)
    visit(ear, scene)
    before = recorded(visitor)
    assert min(right_half(it) for path, it in before.items() if is_still(path)) > 150

    half = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
    house.config["cameras"]["yard"]["privacy"] = [half]
    shown = camera.requests
    reload(house, agent)
    wait_until("another session", lambda: camera.requests > shown)
    visit(ear, scene)
    after = recorded(visitor)
    assert {path: after[path] for path in before if "/events/" in path}.items() <= before.items()
    new = [it for path, it in after.items() if is_still(path) and path not in before]
    assert new
    assert max(right_half(it) for it in new) < 50
    assert agent.stop() == 0
