"""The self test's camera: a visit in its order, as JPEGs and as H.264."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agent.camera.interruptible_wait import Patience
from agent.camera.played_pictures import Room
from agent.camera.self_test_camera import drawn_opener, moment
from agent.camera.session import Picture
from agent.core.self_test_stages import Visit
from agent.imaging.jpeg import dimensions
from agent.runtime.worker import Worker
from tests.support.clock import FakeClock

VISIT = Visit(rate=5.0, quiet=2.0, walk=4.0)


def pictures(count: int, *, video: bool) -> list[Picture]:
    clock = FakeClock()
    worker = Worker("drawn", lambda _: None, clock, lambda *_: None)
    session = drawn_opener(VISIT, video=video)(Patience(worker, clock))
    found = [it for _ in range(count) if (it := session.read()) is not None]
    session.close()
    assert session.damaged == 0
    return found


@pytest.mark.parametrize(
    ("second", "seen"),
    [(0.0, 0.0), (1.9, 1.9), (2.0, 3.0), (4.0, 5.5), (6.0, 8.0), (7.0, 9.0), (9.0, 9.0)],
)
def test_the_visitor_comes_once_and_then_it_is_quiet(second: float, seen: float) -> None:
    assert moment(VISIT, second) == pytest.approx(seen)


@pytest.mark.parametrize("quiet", [0.5, 3.0, 7.0])
def test_nobody_is_there_before_and_after(quiet: float) -> None:
    visit = Visit(5.0, quiet, 4.0)
    for tenth in range(300):
        second = tenth / 10
        there = Room.ENTERS <= moment(visit, second) < Room.LEAVES
        assert there == (quiet <= second < quiet + 4.0)


def test_jpegs_come_at_their_rate() -> None:
    found = pictures(10, video=False)
    steps = [later.at - earlier.at for earlier, later in pairwise(found)]
    assert steps == pytest.approx([0.2] * 9)
    assert {dimensions(it.jpeg) for it in found} == {(480, 640)}


def test_video_comes_coded_with_its_planes_and_begins_with_a_key_picture() -> None:
    found = pictures(25, video=True)
    assert len(found) == 25
    videos = [it.video for it in found if it.video is not None]
    assert [it.key for it in videos[:2]] == [True, False]
    assert sum(it.key for it in videos) >= 2
    assert all(it.sets for it in videos)
    assert {it.decoded.size for it in found if it.decoded is not None} == {(480, 640)}
