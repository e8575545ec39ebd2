"""Suggestions after a replay: a zone to ignore, a higher minimum. Made to be judged by people.

A suggestion never knows who was a visitor: it names the events that it would hide, so that
somebody can look at their pictures before taking it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from agent.imaging.heatmap import COLUMNS, ROWS
from agent.tuning.replay import Event, Replay
from schemas.zones import Point

Cells = npt.NDArray[np.bool_]

#: Twice may be chance.
_OFTEN = 3
#: Part of the picture: a visitor who crosses it touches more, a plant or a flag less.
_SMALL = 0.12
#: The part of an event that must lie within a spot, so that the event counts as there.
_INSIDE = 0.8
#: The peaks of the others must be this many times those of weak events, else the two do not differ.
_APART = 3.0
#: Weak events are near the minimum: at most this many times as much.
_WEAK = 6.0
#: A hull of cells is simplified by this many cells; nobody wants to paste forty corners.
_SIMPLER = 0.7


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What could be put into the configuration.

    Attributes:
        title, reason: for people.
        yaml: to be pasted below the camera's id.
        hides: indices of the events that would no longer be.
        polygon: the spot, in 0..1; empty for thresholds.
    """

    title: str
    reason: str
    yaml: str
    hides: tuple[int, ...]
    polygon: tuple[Point, ...] = field(default=())


def suggestions(result: Replay) -> list[Suggestion]:
    """What the events of one replay suggest, the most useful first; often nothing."""
    found = [it for it in (spot(result.events), _minimum(result)) if it is not None]
    return sorted(found, key=lambda it: -len(it.hides))


def spot(events: Sequence[Event]) -> Suggestion | None:
    """The place where most small events stay within."""
    small = {
        index: event.touched
        for index, event in enumerate(events)
        if event.touched is not None and 0 < event.touched.mean() <= _SMALL
    }
    best: tuple[int, ...] = ()
    for touched in small.values():
        place = _grown(touched)
        there = tuple(index for index, other in small.items() if _is_inside(other, place))
        best = max(best, there, key=len)
    if len(best) < _OFTEN:
        return None
    place = _grown(np.logical_or.reduce([small[index] for index in best]))
    polygon = _hull(place)
    corners = ", ".join(f"[{x:g}, {y:g}]" for x, y in polygon)
    return Suggestion(
        title="Ignore the spot that moves by itself",
        reason=f"{len(best)} of {len(events)} events stayed within {place.mean() * 100:.0f} % of"
        " the picture, always the same. If none of them was a visitor, leave the spot out.",
        yaml=f"zones:\n  restless_spot:\n    mode: ignore\n    polygon: [{corners}]\n",
        hides=best,
        polygon=polygon,
    )


def _minimum(result: Replay) -> Suggestion | None:
    """A minimum in the gap between weak events and all others."""
    peaks = sorted((event.peak.score, index) for index, event in enumerate(result.events))
    gaps = [
        (after[0] / before[0], n)
        for n, (before, after) in enumerate(pairwise(peaks), start=1)
        if before[0] > 0
    ]
    ratio, weak = max(gaps, default=(0.0, 0))
    if ratio < _APART or weak < _OFTEN:
        return None
    strongest_weak, weakest_other = peaks[weak - 1][0], peaks[weak][0]
    event = result.events[peaks[weak - 1][1]]
    if event.peak.zone is not None or strongest_weak > _WEAK * event.peak.min_changed:
        return None
    between = float(f"{math.sqrt(strongest_weak * weakest_other):.2g}")
    return Suggestion(
        title="Raise the minimum",
        reason=f"{weak} of {len(peaks)} events never changed more than {strongest_weak:.3g} %,"
        f" all others at least {weakest_other:.3g} %. If the weak ones were no visitors, this"
        " minimum tells them apart.",
        yaml=f"detection:\n  min_changed: {between:g}\n",
        hides=tuple(sorted(index for _, index in peaks[:weak])),
    )


def _is_inside(touched: Cells, place: Cells) -> bool:
    return float((touched & place).sum()) >= _INSIDE * float(touched.sum())


def _grown(touched: Cells) -> Cells:
    """With the cells around: what moves there will not stop at exactly this line."""
    grown = cv2.dilate(touched.astype(np.uint8), np.ones((3, 3), np.uint8))
    cells: Cells = np.asarray(grown) > 0
    return cells


def _hull(place: Cells) -> tuple[Point, ...]:
    """The convex polygon around the cells, in 0..1, with few corners."""
    rows, columns = np.nonzero(place)
    edges = [(columns + a, rows + b) for a in (0, 1) for b in (0, 1)]
    points = np.concatenate([np.stack(edge, axis=1) for edge in edges]).astype(np.int32)
    hull = cv2.approxPolyDP(cv2.convexHull(points), _SIMPLER, closed=True).reshape(-1, 2)
    return tuple((round(float(x) / COLUMNS, 3), round(float(y) / ROWS, 3)) for x, y in hull)
