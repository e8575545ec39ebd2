"""The anchor in the state folder: what cannot be read costs no more than that."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.core.anchors import DayAnchor, Head
from agent.storage.store.anchor_keeper import AnchorKeeper
from tests.support.clock import SetClock
from tests.support.recordings import STARTED

DAY = DayAnchor("2026-11-22", Head(1, "a" * 64))
CAMERAS = ("drive", "yard")


def keeper(place: Path) -> AnchorKeeper:
    return AnchorKeeper(place, "me", SetClock(STARTED), None)


def changes(**said: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"days": [], "gone": [], "breaks": [], "known": [], **said}


def made(place: Path, what: str = "is gone") -> None:
    kept = keeper(place)
    kept.opened("uuid")
    days = [[camera, DAY.wire()] for camera in CAMERAS]
    breaks = [[camera, DAY.day, what] for camera in CAMERAS]
    kept.take(changes(days=days, breaks=breaks, known=list(CAMERAS)))


def test_a_break_is_read_again_whatever_its_words(tmp_path: Path) -> None:
    made(tmp_path, "event EVIL\u202e\n\x1b[2J" + "x" * 1000)
    again = keeper(tmp_path)
    assert again.wire()["known"] == list(CAMERAS)
    assert [anchor.broken for anchor in again.settled()] == [1, 1]
    assert "event EVIL" in again.settled()[0].breaks[0].what
    assert not (tmp_path / "anchor.json.damaged").exists()


def test_an_order_with_a_strange_event_costs_no_anchor(tmp_path: Path) -> None:
    made(tmp_path)
    kept = keeper(tmp_path)
    kept.begin("yard", "\n" * 1000)
    again = keeper(tmp_path)
    assert again.wire()["known"] == list(CAMERAS)
    assert again.wire()["writing"] == {"yard": ""}


@pytest.mark.parametrize(
    ("place", "value", "known", "breaks"),
    [
        ("breaks", [{"ts": "x"}], ["drive", "yard"], 1),
        ("breaks", "none", ["yard"], 1),
        ("days", [{}], ["yard"], 1),
    ],
)
def test_what_cannot_be_read_costs_no_more_than_that(
    tmp_path: Path, place: str, value: object, known: list[str], breaks: int
) -> None:
    made(tmp_path)
    file = tmp_path / "anchor.json"
    said = json.loads(file.read_bytes())
    said["cameras"][0][place] = value
    file.write_text(json.dumps(said))
    damaged = file.read_bytes()
    kept = keeper(tmp_path)
    assert kept.wire()["known"] == known
    assert sum(len(anchor.breaks) for anchor in kept.settled()) == breaks
    assert (tmp_path / "anchor.json.damaged").read_bytes() == damaged


@pytest.mark.parametrize("content", [b"[" * 200_000, b"{}", b'{"v":1,"cameras":{}}', None])
def test_what_is_no_anchor_is_put_aside(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "anchor.json"
    os.mkfifo(file) if content is None else file.write_bytes(content)
    assert keeper(tmp_path).wire()["known"] == []
    assert not file.exists()
    assert (tmp_path / "anchor.json.damaged").exists()
