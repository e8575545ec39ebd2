"""The engine: motion and the beep."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.messages import (
    BeepDone,
    MotionPicture,
    MotionSuppressed,
    Parsed,
    Reason,
)
from agent.core.orders import Beep
from agent.core.state import Gauges, Tick
from agent.core.state_messages import cameras_farewell
from schemas.commands import (
    PlayBeep,
    ReplyTo,
    SetSetting,
    ShowLive,
)
from schemas.events import MotionEvent
from schemas.messages import Publish
from tests.support.engine_rig import (
    ROOT,
    START,
    YARD,
    Rig,
    detection,
    ended,
    shown,
    started,
)


def test_motion_turns_the_state_on_and_journals_the_start(rig: Rig) -> None:
    rig.do(started())
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    (record,) = rig.records()
    event = json.loads(record.publish.payload)
    assert (record.camera, record.stream, record.seq) == ("yard", "motion", 1)
    assert record.publish.retain is False
    assert event["event_type"] == "motion_started"
    assert event["id"] == "01A"
    assert event["seq"] == 1
    assert event["changed_pixels"] == 4608
    assert event["explanation"]["text"].startswith("4608 of 307200 pixels (1.500 %)")
    assert event["late"] is False


def test_the_start_of_an_event_says_only_what_somebody_waits_for(rig: Rig) -> None:
    rig.do(started())
    said = [e.topic for e in rig.effects if isinstance(e, Publish)]
    assert said == [f"{YARD}/motion/state", f"{YARD}/recording/state"]


def test_the_first_picture_brings_all_that_describes_the_event(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    (attributes,) = rig.published(f"{YARD}/motion/attributes")
    assert json.loads(attributes)["event_id"] == "01A"
    assert rig.published(f"{YARD}/motion/delta") == [b"png"]


def test_a_picture_goes_out_with_its_description_and_both_leave_after_a_day(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    (image,) = [e for e in rig.effects if isinstance(e, Publish) and e.topic.endswith("/image")]
    assert (image.qos, image.retain, image.expiry) == (0, True, 86_400)
    meta = image.description
    assert meta is not None
    assert (meta.topic, meta.retain, meta.expiry) == (f"{YARD}/motion/image_meta", True, 86_400)
    assert json.loads(meta.payload)["motion_id"] == "01A"
    assert rig.published(meta.topic) == []  # never without its picture


def test_the_end_of_an_event_turns_motion_off_and_has_the_next_number(rig: Rig) -> None:
    rig.do(started())
    rig.do(ended(), after=10.0)
    assert rig.published(f"{YARD}/motion/state") == [b"OFF"]
    event = json.loads(rig.records()[0].publish.payload)
    assert event["event_type"] == "motion_ended"
    assert event["seq"] == 2
    assert event["reason"] == "cleared"
    assert event["peak_score"] == 7.9
    assert event["duration_s"] == 10.0


def test_the_late_end_of_another_event_is_told_and_the_running_one_goes_on(rig: Rig) -> None:
    rig.do(started("01B"))
    rig.do(ended("01A"))
    (record,) = rig.records()
    event = json.loads(record.publish.payload)
    assert (event["id"], event["event_type"], event["seq"]) == ("01A", "motion_ended", 2)
    assert rig.published(f"{YARD}/motion/state") == []
    running = rig.state.cameras["yard"].motion
    assert running is not None
    assert running.event_id == "01B"
    rig.do(ended("01B"))
    assert rig.published(f"{YARD}/motion/state") == [b"OFF"]


def test_clear_delay_keeps_motion_on_until_it_has_passed(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="clear_delay", value=5.0), "clear_delay")
    rig.do(started())
    rig.do(ended())
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    rig.do(Tick(Gauges()), after=4.0)
    assert rig.published(f"{YARD}/motion/state") == []
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.published(f"{YARD}/motion/state") == [b"OFF"]


def test_a_farewell_takes_back_what_is_true_no_longer(rig: Rig) -> None:
    rig.live()
    rig.command(SetSetting(camera="yard", name="clear_delay", value=5.0), "clear_delay")
    rig.command(ShowLive(camera="yard", seconds=60), "live")
    rig.do(started())
    rig.do(ended())
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    said = [e for e in cameras_farewell(rig.state) if isinstance(e, Publish)]
    assert {message.topic: message.payload for message in said} == {
        f"{YARD}/motion/state": b"OFF",
        f"{YARD}/live_view/state": b"OFF",
        f"{YARD}/availability": b"offline",
        f"{YARD}/live/image": b"",
        f"{YARD}/live/meta": b"",
    }


def test_a_farewell_leaves_the_card_of_privacy_mode(rig: Rig) -> None:
    rig.live()
    rig.command(SetSetting(camera="yard", name="privacy", value=True), "privacy")
    said = [e for e in cameras_farewell(rig.state) if isinstance(e, Publish)]
    assert all(message.payload for message in said)


def test_a_new_event_within_clear_delay_keeps_motion_on(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="clear_delay", value=5.0), "clear_delay")
    rig.do(started())
    rig.do(ended())
    rig.do(started("01B"), after=1.0)
    rig.do(Tick(Gauges()), after=10.0)
    assert rig.published(f"{YARD}/motion/state") == []
    assert rig.state.cameras["yard"].motion_shown


def better(at: float, picture: bytes) -> MotionPicture:
    return replace(shown(delta=None), at=at, picture=picture)


def test_a_better_picture_replaces_the_first_some_seconds_later() -> None:
    rig = Rig()
    rig.do(started())
    rig.do(shown())
    rig.do(better(103.0, b"better"))
    assert rig.published(f"{YARD}/motion/image") == []
    rig.do(better(106.0, b"best"))
    assert rig.published(f"{YARD}/motion/image") == [b"best"]
    assert rig.published(f"{YARD}/motion/delta") == []
    assert rig.state.cameras["yard"].delta == b"png"
    rig.do(ended())
    assert rig.published(f"{YARD}/motion/image") == []


def test_the_best_picture_of_a_short_event_is_said_at_its_end() -> None:
    rig = Rig()
    rig.do(started())
    rig.do(shown())
    rig.do(better(103.0, b"better"))
    rig.do(ended())
    assert rig.published(f"{YARD}/motion/image") == [b"better"]
    rig.do(started("01B"))
    rig.do(shown("01B"))
    assert rig.published(f"{YARD}/motion/image") == [b"jpeg"]


def test_a_better_picture_of_a_past_event_is_nothing(rig: Rig) -> None:
    rig.do(shown("old"))
    assert rig.effects == []


def test_a_suppressed_event_is_journalled_with_its_reason_and_changes_no_state(rig: Rig) -> None:
    cause = MotionSuppressed("yard", "01S", 100.0, START, detection(46.0, Reason.TOO_MUCH), 3)
    rig.do(cause)
    event = json.loads(rig.records()[0].publish.payload)
    assert event["event_type"] == "motion_suppressed"
    assert event["reason"] == "too_much_changed"
    assert "not below max_changed 16.28 %" in event["explanation"]["text"]
    assert rig.published(f"{YARD}/motion/state") == []
    assert rig.state.cameras["yard"].suppressed == 1


def test_event_numbers_go_on_after_a_restart() -> None:
    rig = Rig(last_seq={("yard", "motion"): 41})
    rig.do(started())
    assert rig.records()[0].seq == 42


def test_an_event_that_a_killed_process_left_open_is_ended_at_start() -> None:
    before = Rig()
    before.do(started())
    start = MotionEvent.model_validate_json(before.records()[0].publish.payload)
    rig = Rig(open_events=(start,), last_seq={("yard", "motion"): start.seq})
    event = json.loads(rig.records()[0].publish.payload)
    assert event["event_type"] == "motion_ended"
    assert (event["id"], event["seq"]) == (start.id, start.seq + 1)
    assert event["reason"] == "interrupted"
    # what is known is that of the start; what nobody saw is not made up
    assert event["score"] == start.score
    assert event["score"] > 0
    assert event["explanation"] == json.loads(start.to_json())["explanation"]
    assert [event[name] for name in ("peak_score", "duration_s", "frames")] == [None] * 3


def test_an_open_event_of_a_camera_that_is_gone_is_left_alone() -> None:
    before = Rig(cameras=("gone",))
    before.do(started(name="gone"))
    start = MotionEvent.model_validate_json(before.records()[0].publish.payload)
    assert Rig(open_events=(start,)).effects == []


def test_the_first_motion_beeps_and_the_next_within_a_minute_does_not(rig: Rig) -> None:
    rig.do(started("01A"))
    assert rig.kinds(Beep) == [Beep(None, "yard")]
    rig.do(ended("01A"), after=10.0)
    rig.do(started("01B"), after=10.0)
    assert rig.kinds(Beep) == []
    rig.do(started("01C"), after=40.0)
    assert rig.kinds(Beep) == [Beep(None, "yard")]


@pytest.mark.parametrize(("where", "name"), [("yard", "beep_on_motion"), (None, "beep_enabled")])
def test_switched_off_the_beeper_is_silent(rig: Rig, where: str | None, name: str) -> None:
    rig.do(Parsed(SetSetting(camera=where, name=name, value=False), ReplyTo(noun=name), 0.0))
    rig.do(started())
    assert rig.kinds(Beep) == []


def test_a_commanded_beep_ignores_the_cooldown_and_is_answered_when_it_sounded(rig: Rig) -> None:
    rig.do(started())
    rig.do(Parsed(PlayBeep(), ReplyTo(noun="beep", transaction="t1"), rig.at))
    (beep,) = rig.kinds(Beep)
    assert isinstance(beep, Beep)
    rig.do(BeepDone(ok=True, message="", request=beep.request, at=rig.at), after=0.4)
    (answer,) = rig.published(f"{ROOT}/response/beep")
    assert json.loads(answer)["ok"] is True
    assert json.loads(answer)["transaction"] == "t1"


def test_beep_commands_are_limited_to_one_a_second(rig: Rig) -> None:
    rig.do(Parsed(PlayBeep(), ReplyTo(noun="beep"), rig.at))
    rig.do(Parsed(PlayBeep(), ReplyTo(noun="beep"), rig.at), after=0.5)
    assert rig.kinds(Beep) == []
    (answer,) = rig.published(f"{ROOT}/response/beep")
    assert json.loads(answer)["error"]["code"] == "rate_limited"


def test_a_beep_that_fails_or_never_ends_is_answered_as_failed(rig: Rig) -> None:
    rig.do(Parsed(PlayBeep(), ReplyTo(noun="beep"), rig.at))
    rig.do(BeepDone(ok=False, message="no sound device", request="1", at=rig.at))
    (answer,) = rig.published(f"{ROOT}/response/beep")
    assert json.loads(answer)["error"] == {"code": "audio_failed", "message": "no sound device"}
    rig.do(Parsed(PlayBeep(), ReplyTo(noun="beep"), rig.at), after=2.0)
    rig.do(Tick(Gauges()), after=9.0)
    (answer,) = rig.published(f"{ROOT}/response/beep")
    assert json.loads(answer)["error"]["code"] == "audio_failed"
