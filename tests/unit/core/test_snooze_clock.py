"""Quiet for a while: the beep rests, events say so, and it ends at its time under any clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import snooze_clock
from agent.core.effects import SaveModes
from agent.core.messages import BrokerUp
from agent.core.orders import Beep, StopBeep
from agent.core.snooze_clock import Snoozed
from agent.core.state import Gauges, Tick
from schemas.commands import SetSetting, Snooze
from schemas.modes import SnoozeState
from tests.support.engine_rig import ROOT, YARD, Rig, started

T0 = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_the_beep_rests_and_the_event_says_so_while_it_goes_on_and_is_recorded() -> None:
    rig = Rig()
    rig.live()
    rig.command(Snooze(camera="yard", minutes=30), "snooze")
    assert rig.answer("snooze")["data"] == {"until": "2026-11-22T08:30:00.000+00:00"}
    assert any(isinstance(it, SaveModes) for it in rig.effects)
    rig.do(started())
    assert not rig.kinds(Beep)
    (record,) = rig.records()
    assert json.loads(record.publish.payload)["snoozed"] is True
    assert rig.published(f"{YARD}/motion/state") == [b"ON"]
    assert rig.published(f"{YARD}/recording/state") == [b"ON"]


def test_a_beep_that_sounds_ends_with_the_snooze_and_with_what_takes_its_reason_away() -> None:
    rig = Rig()
    rig.live()
    rig.do(started())
    assert rig.kinds(Beep) == [Beep(None, "yard")]
    rig.command(Snooze(camera=None, minutes=30), "snooze")
    assert rig.kinds(StopBeep) == [StopBeep()]  # one order for all cameras
    rig.command(Snooze(camera="yard", minutes=30), "snooze")
    assert rig.kinds(StopBeep) == [StopBeep("yard")]
    rig.command(Snooze(camera=None, minutes=0), "snooze")
    assert rig.kinds(StopBeep) == []
    for name, value in (("armed", False), ("beep_on_motion", False), ("privacy", True)):
        rig = Rig()
        rig.command(SetSetting(camera="yard", name=name, value=value), name)
        assert rig.kinds(StopBeep) == [StopBeep("yard")]
        rig.command(SetSetting(camera="yard", name=name, value=value), name)
        assert rig.kinds(StopBeep) == []
    rig.command(SetSetting(camera=None, name="beep_enabled", value=False), "beep_enabled")
    assert rig.kinds(StopBeep) == [StopBeep()]


def test_without_a_snooze_an_event_says_that_there_is_none() -> None:
    rig = Rig()
    rig.live()
    rig.do(started())
    assert rig.kinds(Beep)
    assert json.loads(rig.records()[0].publish.payload)["snoozed"] is False


def test_it_ends_by_itself_and_that_is_said() -> None:
    rig = Rig()
    rig.command(Snooze(camera="yard", minutes=1), "snooze")
    rig.do(Tick(Gauges()), after=59)
    assert not rig.published(f"{YARD}/snooze/state")
    rig.do(Tick(Gauges()), after=1)
    assert json.loads(rig.published(f"{YARD}/snooze/state")[0]) == {
        "v": 1,
        "until": None,
        "minutes": 0,
    }
    assert any(isinstance(it, SaveModes) for it in rig.effects)


def test_zero_minutes_end_it_and_another_number_begins_again() -> None:
    rig = Rig()
    for minutes in (30, 5, 0):
        rig.command(Snooze(camera="yard", minutes=minutes), "snooze")
        said = json.loads(rig.published(f"{YARD}/snooze/state")[0])
        assert said["minutes"] == minutes
        assert (said["until"] is None) is (minutes == 0)


def test_the_agent_is_snoozed_until_the_earliest_end_of_all_its_cameras() -> None:
    rig = Rig(cameras=("yard", "lane"))
    rig.command(Snooze(camera="yard", minutes=10), "snooze")
    assert json.loads(rig.published(f"{ROOT}/snooze/state")[0])["until"] is None
    rig.command(Snooze(camera=None, minutes=60), "snooze", camera="")
    assert json.loads(rig.published(f"{ROOT}/snooze/state")[-1])["minutes"] == 60
    rig.command(Snooze(camera="yard", minutes=10), "snooze")
    assert json.loads(rig.published(f"{ROOT}/snooze/state")[0])["minutes"] == 10
    rig.do(BrokerUp(100.0, "5", 0))
    assert rig.published(f"{ROOT}/snooze/state")
    assert rig.published(f"{YARD}/snooze/state")


def test_a_step_of_an_unsure_clock_moves_no_end() -> None:
    begun = snooze_clock.begun(30, 100.0, T0, sure=False)
    for step in (-86400, 86400):
        utc = T0 + timedelta(seconds=step)
        assert snooze_clock.looked(begun, 200.0, utc, sure=False) is begun
    assert snooze_clock.looked(begun, 100.0 + 1800, T0, sure=False) is None


def test_a_clock_that_becomes_right_says_the_right_end() -> None:
    begun = snooze_clock.begun(30, 100.0, datetime(1970, 1, 1, tzinfo=UTC), sure=False)
    right = snooze_clock.looked(begun, 700.0, T0, sure=True)
    assert right == Snoozed(30, T0 + timedelta(minutes=20), 1900.0, sure=True)


def test_a_machine_that_slept_wakes_with_the_snooze_over() -> None:
    begun = snooze_clock.begun(30, 100.0, T0, sure=True)
    assert snooze_clock.looked(begun, 101.0, T0 + timedelta(hours=1), sure=True) is None


@given(
    minutes=st.integers(1, 1440),
    gone=st.integers(-(10**7), 10**7),
    at=st.floats(0, 10**6),
)
def test_no_restart_makes_it_longer_than_it_was_asked_for(
    minutes: int, gone: int, at: float
) -> None:
    begun = snooze_clock.begun(minutes, 5.0, T0, sure=True)
    assert begun is not None
    kept = snooze_clock.kept(begun.stored(), at, T0 + timedelta(seconds=gone))
    if kept is None:
        assert gone >= 60 * minutes
    else:
        assert kept.end_at - at <= 60 * minutes + 1e-6
        assert kept.end_at - at == pytest.approx(min(60 * minutes, 60 * minutes - gone))


def test_all_of_nothing_is_no_snooze() -> None:
    assert snooze_clock.of_all([]) == SnoozeState(until=None, minutes=0)
