from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.core.backoff import Backoff


def test_delays_grow_to_the_limit_and_stay_there() -> None:
    backoff = Backoff(1.0, 2.0, 15.0, jitter=0.0)

    assert [backoff.next() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_success_begins_again() -> None:
    backoff = Backoff(1.0, 2.0, 15.0, jitter=0.0)
    backoff.next()
    backoff.next()

    backoff.reset()

    assert backoff.next() == 1.0


def test_jitter_shortens_a_delay_but_not_the_growth() -> None:
    backoff = Backoff(1.0, 2.0, 15.0, jitter=0.5, chance=lambda: 1.0)

    assert [backoff.next() for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 7.5]


@given(st.floats(0.0, 1.0), st.integers(1, 20))
def test_no_delay_exceeds_the_limit_or_falls_below_its_jitter(chance: float, tries: int) -> None:
    backoff = Backoff(1.0, 1.8, 60.0, jitter=0.25, chance=lambda: chance)

    assert all(0.75 <= backoff.next() <= 60.0 for _ in range(tries))
