from __future__ import annotations

import pytest

from agent.mqtt.ha_presence import (
    ABSENT,
    ANSWERED,
    BOOT,
    FIRST_RETRY,
    LONGEST_RETRY,
    SETTLE,
    STALE,
    UNKNOWN,
    Presence,
    Unheard,
)


@pytest.fixture
def home() -> Presence:
    home = Presence()
    home.connected(0.0)
    return home


def ready_at(home: Presence) -> float:
    """The first second in which events may be offered."""
    return next((float(now) for now in range(5000) if home.ready(now)), float("inf"))


def test_without_a_connection_nothing_is_offered() -> None:
    assert ready_at(Presence()) == float("inf")


def test_a_broker_that_says_nothing_of_itself_is_waited_for_a_while(home: Presence) -> None:
    assert ready_at(home) == UNKNOWN


def test_a_broker_that_has_run_for_long_has_seen_home_assistant_come(home: Presence) -> None:
    home.broker_up(BOOT, 1.0)
    assert ready_at(home) <= 1


def test_a_broker_that_has_just_begun_is_waited_for_until_the_birth(home: Presence) -> None:
    home.broker_up(10.0, 1.0)
    assert ready_at(home) == BOOT - 10 + 1
    home.said(20.0, online=True, retained=False)
    home.announced(24.0, news=False)
    assert ready_at(home) == 24 + SETTLE


def test_an_old_word_of_a_broker_may_hide_a_birth(home: Presence) -> None:
    """It said so up to 10 s ago: it may have begun 20 s ago, and a birth comes after 10 s."""
    home.broker_up(10.0, 1.0, old=STALE)
    assert ready_at(home) == 1, "only the agent was started: alarms must not wait"
    assert home.unsure(1.0)
    home.connected(2.0)
    home.broker_up(0.0, 2.0, old=STALE)
    assert ready_at(home) == 2 + BOOT, "it has just begun, whenever that was said"


def test_a_young_broker_may_have_seen_the_birth_before_us(home: Presence) -> None:
    home.broker_up(100.0, 1.0)
    assert ready_at(home) == 1, "only the agent was started: alarms must not wait"
    home.connected(0.0)
    home.broker_up(100.0, 1.0)
    assert ready_at(home) == UNKNOWN, "the broker was away: so was Home Assistant"
    assert home.unsure(UNKNOWN)
    assert home.unsure(BOOT - 100)
    assert not home.unsure(BOOT - 100 + 1)


def test_a_device_that_was_just_announced_needs_a_moment_whatever_the_broker_says(
    home: Presence,
) -> None:
    home.announced(1.0, news=True)
    home.broker_up(100.0, 2.0)
    assert ready_at(home) == 1 + SETTLE
    home.connected(0.0)
    home.announced(1.0, news=True)
    home.broker_up(BOOT, 2.0)
    assert ready_at(home) == 1 + SETTLE


def test_where_nobody_hears_of_our_device_the_birth_has_still_to_come(home: Presence) -> None:
    home.broker_up(100.0, 1.0)
    home.nobody()
    assert ready_at(home) == ABSENT
    home.said(50.0, online=True, retained=False)
    home.announced(52.0, news=True)
    home.nobody()  # an acknowledgement that was late
    assert ready_at(home) == 52 + SETTLE
    assert not home.unsure(52.0)


def test_its_birth_and_its_will_end_all_doubt(home: Presence) -> None:
    for online in (True, False):
        home.connected(0.0)
        assert home.unsure(1.0)
        home.said(1.0, online=online, retained=False)
        assert not home.unsure(1.0)


def test_only_the_first_age_of_a_broker_is_news(home: Presence) -> None:
    home.broker_up(10.0, 1.0)
    home.broker_up(3000.0, 2.0)
    assert ready_at(home) == BOOT - 10 + 1


def test_home_assistant_that_came_after_the_broker_is_there_over_a_short_loss(
    home: Presence,
) -> None:
    home.broker_up(0.0, 1.0)
    home.said(20.0, online=True, retained=False)
    home.connected(60.0)
    home.broker_up(50.0, 60.0)  # its word is up to 10 s old
    assert ready_at(home) == 60


def test_a_birth_of_before_the_broker_restarted_says_nothing(home: Presence) -> None:
    home.said(20.0, online=True, retained=False)
    home.connected(100.0)
    home.broker_up(1.0, 101.0)
    assert ready_at(home) == 101 + BOOT - 1


def test_a_birth_that_is_never_answered_is_believed_after_a_while(home: Presence) -> None:
    home.said(20.0, online=True, retained=False)
    assert ready_at(home) == 20 + ANSWERED


def test_home_assistant_that_has_gone_is_waited_for_without_end(home: Presence) -> None:
    home.broker_up(9999.0, 1.0)
    home.said(2.0, online=False, retained=False)
    home.announced(3.0, news=True)
    home.broker_up(9999.0, 4.0)
    assert ready_at(home) == float("inf")
    assert home.away


@pytest.mark.parametrize("before", [True, False], ids=["in this process", "remembered"])
def test_over_our_own_absence_it_may_have_come_back(*, before: bool) -> None:
    home = Presence(away=not before)
    if before:
        home.connected(0.0)
        home.said(0.0, online=False, retained=False)
    home.connected(10.0)
    home.broker_up(9999.0, 11.0)
    assert ready_at(home) == 10 + UNKNOWN
    home.said(30.0, online=True, retained=False)
    home.announced(32.0, news=False)
    assert ready_at(home) == 32 + SETTLE
    assert not home.away


def test_a_retained_birth_may_be_an_old_one(home: Presence) -> None:
    home.said(1.0, online=True, retained=True)
    assert ready_at(home) == UNKNOWN


def test_a_retained_will_is_true(home: Presence) -> None:
    home.said(1.0, online=False, retained=True)
    assert ready_at(home) == float("inf")


def test_a_new_device_needs_a_moment_and_a_known_one_none(home: Presence) -> None:
    home.broker_up(9999.0, 0.0)
    home.announced(5.0, news=False)
    assert home.ready(5.0)
    home.announced(6.0, news=True)
    assert not home.ready(6.0)
    assert home.ready(6.0 + SETTLE)


def test_where_nobody_subscribes_it_is_tried_ever_more_seldom() -> None:
    unheard, now, waits = Unheard(), 0.0, []
    for _ in range(9):
        unheard.nobody("a/motion", now)
        unheard.nobody("a/motion", now)  # the second of one attempt
        assert unheard.waits("a/motion", now)
        assert not unheard.waits("a/recording", now)
        waits.append(unheard.next(now) - now)
        now += waits[-1]
        assert not unheard.waits("a/motion", now)
    assert waits[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert waits[-1] == LONGEST_RETRY
    unheard.forget()
    assert unheard.next(now) == float("inf")


def test_at_its_birth_it_listens_to_what_was_announced_before(home: Presence) -> None:
    home.broker_up(1.0, 0.0)
    home.announced(1.0, news=True)
    home.said(12.0, online=True, retained=False)
    assert ready_at(home) == 12
    home.announced(15.0, news=False)  # our answer
    assert ready_at(home) == 12


def test_what_was_announced_just_before_its_birth_needs_a_moment(home: Presence) -> None:
    home.announced(11.0, news=True)
    home.said(12.0, online=True, retained=False)
    assert ready_at(home) == 11 + SETTLE
