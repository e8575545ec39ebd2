"""What was drawn on the page, over a configuration that may have changed since."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agent.config.loader import Loaded
from agent.core.errors import ConfigError
from agent.imaging.strokes import painted
from agent.page.bridge import PaintedMask
from agent.service.aiming import NAME, Aiming, Applied, scenes
from agent.vision.zones import view_of
from schemas.config import Config
from schemas.page import Aim

UTC_NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CORNER = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]
LEFT = [[0.0, 0.3], [0.4, 0.3], [0.4, 0.9], [0.0, 0.9]]
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
STROKE = {"hides": True, "width": 0.2, "points": [[0.9, 0.1], [0.9, 0.9]]}
DRAWN: dict[str, Any] = {"privacy": [CORNER], "zones": {"left": {"polygon": LEFT}}}


def loaded(**camera: Any) -> Loaded:  # noqa: ANN401
    config = Config.model_validate(
        {"mqtt": {"host": "localhost"}, "cameras": {"yard": {"source": "demo:", **camera}}}
    )
    return Loaded(config, None, {})


def drawn(folder: Path, aim: dict[str, Any], size: tuple[int, int] = (240, 320)) -> Aiming:
    it = Aim.model_validate(aim)
    mask = PaintedMask(painted(it.mask, *size), *size) if it.mask else None
    aiming = Aiming(folder).with_aim("yard", it, mask, UTC_NOW)
    aiming.keep()
    return Aiming(folder)


def in_force(applied: Applied) -> Any:  # noqa: ANN401
    """The camera; vision takes it, and the page shows what is in force."""
    camera = applied.loaded.config.cameras["yard"]
    view_of("yard", camera)
    scene = scenes(applied, applied.loaded.config, (), {}, UTC_NOW)["yard"]
    if scene.aim is not None:
        assert scene.aim.aim.privacy == camera.privacy
        assert scene.aim.aim.zones == camera.zones
    return camera


def black_mask(path: Path) -> Path:
    """Looks at the right half only."""
    plane = np.zeros((240, 320), np.uint8)
    plane[:, 160:] = 255
    cv2.imwrite(str(path), plane)
    return path


def test_what_was_drawn_is_in_force(tmp_path: Path) -> None:
    applied = drawn(tmp_path, {**DRAWN, "mask": [STROKE]}).applied(loaded())
    camera = in_force(applied)
    assert (len(camera.privacy), list(camera.zones)) == (1, ["left"])
    assert camera.mask.parent == tmp_path
    assert not applied.troubles


@pytest.mark.parametrize("harm", ["gone", "truncated", "none", "black", "folder"])
def test_a_painted_mask_that_is_spoilt_stops_nothing_and_opens_nothing(
    tmp_path: Path, harm: str
) -> None:
    drawn(tmp_path, {**DRAWN, "mask": [STROKE]})
    (mask,) = tmp_path.glob("aim-*.png")
    if harm == "truncated":
        mask.write_bytes(mask.read_bytes()[:-20])
    elif harm == "none":
        mask.write_bytes(b"")
    elif harm == "black":
        cv2.imwrite(str(mask), np.zeros((240, 320), np.uint8))
    else:
        mask.unlink()
        if harm == "folder":
            mask.mkdir()

    applied = Aiming(tmp_path).applied(loaded())
    camera = in_force(applied)
    assert (len(camera.privacy), list(camera.zones), camera.mask) == (1, ["left"], None)
    assert "mask" in applied.troubles["yard"]


def test_a_later_mask_of_the_file_may_cover_a_drawn_zone(tmp_path: Path) -> None:
    drawn(tmp_path, DRAWN)
    mask = black_mask(tmp_path / "right.png")

    applied = Aiming(tmp_path).applied(loaded(mask=str(mask)))
    camera = in_force(applied)
    assert (len(camera.privacy), camera.zones, camera.mask) == (1, {}, mask)
    assert "left" in applied.troubles["yard"]


def test_zones_of_the_file_that_drawn_privacy_covers_are_left_out(tmp_path: Path) -> None:
    drawn(tmp_path, {"privacy": [LEFT], "mask": [STROKE]})
    next(tmp_path.glob("aim-*.png")).unlink()
    mask = black_mask(tmp_path / "right.png")
    right = [[0.6, 0.3], [0.9, 0.3], [0.9, 0.6]]
    for keys in ({"zones": {"a": {"polygon": right}}}, {"mask": str(mask)}):
        camera = in_force(Aiming(tmp_path).applied(loaded(**keys)))
        assert len(camera.privacy) == 1


def test_original_recordings_give_way_to_privacy(tmp_path: Path) -> None:
    drawn(tmp_path, DRAWN)
    applied = Aiming(tmp_path).applied(loaded(recording={"format": "original"}))
    camera = in_force(applied)
    assert (len(camera.privacy), camera.recording.format) == (1, "h264")
    assert "original" in applied.troubles["yard"]


def test_where_nothing_can_be_shown_the_camera_is_off(tmp_path: Path) -> None:
    drawn(tmp_path, {"privacy": [WHOLE]})
    applied = Aiming(tmp_path).applied(loaded())
    assert not in_force(applied).enabled
    assert "camera is off" in applied.troubles["yard"]


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"cameras": 1}', "\xff"])
def test_a_file_that_cannot_be_read_is_a_problem_until_it_is_drawn_again(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / NAME).write_bytes(text.encode("latin-1"))
    aiming = Aiming(tmp_path)
    given = loaded()
    applied = aiming.applied(given)
    assert applied.loaded is given
    assert "unreadable" in applied.troubles["yard"]

    other = aiming.with_aim("porch", None, None, UTC_NOW)
    other.keep()
    assert "unreadable" in Aiming(tmp_path).applied(given).troubles["yard"]
    mended = other.with_aim("yard", None, None, UTC_NOW)
    mended.keep()
    assert not Aiming(tmp_path).applied(given).troubles


def test_privacy_survives_what_else_of_an_aim_cannot_be_read(tmp_path: Path) -> None:
    drawn(tmp_path, DRAWN)
    tree = json.loads((tmp_path / NAME).read_text())
    tree["cameras"]["yard"]["aim"]["zones"]["left"]["polygon"] = "x"
    tree["cameras"]["porch"] = 7
    (tmp_path / NAME).write_text(json.dumps(tree))

    applied = Aiming(tmp_path).applied(loaded())
    assert len(in_force(applied).privacy) == 1
    assert "unreadable" in applied.troubles["yard"]


def test_the_same_strokes_in_another_size_are_another_mask(tmp_path: Path) -> None:
    one = drawn(tmp_path, {"mask": [STROKE]}).applied(loaded()).loaded.config.cameras["yard"]
    other = drawn(tmp_path, {"mask": [STROKE]}, (480, 640)).applied(loaded())
    camera = other.loaded.config.cameras["yard"]
    assert one != camera
    mask = view_of("yard", camera).mask
    assert mask is not None
    assert mask.grey.shape == (480, 640)


def test_strokes_without_a_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no picture yet"):
        Aiming(tmp_path).with_aim("yard", Aim.model_validate({"mask": [STROKE]}), None, UTC_NOW)


def test_only_needed_masks_stay(tmp_path: Path) -> None:
    aiming = drawn(tmp_path, {"mask": [STROKE]})
    assert len(list(tmp_path.glob("aim-*.png"))) == 1
    aiming.tidy()
    assert len(list(tmp_path.glob("aim-*.png"))) == 1
    aiming.with_aim("yard", None, None, UTC_NOW).tidy()
    assert not list(tmp_path.glob("aim-*.png"))
