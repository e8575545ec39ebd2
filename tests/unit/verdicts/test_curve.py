"""Curve and spans of a day, as the page shows them."""

from __future__ import annotations

from agent.core.messages import Reason
from agent.verdicts.curve import Past
from agent.verdicts.state import State
from tests.support.verdicts import T0, block


def past(*blocks: object) -> Past:
    made = Past(T0, T0 + 3600.0)
    for one in blocks:
        made.add(one)  # type: ignore[arg-type]
    return made


def spans(made: Past) -> list[tuple[str, float, float, str]]:
    return [(s.kind, round(s.begin - T0, 1), round(s.end - T0, 1), s.text) for s in made.spans()]


def test_the_strongest_frame_of_each_bucket_stays() -> None:
    quiet = [
        (at, Reason.QUIET, score) for at, score in ((0, 0.01), (1, 0.08), (2, 0.02), (6, 0.05))
    ]
    curve = past(block(0.0, quiet), block(2.0, [(1.0, Reason.QUIET, 0.04)])).curve()
    assert [(b.at - T0, round(b.score, 3), b.least) for b in curve] == [
        (0.0, 0.08, 0.1),
        (5.0, 0.05, 0.1),
    ]


def test_suppressed_frames_near_each_other_are_one_span() -> None:
    first = block(0.0, [(at, Reason.LIGHT, 40.0) for at in (0.0, 5.0, 10.0)], seconds=60.0)
    found = spans(past(first, block(60.0, [(0.0, Reason.LIGHT, 40.0)])))
    assert found == [
        ("suppressed", 0.0, 10.0, "40.000 % changed: light change"),
        ("suppressed", 60.0, 60.0, "40.000 % changed: light change"),
    ]


def test_what_goes_on_over_many_blocks_is_one_span() -> None:
    gone, off = State(away="no answer"), State(armed=False)
    found = spans(past(block(0.0, state=gone), block(30.0, state=gone), block(60.0, state=off)))
    assert found == [("away", 0.0, 60.0, "no answer"), ("disarmed", 60.0, 90.0, "disarmed")]


def test_a_time_without_blocks_is_a_span_of_its_own() -> None:
    ((kind, begin, end, text),) = spans(past(block(0.0), block(300.0)))
    assert (kind, begin, end) == ("stopped", 30.0, 300.0)
    assert "did not run" in text


def test_a_copy_can_grow_alone() -> None:
    made = past(block(0.0, [(0.0, Reason.QUIET, 0.1)]))
    copy = made.copy()
    copy.add(block(30.0, [(0.0, Reason.QUIET, 0.1)], State(away="gone")))
    assert (len(made.curve()), len(copy.curve())) == (1, 2)
    assert spans(made) == []
    assert len(spans(copy)) == 1
