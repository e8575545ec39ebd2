"""What is told of an event's name, and what moves now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.core.classified import ANSWER_WITHIN, MOST
from agent.core.effects import ToRecorder
from agent.core.engine import begin
from agent.core.event_label import Label, MotionClassified, Named
from agent.core.messages import Detection
from agent.core.state import Gauges, Tick
from agent.core.stats import ClassifyStats
from schemas.settings import StoredSettings
from tests.support.engine_rig import YARD, Rig, ended, started

BOX = (0.11, 0.21, 0.3, 0.4)


@pytest.fixture
def rig() -> Rig:
    """Its camera's events are named."""
    made = Rig()
    cameras = tuple(replace(it, classify="net") for it in made.setup.cameras)
    made.setup = replace(made.setup, cameras=cameras)
    made.state, _ = begin(made.setup, StoredSettings(), {}, (), made.now)
    made.live()
    return made


def name(
    label: Label, score: float = 0.8, event: str = "01A", *, final: bool = False
) -> MotionClassified:
    if label is Label.UNKNOWN:
        return MotionClassified("yard", event, Named(label, "net"), final)
    word = {Label.PERSON: "person", Label.VEHICLE: "car", Label.ANIMAL: "cat"}[label]
    return MotionClassified("yard", event, Named(label, "net", word, score, BOX), final)


def told(rig: Rig) -> list[dict[str, Any]]:
    return [json.loads(record.publish.payload) for record in rig.records()]


def objects(rig: Rig) -> dict[str, Any]:
    *_, last = rig.published(f"{YARD}/objects")
    shown: dict[str, Any] = json.loads(last)
    return shown


def tick(rig: Rig, after: float) -> None:
    rig.do(Tick(Gauges()), after)


def test_a_name_is_told_with_the_events_id_and_what_moves_now(rig: Rig) -> None:
    rig.do(started())
    rig.do(name(Label.PERSON, final=True), 0.1)
    (event,) = told(rig)
    assert (event["event_type"], event["id"], event["seq"]) == ("motion_classified", "01A", 2)
    assert (event["label"], event["sub_label"], event["top_score"]) == ("person", "person", 0.8)
    assert (event["object_box"], event["model"]) == (list(BOX), "net")
    assert event["explanation"]["named"]["label"] == "person"
    assert event["explanation"]["text"].endswith("; net calls it person (score 0.80)")
    assert rig.records()[0].offer == f"{YARD}/home_assistant/motion"
    assert (objects(rig)["present"], objects(rig)["label"]) == (["person"], "person")
    (part,) = rig.kinds(ToRecorder)
    assert isinstance(part, ToRecorder)
    assert part.part.named.label is Label.PERSON


def test_the_end_has_the_name_and_nothing_moves_any_more(rig: Rig) -> None:
    rig.do(started())
    rig.do(name(Label.VEHICLE, 0.7))
    rig.do(name(Label.VEHICLE, 0.9))
    assert told(rig) == [], "the same name is no news"
    rig.do(ended())
    (event,) = told(rig)
    assert (event["label"], event["sub_label"], event["top_score"]) == ("vehicle", "car", 0.9)
    shown = objects(rig)
    assert (shown["present"], shown["label"], shown["top_score"]) == ([], "vehicle", 0.9)


def test_a_better_name_is_told_too_and_both_are_there(rig: Rig) -> None:
    rig.do(started())
    rig.do(name(Label.VEHICLE))
    rig.do(name(Label.PERSON, 0.6))
    assert [it["label"] for it in told(rig)] == ["person"]
    assert objects(rig)["present"] == ["vehicle", "person"]
    rig.do(name(Label.ANIMAL, 0.99))
    assert told(rig) == []


def test_what_has_no_name_is_unknown_after_the_last_look(rig: Rig) -> None:
    rig.do(started())
    rig.do(name(Label.UNKNOWN))
    assert told(rig) == [], "a better picture may come"
    rig.do(ended())
    assert told(rig)[0]["label"] == "unknown"
    rig.do(name(Label.UNKNOWN, final=True))
    (event,) = told(rig)
    assert (event["label"], event["sub_label"], event["top_score"]) == ("unknown", None, None)
    assert (objects(rig)["label"], objects(rig)["present"]) == ("unknown", [])
    tick(rig, ANSWER_WITHIN + 1)
    assert told(rig) == [], "once"


def test_without_an_answer_in_time_it_is_unknown_and_can_still_be_named(rig: Rig) -> None:
    rig.do(started())
    tick(rig, ANSWER_WITHIN - 1)
    assert told(rig) == []
    tick(rig, 1)
    assert [it["label"] for it in told(rig)] == ["unknown"]
    rig.do(name(Label.PERSON))
    assert [it["label"] for it in told(rig)] == ["person"]


def test_an_end_before_any_answer_says_nothing_of_it(rig: Rig) -> None:
    rig.do(started())
    rig.do(ended())
    assert told(rig)[0]["label"] is None
    rig.do(name(Label.ANIMAL, final=True))
    assert told(rig)[0]["label"] == "animal"
    assert objects(rig)["present"] == [], "it is over"
    assert rig.kinds(ToRecorder) == [], "its line is written"


def test_an_answer_of_an_earlier_event_leaves_the_running_one_alone(rig: Rig) -> None:
    rig.do(started("01A"))
    rig.do(ended("01A"))
    rig.do(started("01B"))
    rig.do(name(Label.PERSON, event="01B"))
    rig.do(name(Label.ANIMAL, event="01A", final=True))
    assert [(it["id"], it["label"]) for it in told(rig)] == [("01A", "animal")]
    assert objects(rig)["event_id"] == "01B"
    rig.do(name(Label.PERSON, event="01A"))
    assert told(rig) == [], "long over"


def test_events_faster_than_answers_are_bounded_and_none_is_left_without_a_word(rig: Rig) -> None:
    for number in range(MOST + 2):
        rig.do(started(f"0{number:02}"))
        unnamed = [it["id"] for it in told(rig) if it["event_type"] == "motion_classified"]
        assert unnamed == ([f"0{number - MOST:02}"] if number >= MOST else [])
        rig.do(ended(f"0{number:02}"))
    assert len(rig.state.cameras["yard"].namings) == MOST


def test_a_camera_whose_events_are_not_named_says_nothing_of_it() -> None:
    rig = Rig()
    rig.live()
    rig.do(started())
    tick(rig, ANSWER_WITHIN + 1)
    rig.do(ended())
    (event,) = told(rig)
    assert (event["label"], event["explanation"]["named"]) == (None, None)
    assert rig.published(f"{YARD}/objects") == []


def test_a_broken_classifier_is_a_problem_with_its_reason(rig: Rig) -> None:
    stats = ClassifyStats("net", state="failed", reason="net.onnx: OpenCV cannot read it")
    rig.do(Tick(Gauges(classify=stats)), 1)
    health = json.loads(rig.published("surveillance/pi/health")[0])
    assert "net.onnx: OpenCV cannot read it" in health["reasons"]["classifier_failed"]
    assert (health["classify"]["state"], health["status"]) == ("failed", "degraded")


def test_the_figures_are_those_that_started_the_event(rig: Rig) -> None:
    rig.do(started())
    rig.do(name(Label.PERSON))
    first: Detection = started().detection
    assert told(rig)[0]["score"] == first.score
