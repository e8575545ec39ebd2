"""How much may be drawn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.page import Aim


def _stroke(points: int) -> dict[str, Any]:
    return {"hides": True, "width": 0.1, "points": [[0.5, 0.5]] * points}


def _comb(teeth: int) -> list[list[float]]:
    top = [[n / teeth, 0.1 + 0.5 * (n % 2)] for n in range(teeth)]
    return [*top, [1.0, 0.9], [0.0, 0.9]]


@pytest.mark.parametrize(
    ("aim", "words"),
    [
        ({"mask": [_stroke(500)] * 10 + [_stroke(1)]}, "at most 5000 points"),
        ({"privacy": [_comb(97)] * 4 + [_comb(3)]}, "at most 400 corners"),
        (
            {"privacy": [_comb(97)] * 4, "zones": {"a": {"polygon": _comb(3)}}},
            "at most 400 corners",
        ),
    ],
)
def test_more_than_a_hand_draws_is_refused(aim: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Aim.model_validate_json(json.dumps(aim))


@pytest.mark.parametrize("raw", [[], 1, {"mask": 1}, {"zones": [1]}, {"privacy": {"a": 1}}])
def test_what_is_no_aim_is_told_as_such(raw: object) -> None:
    with pytest.raises(ValidationError):
        Aim.model_validate_json(json.dumps(raw))


def test_what_a_hand_draws_is_taken_and_kept() -> None:
    aim = Aim.model_validate(
        {
            "mask": [_stroke(500)] * 10,
            "privacy": [_comb(97)] * 3,
            "zones": {"a": {"polygon": _comb(98)}},
        }
    )
    assert Aim.model_validate_json(aim.model_dump_json()) == aim
