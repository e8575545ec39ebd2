"""Each invariant of the storm can fail: a record in which all is well, and one lie after another.

Nothing runs here but a broker for what is retained. The record answers commands as an agent does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest

from tests.resilience import storm_rest
from tests.resilience.storm import Sent, Storm
from tests.resilience.storm_page import PageOrder
from tests.resilience.storm_plan import CAMERAS, Act
from tests.resilience.storm_rest import REST, ended_well, settings_outlive_a_restart
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS
from tests.support.broker import Broker

YARD = TOPICS.camera("yard")
PICTURES = 3


class Record:
    """A storm that is over, and an agent that says what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sent: list[Sent] = []
        self.removed: dict[str, float] = {}
        self.refused: set[str] = set()
        self.deaf: set[str] = set()
        self.result, self.shown = "passed", PICTURES
        self.aim: dict[str, Any] = {"origin": "file", "aim": {"zones": {}}}
        self.status: dict[str, Any] = {
            "mqtt": {"journal_waiting": 0},
            "storage": {"spool_records": 0},
            "restarts": {"yard.vision": 0},
            "mailboxes": {"inbox": {"dropped": 0}, "yard.frames": {"dropped": 3}},
        }
        self.said: dict[str, list[bytes]] = {}
        self.say(TOPICS.info, {"cameras": CAMERAS})
        self.say(TOPICS.health, {"problems": []})
        self.say(TOPICS.self_test, {"result": "passed"})
        for camera in map(TOPICS.camera, CAMERAS):
            self.say(camera.availability, "online")
            self.say(camera.health, {"problems": [], "state": "live"})
            for topic in (camera.motion, camera.recording, camera.live_view):
                self.say(topic, "OFF")
        self.ear = SimpleNamespace(
            payloads=lambda topic: list(self.said.get(topic, [])),
            of=lambda topic: [SimpleNamespace(payload=it) for it in self.said.get(topic, [])],
            complaints=[],
        )
        self.page = SimpleNamespace(orders=[], order=self.order)
        self.house = SimpleNamespace(store=folder)
        self.agent = SimpleNamespace(log="all is well")
        self.broker: Any = None
        self.numbers = dict.fromkeys(CAMERAS, 0)
        self.answers: dict[int, list[dict[str, Any]]] = {}

    def say(self, topic: str, what: object) -> None:
        payload = what if isinstance(what, str) else json.dumps(what)
        self.said.setdefault(topic, []).append(payload.encode())

    def listened(self, _at: float) -> bool:
        return True

    def rest(self, _seconds: float) -> None:
        """No time passes in a record."""

    def order(self, camera: str, order: tuple[str, str, Any]) -> PageOrder:
        status = None if "page" in self.deaf else 200
        return PageOrder(camera, order, 1.0, 0, True, status, self.aim)

    def command(self, act: Act) -> int:
        number = len(self.sent)
        self.sent.append(Sent(act, number, float(number)))
        if act.what in self.refused:
            answer: dict[str, Any] = {"ok": False, "error": {"code": "x", "message": "no"}}
        else:
            answer = {"ok": True, "data": self.status}
            if act.what == "setCameraSetting":
                name, _, value = act.value.partition(" ")
                self.say(TOPICS.camera(act.camera).setting_state(name), value)
            if act.what == "recordClip":
                answer["data"] = {"id": f"clip of {act.camera}"}
                self.saved(act.camera, f"clip of {act.camera}")
            if act.what == "requestSelf_test":
                self.say(TOPICS.self_test, {"result": self.result})
        self.answers[number] = [] if act.what in self.deaf else [answer]
        return number

    def answered(self, number: int) -> list[dict[str, Any]]:
        return self.answers[number]

    def act(self, act: Act) -> None:
        if act.what == "walk":
            kind = "motion_started" if act.value == "true" else "motion_ended"
            self.motion(act.camera, kind)
            if kind == "motion_ended":
                self.saved(act.camera, f"event of {act.camera}")
        elif act.what in self.refused:  # a restart that forgets
            self.say(YARD.setting_state("armed"), "OFF")

    def motion(self, camera: str, kind: str) -> None:
        if kind in self.deaf:
            return
        self.numbers[camera] += 1
        event = {"event_type": kind, "id": f"event of {camera}", "seq": self.numbers[camera]}
        self.say(TOPICS.camera(camera).event_motion, event)

    def saved(self, camera: str, event: str) -> None:
        path = self.folder / f"{event}.mp4"
        with av.open(str(path), "w") as film:
            stream = film.add_stream("mpeg4", 5)
            stream.width, stream.height = 64, 64
            for _ in range(self.shown):
                picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
                film.mux(stream.encode(picture))
            film.mux(stream.encode())
        told = {"event_type": "recording_saved", "id": event, "path": str(path), "frames": PICTURES}
        self.say(TOPICS.camera(camera).event_recording, told)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Record]:
    """A record; who waits looks once. The last message of the broker's is what it retains."""

    def once(what: str, condition: Callable[[], object], *_: object, **__: object) -> object:
        found = condition()
        assert found, what
        return found

    monkeypatch.setattr(storm_rest, "wait_until", once)
    made = Record(tmp_path)
    (tmp_path / "broker").mkdir()
    broker = Broker(tmp_path / "broker")
    broker.start()
    try:
        made.broker = broker
        with Ear(broker.port, "#") as ear:
            ear.say(YARD.motion, "OFF", retain=True)
            ear.wait_for(YARD.motion)
        yield made
    finally:
        broker.kill()


def complaints(record: Record) -> set[str]:
    """Invariants that do not hold."""
    storm = cast(Storm, record)
    asked = [*REST[:2], settings_outlive_a_restart, *REST[2:]]
    return {ask.__name__ for ask in asked for _ in ask(storm)}


def ordered(record: Record, status: int | None, path: str, body: object) -> None:
    """Somebody ordered this on the page, and that was HTTP's answer."""
    record.page.orders.append(PageOrder("yard", ("POST", path, body), 1.0, 0, True, status, {}))


def _unanswered(it: Record) -> None:
    it.deaf.add("takeOverlay")
    it.command(Act(0.0, "takeOverlay", "yard"))


def _answered_twice(it: Record) -> None:
    it.answers[it.command(Act(0.0, "takeOverlay", "yard"))] *= 2


def _another_value(it: Record) -> None:
    it.command(Act(0.0, "setCameraSetting", "yard", "armed OFF"))
    it.say(YARD.setting_state("armed"), "ON")


def _another_value_than_the_page_set(it: Record) -> None:
    ordered(it, 200, "settings", {"values": {"armed": False}})
    it.say(YARD.setting_state("armed"), "ON")


def _forgetful(it: Record) -> None:
    it.refused.add("stop")


def _page_without_an_answer(it: Record) -> None:
    ordered(it, None, "snapshot", {})


def _page_that_breaks(it: Record) -> None:
    ordered(it, 500, "snapshot", {})


def _aim_that_was_lost(it: Record) -> None:
    ordered(it, 200, "aim", {"zones": {"left": {}}})


def _page_that_shows_no_aim(it: Record) -> None:
    it.deaf.add("page")


def _without_rest(it: Record) -> None:
    it.refused.add("snoozeAll")


def _offline(it: Record) -> None:
    it.say(YARD.availability, "offline")


def _connecting(it: Record) -> None:
    it.say(YARD.health, {"problems": [], "state": "connecting"})


def _recording(it: Record) -> None:
    it.say(YARD.recording, "ON")


def _testing(it: Record) -> None:
    it.result = "running"
    it.say(TOPICS.self_test, {"result": "running"})


def _ill(it: Record) -> None:
    it.say(YARD.health, {"problems": ["not_judged"], "state": "live"})


def _blind(it: Record) -> None:
    it.deaf.add("motion_started")


def _event_without_end(it: Record) -> None:
    it.deaf.add("motion_ended")


def _short_film(it: Record) -> None:
    it.shown = PICTURES - 1


def _without_a_picture(it: Record) -> None:
    it.refused.add("takeSnapshot")


def _failed_self_test(it: Record) -> None:
    it.result = "failed"


def _retained_of_nobody(it: Record) -> None:
    with Ear(it.broker.port, "#") as ear:
        topic = TOPICS.camera("gone").motion
        ear.say(topic, "OFF", retain=True)
        ear.wait_for(topic)


def _with_a_journal(it: Record) -> None:
    it.status["mqtt"]["journal_waiting"] = 1


def _restarted(it: Record) -> None:
    it.status["restarts"]["yard.vision"] = 1


def _dropped(it: Record) -> None:
    it.status["mailboxes"]["inbox"]["dropped"] = 1


def _raised(it: Record) -> None:
    it.agent.log = "Traceback (most recent call last)"


def _against_the_schema(it: Record) -> None:
    it.ear.complaints.append("no such key")


LIES: dict[Callable[[Record], None], str] = {
    _unanswered: "commands_are_answered_once",
    _answered_twice: "commands_are_answered_once",
    _another_value: "settings_are_what_was_commanded",
    _another_value_than_the_page_set: "settings_are_what_was_commanded",
    _forgetful: "settings_outlive_a_restart",
    _page_without_an_answer: "the_page_answers",
    _page_that_breaks: "the_page_answers",
    _aim_that_was_lost: "aims_are_what_was_drawn",
    _page_that_shows_no_aim: "aims_are_what_was_drawn",
    _without_rest: "put_to_rest",
    _offline: "cameras_are_live",
    _connecting: "cameras_are_live",
    _recording: "nothing_is_stuck",
    _testing: "nothing_is_stuck",
    _ill: "no_problem_is_said",
    _blind: "who_walks_is_seen_and_recorded",
    _event_without_end: "every_event_has_one_end",
    _short_film: "who_walks_is_seen_and_recorded",
    _without_a_picture: "what_is_asked_for_comes",
    _failed_self_test: "the_self_test_passes",
    _retained_of_nobody: "only_what_is_configured_is_retained",
    _with_a_journal: "nothing_waits",
    _restarted: "nothing_waits",
    _dropped: "nothing_waits",
    _raised: "nothing_was_raised",
    _against_the_schema: "nothing_was_raised",
}


def test_a_storm_after_which_all_is_well_has_no_complaint(record: Record) -> None:
    assert complaints(record) == set()


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__.strip("_"))
def test_a_lie_is_found(lie: Callable[[Record], None], record: Record) -> None:
    lie(record)
    assert LIES[lie] in complaints(record)


def test_every_invariant_is_among_them() -> None:
    assert set(LIES.values()) == {ask.__name__ for ask in (*REST, settings_outlive_a_restart)}


def test_a_process_that_grew_or_ended_badly_is_found() -> None:
    assert list(ended_well((20, 50), (22, 56), 0)) == []
    assert list(ended_well((20, 50), (23, 50), 0))
    assert list(ended_well((20, 50), (20, 57), 0))
    assert list(ended_well((20, 50), (20, 50), 70))
