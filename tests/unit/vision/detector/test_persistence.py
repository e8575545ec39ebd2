"""From single frames to motion."""

import pytest

from agent.vision.detector.persistence import Evidence, Persistence

NONE, WEAK, HINT, HERE, STRONG = Evidence


def motions(*evidence: Evidence) -> list[bool]:
    persistence = Persistence()
    return [persistence.update(it) for it in evidence]


@pytest.mark.parametrize(
    ("evidence", "motion"),
    [
        ((HINT,), False),
        ((STRONG,), True),
        ((HINT, HINT, HINT), False),
        ((WEAK, WEAK, WEAK), False),
        ((STRONG, WEAK), True),
        ((STRONG, HINT), False),
        ((STRONG, NONE, NONE, NONE, WEAK), True),
        ((STRONG, NONE, NONE, NONE, HERE), True),
        ((HERE,), False),
        ((STRONG, *[NONE] * 12, WEAK), False),
        ((STRONG, *[NONE] * 12, HERE), False),
    ],
)
def test_the_last_frame_is_motion_or_not(evidence: tuple[Evidence, ...], motion: bool) -> None:  # noqa: FBT001
    assert motions(*evidence)[-1] is motion


def test_something_weak_does_not_go_on_for_ever() -> None:
    result = motions(STRONG, *[WEAK] * 200)

    assert all(result[:80])
    assert not any(result[100:])


def test_it_runs_for_ten_frames_after_the_last_motion() -> None:
    persistence = Persistence()
    persistence.update(STRONG)

    running = []
    for _ in range(12):
        persistence.update(NONE)
        running.append(persistence.running)

    assert running == [True] * 9 + [False] * 3


def test_after_forgetting_nothing_before_confirms() -> None:
    persistence = Persistence()
    persistence.update(STRONG)
    persistence.forget()

    assert not persistence.running
    assert not persistence.update(HERE)
