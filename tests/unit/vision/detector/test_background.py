"""What each place has shown before."""

import numpy as np
import numpy.typing as npt

from agent.vision.detector.background import Familiar
from agent.vision.detector.cells import Cells, cells_of
from agent.vision.detector.illumination import SAME, Light

Grey = npt.NDArray[np.uint8]


def wall(level: int = 100) -> Grey:
    return np.full((60, 80), level, np.uint8)


def with_spot(level: int, column: int = 40) -> Cells:
    plane = wall()
    plane[30:34, column : column + 4] = level
    return cells_of(plane)


def knowing(*frames: Cells) -> Familiar:
    familiar = Familiar()
    familiar.start(frames[0])
    for frame in frames[1:]:
        familiar.learn(frame, SAME, freely=True)
    return familiar


def test_what_a_place_has_not_shown_is_new_by_how_far_it_is_out() -> None:
    familiar = knowing(cells_of(wall()))

    dark, light = familiar.novelty(with_spot(40).grey), familiar.novelty(with_spot(130).grey)

    assert (dark[32, 42], light[32, 42], dark[0, 0]) == (60, 30, 0)


def test_what_was_learnt_is_not_new_nor_is_it_beside_its_place() -> None:
    familiar = knowing(cells_of(wall()), with_spot(40))

    assert not familiar.novelty(with_spot(41).grey).any()
    assert not familiar.novelty(with_spot(41, column=41).grey).any()
    assert familiar.novelty(with_spot(41, column=46).grey).any()


def test_it_forgets_one_level_with_each_frame() -> None:
    familiar = knowing(cells_of(wall()), with_spot(40), *[cells_of(wall())] * 30)

    assert 29 <= familiar.novelty(with_spot(40).grey)[32, 42] <= 31


def test_while_a_visitor_is_there_it_learns_slowly() -> None:
    familiar = knowing(cells_of(wall()))
    for _ in range(10):
        familiar.learn(with_spot(40), SAME, freely=False)

    assert familiar.novelty(with_spot(40).grey)[32, 42] == 50


def test_it_follows_the_light() -> None:
    familiar = knowing(cells_of(wall()))

    familiar.follow(Light(0.5, 10))

    assert not familiar.novelty(wall(60)).any()
    assert familiar.novelty(wall(100)).all()


def test_a_frame_of_older_light_is_learnt_as_it_would_look_now() -> None:
    familiar = knowing(cells_of(wall(60)))

    familiar.learn(cells_of(wall(100)), Light(0.5, 10), freely=True)

    assert familiar.novelty(wall(70)).all()
