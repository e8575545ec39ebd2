"""Configuration, schedule, command: who wins, until when, and what an unsure clock may do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.core.cameras import change_cameras
from agent.core.effects import Effect, MovePrivacyGate, SaveModes, SaveSettings, ToVision
from agent.core.engine import begin, step
from agent.core.health import agent_health
from agent.core.messages import BrokerUp, Parsed
from agent.core.orders import Configure
from agent.core.schedule import Location, Schedule
from agent.core.state import CameraSetup, Gauges, HostFigures, Now, Setup, Tick
from schemas.commands import ReplyTo, ResetSetting, SetSetting
from schemas.messages import Publish
from schemas.modes import StoredModes
from schemas.schedule_config import Rule
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics

TOPICS = AgentTopics("surveillance", "pi")
YARD = TOPICS.camera("yard")
START = datetime(2026, 11, 29, 21, 0, tzinfo=UTC)
NIGHT = (
    {"at": "22:00", "armed": True, "privacy": False, "sensitivity": "high"},
    {"at": "07:00", "armed": False, "privacy": True, "sensitivity": "low"},
)


def schedule(*rules: dict[str, Any]) -> Schedule:
    return Schedule(tuple(Rule.model_validate(it) for it in rules), zone=ZoneInfo("UTC"))


class Agent:
    """An engine whose wall clock and monotonic clock the test moves apart."""

    def __init__(
        self,
        rules: Schedule = schedule(*NIGHT),  # noqa: B008  frozen
        *,
        sure: bool = True,
        trust: bool = False,
        utc: datetime = START,
        base: CameraSettings | None = None,
        stored: StoredSettings | None = None,
        kept: StoredModes | None = None,
    ) -> None:
        self.at, self.utc, self.sure = 1000.0, utc, sure
        self.camera = CameraSetup("yard", base or CameraSettings(), schedule=rules)
        setup = Setup(TOPICS, "Pi", "1", utc, (self.camera,), trust_clock=trust)
        self.effects: list[Effect]
        self.state, self.effects = begin(
            setup,
            stored or StoredSettings(),
            {},
            (),
            self.now,
            kept=kept or StoredModes(),
            synchronised=sure,
        )

    @property
    def now(self) -> Now:
        return Now(self.at, self.utc)

    def tick(self, seconds: float = 1.0, *, wall: float | None = None) -> None:
        """Time passes; `wall`: by another number of seconds on the wall clock."""
        self.at += seconds
        self.utc += timedelta(seconds=seconds if wall is None else wall)
        host = HostFigures(clock_synchronised=self.sure)
        self.state, self.effects = step(self.state, Tick(Gauges(host=host)), self.now)

    def set(self, name: str, value: Any) -> None:  # noqa: ANN401  any setting's
        reply = ReplyTo(noun=name, camera="yard")
        command = (
            ResetSetting(camera="yard", name=name)
            if value is None
            else SetSetting(camera="yard", name=name, value=value)
        )
        self.state, self.effects = step(self.state, Parsed(command, reply, self.at), self.now)

    def value(self, name: str) -> object:
        return getattr(self.state.cameras["yard"].settings, name)

    def said(self) -> dict[str, Any]:
        """What the retained topic says."""
        self.state, effects = step(self.state, BrokerUp(self.at, "5", 0), self.now)
        (payload,) = [
            it.payload for it in effects if isinstance(it, Publish) and it.topic == YARD.schedule
        ]
        found: dict[str, Any] = json.loads(payload)
        return found

    def again(self, **changes: Any) -> Agent:  # noqa: ANN401  of `__init__`
        """Another process with what this one has kept."""
        kept, stored = self.state.stored_modes(), self.state.stored_settings()
        kept = StoredModes.model_validate_json(kept.model_dump_json())
        stored = StoredSettings.model_validate_json(stored.model_dump_json())
        given = {"sure": self.sure, "utc": self.utc, "rules": self.camera.schedule, **changes}
        return Agent(stored=stored, kept=kept, **given)


def test_what_the_schedule_says_is_in_force_from_the_first_moment() -> None:
    agent = Agent()
    assert (agent.value("armed"), agent.value("privacy"), agent.value("sensitivity")) == (
        False,
        True,
        "low",
    )
    modes = agent.said()["modes"]
    assert modes["armed"] == {
        "value": False,
        "by": "schedule",
        "since": "2026-11-29T07:00:00.000+00:00",
        "until": "2026-11-29T22:00:00.000+00:00",
    }
    assert modes["beep_on_motion"]["by"] == "configuration"
    assert agent.said()["next_change"] == "2026-11-29T22:00:00.000+00:00"
    assert agent.said()["text"] == (
        "disarmed until Sun 22:00; private until Sun 22:00; sensitivity low until Sun 22:00"
    )


def test_an_end_that_is_months_away_has_its_date() -> None:
    tromso = Location(69.6, 18.9)
    rules = ({"at": "sunrise", "armed": False}, {"at": "sunset", "armed": True})
    agent = Agent(replace(schedule(*rules), location=tromso), utc=START.replace(month=12, day=10))
    assert re.fullmatch(r"armed until \w{3} \d\d Jan \d\d:\d\d", agent.said()["text"])


def test_each_time_changes_what_it_names_within_a_second_and_says_it() -> None:
    agent = Agent()
    agent.tick(3599)
    assert agent.value("privacy")
    agent.tick(1)
    assert (agent.value("armed"), agent.value("privacy"), agent.value("sensitivity")) == (
        True,
        False,
        "high",
    )
    assert [it for it in agent.effects if isinstance(it, MovePrivacyGate)] == [
        MovePrivacyGate("yard", False)
    ]
    said = {it.topic: it.payload for it in agent.effects if isinstance(it, Publish)}
    assert said[YARD.setting_state("privacy")] == b"OFF"
    assert said[YARD.setting_state("armed")] == b"ON"
    assert json.loads(said[YARD.schedule])["modes"]["armed"]["until"].startswith("2026-11-30T07")
    assert any(isinstance(it, SaveModes) for it in agent.effects)


def test_a_gate_closes_before_vision_hears_of_it_and_opens_after() -> None:
    agent = Agent()
    agent.set("privacy", False)
    kinds = [type(it) for it in agent.effects if isinstance(it, MovePrivacyGate | ToVision)]
    assert kinds == [ToVision, MovePrivacyGate]
    agent.set("privacy", True)
    kinds = [type(it) for it in agent.effects if isinstance(it, MovePrivacyGate | ToVision)]
    assert kinds == [MovePrivacyGate, ToVision]


def test_a_command_is_in_force_until_the_next_time_and_no_longer() -> None:
    agent = Agent()
    agent.set("armed", True)
    mode = agent.said()["modes"]["armed"]
    assert (mode["by"], mode["until"]) == ("command", "2026-11-29T22:00:00.000+00:00")
    agent.set("privacy", False)
    agent.tick(1800)
    assert agent.value("armed")
    assert not agent.value("privacy")
    agent.tick(1800)
    assert agent.said()["modes"]["armed"]["by"] == "schedule"
    agent.set("armed", False)
    agent.tick(9 * 3600 - 1)
    assert not agent.value("armed")
    assert agent.said()["modes"]["armed"]["by"] == "command"
    agent.tick(1)
    assert agent.said()["modes"]["armed"]["by"] == "schedule"
    assert any(isinstance(it, SaveSettings) for it in agent.effects)
    assert not agent.state.cameras["yard"].stored


def test_a_command_on_a_number_of_the_sensitivity_ends_with_it() -> None:
    agent = Agent()
    agent.set("pixel_threshold", 99)
    assert agent.value("sensitivity") == "custom"
    assert agent.said()["modes"]["sensitivity"]["by"] == "command"
    agent.tick(3600)
    assert agent.value("sensitivity") == "high"


def test_a_command_outlives_a_restart_until_the_next_time() -> None:
    agent = Agent()
    agent.set("privacy", False)
    after = agent.again(utc=START + timedelta(minutes=30))
    assert not after.value("privacy")
    late = agent.again(utc=START + timedelta(hours=11))  # 08:00: two times have passed
    assert late.value("privacy")
    assert late.said()["modes"]["privacy"]["by"] == "schedule"


def test_back_to_the_configuration_is_back_to_the_schedule() -> None:
    agent = Agent()
    agent.set("armed", True)
    agent.set("armed", None)
    assert agent.value("armed") is False
    assert agent.said()["modes"]["armed"]["by"] == "schedule"


def test_a_command_without_a_schedule_has_no_end() -> None:
    agent = Agent(schedule())
    agent.set("armed", False)
    agent.tick(40 * 86400)
    assert agent.value("armed") is False
    assert agent.said()["modes"]["armed"]["until"] is None
    assert agent.said()["text"] == "disarmed, by command"


# ------------------------------------------------------------ an unsure clock


def test_an_unsure_clock_arms_leaves_the_rest_and_says_so() -> None:
    agent = Agent(sure=False)
    assert agent.value("armed") is True
    assert agent.value("privacy") is False  # nothing is known: as configured
    said = agent.said()
    assert said["clock"] == "unsure"
    assert said["modes"]["armed"]["by"] == "safety"
    assert "armed, because the clock is unsure" in said["text"]
    agent.tick()
    health = agent_health(agent.state, agent.now)
    assert health.problems == ["yard_camera_connecting", "schedule_waits"]
    assert "the schedule of yard waits" in health.reasons["schedule_waits"]
    agent.tick(7200)
    assert agent.value("armed") is True


def test_privacy_stays_as_it_was_known_last_while_the_clock_is_unsure() -> None:
    agent = Agent()
    assert agent.value("privacy")
    wrong = agent.again(sure=False, utc=datetime(1970, 1, 1, 5, tzinfo=UTC))
    assert wrong.value("privacy")
    assert wrong.value("armed")
    wrong.tick(30 * 3600)  # past all times of the schedule, by a clock that nobody believes
    assert wrong.value("privacy")
    assert wrong.value("armed")


def test_once_the_clock_is_right_the_schedule_is_in_force() -> None:
    agent = Agent(sure=False, utc=datetime(1970, 1, 1, tzinfo=UTC))
    agent.sure = True
    agent.tick(1, wall=(START - agent.utc).total_seconds())
    assert (agent.value("armed"), agent.value("privacy")) == (False, True)
    assert agent.said()["clock"] == "sure"


def test_a_command_while_the_clock_is_unsure_is_in_force_until_the_next_time_by_the_right_one() -> (
    None
):
    agent = Agent(sure=False, utc=datetime(1970, 1, 1, tzinfo=UTC))
    agent.set("armed", False)
    agent.set("privacy", False)
    assert agent.value("armed") is False
    agent = agent.again(sure=False)
    assert agent.value("armed") is False
    agent.sure = True
    agent.tick(1, wall=(START - agent.utc).total_seconds())
    assert agent.value("privacy") is False  # 07:00 was before the clock was right: it ends nothing
    assert agent.said()["modes"]["privacy"]["by"] == "command"
    agent.tick(3600)
    assert agent.value("armed") is True
    assert agent.said()["modes"]["privacy"]["by"] == "schedule"


def test_a_command_of_before_a_restart_disarms_nothing_while_the_clock_is_unsure() -> None:
    agent = Agent()
    agent.tick(3700)
    agent.set("armed", False)
    wrong = agent.again(sure=False)
    assert wrong.value("armed")
    wrong.sure = True
    wrong.tick()
    assert wrong.value("armed") is False  # no time of the schedule has passed


def test_a_clock_that_was_right_goes_on_to_be_until_it_jumps() -> None:
    agent = Agent()
    agent.sure = False
    agent.tick(3600)
    assert agent.value("armed")
    assert agent.said()["clock"] == "sure"
    agent.tick(1, wall=9 * 3600)
    assert agent.said()["clock"] == "unsure"
    assert agent.value("armed")


def test_a_clock_that_the_owner_trusts_needs_no_kernel() -> None:
    assert Agent(sure=False, trust=True).said()["clock"] == "sure"


def test_a_clock_that_is_put_back_takes_the_schedule_with_it() -> None:
    agent = Agent()
    agent.tick(3600)
    assert agent.value("armed")
    agent.tick(1, wall=-7200)
    assert agent.value("armed") is False


# ------------------------------------------------------------ another configuration


def test_another_schedule_is_in_force_without_touching_the_camera() -> None:
    agent = Agent()
    other = replace(agent.camera, schedule=schedule({"at": "20:00", "armed": True}))
    state, effects = change_cameras(agent.state, (other,), (), {}, agent.now)
    camera = state.cameras["yard"]
    assert camera.settings.armed
    assert camera.settings.privacy is False  # no rule sets it any more
    assert camera.settings.sensitivity == "normal"
    assert [it for it in effects if isinstance(it, MovePrivacyGate)] == [
        MovePrivacyGate("yard", False)
    ]
    assert any(isinstance(it, ToVision) and isinstance(it.order, Configure) for it in effects)


def changed(agent: Agent, *rules: dict[str, Any]) -> Agent:
    """The agent after SIGHUP, with another schedule."""
    agent.camera = replace(agent.camera, schedule=schedule(*rules))
    agent.state, agent.effects = change_cameras(agent.state, (agent.camera,), (), {}, agent.now)
    return agent


def test_a_command_outlives_another_schedule_until_a_time_of_that_one() -> None:
    agent = Agent()
    agent.set("armed", True)  # at 21:00
    agent.tick(600)
    agent = changed(agent, {"at": "20:30", "armed": False}, {"at": "21:30", "armed": False})
    assert agent.value("armed") is True
    mode = agent.said()["modes"]["armed"]
    assert (mode["by"], mode["until"]) == ("command", "2026-11-29T21:30:00.000+00:00")
    agent.tick(1200)
    assert agent.value("armed") is False


def test_a_command_ends_with_a_schedule_whose_time_has_passed_since_or_has_no_end() -> None:
    agent = Agent()
    agent.set("armed", True)
    agent.tick(600)
    passed = changed(agent, {"at": "21:05", "armed": False}, {"at": "23:00", "armed": True})
    assert passed.value("armed") is False
    assert not passed.state.cameras["yard"].stored
    passed.set("armed", True)
    alone = changed(passed, {"at": "08:00", "privacy": False})
    alone.tick(40 * 86400)
    assert alone.value("armed") is True
    assert alone.said()["modes"]["armed"]["until"] is None


def test_another_schedule_while_the_clock_is_unsure_ends_no_command_and_disarms_nothing() -> None:
    agent = Agent(sure=False)
    agent.set("armed", False)
    agent = changed(agent, {"at": "20:00", "armed": True}, {"at": "21:00", "privacy": True})
    assert agent.value("armed") is False  # somebody said so while the clock was unsure
    assert agent.value("privacy") is False


def test_two_rules_at_one_moment_put_both_their_values_in_force_and_the_later_one_wins() -> None:
    agent = changed(
        Agent(),
        {"at": "22:00", "armed": False, "privacy": False},
        {"at": "22:00", "armed": True, "sensitivity": "low"},
    )
    agent.tick(3600)
    values = {name: agent.value(name) for name in ("armed", "privacy", "sensitivity")}
    assert values == {"armed": True, "privacy": False, "sensitivity": "low"}
    orders = [it.order for it in agent.effects if isinstance(it, ToVision)]
    assert all(it.settings.armed for it in orders if isinstance(it, Configure))


def test_a_place_that_does_not_fit_the_configured_maximum_costs_that_place_alone() -> None:
    base = CameraSettings(min_changed=0.01, max_changed=0.1)
    rules = schedule({"at": "07:00", "armed": False, "sensitivity": "low"})
    agent = Agent(rules, base=base)
    agent.camera = replace(agent.camera, profile="plain")
    plain = CameraSetup("yard", base, profile="plain", schedule=rules)
    state, _ = change_cameras(agent.state, (plain,), ("yard",), {}, agent.now)
    settings = state.cameras["yard"].settings
    assert (settings.armed, settings.min_changed) == (False, 0.01)
