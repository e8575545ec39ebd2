"""When coded pictures are shown: whatever a camera's clock does, times grow and stay near ours."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.camera_times import DEEPEST, CameraTimes
from agent.storage.recording.order import Order, depth_of


def moments(shown: list[float | None], at: list[float] | None = None) -> list[float]:
    times = CameraTimes()
    came = at or [100 + n / 10 for n in range(len(shown))]
    return [times.add(*each).at for each in zip(came, shown, strict=True)]


def test_the_cameras_own_times_are_kept_where_a_network_is_uneven() -> None:
    shown = [7.0 + n / 10 for n in range(40)]
    at = [100 + n / 10 + (n % 7) / 20 for n in range(40)]
    assert moments([*shown], at) == pytest.approx([100 + n / 10 for n in range(40)])


def test_what_a_network_held_up_for_three_seconds_keeps_its_times() -> None:
    shown = [n / 10 for n in range(100)]
    at = [100 + n / 10 if not 20 <= n < 50 else 105.0 for n in range(100)]
    assert moments([*shown], at) == pytest.approx([100 + n / 10 for n in range(100)], abs=0.25)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("jumps ahead", [n / 10 + (5000 if n >= 20 else 0) for n in range(40)]),
        ("jumps back", [9000 + n / 10 - (9000 if n >= 20 else 0) for n in range(40)]),
        ("wraps", [(47_720 + n / 10) % 47_721.85 for n in range(40)]),
        ("stands still", [5.0] * 40),
        ("stands still in between", [n / 10 if n < 20 else 2.0 for n in range(40)]),
        ("runs twice as fast", [n / 5 for n in range(400)]),
        ("runs backwards", [9.0 - n / 10 for n in range(200)]),
        ("is not said", [None] * 40),
        ("is not said in between", [n / 10 if n % 9 else None for n in range(40)]),
    ],
)
def test_a_clock_that_is_wrong_is_left_for_ours(kind: str, shown: list[float | None]) -> None:
    for n, at in enumerate(moments(shown)):
        assert abs(at - (100 + n / 10)) <= 8.1, (kind, n)
    assert moments(shown)[-1] == pytest.approx(100 + (len(shown) - 1) / 10, abs=2.1), kind


def test_pictures_are_decoded_in_time_for_being_shown() -> None:
    shown = [0, 400, 200, 100, 300, 800, 600, 500, 700]
    order: Order[int] = Order(depth_of(shown))
    placed = [each for at in shown for each in order.add(at, at)] + order.finish()
    assert [each.at_ms for each in placed] == [n * 100 for n in range(9)]
    assert [each.what for each in placed] == shown
    assert all(each.at_ms + each.shift == each.what for each in placed)


@given(
    st.lists(st.integers(0, 10_000), max_size=60),
    st.integers(0, 20),
)
def test_every_order_becomes_times_that_grow(shown: list[int], depth: int) -> None:
    order: Order[int] = Order(depth)
    placed = [each for at in shown for each in order.add(at, at)]
    assert len(shown) - len(placed) <= DEEPEST
    placed += order.finish()
    assert [each.what for each in placed] == shown, "none is lost, and they stay in order"
    assert all(after.at_ms > before.at_ms for before, after in pairwise(placed))
    assert all(each.at_ms + each.shift == each.what for each in placed)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.none() | st.floats(-1e9, 1e9)), max_size=80))
def test_whatever_a_camera_says_is_near_its_arrival(said: list[tuple[float, float | None]]) -> None:
    times = CameraTimes()
    for at, shown in said:
        assert abs(times.add(at, shown).at - at) <= 8.1
