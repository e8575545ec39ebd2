"""Polygons that cover what their author meant, and zones that can be judged."""

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.zones import Polygon, Zone

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
