"""Whether blobs of different frames are the same thing, or met by chance."""

import numpy as np

from agent.vision.detector.cells import Blob
from agent.vision.detector.tracks import CONVINCES, Seen, Sighting, Tracks

SIZE = (120, 160)


def seen(x: int, y: int, w: int = 8, h: int = 24, calm: float = 0.01) -> Seen:
    return Seen(Blob(w * h, w * h, 40.0, (x, y, w, h)), hint=True, new=True, calm=calm)


def follow(tracks: Tracks, *frames: list[Seen]) -> list[list[Sighting]]:
    return [tracks.update(it, SIZE, crowd=10_000) for it in frames]


def test_a_walker_convinces_in_his_second_frame() -> None:
    first, second = follow(Tracks(), [seen(20, 60)], [seen(26, 60)])

    assert first[0].chance > CONVINCES
    assert second[0].confirmed
    assert second[0].chance < CONVINCES


def test_two_things_far_from_each_other_confirm_nothing() -> None:
    _, second = follow(Tracks(), [seen(5, 5)], [seen(140, 90)])

    assert not second[0].confirmed


def test_rain_convinces_in_no_frame() -> None:
    rng = np.random.default_rng(3)
    drops = [
        [seen(int(rng.integers(0, 155)), int(rng.integers(0, 105)), 3, 15) for _ in range(7)]
        for _ in range(120)
    ]

    sightings = [it for frame in follow(Tracks(), *drops) for it in frame]

    assert all(it.chance >= CONVINCES for it in sightings)


def test_what_may_fly_must_be_followed_for_longer() -> None:
    frames = [[seen(20 + 6 * n, 60, calm=0.5)] for n in range(6)]

    chances = [it[0].chance for it in follow(Tracks(), *frames)]

    assert chances[1] > CONVINCES > chances[-1]


def test_clutter_is_what_came_and_went() -> None:
    tracks = Tracks()
    for n in range(20):
        follow(tracks, [seen(17 * (n % 8), 13 * (n % 7))], [], [])

    assert tracks.clutter.rate(8 * 24) > 0.1
    assert tracks.clutter.rate(8 * 24 * 20) == 0
