"""Polygons that cover what their author meant, and zones that can be judged."""

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.zones import Polygon, Zone, check_zones

SQUARE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4))
polygons: TypeAdapter[tuple[tuple[float, float], ...]] = TypeAdapter(Polygon)


def why_not(corners: object) -> str:
    with pytest.raises(ValidationError) as caught:
        polygons.validate_python(corners)
    return str(caught.value.errors()[0]["msg"])


def test_a_polygon_is_a_list_of_corners() -> None:
    assert polygons.validate_python([list(corner) for corner in SQUARE]) == SQUARE


def test_a_last_corner_like_the_first_is_left_out() -> None:
    assert polygons.validate_python((*SQUARE, SQUARE[0])) == SQUARE


def test_a_dented_polygon_is_fine() -> None:
    arrow = ((0.0, 0.0), (0.5, 0.25), (1.0, 0.0), (0.5, 1.0))
    assert polygons.validate_python(arrow) == arrow


def test_two_corners_are_no_polygon() -> None:
    assert why_not(SQUARE[:2]) == "Value error, a polygon needs at least 3 corners, each [x, y]"
    assert "at least 3 corners" in why_not("square")


def test_a_bow_tie_is_refused_and_its_sides_are_named() -> None:
    bow_tie = why_not(((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)))  # its halves cancel out
    assert "[0, 0] to [1, 1] and from [1, 0] to [0, 1] cross" in bow_tie
    crossed = why_not(((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.5)))
    assert "[0.1, 0.1] to [0.9, 0.9]" in crossed
    assert "[0.9, 0.1] to [0.1, 0.5]" in crossed


def test_a_side_that_touches_another_is_refused() -> None:
    assert "cross" in why_not(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.0, 1.0)))


def test_corners_in_one_line_are_refused() -> None:
    assert "no area" in why_not(((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)))


def test_corners_outside_of_the_picture_are_refused() -> None:
    words = why_not(((0.1, 0.1), (640, 0.1), (0.4, 0.4)))
    assert "the corner (640, 0.1) is not [x, y], both in 0..1 of the picture" in words


@pytest.mark.parametrize("corner", [0.5, (0.5,), (0.5, 0.5, 0.5), ("a", 0.5), (float("nan"), 0.5)])
def test_what_is_no_corner_is_named(corner: object) -> None:
    assert "is not [x, y]" in why_not((corner, (0.1, 0.1), (0.4, 0.4)))


def test_a_zone_without_thresholds_is_judged_with_the_rest() -> None:
    assert not Zone(polygon=SQUARE).judged_alone
    assert Zone(polygon=SQUARE, min_changed=1.0).judged_alone


def test_a_zone_of_its_own_is_full_only_at_a_hundred_percent() -> None:
    assert Zone(polygon=SQUARE, min_changed=1.0).most == 100.0
    assert Zone(polygon=SQUARE, min_changed=1.0, max_changed=60.0).most == 60.0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"mode": "ignore", "min_changed": 1.0}, "ignored zone has no thresholds"),
        ({"min_changed": 5.0, "max_changed": 4.0}, "must be above min_changed"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Zone.model_validate({"polygon": SQUARE, **fields})


def zones(**given: dict[str, object]) -> dict[str, Zone]:
    return {n: Zone.model_validate({"polygon": SQUARE, **it}) for n, it in given.items()}


@pytest.mark.parametrize("fields", [{"dwell": 5.0}, {"came_from": "street"}, {"mode": "watch"}])
def test_a_zone_may_ask_for_more_than_motion(fields: dict[str, object]) -> None:
    assert Zone.model_validate({"polygon": SQUARE, **fields}).asks_more
    assert not Zone(polygon=SQUARE).asks_more


@pytest.mark.parametrize("mode", ["ignore", "watch"])
def test_only_a_zone_that_is_looked_at_asks_for_time_or_direction(mode: str) -> None:
    for more in ({"dwell": 5.0}, {"came_from": "street"}):
        with pytest.raises(ValidationError, match=f"are for mode: look, this is {mode}"):
            Zone.model_validate({"polygon": SQUARE, "mode": mode, **more})


@pytest.mark.parametrize("dwell", [0, -1, 3601, "long"])
def test_a_dwell_that_is_none_is_refused(dwell: object) -> None:
    with pytest.raises(ValidationError):
        Zone.model_validate({"polygon": SQUARE, "dwell": dwell})


def test_zones_that_know_each_other() -> None:
    check_zones(zones(street={"mode": "watch"}, gate={"came_from": "street", "dwell": 2.0}))
    check_zones(zones(street={}, gate={"came_from": "street"}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"gate": {"came_from": "street"}}, "came_from: street is no zone that is judged"),
        (
            {"gate": {"came_from": "tree"}, "tree": {"mode": "ignore"}},
            "tree is no zone that is judged; make another zone first",
        ),
        ({"gate": {"came_from": "gate"}}, "came_from names the zone itself"),
        ({"street": {"mode": "watch"}}, "another one names as came_from"),
    ],
)
def test_zones_that_do_not_fit_together_are_refused(
    given: dict[str, dict[str, object]], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check_zones(zones(**given))
