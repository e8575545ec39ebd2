"""Profile robust on whole scenes and clips: seeds and stresses on which no constant was chosen."""

import pytest

from benchmarks import faults, nuisances
from benchmarks.detection import CLIPS, clip_cases, judge
from benchmarks.peers import Ours
from benchmarks.scenes import EMPTY, Case, cases
from schemas.settings import Place

SEED = 11
SCENES = {case.name: case for case in cases(SEED)}


NUISANCES = {case.name: case for case in nuisances.cases(SEED)}


FAULTS = {case.name: case for case in faults.cases(SEED)}
LIMITS = {case.name: case for case in faults.limits(SEED)}


def flags(case: Case, place: Place = "normal") -> list[bool]:
    detector = Ours("robust", place)
    return [detector.motion(it) for it in case.frames()]


@pytest.mark.parametrize("name", ["rain", "shake", "torn frames", "infrared switch", "leaves"])
def test_nothing_happens_in_an_empty_scene(name: str) -> None:
    assert name in EMPTY

    score = judge(SCENES[name], flags(SCENES[name]))

    assert (score.events, score.false_frames) == (0, 0)


@pytest.mark.parametrize(
    "name",
    [
        "walker slow",
        "walker far at night",
        "walker crosses fast",
        "walker comes with the lamp",
        "walker large, exposure",
        "walker, shake",
    ],
)
def test_a_visitor_is_one_event(name: str) -> None:
    score = judge(SCENES[name], flags(SCENES[name]))

    assert (score.found, score.events, score.false_frames) == (1, 1, 0)


@pytest.mark.skipif(not CLIPS.exists(), reason="shared/clips is not beside this checkout")
@pytest.mark.parametrize("stress", ["night", "shake", "cloud"])
def test_everybody_on_the_clip_is_found_and_the_empty_floor_is_quiet(stress: str) -> None:
    case = next(it for it in clip_cases() if it.name == f"clip, {stress}")

    score = judge(case, flags(case))

    assert score.found == score.wanted == 6
    assert (score.false_events, score.false_frames) == (0, 0)


@pytest.mark.parametrize("name", ["infrared rain, 6", "infrared rain, 25", "headlights"])
def test_nothing_before_an_infrared_lamp_is_an_event(name: str) -> None:
    score = judge(NUISANCES[name], flags(NUISANCES[name]))

    assert score.events == 0


def test_what_never_rests_ends_its_event_within_a_minute() -> None:
    motion = flags(NUISANCES["web"])

    # the last motion frame of the scene's 120 s lies in its first minute
    assert max(n for n, it in enumerate(motion) if it) < 60 * 3


@pytest.mark.parametrize(
    "name", ["walker among insects", "walker in headlights", "walker before a web", "approach"]
)
def test_a_visitor_among_nuisances_is_found(name: str) -> None:
    score = judge(NUISANCES[name], flags(NUISANCES[name]))

    assert score.found == 1


@pytest.mark.parametrize(
    "name",
    ["clock in the picture", "exposure jumps", "coarse JPEG at night", "pictures sent twice"],
)
def test_what_a_camera_does_to_its_pictures_is_no_event(name: str) -> None:
    score = judge(FAULTS[name], flags(FAULTS[name]))

    assert (score.events, score.false_frames) == (0, 0)


def test_a_visitor_is_found_in_pictures_that_come_twice() -> None:
    case = FAULTS["walker, pictures sent twice"]

    score = judge(case, flags(case))

    assert (score.found, score.events) == (1, 1)


@pytest.mark.parametrize(
    ("name", "least"), [("far, 16 pixels", "high"), ("far, 20 pixels", "normal")]
)
def test_a_higher_sensitivity_finds_who_is_farther_away(name: str, least: Place) -> None:
    places: tuple[Place, ...] = ("low", "normal", "high")

    found = [judge(LIMITS[name], flags(LIMITS[name], place)).found for place in places]

    assert found == [int(places.index(it) >= places.index(least)) for it in places]


def test_a_visitor_in_infrared_rain_is_found() -> None:
    case = NUISANCES["walker in infrared rain"]

    score = judge(case, flags(case))

    assert score.found == 1
