"""The engine: what cameras, recordings, store and speaker tell it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.effects import (
    Say,
    ToVision,
    WriteHealth,
)
from agent.core.messages import (
    AudioState,
    CameraCode,
    ClipOpened,
    EndReason,
    RecordingFailed,
    RecordingSaved,
    StoreCode,
    StoreState,
)
from agent.core.orders import CameraWent, CloseClip
from agent.core.state import Gauges, Tick
from schemas.commands import (
    SetSetting,
)
from schemas.messages import Publish
from tests.support.engine_rig import (
    ROOT,
    START,
    YARD,
    Rig,
    camera,
    ended,
    started,
)


def test_a_camera_is_online_with_its_first_frame(rig: Rig) -> None:
    rig.do(camera(CameraCode.CONNECTING))
    assert rig.published(f"{YARD}/availability") == [b"offline"]
    rig.live()
    assert rig.published(f"{YARD}/availability") == [b"online"]


def test_a_lost_camera_goes_offline_after_its_event_has_ended(rig: Rig) -> None:
    rig.live()
    rig.do(started())
    rig.do(camera(CameraCode.STALLED))
    assert rig.published(f"{YARD}/availability") == []
    assert ToVision("yard", CameraWent(1)) in rig.effects
    rig.do(ended(reason=EndReason.CAMERA_LOST))
    topics = [e.topic for e in rig.effects if isinstance(e, Publish)]
    off, offline = topics.index(f"{YARD}/motion/state"), topics.index(f"{YARD}/availability")
    assert off < offline
    assert rig.published(f"{YARD}/availability") == [b"offline"]


@pytest.mark.parametrize("reason", [EndReason.CLEARED, EndReason.DISARMED, EndReason.SHUTDOWN])
def test_a_camera_lost_while_its_event_ended_for_another_reason_goes_offline_too(
    rig: Rig, reason: EndReason
) -> None:
    rig.live()
    rig.do(started())
    rig.do(camera(CameraCode.STALLED))
    rig.do(ended(reason=reason))
    assert rig.published(f"{YARD}/availability") == [b"offline"]


def test_a_camera_that_was_not_live_does_not_go_once_more(rig: Rig) -> None:
    rig.do(camera(CameraCode.UNREACHABLE))
    assert rig.kinds(ToVision) == []
    rig.live()
    assert rig.kinds(ToVision) == []


def test_a_lost_camera_is_an_error_and_its_return_clears_it(rig: Rig) -> None:
    rig.live()
    rig.do(camera(CameraCode.UNREACHABLE, reason="nobody answers"))
    error = json.loads(rig.published(f"{ROOT}/error")[0])
    assert error["code"] == "camera_unreachable"
    assert "nobody answers" in error["message"]
    health = json.loads(rig.published(f"{ROOT}/health")[0])
    assert health["status"] == "error"
    rig.live()
    assert json.loads(rig.published(f"{ROOT}/error")[0])["code"] == "ok"
    assert json.loads(rig.published(f"{ROOT}/health")[0])["status"] == "ok"


def test_one_dead_camera_of_two_degrades_and_two_are_an_error() -> None:
    rig = Rig(cameras=("yard", "door"))
    rig.live()
    rig.do(camera(CameraCode.LIVE, "door"))
    rig.do(camera(CameraCode.REFUSED, "door"))
    assert json.loads(rig.published(f"{ROOT}/health")[0])["status"] == "degraded"
    rig.do(camera(CameraCode.REFUSED))
    assert json.loads(rig.published(f"{ROOT}/health")[0])["status"] == "error"


def test_a_camera_that_is_away_on_purpose_is_no_error_of_the_agent(rig: Rig) -> None:
    rig.live()
    rig.command(SetSetting(camera="yard", name="armed", value=False), "armed")
    rig.do(camera(CameraCode.UNREACHABLE))
    (said,) = rig.kinds(WriteHealth)
    assert isinstance(said, WriteHealth)
    assert (said.status, list(said.problems)) == ("degraded", ["yard_camera_unreachable"])
    rig.command(SetSetting(camera="yard", name="armed", value=True), "armed")
    rig.do(Tick(Gauges()), after=61.0)
    assert json.loads(rig.published(f"{ROOT}/health")[0])["status"] == "error"


def test_a_saved_clip_is_journalled_in_a_count_of_its_own(rig: Rig) -> None:
    rig.do(started())
    saved = RecordingSaved("yard", "01A", START, 9.5, "a.mp4", "d.mp4", 3.0, 1000, "h264", 95)
    rig.do(saved)
    (record,) = rig.records()
    event = json.loads(record.publish.payload)
    assert (record.stream, record.seq) == ("recording", 1)
    assert event["event_type"] == "recording_saved"
    assert event["path"] == "a.mp4"


def test_a_lost_clip_is_journalled_with_its_reason(rig: Rig) -> None:
    rig.do(RecordingFailed("yard", "01A", "spool_full", "the spool is full"))
    event = json.loads(rig.records()[0].publish.payload)
    assert (event["event_type"], event["error"]) == ("recording_failed", "spool_full")


def test_a_clip_of_a_camera_that_is_gone_harms_nothing(rig: Rig) -> None:
    rig.do(RecordingFailed("gone", "01A", "spool_full", "full"))
    assert rig.records() == []


def test_an_absent_store_degrades_and_is_said_once(rig: Rig) -> None:
    rig.live()
    rig.do(StoreState(StoreCode.ABSENT, "no folder", 100.0))
    assert json.loads(rig.published(f"{ROOT}/health")[0])["problems"] == ["store_absent"]
    rig.do(StoreState(StoreCode.ABSENT, "no folder", 101.0))
    assert rig.effects == []
    rig.do(StoreState(StoreCode.OK, "", 102.0))
    assert json.loads(rig.published(f"{ROOT}/health")[0])["status"] == "ok"
    assert Say("INFO", "store: ok") in rig.effects


def test_without_a_store_nothing_is_recorded(rig: Rig) -> None:
    rig.do(StoreState(StoreCode.NONE, "no store", 100.0))
    rig.do(started())
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]


def test_a_missing_speaker_is_named_and_does_not_make_the_agent_ill(rig: Rig) -> None:
    rig.live()
    rig.do(AudioState(ok=False, code="no_device", reason="no sound device", at=100.0))
    health = json.loads(rig.published(f"{ROOT}/health")[0])
    assert health["status"] == "ok"
    assert health["problems"] == ["audio_no_device"]


def test_what_is_recorded_is_what_vision_says_and_not_the_setting_of_now(rig: Rig) -> None:
    rig.live()
    rig.do(replace(started(), recorded=False))
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]
    rig.do(ended())
    rig.do(started("01B"))
    assert rig.published(f"{YARD}/recording/state") == [b"ON"]


def test_a_clip_that_is_lost_while_it_runs_is_closed(rig: Rig) -> None:
    rig.live()
    rig.do(started())
    rig.do(RecordingFailed("yard", "01A", "spool_full", "full"))
    assert ToVision("yard", CloseClip("01A")) in rig.effects
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]
    rig.do(ClipOpened("yard", "01C", 100.0, START, None))
    rig.do(RecordingFailed("yard", "01C", "spool_full", "full"))
    assert ToVision("yard", CloseClip("01C")) in rig.effects
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]
    rig.do(RecordingFailed("yard", "01X", "spool_full", "full"))
    assert rig.kinds(ToVision) == []
