"""Masks out of strokes: what they look like, and what they may cost."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.imaging import strokes
from agent.imaging.strokes import painted, painted_plane
from schemas.page import Stroke

LINE = Stroke(hides=True, width=0.25, points=((0.5, 0.0), (0.5, 1.0)))


def test_the_mask_has_the_size_of_the_picture() -> None:
    png = painted([LINE], 2160, 3840)

    plane = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert plane is not None
    assert plane.shape == (2160, 3840)
    assert set(np.unique(plane)) == {0, 255}
    assert abs(float((plane == 0).mean()) - 0.25) < 0.01


@pytest.mark.parametrize("size", [(480, 640), (2160, 3840), (3840, 2160), (1, 5000)])
def test_a_brush_never_paints_in_a_large_picture(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = cv2.polylines

    def counted(plane: strokes.Plane, *args: object, **kwargs: object) -> object:
        seen.append(plane.size)
        return real(plane, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(cv2, "polylines", counted)
    assert painted_plane([LINE], *size).shape == size
    assert max(seen) <= 640 * 640
