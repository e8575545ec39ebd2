"""The self test's visitor is seen by every profile, at each rate and sensitivity, and only once."""

from __future__ import annotations

import pytest

from agent.camera.played_pictures import Room
from agent.camera.self_test_camera import moment
from agent.core.orders import VisionSettings
from agent.core.pacing import Pacer
from agent.core.self_test_stages import plan
from agent.imaging.jpeg import small_luma
from agent.vision.judge import Judge
from agent.vision.zones import View
from schemas.settings import PLACES

ROOM = Room()


@pytest.mark.parametrize("profile", ["robust", "plain", "seed"])
@pytest.mark.parametrize("rate", [0.2, 1.0, 2.0, 3.0, 7.0, 15.0])
@pytest.mark.parametrize("place", sorted(PLACES))
def test_the_visitor_is_seen_and_the_room_is_quiet(profile: str, rate: float, place: str) -> None:
    threshold, least = PLACES[place]
    settings = VisionSettings(True, threshold, least, 30.0, 10, False, 0.0)
    made = plan(settings, rate, store=True)
    judge, pacer = Judge(profile, View()), Pacer(made.analysis_fps)
    visit = made.visit
    seconds = visit.quiet + visit.walk + 4.0
    moved = []
    for number in range(round(seconds * visit.rate)):
        at = number / visit.rate
        if pacer.admit(at):
            luma = small_luma(ROOM.at(moment(visit, at)), judge.scale(640))
            assert luma is not None
            found = judge.judge(luma, number, at, made.settings, (480, 640))
            moved += [at] if found.motion else []
    assert moved
    assert visit.quiet <= moved[0]
    assert moved[-1] <= visit.quiet + visit.walk + 2 / made.analysis_fps
