from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.core.messages import CameraCode, CameraState, Detection, FrameScored, Reason
from agent.page.history import BUCKET, BUCKETS, RECENT, Past, why_nothing
from tests.support.engine import begun

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
T0 = NOON.timestamp()


def frame(seconds: float, score: float, reason: Reason = Reason.QUIET) -> FrameScored:
    found = Detection(
        1, 0.0, reason is Reason.MOTION, reason, score=score, min_changed=0.1, max_changed=16.0
    )
    return FrameScored("yard", NOON + timedelta(seconds=seconds), found)


def test_the_strongest_frame_of_each_bucket_stays() -> None:
    past = Past(T0)
    for seconds, score in ((0, 0.01), (1, 0.08), (2, 0.02), (6, 0.05)):
        past.scored(frame(seconds, score))
    found = [(b.at - T0, round(b.score, 3)) for b in past.buckets(T0, T0 + 60)]
    assert found == [(0.0, 0.08), (5.0, 0.05)]


def test_the_memory_is_bounded_and_the_oldest_goes() -> None:
    past = Past(T0)
    past.scored(frame(0, 0.5))
    past.scored(frame(BUCKET * BUCKETS, 0.1))
    assert [round(b.score, 2) for b in past.buckets(T0, T0 + BUCKET)] == []
    for n in range(RECENT + 50):
        past.scored(frame(n / 10, 0.1))
    assert len(past.recent) == RECENT


def test_suppressed_frames_near_each_other_are_one_span() -> None:
    past = Past(T0)
    for seconds in (0, 5, 10, 60):
        past.scored(frame(seconds, 40.0, Reason.LIGHT))
    spans = past.spans(T0, T0 + 100)
    assert [(s.kind, s.begin - T0, s.end - T0) for s in spans] == [
        ("suppressed", 0.0, 10.0),
        ("suppressed", 60.0, 60.0),
    ]


def test_outages_and_disarmed_times_are_spans_with_their_reason() -> None:
    past = Past(T0)
    camera = begun().cameras["yard"]
    gone = CameraState("yard", CameraCode.UNREACHABLE, "no answer", 0.0, 1)
    off = replace(camera, link=gone)
    past.looked(off, T0 + 10)
    past.looked(off, T0 + 20)
    settings = camera.settings.model_copy(update={"armed": False})
    live = CameraState("yard", CameraCode.LIVE, "", 0.0, 2)
    past.looked(replace(camera, link=live, settings=settings), T0 + 30)
    kinds = [(s.kind, s.begin - T0, s.end - T0, s.text) for s in past.spans(T0, T0 + 100)]
    assert kinds == [("away", 10.0, 30.0, "no answer"), ("disarmed", 30.0, 30.0, "disarmed")]
    assert why_nothing(past, T0 + 15, T0 + 99) == "The camera gave no pictures: no answer."
    assert "disarmed" in why_nothing(past, T0 + 30, T0 + 99)


def test_an_empty_moment_is_explained() -> None:
    past = Past(T0)
    past.scored(frame(10, 0.05))
    past.scored(frame(30, 20.0, Reason.TOO_MUCH))
    assert "changed 0.050 %" in why_nothing(past, T0 + 10, T0 + 99)
    assert "more than 0.100 %" in why_nothing(past, T0 + 10, T0 + 99)
    assert "change of light" in why_nothing(past, T0 + 31, T0 + 99)
    assert why_nothing(past, T0 + 70, T0 + 99) == "No frame was judged at that moment."
    assert "not running" in why_nothing(past, T0 - 1, T0 + 99)
    assert "still to come" in why_nothing(past, T0 + 100, T0 + 99)
