from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reoffer.visits import (
    FORGIVEN_EACH,
    GUESSES,
    IDLE,
    LINE_EVERY,
    MOST_CONNECTIONS,
    MOST_GUESSERS,
    MOST_OF_ONE,
    SPARES,
    Guesses,
    Seldom,
    Visits,
    network,
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_one_house_is_one_address(address: str, expected: str) -> None:
    assert network(address) == expected


def test_the_oldest_idle_connection_of_a_crowd_goes_and_a_busy_one_stays() -> None:
    visits: Visits[int] = Visits()
    for key in range(MOST_OF_ONE):
        assert visits.come(key, "192.0.2.7", key / 8) is None
    visits.busy(0)
    assert visits.come(100, "192.0.2.7", 9.0) == 1
    assert visits.come(101, "192.0.2.8", 9.0) is None
    assert visits.refused == 1


def test_nobody_makes_room_for_a_newcomer_where_all_are_busy() -> None:
    visits: Visits[int] = Visits()
    for key in range(MOST_OF_ONE):
        visits.come(key, "192.0.2.7", 0.0)
        visits.busy(key)
    assert visits.come(100, "192.0.2.7", 1.0) == 100
    visits.rest(3, 2.0)
    assert visits.come(101, "192.0.2.7", 3.0) == 3


def test_many_addresses_together_have_a_bound_too() -> None:
    visits: Visits[int] = Visits()
    leave = [visits.come(key, f"192.0.2.{key}", 0.0) for key in range(MOST_CONNECTIONS + 3)]
    assert leave == [None] * MOST_CONNECTIONS + [0, 1, 2]


def test_idle_connections_are_overdue_and_busy_ones_never() -> None:
    visits: Visits[str] = Visits()
    visits.come("idle", "192.0.2.7", 0.0)
    visits.come("busy", "192.0.2.7", 0.0)
    visits.come("done", "192.0.2.7", 0.0)
    visits.busy("busy")
    visits.busy("done")
    visits.rest("done", 5.0)
    assert visits.overdue(IDLE - 0.125) == []
    assert visits.overdue(IDLE) == ["idle"]
    visits.gone("idle")
    assert visits.overdue(IDLE + 5.0) == ["done"]


def test_an_address_that_many_share_has_no_bound_of_its_own_and_room_that_nobody_takes() -> None:
    visits: Visits[int] = Visits(["172.30.32.2"])
    for key in range(MOST_CONNECTIONS):
        assert visits.come(key, f"192.0.2.{key}", 0.0) is None
        visits.busy(key)
    for key in range(100, 100 + MOST_OF_ONE):
        assert visits.come(key, "172.30.32.2", 1.0) is None
        visits.busy(key)
    assert visits.come(200, "192.0.2.200", 2.0) == 200
    assert visits.come(201, "172.30.32.2", 2.0) == 201


def test_an_answer_that_is_still_taken_is_not_idle_and_one_that_is_not_is() -> None:
    visits: Visits[str] = Visits()
    for key in ("taken", "stuck"):
        visits.come(key, "192.0.2.7", 0.0)
        visits.busy(key)
        visits.sends(key, 5000, 0.5)
        visits.rest(key, 1.0)
    visits.sends("taken", 3000, IDLE)
    visits.sends("stuck", 5000, IDLE)
    assert visits.overdue(IDLE + 1.0) == ["stuck"]
    visits.sends("taken", 0, 2 * IDLE - 1.0)
    assert visits.overdue(2 * IDLE + 1.0) == ["stuck"]
    visits.sends("taken", 0, 3 * IDLE)
    assert visits.overdue(3 * IDLE) == ["taken", "stuck"]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["come", "busy", "rest", "gone"]))))
def test_bounds_hold_whatever_comes(steps: list[tuple[int, str]]) -> None:
    visits: Visits[int] = Visits()
    keys = itertools.count()
    opened: list[int] = []
    for now, (n, what) in enumerate(steps * 8):
        if what == "come":
            opened.append(next(keys))
            leaves = visits.come(opened[-1], f"192.0.2.{n}", float(now))
            if leaves is not None:
                opened.remove(leaves)
        elif opened:
            key = opened[n % len(opened)]
            if what == "busy":
                visits.busy(key)
            elif what == "rest":
                visits.rest(key, float(now))
            else:
                visits.gone(key)
                opened.remove(key)
        assert sorted(visits) == sorted(opened)
        assert len(opened) <= MOST_CONNECTIONS


def test_wrong_tokens_are_forgiven_one_by_one() -> None:
    guesses = Guesses()
    for _ in range(GUESSES - 1):
        guesses.wrong("192.0.2.7", 0.0)
    assert guesses.must_wait("192.0.2.7", 0.0) == 0.0
    guesses.wrong("192.0.2.7", 0.0)
    assert guesses.must_wait("192.0.2.7", 0.0) == FORGIVEN_EACH
    assert guesses.must_wait("192.0.2.8", 0.0) == 0.0
    assert guesses.must_wait("192.0.2.7", FORGIVEN_EACH) == 0.0


def test_many_guessers_do_not_fill_the_memory() -> None:
    guesses = Guesses()
    for _ in range(GUESSES):
        guesses.wrong("198.51.100.1", 0.0)
    for n in range(MOST_GUESSERS + 50):
        guesses.wrong(f"192.0.{n // 256}.{n % 256}", 0.0)
    assert guesses.must_wait("198.51.100.1", 0.0) == FORGIVEN_EACH
    assert len(guesses._until) == MOST_GUESSERS


def test_one_cause_is_one_line_a_minute_with_its_count() -> None:
    seldom = Seldom()
    assert seldom.count("too many", 0.0) == 1
    assert [seldom.count("too many", n / 8) for n in range(5)] == [0] * 5
    assert seldom.count("token", 1.0) == 1
    assert seldom.count("too many", LINE_EVERY) == 6


def test_a_watchdog_has_a_place_where_all_others_are_taken() -> None:
    visits: Visits[int] = Visits(spares=SPARES)
    for key in range(MOST_CONNECTIONS):
        visits.come(key, f"192.0.2.{key // 8}", 0.0)
        visits.busy(key)
    assert [visits.come(100 + n, "192.0.2.7", 1.0 + n) for n in range(SPARES)] == [None] * SPARES
    assert all(visits.is_spare(100 + n) for n in range(SPARES))
    assert not visits.is_spare(0)
    visits.busy(100)  # it is answered
    assert visits.come(200, "192.0.2.7", 9.0) == 101  # of those without a request the oldest goes
    assert visits.is_spare(200)
    visits.gone(5)
    assert visits.come(201, "192.0.2.9", 9.0) is None
    assert not visits.is_spare(201)  # a place that is free is one for everything


def test_an_address_with_all_its_places_taken_has_its_watchdog_answered() -> None:
    visits: Visits[int] = Visits(spares=SPARES)
    for key in range(MOST_OF_ONE):
        visits.come(key, "127.0.0.1", 0.0)
        visits.busy(key)
    assert visits.come(100, "127.0.0.1", 1.0) is None
    assert visits.is_spare(100)
    assert len(list(visits)) == MOST_OF_ONE + 1
    visits.busy(100)
    for key in range(200, 200 + SPARES - 1):
        visits.come(key, "127.0.0.1", 2.0)
        visits.busy(key)
    assert visits.come(300, "127.0.0.1", 3.0) == 300  # who keeps all busy keeps also these
