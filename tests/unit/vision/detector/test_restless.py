"""What never rests becomes a part of the scene; who passes does not."""

import numpy as np
import numpy.typing as npt

from agent.vision.detector.restless import Restless

Grey = npt.NDArray[np.uint8]


def changed(x: int) -> Grey:
    picture = np.zeros((120, 160), np.uint8)
    picture[40:60, x : x + 4] = 255
    return picture


def test_a_spot_that_keeps_changing_is_restless() -> None:
    restless = Restless()
    for n in range(120):
        restless.update(changed(50 + 4 * (n % 2)), motion=True)

    spots = restless.spots()

    assert spots is not None
    assert spots[50, 52] == 255
    assert spots[50, 100] == 0


def test_a_short_event_has_no_restless_spot() -> None:
    restless = Restless()
    for n in range(60):
        restless.update(changed(50 + 4 * (n % 2)), motion=True)

    assert restless.spots() is None


def test_somebody_who_walks_about_for_long_makes_no_spot_restless() -> None:
    restless = Restless()
    for n in range(300):
        restless.update(changed(4 + (4 * n) % 150), motion=True)

    assert restless.spots() is None
