"""Polygons over the picture: zones that are looked at or ignored, and places nobody may see."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.base import Identifier, Strict
from schemas.settings import check_limits

Coordinate = Annotated[float, Field(ge=0.0, le=1.0)]
#: x from the left, y from the top, in 0..1 of the stored picture.
Point = tuple[Coordinate, Coordinate]

#: Bounds the check of every side against every other; hands draw about ten corners.
MOST_CORNERS = 100
#: Less than this part of the picture is no polygon but a slip: 3 pixels of 640x480.
_LEAST_AREA = 1e-5


def _corners(value: object) -> object:
    """Says in one sentence what the types below would say in three."""
    if not isinstance(value, list | tuple) or len(value) < 3:
        raise ValueError("a polygon needs at least 3 corners, each [x, y]")
    for corner in value:
        if (
            not isinstance(corner, list | tuple)
            or len(corner) != 2
            or not all(isinstance(it, int | float) and 0 <= it <= 1 for it in corner)
        ):
            raise ValueError(f"the corner {corner} is not [x, y], both in 0..1 of the picture")
    return value


def _polygon(corners: tuple[Point, ...]) -> tuple[Point, ...]:
    """Refuses what would not cover what its author meant; a last corner like the first is left out.

    Other programs close their polygons so.
    """
    if corners[0] == corners[-1]:
        corners = corners[:-1]
    if _spread(corners) < _LEAST_AREA:
        raise ValueError("the corners enclose no area: they lie in one line")
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    for (first, one), (second, other) in combinations(enumerate(sides), 2):
        neighbours = second - first in {1, len(sides) - 1}
        if not neighbours and _cross(*one, *other):
            raise ValueError(
                f"the sides from {_words(one)} and from {_words(other)} cross:"
                " name the corners in the order in which a pen would draw them"
            )
    if abs(_area(corners)) < _LEAST_AREA:
        raise ValueError("the corners enclose next to no area")
    return corners


def _spread(corners: tuple[Point, ...]) -> float:
    """Area of the triangles from the first corner to each side; only in one line there is none."""
    first, *others = corners
    return sum(abs(_turn(first, a, b)) for a, b in pairwise(others)) / 2


def _words(side: tuple[Point, Point]) -> str:
    (x, y), (to_x, to_y) = side
    return f"[{x:g}, {y:g}] to [{to_x:g}, {to_y:g}]"


def _area(corners: tuple[Point, ...]) -> float:
    following = corners[1:] + corners[:1]
    return sum(x * b - a * y for (x, y), (a, b) in zip(corners, following, strict=True)) / 2


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """True when the side a-b and the side c-d have a point in common; touching counts."""
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*end) for turn, end in zip(turns, ends, strict=True))


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0: c lies on one side of the line a-b; below: on the other; 0: on it."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a: Point, b: Point, c: Point) -> bool:
    """True when c, which is on the line a-b, lies between a and b."""
    within = [min(p, q) <= r <= max(p, q) for p, q, r in zip(a, b, c, strict=True)]
    return all(within)


Polygon = Annotated[
    tuple[Point, ...],
    Field(min_length=3, max_length=MOST_CORNERS),
    BeforeValidator(_corners),
    AfterValidator(_polygon),
]


def check_zones(zones: Mapping[str, Zone]) -> None:
    """Says whether the zones that name each other make sense together.

    Raises:
        ValueError: they do not.
    """
    wanted = {zone.came_from for zone in zones.values()}
    judged = [name for name, zone in zones.items() if zone.mode != "ignore"]
    for name, zone in zones.items():
        others = ", ".join(it for it in judged if it != name)
        hint = f"the others are: {others}" if others else "make another zone first"
        if zone.came_from == name:
            raise ValueError(f"zone {name}: came_from names the zone itself")
        if zone.came_from is not None and zone.came_from not in judged:
            raise ValueError(
                f"zone {name}: came_from: {zone.came_from} is no zone that is judged; {hint}"
            )
        if zone.mode == "watch" and name not in wanted:
            raise ValueError(
                f"zone {name}: mode: watch is for a zone that another one names as came_from"
            )


class Zone(Strict):
    """`cameras.<id>.zones.<name>:`.

    A zone that is looked at may have thresholds of its own; it is then judged by itself, and its
    percentages are of its own pixels. What it does not name it takes from the camera, but for
    `max_changed`: somebody near fills a small zone, and that must not be taken for a change of
    light.
    """

    polygon: Polygon = Field(description="corners `[x, y]` in 0..1 of the stored picture")
    mode: Literal["look", "watch", "ignore"] = Field(
        "look",
        description="`ignore`: the zone is not judged. `look`, `watch`: if any zone has one of"
        " them, only such zones are judged. Motion in a `watch` zone is no event; it only says"
        " where somebody comes from",
    )
    dwell: float | None = Field(
        None, gt=0, le=3600, description="motion in it counts after this number of seconds inside"
    )
    came_from: Identifier | None = Field(
        None, description="motion in it counts only if it was in this other zone just before"
    )
    pixel_threshold: int | None = Field(
        None, ge=1, le=255, description="own grey levels; default: the camera's"
    )
    min_changed: float | None = Field(
        None, ge=0, le=100, description="own minimum, % of the zone; default: the camera's"
    )
    max_changed: float | None = Field(
        None,
        ge=0,
        le=100,
        description="own maximum, % of the zone; default: 100 if the zone has its own thresholds",
    )

    @property
    def judged_alone(self) -> bool:
        """True when the zone has a threshold of its own."""
        own = (self.pixel_threshold, self.min_changed, self.max_changed)
        return any(value is not None for value in own)

    @property
    def asks_more(self) -> bool:
        """True when motion in the zone is not enough for an event."""
        return self.mode == "watch" or self.dwell is not None or self.came_from is not None

    @model_validator(mode="after")
    def _thresholds_make_sense(self) -> Zone:
        if self.mode == "ignore" and self.judged_alone:
            raise ValueError("an ignored zone has no thresholds: nothing in it is judged")
        if self.mode != "look" and (self.dwell is not None or self.came_from is not None):
            raise ValueError(f"dwell and came_from are for mode: look, this is {self.mode}")
        if self.min_changed is not None:
            check_limits(self.min_changed, self.most)
        return self

    @property
    def most(self) -> float:
        """`max_changed` in force where the zone is judged alone, percent of the zone."""
        return 100.0 if self.max_changed is None else self.max_changed
