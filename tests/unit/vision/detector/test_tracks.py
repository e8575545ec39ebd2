"""Whether blobs of different frames are the same thing, or met by chance."""

import numpy as np

from agent.vision.detector.cells import Blob
from agent.vision.detector.tracks import CONVINCES, Seen, Sighting, Tracks

SIZE = (120, 160)


def seen(x: int, y: int, w: int = 8, h: int = 24, calm: float = 0.01) -> Seen:
    return Seen(Blob(w * h, w * h, 40.0, (x, y, w, h)), hint=True, new=True, calm=calm)


def follow(tracks: Tracks, *frames: list[Seen]) -> list[list[Sighting]]:
    return [tracks.update(it, SIZE, crowd=10_000) for it in frames]


def calm() -> Tracks:
    """Of a scene in which nothing came for some seconds."""
    tracks = Tracks()
    follow(tracks, *([[]] * 20))
    return tracks


def test_a_walker_convinces_in_his_second_frame() -> None:
    first, second = follow(calm(), [seen(20, 60)], [seen(26, 60)])

    assert first[0].chance > CONVINCES
    assert second[0].confirmed
    assert second[0].chance < CONVINCES


def test_while_nothing_is_known_of_the_scene_one_of_many_needs_a_third_frame() -> None:
    others = [seen(90, 10, 2, 8), seen(120, 90, 2, 8)]
    walk = [[seen(20 + 6 * n, 60), *others] for n in range(3)]

    new = [it[0].chance for it in follow(Tracks(), *walk)]
    known = [it[0].chance for it in follow(calm(), *walk)]

    assert new[1] > CONVINCES > new[2]
    assert known[1] < CONVINCES


def test_a_visitor_who_follows_a_long_track_of_drops_convinces_by_his_own_steps() -> None:
    tracks, rng = Tracks(), np.random.default_rng(3)

    def drops() -> list[Seen]:
        xs, ys = rng.integers(0, 155, 7), rng.integers(0, 105, 7)
        return [seen(int(x), int(y), 3, 15) for x, y in zip(xs, ys, strict=True)]

    follow(tracks, *(drops() for _ in range(120)))

    walk = [[seen(10 + 5 * n, 40, 14, 50), *drops()] for n in range(8)]

    chances = [it[0].chance for it in follow(tracks, *walk)]

    assert chances[0] > CONVINCES > chances[-1]


def test_what_comes_and_goes_away_from_a_visitor_is_clutter_also_while_he_is_there() -> None:
    near, far = Tracks(), Tracks()
    for tracks, x in ((near, 20), (far, 120)):
        for _ in range(10):
            for blobs in ([seen(x, 60)], [], []):
                tracks.update(blobs, SIZE, crowd=10_000, place=(10, 50, 40, 90))

    assert near.clutter.rate(8 * 24) == 0
    assert far.clutter.rate(8 * 24) > 0.1


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


def test_rain_for_minutes_stays_clutter() -> None:
    """Some drop is always near to one of the frame before: such tracks never end."""
    tracks, rng = Tracks(), np.random.default_rng(3)
    known = longest = 0
    for _ in range(1500):
        places = zip(rng.integers(0, 155, 20), rng.integers(0, 105, 20), strict=True)
        drops = [seen(int(x), int(y), 3, 15) for x, y in places]
        now = tracks.update(drops, SIZE, crowd=10_000)
        known += sum(it.known for it in now)
        longest = max(longest, *(it.seen for it in now))

    assert longest > 1000
    assert known < 15  # of 30,000
    assert tracks.clutter.rate(3 * 15) > 10


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
