"""Privacy mode: the pipeline forgets and takes nothing; the engine shows a card and no problem."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.camera_pipeline import PRIVATE
from agent.core.cameras import change_cameras
from agent.core.effects import MovePrivacyGate, ToVision
from agent.core.health import agent_status, camera_health
from agent.core.live_view_command import expire
from agent.core.messages import (
    BrokerUp,
    CameraCode,
    ClipClosed,
    ClipEnd,
    ClipRefused,
    ClipStart,
    EndReason,
    MotionEnded,
    PictureReason,
    PictureRefused,
    PictureTaken,
)
from agent.core.orders import Configure, RecordClip, TakePicture
from agent.core.pipeline_messages import (
    ForgetSession,
    Judge,
    Looked,
    RecordingFrameCame,
    TakeStill,
)
from agent.core.privacy_mode import REFUSAL
from agent.core.problems import agent_problems
from agent.verdicts.state import state_of
from schemas.commands import (
    PatchSettings,
    RecordNow,
    SetSetting,
    ShowLive,
    TakeOverlay,
    TakeSnapshot,
)
from schemas.messages import Publish
from tests.support.engine_rig import START, YARD, camera, picture, shown, started
from tests.support.engine_rig import Rig as Engine
from tests.support.vision import SETTINGS
from tests.unit.core.test_camera_pipeline import Rig, frame

HIDDEN = replace(SETTINGS, private=True)
CARD = PictureTaken(
    "yard", "01C", 100.0, START, PictureReason.PRIVACY, 640, 360, b"card", delta=b"card.png"
)


def hide(rig: Engine, *, on: bool = True) -> None:
    rig.command(SetSetting(camera="yard", name="privacy", value=on), "privacy")


# ------------------------------------------------------------ the pipeline


def test_privacy_ends_event_and_clip_and_throws_all_frames_away() -> None:
    rig = Rig()
    rig.see("qqqM")
    effects = rig.step(Configure(HIDDEN))
    (ended,) = [it for it in effects if isinstance(it, MotionEnded)]
    (clip,) = [it for it in effects if isinstance(it, ClipEnd)]
    assert (ended.reason, clip.reason) == (EndReason.PRIVACY, EndReason.PRIVACY)
    assert ForgetSession(None) in effects
    assert rig.pipeline.latest is None


@pytest.mark.parametrize("two", [False, True])
def test_while_private_a_frame_becomes_nothing_and_after_it_no_clip_begins_with_one(
    two: bool,  # noqa: FBT001
) -> None:
    rig = Rig(two_streams=two)
    rig.see("qqq")
    rig.step(Configure(HIDDEN))
    assert rig.see("MM", 3) == [PRIVATE, PRIVATE]
    assert rig.step(RecordingFrameCame(frame(4))) == []
    rig.step(Configure(SETTINGS))
    rig.see("qqqM", 8, session=2)
    (start,) = [it for it in rig.done if isinstance(it, ClipStart)]
    assert {it.session for it in (*start.frames, *start.triggers)} == {2}


def test_a_frame_of_the_session_of_before_that_comes_late_is_not_taken() -> None:
    rig = Rig()
    rig.see("qqq")
    rig.step(Configure(HIDDEN))
    rig.step(Configure(SETTINGS))
    assert not [it for it in rig.see("q", 3) if isinstance(it, Judge)]


def test_who_waits_for_a_picture_or_a_clip_or_asks_later_is_refused() -> None:
    rig = Rig()
    rig.step(TakePicture("early"))
    refused = [it for it in rig.step(Configure(HIDDEN)) if isinstance(it, PictureRefused)]
    refused += [it for it in rig.step(TakePicture("late")) if isinstance(it, PictureRefused)]
    assert [(it.request, it.message) for it in refused] == [
        ("early", PRIVATE.why),
        ("late", PRIVATE.why),
    ]
    (clip,) = rig.step(RecordClip("clip", 5.0))
    assert clip == ClipRefused("door", "clip", PRIVATE.why)
    rig.at = 100.0
    assert rig.step(Looked()) == []


def test_a_clip_on_demand_ends_with_privacy() -> None:
    rig = Rig()
    rig.see("qqq")
    rig.step(RecordClip("clip", 60.0))
    (closed,) = [it for it in rig.step(Configure(HIDDEN)) if isinstance(it, ClipClosed)]
    assert closed.reason is EndReason.PRIVACY


def test_the_first_frame_after_privacy_becomes_a_picture_also_without_an_interval() -> None:
    rig = Rig(HIDDEN)
    assert rig.see("q") == [PRIVATE]
    rig.step(Configure(SETTINGS))
    rig.verdict = None
    (still,) = [it for it in rig.see("d", 8, session=2) if isinstance(it, TakeStill)]
    assert still.reason is PictureReason.INTERVAL
    assert [it for it in rig.see("q", 9, session=2) if isinstance(it, TakeStill)]  # it failed
    assert not [it for it in rig.see("q", 10, session=2) if isinstance(it, TakeStill)]


# ------------------------------------------------------------ the engine


def test_pictures_of_before_are_replaced_by_the_card_and_no_late_one_is_shown() -> None:
    rig = Engine()
    rig.live()
    rig.do(picture())
    hide(rig)
    assert rig.state.cameras["yard"].snapshot is None
    assert not [it for it in rig.do(picture()) if isinstance(it, Publish)]
    rig.do(CARD)
    for topic in ("snapshot/image", "motion/image", "overlay/image", "heatmap/image", "live/image"):
        assert rig.published(f"{YARD}/{topic}") == [b"card"], topic
    assert rig.published(f"{YARD}/motion/delta") == [b"card.png"]
    (first, *_) = [it for it in rig.effects if isinstance(it, Publish) and it.description]
    assert first.description is not None
    assert json.loads(first.description.payload)["reason"] == "privacy"


def test_the_card_stays_as_the_live_picture_until_privacy_is_over() -> None:
    rig = Engine()
    rig.live()
    hide(rig)
    rig.do(CARD)
    rig.do(camera(CameraCode.PRIVATE))
    assert rig.published(f"{YARD}/live/image") == []
    rig.do(BrokerUp(rig.at, "5", 0))
    assert rig.published(f"{YARD}/live/image") == [b"card"]
    hide(rig, on=False)
    for topic in ("live/image", "live/meta"):
        assert rig.published(f"{YARD}/{topic}") == [b""], topic


def test_who_asks_for_the_live_view_of_a_private_camera_hears_why_there_is_none() -> None:
    rig = Engine()
    rig.live()
    rig.command(ShowLive(camera="yard", seconds=60.0), "live_view")
    hide(rig)
    rig.command(ShowLive(camera="yard", seconds=60.0), "live_view")
    error = rig.answer("live_view")["error"]
    assert error == {"code": "camera_unavailable", "message": f"camera yard: {REFUSAL}"}
    rig.state, rig.effects = expire(rig.state, rig.now)
    assert rig.published(f"{YARD}/live_view/state") == [b"OFF"]


def test_a_camera_that_restarts_is_private_although_its_parts_were_built_before_the_command() -> (
    None
):
    rig = Engine()
    rig.live()
    hide(rig)
    state, effects = change_cameras(rig.state, rig.setup.cameras, ("yard",), {}, rig.now)
    assert MovePrivacyGate("yard", closed=True) in effects
    assert ToVision("yard", Configure(state.cameras["yard"].vision_settings())) in effects


def test_a_picture_of_an_event_that_was_made_before_is_shown_to_nobody() -> None:
    rig = Engine()
    rig.live()
    rig.do(started())
    hide(rig)
    assert rig.do(shown()) == []


def test_a_card_that_comes_when_privacy_is_over_replaces_nothing() -> None:
    rig = Engine()
    rig.live()
    hide(rig)
    hide(rig, on=False)
    assert rig.do(CARD) == []


@pytest.mark.parametrize("link", [CameraCode.LIVE, CameraCode.UNREACHABLE, CameraCode.PRIVATE])
def test_a_private_camera_is_online_private_and_no_problem(link: CameraCode) -> None:
    rig = Engine()
    rig.do(camera(link))
    hide(rig)
    assert rig.published(f"{YARD}/availability") == [b"online"]
    now_state, yard = rig.state, rig.state.cameras["yard"]
    health = camera_health(now_state, yard, rig.now)
    assert (health.state, health.problems, health.status) == ("private", [], "ok")
    assert health.privacy
    assert agent_status(now_state, agent_problems(now_state, rig.at)) == "ok"
    assert "privacy mode is on" in state_of(now_state, yard).away


def test_a_private_camera_says_that_its_session_is_being_closed_until_it_is() -> None:
    rig = Engine()
    rig.live()
    hide(rig)
    yard = rig.state.cameras["yard"]
    assert camera_health(rig.state, yard, rig.now).state_reason == "the session is being closed"


def test_a_camera_that_is_switched_off_in_the_configuration_is_that_also_in_privacy() -> None:
    rig = Engine()
    rig.do(camera(CameraCode.DISABLED))
    hide(rig)
    assert rig.published(f"{YARD}/availability") == [b"offline"]
    health = camera_health(rig.state, rig.state.cameras["yard"], rig.now)
    assert health.state == "disabled"


@pytest.mark.parametrize(
    ("command", "noun"),
    [
        (TakeSnapshot(camera="yard"), "snapshot"),
        (TakeOverlay(camera="yard"), "overlay"),
        (RecordNow(camera="yard"), "record"),
    ],
)
def test_commands_that_need_a_picture_are_told_why_there_is_none(
    command: object, noun: str
) -> None:
    rig = Engine()
    rig.live()
    hide(rig)
    assert isinstance(command, TakeSnapshot | TakeOverlay | RecordNow)
    rig.command(command, noun)
    error = rig.answer(noun)["error"]
    assert isinstance(error, dict)
    assert error["code"] == "camera_unavailable"
    assert "privacy mode is on" in error["message"]
    assert not rig.kinds(ToVision)


def test_the_other_settings_move_no_gate() -> None:
    rig = Engine()
    rig.command(PatchSettings(camera="yard", values={"armed": False, "post_frames": 3}), "settings")
    assert not rig.kinds(MovePrivacyGate)
