"""The engine: settings, by command and from before."""

from __future__ import annotations

import json

from agent.core.cameras import camera_settings
from agent.core.effects import (
    SaveSettings,
    Say,
    ToVision,
)
from agent.core.messages import (
    Parsed,
    Refused,
)
from agent.core.orders import Configure
from agent.core.state import CameraSetup
from schemas.commands import (
    CommandError,
    GetStatus,
    PatchSettings,
    ReplyTo,
    ResetSetting,
    SetSetting,
)
from schemas.messages import Publish
from schemas.settings import (
    PLACES,
    CameraSettings,
    StoredSettings,
    StoredValue,
    setting_names,
)
from tests.support.engine_rig import (
    ROOT,
    START,
    YARD,
    Rig,
)


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


def test_limits_that_another_profile_does_not_take_do_not_arm_a_disarmed_camera() -> None:
    values = {"armed": False, "min_changed": 20.0, "post_frames": 5}
    stored = {name: StoredValue(value=value, since=START) for name, value in values.items()}
    rig = Rig(StoredSettings(cameras={"yard": stored}), profile="robust")
    assert rig.state.cameras["yard"].settings.min_changed == 20.0
    assert rig.effects == []
    rig = Rig(StoredSettings(cameras={"yard": stored}), profile="plain")
    camera = rig.state.cameras["yard"]
    assert camera.settings == CameraSettings(armed=False, post_frames=5)
    assert camera.stored.keys() == {"armed", "post_frames"}
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


def test_sensitivity_sets_both_numbers_and_what_is_stored_is_the_numbers(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="sensitivity", value="high"), "sensitivity")
    threshold, least = PLACES["high"]
    assert rig.answer("sensitivity")["value"] == "high"
    assert rig.published(f"{YARD}/sensitivity/state") == [b"high"]
    assert rig.published(f"{YARD}/pixel_threshold/state") == [str(threshold).encode()]
    assert rig.published(f"{YARD}/min_changed/state") == [str(least).encode()]
    stored = rig.state.stored_settings().cameras["yard"]
    assert {name: it.value for name, it in stored.items()} == {
        "pixel_threshold": threshold,
        "min_changed": least,
    }
    provenance = rig.state.cameras["yard"].provenance()
    assert provenance["sensitivity"].origin == "command"
    rig.command(ResetSetting(camera="yard", name="sensitivity"), "sensitivity")
    assert rig.published(f"{YARD}/sensitivity/state") == [b"normal"]
    assert rig.state.stored_settings() == StoredSettings()


def test_a_number_set_by_hand_makes_sensitivity_custom(rig: Rig) -> None:
    rig.command(SetSetting(camera="yard", name="pixel_threshold", value=42), "pixel_threshold")
    assert rig.published(f"{YARD}/sensitivity/state") == [b"custom"]


def test_stored_numbers_of_an_earlier_version_stay_in_force() -> None:
    numbers = {"pixel_threshold": 33, "max_changed": 40.0}
    values = {name: StoredValue(value=it, since=START) for name, it in numbers.items()}
    setup = CameraSetup("yard", CameraSettings(), profile="robust")
    settings, kept, said = camera_settings(setup, StoredSettings(cameras={"yard": values}))
    assert (settings.pixel_threshold, settings.max_changed, said) == (33, 40.0, [])
    assert settings.sensitivity == "custom"
    assert kept == values  # profile plain would use both


def test_what_a_profile_does_not_use_is_refused_and_not_shown() -> None:
    rig = Rig(profile="robust")
    rig.command(SetSetting(camera="yard", name="max_changed", value=40.0), "max_changed")
    error = rig.answer("max_changed")["error"]
    assert isinstance(error, dict)
    assert error["code"] == "not_used"
    assert "max_changed does nothing in profile robust of camera yard" in error["message"]
    assert rig.published(f"{YARD}/max_changed/state") == [b""]
    assert rig.kinds(SaveSettings) == []
    assert "max_changed" not in rig.state.cameras["yard"].provenance()
    every = dict.fromkeys(setting_names(CameraSettings))
    rig.command(PatchSettings(camera="yard", values=every), "settings")
    assert rig.answer("settings")["ok"] is True
