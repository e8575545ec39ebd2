"""The course of a self test: its stages in order, their deadlines, and where it broke."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.core.orders import VisionSettings
from agent.core.self_test_stages import OF_STORE, Course, Plan, Stage, plan

SETTINGS = VisionSettings(
    armed=False,
    pixel_threshold=35,
    min_changed=0.05,
    max_changed=30.0,
    post_frames=10,
    record=False,
    monitoring_interval=900.0,
    max_event_seconds=1.0,
)
PLAN = plan(SETTINGS, 3.0, store=True)


def course(wanted: Plan = PLAN, *passed: Stage) -> Course:
    """One that has begun at second 0, and what has passed in its first second."""
    made = Course(wanted, 0.0)
    for stage in passed:
        made.passed(stage, 1.0)
    return made


def test_the_settings_are_the_cameras_but_it_is_armed_and_recorded_and_never_endless() -> None:
    judged = PLAN.settings
    assert (judged.pixel_threshold, judged.min_changed, judged.max_changed) == (35, 0.05, 30.0)
    assert judged.armed
    assert judged.record
    assert judged.scores
    assert (judged.monitoring_interval, judged.max_event_seconds) == (0.0, 0.0)
    assert PLAN.analysis_fps == 3.0


@pytest.mark.parametrize("rate", [0.01, 1.0, 3.0, 15.0, 60.0])
@pytest.mark.parametrize("post_frames", [1, 10, 1000])
def test_a_test_draws_for_seconds_whatever_the_camera_is_set_to(
    rate: float, post_frames: int
) -> None:
    made = plan(replace(SETTINGS, post_frames=post_frames), rate, store=True)
    seconds = made.visit.quiet + made.visit.walk + made.settings.post_frames / made.analysis_fps
    assert seconds <= 16.0
    assert made.visit.rate <= 15.0
    assert made.visit.walk * made.analysis_fps >= 6.0  # judged frames with the visitor


def test_the_stages_pass_in_order_and_each_has_its_own_time() -> None:
    made = Course(PLAN, 0.0)
    for number, stage in enumerate(Stage, 1):
        assert made.stage is stage
        made.passed(stage, number * 2.0)
    assert made.over
    assert made.reason is None
    assert made.took == dict.fromkeys(Stage, 2000)


def test_what_is_seen_early_counts_when_it_is_its_turn() -> None:
    made = course(PLAN, Stage.STORE, Stage.EVENT, Stage.PICTURE)
    waited = [made.stage]
    for stage in (Stage.MOTION, Stage.CLIP):
        made.passed(stage, 2.0)
        waited.append(made.stage)
    assert waited == [Stage.MOTION, Stage.CLIP, Stage.PLAYBACK]
    assert made.took[Stage.STORE] == 0


@pytest.mark.parametrize("late", list(Stage))
def test_each_stage_has_a_deadline_and_the_first_late_one_is_where_it_broke(late: Stage) -> None:
    before = [stage for stage in Stage if list(Stage).index(stage) < list(Stage).index(late)]
    made = course(PLAN, *before)
    began = 1.0 if before else 0.0
    made.look(began + PLAN.within[late] - 0.1)
    before_it = made.over
    made.look(began + PLAN.within[late])
    assert (before_it, made.over, made.stage) == (False, True, late)
    assert made.reason is not None
    assert f"within {PLAN.within[late]:.0f} s" in made.reason
    made.passed(late, 1000.0)  # too late
    assert made.stage is late


def test_what_cannot_pass_any_more_breaks_it_when_it_is_its_turn() -> None:
    made = course(PLAN, Stage.PICTURE, Stage.MOTION, Stage.EVENT)
    made.broke(Stage.STORE, "spool_full: no room", 2.0)
    assert not made.over
    made.passed(Stage.CLIP, 3.0)
    assert (made.stage, made.reason) == (Stage.STORE, "spool_full: no room")


def test_without_a_store_its_stages_are_skipped_and_that_is_said() -> None:
    bare = plan(SETTINGS, 3.0, store=False)
    assert not bare.settings.record
    made = course(bare, Stage.PICTURE, Stage.MOTION, Stage.EVENT)
    assert made.stage is Stage.MQTT
    made.passed(Stage.MQTT, 2.0)
    assert made.over
    assert made.skipped == dict.fromkeys(OF_STORE, "no store is configured")


def test_a_stage_that_cannot_be_tested_is_left_out() -> None:
    made = course(PLAN, *[stage for stage in Stage if stage is not Stage.MQTT])
    made.skip(Stage.MQTT, "MQTT 3.1.1", 2.0)
    assert made.over
    assert made.stage is None
    assert made.skipped == {Stage.MQTT: "MQTT 3.1.1"}
