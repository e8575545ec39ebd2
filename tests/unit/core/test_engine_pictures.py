"""The engine: pictures and clips on demand."""

from __future__ import annotations

import json

from agent.core.effects import (
    ToVision,
)
from agent.core.messages import (
    CameraCode,
    ClipClosed,
    ClipOpened,
    ClipRefused,
    EndReason,
    Parsed,
    PictureRefused,
    RecordingSaved,
    StoreCode,
    StoreState,
)
from agent.core.orders import RecordClip, TakePicture
from schemas.commands import (
    PatchSettings,
    RecordNow,
    ReplyTo,
    SetSetting,
    TakeSnapshot,
)
from schemas.settings import CameraSettings, StoredSettings
from tests.support.engine_rig import (
    ROOT,
    START,
    YARD,
    Rig,
    camera,
    picture,
)


def test_a_snapshot_is_asked_of_vision_and_answered_with_its_description(rig: Rig) -> None:
    rig.live()
    rig.command(TakeSnapshot(camera="yard"), "snapshot", transaction="t9")
    (order,) = rig.kinds(ToVision)
    assert isinstance(order, ToVision)
    assert isinstance(order.order, TakePicture)
    rig.do(picture(order.order.request), after=0.2)
    assert rig.published(f"{YARD}/snapshot/image") == [b"jpg"]
    answer = rig.answer("snapshot")
    assert answer["ok"] is True
    assert answer["transaction"] == "t9"


def test_a_snapshot_of_a_camera_that_is_down_is_refused(rig: Rig) -> None:
    rig.command(TakeSnapshot(camera="yard"), "snapshot")
    assert "camera_unavailable" in str(rig.answer("snapshot")["error"])


def test_a_snapshot_that_vision_cannot_take_is_answered(rig: Rig) -> None:
    rig.live()
    rig.command(TakeSnapshot(camera="yard"), "snapshot")
    rig.do(PictureRefused("yard", "1", "the last frame is 9 s old"))
    assert "9 s old" in str(rig.answer("snapshot")["error"])


def test_at_most_two_snapshots_a_second(rig: Rig) -> None:
    rig.live()
    rig.command(TakeSnapshot(camera="yard"), "snapshot")
    rig.at += 0.25
    rig.command(TakeSnapshot(camera="yard"), "snapshot")
    assert "rate_limited" in str(rig.answer("snapshot")["error"])


def test_a_monitoring_picture_is_published_and_answers_nobody(rig: Rig) -> None:
    rig.do(picture())
    assert rig.published(f"{YARD}/snapshot/image") == [b"jpg"]
    assert rig.published(f"{YARD}/response/snapshot") == []


def test_commands_that_wait_for_an_answer_are_bounded() -> None:
    rig = Rig(cameras=[f"c{n}" for n in range(20)])
    for name in rig.state.cameras:
        rig.do(camera(CameraCode.LIVE, name))
        reply = ReplyTo(noun="snapshot", camera=name)
        rig.do(Parsed(TakeSnapshot(camera=name), reply, rig.at))
    assert len(rig.state.pending) == 16
    (answer,) = rig.published(f"{ROOT}/c19/response/snapshot")
    assert json.loads(answer)["error"]["code"] == "busy"


def test_a_clip_on_demand_is_asked_of_vision_and_answered_with_its_id(rig: Rig) -> None:
    rig.live()
    rig.command(RecordNow(camera="yard", seconds=5.0), "record", transaction="t")
    assert rig.effects == [ToVision("yard", RecordClip("1", 5.0))]
    rig.do(ClipOpened("yard", "01C", 100.0, START, "1"))
    assert rig.answer("record")["data"] == {"id": "01C"}
    assert rig.published(f"{YARD}/recording/state") == [b"ON"]
    rig.command(RecordNow(camera="yard"), "record")
    assert rig.effects == [ToVision("yard", RecordClip("2", 30.0))], (
        "only vision knows what is open"
    )
    rig.do(ClipRefused("yard", "2", "a clip is being recorded"))
    assert rig.answer("record")["ok"] is False
    rig.do(ClipClosed("yard", "01C", 105.0, EndReason.MANUAL))
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]
    assert rig.records() == []


def test_a_clip_on_demand_that_cannot_begin_is_answered(rig: Rig) -> None:
    rig.command(RecordNow(camera="yard"), "record")
    assert rig.answer("record")["error"] == {
        "code": "camera_unavailable",
        "message": "camera yard gives no pictures now",
    }
    rig.live()
    rig.command(RecordNow(camera="yard"), "record")
    rig.do(ClipRefused("yard", "1", "a clip is being recorded"))
    assert "being recorded" in str(rig.answer("record")["error"])
    rig.do(StoreState(StoreCode.NONE, "none", 100.0))
    rig.command(RecordNow(camera="yard"), "record")
    assert "storage_unavailable" in str(rig.answer("record")["error"])


def test_a_saved_clip_on_demand_names_no_motion(rig: Rig) -> None:
    for event, manual, motion_id in (("01C", True, None), ("01D", False, "01D")):
        rig.do(
            RecordingSaved("yard", event, START, 5.0, "p", "d", 0.0, 1, "h264", 75, False, manual)
        )
        (record,) = rig.records()
        said = json.loads(record.publish.payload)
        assert (said["id"], said["motion_id"]) == (event, motion_id)


def test_resetting_all_settings_shows_all_of_them_once(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="pixel_threshold", value=33), "pixel_threshold")
    values = dict.fromkeys(CameraSettings.model_fields)
    rig.command(PatchSettings(camera="yard", values=values), "settings")
    assert rig.published(f"{YARD}/pixel_threshold/state") == [b"50"]
    assert rig.state.stored_settings() == StoredSettings()
    assert rig.answer("settings")["ok"] is True
