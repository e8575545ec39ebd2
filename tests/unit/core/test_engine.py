"""The engine's decisions, input by input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.core.announce import burial
from agent.core.effects import (
    Effect,
    Leave,
    PublishDiscovery,
    SaveSettings,
    Say,
    ToVision,
    WriteHealth,
)
from agent.core.engine import HEALTH_EVERY, Input, begin, step
from agent.core.messages import (
    AudioState,
    BeepDone,
    BrokerDown,
    BrokerUp,
    CameraCode,
    CameraState,
    ClipClosed,
    ClipOpened,
    ClipRefused,
    Detection,
    EndReason,
    HaOnline,
    MotionEnded,
    MotionPicture,
    MotionStarted,
    MotionSuppressed,
    Parsed,
    PictureReason,
    PictureRefused,
    PictureTaken,
    Reason,
    RecordingFailed,
    RecordingLink,
    RecordingSaved,
    Refused,
    StoreCode,
    StoreState,
)
from agent.core.orders import Beep, CameraWent, Configure, RecordClip, TakePicture
from agent.core.problems import LATELY
from agent.core.state import AgentNow, CameraSetup, Gauges, Now, Setup, Stopped, Stopping, Tick
from agent.core.stats import CameraStats, MqttStats
from schemas.commands import (
    Command,
    CommandError,
    GetEvents,
    GetStatus,
    PatchSettings,
    PlayBeep,
    RecordNow,
    ReplyTo,
    ResetSetting,
    Restart,
    SendDiscovery,
    SetSetting,
    TakeSnapshot,
)
from schemas.events import MotionEvent
from schemas.messages import EventsQuery, Publish, Record
from schemas.settings import CameraSettings, StoredSettings, StoredValue
from schemas.topics import AgentTopics

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ROOT = "surveillance/pi"
YARD = f"{ROOT}/yard"


class Rig:
    """An engine with a clock of its own; `do` gives one input and keeps the effects."""

    def __init__(
        self,
        stored: StoredSettings | None = None,
        open_events: tuple[MotionEvent, ...] = (),
        last_seq: dict[tuple[str, str], int] | None = None,
        cameras: Sequence[str] = ("yard",),
    ) -> None:
        self.at = 100.0
        self.setup = Setup(
            topics=AgentTopics("surveillance", "pi"),
            name="Pi",
            version="1",
            started_utc=START,
            cameras=tuple(CameraSetup(name, CameraSettings()) for name in cameras),
        )
        self.state: AgentNow
        self.state, self.effects = begin(
            self.setup, stored or StoredSettings(), last_seq or {}, open_events, self.now
        )

    @property
    def now(self) -> Now:
        return Now(self.at, START + timedelta(seconds=self.at - 100.0))

    def do(self, cause: Input, after: float = 0.0) -> list[Effect]:
        self.at += after
        self.state, self.effects = step(self.state, cause, self.now)
        return self.effects

    def live(self) -> None:
        self.do(camera(CameraCode.LIVE))

    def command(self, command: Command, noun: str, **reply: str) -> list[Effect]:
        to = ReplyTo.model_validate({"noun": noun, "camera": "yard", **reply})
        return self.do(Parsed(command, to, self.at))

    def published(self, topic: str) -> list[bytes]:
        return [e.payload for e in self.effects if isinstance(e, Publish) and e.topic == topic]

    def records(self) -> list[Record]:
        return [e for e in self.effects if isinstance(e, Record)]

    def kinds(self, kind: type) -> list[Effect]:
        return [e for e in self.effects if isinstance(e, kind)]

    def answer(self, noun: str) -> dict[str, object]:
        answers = self.published(f"{YARD}/response/{noun}")
        assert len(answers) == 1, self.effects
        parsed: dict[str, object] = json.loads(answers[0])
        return parsed


def camera(code: CameraCode, name: str = "yard", reason: str = "why") -> CameraState:
    return CameraState(name, code, reason, at=100.0, session=1)


def detection(score: float = 1.5, reason: Reason = Reason.MOTION) -> Detection:
    return Detection(
        seq=7,
        at=100.0,
        motion=reason is Reason.MOTION,
        reason=reason,
        changed_pixels=4608,
        score=score,
        pixel_threshold=50,
        min_changed=0.0814,
        max_changed=16.28,
        unmasked_pixels=307200,
        profile="plain",
        box=(0.1, 0.2, 0.3, 0.4),
    )


def started(event_id: str = "01A", name: str = "yard") -> MotionStarted:
    return MotionStarted(name, event_id, 100.0, START, detection())


def shown(event_id: str = "01A", delta: bytes | None = b"png") -> MotionPicture:
    return MotionPicture("yard", event_id, 101.0, START, detection(3.0), 640, 480, b"jpeg", delta)


def ended(event_id: str = "01A", reason: EndReason = EndReason.CLEARED) -> MotionEnded:
    return MotionEnded(
        "yard",
        event_id,
        110.0,
        START + timedelta(seconds=10),
        START,
        10.0,
        detection(0.0, Reason.QUIET),
        detection(7.9),
        reason,
        judged=30,
        frames=150,
    )


def picture(request: str | None = None) -> PictureTaken:
    return PictureTaken("yard", "p1", 100.0, START, PictureReason.MANUAL, 640, 480, b"jpg", request)


@pytest.fixture
def rig() -> Rig:
    return Rig()


# ------------------------------------------------------------------ motion


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


def test_the_pictures_description_is_sent_before_the_picture(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    topics = [e.topic for e in rig.effects if isinstance(e, Publish)]
    meta, image = f"{YARD}/motion/image_meta", f"{YARD}/motion/image"
    assert topics.index(meta) < topics.index(image)
    assert json.loads(rig.published(meta)[0])["width"] == 640


def test_pictures_are_sent_unqueued_and_leave_the_broker_after_a_day(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    (image,) = [e for e in rig.effects if isinstance(e, Publish) and e.topic.endswith("/image")]
    assert (image.qos, image.retain, image.expiry) == (0, True, 86_400)


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


def test_clear_delay_keeps_motion_on_until_it_has_passed(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="clear_delay", value=5.0), "clear_delay")
    rig.do(started())
    rig.do(ended())
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    rig.do(Tick(Gauges()), after=4.0)
    assert rig.published(f"{YARD}/motion/state") == []
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.published(f"{YARD}/motion/state") == [b"OFF"]


def test_a_new_event_within_clear_delay_keeps_motion_on(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="clear_delay", value=5.0), "clear_delay")
    rig.do(started())
    rig.do(ended())
    rig.do(started("01B"), after=1.0)
    rig.do(Tick(Gauges()), after=10.0)
    assert rig.published(f"{YARD}/motion/state") == []
    assert rig.state.cameras["yard"].motion_shown


def test_a_better_picture_replaces_the_first(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    rig.do(replace(shown(delta=None), picture=b"better"))
    assert rig.published(f"{YARD}/motion/image") == [b"better"]
    assert rig.published(f"{YARD}/motion/delta") == []
    assert rig.state.cameras["yard"].delta == b"png"


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


# ------------------------------------------------------------------ beep


def test_the_first_motion_beeps_and_the_next_within_a_minute_does_not(rig: Rig) -> None:
    rig.do(started("01A"))
    assert rig.kinds(Beep) == [Beep(None)]
    rig.do(ended("01A"), after=10.0)
    rig.do(started("01B"), after=10.0)
    assert rig.kinds(Beep) == []
    rig.do(started("01C"), after=40.0)
    assert rig.kinds(Beep) == [Beep(None)]


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


# ------------------------------------------------------------------ settings


def test_a_setting_is_applied_kept_shown_and_answered(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="pixel_threshold", value=30), "pixel_threshold")
    (order,) = rig.kinds(ToVision)
    assert isinstance(order, ToVision)
    assert isinstance(order.order, Configure)
    assert order.order.settings.pixel_threshold == 30
    (saved,) = rig.kinds(SaveSettings)
    assert isinstance(saved, SaveSettings)
    assert saved.stored.cameras["yard"]["pixel_threshold"].value == 30
    assert rig.published(f"{YARD}/pixel_threshold/state") == [b"30"]
    assert rig.answer("pixel_threshold")["value"] == 30


def test_stored_settings_come_back_after_a_restart() -> None:
    stored = StoredSettings(
        cameras={"yard": {"pixel_threshold": StoredValue(value=30, since=START)}}
    )
    rig = Rig(stored)
    assert rig.state.cameras["yard"].settings.pixel_threshold == 30
    provenance = rig.state.cameras["yard"].provenance()
    assert provenance["pixel_threshold"].origin == "command"
    assert provenance["pixel_threshold"].since == START
    assert provenance["armed"].origin == "default"


def test_stored_settings_that_contradict_the_configuration_fall_back_to_it() -> None:
    stored = StoredSettings(cameras={"yard": {"min_changed": StoredValue(value=90, since=START)}})
    rig = Rig(stored)
    assert rig.state.cameras["yard"].settings == CameraSettings()
    assert any(isinstance(e, Say) and "do not fit" in e.text for e in rig.effects)


def test_a_reset_gives_a_setting_back_to_the_configuration(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="pixel_threshold", value=30), "pixel_threshold")
    rig.command(ResetSetting(camera="yard", name="pixel_threshold"), "pixel_threshold")
    assert rig.published(f"{YARD}/pixel_threshold/state") == [b"50"]
    assert rig.state.stored_settings() == StoredSettings()


def test_limits_in_the_wrong_order_are_refused_and_the_value_in_force_is_shown(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="min_changed", value=20.0), "min_changed")
    answer = rig.answer("min_changed")
    assert answer["ok"] is False
    assert "must be above min_changed" in str(answer["error"])
    assert rig.published(f"{YARD}/min_changed/state") == [b"0.0814"]
    assert rig.kinds(SaveSettings) == []
    error = json.loads(rig.published(f"{ROOT}/error")[0])
    assert error["source"] == "command"


def test_a_patch_is_all_or_nothing(rig: Rig) -> None:
    bad = PatchSettings(camera="yard", values={"pixel_threshold": 20, "min_changed": 99.0})
    rig.command(bad, "settings")
    assert rig.state.cameras["yard"].settings == CameraSettings()
    good = PatchSettings(camera="yard", values={"min_changed": 20.0, "max_changed": 40.0})
    rig.command(good, "settings")
    assert rig.state.cameras["yard"].settings.min_changed == 20.0
    assert rig.published(f"{YARD}/max_changed/state") == [b"40"]


def test_a_refused_message_is_answered_counted_and_changes_nothing(rig: Rig) -> None:
    before = rig.state.cameras["yard"].settings
    error = CommandError(code="retained_command", message="clear it")
    rig.do(Refused(error, ReplyTo(noun="armed", camera="yard"), rig.at, setting="armed"))
    assert rig.answer("armed")["error"] == {"code": "retained_command", "message": "clear it"}
    assert rig.published(f"{YARD}/armed/state") == [b"ON"]
    assert rig.state.cameras["yard"].settings == before
    assert rig.state.refused == 1


def test_a_live_command_with_the_retain_flag_is_executed_and_cleared(rig: Rig) -> None:
    topic = f"{YARD}/armed/set"
    command = SetSetting(camera="yard", name="armed", value=False)
    rig.do(Parsed(command, ReplyTo(noun="armed", camera="yard"), rig.at, clear_retained=topic))
    assert rig.published(topic) == [b""]
    assert rig.published(f"{YARD}/armed/state") == [b"OFF"]


def test_an_answer_also_goes_where_the_request_wants_it(rig: Rig) -> None:
    reply = ReplyTo(noun="status", response_topic="my/reply", correlation=b"c1")
    rig.do(Parsed(GetStatus(), reply, rig.at))
    answers = [e for e in rig.effects if isinstance(e, Publish)]
    assert [a.topic for a in answers] == [f"{ROOT}/response/status", "my/reply"]
    assert {a.correlation for a in answers} == {b"c1"}
    assert json.loads(answers[0].payload)["data"]["version"] == "1"


# ------------------------------------------------------------------ pictures


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


# ------------------------------------------------------------------ camera


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


# ------------------------------------------------------------------ recordings, store, speaker


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


# ------------------------------------------------------------------ clips on demand


def test_a_clip_on_demand_is_asked_of_vision_and_answered_with_its_id(rig: Rig) -> None:
    rig.live()
    rig.command(RecordNow(camera="yard", seconds=5.0), "record", transaction="t")
    assert rig.effects == [ToVision("yard", RecordClip("1", 5.0))]
    rig.do(ClipOpened("yard", "01C", 100.0, START, "1"))
    assert rig.answer("record")["data"] == {"id": "01C"}
    assert rig.published(f"{YARD}/recording/state") == [b"ON"]
    rig.command(RecordNow(camera="yard"), "record")
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
    for manual, motion_id in ((True, None), (False, "01C")):
        rig.do(
            RecordingSaved("yard", "01C", START, 5.0, "p", "d", 0.0, 1, "h264", 75, False, manual)
        )
        (record,) = rig.records()
        said = json.loads(record.publish.payload)
        assert (said["id"], said["motion_id"]) == ("01C", motion_id)


def test_resetting_all_settings_shows_all_of_them_once(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="pixel_threshold", value=33), "pixel_threshold")
    values = dict.fromkeys(CameraSettings.model_fields)
    rig.command(PatchSettings(camera="yard", values=values), "settings")
    assert rig.published(f"{YARD}/pixel_threshold/state") == [b"50"]
    assert rig.state.stored_settings() == StoredSettings()
    assert rig.answer("settings")["ok"] is True


# ------------------------------------------------------------------ broker, Home Assistant, time


def test_reconnecting_says_what_is_true_now_with_online_last_and_pictures_after(rig: Rig) -> None:
    rig.live()
    rig.do(started())
    rig.do(BrokerUp(100.0, "5", 0))
    assert isinstance(rig.effects[0], PublishDiscovery)
    topics = [e.topic for e in rig.effects if isinstance(e, Publish)]
    online = topics.index(f"{ROOT}/availability")
    pictures = [n for n, topic in enumerate(topics) if topic.endswith(("/image", "/delta"))]
    assert all(n > online for n in pictures)
    assert all(n < online for n, topic in enumerate(topics) if topic.endswith("/state"))
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    assert all(e.retain for e in rig.effects if isinstance(e, Publish))
    assert rig.records() == []


def test_an_error_of_the_process_before_is_not_left_standing(rig: Rig) -> None:
    rig.do(BrokerUp(100.0, "5", 0))
    (error,) = rig.published(f"{ROOT}/error")
    assert json.loads(error)["code"] == "ok"


def test_every_setting_is_shown_on_connect(rig: Rig) -> None:
    rig.do(BrokerUp(100.0, "5", 0))
    for name in CameraSettings.model_fields:
        assert len(rig.published(f"{YARD}/{name}/state")) == 1
    assert rig.published(f"{ROOT}/beep_enabled/state") == [b"ON"]


def test_home_assistants_birth_is_answered_after_the_delay_and_once(rig: Rig) -> None:
    rig.do(HaOnline(100.0))
    assert rig.effects == []
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.kinds(PublishDiscovery) == [PublishDiscovery(born=True)]
    rig.do(Tick(Gauges()), after=1.0)
    assert rig.kinds(PublishDiscovery) == []


def test_a_lost_broker_is_an_error_and_no_problem_of_the_camera(rig: Rig) -> None:
    rig.live()
    rig.do(BrokerDown(100.0, "refused", "bad user name or password"))
    assert rig.state.connected is False
    assert any(isinstance(e, Say) and "bad user name" in e.text for e in rig.effects)


def test_a_found_broker_ends_the_error_and_the_problem(rig: Rig) -> None:
    rig.live()
    rig.do(BrokerDown(100.0, "lost", "gone"))
    rig.do(Tick(Gauges()))
    assert "broker_lost" in rig.state.problems
    rig.do(BrokerUp(101.0, "5", 1, "host:1883", 3))
    assert json.loads(rig.published(f"{ROOT}/error")[0])["code"] == "ok"
    assert Say("INFO", "broker host:1883: connected, MQTT 5 after 3 failed attempts") in rig.effects
    rig.do(Tick(Gauges()))
    assert rig.state.problems == ()


@pytest.mark.parametrize("code", ["taken_over", "quota", "packet_too_large"])
def test_what_somebody_must_look_into_stays_in_health_for_a_while(rig: Rig, code: str) -> None:
    rig.live()
    rig.do(BrokerDown(100.0, code, "in words"))
    rig.do(BrokerUp(101.0, "5", 1))
    health = json.loads(rig.published(f"{ROOT}/health")[0])
    assert health["mqtt"]["state"] == "connected"
    assert (health["mqtt"]["last_trouble"], health["mqtt"]["last_trouble_reason"]) == (
        code,
        "in words",
    )
    assert health["problems"] == [f"broker_{code}"]
    rig.do(Tick(Gauges()), after=LATELY + 1)
    assert rig.state.problems == ()


def test_records_that_are_not_on_disk_are_a_problem(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges(mqtt=MqttStats(journal_failed=1, journal_failing=True))))
    health = json.loads(rig.published(f"{ROOT}/health")[0])
    assert health["problems"] == ["journal_failing"]
    assert health["mqtt"]["journal_failed"] == 1
    rig.do(Tick(Gauges(mqtt=MqttStats(journal_failed=1))))  # the disk takes them again
    assert json.loads(rig.published(f"{ROOT}/health")[0])["problems"] == []


def test_what_was_counted_last_is_said_at_the_end(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges()))
    rig.do(Stopped(Gauges(cameras={"yard": CameraStats(frames_damaged=3)})), after=0.1)
    assert json.loads(rig.published(f"{YARD}/health")[0])["frames_damaged"] == 3


def test_a_refused_live_command_with_the_retain_flag_is_cleared_too(rig: Rig) -> None:
    error = CommandError(code="out_of_range", message="no")
    topic = f"{YARD}/armed/set"
    rig.do(Refused(error, ReplyTo(noun="armed", camera="yard"), 100.0, "armed", topic))
    assert rig.published(topic) == [b""]


def test_the_recording_stream_is_said_once_for_each_state(rig: Rig) -> None:
    lines = []
    for code in (CameraCode.CONNECTING, CameraCode.UNREACHABLE, CameraCode.UNREACHABLE):
        effects = rig.do(RecordingLink(camera(code)))
        lines += [e.level for e in effects if isinstance(e, Say) and "recording stream" in e.text]
    assert lines == ["INFO", "WARNING"]


def test_a_new_problem_is_a_warning_and_one_that_goes_is_none(rig: Rig) -> None:
    rig.live()
    lines = []
    for silent in (("store",), ("store", "mqtt"), ("mqtt",), ()):
        effects = rig.do(Tick(Gauges(silent=silent)), after=1.0)
        lines += [(e.level, e.text) for e in effects if isinstance(e, Say)]
    assert lines == [
        ("WARNING", "agent: problems: store_silent"),
        ("WARNING", "agent: problems: store_silent, mqtt_silent"),
        ("INFO", "agent: problems: mqtt_silent"),
        ("INFO", "agent: problems: none"),
    ]


@pytest.mark.parametrize(
    ("cause", "level"),
    [
        (AudioState(ok=True, code="ok", reason="", at=1.0), "INFO"),
        (AudioState(ok=False, code="disabled", reason="", at=1.0), "INFO"),
        (AudioState(ok=False, code="failed", reason="", at=1.0), "WARNING"),
        (StoreState(StoreCode.OK, "", 1.0), "INFO"),
        (StoreState(StoreCode.NONE, "", 1.0), "INFO"),
        (StoreState(StoreCode.STARTING, "", 1.0), "INFO"),
        (StoreState(StoreCode.FULL, "", 1.0), "WARNING"),
    ],
)
def test_where_store_and_speaker_stand_is_a_warning_where_somebody_must_look(
    rig: Rig, cause: AudioState | StoreState, level: str
) -> None:
    rig.live()
    rig.do(cause)
    owner = "speaker: " if isinstance(cause, AudioState) else "store: "
    said = [e.level for e in rig.effects if isinstance(e, Say) and e.text.startswith(owner)]
    assert said == [level]
    assert (rig.state.error is not None) is (level == "WARNING")


def test_what_was_done_is_counted_one_by_one(rig: Rig) -> None:
    rig.live()
    for _ in range(2):
        rig.do(started())
        rig.do(ended())
    for event in ("01A", "01B", "01C"):
        rig.do(RecordingSaved("yard", event, START, 9.5, "a", "d", 3.0, 1000, "h264", 95))
    for event in ("01D", "01E"):
        rig.do(RecordingFailed("yard", event, "spool_full", "no room"))
    for _ in range(2):
        rig.do(BeepDone(ok=True, message="", request=None, at=rig.at))
    now = rig.state.cameras["yard"]
    assert (now.events, now.saved, now.failed, rig.state.beeps) == (2, 3, 2, 2)


def test_the_attributes_of_an_event_that_ended_have_its_own_peak(rig: Rig) -> None:
    rig.do(started())
    rig.do(shown())
    rig.do(ended())
    (attributes,) = rig.published(f"{YARD}/motion/attributes")
    told = json.loads(attributes)
    assert (told["score"], told["peak_score"]) == (0.0, 7.9)


def test_the_packets_of_the_last_session_that_failed_stay_named(rig: Rig) -> None:
    rig.do(replace(camera(CameraCode.UNREACHABLE), log="yard/sessions/1.jsonl"))
    rig.do(camera(CameraCode.UNREACHABLE))
    assert rig.state.cameras["yard"].session_log == "yard/sessions/1.jsonl"
    rig.do(replace(camera(CameraCode.UNREACHABLE), log="yard/sessions/2.jsonl"))
    assert rig.state.cameras["yard"].session_log == "yard/sessions/2.jsonl"


def test_a_camera_is_said_once_for_each_state(rig: Rig) -> None:
    lines = []
    for code in (CameraCode.UNREACHABLE, CameraCode.UNREACHABLE, CameraCode.LIVE):
        lines += [e.level for e in rig.do(camera(code)) if isinstance(e, Say) and "why" in e.text]
    assert lines == ["WARNING", "INFO"]


def test_health_says_at_once_where_store_and_speaker_stand(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges()))
    rig.do(StoreState(StoreCode.OK, "", 100.0))
    (health,) = rig.published(f"{ROOT}/health")
    assert json.loads(health)["storage"]["state"] == "ok"
    rig.do(AudioState(ok=True, code="ok", reason="", at=100.0))
    assert rig.published(f"{ROOT}/health")
    rig.do(StoreState(StoreCode.OK, "", 101.0, 500.0, 10.0))
    assert not rig.published(f"{ROOT}/health")  # figures wait for the minute


def test_health_is_said_every_minute_and_no_more(rig: Rig) -> None:
    rig.do(Tick(Gauges()))
    assert rig.kinds(WriteHealth)
    said = 0
    for _ in range(int(HEALTH_EVERY * 3)):
        rig.do(Tick(Gauges()), after=1.0)
        said += len(rig.published(f"{ROOT}/health"))
    assert said == 3


def test_a_silent_worker_is_a_problem(rig: Rig) -> None:
    rig.live()
    rig.do(Tick(Gauges(silent=("store",))))
    assert json.loads(rig.published(f"{ROOT}/health")[0])["problems"] == ["store_silent"]


def test_a_stored_switch_that_is_none_falls_back_to_the_configuration() -> None:
    """The settings file is small and old; a start must not fail over it."""
    broken = StoredValue(value=7, since=START)
    rig = Rig(stored=StoredSettings(agent={"beep_enabled": broken}))
    assert rig.state.settings.beep_enabled
    (said,) = rig.kinds(Say)
    assert isinstance(said, Say)
    assert "do not fit" in said.text


def test_still_alive_is_logged_every_five_minutes(rig: Rig) -> None:
    lines = []
    for _ in range(601):
        rig.do(Tick(Gauges()), after=1.0)
        lines += [e for e in rig.effects if isinstance(e, Say) and "still alive" in e.text]
    assert len(lines) == 2


def test_restart_is_answered_before_the_process_leaves(rig: Rig) -> None:
    rig.do(Parsed(Restart(), ReplyTo(noun="restart"), rig.at))
    assert isinstance(rig.effects[-1], Leave)
    assert rig.effects[-1].again
    assert rig.published(f"{ROOT}/response/restart")


def test_the_discovery_request_publishes_everything(rig: Rig) -> None:
    rig.do(Parsed(SendDiscovery(), ReplyTo(noun="discovery"), rig.at))
    assert rig.kinds(PublishDiscovery)
    assert rig.published(f"{ROOT}/availability") == [b"online"]


def test_discovery_on_demand_is_rate_limited(rig: Rig) -> None:
    """A message of 2 bytes makes a megabyte: a stuck client must not fill the network."""
    topic = f"{ROOT}/response/discovery"
    said = []
    for after in (0.0, 1.0, 5.0):
        rig.do(Parsed(SendDiscovery(), ReplyTo(noun="discovery"), rig.at), after=after)
        said.append(len(rig.kinds(PublishDiscovery)))
        (answer,) = rig.published(topic)
        assert (b"rate_limited" in answer) is (said[-1] == 0)
    assert said == [1, 0, 1]


@pytest.mark.parametrize("end", [Tick(Gauges()), Stopping(), "restart"])
def test_a_burst_of_changes_is_saved_twice_and_wholly(rig: Rig, end: Tick | Stopping | str) -> None:
    """An automation that toggles ten times a second must not sync the SD card as often."""
    saved = []
    for number in range(20):
        rig.command(SetSetting(camera="yard", name="post_frames", value=number + 1), "post_frames")
        saved += rig.kinds(SaveSettings)
        rig.do(Tick(Gauges()), after=0.05)
        saved += rig.kinds(SaveSettings)
    assert len(saved) == 1
    if isinstance(end, Tick):
        rig.do(end, after=2.0)
    else:
        rig.do(end if isinstance(end, Stopping) else Parsed(Restart(), ReplyTo(noun="x"), rig.at))
    (last,) = rig.kinds(SaveSettings)
    assert isinstance(last, SaveSettings)
    assert last.stored.cameras["yard"]["post_frames"].value == 20
    rig.do(Tick(Gauges()), after=5.0)
    assert rig.kinds(SaveSettings) == []


def test_past_events_are_asked_of_the_journal(rig: Rig) -> None:
    rig.command(GetEvents(camera="yard", since=3), "events", transaction="e")
    (query,) = rig.kinds(EventsQuery)
    assert isinstance(query, EventsQuery)
    assert (query.camera, query.since, query.transaction) == ("yard", 3, "e")
    assert query.topics == (f"{YARD}/response/events",)


def test_stopping_leaves_for_good(rig: Rig) -> None:
    rig.do(Stopping())
    assert rig.effects == [Leave(again=False)]


def test_a_clip_that_the_recorder_had_no_room_for_is_not_said_to_be_recorded(rig: Rig) -> None:
    rig.do(started())
    assert rig.published(f"{YARD}/recording/state") == [b"ON"]
    rig.do(RecordingFailed("yard", "01A", "recorder_full", "no room"))
    assert rig.published(f"{YARD}/recording/state") == [b"OFF"]
    assert json.loads(rig.records()[0].publish.payload)["error"] == "recorder_full"


def test_every_retained_topic_of_a_camera_that_is_gone_is_emptied(rig: Rig) -> None:
    yard = rig.state.cameras["yard"]
    emptied = {e.topic for e in burial(rig.state, yard, rig.now) if isinstance(e, Publish)}
    topics = yard.topics
    assert {topics.overlay, topics.overlay_meta, topics.heatmap, topics.heatmap_meta} <= emptied
    assert {topics.motion, topics.health, topics.availability, topics.snapshot} <= emptied


def test_a_camera_that_is_being_opened_is_a_problem_but_no_warning() -> None:
    rig = Rig()
    told = [e for e in rig.do(camera(CameraCode.CONNECTING)) if isinstance(e, Say)]
    assert rig.state.problems == ("yard_camera_connecting",)
    assert {say.level for say in told} == {"INFO"}
    told = [e for e in rig.do(camera(CameraCode.STALLED)) if isinstance(e, Say)]
    assert "WARNING" in {say.level for say in told}
