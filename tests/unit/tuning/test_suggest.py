"""Suggestions: they find what recurs, and keep still otherwise."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import yaml

from agent.core.messages import Detection, Reason
from agent.imaging.heatmap import COLUMNS, ROWS
from agent.tuning.replay import Event, Replay
from agent.tuning.suggest import suggestions
from schemas.camera_config import CameraConfig

Cells = npt.NDArray[np.bool_]


def spot(row: int, column: int, size: int = 4) -> Cells:
    cells = np.zeros((ROWS, COLUMNS), np.bool_)
    cells[row : row + size, column : column + size] = True
    return cells


def event(at: float, score: float, touched: Cells, zone: str | None = None) -> Event:
    peak = Detection(
        1, at, motion=True, reason=Reason.MOTION, score=score, min_changed=0.0814, zone=zone
    )
    return Event(at, at + 3, peak, touched=touched)


def result(events: Sequence[Event]) -> Replay:
    return Replay("clip", CameraConfig(source="x"), events=list(events))


PATH = spot(20, 0, 40) | spot(20, 30, 25)


def test_a_spot_that_moves_by_itself_is_a_zone_to_ignore() -> None:
    events = [event(n * 10, 0.5, spot(5 + n % 2, 50)) for n in range(4)]
    (found,) = suggestions(result([*events, event(50, 2.0, PATH)]))
    assert found.hides == (0, 1, 2, 3)
    camera = CameraConfig.model_validate({"source": "x", **yaml.safe_load(found.yaml)})
    zone = camera.zones["restless_spot"]
    assert zone.mode == "ignore"
    assert zone.polygon == found.polygon
    left, right = (min(x for x, _ in zone.polygon), max(x for x, _ in zone.polygon))
    assert left <= 50 / COLUMNS
    assert 54 / COLUMNS <= right <= 57 / COLUMNS


def test_two_times_may_be_chance() -> None:
    assert suggestions(result([event(n, 0.5, spot(5, 50)) for n in range(2)])) == []


def test_a_way_that_visitors_take_is_no_spot() -> None:
    assert suggestions(result([event(n, 2.0, PATH) for n in range(6)])) == []


def test_small_events_at_different_places_are_no_spot() -> None:
    places = [(5, 5), (30, 40), (5, 50), (40, 10)]
    assert suggestions(result([event(n, 0.5, spot(*it)) for n, it in enumerate(places)])) == []


def test_weak_events_far_below_all_others_suggest_a_minimum_between() -> None:
    weak = [event(n, 0.1 + n / 100, PATH) for n in range(4)]
    strong = [event(10 + n, 4.0 + n, PATH) for n in range(3)]
    (found,) = suggestions(result([*strong, *weak]))
    assert found.hides == (3, 4, 5, 6)
    camera = CameraConfig.model_validate({"source": "x", **yaml.safe_load(found.yaml)})
    assert 0.13 < camera.detection.min_changed < 4.0


def test_scores_without_a_gap_suggest_nothing() -> None:
    assert suggestions(result([event(n, 0.1 * 1.8**n, PATH) for n in range(8)])) == []


def test_scores_of_a_zone_say_nothing_about_the_cameras_minimum() -> None:
    weak = [event(n, 0.1, PATH, zone="door") for n in range(4)]
    assert suggestions(result([*weak, event(9, 5.0, PATH)])) == []


def test_without_events_there_is_nothing_to_suggest() -> None:
    assert suggestions(result([])) == []
