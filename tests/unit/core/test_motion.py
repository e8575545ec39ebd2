"""From detections to events."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.messages import Detection, EndReason, Reason
from agent.core.motion import MotionMachine, Step

FPS = 4.0  # multiples of 1/4 s are exact in binary


def detection(seq: int, reason: Reason, score: float = 1.0) -> Detection:
    return Detection(seq, seq / FPS, reason is Reason.MOTION, reason, score=score)


def run(machine: MotionMachine, pattern: str, post_frames: int = 10, start: int = 0) -> list[Step]:
    """M motion, q quiet, T too much, w warming up, r restless."""
    reasons = {
        "M": Reason.MOTION,
        "q": Reason.QUIET,
        "T": Reason.TOO_MUCH,
        "w": Reason.WARMING_UP,
        "r": Reason.RESTLESS,
    }
    return [
        machine.update(detection(seq, reasons[letter]), post_frames)
        for seq, letter in enumerate(pattern, start)
    ]


def spans(steps: list[Step]) -> list[tuple[int, int]]:
    """(first, last) frame of each event."""
    found, start = [], -1
    for number, step in enumerate(steps):
        if step.started:
            start = number
        if step.ended:
            found.append((start, number))
    return found


def test_the_first_frame_with_motion_starts_an_event() -> None:
    machine = MotionMachine()

    steps = run(machine, "wwwqqM")

    assert [step.started for step in steps] == [False] * 5 + [True]
    assert machine.active
    assert machine.first.seq == 5


def test_an_event_ends_after_ten_frames_counting_the_one_with_motion_as_the_first() -> None:
    machine = MotionMachine()

    assert spans(run(machine, "M" + "q" * 20)) == [(0, 9)]
    assert machine.judged == 10
    assert not machine.active


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("M" + "q" * 9, EndReason.CLEARED),
        ("M" + "q" * 4 + "rrr" + "qq", EndReason.RESTLESS),
        ("MrrM" + "q" * 9, EndReason.CLEARED),
    ],
)
def test_it_says_why_the_event_ended(pattern: str, why: EndReason) -> None:
    machine = MotionMachine()

    assert spans(run(machine, pattern))
    assert machine.why_ended is why


def test_an_event_that_lasts_longer_than_its_bound_is_ended_and_the_next_one_begins() -> None:
    machine = MotionMachine()
    steps = [machine.update(detection(n, Reason.MOTION), 10, 2.0) for n in range(20)]

    assert spans(steps) == [(0, 8), (9, 17)]
    assert steps[9].started
    for frame in range(9):
        machine.update(detection(20 + frame, Reason.QUIET), 10, 60.0)
    assert machine.why_ended is EndReason.CLEARED


def test_the_bound_is_said_also_where_all_was_quiet_for_long_or_restless() -> None:
    machine = MotionMachine()
    for number, reason in enumerate((Reason.MOTION, Reason.RESTLESS, Reason.QUIET)):
        machine.update(detection(number, reason), 1000, 0.5)

    assert not machine.active
    assert machine.why_ended is EndReason.TOO_LONG


def test_without_a_bound_an_event_may_last_for_ever() -> None:
    machine = MotionMachine()
    steps = [machine.update(detection(n, Reason.MOTION), 10, 0.0) for n in range(20_000)]

    assert machine.active
    assert spans(steps) == []


def test_each_further_motion_starts_the_count_again() -> None:
    assert spans(run(MotionMachine(), "M" + "q" * 8 + "M" + "q" * 20)) == [(0, 18)]


def test_motion_right_after_the_end_is_a_new_event() -> None:
    assert spans(run(MotionMachine(), "Mq" * 3, post_frames=2)) == [(0, 1), (2, 3), (4, 5)]


def test_with_one_post_frame_every_frame_with_motion_is_an_event_of_its_own() -> None:
    steps = run(MotionMachine(), "qMMq", post_frames=1)

    assert spans(steps) == [(1, 1), (2, 2)]


def test_a_shorter_post_roll_set_during_an_event_holds_at_once() -> None:
    machine = MotionMachine()
    run(machine, "Mqqqq", post_frames=10)

    assert run(machine, "q", post_frames=3, start=5) == [Step(ended=True)]


def test_too_much_change_and_warming_up_are_no_motion() -> None:
    machine = MotionMachine()

    steps = run(machine, "wTqM" + "TwTw", post_frames=5)

    assert spans(steps) == [(3, 7)]


def test_the_peak_is_the_strongest_frame_with_motion() -> None:
    machine = MotionMachine()
    for seq, score in enumerate([1.0, 3.0, 2.0]):
        machine.update(detection(seq, Reason.MOTION, score), 10)
    machine.update(detection(3, Reason.TOO_MUCH, 90.0), 10)

    assert (machine.peak.seq, machine.peak.score) == (1, 3.0)


def test_a_better_picture_is_said_at_most_once_a_second() -> None:
    machine = MotionMachine()
    steps = [
        machine.update(detection(seq, Reason.MOTION, score=float(seq)), 10) for seq in range(13)
    ]

    assert [seq for seq, step in enumerate(steps) if step.improved] == [4, 8, 12]


def test_a_peak_within_the_second_is_said_when_the_second_is_over() -> None:
    machine = MotionMachine()
    scores = [1.0, 5.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]

    steps = [
        machine.update(detection(seq, Reason.MOTION, score), 10) for seq, score in enumerate(scores)
    ]

    assert [seq for seq, step in enumerate(steps) if step.improved] == [4]
    assert machine.peak.seq == 1


def test_a_weaker_event_says_its_own_better_pictures_a_second_after_its_start() -> None:
    machine = MotionMachine()
    for seq, score in enumerate([9.0, 20.0]):
        machine.update(detection(seq, Reason.MOTION, score), 10)
    run(machine, "q" * 20, start=2)
    steps = [machine.update(detection(22 + n, Reason.MOTION, 1.0 + n), 2) for n in range(9)]

    assert [seq for seq, step in enumerate(steps) if step.improved] == [4, 8]


def test_of_equally_strong_frames_the_first_is_the_peak() -> None:
    machine = MotionMachine()
    run(machine, "MMM")

    assert machine.peak.seq == 0


def test_a_new_event_has_its_own_peak_and_count() -> None:
    machine = MotionMachine()
    machine.update(detection(0, Reason.MOTION, 9.0), 1)
    machine.update(detection(1, Reason.MOTION, 2.0), 5)

    assert (machine.peak.score, machine.first.seq, machine.judged) == (2.0, 1, 1)


def test_an_abandoned_event_is_over_and_the_next_motion_starts_another() -> None:
    machine = MotionMachine()
    run(machine, "M")

    machine.abandon()

    assert not machine.active
    assert run(machine, "M", start=1)[0].started


def test_before_any_event_there_is_no_peak() -> None:
    with pytest.raises(ValueError, match="no event"):
        _ = MotionMachine().peak


def test_a_light_change_is_reported_as_suppressed_and_one_unconfirmed_frame_is_not() -> None:
    machine = MotionMachine()

    light = machine.update(detection(0, Reason.LIGHT), 10)
    vague = machine.update(detection(1, Reason.UNCONFIRMED), 10)

    assert (light.suppressed, vague.suppressed, machine.active) == (1, 0, False)


def test_a_span_of_too_much_change_is_reported_once() -> None:
    steps = run(MotionMachine(), "q" + "T" * 100)

    assert [step.suppressed for step in steps] == [0, 1] + [0] * 99


def test_spans_within_ten_seconds_are_counted_into_the_next_report() -> None:
    steps = run(MotionMachine(), "TTq" * 20)  # 15 s at 4 frames a second

    reports = [(seq, step.suppressed) for seq, step in enumerate(steps) if step.suppressed]

    assert reports == [(0, 1), (40, 27)]  # 39 of the 40 before: 2 of 3 are suppressed, 1 was said


def test_a_long_span_whose_report_had_to_wait_is_reported_later() -> None:
    steps = run(MotionMachine(), "Tq" + "T" * 60)

    assert [seq for seq, step in enumerate(steps) if step.suppressed] == [0, 40]


def test_after_an_interruption_the_same_light_is_a_new_span() -> None:
    machine = MotionMachine()
    run(machine, "TTT")
    machine.abandon()

    later = [
        machine.update(detection(seq, Reason.TOO_MUCH)._replace(at=100.0 + seq), 10)
        for seq in range(2)
    ]

    assert [step.suppressed for step in later] == [3, 0]


@given(st.text("MqTw", max_size=120), st.integers(1, 12))
def test_events_never_overlap_and_end_only_after_quiet(pattern: str, post_frames: int) -> None:
    machine = MotionMachine()

    steps = run(machine, pattern, post_frames)

    active = False
    for number, step in enumerate(steps):
        assert not (step.started and active)
        assert step.started <= (pattern[number] == "M")
        active = (active or step.started) and not step.ended
        if step.ended:
            tail = pattern[number - post_frames + 1 : number + 1]
            assert tail[0] == "M"
            assert "M" not in tail[1:]
    assert machine.active == active


@given(st.text("Tq", max_size=200))
def test_every_suppressed_frame_is_reported_or_waiting(pattern: str) -> None:
    steps = run(MotionMachine(), pattern)

    reported = [seq for seq, step in enumerate(steps) if step.suppressed]
    total = sum(step.suppressed for step in steps)
    assert total == (pattern[: reported[-1] + 1].count("T") if reported else 0)
    gaps = [(b - a) / FPS for a, b in itertools.pairwise(reported)]
    assert all(gap >= 10.0 for gap in gaps)
