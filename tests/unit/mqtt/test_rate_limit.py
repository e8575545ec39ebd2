from __future__ import annotations

import pytest

from agent.mqtt.rate_limit import BURST, EACH_SECOND, LINE_EVERY, MOST_TOPICS, Flood, Seldom


def test_what_comes_at_once_is_bounded_and_comes_back_with_time() -> None:
    flood = Flood()
    heard = [flood.takes("a", 0.0) for _ in range(1000)]
    assert heard.count(True) == BURST
    assert flood.refused == 1000 - BURST
    assert [flood.takes("a", 1.0) for _ in range(100)].count(True) == EACH_SECOND


def test_each_topic_has_its_own_share() -> None:
    flood = Flood()
    for _ in range(1000):
        flood.takes("a", 0.0)
    assert flood.takes("b", 0.0)


def test_topics_without_end_share_one() -> None:
    flood = Flood()
    heard = sum(flood.takes(f"t{number}", 0.0) for number in range(10_000))
    assert heard == MOST_TOPICS + BURST
    assert flood.takes("later", 60.0), "those of which nothing comes any more are forgotten"


def test_among_topics_without_end_each_message_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flood, looks = Flood(), 0
    left = Flood._now

    def counted(kept: tuple[float, float], now: float) -> float:
        nonlocal looks
        looks += 1
        return left(kept, now)

    monkeypatch.setattr(Flood, "_now", staticmethod(counted))
    for number in range(10_000):
        flood.takes(f"t{number}", 0.0)
    assert looks < 2 * 10_000


def test_a_counter_that_grows_is_said_once_a_minute() -> None:
    seldom = Seldom()
    said = [seldom.grown("x", count, at) for count, at in ((0, 0.0), (3, 1.0), (9, 2.0))]
    assert said == [0, 3, 0]
    assert seldom.grown("x", 9, 1.0 + LINE_EVERY) == 6
    assert seldom.grown("x", 9, 1.0 + 2 * LINE_EVERY) == 0
