"""The store as the engine sees it: events to be kept, repairs, media names, fresh figures."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.core.effects import Effect
from agent.core.engine import Input, step
from agent.core.messages import (
    EventMarked,
    Parsed,
    RecordingSaved,
    StoreCode,
    StoreRepaired,
    StoreState,
)
from agent.core.orders import Mark, MarkEvent
from agent.core.state import Now
from schemas.commands import KeepRecording, MarkMistake, ReplyTo
from schemas.messages import Publish, Record
from schemas.state import MotionAttributes
from tests.support.engine import NOW, START, TOPICS, begun

OK = StoreState(StoreCode.OK, "", 99.0, 1000.0, 50.0, 3.25, 2048.0)


class Rig:
    """An engine with one camera and a store that is well."""

    def __init__(self, media_dir: str | None = None) -> None:
        self.state = begun(media_dir=media_dir)
        self.effects: list[Effect] = []

    def do(self, cause: Input) -> list[Effect]:
        self.state, self.effects = step(self.state, cause, NOW)
        return self.effects

    def keep(self, event: str | None = None, *, keep: bool = True) -> list[Effect]:
        command = KeepRecording(camera="yard", id=event, keep=keep)
        return self.do(Parsed(command, ReplyTo(noun="keep", camera="yard"), 100.0))

    def answers(self) -> list[dict[str, Any]]:
        topic = TOPICS.camera("yard").response("keep")
        return [
            json.loads(e.payload)
            for e in self.effects
            if isinstance(e, Publish) and e.topic == topic
        ]

    def health(self) -> dict[str, Any]:
        (message,) = [
            e for e in self.effects if isinstance(e, Publish) and e.topic == TOPICS.health
        ]
        storage: dict[str, Any] = json.loads(message.payload)["storage"]
        return storage


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.do(OK)
    return rig


def test_an_event_is_kept_by_the_store_and_answered_when_it_is(rig: Rig) -> None:
    (order,) = [e for e in rig.keep("01A", keep=False) if isinstance(e, MarkEvent)]
    assert (order.camera, order.event, order.value) == ("yard", "01A", False)
    assert rig.answers() == []
    rig.do(EventMarked("yard", "01A", "", available=True, request=order.request))
    (answer,) = rig.answers()
    assert (answer["ok"], answer["data"]) == (True, {"id": "01A"})


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("mark", [Mark.FALSE_ALARM, Mark.WRONG_LABEL])
def test_a_mistake_is_marked_by_the_same_order(rig: Rig, mark: Mark, value: bool) -> None:  # noqa: FBT001
    command = MarkMistake.model_validate({"camera": "yard", "event": "01A", mark.value: value})
    effects = rig.do(Parsed(command, ReplyTo(noun="mark", camera="yard"), 100.0))
    assert MarkEvent("yard", "01A", value, "1", mark) in effects


def test_without_an_id_it_is_the_event_that_home_assistant_shows(rig: Rig) -> None:
    assert MarkEvent("yard", None, value=True, request="1") in rig.keep()
    camera = replace(rig.state.cameras["yard"], attributes=MotionAttributes(event_id="01B"))
    rig.state = rig.state.with_camera(camera)
    assert MarkEvent("yard", "01B", value=True, request="2") in rig.keep()


@pytest.mark.parametrize(
    ("available", "code"), [(True, "unknown_event"), (False, "storage_unavailable")]
)
def test_what_cannot_be_kept_is_refused_with_its_reason(
    rig: Rig,
    available: bool,  # noqa: FBT001
    code: str,
) -> None:
    rig.keep("01A")
    rig.do(EventMarked("yard", None, "why", available=available, request="1"))
    (answer,) = rig.answers()
    assert (answer["ok"], answer["error"]) == (False, {"code": code, "message": "why"})


def test_nothing_is_asked_of_a_store_that_is_away(rig: Rig) -> None:
    rig.do(StoreState(StoreCode.ABSENT, "not mounted", 100.0))
    effects = rig.keep("01A")
    assert not [e for e in effects if isinstance(e, MarkEvent)]
    assert rig.answers()[0]["error"]["code"] == "storage_unavailable"


def test_a_store_that_does_not_answer_is_named(rig: Rig) -> None:
    rig.keep("01A")
    late = Now(200.0, START)
    from agent.core.responses import expire

    rig.state, rig.effects = expire(rig.state, late)
    assert rig.answers()[0]["error"]["code"] == "storage_unavailable"


def test_a_repair_with_a_loss_is_counted_and_said(rig: Rig) -> None:
    effects = rig.do(StoreRepaired("yard/2026-11-22/2026-11-22.mp4", "head", lossless=False))
    (error,) = [e for e in effects if isinstance(e, Publish) and e.topic == TOPICS.error]
    assert json.loads(error.payload)["code"] == "store_repaired"
    assert rig.state.repairs == 1
    assert rig.do(StoreRepaired("x", "15 bytes are cut off", lossless=True)) == []
    assert rig.state.repairs == 1


def test_health_tells_a_changed_store_at_once(rig: Rig) -> None:
    rig.do(StoreState(StoreCode.ABSENT, "not mounted", 100.0))
    assert rig.health()["state"] == "absent"
    rig.do(OK)
    health = rig.health()
    assert health["state"] == "ok"
    assert (health["days_left"], health["stored_mib"]) == (3, 2048.0)


@pytest.mark.parametrize("media_dir", [None, "local/cctv"])
def test_a_recording_names_its_place_in_home_assistants_media(media_dir: str | None) -> None:
    rig = Rig(media_dir)
    path = "yard/2026-11-22/events/081501_01A.mp4"
    saved = RecordingSaved("yard", "01A", START, 6.0, path, "d.mp4", 0.0, 99, "h264", 60)
    (record,) = [e for e in rig.do(saved) if isinstance(e, Record)]
    name = json.loads(record.publish.payload).get("media_content_id")
    assert name == (f"media-source://media_source/local/cctv/{path}" if media_dir else None)
