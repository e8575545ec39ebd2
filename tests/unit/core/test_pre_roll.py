"""What a clip begins with."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.frame import Frame, Video
from agent.core.pre_roll import PreRoll


def frame(seq: int, at: float, size: int = 100) -> Frame:
    return Frame(bytes(size), at, seq, 1)


def fill(preroll: PreRoll, count: int, fps: float, judge_every: int = 1) -> list[Frame]:
    frames = [frame(seq, seq / fps) for seq in range(count)]
    for it in frames:
        preroll.add(it)
        if it.seq % judge_every == 0:
            preroll.judged(it)
    return frames


def test_a_clip_begins_with_the_frames_of_the_pre_roll_up_to_and_with_n() -> None:
    preroll = PreRoll(1.0)
    frames = fill(preroll, 41, fps=8, judge_every=2)

    plan = preroll.plan()

    assert plan.frames == tuple(frames[32:41])
    assert [it.seq for it in plan.triggers] == [36, 38, 40]


def test_a_slow_camera_gets_its_two_judged_frames_although_they_are_older() -> None:
    preroll = PreRoll(1.0)
    frames = fill(preroll, 20, fps=0.5)

    plan = preroll.plan()

    assert plan.frames == plan.triggers == tuple(frames[17:])


def test_all_frames_since_n_minus_2_are_there_judged_or_not() -> None:
    preroll = PreRoll(0.0)
    frames = fill(preroll, 31, fps=16, judge_every=5)

    assert preroll.plan().frames == tuple(frames[20:31])


def test_the_oldest_frames_go_when_there_is_no_room_and_the_judged_ones_stay() -> None:
    preroll = PreRoll(4.0, limit=500)
    frames = fill(preroll, 31, fps=8, judge_every=10)

    plan = preroll.plan()

    assert plan.frames == (frames[10], frames[20], *frames[26:31])
    assert preroll.dropped == 26


def test_nothing_is_dropped_while_there_is_room() -> None:
    preroll = PreRoll(1.0)

    fill(preroll, 1000, fps=8)

    assert preroll.dropped == 0


def test_a_camera_without_room_keeps_the_newest_frame_only() -> None:
    preroll = PreRoll(1.0, roomy=lambda: False)

    frames = fill(preroll, 10, fps=8)

    assert preroll.recent() == (frames[-1],)
    assert preroll.dropped == 9


def test_a_frame_larger_than_all_room_is_still_a_trigger() -> None:
    preroll = PreRoll(1.0, limit=50)
    frames = fill(preroll, 3, fps=8)

    assert preroll.plan().frames == tuple(frames)


def test_while_nothing_is_judged_only_the_time_counts() -> None:
    preroll = PreRoll(1.0)
    fill(preroll, 5, fps=8)
    preroll.forget_judged()
    for seq in range(5, 50):
        preroll.add(frame(seq, seq / 8))
        if seq >= 47:
            preroll.judged(frame(seq, seq / 8))

    assert [it.seq for it in preroll.plan().frames] == list(range(41, 50))


def test_a_forgotten_session_is_not_in_the_next_clip() -> None:
    preroll = PreRoll(10.0)
    fill(preroll, 10, fps=8)
    preroll.forget()
    for seq in range(10, 14):
        preroll.add(frame(seq, seq / 8))
        preroll.judged(frame(seq, seq / 8))

    assert [it.seq for it in preroll.plan().frames] == [10, 11, 12, 13]


def test_without_three_judged_frames_there_is_no_clip() -> None:
    preroll = PreRoll(1.0)
    preroll.add(frame(0, 0.0))
    preroll.judged(frame(0, 0.0))

    with pytest.raises(ValueError, match="three judged frames"):
        preroll.plan()


@given(
    st.lists(
        st.tuples(st.floats(0.0, 1.5), st.integers(1, 400), st.booleans()), min_size=3, max_size=60
    ),
    st.floats(0.0, 3.0),
    st.integers(0, 2000),
)
def test_whatever_comes_a_clip_is_in_order_without_doubles_and_bounded(
    arrivals: list[tuple[float, int, bool]], seconds: float, limit: int
) -> None:
    preroll = PreRoll(seconds, limit)
    at, judged = 0.0, []
    for seq, (gap, size, is_judged) in enumerate(arrivals):
        at += gap
        it = frame(seq, at, size)
        preroll.add(it)
        if is_judged:
            preroll.judged(it)
            judged.append(it)
    if len(judged) < 3:
        return

    plan = preroll.plan()

    numbers = [it.seq for it in plan.frames]
    assert numbers == sorted(set(numbers))
    assert plan.triggers == tuple(judged[-3:])
    assert set(plan.triggers) <= set(plan.frames)
    assert plan.frames[-1] == judged[-1]
    assert sum(len(it.jpeg) for it in plan.frames) <= limit + sum(
        len(it.jpeg) for it in plan.triggers
    )


# ------------------------------------------------------------------ video


def video(seq: int, at: float, *, key: bool, size: int = 100) -> Frame:
    return Frame(b"", at, seq, 1, Video(bytes(size), "h264", key))


@given(
    st.integers(1, 60),
    st.integers(20, 120),
    st.sets(st.integers(0, 119), max_size=4),
    st.floats(0, 3),
    st.integers(800, 20_000),
)
def test_a_clip_of_video_can_be_decoded_from_its_first_picture_on(
    every: int, count: int, lost: set[int], seconds: float, limit: int
) -> None:
    """Whatever the distance of key pictures, whatever was lost on the way, however little room."""
    preroll = PreRoll(seconds, limit=limit)
    taken = []
    for seq in range(count):
        it = video(seq, seq / 10, key=seq % every == 0)
        if seq not in lost and preroll.add(it):
            taken.append(seq)
            preroll.judged(it)
    if len(taken) < 3:
        return
    frames = preroll.plan().frames
    if frames:
        assert frames[0].video is not None
        assert frames[0].video.key
    for before, later in pairwise(frames):
        assert later.video is not None
        assert later.video.key or later.seq == before.seq + 1
    if not lost and limit >= 100 * count:
        assert frames[0].at <= max(0.0, frames[-1].at - seconds)


def test_no_more_is_kept_of_video_than_a_clip_would_begin_with() -> None:
    preroll = PreRoll(1.0)
    for seq in range(100):
        preroll.add(video(seq, seq / 10, key=seq % 5 == 0))
    kept = [it.seq for it in preroll.recent()]
    assert kept == list(range(85, 100))
    assert preroll.dropped == 0
