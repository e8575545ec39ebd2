from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.mqtt.packet_limits import AT_ONCE, FORGOTTEN, LEAST_PICTURE, ROOM, PacketLimits, Suspect
from agent.mqtt.payload_trimming import slimmed

DISCOVERY = Path(__file__).resolve().parents[2] / "fixtures" / "discovery"
PICTURE = "c/motion/image"
DEVICE = "homeassistant/device/x/config"


@pytest.fixture
def limits() -> PacketLimits:
    """What was acknowledged so far had 10 kB at most."""
    limits = PacketLimits()
    limits.connected(None, 0.0)
    limits.sent(1, DEVICE, 10_000, picture=False)
    limits.acknowledged(1)
    return limits


def cut_at(limits: PacketLimits, size: int, *, topic: str = PICTURE, at: float = 1.0) -> object:
    """A packet is under way as the connection ends."""
    limits.connected(None, at)
    limits.sent(9, topic, size, picture=topic == PICTURE)
    return limits.lost(at, certain=False)


def test_at_first_anything_may_be_sent(limits: PacketLimits) -> None:
    assert limits.takes(10_000_000)
    assert (limits.most, limits.picture) == (None, None)


def test_what_the_broker_says_holds(limits: PacketLimits) -> None:
    limits.connected(20_000, 1.0)
    assert (limits.takes(20_000), limits.takes(20_001)) == (True, False)
    assert limits.picture == 20_000 - ROOM


def test_a_picture_that_cost_a_connection_is_halved_then_left_out(limits: PacketLimits) -> None:
    assert cut_at(limits, 90_000) == Suspect(PICTURE, 90_000)
    assert (limits.picture, limits.takes(45_000), limits.takes(45_001)) == (
        45_000 - ROOM,
        True,
        False,
    )
    assert cut_at(limits, 44_000) == Suspect(PICTURE, 44_000)
    assert (limits.takes(10_000), limits.takes(10_001)) == (True, False)
    assert limits.picture == 10_000 - ROOM


def test_a_picture_is_never_made_smaller_than_one_is() -> None:
    limits = PacketLimits()
    assert cut_at(limits, 90_000)
    assert cut_at(limits, 44_000)
    assert (limits.most or 0) < LEAST_PICTURE
    assert limits.picture is None
    assert not limits.takes(LEAST_PICTURE)


def test_a_device_is_suspected_after_the_second_time_only(limits: PacketLimits) -> None:
    assert cut_at(limits, 16_000, topic=DEVICE) is None
    assert limits.takes(16_000)
    assert cut_at(limits, 16_000, topic=DEVICE) == Suspect(DEVICE, 16_000)
    assert not limits.takes(16_000)


def test_what_got_through_in_between_is_above_suspicion(limits: PacketLimits) -> None:
    assert cut_at(limits, 16_000, topic=DEVICE) is None
    limits.connected(None, 2.0)
    limits.sent(3, DEVICE, 16_000, picture=False)
    limits.acknowledged(3)
    assert cut_at(limits, 16_000, topic=DEVICE) is None
    assert limits.takes(16_000)


@pytest.mark.parametrize("topic", [PICTURE, DEVICE])
def test_what_it_took_once_is_suspected_after_the_second_time(
    limits: PacketLimits, topic: str
) -> None:
    assert cut_at(limits, 9_000, topic=topic) is None
    assert limits.takes(10_000)
    assert cut_at(limits, 9_000, topic=topic) == Suspect(topic, 9_000)
    assert (limits.takes(4_500), limits.takes(4_501)) == (True, False)


def test_a_broker_that_was_gone_need_not_be_another(limits: PacketLimits) -> None:
    assert cut_at(limits, 9_000) is None
    limits.gone()
    assert cut_at(limits, 9_000) is None
    assert limits.takes(10_000)


def test_what_came_before_an_acknowledgement_is_not_suspected(limits: PacketLimits) -> None:
    limits.sent(4, PICTURE, 90_000, picture=True)
    limits.sent(5, "s", 100, picture=False)
    limits.acknowledged(5)
    assert limits.lost(1.0, certain=False) is None


def test_a_picture_that_was_written_a_while_ago_is_not_suspected(limits: PacketLimits) -> None:
    limits.sent(4, PICTURE, 90_000, picture=True)
    limits.written(4, 1.0)
    assert limits.lost(1.0 + AT_ONCE + 0.1, certain=False) is None


def test_a_broker_that_was_itself_gone_taught_nothing(limits: PacketLimits) -> None:
    assert cut_at(limits, 90_000) is not None
    limits.gone()
    assert limits.takes(90_000)
    assert limits.most is None


def test_a_brokers_own_word_is_believed_also_when_it_then_goes(limits: PacketLimits) -> None:
    limits.sent(4, DEVICE, 90_000, picture=False)
    assert limits.lost(1.0, certain=True) == Suspect(DEVICE, 90_000)
    limits.gone()
    assert not limits.takes(90_000)


def test_after_some_hours_it_is_tried_again(limits: PacketLimits) -> None:
    assert cut_at(limits, 90_000) is not None
    limits.connected(None, FORGOTTEN)
    assert not limits.takes(90_000)
    limits.connected(None, FORGOTTEN + 2)
    assert limits.takes(90_000)


def test_small_messages_are_never_the_cause() -> None:
    assert cut_at(PacketLimits(), 3_000) is None


def test_a_device_payload_loses_what_is_off_first_then_diagnostics() -> None:
    payload = (DISCOVERY / "camera_yard.json").read_bytes()
    whole = json.loads(payload)["cmps"]
    compact = len(json.dumps(json.loads(payload), separators=(",", ":"), ensure_ascii=False))
    fitting = slimmed(payload, compact - 500)
    assert fitting is not None
    content, lacking = json.loads(fitting[0])["cmps"], fitting[1]
    assert len(fitting[0]) <= compact - 500
    assert len(content) == len(whole) - lacking
    assert all(whole[key].get("en") is False for key in whole.keys() - content.keys())
    fitting = slimmed(payload, compact // 2)
    assert fitting is not None
    missing = whole.keys() - json.loads(fitting[0])["cmps"].keys()
    assert {"motion", "motion_event", "armed"} & missing == set()
    assert slimmed(payload, 500) is None
