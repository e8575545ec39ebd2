from __future__ import annotations

import pytest

from agent.mqtt.attempts import KNOWN_CAP, LONGEST_DELAY, Attempts, ProtocolChoice
from agent.mqtt.connection_errors import Why

UNREACHABLE = Why("unreachable", "nobody listens")
CLOSED = Why("lost", "closed")
OLD = Why("protocol", "what is MQTT 5?")
WRONG_PASSWORD = Why("refused", "no")


def never_shortened() -> float:
    return 0.0


def attempts(choice: ProtocolChoice = "auto") -> Attempts:
    return Attempts(choice, never_shortened)


def delays(tries: Attempts, why: Why, count: int, *, answered: bool = True) -> list[float]:
    return [tries.failed(why, 0.0, answered=answered)[1] for _ in range(count)]


def test_delays_double_up_to_the_longest() -> None:
    expected = [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert delays(attempts(), UNREACHABLE, 8) == expected


def test_a_broker_that_was_there_is_looked_for_often() -> None:
    tries = attempts()
    tries.accepted(0.0)
    assert max(delays(tries, UNREACHABLE, 20)) == KNOWN_CAP


def test_a_good_connection_starts_the_delays_anew() -> None:
    tries = attempts()
    tries.accepted(0.0)
    delays(tries, UNREACHABLE, 5)
    tries.accepted(100.0)
    assert tries.failed(CLOSED, 200.0, answered=True) == (CLOSED, 0.5)


def test_a_connection_that_does_not_last_does_not_start_them_anew() -> None:
    tries = attempts()
    found = []
    for number in range(3):
        tries.accepted(number * 2.0)
        found.append(tries.failed(UNREACHABLE, number * 2.0 + 1, answered=True)[1])
    assert found == [0.5, 1, 2]


def test_wrong_passwords_are_tried_seldom() -> None:
    assert delays(attempts(), WRONG_PASSWORD, 3) == [LONGEST_DELAY] * 3


def test_chance_shortens_a_delay_to_half_at_most() -> None:
    tries = Attempts("auto", lambda: 1.0)
    assert tries.failed(UNREACHABLE, 0.0, answered=True)[1] == 0.25


def test_connections_that_end_at_once_again_and_again_look_like_a_second_client() -> None:
    tries = attempts()
    codes = []
    for number in range(4):
        tries.accepted(number * 2.0)
        why, delay = tries.failed(CLOSED, number * 2.0 + 1, answered=True)
        codes.append(why.code)
    assert codes == ["lost", "lost", "taken_over", "taken_over"]
    assert delay == LONGEST_DELAY


def test_a_broker_that_was_away_in_between_is_no_second_client() -> None:
    tries = attempts()
    for number in range(5):
        tries.accepted(number * 2.0)
        why, _ = tries.failed(CLOSED, number * 2.0 + 1, answered=True)
        tries.failed(UNREACHABLE, number * 2.0 + 1.5, answered=True)
        assert why.code == "lost"


def test_mqtt_5_comes_first() -> None:
    assert attempts().protocol == "5"


def test_a_broker_that_says_it_is_old_is_offered_311_at_once() -> None:
    tries = attempts()
    _, delay = tries.failed(OLD, 0.0, answered=True)
    assert (tries.protocol, delay) == ("3.1.1", 0.5)


def test_a_broker_that_twice_closes_without_an_answer_is_offered_311() -> None:
    tries = attempts()
    protocols = []
    for _ in range(2):
        tries.failed(CLOSED, 0.0, answered=False)
        protocols.append(tries.protocol)
    assert protocols == ["5", "3.1.1"]


def test_a_broker_that_took_mqtt_5_and_hangs_up_now_is_only_away() -> None:
    tries = attempts()
    tries.accepted(0.0)
    assert delays(tries, CLOSED, 5, answered=False) == [0.5, 1, 2, 4, 4]
    assert tries.protocol == "5"


@pytest.mark.parametrize("why", [OLD, Why("kicked", "malformed")])
def test_nothing_turns_a_broker_that_took_mqtt_5_into_an_old_one(why: Why) -> None:
    tries = attempts()
    for number in range(20):
        tries.accepted(number * 10.0)
        tries.failed(why, number * 10.0 + 1, answered=True)
        assert tries.protocol == "5"


def test_a_broker_that_took_mqtt_5_before_our_start_gets_a_quarter_of_an_hour_to_boot() -> None:
    tries = Attempts("auto", never_shortened, took_5=True)
    waited = 0.0
    while tries.protocol == "5":
        waited += tries.failed(CLOSED, 0.0, answered=False)[1]
    assert 900 < waited < 1200


def test_who_is_kicked_again_and_again_is_not_taken_over() -> None:
    tries = attempts()
    for number in range(5):
        tries.accepted(number * 2.0)
        why, delay = tries.failed(Why("kicked", "x"), number * 2.0 + 1, answered=True)
        assert (why.code, delay <= KNOWN_CAP) == ("kicked", True)


def test_311_is_kept_once_it_was_accepted() -> None:
    tries = attempts()
    tries.failed(OLD, 0.0, answered=True)
    tries.accepted(1.0)
    delays(tries, UNREACHABLE, 5)
    delays(tries, CLOSED, 5, answered=False)
    assert tries.protocol == "3.1.1"


def test_a_failure_of_311_goes_back_to_mqtt_5() -> None:
    tries = attempts()
    tries.failed(OLD, 0.0, answered=True)
    tries.failed(UNREACHABLE, 0.0, answered=True)
    assert tries.protocol == "5"


@pytest.mark.parametrize(("why", "answered"), [(OLD, True), (CLOSED, False)])
def test_a_broker_that_knows_no_bridges_is_asked_plainly(why: Why, *, answered: bool) -> None:
    tries = attempts("3.1.1")
    assert tries.as_bridge
    assert tries.failed(why, 0.0, answered=answered)[1] == 0.5
    assert (tries.protocol, tries.as_bridge) == ("3.1.1", False)
    tries.accepted(0.0)
    delays(tries, CLOSED, 3, answered=False)
    assert not tries.as_bridge


def test_a_broker_that_is_only_away_is_still_asked_as_a_bridge() -> None:
    tries = attempts("3.1.1")
    delays(tries, UNREACHABLE, 3)
    assert tries.as_bridge
    tries.accepted(0.0)
    delays(tries, CLOSED, 3, answered=False)
    assert tries.as_bridge


@pytest.mark.parametrize("choice", ["5", "3.1.1"])
def test_a_protocol_that_was_asked_for_is_never_changed(choice: ProtocolChoice) -> None:
    tries = attempts(choice)
    for why in (OLD, CLOSED, UNREACHABLE):
        delays(tries, why, 3, answered=False)
        assert tries.protocol == choice
